"""The rows of the highest or the lowest losses, in memory that does not grow with the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cecalc.items import Losses, Outcome
from cecalc.model import Flags, Floats
from cecalc.request import Rank

_Key = tuple[bool, float, int]


def order_of(loss: Floats, *, lowest: bool) -> tuple[Flags, Floats]:
    """What losses are ordered by, first whether one comes last: nan is above all numbers."""
    is_nan = np.isnan(loss)
    return is_nan == lowest, np.where(is_nan, 0.0, loss if lowest else -loss)


@dataclass
class Ranking:
    """The rows seen so far that are ranked, nan above all numbers, ties to the lower row."""

    rank: Rank
    ranked: list[tuple[_Key, Losses]] = field(default_factory=list)

    def add(self, outcome: Losses) -> None:
        """Look at one more batch."""
        loss = outcome.loss
        rows = np.flatnonzero(outcome.used & ~self._loses(loss))
        is_late, ascending = order_of(loss[rows], lowest=self.rank.lowest)
        for i in np.lexsort((rows, ascending, is_late))[: self.rank.count].tolist():
            row = int(rows[i])
            key = bool(is_late[i]), float(ascending[i]), outcome.batch.start + row
            self.ranked.append((key, outcome.take(row)))
        self.ranked = sorted(self.ranked, key=lambda ranked: ranked[0])[: self.rank.count]

    def outcomes(self) -> list[Losses]:
        """The rows, the one of the highest (or lowest) loss first."""
        return [outcome for _, outcome in self.ranked]

    def _loses(self, loss: Floats) -> Flags:
        """Which losses do not get past the last one ranked, since a later row loses a tie."""
        if len(self.ranked) < self.rank.count:
            return np.zeros(loss.shape, bool)
        last = self.ranked[-1][1].loss  # with a nan, no comparison holds: the order decides
        return loss >= last if self.rank.lowest else loss <= last


ALL = 40
HIGHEST = 10


@dataclass
class TableRows:
    """The rows seen so far that a table may come to show."""

    limit: int = ALL
    """Up to how many rows all are shown."""
    total: int = 0
    first: list[Outcome] = field(default_factory=list)
    """The first rows, as many as a table shows in full."""
    highest: Ranking = field(default_factory=lambda: Ranking(Rank(HIGHEST)))

    def add(self, outcome: Outcome) -> None:
        """Look at one more batch."""
        for row in range(min(self.limit - len(self.first), outcome.batch.size)):
            self.first.append(outcome.take(row))
        self.total += outcome.batch.size
        if isinstance(outcome, Losses):
            self.highest.add(outcome)

    @property
    def is_all(self) -> bool:
        """Whether no row has been left out."""
        return self.total <= self.limit

    def rows(self) -> Sequence[Outcome]:
        """What to show: all in the order they came, or the chosen in that of the input."""
        if self.is_all:
            return self.first
        return sorted(self.highest.outcomes(), key=lambda outcome: outcome.batch.start)
