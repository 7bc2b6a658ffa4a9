"""A few rows worked out as in a textbook: what is given, its probabilities, the loss by class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from cecalc.errors import count, visible
from cecalc.items import CellLosses, Header, Losses, RowLosses
from cecalc.model import Floats
from cecalc.numbers import aligned, brief, rounded
from cecalc.output import columns
from cecalc.output.fitting import Ruled, Strip, flush
from cecalc.request import Screen
from cecalc.terms import Kind, Reduction, TargetForm

ROWS = 6
"""More rows than these are not worked out."""
ALL, FEW, _FEWEST = 8, 6, 3
"""Up to how many classes all have a column, how many else, and how few with whole names."""
MARK = "▸"


Line = Sequence[str]
"""A line of a row's working: its name, a text per class, and what stands at their right."""


@dataclass(frozen=True)
class Block:
    """The working of one row."""

    heading: Line
    lines: Sequence[Line]
    marked: frozenset[int]
    """The columns of classes that the target names."""


def of(header: Header, rows: Sequence[Losses], screen: Screen) -> list[Ruled]:
    """The working of each row, of as many classes as there is room for."""
    most = header.width if header.width <= ALL else FEW
    return fitting(lambda n, _: tables([_block(header, row, n) for row in rows]), most, screen)


def fitting(drawn: Callable[[int, bool], list[Ruled]], most: int, screen: Screen) -> list[Ruled]:
    """The tables of as many classes as there is room for: of three at least with whole names, or
    else with shortened ones.

    Parameters
    ----------
    drawn : of a number of classes, and whether their names are whole; what it last drew is found
    """
    for has_whole in (True, False):
        for classes in range(most, min(most, _FEWEST) - 1 if has_whole else 0, -1):
            tables = drawn(classes, has_whole)
            fitted = [table.fitted(screen.width) for table in tables]
            if all(one.fits and not (has_whole and one.lost) for one in fitted):
                return tables
    return tables


def picked_of(values: Floats, target: Floats, classes: int | None) -> list[int]:
    """The classes that have a column: the target's, then those of the highest values."""
    return sorted(np.lexsort((-values, -target))[:classes].tolist())


def tables(blocks: Sequence[Block]) -> list[Ruled]:
    """Each block as a table, with columns at the same places in all; all have as many."""
    headings = zip(*(block.heading for block in blocks), strict=True)
    bodies = zip(*(line for block in blocks for line in block.lines), strict=True)
    parts = [
        (heading, flush(aligned(body) if c else body, "right" if c else "left"))
        for c, (heading, body) in enumerate(zip(headings, bodies, strict=True))
    ]
    rows = zip(*(body for _, body in parts), strict=True)
    heads = zip(*(heading for heading, _ in parts), strict=True)
    least = [max(Strip(h, body).width for h in heading) for heading, body in parts]
    found = []
    for block, heading in zip(blocks, heads, strict=True):
        lines = zip(*islice(rows, len(block.lines)), strict=True)
        strips = [
            _strip(block, c, text, cells, least[c])
            for c, (text, cells) in enumerate(zip(heading, lines, strict=True))
        ]
        found.append(Ruled(strips, is_told=block is blocks[-1]))
    return found


def _strip(block: Block, c: int, heading: str, cells: Line, least: int) -> Strip:
    is_strong = c in (0, len(block.heading) - 1) or c - 1 in block.marked
    if c == 0:
        styles = ["dim" if any(line[1:]) else "bold" for line in block.lines]
    else:
        faint = ["dim" if text.strip(" 0.") == "" else "" for text in cells]
        styles = ["bold"] * len(cells) if is_strong else faint
    return Strip(
        heading,
        cells,
        side="right" if c else "left",
        shrinks="heading" if c < len(block.lines[0]) - 1 else "",
        least=least,
        styles=["bold" if is_strong else "dim", *styles],
    )


