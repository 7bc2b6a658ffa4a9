"""Why a number differs: recipes that could have made it, from sums over the rows.

How losses are computed, rightly or not: `loss_variants`. What is known of a loop, and what its rows
add up to: `sums`, together a `tally`. What a `recipe` is, words and number: tables of them in
`recipes_ce`, `recipes_bce` and, for both, `recipes_any`; `recipes` has the factors that go with
each, and makes all numbers. `verdict` compares them with the one asked about, `vector` with a list
of them, `report` tells it, `catalogue` holds the confusions. A new mistake is an entry of a table;
one whose sum is not there yet adds it in `tally`.
"""

from __future__ import annotations

from cecalc.output import Format

TABLE = Format("table", "cecalc.mistakes.report:render", is_of_one=True)
JSON = Format("json", "cecalc.mistakes.report:render_json", is_of_one=True)
HTML = Format("html", "cecalc.mistakes.report:render_page", is_whole=True, is_of_one=True)
FORMATS = {form.name: form for form in (TABLE, JSON, HTML)}
