"""The rows of the highest or the lowest losses, in memory that does not grow with the input."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from cecalc.records import Outcome, Rank

_Key = tuple[bool, float, int]


@dataclass
class Ranking:
    """The rows seen so far that are kept, nan above all numbers, ties to the lower row."""

    rank: Rank
    kept: list[tuple[_Key, Outcome]] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Look at one more batch."""
        import numpy as np

        loss: Any = outcome.loss
        rows = np.flatnonzero(outcome.used & ~self._loses(loss))
        ascending = loss[rows] if self.rank.lowest else -loss[rows]
        is_nan = np.isnan(loss[rows])
        order = np.lexsort((rows, ascending, is_nan == self.rank.lowest))
        for row in rows[order[: self.rank.count]].tolist():
            key = self._key(float(loss[row]), outcome.batch.start + row)
            self.kept.append((key, outcome.take(row)))
        self.kept = sorted(self.kept, key=lambda ranked: ranked[0])[: self.rank.count]

    def outcomes(self) -> list[Outcome]:
        """The rows, the one of the highest (or lowest) loss first."""
        return [outcome for _, outcome in self.kept]

    def _key(self, loss: float, row: int) -> _Key:
        is_nan = math.isnan(loss)
        ascending = loss if self.rank.lowest else -loss
        return is_nan == self.rank.lowest, 0.0 if is_nan else ascending, row

    def _loses(self, loss: Any) -> Any:
        """Which losses do not get past the last one kept, since a later row loses a tie."""
        import numpy as np

        if len(self.kept) < self.rank.count:
            return np.zeros(loss.shape, bool)
        last: Any = self.kept[-1][1].loss  # with a nan, no comparison holds: the order decides
        return loss >= last if self.rank.lowest else loss <= last