@dataclass(frozen=True)
class _Chosen:
    """The classes that have a column; the others are added up."""

    picked: Sequence[int]
    others: int
    """How many those are."""

    def line(self, name: str, values: Any, end: str = "", used: Any = True) -> Line:
        """A line of numbers, of shape (1, C), and the sum of the others where that says something.

        Parameters
        ----------
        used : which of them count
        """
        write = brief if name in _TARGETS else rounded
        found, is_used = np.broadcast_arrays(values[0], used)
        pairs = [(float(found[c]), bool(is_used[c])) for c in self.picked]
        texts = [write(value) if counts else columns.IGNORED for value, counts in pairs]
        if self.others:
            rest = np.delete(np.where(is_used, found, 0.0), self.picked)
            texts.append("" if name in _UNSUMMED else write(float(rest.sum())))
        return [name, *texts, end]

    def blank(self, name: str, end: str) -> Line:
        """A line with nothing of the classes."""
        return [name, *[""] * (len(self.picked) + bool(self.others)), end]


_TARGETS = ("target", "smoothed")
_UNSUMMED = ("logits", "log probs", "sigmoid")


def _block(header: Header, outcome: Losses, classes: int) -> Block:
    """The working of a row, of the target's classes and those of the highest values."""
    target, names = _target(header, outcome), header.labels
    picked = picked_of(outcome.batch.values[0], target[0], classes)
    chosen, is_lone = _Chosen(picked, header.width - len(picked)), columns.is_single(header)
    if isinstance(outcome, CellLosses):
        lines = _binary(header, outcome, chosen)
        marked = np.flatnonzero((target[0] >= 0.5) & outcome.cell_used[0])
    else:
        lines = _multiclass(header, outcome, chosen, target)
        marked = outcome.target_class  # -1, where ignored, is none
    labels = [(MARK if c in marked else "") + visible(names[c]) for c in picked]
    if is_lone and header.schema.classes is None:
        labels = [""]
    others = [count(chosen.others, "other")] * bool(chosen.others)
    how = "sum" if header.reduction is Reduction.SUM else "mean"
    total = f"{'loss' if columns.by_row(header) else how} (nats)"
    heading = [columns.row_title(header, outcome), *labels, *others, total]
    end = -1 if is_lone else None  # the loss stands in its only column
    named = frozenset(i for i, c in enumerate(picked) if c in marked)
    return Block(heading[:end], [line[:end] for line in lines], named)


def _multiclass(
    header: Header, outcome: RowLosses, chosen: _Chosen, target: Floats
) -> Iterator[Line]:
    yield from _given(header, outcome, "softmax", chosen)
    if not outcome.used[0]:
        yield chosen.blank("target", columns.IGNORED)
        return
    yield chosen.line("smoothed" if header.label_smoothing else "target", target)
    with np.errstate(invalid="ignore"):  # nothing times infinity is nothing
        terms = np.where(target == 0, 0.0, target * outcome.surprisal)
    total, loss = rounded(sum(terms[0].tolist())), rounded(float(outcome.loss_unweighted[0]))
    yield chosen.line("−y·ln p", terms, total)
    if total != loss:  # a dtype that rounds
        yield chosen.blank("loss", loss)
    if header.has_weights:
        yield chosen.blank("weighted", rounded(float(outcome.loss[0])))


def _binary(header: Header, outcome: CellLosses, chosen: _Chosen) -> Iterator[Line]:
    yield from _given(header, outcome, "sigmoid", chosen)
    yield chosen.line("target", outcome.batch.truth)
    used, ends = outcome.cell_used[0], ["", columns.IGNORED]
    if outcome.used[0]:
        ends = [rounded(float(loss[0])) for loss in (outcome.loss_unweighted, outcome.loss)]
    if header.has_weights:
        yield chosen.line("unweighted", outcome.cell_unweighted, ends[0], used)
    yield chosen.line("loss", outcome.cell_loss, ends[1], used)


def _given(header: Header, outcome: Losses, activation: str, chosen: _Chosen) -> Iterator[Line]:
    kind = header.schema.kind
    yield chosen.line(kind.value.replace("_", " "), outcome.batch.values)
    if kind is not Kind.PROBS:
        yield chosen.line(activation if kind is Kind.LOGITS else "probs", outcome.probs)


def _target(header: Header, outcome: Losses) -> Floats:
    """What the target gives to each class, smoothed; of cells, their targets: shape (1, C)."""
    if header.target_form is TargetForm.INDEX and isinstance(outcome, RowLosses):
        shares = (np.arange(header.width) == outcome.target_class[:, None]).astype(np.float64)
    else:
        shares = outcome.batch.truth
    spread = header.label_smoothing
    smoothed: Floats = shares * (1 - spread) + spread / header.width
    return smoothed
