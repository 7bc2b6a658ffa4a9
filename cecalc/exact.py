"""Sums that lose nothing: integers of a scale fine enough for every float64."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cecalc.model import Floats, Integers

_SCALE = 1126
"""Every finite float64 is an integer multiple of 2**-1126 with the 53 bits frexp gives."""


ONE = 1 << _SCALE
"""What 1 is in an `ExactSum.scaled`."""


@dataclass(frozen=True)
class ExactSum:
    """A sum of float64 without rounding.

    >>> (ExactSum.of(np.asarray([1e308, 1.0])) + ExactSum.of(np.asarray([-1e308]))).value()
    1.0
    """

    scaled: int = 0
    """The sum of the finite terms, times 2**1126."""
    special: float = 0.0
    """The sum of the infinite and NaN terms."""

    @staticmethod
    def of(terms: Floats) -> ExactSum:
        """The sum of an array (fewer than 2**26 terms)."""
        finite = np.isfinite(terms)
        special = sum(terms[~finite].tolist(), 0.0)
        bins, upper, lower = _binned(terms[finite])
        high, low = np.bincount(bins, weights=upper), np.bincount(bins, weights=lower)
        filled = np.flatnonzero((high != 0) | (low != 0))
        scaled = sum(((int(high[b]) << 27) + int(low[b])) << int(b) for b in filled)
        return ExactSum(scaled, special)

    @staticmethod
    def by_group(terms: Floats, groups: Integers, count: int) -> list[ExactSum]:
        """The sum of each of `count` groups, from the terms and the group of each."""
        finite = np.isfinite(terms)
        special = np.zeros(count)
        np.add.at(special, groups[~finite], terms[~finite])
        bins, upper, lower = _binned(terms[finite])
        span = int(bins.max(initial=0)) + 1
        filled, at = np.unique(groups[finite] * span + bins, return_inverse=True)
        high, low = np.bincount(at, weights=upper), np.bincount(at, weights=lower)
        scaled = [0] * count
        for place, h, low_half in zip(filled.tolist(), high.tolist(), low.tolist(), strict=True):
            group, shift = divmod(place, span)
            scaled[group] += ((int(h) << 27) + int(low_half)) << shift
        return list(map(ExactSum, scaled, special.tolist()))

    def __add__(self, other: ExactSum) -> ExactSum:
        return ExactSum(self.scaled + other.scaled, self.special + other.special)

    def __sub__(self, other: ExactSum) -> ExactSum:
        return self + ExactSum(-other.scaled, -other.special)

    def value(self) -> float:
        """The sum, rounded once."""
        return self.over(ExactSum(ONE))

    def over(self, denominator: ExactSum) -> float:
        """The quotient of two sums, rounded once."""
        if denominator.special:
            return math.nan if self.special else 0.0
        if self.special or not denominator.scaled:
            return self.special or math.nan
        try:
            return self.scaled / denominator.scaled
        except OverflowError:
            return math.inf if self.scaled > 0 else -math.inf


def _binned(terms: Floats) -> tuple[Integers, Floats, Floats]:
    """The exponent's bin of each term, and the upper and lower half of its 53 bits: sums of halves
    stay below 2**53, and so exact.
    """
    mantissa, exponent = np.frexp(terms)
    whole = (mantissa * 2.0**53).astype(np.int64)
    bins = exponent.astype(np.int64) + (_SCALE - 53)
    return bins, (whole >> 27).astype(np.float64), (whole & (2**27 - 1)).astype(np.float64)


ZERO = ExactSum()
