"""An explanation as one JSON object: the steps of each row as arrays, then both summaries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cecalc.explain.steps import Explanation, RowSteps
from cecalc.model import Floats, Header, Item, Report
from cecalc.numbers import write_rows
from cecalc.output import columns, figures, json
from cecalc.request import Screen, Selection


def render(items: Iterator[Item], _screen: Screen, _selection: Selection) -> Iterator[str]:
    """The object."""
    for item in items:
        if isinstance(item, Explanation):
            yield _document(item)


def _document(explanation: Explanation) -> str:
    header = explanation.header
    rows = ",\n    ".join(_row(header, row) for row in explanation.rows)
    after = {
        "classes": header.labels,
        "ce": _figures(explanation.ce),
        "bce": _figures(explanation.bce),
        "rows_without_ce": explanation.without_ce,
    }
    members = ",\n  ".join([f'"rows": [\n    {rows}\n  ]', *_members(after)])
    return f"{{\n  {members}\n}}\n"


def _figures(report: Report | None) -> Mapping[str, figures.Value] | None:
    return None if report is None else dict(figures.members(report))


def _row(header: Header, row: RowSteps) -> str:
    identity = [json.members(column, row.outcome)[0] for column in columns.identity(header)]
    return f"{{{', '.join([*identity, *_members(_steps(header, row))])}}}"


def _steps(header: Header, row: RowSteps) -> dict[str, Any]:
    if row.bce is None:
        return {"status": columns.IGNORED}
    given, difference = {"logits": row.bce.logits, "target": row.bce.target}, row.bce_of_difference
    ce = {"ce": row.ce and row.ce.members}
    if header.width == 1:
        ce = {"ce_of_pair": row.ce and vars(row.ce)}
    of_difference = {"bce_of_difference": difference.members} if difference else {}
    return {**given, **ce, "bce": row.bce.members, **of_difference}


def _members(values: Mapping[str, Any]) -> Iterator[str]:
    """A member for each value, which may be an array or an object itself."""
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            yield _array(name, value)
        elif isinstance(value, dict):
            yield f"{json.quoted(name)}: {{{', '.join(_members(value))}}}"
        else:
            yield json.member(name, value)


def _array(name: str, values: Floats) -> str:
    """A list; a number that JSON does not know is null, and said so beside it."""
    finite = np.isfinite(values)
    (texts,) = write_rows(values[None], finite[None], "null")
    flaw = "" if finite.all() else f', "{name}_status": "non-finite"'
    return f'"{name}": [{", ".join(texts)}]{flaw}'
