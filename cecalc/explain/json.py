"""An explanation as one JSON object: the steps of each row as arrays, then both summaries."""

from __future__ import annotations

from typing import Any

from cecalc.explain.steps import Explanation, RowSteps
from cecalc.items import Report
from cecalc.output import columns, figures, json
from cecalc.request import Screen


def render(explanation: Explanation, _screen: Screen) -> str:
    """The object."""
    header = explanation.header
    after = {
        "classes": header.labels,
        "ce": _figures(explanation.ce),
        "bce": _figures(explanation.bce if explanation.has_target else None),
        "rows_without_ce": explanation.without_ce,
    }
    rows = [_row(explanation, row) for row in explanation.rows]
    return json.document(json.listed("rows", rows), *json.each(after))


def _figures(report: Report | None) -> dict[str, figures.Value] | None:
    return None if report is None else dict(figures.members(report))


def _row(explanation: Explanation, row: RowSteps) -> str:
    header = explanation.header
    identity = [json.members(column, row.outcome)[0] for column in columns.identity(header)]
    return f"{{{', '.join([*identity, *json.each(_steps(explanation, row))])}}}"


def _steps(explanation: Explanation, row: RowSteps) -> dict[str, Any]:
    if row.bce is None:
        return {"status": columns.IGNORED}
    given = {explanation.kind.value: row.outcome.batch.values[0]}
    if not explanation.has_target:
        given |= {"softmax": row.ce and row.ce.softmax, "sigmoid": row.bce.sigmoid}
        return given
    given["target"] = row.bce.target
    return {**given, "ce": row.ce and row.ce.members, "bce": row.bce.members}
