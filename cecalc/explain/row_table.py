"""One row on the whiteboard: a table of what each loss makes of the same logits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from cecalc.errors import visible
from cecalc.explain.steps import RowSteps, SigmoidSteps, SoftmaxSteps
from cecalc.model import Floats, Header
from cecalc.numbers import brief, rounded
from cecalc.output import columns
from cecalc.output.worked_rows import MARK, Block, WorkedLine

ALL, FEW = 8, 6
"""Up to how many classes all have a column, and how many else."""
_MILD = 20.0
"""Up to which largest logit exp x stands there as it is, and not exp(x − max)."""


@dataclass(frozen=True)
class Style:
    """How the rows are written, alike in all of them."""

    header: Header
    is_mild: bool
    """Whether exp x is shown, and not exp(x − max)."""
    classes: int
    """How many classes have a column."""
    room: int
    """Columns of text to fill."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, safe on a terminal; of one logit, those of its pair."""
        return ("0", "1") if self.header.width == 1 else tuple(map(visible, self.header.labels))

    def powers(self, steps: SoftmaxSteps) -> tuple[str, Floats, float]:
        """What softmax divides: its name, the values and their sum."""
        if self.is_mild:
            return "exp x", steps.powers, steps.total
        return "exp(x − max)", steps.shifted, steps.shifted_total


def is_mild(rows: Sequence[RowSteps]) -> bool:
    """Whether exp x is a number for people in every row."""
    peaks = [row.softmax.peak for row in rows if row.softmax is not None]
    return all(-_MILD <= peak <= _MILD for peak in peaks)


def name(header: Header, row: RowSteps) -> str:
    """What a row is called."""
    return columns.row_title(header, row.outcome)


def picked(steps: SoftmaxSteps | SigmoidSteps, classes: int) -> list[int]:
    """The classes that have a column: the target's, then those of the largest logits."""
    order = np.lexsort((-steps.logits, -steps.target))
    return sorted(order[:classes].tolist())


def blocks(style: Style, row: RowSteps) -> list[Block]:
    """The table of a row; for one logit, that of the pair (0, x) after it."""
    if row.sigmoid is None:
        return []
    title, softmax = name(style.header, row), row.softmax
    if style.header.width > 1:
        return [_block(style, title, row.sigmoid, [*_both(style, row.sigmoid, softmax)])]
    cell = _block(style, title, row.sigmoid, [*_both(style, row.sigmoid, None)])
    if softmax is None:
        return [cell]
    lines = [_line("logits 0, x", softmax.logits), _target(softmax), *_softmax(style, softmax)]
    return [cell, _block(style, f"{title} as a pair", softmax, lines)]


def _both(style: Style, sigmoid: SigmoidSteps, softmax: SoftmaxSteps | None) -> Iterator[_Numbers]:
    yield _line("logits x", sigmoid.logits)
    yield _target(sigmoid)
    if softmax is not None:
        yield from _softmax(style, softmax)
    yield from _sigmoid(sigmoid)


def _target(steps: SoftmaxSteps | SigmoidSteps) -> _Numbers:
    return _Numbers("target y", [brief(y) for y in steps.target.tolist()], "")


def _softmax(style: Style, steps: SoftmaxSteps) -> Iterator[_Numbers]:
    with np.errstate(invalid="ignore"):
        terms = np.where(steps.target == 0, 0.0, steps.target * steps.surprisal)
    yield _part("CE", steps)
    yield _line(*style.powers(steps))
    yield _line("softmax p", steps.probs, float(steps.probs.sum()))
    yield _line("−y·ln p", terms, steps.loss)
    yield _line("p − y", steps.gradient)


def _sigmoid(steps: SigmoidSteps) -> Iterator[_Numbers]:
    several = steps.logits.size > 1
    yield _part("BCE", steps)
    yield _line("1 + exp(−x)", 1.0 + steps.powers)
    yield _line("sigmoid p", steps.probs, float(steps.probs.sum()) if several else None)
    yield _line("1 − p", steps.complements)
    yield _line("loss", steps.cell_loss, steps.loss if several else None)
    yield _line("p − y", steps.gradient)


@dataclass(frozen=True)
class _Numbers:
    """One line of a table before some of its classes are picked."""

    name: str
    texts: Sequence[str]
    end: str


def _part(name: str, steps: SoftmaxSteps | SigmoidSteps) -> _Numbers:
    """The line above those of one loss."""
    return _Numbers(name, [""] * steps.logits.size, "")


def _line(name: str, values: Floats, end: float | None = None) -> _Numbers:
    texts = list(map(rounded, values.tolist()))
    return _Numbers(name, texts, "" if end is None else rounded(end))


def _block(
    style: Style, title: str, steps: SoftmaxSteps | SigmoidSteps, lines: Sequence[_Numbers]
) -> Block:
    chosen = picked(steps, style.classes if style.header.width > 1 else steps.logits.size)
    marked = [steps.target[c] >= 0.5 for c in chosen]
    labels = ("x",) if steps.logits.size == 1 else style.labels
    names = [(MARK if m else "") + labels[c] for c, m in zip(chosen, marked, strict=True)]
    end = "Σ" if any(line.end for line in lines) else ""
    return Block(
        WorkedLine(title, names, end),
        [WorkedLine(line.name, [line.texts[c] for c in chosen], line.end) for line in lines],
        frozenset(i for i, m in enumerate(marked) if m),
    )
