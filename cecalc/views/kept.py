"""Which rows a table shows: all of a few, the highest losses of many."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from cecalc.records import Outcome

ALL = 40
HIGHEST = 10

_Ranked = tuple[tuple[bool, float, int], Outcome]


@dataclass
class Kept:
    """The rows seen so far that a table may come to show."""

    total: int = 0
    first: list[Outcome] = field(default_factory=list)
    """The first rows, as many as a table shows in full."""
    highest: list[_Ranked] = field(default_factory=list)
    """The rows of the highest losses, nan above all, ties to the lower row."""

    def add(self, outcome: Outcome) -> None:
        """Look at one more batch."""
        for row in range(min(ALL - len(self.first), outcome.batch.size)):
            self.first.append(outcome.take(row))
        self.total += outcome.batch.size
        if outcome.loss is not None:
            self._rank(outcome, outcome.loss)

    @property
    def is_all(self) -> bool:
        """Whether no row has been left out."""
        return self.total <= ALL

    def rows(self) -> list[Outcome]:
        """What to show, in the order of the input."""
        if self.is_all:
            return self.first
        chosen = [outcome for _, outcome in self.highest]
        return sorted(chosen, key=lambda outcome: outcome.batch.start)

    def _rank(self, outcome: Outcome, loss: Any) -> None:
        import numpy as np

        rows = np.flatnonzero(outcome.used & ~(loss <= self._bar()))
        order = np.lexsort((rows, -loss[rows], ~np.isnan(loss[rows])))
        for row in rows[order[:HIGHEST]].tolist():
            value = float(loss[row])
            is_nan = math.isnan(value)
            key = (not is_nan, 0.0 if is_nan else -value, outcome.batch.start + row)
            self.highest.append((key, outcome.take(row)))
        self.highest = sorted(self.highest, key=lambda ranked: ranked[0])[:HIGHEST]

    def _bar(self) -> float:
        """The loss that a later row has to exceed, since it would lose a tie."""
        if len(self.highest) < HIGHEST:
            return float("-inf")
        is_number, negative, _ = self.highest[-1][0]
        return -negative if is_number else float("inf")
