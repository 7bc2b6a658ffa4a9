"""What an explanation comes to: where the losses part, which is the problem's, what words mean."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeAlias

from cecalc.errors import count
from cecalc.explain.notation import number, true
from cecalc.explain.steps import Explanation
from cecalc.explain.torch_code import WEIGHTS
from cecalc.items import Report
from cecalc.numbers import rounded
from cecalc.output import columns
from cecalc.terms import Kind, Reduction, TargetForm

Pairs: TypeAlias = "Iterator[tuple[str, str]]"
"""Names, and what is said of each."""
CODE = "--code prints the torch program that gives every number"


def sections(explanation: Explanation) -> Iterator[tuple[str, Pairs]]:
    """Titles, and what stands below them; the words are for a first look, of one row."""
    ce, bce = explanation.ce, explanation.bce
    if explanation.has_target:
        yield "where the two part", _apart(explanation, ce, bce)
    if explanation.is_all and len(explanation.rows) == 1:
        yield "in a word", _words(explanation)
    if explanation.has_target:
        yield "the loss of this problem", _verdict(explanation, ce, bce)


def _apart(explanation: Explanation, ce: Report | None, bce: Report) -> Pairs:
    """What differs between the losses, with the numbers of these rows."""
    width, rows = explanation.header.width, bce.rows_used
    is_logits = explanation.kind is Kind.LOGITS
    given, is_mean = count(rows, "row"), explanation.header.reduction is Reduction.MEAN
    if ce is not None:
        is_weighted = ce.header.has_class_weight and is_mean
        by = ", divided by Σ w of their classes" if is_weighted else ", one loss each"
        yield "CE", f"{_sum(ce)}   N = {given}{by}"
    elif width > 1:
        which = f"{explanation.without_ce} of {given}"
        yield "CE", f"none: {which} with targets that do not sum to 1"
    is_weighted = explanation.has("weight") and is_mean
    by = ", divided by N·C, not by Σ w" if is_weighted else ", one loss each"
    cells = f"N·C = {rows}·{width} cells" if width > 1 else f"N = {given} of one cell"
    yield "BCE", f"{_sum(bce)}   {cells}{by}"
    is_plain = explanation.is_plain
    if width == 1 and is_logits and is_plain:
        yield "CE", "the same: softmax of (0, x) is sigmoid of x, so CE(0, x) = BCE(x)"
    if width > 1 and is_mean and math.isfinite(bce.numerator):
        mean = rounded(bce.numerator / rows)
        by_rows = true("{} / {}", [bce.numerator, rows], mean)
        yield "factor C", f"{by_rows} = {mean}   BCE by rows is C = {width} times its mean"
    if width > 1 and is_logits:
        totals = [rounded(float(row.bce.sigmoid.sum())) for row in explanation.rows if row.bce]
        softmax = "softmax 1: all over one Σ; " if explanation.has_ce else ""
        yield "Σ p", f"{softmax}sigmoid {', '.join(totals)}: each over its own"
    if is_logits and is_plain:
        by = f"{rows} (CE) or {bce.cells_used} (BCE)" if ce else f"{bce.cells_used}"
        mean = f"p − y for the sum; divided by {by} for the mean"
        yield "gradient", mean if is_mean else "p − y, of each loss"
    if width == 2 and is_logits and is_plain:
        yield from _pairs(explanation)


def _pairs(explanation: Explanation) -> Pairs:
    """For two classes, the one logit that would do."""
    title = "two classes"
    for row in explanation.rows:
        if row.ce is not None:
            (first, second), share = row.ce.values.tolist(), float(row.ce.target[1])
            one = f"BCE(x₁ − x₀ = {number(second - first)}, y₁ = {number(share)})"
            name = columns.row_title(explanation.header, row.outcome)
            yield title, f"CE(x) = {rounded(row.ce.loss)} = {one}   {name}"
            title = ""


def _sum(report: Report) -> str:
    """A sum, over its denominator where that is what is asked for."""
    total = f"sum {rounded(report.numerator)}"
    if report.header.reduction is not Reduction.MEAN or report.mean is None:
        return total
    mean = rounded(report.mean)
    if math.isinf(report.numerator):
        beyond = "; their sum is beyond float64" if math.isfinite(report.mean) else ""
        return f"mean {mean} of {number(report.denominator)}{beyond}"
    quotient = true("{} / {}", [report.numerator, report.denominator], mean)
    return f"sum {quotient} = mean {mean}"


def _verdict(explanation: Explanation, ce: Report | None, bce: Report) -> Pairs:
    """The loss that the targets ask for, why, and its line of torch."""
    loss, (of, values) = ce or bce, _of_torch(explanation)
    yield "BCE" if ce is None else "CE", f"torch.nn.{of}: {_reason(explanation, ce)}"
    reduction, smoothing = explanation.header.reduction, explanation.header.label_smoothing
    given = [f"{name}={short}" for name, short in WEIGHTS.items() if explanation.has(name)]
    options = [option for option in given if ce is None or option.startswith("weight")]
    options += [f"label_smoothing={smoothing:g}"] if smoothing else []
    target = "t" if ce and explanation.header.target_form is TargetForm.INDEX else "y"
    for name, value in (("mean", loss.mean), ("sum", loss.numerator), ("none", None)):
        if name == reduction or (name == "sum" and reduction is Reduction.MEAN):
            yield name, _call(of, [*options, *_reduced(name)], f"{values}, {target}", value)
    if ce and explanation.has("pos_weight"):
        value = {Reduction.MEAN: bce.mean, Reduction.SUM: bce.numerator}.get(reduction)
        line = _call("BCEWithLogitsLoss", [*given, *_reduced(reduction)], "x, y", value)
        yield "pos_weight", f"is of binary cross-entropy alone: {line}"


def _reduced(reduction: str) -> list[str]:
    """The option that says it, where it is not torch's own choice."""
    return [] if reduction == Reduction.MEAN else [f'reduction="{reduction}"']


