"""Why a number differs: recipes that could have made it, from sums over the rows.

How losses are computed, rightly or not: `loss_variants`. What is known of a loop: `plan`. What rows
add up to: `sums`, together a `tally`. What a `recipe` is, words and number: tables of them in
`recipes_ce`, `recipes_bce` and, for both, `recipes_any`, and of `factors` that go with each;
`recipes` makes all numbers. `verdict` compares them with the one asked about, `report` tells it,
`catalogue` holds the confusions. A new mistake is an entry of a table; one whose sum is not there
yet adds it in `tally`.
"""

from __future__ import annotations

from cecalc.output import SingleFormat

TABLE = SingleFormat("table", "cecalc.why.report:render")
JSON = SingleFormat("json", "cecalc.why.report:render_json")
FORMATS = {form.name: form for form in (TABLE, JSON)}
