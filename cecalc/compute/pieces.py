"""A batch worked on in pieces that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from cecalc.backend import Backend
from cecalc.errors import LimitError

T = TypeVar("T", bound=tuple[Any, ...])


def in_pieces(compute: Callable[..., T], arrays: Sequence[Any], backend: Backend) -> T:
    """`compute` of the arrays, some rows at a time; what it returns is put together again.

    Where the device has no room for that many rows, half as many are tried.

    Parameters
    ----------
    compute : takes as many arrays as are given, returns a named tuple of arrays
    arrays : each of shape (N, …), the first one of shape (N, C)

    Raises
    ------
    LimitError : the device has no room for a single row
    """
    size, width = arrays[0].shape
    rows, start, parts = max(1, backend.piece // width), 0, []
    while start < size:
        try:
            parts.append(compute(*(array[start : start + rows] for array in arrays)))
        except backend.out_of_memory:
            if rows == 1:
                raise LimitError(f"out of memory on {backend.device} for one row") from None
            backend.forget()
            rows = (min(rows, size) + 1) // 2
            continue
        start += rows
    if len(parts) == 1:
        return parts[0]
    return type(parts[0])(*map(np.concatenate, zip(*parts, strict=True)))
