"""Both losses of the same rows on the whiteboard, where they part, and which is the problem's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import chain

import numpy as np

from cecalc.errors import count
from cecalc.explain import conclusion, formulas
from cecalc.explain.notation import Notation
from cecalc.explain.steps import CellSteps, ClassSteps, Explanation
from cecalc.numbers import brief
from cecalc.output import columns, page
from cecalc.output.drawing import ROOM, draw, line, named, painted
from cecalc.output.table import ranked
from cecalc.output.worked_rows import Block, Step, block, fitting, summed
from cecalc.request import Screen
from cecalc.terms import Kind

_VALUES = {Kind.LOGITS: "logits x", Kind.PROBS: "probs p", Kind.LOG_PROBS: "log-probs"}


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
    style, drawn = fitted(explanation, screen)
    for working, lines in rows(style):
        table = next(drawn) + "\n" if working else ""
        styles = ((text, "yellow" if text.startswith(" !") else "") for text in lines)
        yield table + "".join(painted(*each, screen) + "\n" for each in styles)
    for note in notes(style):
        yield line(note, screen, "dim")
    for title, pairs in conclusion.sections(explanation):
        yield line(title, screen, "bold") + named(pairs, screen)
    yield line(conclusion.CODE, screen, "dim")


def rows(style: Notation) -> Iterator[tuple[Block | None, Iterator[str]]]:
    """The table of each row and the formulas below it."""
    for row in style.explanation.rows:
        name = columns.row_title(style.explanation.header, row.outcome)
        if row.bce is None:
            yield None, iter([f" {name} is {columns.IGNORED}: it counts in neither loss"])
            continue
        of_row = formulas.of_classes(style, row.bce, row.ce)
        of_cells = formulas.of_cells(style, row.bce)
        yield _block(style, name, row.bce, row.ce), chain(of_row, of_cells)


def fitted(explanation: Explanation, screen: Screen) -> tuple[Notation, Iterator[str]]:
    """As many classes as the screen has room for, and the tables of them."""
    style = partial(Notation, explanation, screen.width or ROOM)

    def blocks(classes: int, has_whole: bool) -> list[Block]:
        return [working for working, _ in rows(style(classes, has_whole)) if working]

    found, classes, has_whole = fitting(blocks, explanation.header.width, screen)
    return style(classes, has_whole), (draw(table, screen) for table in found)


def _block(style: Notation, title: str, bce: CellSteps, ce: ClassSteps | None) -> Block:
    steps = [*_steps(style, bce, ce)]
    marked = np.flatnonzero((bce.target >= 0.5) & style.explanation.has_target)
    last = "Σ" if any(step.end != "" for step in steps) else ""
    return block(title, style.labels, style.picked(bce), marked, steps, last)


def _steps(style: Notation, bce: CellSteps, ce: ClassSteps | None) -> Iterator[Step]:
    yield Step(_VALUES[style.kind], bce.values, has_sum=style.kind is Kind.PROBS)
    if style.explanation.has_target:
        yield Step("target y", bce.target, has_sum=True, write=brief)
    if ce is not None:
        yield from _classes(style, ce)
    yield from _cells(style, bce)


def _classes(style: Notation, steps: ClassSteps) -> Iterator[Step]:
    yield Step("CE" if style.explanation.has_target else "softmax")
    made = formulas.powers(style, steps)
    if made is not None:
        yield summed(*made)
    if style.kind is not Kind.PROBS:
        yield summed("softmax p" if made else "p", steps.softmax, float(steps.softmax.sum()))
    if not style.explanation.has_target:
        return
    if steps.smoothed is not None:
        yield summed("smoothed y", steps.smoothed)
    w, share = "", steps.mixed
    if steps.weight is not None:
        w, share = "w·", steps.weight * steps.mixed
        yield Step("weight w", steps.weight)
    with np.errstate(invalid="ignore"):
        terms = np.where(share == 0, 0.0, share * steps.surprisal)
    yield summed(f"−{w}y·ln p", terms, steps.loss)
    if style.kind is Kind.LOGITS:
        is_plain = steps.weight is None and steps.smoothed is None
        yield Step("p − y" if is_plain else "gradient", steps.gradient)


def _cells(style: Notation, steps: CellSteps) -> Iterator[Step]:
    several = steps.values.size > 1
    yield Step("BCE" if style.explanation.has_target else "sigmoid")
    if style.kind is Kind.LOGITS:
        yield Step("1 + exp(−x)", steps.denominator)
        yield summed("sigmoid p", steps.sigmoid, float(steps.sigmoid.sum()) if several else "")
    if not style.explanation.has_target:
        return
    yield Step("1 − p", steps.complement)
    weights = ("weight w", steps.weight), ("pos_weight", steps.pos_weight)
    given = [Step(name, of) for name, of in weights if of is not None]
    yield from given
    yield summed("loss", steps.cells, steps.sum if several else "")
    if style.kind is Kind.LOGITS:
        yield Step("gradient" if given else "p − y", steps.gradient)


def notes(style: Notation) -> Iterator[str]:
    """What is left out."""
    explanation = style.explanation
    if not explanation.is_all:
        yield _which(explanation)
    if any("…" in label for label in style.labels):
        yield "names are shortened in the middle; -f json has them whole"
    if not explanation.has_target:
        yield "no target: --target, or --target-col of a table, has the losses explained"


def _which(explanation: Explanation) -> str:
    number, given = len(explanation.rows), explanation.bce.rows_given
    rank, of = explanation.header.rank, "BCE" if explanation.ce is None else "CE"
    if not explanation.has_target:
        return f"the first {number} of {count(given, 'row')}"
    which = ranked(number, given, rank, f" ({of})")
    if rank is not None:
        return which
    return which.partition(",")[0] + "; --top K or --bottom K shows others"
