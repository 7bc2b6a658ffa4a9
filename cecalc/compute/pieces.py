"""A batch worked on in pieces that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T", bound=tuple[Any, ...])


def in_pieces(compute: Callable[..., T], arrays: Sequence[Any], rows: int) -> T:
    """`compute` of the arrays, `rows` of them at a time; what it returns is put together again.

    Parameters
    ----------
    compute : takes as many arrays as are given, returns a named tuple of arrays
    arrays : each of shape (N, …)
    """
    size, rows = arrays[0].shape[0], max(rows, 1)
    if size <= rows:
        return compute(*arrays)
    parts = [
        compute(*(array[start : start + rows] for array in arrays))
        for start in range(0, size, rows)
    ]
    return type(parts[0])(*map(np.concatenate, zip(*parts, strict=True)))
