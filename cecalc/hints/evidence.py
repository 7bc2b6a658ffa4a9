"""What hints are drawn from: the first rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cecalc.errors import count
from cecalc.model import Flags, Floats, Header, Integers
from cecalc.terms import Task

HEAD_ROWS = 2**12
HEAD_VALUES = 2**16
"""How much of an input is looked at closely."""
LEAST_ROWS = 32
"""How many rows of ce are, however wide: fewer would show nothing of a vocabulary's targets."""
WIDE = 2**12
"""With more classes than this, only those that are targets are looked at."""


def head_rows(header: Header) -> int:
    """How many rows are looked at closely."""
    least = LEAST_ROWS if header.task is Task.CE else 1
    return min(HEAD_ROWS, max(least, HEAD_VALUES // header.width))


@dataclass(frozen=True)
class Head:
    """The first rows of an input: the same ones, however it is cut into blocks.

    N rows, C classes; for bce, C is M.
    """

    header: Header
    values: Floats
    """Shape (N, C): logits, probabilities or log-probabilities, as wide as they are stored."""
    target: Floats | None
    """Shape (N,) or (N, C)."""
    used: Flags
    """Which rows count, shape (N,); for bce which cells, (N, C)."""
    target_class: Integers | None = None
    """Shape (N,), for ce: the target's class, or its largest; −1 where ignored."""
    sequence: Integers | None = None
    """Shape (N,), where a row is a position: which sequence it belongs to."""
    ids: Sequence[str] | None = None
    names: Sequence[str] = ()
    """What each row is called: its line, or its number; only where there are ids."""
    is_all: bool = True
    """Whether these are all rows."""

    @property
    def size(self) -> int:
        """The number of rows."""
        return int(self.values.shape[0])

    @property
    def numbers(self) -> Floats:
        """The values as float64."""
        return self.values.astype(np.float64, copy=False)

    @property
    def where(self) -> str:
        """What to add where only these rows were looked at."""
        return "" if self.is_all else f" (in the first {count(self.size, 'row')})"

    @property
    def rows_used(self) -> Flags:
        """Shape (N,): which rows count."""
        return self.used if self.used.ndim == 1 else np.any(self.used, axis=-1)

    @property
    def outcomes(self) -> Integers | None:
        """The class of each row, or 0 or 1 of each cell; None where targets are shares."""
        if self.target is None:
            return None
        counted = self.target[self.used]
        if self.target.ndim == 2 and not ((counted == 0) | (counted == 1)).all():
            return None
        return self.target.astype(np.int64) if self.header.task is Task.BCE else self.target_class
