"""Both losses of the same rows on the whiteboard, where they part, and the code that agrees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np

from cecalc.errors import count
from cecalc.explain import formulas, torch_code
from cecalc.explain.formulas import Notation
from cecalc.explain.steps import Explanation, RowSteps, SigmoidSteps, SoftmaxSteps, Steps
from cecalc.items import Header, Report
from cecalc.model import Floats
from cecalc.numbers import brief, rounded
from cecalc.output import columns, page
from cecalc.output.drawing import ROOM, draw, line, named, styled, width
from cecalc.output.worked_rows import MARK, Block, tables
from cecalc.request import Screen
from cecalc.terms import TargetForm


def apart(explanation: Explanation) -> Iterator[tuple[str, str]]:
    """What differs between the losses, with the numbers of these rows."""
    width, ce, bce = explanation.header.width, explanation.ce, explanation.bce
    rows, number = bce.rows_used, count(bce.rows_used, "row")
    if ce is not None:
        yield "CE", f"{_sum(ce)}   N = {number}, one loss each"
    elif explanation.without_ce:
        which = f"{explanation.without_ce} of {number}"
        yield "CE", f"none: {which} with targets that do not sum to 1"
    if width == 1:
        yield "BCE", f"{_sum(bce)}   N = {number} of one cell, one loss each"
        yield "CE", "the same: softmax of (0, x) is sigmoid of x, so CE(0, x) = BCE(x)"
        yield "gradient", f"p − y for the sum; divided by {rows} for the mean"
        return
    yield "BCE", f"{_sum(bce)}   N·C = {rows}·{width} cells, one loss each"
    factor, of_rows = "BCE by rows is C times its mean", bce.numerator / rows
    if math.isfinite(of_rows):
        by_rows = f"{rounded(bce.numerator)} / {rows} = {rounded(of_rows)}"
        factor = f"{by_rows} = {width} × {rounded(_mean(bce))}   {factor}"
    yield "factor C", factor
    yield from _sums(explanation)
    by = f"{rows} (CE) or {bce.cells_used} (BCE)" if ce else f"{bce.cells_used}"
    yield "gradient", f"p − y for the sum; divided by {by} for the mean"
    yield from _pairs(explanation)


def _sums(explanation: Explanation) -> Iterator[tuple[str, str]]:
    totals = [rounded(float(row.bce.sigmoid.sum())) for row in explanation.rows if row.bce]
    if totals:
        softmax = "softmax 1: all over one Σ; " if explanation.has_ce else ""
        yield "Σ p", f"{softmax}sigmoid {', '.join(totals)}: each over its own"


def _pairs(explanation: Explanation) -> Iterator[tuple[str, str]]:
    """For two classes, the one logit that would do."""
    title = "two classes"
    for row in explanation.rows:
        if row.ce is None or row.bce_of_difference is None:
            continue
        z, y = (float(of[0]) for of in (row.bce_of_difference.logits, row.bce_of_difference.target))
        one = f"BCE(x₁ − x₀ = {rounded(z)}, y₁ = {brief(y)})"
        yield title, f"CE(x) = {rounded(row.ce.loss)} = {one}   {_name(explanation.header, row)}"
        title = ""


def words(explanation: Explanation) -> Iterator[tuple[str, str]]:
    """A line for each word that a newcomer may lack."""
    has_ce = explanation.has_ce
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


def _sum(report: Report) -> str:
    """A sum over its denominator."""
    mean, denominator = rounded(_mean(report)), brief(report.denominator)
    if math.isinf(report.numerator) and math.isfinite(_mean(report)):
        return f"mean {mean} of {denominator}; their sum is beyond float64"
    return f"sum {rounded(report.numerator)} / {denominator} = mean {mean}"


def _mean(report: Report) -> float:
    return math.nan if report.mean is None else report.mean


_CODE = 64
"""Up to how many logits the code stands below; it holds them all."""
_Step: TypeAlias = "tuple[str, Floats | None, float | None]"
"""A name, what stands below each class, and what that comes to."""


def render(explanation: Explanation, screen: Screen) -> str:
    """The whole text."""
    return "\n".join(_sections(explanation, screen))


def render_page(explanation: Explanation, _screen: Screen) -> str:
    """The same as a page."""
    source = explanation.header.schema.source
    return page.document(
        "Both losses, step by step", source, page.drawn_text(render(explanation, page.NATURAL))
    )


def _sections(explanation: Explanation, screen: Screen) -> Iterator[str]:
    yield from _rows(explanation, screen)
    if not explanation.is_all:
        yield line(_which(explanation), screen, "dim")
    yield line("where the two part", screen, "bold") + named(apart(explanation), screen)
    yield line("in a word", screen, "bold") + named(words(explanation), screen)
    title = line("the same numbers from torch", screen, "bold")
    if len(explanation.rows) * explanation.header.width <= _CODE:
        yield title + "\n" + torch_code.render(explanation, screen)
    else:
        yield title + line("--code prints the code, which holds all these logits", screen)


def _rows(explanation: Explanation, screen: Screen) -> Iterator[str]:
    """Each row's table, with the formulas below it; for one logit, that of its pair too."""
    style, drawn, pairs = _fitted(explanation, screen)
    for row in explanation.rows:
        if row.bce is None:
            name = _name(style.header, row)
            yield line(f"{name} is {columns.IGNORED}: it counts in neither loss", screen)
            continue
        of_cells = formulas.of_sigmoid(style, row.bce)
        of_row = formulas.of_softmax(style, row.bce, row.ce)
        if style.header.width == 1 and row.ce:
            yield next(drawn) + _below(screen, of_cells)
            yield next(pairs) + _below(screen, of_row)
        else:
            of_others = formulas.of_others(style, row.bce, row.ce)
            yield next(drawn) + _below(screen, of_others, of_row, of_cells)


