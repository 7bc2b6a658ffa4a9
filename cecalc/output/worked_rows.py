"""A few rows worked out as in a textbook: what is given, its probabilities, the loss by class."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from cecalc.errors import count, visible
from cecalc.items import CellLosses, Header, Losses, RowLosses
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

    def drawn(classes: int) -> list[Ruled]:
        return tables([_block(header, row, classes) for row in rows])

    return fitting(drawn, most, screen)


def fitting(drawn: Callable[[int], list[Ruled]], most: int, screen: Screen) -> list[Ruled]:
    """The tables of as many classes as there is room for: of three at least with whole names, or
    else with shortened ones.
    """
    for has_whole in (True, False):
        for classes in range(most, min(most, _FEWEST) - 1 if has_whole else 0, -1):
            tables = drawn(classes)
            fitted = [table.fitted(screen.width) for table in tables]
            if all(one.fits and not (has_whole and one.lost) for one in fitted):
                return tables
    return tables


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

    classes: Sequence[int]
    others: Sequence[int]

    def line(self, name: str, values: Sequence[float | None], end: str = "") -> Line:
        """A line of numbers, None where a cell is ignored; those of the others have a sum."""
        write = brief if name in _TARGETS else rounded
        found = [values[c] for c in self.classes]
        texts = [columns.IGNORED if value is None else write(value) for value in found]
        if self.others:
            rest = [value for c in self.others if (value := values[c]) is not None]
            texts.append(write(sum(rest)) if name not in _UNSUMMED else "")
        return [name, *texts, end]

    def blank(self, name: str, end: str) -> Line:
        """A line with nothing of the classes."""
        return [name, *[""] * (len(self.classes) + bool(self.others)), end]


_TARGETS = ("target", "smoothed")
_UNSUMMED = ("logits", "log probs", "sigmoid")


def _end_title(header: Header) -> str:
    how = "sum" if header.reduction is Reduction.SUM else "mean"
    return f"{'loss' if columns.by_row(header) else how} (nats)"


def _block(header: Header, outcome: Losses, classes: int) -> Block:
    """The working of a row, of the target's classes and those of the highest values."""
    values, target = np.asarray(_row(outcome.batch.values)), _target(header, outcome)
    order = np.lexsort((-values, -np.asarray(target)))[:classes]
    picked = sorted(order.tolist())
    chosen = _Chosen(picked, sorted(set(range(header.width)).difference(picked)))
    if isinstance(outcome, CellLosses):
        lines = _binary(header, outcome, chosen)
    else:
        lines = _multiclass(header, outcome, chosen)
    marked = _marked(outcome)
    labels = [(MARK if c in marked else "") + visible(header.labels[c]) for c in picked]
    if columns.is_single(header) and header.schema.classes is None:
        labels = [""]
    others = [count(len(chosen.others), "other")] * bool(chosen.others)
    heading = [columns.row_title(header, outcome), *labels, *others, _end_title(header)]
    end = -1 if columns.is_single(header) else None  # the loss stands in its only column
    return Block(
        heading[:end],
        [line[:end] for line in lines],
        frozenset(i for i, c in enumerate(picked) if c in marked),
    )


def _marked(outcome: Losses) -> frozenset[int]:
    if isinstance(outcome, CellLosses):
        cells = zip(_row(outcome.batch.target), _row(outcome.cell_used), strict=True)
        return frozenset(c for c, (target, used) in enumerate(cells) if used and target >= 0.5)
    return frozenset(map(int, _row(outcome.target_class) if outcome.used[0] else ()))


def _multiclass(header: Header, outcome: RowLosses, chosen: _Chosen) -> Iterator[Line]:
    yield from _given(header, outcome, "softmax", chosen)
    if not outcome.used[0]:
        yield chosen.blank("target", columns.IGNORED)
        return
    target = _target(header, outcome)
    yield chosen.line("smoothed" if header.label_smoothing else "target", target)
    pairs = zip(target, _row(outcome.surprisal), strict=True)
    terms = [y * nats if y else 0.0 for y, nats in pairs]  # nothing times infinity is nothing
    total = rounded(sum(terms))
    yield chosen.line("−y·ln p", terms, total)
    loss = _end(outcome.loss_unweighted)
    if total != loss:  # a dtype that rounds
        yield chosen.blank("loss", loss)
    if header.has_weights:
        yield chosen.blank("weighted", _end(outcome.loss))


def _binary(header: Header, outcome: CellLosses, chosen: _Chosen) -> Iterator[Line]:
    yield from _given(header, outcome, "sigmoid", chosen)
    yield chosen.line("target", _row(outcome.batch.target))
    is_used = outcome.used[0]
    if header.has_weights:
        end = _end(outcome.loss_unweighted) if is_used else ""
        yield chosen.line("unweighted", _losses(outcome.cell_unweighted, outcome), end)
    end = _end(outcome.loss) if is_used else columns.IGNORED
    yield chosen.line("loss", _losses(outcome.cell_loss, outcome), end)


def _losses(losses: Any, outcome: CellLosses) -> list[float | None]:
    cells = zip(_row(losses), _row(outcome.cell_used), strict=True)
    return [loss if counts else None for loss, counts in cells]


def _end(losses: Any) -> str:
    return rounded(*_row(losses))


def _given(header: Header, outcome: Losses, activation: str, chosen: _Chosen) -> Iterator[Line]:
    kind = header.schema.kind
    yield chosen.line(kind.value.replace("_", " "), _row(outcome.batch.values))
    if kind is not Kind.PROBS:
        name = activation if kind is Kind.LOGITS else "probs"
        yield chosen.line(name, _row(outcome.probs))


def _target(header: Header, outcome: Losses) -> list[float]:
    """What the target gives to each class, smoothed; of cells, their targets."""
    if header.target_form is not TargetForm.INDEX:
        shares = _row(outcome.batch.target)
    else:
        right = _row(outcome.target_class)[0]
        shares = [float(c == right) for c in range(header.width)]
    spread = header.label_smoothing
    return [share * (1 - spread) + spread / header.width for share in shares]


def _row(array: Any) -> list[float]:
    """The only row of an outcome's array, as a list."""
    return array[:1].ravel().tolist()  # type: ignore[no-any-return]
