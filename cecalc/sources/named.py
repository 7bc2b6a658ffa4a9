"""Targets that an array holds as text: matched to the names of the classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.records import InputRequest, Task
from cecalc.sources.arrays import Windows
from cecalc.sources.arrays.dtypes import is_text
from cecalc.sources.arrays.windows import HeldWindows, length_of
from cecalc.sources.targets import Classes


def texts(array: Windows) -> Any:
    """All of an array of text, as NumPy's own strings."""
    raw = array.read(length_of(array.shape)).reshape(array.shape)
    return np.char.decode(raw, "utf-8", "backslashreplace") if raw.dtype.kind == "S" else raw


def as_numbers(
    target: Windows, request: InputRequest, classes: tuple[str, ...] | None, source: str | None
) -> Windows:
    """A target whose texts have become class numbers; one of numbers as it is.

    Raises
    ------
    DataError : a text names no class, or the loss takes no names
    """
    if not is_text(target.dtype):
        return target
    if request.task is not Task.CE:
        raise DataError(f"dtype '{target.dtype}' is not numeric", place=Place(source=source))
    names = Classes(classes, request.target_as, request.ignored)
    known, firsts, places = np.unique(texts(target), return_index=True, return_inverse=True)
    numbers = np.empty(len(known))
    for i in np.argsort(firsts).tolist():
        try:
            numbers[i] = names.number(str(known[i]))
        except ValueError as error:
            place = Place(source=source, row=int(firsts[i]))
            raise DataError(str(error), place=place, value=str(known[i])) from None
    found = numbers[places].reshape(target.shape)
    return HeldWindows(target.shape, "float64", found, named=True)
