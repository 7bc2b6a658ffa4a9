"""The parts of a tally, which add up: sums, spans, log-sum-exps of columns, means of batches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from cecalc.model import Flags, Floats, Integers
from cecalc.why.loss_variants import by_class, one_hot

K = TypeVar("K")
V = TypeVar("V")


class Table(dict[K, V]):
    """Sums by what they are of; what is in one of two alone is in neither; an empty one is neutral.

    >>> Table(a=1, b=2) + Table(b=3, c=4)
    {'b': 5}
    """

    def __add__(self, other: Table[K, Any]) -> Table[K, V]:
        if not self or not other:
            return self or other
        return Table({key: value + other[key] for key, value in self.items() if key in other})


@dataclass(frozen=True)
class Total:
    """What some rows' losses add up to."""

    loss: float = 0.0
    rows: int = 0
    weight: float = 0.0
    """What the mean divides by: rows, cells, or their weights."""

    @classmethod
    def of(cls, loss: Floats, mask: Flags, weight: Floats | float = 1.0) -> Total:
        """The sums over the rows that count: losses and weights of shape (n,)."""
        rows = int(np.count_nonzero(mask))
        weights = rows * weight if isinstance(weight, float) else float(weight[mask].sum())
        return cls(float(np.where(mask, loss, 0.0).sum()), rows, weights)

    def __add__(self, other: Total) -> Total:
        return Total(self.loss + other.loss, self.rows + other.rows, self.weight + other.weight)

    @property
    def mean(self) -> float:
        """The loss over the weight."""
        return self.loss / self.weight if self.weight else math.nan


@dataclass(frozen=True)
class Span:
    """The smallest and largest of what has been seen."""

    low: float = math.inf
    high: float = -math.inf

    @classmethod
    def of(cls, values: Floats) -> Span:
        """The span of an array."""
        return cls(float(values.min(initial=np.inf)), float(values.max(initial=-np.inf)))

    def __add__(self, other: Span) -> Span:
        return Span(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True)
class ColumnSums:
    """Log-sum-exps down the rows, one for each class: shape (C,)."""

    peak: Floats = field(default_factory=lambda: np.full(1, -np.inf))
    total: Floats = field(default_factory=lambda: np.zeros(1))

    @classmethod
    def of(cls, logits: Floats) -> ColumnSums:
        """Those of logits of shape (C, n)."""
        peak = logits.max(axis=1)
        safe = np.where(np.isfinite(peak), peak, 0.0)
        return cls(peak, np.exp(logits - safe[:, None]).sum(axis=1))

    def __add__(self, other: ColumnSums) -> ColumnSums:
        peak = np.maximum(self.peak, other.peak)
        a, b = (np.where(c.total > 0, c.total * np.exp(c.peak - peak), 0.0) for c in (self, other))
        return ColumnSums(peak, a + b)

    @property
    def lse(self) -> Floats:
        """Ln Σ exp of each column."""
        lse: Floats = self.peak + np.log(self.total)
        return lse


@dataclass(frozen=True)
class Batches:
    """Means of batches of a given size, as a training loop has them."""

    size: int | None
    """How many rows make one complete; None where that is not known."""
    whole: int = 0
    means: float = 0.0
    """The sum of the means of those that are complete."""
    ends: Mapping[int, float] = field(default_factory=dict)
    """The means of the first and the last of them, by their numbers."""
    rest: Mapping[int, Total] = field(default_factory=dict)
    """What the others add up to so far."""

    @classmethod
    def of(cls, size: int | None, place: Integers, loss: Floats, weight: Floats) -> Batches:
        """Those of some rows.

        Parameters
        ----------
        place : shape (n,), the number of each row's batch, ascending
        loss, weight : shape (n,), what the rows cost, and what the mean divides by
        """
        edges = np.flatnonzero(np.diff(place, prepend=-1))
        losses, weights = (np.add.reduceat(part, edges) for part in (loss, weight))
        numbers, rows = place[edges], np.diff(edges, append=len(place))
        full = rows == (size or -1)
        means = zip(numbers[full].tolist(), (losses[full] / weights[full]).tolist(), strict=True)
        totals = map(Total, *(part[~full].tolist() for part in (losses, rows, weights)))
        rest = dict(zip(numbers[~full].tolist(), totals, strict=True))
        return cls(size, rest=rest).with_means(dict(means))

    def with_means(self, means: Mapping[int, float]) -> Batches:
        """With more that are complete."""
        ends = {**self.ends, **means}
        return replace(
            self,
            whole=self.whole + len(means),
            means=self.means + math.fsum(means.values()),
            ends={number: ends[number] for number in (min(ends), max(ends))} if ends else {},
            rest={number: total for number, total in self.rest.items() if number not in means},
        )

    def __add__(self, other: Batches) -> Batches:
        rest = dict(self.rest)
        for number, total in other.rest.items():
            rest[number] = rest.get(number, Total()) + total
        whole, means = self.whole + other.whole, self.means + other.means
        both = Batches(self.size, whole, means, {**self.ends, **other.ends}, rest)
        full = {number: total.mean for number, total in rest.items() if total.rows == self.size}
        return both.with_means(full)

    @property
    def first(self) -> float:
        """The mean of the first one."""
        return self.ends[min(self.ends)]

    @property
    def last(self) -> float:
        """The mean of the last one."""
        return self.ends[max(self.ends)]

    def finish(self) -> Batches:
        """With the last one, which may be smaller."""
        return self.with_means({number: total.mean for number, total in self.rest.items()})


