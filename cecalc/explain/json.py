"""An explanation as one JSON object: the steps of each row as arrays, then both summaries."""

from __future__ import annotations

from typing import Any

from cecalc.explain.steps import Explanation, RowSteps
from cecalc.items import Header, Report
from cecalc.output import columns, figures, json
from cecalc.request import Screen


def render(explanation: Explanation, _screen: Screen) -> str:
    """The object."""
    header = explanation.header
    after = {
        "classes": header.labels,
        "ce": _figures(explanation.ce),
        "bce": _figures(explanation.bce),
        "rows_without_ce": explanation.without_ce,
    }
    rows = [_row(header, row) for row in explanation.rows]
    return json.document(json.listed("rows", rows), *json.each(after))


def _figures(report: Report | None) -> dict[str, figures.Value] | None:
    return None if report is None else dict(figures.members(report))


def _row(header: Header, row: RowSteps) -> str:
    identity = [json.members(column, row.outcome)[0] for column in columns.identity(header)]
    return f"{{{', '.join([*identity, *json.each(_steps(header, row))])}}}"


def _steps(header: Header, row: RowSteps) -> dict[str, Any]:
    if row.bce is None:
        return {"status": columns.IGNORED}
    given, difference = {"logits": row.bce.logits, "target": row.bce.target}, row.bce_of_difference
    ce = {"ce": row.ce and row.ce.members}
    if header.width == 1:
        ce = {"ce_of_pair": row.ce and vars(row.ce)}
    of_difference = {"bce_of_difference": difference.members} if difference else {}
    return {**given, **ce, "bce": row.bce.members, **of_difference}
