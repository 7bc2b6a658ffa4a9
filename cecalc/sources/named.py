"""Targets of classes that an array holds: matched to the names of the classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.records import InputRequest, Task
from cecalc.sources.shapes import is_index
from cecalc.sources.targets import HEAD, Classes

if TYPE_CHECKING:
    from cecalc.records import Floats
    from cecalc.sources.arrays import Windows


def held(array: Windows) -> Floats:
    """All of an array in a file."""
    from cecalc.sources.arrays import widened

    whole = array.read(math.prod(array.shape[:1]))
    return widened(whole, array.dtype).reshape(array.shape)


def texts(array: Windows) -> Any:
    """All of an array of text, as NumPy's own strings."""
    raw = array.read(math.prod(array.shape[:1])).reshape(array.shape)
    return np.char.decode(raw, "utf-8", "backslashreplace") if raw.dtype.kind == "S" else raw


@dataclass(frozen=True)
class Named:
    """A target in a file beside the classes it may name."""

    array: Windows
    """Numbers; texts are read already."""
    classes: Classes
    """They say nothing more of targets that are class numbers, or none of classes."""
    source: str | None

    @classmethod
    def of(
        cls,
        array: Windows,
        request: InputRequest,
        classes: tuple[str, ...] | None,
        values: tuple[int, ...],
        source: str | None,
    ) -> Named:
        """An array beside values of the shape `values`; its head has been looked at.

        Raises
        ------
        DataError : a text names no class, or the loss takes no names
        """
        from cecalc.sources.arrays import widened
        from cecalc.sources.arrays.dtypes import is_text
        from cecalc.sources.arrays.windows import PeekedWindows

        is_of_classes = request.task is Task.CE and is_index(values, array.shape)
        if is_text(array.dtype):
            if not is_of_classes:
                raise DataError(f"dtype '{array.dtype}' is not numeric", place=Place(source=source))
            return cls._of_texts(array, Classes.of(request, classes), source)
        if not is_of_classes:
            return cls(array, Classes(None), source)
        names = Classes.of(request, classes)
        if names.are_open:
            array = peeked = PeekedWindows.of(array, HEAD)
            head = widened(peeked.head.copy(), array.dtype).reshape(-1)
            names = names.settled(head[:HEAD].tolist())
        return cls(array, names, source)

    @classmethod
    def _of_texts(cls, array: Windows, names: Classes, source: str | None) -> Named:
        from cecalc.sources.arrays.windows import HeldWindows

        every = texts(array)
        names = names.settled(every.reshape(-1)[:HEAD].tolist())
        known, firsts, places = np.unique(every, return_index=True, return_inverse=True)
        numbers = np.empty(len(known))
        per_row = max(1, math.prod(array.shape[1:]))
        for i in np.argsort(firsts).tolist():
            try:
                numbers[i] = names.number(str(known[i]))
            except ValueError as error:
                place = Place(source=source, row=int(firsts[i]) // per_row)
                raise DataError(str(error), place=place, value=str(known[i])) from None
        found = numbers[places].reshape(array.shape)
        read = Classes(None, notes=names.notes)
        return cls(HeldWindows(array.shape, "float64", found), read, source)

    def held(self) -> Floats:
        """All of it, as class numbers."""
        return self.numbers(held(self.array), 0)

    def numbers(self, target: Floats, start: int) -> Floats:
        """The class numbers of some entries from `start` on.

        Raises
        ------
        DataError : one names no class
        """
        if self.classes.are_numbers:
            return target
        return self.classes.numbered(target, Place(source=self.source, row=start))
