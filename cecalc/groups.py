"""What the rows of each group add up to: `--by`.

A group is as exact as the whole: its sums lose nothing, so that blocks and threads change no digit,
and the groups' numerators add up to the whole's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cecalc.records import Groups, Header, Outcome, Rank, Reduction, Task
from cecalc.summary import ONE, ZERO, ExactSum

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats, Integers

Key = tuple[str, ...]


@dataclass(frozen=True)
class _Terms:
    """What rows (or their cells) add to the sums of their groups; T terms."""

    row: Integers
    """Shape (T,): the row of each."""
    cell: Integers
    """Shape (T,): the column of each, 0 where a row is one term."""
    loss: Floats
    weight: Floats | None
    correct: Flags


@dataclass
class Group:
    """Counts and exact sums over the rows of a group."""

    rows: int = 0
    correct: int = 0
    cells: int = 0
    cells_correct: int = 0
    numerator: ExactSum = ZERO
    weights: ExactSum = ZERO

    def add(self, other: Group) -> None:
        """Take in the rows of another part of the input."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Grouping:
    """The groups seen so far."""

    header: Header
    by_cell: bool = False
    """Whether the columns of a row's cells are the groups, instead of the rows' keys."""
    groups: dict[Key, Group] = field(default_factory=dict)

    def add(self, outcome: Outcome, keys: Sequence[Key]) -> None:
        """Look at one more batch, each of whose rows (or columns of cells) has a key."""
        numbers: dict[Key, int] = {}
        group = np.asarray([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
        terms = _terms(outcome, self.header)
        parts = _parts(terms, group[terms.cell if self.by_cell else terms.row], len(numbers))
        if not self.by_cell:
            _count_rows(parts, outcome, group)
        for key, part in zip(numbers, parts, strict=True):
            if (known := self.groups.get(key)) is None:
                self.groups[key] = part
            else:
                known.add(part)

    def finish(self, rank: Rank | None) -> Groups:
        """The groups, highest loss first; those with no row that counts stand last."""
        whole = ZERO
        for group in self.groups.values():
            whole += group.numerator
        is_sum = self.header.reduction is Reduction.SUM
        losses = {
            key: g.numerator.value() if is_sum else g.numerator.over(g.weights)
            for key, g in self.groups.items()
        }
        lowest = rank is not None and rank.lowest
        ordered = sorted(self.groups, key=lambda key: _order(losses[key], lowest=lowest))
        chosen = ordered if rank is None else ordered[: rank.count]
        found = [self.groups[key] for key in chosen]
        has_cells = self.header.task is Task.BCE and self.header.width > 1 and not self.by_cell
        return Groups(
            keys=chosen,
            total=len(ordered),
            rows=np.asarray([g.rows for g in found], np.int64),
            loss=np.asarray([losses[key] for key in chosen]),
            share=np.asarray([g.numerator.over(whole) for g in found]),
            accuracy=_ratios([(g.correct, g.rows) for g in found]),
            cell_accuracy=_ratios([(g.cells_correct, g.cells) for g in found])
            if has_cells
            else None,
        )


def _order(loss: float, *, lowest: bool) -> tuple[bool, float]:
    is_nan = loss != loss  # noqa: PLR0124
    return is_nan, 0.0 if is_nan else loss if lowest else -loss


def _ratios(pairs: Sequence[tuple[int, int]]) -> Floats:
    return np.asarray([part / whole if whole else np.nan for part, whole in pairs])


def _parts(terms: _Terms, group: Integers, count: int) -> list[Group]:
    """A batch's part of each of its groups; a term counts as a row, until rows are counted."""
    cells = np.bincount(group, minlength=count).tolist()
    correct = np.bincount(group[terms.correct], minlength=count).tolist()
    weights = (
        [ExactSum(n * ONE) for n in cells]
        if terms.weight is None
        else ExactSum.by_group(terms.weight, group, count)
    )
    numerators = ExactSum.by_group(terms.loss, group, count)
    return list(map(Group, cells, correct, cells, correct, numerators, weights))


def _count_rows(parts: list[Group], outcome: Outcome, group: Integers) -> None:
    assert outcome.correct is not None
    for name, flags in (("rows", outcome.used), ("correct", outcome.used & outcome.correct)):
        counts = np.bincount(group[flags], minlength=len(parts))
        for part, number in zip(parts, counts.tolist(), strict=True):
            setattr(part, name, number)


def _terms(outcome: Outcome, header: Header) -> _Terms:
    if header.task is not Task.BCE:
        assert outcome.loss is not None and outcome.correct is not None
        rows = np.flatnonzero(outcome.used)
        weight = None if outcome.weight is None else outcome.weight[rows]
        return _Terms(rows, rows * 0, outcome.loss[rows], weight, outcome.correct[rows])
    assert outcome.cell_loss is not None and outcome.cell_correct is not None
    assert outcome.cell_used is not None
    rows, cells = np.nonzero(outcome.cell_used)
    weight = None if outcome.weight is None else outcome.weight[rows]
    used = rows, cells
    return _Terms(rows, cells, outcome.cell_loss[used], weight, outcome.cell_correct[used])
