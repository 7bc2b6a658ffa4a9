"""The dtypes of arrays: which are read, and how their values become float64."""

from __future__ import annotations

import functools
import math
from typing import Any, Literal

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.model import Array, Floats

BFLOAT16 = "bfloat16"
"""NumPy has no such dtype: its values travel as their bits, in uint16."""
TEXT = ("U", "S")
"""The kinds of NumPy's dtypes that hold text."""
_AT_ONCE = 2**15
"""How many halves are looked up at once; their places and values stay in the cache."""


def numeric(dtype: np.dtype[Any], place: Place) -> str:
    """The name of a dtype that is read, for people; text is for those who ask for it.

    Raises
    ------
    DataError : it holds something else than real numbers, or wider ones than float64
    """
    if dtype.hasobject:
        name, _, member = (place.source or "").partition(": member ")
        part = f"[{member.removesuffix('.npy')!r}]" if member else ""
        raise DataError(
            "holds Python objects; not loaded",
            place=place,
            hint=f"where you trust it: json.dump(numpy.load({name!r}, allow_pickle=True){part}"
            ".tolist(), open('new.json', 'w'), default=lambda array: array.tolist())",
        )
    if dtype.kind == "c":
        raise DataError(f"dtype '{dtype.str}' is complex", place=place)
    if dtype.kind in TEXT and dtype.itemsize:
        return dtype.str
    if dtype.kind not in "biuf":
        raise DataError(f"dtype '{dtype.str}' is not numeric", place=place)
    if dtype.itemsize > 8:
        raise DataError(f"dtype '{dtype.str}' is wider than float64", place=place)
    return dtype.name


def can_be(shape: tuple[int, ...], itemsize: int) -> bool:
    """Whether NumPy can have an array of that shape, memory aside."""
    filled = math.prod(n for n in shape if n) * itemsize
    return len(shape) <= 64 and all(n >= 0 for n in shape) and filled < 2**63


def widened(raw: Array, dtype: str) -> Floats:
    """The values of a window as native float64; class-major memory stays class-major.

    Every value is kept exactly, but for integers past 2**53, which are rounded to the nearest.

    Parameters
    ----------
    raw : as `Windows.read` gives it
    dtype : `Windows.dtype`

    >>> widened(np.array([0x3F80, 0xFF80], np.uint16), "bfloat16")
    array([  1., -inf])
    """
    if dtype == BFLOAT16:
        raw = as_stored(raw, dtype)
    elif raw.dtype == np.float16 and raw.dtype.isnative:
        return _looked_up(raw)
    with np.errstate(invalid="ignore"):  # a signalling NaN becomes a quiet one
        return raw.astype(np.float64, copy=False)


def as_stored(raw: Array, dtype: str) -> Array:
    """The same values as float16 or float32 where those hold them, else `widened`.

    >>> as_stored(np.array([0x3F80, 0xFF80], np.uint16), "bfloat16")
    array([  1., -inf], dtype=float32)
    """
    if dtype == BFLOAT16:
        wide = raw.astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)
    if raw.dtype in (np.float16, np.float32) and raw.dtype.isnative:
        return raw
    return widened(raw, dtype)


def _looked_up(halves: Array) -> Floats:
    # NumPy's own conversion is as quick on common logits, and ten times slower on subnormals,
    # which small probabilities are.
    order: Literal["C", "F"] = "F" if halves.flags.fnc else "C"
    bits = halves.view(np.uint16).reshape(-1, order=order)
    wide = np.empty(bits.shape)
    for start in range(0, bits.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        np.take(_every_half(), bits[part], out=wide[part], mode="wrap")  # "raise" makes a copy
    return wide.reshape(halves.shape, order=order)


@functools.cache
def _every_half() -> Floats:
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float64)
