"""What is known of the run that printed a number, and what is therefore summed of the rows: the
parts of a tally, which add up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from cecalc.mistakes.loss_variants import BCE, CE, Variant, by_class, one_hot
from cecalc.model import Array, Flags, Floats, Integers

K = TypeVar("K")
V = TypeVar("V")

USUAL: Mapping[str, tuple[float, ...]] = {
    "batch_size": (*(2**k for k in range(1, 13)), 10, 20, 50, 100, 200, 500, 1000),
    "weight": (0.1, 0.2, 0.25, 0.5, 0.75, 1.5, 2, 3, 4, 5, 8, 10, 20, 25, 50, 100),
    "label_smoothing": tuple(percent / 100 for percent in (1, 2, 5, *range(10, 60, 5), 90)),
    "focal": (2, 0.5, 1, 3, 5),
    "temperature": (0.07, 0.1, 0.5, 2, 4, 0.05, 0.2, 0.6, 0.7, 0.8, 1.5, 3, 5, 10, 20),
}
"""The usual values of a loop's options; the weight is that of positives."""
_UNASKED = {"focal": 1, "temperature": 5}
"""How many of them are tried though nobody said anything of the option."""


@dataclass(frozen=True)
class Plan:
    """What is known, what is tried of the rest, and what is therefore summed."""

    is_of_cells: bool
    """Whether each cell has a label of its own; else each row has a class or a distribution."""
    classes: int
    label_smoothing: float = 0.0
    said: Mapping[str, float | None] = field(default_factory=dict)
    """What was said of the options of `USUAL`: a value, or None for any."""
    framework: str | None = None
    deep: bool = False
    """Whether several mistakes at once are looked for."""
    is_pos_weight: bool = False
    """Whether the weight is of the term y ln p alone."""
    is_checked: bool = True
    """Whether targets and probabilities keep their rules."""
    is_of_logits: bool = True
    """Whether the values were not said to be probabilities."""
    forms: tuple[Variant, ...] = ()
    """Every form, the right one first."""
    weight: Floats | None = None
    """Shape (C,), of classes or of columns of cells."""
    order: tuple[int, ...] | None = None
    """Where each class's name stands when the names are sorted; None where that changes nothing."""
    ignored: int | None = None
    """The class that leaves a row out."""
    has_positions: bool = False
    """Whether an entry of axis 0 is many rows."""

    def weights(self, index: Integers) -> Floats:
        """The weight of each class of shape (n,); 1 where there are none."""
        return np.ones(len(index)) if self.weight is None else self.weight[index]

    def tried(self, option: str) -> tuple[float, ...]:
        """Which values of an option of the loop are tried: what was said, or usual ones."""
        known, usual = self.said.get(option), USUAL[option]
        if known is not None:
            return (known,)
        return usual if option in self.said else usual[: _UNASKED.get(option, 0)]

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Which ones are summed; an entry of axis 0 that is many rows is a batch too."""
        sizes = map(int, self.tried("batch_size"))
        return tuple(dict.fromkeys([*sizes, *([1] if self.has_positions else [])]))

    @property
    def right(self) -> Variant:
        """The loss as it should be computed."""
        if self.is_of_cells:
            return BCE
        return CE if self.is_normalised else Variant("logits", "nll")

    @property
    def is_normalised(self) -> bool:
        """Whether each row's probabilities sum to 1; else -ln p is taken of them as they are."""
        return self.is_of_logits or self.is_checked

    @property
    def meanings(self) -> Mapping[str, tuple[Floats, Floats]]:
        """What the weights of cells may be taken for: what multiplies targets 1, and targets 0, of
        shape (C, 1).
        """
        if self.weight is None:
            return {}
        own, one = self.weight[:, None], np.ones((self.classes, 1))
        return {"weight": (own, own), "pos_weight": (own, one), "neg_weight": (one, own)}

    @property
    def reading(self) -> str:
        """How the right loss reads the targets: with their weights."""
        if self.weight is None or not self.is_of_cells:
            return "given"
        return "pos_weight" if self.is_pos_weight else "weight"

    @property
    def smoothing(self) -> float:
        """Epsilon of the right loss: torch's binary cross-entropy has none."""
        return 0.0 if self.is_of_cells else self.label_smoothing


