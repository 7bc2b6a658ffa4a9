"""`stable.normaliser` for NumPy, a piece at a time: the same operations on each value, so the same
digits, but what they leave behind stays in the cache and no memory is touched afresh.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cecalc.model import Floats, Integers

_PIECE = 2**16
"""Values worked on at once: of 2**13 to 2**16 the quickest where it was measured."""
_NARROW = 64
"""Rows of fewer classes are laid out class by class."""


@np.errstate(over="ignore", invalid="ignore")
def numpy_normaliser(logits: Floats, /) -> tuple[Floats, Integers, Floats]:
    """Peak, prediction and tail of each row, as `stable.normaliser` says; NaN in a tail marks a row
    with something infinite in it, which wants the careful way.

    Parameters
    ----------
    logits : shape (N, C), float64, or float32 or float16 to be widened here
    """
    rows, classes = logits.shape
    peak, tail = np.empty(rows), np.empty(rows)
    prediction = np.empty(rows, dtype=np.int64)
    by_class = classes < _NARROW or (logits.flags.f_contiguous and rows >= _NARROW)
    axis, height = (0, max(_PIECE // classes, 256)) if by_class else (1, max(_PIECE // classes, 1))
    find = _first_by_class if by_class else _first_by_row
    height = min(height, rows)
    room = _Room(height * classes)
    for start in range(0, rows, height):
        part = slice(start, start + height)
        stored = logits[part].T if by_class else logits[part]
        is_exact = differences_are_exact(stored)
        block = room.taken(stored)
        peak[part], prediction[part] = find(block)
        powers = room.powers(block, np.expand_dims(peak[part], axis), axis, is_exact=is_exact)
        np.put_along_axis(powers, np.expand_dims(prediction[part], axis), 0.0, axis)
        tail[part] = _tree_sum(powers, axis)
    return peak, prediction, tail


def _first_by_row(block: Floats) -> tuple[Floats, Integers]:
    prediction = block.argmax(axis=1)
    return np.take_along_axis(block, prediction[:, None], axis=1)[:, 0], prediction


def _first_by_class(block: Floats) -> tuple[Floats, Integers]:
    """The largest of each column and where it first stands, without a search along the columns."""
    peak = block.max(axis=0)
    classes = block.shape[0]
    from_end = np.arange(classes, 0, -1, dtype=np.uint16 if classes < 2**16 else np.uint32)
    place = np.multiply(block == peak, from_end[:, None]).max(axis=0).astype(np.int64)
    # Nothing equals NaN; such a row is recomputed.
    return peak, np.where(place > 0, classes - place, 0)


def differences_are_exact(stored: Any) -> bool:
    """Whether the difference of any two of these numbers is a float64: of float16 always, of
    float32 where their exponents lie close together.
    """
    if stored.dtype == np.float16:
        return True
    if stored.dtype != np.float32 or not stored.size:
        return False
    magnitude = stored.view(np.uint32) << 1  # without the sign; 0 becomes the largest, below
    largest, smallest = int(magnitude.max()) >> 24, (int((magnitude - 1).min()) + 1) >> 24
    # A multiple of 2**(smallest - 23) below 2**(largest + 2): 53 bits hold it. Infinity is far off.
    return largest < 255 and largest - max(smallest, 1) <= 28


class _Room:
    """Memory that every piece is worked on in: touching it afresh would cost more than the work."""

    def __init__(self, size: int) -> None:
        self._block = np.empty(size)
        self._powers = self._error = self._scratch = np.empty(0)

    def taken(self, stored: Floats) -> Floats:
        """The values in a place of their own, widened to float64."""
        block = self._block[: stored.size].reshape(stored.shape)
        np.copyto(block, stored)
        return block

    def powers(self, block: Floats, peak: Floats, axis: int, *, is_exact: bool) -> Floats:
        """Exp of each logit's difference from its peak, the rounding of the difference made good.

        Where differences are exact, they take the place of the block.
        """
        if is_exact:
            powers = block
        else:
            if not self._powers.size:
                self._powers = np.empty_like(self._block)
            powers = self._powers[: block.size].reshape(block.shape)
        step = max(1, _PIECE // block.shape[1 - axis])
        for start in range(0, block.shape[axis], step):
            part = np.s_[start : start + step] if axis == 0 else np.s_[:, start : start + step]
            a, power = block[part], powers[part]
            np.subtract(a, peak, out=power)
            if is_exact:
                np.exp(power, out=power)
                continue
            if a.size > self._error.size:
                self._error, self._scratch = np.empty(a.size), np.empty(a.size)
            e, s = (room[: a.size].reshape(a.shape) for room in (self._error, self._scratch))
            np.subtract(power, a, out=e)  # stable.two_difference, step by step
            np.subtract(power, e, out=s)
            np.subtract(a, s, out=s)
            np.add(peak, e, out=e)
            np.subtract(s, e, out=e)
            np.exp(power, out=power)
            np.multiply(power, e, out=e)
            np.add(power, e, out=power)
        return powers


def _tree_sum(values: Floats, axis: int) -> Floats:
    """`stable.tree_sum` in place."""
    values = values if axis == 0 else values.T
    while (length := values.shape[0]) > 1:
        half = length // 2
        values[:half] += values[half : 2 * half]
        if length % 2:
            values[half] = values[length - 1]
        values = values[: half + length % 2]
    total: Floats = values[0]
    return total
