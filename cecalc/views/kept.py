"""Which rows a table shows: all of a few, the highest losses of many."""

from __future__ import annotations

from dataclasses import dataclass, field

from cecalc.ranking import Ranking
from cecalc.records import Outcome, Rank

ALL = 40
HIGHEST = 10


@dataclass
class Kept:
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
        if outcome.loss is not None:
            self.highest.add(outcome)

    @property
    def is_all(self) -> bool:
        """Whether no row has been left out."""
        return self.total <= self.limit

    def rows(self) -> list[Outcome]:
        """What to show: all in the order they came, or the chosen in that of the input."""
        if self.is_all:
            return self.first
        return sorted(self.highest.outcomes(), key=lambda outcome: outcome.batch.start)
