"""The parts of a tally, which merge: sums, spans, log-sum-exps of columns, means of batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from cecalc.model import Flags, Floats, Integers
from cecalc.why.loss_variants import Terms, Variant, by_class
from cecalc.why.plan import Plan


@dataclass(frozen=True)
class Total:
    """What some rows' losses add up to."""

    loss: float = 0.0
    rows: int = 0
    weight: float = 0.0
    """Σ of the weights of the rows' classes."""

    @classmethod
    def of(cls, loss: Floats, weight: Floats, mask: Flags) -> Total:
        """The sums of losses, and of the weights in them, over the rows that count: (n,) each."""
        kept = np.where(mask, loss, 0.0)
        return cls(float(kept.sum()), int(np.count_nonzero(mask)), float(weight[mask].sum()))

    @classmethod
    def plain(cls, loss: Floats) -> Total:
        """The sum of all rows, shape (n,)."""
        return cls(float(loss.sum()), loss.size, float(loss.size))

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

    def __or__(self, other: Span) -> Span:
        return Span(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True)
class ColumnSums:
    """Log-sum-exps down the rows, one for each class: shape (C,)."""

    peak: Floats
    total: Floats

    @classmethod
    def of(cls, logits: Floats) -> ColumnSums:
        """Those of logits of shape (C, n)."""
        peak = logits.max(axis=1)
        safe = np.where(np.isfinite(peak), peak, 0.0)
        return cls(peak, np.exp(logits - safe[:, None]).sum(axis=1))

    def __or__(self, other: ColumnSums) -> ColumnSums:
        peak = np.maximum(self.peak, other.peak)
        parts = [np.where(c.total > 0, c.total * np.exp(c.peak - peak), 0.0) for c in (self, other)]
        return ColumnSums(peak, parts[0] + parts[1])

    @property
    def lse(self) -> Floats:
        """Ln Σ exp of each column."""
        lse: Floats = self.peak + np.log(self.total)
        return lse


@dataclass(frozen=True)
class Batches:
    """Means of batches of a given size, as a training loop has them."""

    whole: int = 0
    means: float = 0.0
    """Their sum."""
    ends: Mapping[int, float] = field(default_factory=dict)
    """The means of the first and the last of them, by their numbers."""
    parts: Mapping[int, tuple[int, Total]] = field(default_factory=dict)
    """Batches of which not all rows have been seen: how many have, and what they add up to."""

    @classmethod
    def of(cls, place: Integers, size: int | None, losses: Sequence[Floats]) -> Batches:
        """Those of some rows.

        Parameters
        ----------
        place : shape (n,), the number of each row's batch, ascending
        size : how many rows make one complete; None where that is not known
        losses : what the rows cost, count and weigh, shape (n,) each
        """
        edges = np.flatnonzero(np.diff(place, prepend=-1))
        loss, rows, weight = (np.add.reduceat(part, edges) for part in losses)
        given = np.diff(np.append(edges, len(place)))
        numbers, full = place[edges], given == (size or -1)
        means = dict(zip(numbers[full].tolist(), (loss[full] / weight[full]).tolist(), strict=True))
        parts = {
            int(numbers[i]): (int(given[i]), Total(float(loss[i]), int(rows[i]), float(weight[i])))
            for i in np.flatnonzero(~full)
        }
        return cls().with_means(means, parts)

    def merge(self, other: Batches, size: int | None) -> Batches:
        """Both; batches that are complete now, having so many rows, become means."""
        parts = dict(self.parts)
        for number, (given, total) in other.parts.items():
            before = parts.get(number, (0, Total()))
            parts[number] = before[0] + given, before[1] + total
        full = [number for number, (given, _) in parts.items() if given == size]
        means = {number: parts.pop(number)[1].mean for number in full}
        ends = {**self.ends, **other.ends}
        both = Batches(self.whole + other.whole, self.means + other.means, ends)
        return both.with_means(means, parts)

    def finish(self) -> Batches:
        """With the last one, which may be smaller."""
        return self.with_means({n: total.mean for n, (_, total) in self.parts.items()}, {})

    def with_means(
        self, means: Mapping[int, float], parts: Mapping[int, tuple[int, Total]]
    ) -> Batches:
        """With more batches, and with these parts instead of its own."""
        ends = {**self.ends, **means}
        kept = {number: ends[number] for number in (min(ends), max(ends))} if ends else {}
        total = self.means + math.fsum(means.values())
        return Batches(self.whole + len(means), total, kept, parts)


SHIFTS = {"next": 1, "previous": -1, "after_next": 2}
"""Readings by which a row is compared with the target of another row."""
NEIGHBOURS = max(map(abs, SHIFTS.values()))


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

    def part(self, rows: slice) -> RowsOfBlock:
        """Some of them."""
        first = range(self.size)[rows]
        place = None if self.place is None else self.place[rows]
        start = self.start + (first.start if len(first) else 0)
        counted = None if self.counted is None else self.counted[rows]
        return RowsOfBlock(
            start, self.logits[rows], self.target[rows], self.used[rows], place, counted
        )

    def joined(self, other: RowsOfBlock) -> RowsOfBlock:
        """These, and those that come after them."""
        joined: dict[str, Any] = {
            name: None if part is None else np.concatenate([part, getattr(other, name)])
            for name in ("logits", "target", "used", "place", "counted")
            for part in (getattr(self, name),)
        }
        return RowsOfBlock(start=self.start, **joined)

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


@dataclass(frozen=True)
class Costs:
    """Some rows, whose targets are weighted and smoothed as a plan says; losses of shape (n,)."""

    rows: RowsOfBlock
    plan: Plan

    def of_index(self, terms: Terms, index: Integers) -> Floats:
        """Rows whose target is one class, whichever that is."""
        return self.smoothed(terms, self.plan.weights(index) * terms.at(index))

    def read(self, form: Variant, terms: Terms, index: Integers, mask: Flags) -> Total:
        """The sum over rows whose target is read as one class, of those that count."""
        if form.is_of_cells:  # there, weights belong to columns
            return Total.of(terms.at(index), np.ones(len(index)), mask)
        return Total.of(self.of_index(terms, index), self.plan.weights(index), mask)

    def given(self, terms: Terms) -> Floats:
        """Rows with their own targets."""
        return self.smoothed(terms, self.unsmoothed(terms))

    def unsmoothed(self, terms: Terms) -> Floats:
        """The same without smoothing."""
        if self.rows.is_index:
            return self.plan.weights(self.rows.index) * terms.at(self.rows.index)
        return terms.mixed(self.rows.weighted(self.plan.weight))

    def smoothed(self, terms: Terms, losses: Floats) -> Floats:
        """With the share of smoothing that every class has, as torch does."""
        eps = self.plan.smoothing
        if not eps:
            return losses
        const = terms.const()
        spread = eps / self.plan.classes * terms.every(self.plan.weight)
        return const + (1.0 - eps) * (losses - const) + spread
