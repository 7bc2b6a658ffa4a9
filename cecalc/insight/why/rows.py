"""Some rows as recipes look at them, and the ways their targets may be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.insight.why.plan import Plan
from cecalc.insight.why.scores import by_class

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats, Integers

SHIFTS = {"next": 1, "previous": -1, "after_next": 2}
"""Readings by which a row is compared with the target of another row."""
NEIGHBOURS = max(map(abs, SHIFTS.values()))


@dataclass(frozen=True)
class Rows:
    """Consecutive rows."""

    start: int
    """The 0-based number of the first one."""
    logits: Floats
    """Shape (N, C)."""
    target: Floats
    """Shape (N,) of classes, (N, C) of a distribution or of cells."""
    used: Flags
    """Shape (N,): which rows count."""
    place: Integers | None = None
    """Shape (N,): where each row stands on axis 0, for input of more dimensions."""
    counted: Flags | None = None
    """Shape (N, C): which cells count, where not all do."""

    @property
    def size(self) -> int:
        """N."""
        return int(self.logits.shape[0])

    @property
    def samples(self) -> int:
        """How many entries axis 0 has up to here."""
        if self.place is None:
            return self.start + self.size
        return int(self.place.max(initial=-1)) + 1

    def batch_numbers(self, size: int) -> Integers:
        """Shape (N,): which batch of `size` entries of axis 0 each row belongs to."""
        if self.place is not None:
            return self.place // size
        numbers: Integers = np.arange(self.start, self.start + self.size) // size
        return numbers

    @cached_property
    def counted_by_class(self) -> Flags:
        """Shape (C, N): which cells count."""
        if self.counted is None:
            return np.ones(self.logits.shape[::-1], dtype=np.bool_)
        return np.ascontiguousarray(self.counted.T)

    @cached_property
    def cells_counted(self) -> Floats:
        """Shape (N,): how many cells of each row count."""
        counts: Floats = self.counted_by_class.sum(axis=0, dtype=np.float64)
        return counts

    @property
    def is_index(self) -> bool:
        """Whether the target is a class."""
        return self.target.ndim == 1

    @cached_property
    def index(self) -> Integers:
        """Shape (N,): the target's class, or its largest; 0 where ignored."""
        if self.is_index:
            return np.where(self.used, self.target, 0).astype(np.int64)
        index: Integers = self.target.argmax(axis=1)
        return index

    @cached_property
    def shares(self) -> Floats:
        """Shape (C, N): the target's share of each class."""
        if not self.is_index:
            return by_class(self.target)
        classes = self.logits.shape[1]
        return np.where(np.arange(classes)[:, None] == self.index, 1.0, 0.0)

    @cached_property
    def is_one_hot(self) -> bool:
        """Whether every target is one class."""
        return self.is_index or bool(((self.target == 0) | (self.target == 1)).all())

    @cached_property
    def entropies(self) -> Floats:
        """Shape (N,): the entropy of each target, nats."""
        if self.is_index:
            return np.zeros(self.size)
        positive = np.where(self.target > 0, self.target, 1.0)
        entropies: Floats = -(positive * np.log(positive)).sum(axis=1)
        return entropies

    def per_class(self, values: Floats) -> Floats:
        """Shape (C,): the values of the rows that count, shape (N,), shared out as targets are."""
        kept = np.where(self.used, values, 0.0)
        if self.is_index:
            counts: Floats = np.bincount(self.index, kept, self.logits.shape[1]).astype(np.float64)
            return counts
        shared: Floats = self.shares @ kept
        return shared

    def weighted(self, weight: Floats | None) -> Floats:
        """Shape (C, N): the shares times the weights of their classes."""
        return self.shares if weight is None else self.shares * weight[:, None]

    def part(self, rows: slice) -> Rows:
        """Some of them."""
        first = range(self.size)[rows]
        place = None if self.place is None else self.place[rows]
        start = self.start + (first.start if len(first) else 0)
        counted = None if self.counted is None else self.counted[rows]
        return Rows(start, self.logits[rows], self.target[rows], self.used[rows], place, counted)

    def joined(self, other: Rows) -> Rows:
        """These, and those that come after them."""
        joined: dict[str, Any] = {
            name: None if part is None else np.concatenate([part, getattr(other, name)])
            for name in ("logits", "target", "used", "place", "counted")
            for part in (getattr(self, name),)
        }
        return Rows(start=self.start, **joined)

    def readings(
        self, piece: slice, plan: Plan, *, wide: bool
    ) -> Iterator[tuple[str, Integers, Flags]]:
        """Ways to read the targets of a piece: a name, a class for each row, which rows count."""
        yield "given", self.index[piece], self.used[piece]
        if not wide or not self.is_index:
            return
        index, used, classes = self.index[piece], self.used[piece], plan.classes
        yield "minus_one", (index - 1) % classes, used
        yield "plus_one", (index + 1) % classes, used
        if plan.order is not None:
            yield "by_name", np.asarray(plan.order)[index], used
        for name, shift in SHIFTS.items():
            shifted, there = self._neighbours[shift]
            yield name, shifted[piece], there[piece]

    @cached_property
    def _neighbours(self) -> dict[int, tuple[Integers, Flags]]:
        """For each shift: the class of the row so far away, and whether it is there and counts."""
        return {shift: self._shifted(shift) for shift in SHIFTS.values()}

    def _shifted(self, shift: int) -> tuple[Integers, Flags]:
        at = np.arange(self.size) + shift
        there = (at >= 0) & (at < self.size)
        at = np.where(there, at, 0)
        there &= self.used[at]
        if self.place is not None:
            there &= self.place[at] == self.place
        return self.index[at], there

    def over(self, cut: int) -> Iterator[tuple[str, Integers, Flags]]:
        """Readings by neighbours, for the rows that look across the cut before row `cut`."""
        rows = np.arange(self.size)
        for name, shift in SHIFTS.items():
            shifted, there = self._neighbours[shift]
            yield name, shifted, there & ((rows < cut) != (rows + shift < cut))