def _call(of: str, options: list[str], given: str, value: float | None) -> str:
    """A line of torch, and what it comes to."""
    comes_to = "" if value is None else f" = {rounded(value)}"
    return f"nn.{of}({', '.join(options)})({given}){comes_to}"


def _of_torch(explanation: Explanation) -> tuple[str, str]:
    """The class of torch, and what it is given, as the code calls it."""
    kind, header = explanation.kind, explanation.header
    if kind is Kind.LOGITS:
        return ("CrossEntropyLoss" if explanation.ce else "BCEWithLogitsLoss"), "x"
    if explanation.ce is None:
        return "BCELoss", "p"
    is_plain = header.target_form is TargetForm.INDEX and not header.label_smoothing
    name = "log_p" if kind is Kind.LOG_PROBS else "p.log()"
    return ("NLLLoss" if is_plain else "CrossEntropyLoss"), name


def _reason(explanation: Explanation, ce: Report | None) -> str:
    header, others = explanation.header, explanation.without_ce
    if header.width == 1:
        return f"{_ONE_VALUE[explanation.kind]} for each row is a yes or no"
    if ce is None:
        where = "a row has" if others == 1 else f"{others} rows have"
        return f"{where} several classes, or none"
    if header.target_form is TargetForm.INDEX:
        return "every row has exactly one class"
    if ce.target_form.startswith("one-hot"):
        return "every row has exactly one 1"
    return "the shares of every row sum to 1"


_ONE_VALUE = {Kind.LOGITS: "one logit", Kind.PROBS: "one probability", Kind.LOG_PROBS: "one number"}


def _words(explanation: Explanation) -> Pairs:
    """A line for each word that a newcomer may lack."""
    has_ce = explanation.has_ce
    if explanation.kind is Kind.LOGITS:
        yield "logits", "x: what the model gave, any real numbers, one for each class"
        if has_ce:
            yield "softmax", "p = exp x / Σ exp x, over the row: positive, and together 1"
        yield "sigmoid", "p = 1 / (1 + exp(−x)), each logit alone: between 0 and 1"
    if explanation.header.target_form is TargetForm.INDEX and explanation.header.width > 1:
        yield "one-hot", "y, a class index as numbers: 1 for its class, 0 for the others"
    if not explanation.has_target:
        return
    yield "nats", "the unit of both, of natural logarithms: 1 nat = 1.4427 bits"
    if explanation.kind is Kind.LOGITS:
        form = "p − y: " if explanation.is_plain else ""
        yield "gradient", f"{form}the slope of the loss in each logit; training goes down it"
        if has_ce:
            yield "log-sum-exp", "ln Σ exp x, as max + ln Σ exp(x − max), where no exp overflows"
