"""An explanation as one JSON object: the steps of each row as arrays, then both summaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from cecalc.explain.steps import Explanation, RowSteps, SigmoidSteps, SoftmaxSteps
from cecalc.model import Header, Item, Report
from cecalc.numbers import write_numbers
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
    labels = ", ".join(map(json.quoted, header.labels))
    parts = [
        f'"rows": [\n    {rows}\n  ]',
        f'"classes": [{labels}]',
        f'"ce": {_report(explanation.ce)}',
        f'"bce": {_report(explanation.bce)}',
        json.member("rows_without_ce", explanation.without_ce),
    ]
    return "{\n  " + ",\n  ".join(parts) + "\n}\n"


def _row(header: Header, row: RowSteps) -> str:
    identity = [json.members(column, row.outcome)[0] for column in columns.identity(header)]
    parts = [*identity]
    if row.sigmoid is None:
        return "{" + ", ".join([*parts, f'"status": "{columns.IGNORED}"']) + "}"
    parts += _array("logits", row.sigmoid.logits) + _array("target", row.sigmoid.target)
    name = "ce" if header.width > 1 else "ce_of_pair"
    parts += [_softmax(name, row.softmax), _sigmoid("bce", row.sigmoid)]
    if row.difference is not None:
        parts.append(_sigmoid("bce_of_difference", row.difference))
    return "{" + ", ".join(parts) + "}"


def _softmax(name: str, steps: SoftmaxSteps | None) -> str:
    if steps is None:
        return f'"{name}": null'
    given = ("logits", steps.logits), ("target", steps.target)
    parts = [
        *(part for key, values in given if name != "ce" for part in _array(key, values)),
        *_array("exp", steps.powers),
        json.member("sum_exp", steps.total),
        json.member("max", steps.peak),
        *_array("exp_shifted", steps.shifted),
        json.member("sum_exp_shifted", steps.shifted_total),
        *_array("softmax", steps.probs),
        *_array("surprisal", steps.surprisal),
        json.member("loss", steps.loss),
        *_array("gradient", steps.gradient),
    ]
    return f'"{name}": {{{", ".join(parts)}}}'


def _sigmoid(name: str, steps: SigmoidSteps) -> str:
    parts = [
        *_array("denominator", 1.0 + steps.powers),
        *_array("sigmoid", steps.probs),
        *_array("complement", steps.complements),
        *_array("cells", steps.cell_loss),
        json.member("sum", steps.loss),
        *_array("gradient", steps.gradient),
    ]
    return f'"{name}": {{{", ".join(parts)}}}'


def _array(name: str, values: np.ndarray) -> list[str]:
    """A list; a number that JSON does not know is null, and said so beside it."""
    finite = np.isfinite(values)
    texts = write_numbers(values.tolist())
    shown = [text if known else "null" for text, known in zip(texts, finite, strict=True)]
    flaw = [] if finite.all() else [f'"{name}_status": "non-finite"']
    return [f'"{name}": [{", ".join(shown)}]', *flaw]


def _report(report: Report | None) -> str:
    if report is None:
        return "null"
    figured: Any = figures.members(report)
    return "{" + ", ".join(json.member(key, value) for key, value in figured) + "}"
