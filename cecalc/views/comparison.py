"""Where the two losses part, with the numbers of the rows; and the words for a newcomer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cecalc.errors import count
from cecalc.records import Explanation, Header, Report, RowSteps, TargetForm
from cecalc.views import whiteboard
from cecalc.views.digits import brief, rounded


def apart(explanation: Explanation) -> Iterator[tuple[str, str]]:
    """What differs between the losses, with the numbers of these rows."""
    header, ce, bce = explanation.header, explanation.ce, explanation.bce
    rows = bce.rows_used
    if ce is not None:
        yield "CE", f"{_mean(ce)}   N = {count(rows, 'row')}, one loss each"
    elif explanation.without_ce:
        which = f"{explanation.without_ce} of {count(rows, 'row')}"
        yield "CE", f"none: {which} with targets that do not sum to 1"
    if header.width == 1:
        yield "BCE", f"{_mean(bce)}   N = {count(rows, 'row')} of one cell, one loss each"
        yield "CE", "the same: softmax of (0, x) is sigmoid of x, so CE(0, x) = BCE(x)"
        yield "gradient", f"p − y for the sum; divided by {rows} for the mean"
        return
    of_rows = bce.numerator / rows
    yield "BCE", f"{_mean(bce)}   N·C = {rows}·{header.width} cells, one loss each"
    if math.isfinite(of_rows):
        factor = f"{rounded(of_rows)} = {header.width} × {rounded(_of(bce))}"
        of_sum = f"{rounded(bce.numerator)} / {rows} = {factor}"
        yield "factor C", f"{of_sum}   BCE by rows is C times its mean"
    else:
        yield "factor C", "BCE by rows is C times its mean"
    yield from _sums(explanation.rows)
    by = f"{rows} (CE) or {bce.cells_used} (BCE)" if ce else f"{bce.cells_used}"
    yield "gradient", f"p − y for the sum; divided by {by} for the mean"
    yield from _pairs(header, explanation.rows)


def _sums(rows: Sequence[RowSteps]) -> Iterator[tuple[str, str]]:
    totals = [rounded(float(row.sigmoid.probs.sum())) for row in rows if row.sigmoid]
    if totals:
        softmax = "softmax 1: all over one Σ; " if any(row.softmax for row in rows) else ""
        yield "Σ p", f"{softmax}sigmoid {', '.join(totals)}: each over its own"


def _pairs(header: Header, rows: Sequence[RowSteps]) -> Iterator[tuple[str, str]]:
    """For two classes, the one logit that would do."""
    name = "two classes"
    for row in rows:
        if row.softmax is None or row.difference is None:
            continue
        z, y = float(row.difference.logits[0]), brief(float(row.difference.target[0]))
        one = f"BCE(x₁ − x₀ = {rounded(z)}, y₁ = {y})"
        where = whiteboard.name(header, row)
        yield name, f"CE(x) = {rounded(row.softmax.loss)} = {one}   {where}"
        name = ""


def words(explanation: Explanation) -> Iterator[tuple[str, str]]:
    """A line for each word that a newcomer may lack."""
    has_ce = any(row.softmax for row in explanation.rows)
    yield "logits", "x: what the model gave, any real numbers, one for each class"
    if has_ce:
        yield "softmax", "p = exp x / Σ exp x, over the row: positive, and together 1"
    yield "sigmoid", "p = 1 / (1 + exp(−x)), each logit alone: between 0 and 1"
    if explanation.header.target_form is TargetForm.INDEX and explanation.header.width > 1:
        yield "one-hot", "y, a class index as numbers: 1 for its class, 0 for the others"
    yield "nats", "the unit of both, of natural logarithms: 1 nat = 1.4427 bits"
    yield "gradient", "p − y: the slope of the loss in each logit; training goes down it"
    if has_ce:
        yield "log-sum-exp", "ln Σ exp x, as max + ln Σ exp(x − max), where no exp overflows"


def _mean(report: Report) -> str:
    mean, denominator = rounded(_of(report)), brief(report.denominator)
    if math.isinf(report.numerator) and math.isfinite(_of(report)):
        return f"mean {mean} of {denominator}; their sum is beyond float64"
    return f"sum {rounded(report.numerator)} / {denominator} = mean {mean}"


def _of(report: Report) -> float:
    assert report.mean is not None
    return report.mean