class KeyedSums(dict[K, V]):
    """Sums by what they are of; what is in one of two alone is in neither; an empty one is neutral.

    >>> KeyedSums(a=1, b=2) + KeyedSums(b=3, c=4)
    {'b': 5}
    """

    def __add__(self, other: KeyedSums[K, Any]) -> KeyedSums[K, V]:
        if not self or not other:
            return self or other
        return KeyedSums({key: value + other[key] for key, value in self.items() if key in other})


@dataclass(frozen=True)
class Total:
    """What some rows' losses add up to."""

    loss: float = 0.0
    """Nats."""
    weight: float = 0.0
    """What the mean divides by: rows, cells, or their weights."""
    rows: int = 0
    """How many are summed; 0 where only the mean is asked for."""
    is_of_cells: bool = False
    """Whether each cell has a loss of its own; known once a form is."""

    @classmethod
    def of(
        cls, loss: Floats, mask: Flags, weight: Floats | float = 1.0, sample: Floats | None = None
    ) -> Total:
        """The sums over the rows that count: losses and weights, also of rows, of shape (n,)."""
        rows = int(np.count_nonzero(mask))
        if sample is not None:
            loss, weight = loss * sample, weight * sample
        weights = rows * weight if isinstance(weight, float) else float(weight[mask].sum())
        return cls(float(np.where(mask, loss, 0.0).sum()), weights, rows)

    def __add__(self, other: Total) -> Total:
        return Total(self.loss + other.loss, self.weight + other.weight, self.rows + other.rows)

    @property
    def mean(self) -> float:
        """The loss over the weight; nan of nothing."""
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

    @property
    def is_of_shares(self) -> bool:
        """Whether all lie within 0..1."""
        return self.low >= 0 and self.high <= 1

    def __add__(self, other: Span) -> Span:
        return Span(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True)
class Batches:
    """Means of batches, as a training loop has them, of consecutive rows."""

    whole: int = 0
    """How many are complete: all but the first and the last."""
    means: float = 0.0
    """The sum of their means."""
    ends: Mapping[int, Total] = field(default_factory=dict)
    """What the first and the last one add up to so far, by their numbers."""

    @classmethod
    def of(cls, place: Integers, loss: Floats, weight: Floats) -> Batches:
        """Those of some rows.

        Parameters
        ----------
        place : shape (n,), the number of each row's batch, ascending
        loss, weight : shape (n,), what the rows cost, and what the mean divides by
        """
        edges = np.flatnonzero(np.diff(place, prepend=-1))
        losses, weights = (np.add.reduceat(part, edges) for part in (loss, weight))
        means = (losses / weights)[1:-1]
        totals = (Total(float(losses[n]), float(weights[n])) for n in (0, -1))
        ends = dict(zip(place[[0, -1]].tolist(), totals, strict=True))
        return cls(len(means), float(means.sum()), ends)

    def __add__(self, other: Batches) -> Batches:
        ends = dict(self.ends)
        for number, total in other.ends.items():
            ends[number] = ends.get(number, Total()) + total
        inner = [ends.pop(number).mean for number in sorted(ends)[1:-1]]
        means = self.means + other.means + math.fsum(inner)
        return Batches(self.whole + other.whole + len(inner), means, ends)

    @property
    def number(self) -> int:
        """How many there are, the last one too, which may be smaller."""
        return self.whole + len(self.ends)

    @property
    def at_ends(self) -> list[float]:
        """The means of the first and of the last one, which may be the same."""
        return [self.ends[number].mean for number in sorted(self.ends)]

    @property
    def total(self) -> float:
        """The sum of all means."""
        return self.means + math.fsum(self.at_ends)