def _fitted(
    explanation: Explanation, screen: Screen
) -> tuple[Notation, Iterator[str], Iterator[str]]:
    """As many classes as the screen has room for, the tables of them, and those of pairs."""
    header, rows = explanation.header, explanation.rows
    most = header.width if header.width <= formulas.ALL else formulas.FEW
    for classes in range(most, min(most, 2) - 1, -1):
        style = Notation(header, explanation.is_mild, classes, screen.width or ROOM)
        drawn = _drawn([_block(style, row, row.bce) for row in rows if row.bce], screen)
        if screen.width is None or max(map(width, drawn), default=0) <= screen.width:
            break
    pairs = [_pair(style, row, row.ce) for row in rows if row.ce and header.width == 1]
    return style, iter(drawn), iter(_drawn(pairs, screen))


def _drawn(blocks: Sequence[Block], screen: Screen) -> list[str]:
    return [draw(table, screen) for table in tables(blocks)] if blocks else []


def _below(screen: Screen, *found: Iterator[str]) -> str:
    """The lines below a table, after a blank one; what is extreme stands out."""
    styles = ((text, "yellow" if text.startswith(" !") else "") for text in chain(*found))
    return "\n" + "".join(draw(styled(text, style), screen) for text, style in styles)


def _block(style: Notation, row: RowSteps, bce: SigmoidSteps) -> Block:
    """The table of a row under both losses; of one logit, under BCE."""
    of_ce = _softmax(style, row.ce) if row.ce and style.header.width > 1 else []
    lines = [("logits x", bce.logits, None), *of_ce, *_sigmoid(bce)]
    return _table(style, _name(style.header, row), bce, lines)


def _pair(style: Notation, row: RowSteps, ce: SoftmaxSteps) -> Block:
    """The table of the pair (0, x)."""
    lines = [("logits 0, x", ce.logits, None), *_softmax(style, ce)]
    return _table(style, f"{_name(style.header, row)} as a pair", ce, lines)


def _name(header: Header, row: RowSteps) -> str:
    """What a row is called."""
    return columns.row_title(header, row.outcome)


def _softmax(style: Notation, steps: SoftmaxSteps) -> list[_Step]:
    with np.errstate(invalid="ignore"):
        terms = np.where(steps.target == 0, 0.0, steps.target * steps.surprisal)
    return [
        ("CE", None, None),
        style.powers(steps),
        ("softmax p", steps.softmax, float(steps.softmax.sum())),
        ("−y·ln p", terms, steps.loss),
        ("p − y", steps.gradient, None),
    ]


def _sigmoid(steps: SigmoidSteps) -> list[_Step]:
    several = steps.logits.size > 1
    return [
        ("BCE", None, None),
        ("1 + exp(−x)", steps.denominator, None),
        ("sigmoid p", steps.sigmoid, float(steps.sigmoid.sum()) if several else None),
        ("1 − p", steps.complement, None),
        ("loss", steps.cells, steps.sum if several else None),
        ("p − y", steps.gradient, None),
    ]


def _table(style: Notation, title: str, steps: Steps, numbers: Sequence[_Step]) -> Block:
    chosen = style.picked(steps)
    target = steps.target[chosen].tolist()
    lines = []
    for name, values, total in numbers:
        texts = [""] * len(chosen) if values is None else map(rounded, values[chosen].tolist())
        lines.append([name, *texts, "" if total is None else rounded(total)])
    lines.insert(1, ["target y", *map(brief, target), ""])
    labels = ("x",) if steps.logits.size == 1 else style.labels
    names = [(MARK if y >= 0.5 else "") + labels[c] for c, y in zip(chosen, target, strict=True)]
    heading = [title, *names, "Σ" if any(end for *_, end in lines) else ""]
    return Block(heading, lines, frozenset(i for i, y in enumerate(target) if y >= 0.5))


def _which(explanation: Explanation) -> str:
    rows, rank = len(explanation.rows), explanation.header.rank
    which = "lowest" if rank is not None and rank.lowest else "highest"
    of = "BCE" if explanation.ce is None else "CE"
    number = "three" if rows == 3 else str(rows)
    losses = f"the {which} loss" if rows == 1 else f"the {number} {which} losses"
    more = "; --top K or --bottom K shows others" if rank is None else ""
    if rank is not None and rows > 1:
        more = f", {which} first"
    return f"{losses} ({of}) of {count(explanation.bce.rows_given, 'row')}{more}"
