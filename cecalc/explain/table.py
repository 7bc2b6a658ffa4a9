"""Both losses of the same rows on the whiteboard, where they part, and the code that agrees."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from cecalc.errors import count
from cecalc.explain import formulas, row_table, torch_code
from cecalc.explain.steps import Explanation, RowSteps
from cecalc.model import Header, Item, Report
from cecalc.numbers import brief, rounded
from cecalc.output import columns
from cecalc.output.drawing import draw, flush, paragraph, styled, width
from cecalc.output.worked_rows import Block, tables
from cecalc.request import Screen, Selection
from cecalc.terms import TargetForm


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
        where = row_table.name(header, row)
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


_ROOM = 100
"""Columns to fill where there is no terminal."""
_CODE = 64
"""Up to how many logits the code stands below; it holds them all."""
_STRONG, _WARNING, _DIM = "bold", "yellow", "dim"


def render(items: Iterator[Item], screen: Screen, _selection: Selection) -> Iterator[str]:
    """The whole text, when all rows are known."""
    for item in items:
        if isinstance(item, Explanation):
            yield "\n".join(_parts(item, screen))


def _parts(explanation: Explanation, screen: Screen) -> Iterator[str]:
    yield from _rows(explanation, screen)
    if not explanation.is_all:
        yield _text(screen, _which(explanation), _DIM)
    yield _titled(screen, "where the two part", apart(explanation))
    yield _titled(screen, "in a word", words(explanation))
    title = _text(screen, "the same numbers from torch", _STRONG)
    if torch_code.size(explanation) <= _CODE:
        yield title + "\n" + torch_code.text_of(explanation)
    else:
        yield title + _text(screen, "--code prints the code, which holds all these logits")


def _rows(explanation: Explanation, screen: Screen) -> Iterator[str]:
    """Each row's table, with the formulas below it."""
    style = _fitted(explanation, screen)
    blocks = [row_table.blocks(style, row) for row in explanation.rows]
    drawn = iter(_drawn([block for found in blocks for block in found], screen))
    for row, found in zip(explanation.rows, blocks, strict=True):
        title = row_table.name(explanation.header, row)
        if row.sigmoid is None:
            yield _text(screen, f"{title} is {columns.IGNORED}: it counts in neither loss")
            continue
        of_rest = formulas.of_others(style, row.sigmoid, row.softmax)
        of_cells = formulas.of_sigmoid(style, row.sigmoid)
        of_row = (
            formulas.none_of_softmax(style, row.sigmoid)
            if row.softmax is None
            else formulas.of_softmax(style, row.softmax)
        )
        if len(found) == 1:
            yield next(drawn) + _below(screen, of_rest, of_row, of_cells)
        else:
            yield next(drawn) + _below(screen, of_cells)
            yield next(drawn) + _below(screen, of_row)


def _fitted(explanation: Explanation, screen: Screen) -> row_table.Style:
    """As many classes as the screen has room for."""
    header, rows = explanation.header, explanation.rows
    classes = header.width if header.width <= row_table.ALL else row_table.FEW
    room, is_mild = screen.width or _ROOM, row_table.is_mild(rows)
    while True:
        style = row_table.Style(header, is_mild, classes, room)
        blocks = [block for row in rows for block in row_table.blocks(style, row)]
        widest = max(map(width, _drawn(blocks, screen)), default=0)
        if classes <= 2 or screen.width is None or widest <= screen.width:
            return style
        classes -= 1


def _drawn(blocks: Sequence[Block], screen: Screen) -> list[str]:
    """The tables, those of as many columns aligned with each other."""
    drawn: dict[int, str] = {}
    for columns_ in {len(block.heading.texts) for block in blocks}:
        alike = [i for i, block in enumerate(blocks) if len(block.heading.texts) == columns_]
        for i, table in zip(alike, tables([blocks[i] for i in alike]), strict=True):
            drawn[i] = draw(table, screen)
    return [drawn[i] for i in range(len(blocks))]


def _below(screen: Screen, *parts: Iterator[str]) -> str:
    """The lines below a table, after a blank one; what is extreme stands out."""
    lines = [line for part in parts for line in part]
    return "\n" + "".join(
        draw(styled(line, _WARNING if line.startswith(" !") else ""), screen) for line in lines
    )


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


def _titled(screen: Screen, title: str, found: Iterator[tuple[str, str]]) -> str:
    """A title, and lines of a name and what is to be said of it."""
    pairs = list(found)
    names = flush([name for name, _ in pairs], "left")
    room = screen.width or _ROOM
    lines = [_text(screen, title, _STRONG)]
    for name, (_, words) in zip(names, pairs, strict=True):
        first, *rest = paragraph(room - len(name) - 3, words, "", "")
        lines.append(draw(styled("").append(f" {name}  ", _DIM).append(first), screen))
        lines += [_text(screen, " " * (len(name) + 2) + line) for line in rest]
    return "".join(lines)


def _text(screen: Screen, text: str, style: str = "") -> str:
    return draw(styled(f" {text}", style), screen)
