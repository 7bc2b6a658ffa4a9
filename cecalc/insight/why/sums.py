"""The parts of a tally, which merge: sums, spans, log-sum-exps of columns, means of batches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats, Integers


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
class Columns:
    """Log-sum-exps down the rows, one for each class: shape (C,)."""

    peak: Floats
    total: Floats

    @classmethod
    def of(cls, logits: Floats) -> Columns:
        """Those of logits of shape (C, n)."""
        peak = logits.max(axis=1)
        safe = np.where(np.isfinite(peak), peak, 0.0)
        return cls(peak, np.exp(logits - safe[:, None]).sum(axis=1))

    def __or__(self, other: Columns) -> Columns:
        peak = np.maximum(self.peak, other.peak)
        parts = [np.where(c.total > 0, c.total * np.exp(c.peak - peak), 0.0) for c in (self, other)]
        return Columns(peak, parts[0] + parts[1])

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