SHIFTS = {"next": 1, "previous": -1, "after_next": 2}
"""Readings by which a row is compared with the target of another row."""
NEIGHBOURS = max(map(abs, SHIFTS.values()))
Readings = dict[str, tuple[Integers, Flags]]
"""Ways to read targets: a class for each row, and which rows count, shape (N,) each."""


@dataclass(frozen=True)
class RowsOfBlock:
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

    @cached_property
    def places(self) -> Integers:
        """Shape (N,): which entry of axis 0 each row belongs to."""
        numbers = np.arange(self.start, self.start + self.size)
        return numbers if self.place is None else self.place

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
        if self.is_index:
            return one_hot(self.index, self.logits.shape[1])
        return by_class(self.target)

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
        of_used = np.where(self.used, values, 0.0)
        if self.is_index:
            counts = np.bincount(self.index, of_used, self.logits.shape[1])
            return counts.astype(np.float64)
        shared: Floats = self.shares @ of_used
        return shared

    def part(self, rows: slice) -> RowsOfBlock:
        """Some of them."""
        return replace(
            self,
            start=self.start + range(self.size)[rows].start,
            logits=self.logits[rows],
            target=self.target[rows],
            used=self.used[rows],
            place=None if self.place is None else self.place[rows],
            counted=None if self.counted is None else self.counted[rows],
        )

    def joined(self, other: RowsOfBlock) -> RowsOfBlock:
        """These, and those that come after them."""
        is_whole = self.counted is None and other.counted is None
        masks = self.counted_by_class, other.counted_by_class
        return RowsOfBlock(
            self.start,
            np.concatenate([self.logits, other.logits]),
            np.concatenate([self.target, other.target]),
            np.concatenate([self.used, other.used]),
            None if self.place is None else np.concatenate([self.place, other.places]),
            None if is_whole else np.concatenate(masks, axis=1).T,
        )

    def readings(self, order: tuple[int, ...] | None) -> Readings:
        """Ways to read targets that are one class; others are read as they are.

        Parameters
        ----------
        order : where each class's name stands when the names are sorted
        """
        if not self.is_index:
            return {}
        index, used, classes = self.index, self.used, self.logits.shape[1]
        readings = {
            "given": (index, used),
            "minus_one": ((index - 1) % classes, used),
            "plus_one": ((index + 1) % classes, used),
        }
        if order is not None:
            readings["by_name"] = np.asarray(order)[index], used
        return readings | {name: self._shifted(shift) for name, shift in SHIFTS.items()}

    def across(self, cut: int) -> Readings:
        """Those by neighbours, for the rows that look across the cut before row `cut`."""
        rows, readings = np.arange(self.size), Readings()
        for name, shift in SHIFTS.items():
            index, there = self._shifted(shift)
            readings[name] = index, there & ((rows < cut) != (rows + shift < cut))
        return readings

    def _shifted(self, shift: int) -> tuple[Integers, Flags]:
        """The class of the row so far away, and whether it is there and counts."""
        at = np.arange(self.size) + shift
        there = (at >= 0) & (at < self.size)
        at = np.where(there, at, 0)
        there &= self.used[at]
        if self.place is not None:
            there &= self.place[at] == self.place
        return self.index[at], there
