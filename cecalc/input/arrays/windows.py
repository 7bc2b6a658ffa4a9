"""Arrays whose first axis is read in order, a window at a time, and the files that hold them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.input.arrays.dtypes import TEXT, widened
from cecalc.model import Array, Floats


@dataclass
class Windows(ABC):
    """An array whose first axis is read in order, a window at a time.

    An array without axes is one entry, and comes as an array of one axis.
    """

    shape: tuple[int, ...]
    dtype: str
    """As stored, for people: `float16`, `bfloat16`, `int64`, …"""
    place: Place
    position: int = field(default=0, init=False)
    """How many entries have been taken from where they are stored."""

    @property
    def files(self) -> tuple[tuple[str, int], ...]:
        """Where there are several: the names of the files, and how many entries each holds."""
        return ()

    @property
    def length(self) -> int:
        """The number of entries of the first axis; 1 where there are no axes."""
        return self.shape[0] if self.shape else 1

    @property
    def is_text(self) -> bool:
        """Whether it holds text, and so is called `<U3` or the like."""
        return self.dtype[1:2] in TEXT and self.dtype[:1] in "<>|="

    def whole(self) -> Array:
        """All of it, as `read` gives it."""
        return self.read(self.length).reshape(self.shape)

    def at(self, entry: int, source: str | None) -> Place:
        """The place of an entry, in what messages call `source`."""
        return Place(source=source, row=entry)

    def floats(self) -> Floats:
        """All of it, as numbers."""
        return widened(self.whole(), self.dtype)

    def texts(self) -> Any:
        """All of it, as NumPy's own strings."""
        raw = self.whole()
        return np.char.decode(raw, "utf-8", "backslashreplace") if raw.dtype.kind == "S" else raw

    def reshaped(self, shape: tuple[int, ...]) -> Windows:
        """The same entries in a shape that differs by axes of length 1; this one is used up."""
        if self.length != shape[0]:  # it is one row, or what stands beside one
            return HeldWindows.of(self.floats().reshape(shape))
        self.shape = shape
        return self

    @abstractmethod
    def read(self, entries: int) -> Array:
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
class HeldWindows(Windows):
    """Windows on an array that is in memory."""

    array: Array

    @classmethod
    def of(cls, array: Array, dtype: str = "float64", place: Place | None = None) -> HeldWindows:
        """Windows on all of an array."""
        return cls(array.shape, dtype, place or Place(), array)

    def read(self, entries: int) -> Array:
        """As any; a copy."""
        start, self.position = self.position, self.position + entries
        part = np.atleast_1d(self.array)[start : start + entries].copy(order="K")
        return part.reshape(len(part), *self.shape[1:])


@dataclass(frozen=True)
class ArrayFile:
    """A file of arrays that has been opened; their values are still to be read."""

    source: str
    names: tuple[str, ...]
    """In the file's order; the empty name is that of an array that is alone and has none."""
    opener: Callable[[str], Windows]
    """Gives an array by its name, at its start; several can be read side by side.

    What is read from a pipe as .npy can be opened once.
    """
    whole: ArrayFile | None = None
    """The file, where this is one array of it that was named."""
    notes: tuple[str, ...] = ()
    """What is worth knowing about the files."""
    what: ClassVar = "array"
    """What messages call a member."""

    @property
    def is_bare(self) -> bool:
        """Whether there is one array, whatever it is called."""
        return len(self.names) == 1

    def member(self, name: str) -> ArrayFile:
        """One of the arrays as if it were alone."""
        return ArrayFile(f"{self.source}:{name}", ("",), lambda _: self.opener(name), self)

    def open(self, name: str, *, text: bool = False) -> Windows:
        """An array by its name, at its start; `text` lets it hold text.

        Raises
        ------
        DataError : it holds something else than real numbers
        """
        array = self.opener(name)
        if not text and array.is_text:
            raise DataError(f"dtype '{array.dtype}' is not numeric", place=array.place)
        return array

    def nested(self, name: str, *, text: bool = False) -> Any:
        """An array as nested lists; integers stay what they are.

        Raises
        ------
        DataError : as `open`
        """
        array = self.open(name, text=text)
        if array.is_text:
            return array.texts().tolist()
        raw = array.whole()
        is_integer = raw.dtype.kind in "iu" and array.dtype != "bfloat16"
        return (raw if is_integer else widened(raw, array.dtype)).tolist()