SHIFTS = {"next": 1, "previous": -1, "after_next": 2}
"""Readings by which a row is compared with the target of another row."""
NEIGHBOURS = max(map(abs, SHIFTS.values()))
Readings = dict[str, tuple[Integers, Flags]]
"""Ways to read targets: a class for each row, and which rows count, shape (N,) each."""


@dataclass(frozen=True)
class RowsOfBlock:
    """Consecutive rows."""

    logits: Floats
    """Shape (N, C)."""
    target: Floats
    """Shape (N,) of classes, (N, C) of a distribution or of cells."""
    used: Flags
    """Shape (N,): which rows count."""
    place: Integers
    """Shape (N,): where each row stands on axis 0, which many do in input of more dimensions."""
    counted: Flags
    """Shape (N, C): which cells count; (N, 1) where that is the same for a whole row."""
    sample: Floats
    """Shape (N,): the weight of each row; (0,) where there is none."""

    @property
    def size(self) -> int:
        """N."""
        return int(self.logits.shape[0])

    @cached_property
    def counted_by_class(self) -> Flags:
        """Shape (C, N): which cells count."""
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
    def is_binary(self) -> bool:
        """Whether every share that counts is 0 or 1."""
        if self.is_index:
            return True
        is_binary = (self.shares == 0) | (self.shares == 1) | ~self.counted_by_class
        return bool(is_binary.all())

    @property
    def entropy(self) -> float:
        """The sum of the entropies of the targets that count, nats."""
        if self.is_index:
            return 0.0
        positive = np.where(self.target > 0, self.target, 1.0)
        return -float((positive * np.log(positive)).sum(axis=1)[self.used].sum())

    def per_class(self, values: Floats) -> Floats:
        """Shape (C,): the values of the rows that count, shape (N,), shared out as targets are."""
        of_used = np.where(self.used, values, 0.0)
        if self.is_index:
            counts = np.bincount(self.index, of_used, self.logits.shape[1])
            return counts.astype(np.float64)
        shared: Floats = self.shares @ of_used
        return shared

    def _arrays(self) -> tuple[Array, ...]:
        return self.logits, self.target, self.used, self.place, self.counted, self.sample

    def part(self, rows: slice) -> RowsOfBlock:
        """Some of them."""
        return RowsOfBlock(*(array[rows] for array in self._arrays()))

    def joined(self, other: RowsOfBlock) -> RowsOfBlock:
        """These, and those that come after them."""
        pairs = zip(self._arrays(), other._arrays(), strict=True)
        return RowsOfBlock(*map(np.concatenate, pairs))

    def readings(self, plan: Plan) -> Readings:
        """Ways to read targets as one class, those that are ignored too."""
        if not self.is_index:
            return {"largest": (self.index, self.used)}
        own = {
            "given": self.index,
            "minus_one": (self.index - 1) % plan.classes,
            "plus_one": (self.index + 1) % plan.classes,
        }
        if plan.order is not None:
            own["by_name"] = np.asarray(plan.order)[self.index]
        found = {name: (index, self.used) for name, index in own.items()} | self.neighbours(plan)
        if plan.ignored is not None and -1 <= plan.ignored < plan.classes:
            found["ignored"] = np.full(self.size, plan.ignored % plan.classes), ~self.used
        return found

    def neighbours(self, plan: Plan, cut: int | None = None) -> Readings:
        """Those by the class of a row nearby, where it is there and counts.

        Parameters
        ----------
        cut : of the rows before `cut` and the others, only those count that look at each other
        """
        rows, readings = np.arange(self.size), Readings()
        for name, shift in SHIFTS.items():
            at = np.clip(rows + shift, 0, self.size - 1)
            there = (at == rows + shift) & self.used[at]
            if plan.has_positions:
                there &= self.place[at] == self.place
            if cut is not None:
                there &= (rows < cut) != (at < cut)
            readings[name] = self.index[at], there
        return readings
