"""A few rows worked out as in a textbook: what is given, its probabilities, the loss by class."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from rich.cells import cell_len

from cecalc.errors import count, visible
from cecalc.items import CellLosses, Header, Losses, RowLosses
from cecalc.model import Floats
from cecalc.numbers import aligned, brief, rounded
from cecalc.output import columns
from cecalc.output.fitting import Ruled, Side, Strip, flush
from cecalc.request import Screen
from cecalc.terms import Kind, Reduction, TargetForm

ROWS = 6
"""More rows than these are not worked out."""
ALL, FEW, _FEWEST = 8, 6, 3
"""Up to how many classes all have a column, how many else, and how few with whole names."""
MARK = "▸"


Line = Sequence[str]
"""A line of a row's working: its name, a text per class, and what stands at their right."""


Block = Sequence[Line]
"""The working of one row: a heading, and lines of as many texts."""


def of(header: Header, rows: Sequence[Losses], screen: Screen) -> list[Ruled]:
    """The working of each row, of as many classes as there is room for."""
    return fitting(lambda n, _: [_block(header, row, n) for row in rows], header.width, screen)[0]


def fitting(
    blocks: Callable[[int, bool], Sequence[Block]], width: int, screen: Screen
) -> tuple[list[Ruled], int, bool]:
    """The tables of as many classes as there is room for: of three at least with whole names, or
    else with shortened ones; how many those are, and whether their names are whole.

    Parameters
    ----------
    blocks : of a number of classes, and whether their names are whole
    width : how many classes there are
    """
    most = width if width <= ALL else FEW
    for has_whole in (True, False):
        for classes in range(most, min(most, _FEWEST) - 1 if has_whole else 0, -1):
            found = tables(blocks(classes, has_whole))
            fitted = [table.fitted(screen.width) for table in found]
            if all(one.fits and not (has_whole and one.lost) for one in fitted):
                return found, classes, has_whole
    return found, classes, has_whole


def picked_of(values: Floats, target: Floats, classes: int | None) -> list[int]:
    """The classes that have a column: the target's, then those of the highest values."""
    return sorted(np.lexsort((-values, -target))[:classes].tolist())


def tables(blocks: Sequence[Block]) -> list[Ruled]:
    """Each block as a table, with columns at the same places in all; all have as many."""
    bodies = zip(*(line for _, *lines in blocks for line in lines), strict=True)
    heads = zip(*(heading for heading, *_ in blocks), strict=True)
    parts = list[tuple[Line, Iterator[str]]]()
    for c, (heading, body) in enumerate(zip(heads, bodies, strict=True)):
        side: Side = "right" if c else "left"
        cells = flush(aligned(body) if c else body, side)
        parts.append((flush(heading, side, cell_len(cells[0])), iter(cells)))
    found = []
    for number, (_, *lines) in enumerate(blocks):
        strips = [
            _strip(c, heading[number], list(islice(cells, len(lines))), lines)
            for c, (heading, cells) in enumerate(parts)
        ]
        found.append(Ruled(strips, is_told=number == len(blocks) - 1))
    return found


def _strip(c: int, heading: str, cells: Line, lines: Sequence[Line]) -> Strip:
    """A column of a block."""
    last = len(lines[0]) - 1
    is_strong = c in (0, last) or heading.lstrip().startswith(MARK)
    if c == 0:
        styles = ["dim" if any(line[1:]) else "bold" for line in lines]
    else:
        faint = ["dim" if text.strip(" 0.") == "" else "" for text in cells]
        styles = ["bold"] * len(cells) if is_strong else faint
    return Strip(
        heading,
        cells,
        side="right" if c else "left",
        shrinks="heading" if c < last else "",
        styles=["bold" if is_strong else "dim", *styles],
    )


@dataclass(frozen=True)
class Step:
    """What becomes a line of a row's working."""

    name: str
    values: Any = None
    """A number for each class, shape (C,); None for nothing."""
    end: str | float = ""
    """What stands at their right."""
    has_sum: bool = False
    """Whether a sum over classes says something."""
    write: Callable[[float], str] = rounded
    used: Any = True
    """Which of the values count."""

    def line(self, picked: Sequence[int], others: int) -> Line:
        """The numbers of the picked classes, and the sum of the others if there are any."""
        end = self.end if isinstance(self.end, str) else rounded(self.end)
        if self.values is None:
            return [self.name, *[""] * (len(picked) + bool(others)), end]
        found, is_used = np.broadcast_arrays(self.values, self.used)
        pairs = [(float(found[c]), bool(is_used[c])) for c in picked]
        texts = [self.write(value) if counts else columns.IGNORED for value, counts in pairs]
        if others:
            with np.errstate(over="ignore"):
                rest = float(np.delete(np.where(is_used, found, 0.0), picked).sum())
            texts.append(self.write(rest) if self.has_sum else "")
        return [self.name, *texts, end]


