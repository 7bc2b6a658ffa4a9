"""What the rows of each group add up to: `--by`.

A group is as exact as the whole: its sums lose nothing, so that blocks and threads change no digit,
and the groups' numerators add up to the whole's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from cecalc.exact import ONE, ZERO, ExactSum
from cecalc.model import Batch, CellLosses, Floats, Groups, Header, Integers, Item, Losses
from cecalc.ranking import order_of
from cecalc.request import Rank
from cecalc.run.collectors import Collector, Summed
from cecalc.summary import Summary
from cecalc.terms import Reduction, Task

Key = tuple[str, ...]


@dataclass
class Grouping(Collector[Summed]):
    """The groups of rows, or of each class's cells, seen so far."""

    header: Header
    keys: Callable[[Losses], Sequence[Key]]
    """A key for each row, or for each column of cells."""
    rank: Rank | None = None
    by_cell: bool = False
    """Whether the columns of a row's cells are the groups, instead of the rows' keys."""
    groups: dict[Key, Summary] = field(default_factory=dict)

    def add(self, summed: Summed, _given: Batch) -> Iterable[Item]:
        """Look at one more batch."""
        losses, numbers = summed.outcome, dict[Key, int]()
        if not isinstance(losses, Losses):
            return ()
        keys = self.keys(losses)
        group = np.asarray([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
        summaries = _summaries(losses, group, len(numbers), by_cell=self.by_cell)
        for key, part in zip(numbers, summaries, strict=True):
            known = self.groups.get(key)
            self.groups[key] = part if known is None else known.merge(part)
        return ()

    def finish(self, _total: Summary) -> Iterable[Groups]:
        """The groups, highest (or lowest) loss first; those with no row that counts stand last."""
        keys, groups = list(self.groups), list(self.groups.values())
        is_sum = self.header.reduction is Reduction.SUM
        sums = [(group.numerator, ExactSum(ONE) if is_sum else group.weights) for group in groups]
        losses = np.asarray([numerator.over(weights) for numerator, weights in sums])
        is_unused = np.asarray([not group.rows_used for group in groups])
        rank = self.rank or Rank(len(groups))
        is_late, ascending = order_of(losses, lowest=rank.lowest)
        chosen = np.lexsort((ascending, is_late, is_unused))[: rank.count].tolist()
        found = [groups[i] for i in chosen]
        whole = sum((group.numerator for group in groups), ZERO)
        has_cells = self.header.task is Task.BCE and self.header.width > 1 and not self.by_cell
        cells = _ratios([(g.cells_correct, g.cells_used) for g in found]) if has_cells else None
        shares = [math.nan if whole.special else g.numerator.over(whole) for g in found]
        yield Groups(
            keys=[keys[i] for i in chosen],
            total=len(groups),
            rows=np.asarray([g.rows_used for g in found], np.int64),
            loss=losses[chosen],
            share=np.asarray(shares),
            accuracy=_ratios([(g.correct, g.rows_used) for g in found]),
            cell_accuracy=cells,
        )


def _ratios(pairs: Sequence[tuple[int, int]]) -> Floats:
    return np.asarray([part / whole if whole else np.nan for part, whole in pairs])


def _summaries(losses: Losses, group: Integers, count: int, *, by_cell: bool) -> list[Summary]:
    """A batch's part of each of its groups; of a column of cells, each one is a row."""
    if isinstance(losses, CellLosses):
        used = rows, cells = np.nonzero(losses.cell_used)
        loss, correct = losses.cell_loss[used], losses.cell_correct[used]
    else:
        rows = cells = np.flatnonzero(losses.used)
        loss, correct = losses.loss[rows], losses.correct[rows]
    term = group[cells if by_cell else rows]
    of_rows = (term, term[correct])
    if not by_cell:
        of_rows = group[losses.used], group[losses.used & losses.correct]
    numbers = (np.bincount(of, minlength=count) for of in (*of_rows, term, term[correct]))
    rows_used, right, cells_used, cells_right = (found.tolist() for found in numbers)
    weights = [ExactSum(number * ONE) for number in cells_used]
    if losses.weight is not None:
        weights = ExactSum.by_group(losses.weight[rows], term, count)
    numerators = ExactSum.by_group(loss, term, count)
    return [
        Summary(
            rows_used=rows_used[g],
            correct=right[g],
            cells_used=cells_used[g],
            cells_correct=cells_right[g],
            numerator=numerators[g],
            weights=weights[g],
        )
        for g in range(count)
    ]
