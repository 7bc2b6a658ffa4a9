"""Where rows lie in (N, C, d1, …): torch's kernels round by the place as well as by the row."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cecalc.model import Batch, Floats, Integers

_STEP = 256
"""A multiple of how many positions any kernel works on at once."""


@dataclass(frozen=True)
class Placement:
    """Some rows in an array of shape (N, C, D), as much of it as decides how they are rounded.

    Kernels go over the D positions of a sample in strides of a fixed width, and over what is left
    at the end one by one. Whole strides before and behind the rows can be left out.
    """

    sample: Integers
    """Shape (R,): the number of each row's sample, among those that are there."""
    position: Integers
    """Shape (R,): where in its sample a row is, from the first position that is there."""
    shape: tuple[int, int]
    """How many samples and positions are there."""

    @classmethod
    def of(cls, places: Integers, positions: int) -> Placement:
        """The layout of rows.

        Parameters
        ----------
        places : shape (R,), n·D + d of each row
        positions : D

        Examples
        --------
        >>> Placement.of(np.asarray([7, 8]), 4).shape
        (2, 4)
        >>> Placement.of(np.asarray([300, 301]), 2000).shape
        (1, 464)
        """
        sample, position = np.divmod(places, positions)
        before = int(position.min()) // _STEP * _STEP
        behind = max(0, (positions - 1 - int(position.max())) // _STEP - 1) * _STEP
        samples, number = np.unique(sample, return_inverse=True)
        return cls(number, position - before, (samples.size, positions - before - behind))

    def spread(self, rows: Any) -> Any:
        """Rows of shape (R,) or (R, C) at their places: (N, D) or (N, C, D), 0 between them."""
        samples, positions = self.shape
        spread = np.zeros((samples, *rows.shape[1:], positions), dtype=rows.dtype)
        spread[self.sample, ..., self.position] = rows
        return spread

    def gathered(self, spread: Floats) -> Floats:
        """The rows of what `spread` made, or a loss of it."""
        rows: Floats = spread[self.sample, ..., self.position]
        return rows


def places_of(batch: Batch) -> Integers | None:
    """The place n·D + d of each row of K-dimensional input; None of rows that lie one by one."""
    if batch.coordinates is None or not batch.extents:
        return None
    sample, *position = batch.coordinates.T
    inside = np.ravel_multi_index(tuple(position), batch.extents)
    places: Integers = sample * math.prod(batch.extents) + inside
    return places


def layout_of(batch: Batch) -> Placement | None:
    """The layout of all rows of a batch."""
    places = places_of(batch)
    return None if places is None else Placement.of(places, math.prod(batch.extents))
