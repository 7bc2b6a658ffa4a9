"""One row on the whiteboard: a table of what each loss makes of the same logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from cecalc.errors import visible
from cecalc.explain.steps import RowSteps, SigmoidSteps, SoftmaxSteps, Steps
from cecalc.model import Floats, Header
from cecalc.numbers import brief, rounded
from cecalc.output import columns
from cecalc.output.worked_rows import MARK, Block, WorkedLine

ALL, FEW = 8, 6
"""Up to how many classes all have a column, and how many else."""
_Line: TypeAlias = "tuple[str, Floats | None, float | None]"
"""A name, what stands below each class, and what that comes to."""


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
            return "exp x", steps.exp, steps.sum_exp
        return "exp(x − max)", steps.exp_shifted, steps.sum_exp_shifted

    def picked(self, steps: Steps) -> list[int]:
        """The classes that have a column: the target's, then those of the largest logits."""
        order = np.lexsort((-steps.logits, -steps.target))
        return sorted(order[: self.classes if self.header.width > 1 else None].tolist())


def name(header: Header, row: RowSteps) -> str:
    """What a row is called."""
    identity = columns.shown_identity(header)
    return ", ".join(f"{c.title} {c.shown(row.outcome)[0]}" for c in identity)


def blocks(style: Style, row: RowSteps) -> list[Block]:
    """The table of a row; for one logit, that of the pair (0, x) after it."""
    if row.bce is None:
        return []
    title, of_ce = name(style.header, row), _softmax(style, row.ce) if row.ce else []
    if style.header.width > 1:
        return [_block(style, title, "logits x", row.bce, [*of_ce, *_sigmoid(row.bce)])]
    cell = _block(style, title, "logits x", row.bce, _sigmoid(row.bce))
    pair = [_block(style, f"{title} as a pair", "logits 0, x", row.ce, of_ce)] if row.ce else []
    return [cell, *pair]


def _softmax(style: Style, steps: SoftmaxSteps) -> list[_Line]:
    with np.errstate(invalid="ignore"):
        terms = np.where(steps.target == 0, 0.0, steps.target * steps.surprisal)
    return [
        ("CE", None, None),
        style.powers(steps),
        ("softmax p", steps.softmax, float(steps.softmax.sum())),
        ("−y·ln p", terms, steps.loss),
        ("p − y", steps.gradient, None),
    ]


def _sigmoid(steps: SigmoidSteps) -> list[_Line]:
    several = steps.logits.size > 1
    return [
        ("BCE", None, None),
        ("1 + exp(−x)", steps.denominator, None),
        ("sigmoid p", steps.sigmoid, float(steps.sigmoid.sum()) if several else None),
        ("1 − p", steps.complement, None),
        ("loss", steps.cells, steps.sum if several else None),
        ("p − y", steps.gradient, None),
    ]


def _block(style: Style, title: str, logits: str, steps: Steps, found: Sequence[_Line]) -> Block:
    """What is given, and what was found from it."""
    chosen = style.picked(steps)
    target = steps.target[chosen].tolist()
    lines = [_line(chosen, line) for line in [(logits, steps.logits, None), *found]]
    lines.insert(1, WorkedLine("target y", list(map(brief, target))))
    labels = ("x",) if steps.logits.size == 1 else style.labels
    names = [(MARK if y >= 0.5 else "") + labels[c] for c, y in zip(chosen, target, strict=True)]
    heading = WorkedLine(title, names, "Σ" if any(line.end for line in lines) else "")
    return Block(heading, lines, frozenset(i for i, y in enumerate(target) if y >= 0.5))


def _line(chosen: Sequence[int], line: _Line) -> WorkedLine:
    name, values, total = line
    texts = [""] * len(chosen) if values is None else map(rounded, values[chosen].tolist())
    return WorkedLine(name, list(texts), "" if total is None else rounded(total))