summed = partial(Step, has_sum=True)


def block(
    title: str,
    labels: Sequence[str],
    picked: Sequence[int],
    marked: Collection[int],
    steps: Iterable[Step],
    last: str,
) -> Block:
    """The working of a row.

    Parameters
    ----------
    labels : of all classes
    picked : the classes that have a column; the others are added up
    marked : the classes that the target names
    last : the heading of what stands at the right
    """
    others = len(labels) - len(picked)
    names = [(MARK if c in marked else "") + labels[c] for c in picked]
    names += [count(others, "other")] * bool(others)
    return [[title, *names, last], *(step.line(picked, others) for step in steps)]


def _block(header: Header, outcome: Losses, classes: int) -> Block:
    """The working of a row, of the target's classes and those of the highest values."""
    target, is_lone = _target(header, outcome), columns.is_single(header)
    if isinstance(outcome, CellLosses):
        steps = _binary(header, outcome)
        marked = np.flatnonzero((target[0] >= 0.5) & outcome.cell_used[0]).tolist()
    else:
        steps = _multiclass(header, outcome, target)
        marked = outcome.target_class.tolist()  # -1, where ignored, is none
    how = "sum" if header.reduction is Reduction.SUM else "mean"
    total = f"{'loss' if columns.by_row(header) else how} (nats)"
    labels = [visible(label) for label in header.labels]
    if is_lone and header.schema.classes is None:
        labels, marked = [""], []
    picked = picked_of(outcome.batch.values[0], target[0], classes)
    found = block(columns.row_title(header, outcome), labels, picked, marked, steps, total)
    if not is_lone:
        return found
    # The loss stands in its only column.
    return [line[:-1] for line in found]


def _multiclass(header: Header, outcome: RowLosses, target: Floats) -> Iterator[Step]:
    yield from _given(header, outcome, "softmax")
    if not outcome.used[0]:
        yield Step("target", end=columns.IGNORED)
        return
    yield summed("smoothed" if header.label_smoothing else "target", target[0], write=brief)
    with np.errstate(invalid="ignore"):  # nothing times infinity is nothing
        terms = np.where(target == 0, 0.0, target * outcome.surprisal)[0]
    total, loss = rounded(sum(terms.tolist())), rounded(float(outcome.loss_unweighted[0]))
    yield summed("−y·ln p", terms, total)
    if total != loss:  # a dtype that rounds
        yield Step("loss", end=loss)
    if header.has_weights:
        yield Step("weighted", end=float(outcome.loss[0]))


def _binary(header: Header, outcome: CellLosses) -> Iterator[Step]:
    yield from _given(header, outcome, "sigmoid")
    yield summed("target", outcome.batch.truth[0], write=brief)
    used, ends = outcome.cell_used[0], ["", columns.IGNORED]
    if outcome.used[0]:
        ends = [rounded(float(loss[0])) for loss in (outcome.loss_unweighted, outcome.loss)]
    if header.has_weights:
        yield summed("unweighted", outcome.cell_unweighted[0], ends[0], used=used)
    yield summed("loss", outcome.cell_loss[0], ends[1], used=used)


def _given(header: Header, outcome: Losses, activation: str) -> Iterator[Step]:
    kind = header.schema.kind
    name, is_probs = kind.value.replace("_", " "), kind is Kind.PROBS
    yield Step(name, outcome.batch.values[0], has_sum=is_probs)
    if not is_probs:
        name = activation if kind is Kind.LOGITS else "probs"
        yield Step(name, outcome.probs[0], has_sum=name != "sigmoid")


def _target(header: Header, outcome: Losses) -> Floats:
    """What the target gives to each class, smoothed; of cells, their targets: shape (1, C)."""
    shares: Floats = outcome.batch.truth
    if header.target_form is TargetForm.INDEX and isinstance(outcome, RowLosses):
        shares = (np.arange(header.width) == outcome.target_class[:, None]).astype(np.float64)
    spread = header.label_smoothing
    return shares * (1 - spread) + spread / header.width
