"""Why a number differs: recipes that could have made it, from sums over the rows.

What people do: `mistakes` and `misread` in words, `deep` several at once. How losses are computed,
rightly or not: `scores`, `forms`. What is known and therefore summed: `plan`; of which `rows`, at
what `costs`, added by `summing` into `sums` and a `tally`. From sums to numbers: `of_classes`,
`of_cells`, `trained`, as what is `measured`; `recipes` lists them all. `verdict` compares them with
the number that was asked about, and `said` is what else can be said of it.
"""

from __future__ import annotations

from cecalc.output import Format, Renderer


def _table() -> Renderer:
    from cecalc.why import report

    return report.render


def _json() -> Renderer:
    from cecalc.why import report

    return report.render_json


FORMATS = {form.name: form for form in (Format("table", _table), Format("json", _json))}
