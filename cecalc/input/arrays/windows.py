"""Arrays in files, read a window of their first axis at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from cecalc.errors import Place
from cecalc.input import files
from cecalc.input.arrays.stored import Stored, ends_early, out_of_memory

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Windows(Protocol):
    """An array in a file whose first axis is read in order, a window at a time.

    An array without axes is one entry, and comes as an array of one axis.
    """

    shape: tuple[int, ...]
    dtype: str
    """As stored, for people: `float16`, `bfloat16`, `int64`, …"""

    def read(self, entries: int) -> NDArray[Any]:
        """Read the next `entries` of the first axis as stored, fewer only at the end.

        bfloat16 comes as the uint16 of its bits. The memory is nobody else's. With the last entry
        the whole file has been checked.

        Raises
        ------
        InputError : the file ends early, changed meanwhile, or has a wrong checksum
        DataError : more follows than the header says
        LimitError : the window has no room
        """


@dataclass
class StoredWindows:
    """Windows on bytes that are the array's values."""

    shape: tuple[int, ...]
    dtype: str
    stored: np.dtype[Any]
    bytes: Stored
    place: Place
    class_major: bool = False
    """Whether the first axis is the one whose values follow each other (Fortran's order)."""
    position: int = 0

    def read(self, entries: int) -> NDArray[Any]:
        """Read the next `entries` of the first axis; see `Windows`."""
        length = length_of(self.shape)
        entries = min(entries, length - self.position)
        if self.class_major and entries < length:
            window = self._across(entries, length)
        else:
            window = self._run(entries)
        self.position += entries
        if self.position == length:
            self.bytes.check()
        return window

    def _run(self, entries: int) -> NDArray[Any]:
        """Values that follow each other in the file."""
        per_entry = math.prod(self.shape[1:])
        flat = self._empty(entries * per_entry)
        self._fill(_bytes(flat), self.position * per_entry)
        return flat.reshape(entries, *self.shape[1:], order="F" if self.class_major else "C")

    def _across(self, entries: int, length: int) -> NDArray[Any]:
        """Values of which only those of one class follow each other in the file."""
        classes = math.prod(self.shape[1:])
        flat = self._empty(classes * entries)
        view, step = _bytes(flat), entries * self.stored.itemsize
        for c in range(classes):
            self._fill(view[c * step : (c + 1) * step], c * length + self.position)
        return flat.reshape(entries, *self.shape[1:], order="F")

    def _empty(self, values: int) -> NDArray[Any]:
        size = values * self.stored.itemsize
        if size > files.room():  # the system may give what it does not have
            raise out_of_memory(size, self.place)
        try:
            return np.empty(values, self.stored)
        except MemoryError:
            raise out_of_memory(size, self.place) from None

    def _fill(self, view: memoryview, first: int) -> None:
        at = first * self.stored.itemsize
        filled = self.bytes.fill(view, at)
        if filled < len(view):
            self.bytes.check()
            values = (at + filled) // self.stored.itemsize
            raise ends_early(values, math.prod(self.shape), self.place)


@dataclass
class HeldWindows:
    """Windows on an array that is in memory."""

    shape: tuple[int, ...]
    dtype: str
    array: NDArray[Any]
    position: int = 0

    def read(self, entries: int) -> NDArray[Any]:
        """Read the next `entries` of the first axis; see `Windows`."""
        start = self.position
        self.position = min(start + entries, length_of(self.shape))
        whole = self.array if self.shape else self.array.reshape(1)
        return whole[start : self.position].copy(order="K")


@dataclass
class PeekedWindows:
    """Windows on an array whose first entries have been looked at."""

    shape: tuple[int, ...]
    dtype: str
    head: NDArray[Any]
    rest: Windows
    position: int = 0

    @classmethod
    def of(cls, array: Windows, entries: int) -> PeekedWindows:
        """An array whose first `entries` are read."""
        return cls(array.shape, array.dtype, array.read(entries), array)

    def read(self, entries: int) -> NDArray[Any]:
        """Read the next `entries` of the first axis; see `Windows`."""
        part = self.head[self.position : self.position + entries].copy(order="K")
        self.position += entries
        if len(part) == entries:
            return part
        return np.concatenate([part, self.rest.read(entries - len(part))])


def _bytes(flat: NDArray[Any]) -> memoryview:
    return flat.view(np.uint8).data


def length_of(shape: tuple[int, ...]) -> int:
    """The number of entries of the first axis; 1 where there are no axes."""
    return shape[0] if shape else 1
