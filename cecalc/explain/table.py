"""Both losses of the same rows on the whiteboard, where they part, and which is the problem's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np

from cecalc.errors import count
from cecalc.explain import conclusion, formulas
from cecalc.explain.notation import Notation
from cecalc.explain.steps import CellSteps, ClassSteps, Explanation, Steps
from cecalc.model import Floats
from cecalc.numbers import brief, rounded
from cecalc.output import columns, page
from cecalc.output.drawing import ROOM, draw, line, named, painted
from cecalc.output.fitting import Ruled
from cecalc.output.table import ranked
from cecalc.output.worked_rows import ALL, FEW, MARK, Block, fitting, tables
from cecalc.request import Screen
from cecalc.terms import Kind

_Step: TypeAlias = "tuple[str, Floats | None, float | None]"
"""A name, what stands below each class, and what that comes to."""
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
    style, drawn = _fitted(explanation, screen)
    for block, lines in rows(style):
        table = next(drawn) + "\n" if block else ""
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
        name = columns.row_title(style.header, row.outcome)
        if row.bce is None:
            yield None, iter([f" {name} is {columns.IGNORED}: it counts in neither loss"])
            continue
        others = formulas.of_others(style, row.bce, row.ce)
        of_row = formulas.of_classes(style, row.bce, row.ce)
        of_cells = formulas.of_cells(style, row.bce)
        steps = [*(_classes(style, row.ce) if row.ce else ()), *_cells(style, row.bce)]
        yield _table(style, name, row.bce, steps), chain(others, of_row, of_cells)


def _fitted(explanation: Explanation, screen: Screen) -> tuple[Notation, Iterator[str]]:
    """As many classes as the screen has room for, and the tables of them."""
    tried: list[Notation] = []

    def drawn(classes: int, has_whole: bool) -> list[Ruled]:
        tried.append(Notation(explanation, classes, screen.width or ROOM, has_whole))
        return tables([block for block, _ in rows(tried[-1]) if block])

    wide = explanation.header.width
    found = fitting(drawn, wide if wide <= ALL else FEW, screen)
    return tried[-1], (draw(table, screen) for table in found)


def _classes(style: Notation, steps: ClassSteps) -> Iterator[_Step]:
    yield "CE" if style.explanation.has_target else "softmax", None, None
    if made := formulas.powers(style, steps):
        yield made
    if style.kind is not Kind.PROBS:
        yield (
            "softmax p" if made else "p",
            steps.softmax,
            float(steps.softmax.sum()),
        )
    if not style.explanation.has_target:
        return
    if steps.smoothed is not None:
        yield "smoothed y", steps.smoothed, None
    w, share = "", steps.mixed
    if steps.weight is not None:
        w, share = "w·", steps.weight * steps.mixed
        yield "weight w", steps.weight, None
    with np.errstate(invalid="ignore"):
        terms = np.where(share == 0, 0.0, share * steps.surprisal)
    yield f"−{w}y·ln p", terms, steps.loss
    if style.kind is Kind.LOGITS:
        is_plain = steps.weight is None and steps.smoothed is None
        yield "p − y" if is_plain else "gradient", steps.gradient, None


def _cells(style: Notation, steps: CellSteps) -> Iterator[_Step]:
    several = steps.values.size > 1
    yield "BCE" if style.explanation.has_target else "sigmoid", None, None
    if style.kind is Kind.LOGITS:
        yield "1 + exp(−x)", steps.denominator, None
        yield "sigmoid p", steps.sigmoid, float(steps.sigmoid.sum()) if several else None
    if not style.explanation.has_target:
        return
    yield "1 − p", steps.complement, None
    weights = ("weight w", steps.weight), ("pos_weight", steps.pos_weight)
    given = [(name, of, None) for name, of in weights if of is not None]
    yield from given
    yield "loss", steps.cells, steps.sum if several else None
    if style.kind is Kind.LOGITS:
        yield "gradient" if given else "p − y", steps.gradient, None


def _table(style: Notation, title: str, steps: Steps, numbers: Sequence[_Step]) -> Block:
    chosen = style.picked(steps)
    target = steps.target[chosen].tolist() if style.explanation.has_target else [0.0] * len(chosen)
    lines = []
    for name, values, total in [(_VALUES[style.kind], steps.values, None), *numbers]:
        texts = [""] * len(chosen) if values is None else map(rounded, values[chosen].tolist())
        lines.append([name, *texts, "" if total is None else rounded(total)])
    if style.explanation.has_target:
        lines.insert(1, ["target y", *map(brief, target), ""])
    names = [
        (MARK if y >= 0.5 else "") + style.labels[c] for c, y in zip(chosen, target, strict=True)
    ]
    heading = [title, *names, "Σ" if any(end for *_, end in lines) else ""]
    return Block(heading, lines, frozenset(i for i, y in enumerate(target) if y >= 0.5))


def notes(style: Notation) -> Iterator[str]:
    """What is left out."""
    explanation = style.explanation
    if not explanation.is_all:
        yield _which(explanation)
    if any("…" in label for label in style.labels):
        yield "names are shortened in the middle; -f json has them whole"


def _which(explanation: Explanation) -> str:
    number, given = len(explanation.rows), explanation.bce.rows_given
    rank, of = explanation.header.rank, "BCE" if explanation.ce is None else "CE"
    if not explanation.has_target:
        return f"the first {number} of {count(given, 'row')}"
    which = ranked(number, given, rank, f" ({of})")
    if rank is not None:
        return which
    return which.partition(",")[0] + "; --top K or --bottom K shows others"
