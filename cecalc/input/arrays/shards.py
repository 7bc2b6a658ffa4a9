"""Arrays in several files, one after the other along their first axis: one file open at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import InitVar, dataclass
from itertools import accumulate
from typing import Any, cast

import numpy as np

from cecalc.errors import DataError, InputError, Place, excerpt
from cecalc.input.arrays.dtypes import BFLOAT16, as_stored
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.files import Files
from cecalc.model import Array


@dataclass
class Shards:
    """Files of arrays with the same names, one after the other.

    Who reads several arrays of them side by side ends a window of each where the file does.
    """

    paths: Sequence[str]
    opener: Callable[[str, Files], ArrayFile]
    first: InitVar[ArrayFile]
    files: Files
    """Closes the file that is open."""
    shared: Collection[str] = ()
    """The arrays that are not one entry for each row: they are the same in all files."""

    def __post_init__(self, first: ArrayFile) -> None:
        self.source, self._names = first.source, set(first.names)
        self._number, self._file = 0, cast("ArrayFile | None", first)

    def array(self, number: int, name: str) -> Windows:
        """An array of one of the files, which is open from now on, and no other.

        Raises
        ------
        DataError : the file has other arrays than the first
        """
        found = self._file if number == self._number else None
        if found is None:
            self.files.close()
            self._file = None  # which may hold all of its arrays, as .pt does
            found = self._file = self.opener(self.paths[number], self.files)
            self._number = number
        if set(found.names) != self._names:
            here, there = (", ".join(sorted(names)) for names in (found.names, self._names))
            rule = f"its arrays are not those of {self.source}"
            hint = f"arrays: {here or 'no names'} here, {there or 'no names'} there"
            raise DataError(rule, place=Place(source=found.source), hint=hint)
        return found.opener(name)

    def open(self, name: str) -> Windows:
        """The array of that name in all files; the head of each has been looked at.

        Raises
        ------
        DataError : they do not go together
        """
        looked = self._same if name in self.shared else self._rows
        return looked(name, (self.array(number, name) for number in range(len(self.paths))))

    def _same(self, name: str, arrays: Iterator[Windows]) -> Windows:
        first = next(arrays)
        values = first.whole()
        for array in arrays:
            if array.dtype != first.dtype or not np.array_equal(array.whole(), values):
                raise self._other(name, f"is not that of {self.source}")
        return HeldWindows.of(values, first.dtype, first.place)

    def _rows(self, name: str, arrays: Iterator[Windows]) -> Windows:
        first = next(arrays)
        axes, files, dtypes = first.shape[1:], [(self.source, first.length)], [first.dtype]
        for array in arrays:
            if (len(array.shape), array.shape[1:]) != (len(first.shape), axes):
                rule = f"has the shape {array.shape}, that of {self.source} {first.shape}"
                raise self._other(name, f"{rule}: only the first axis may differ")
            if array.is_text != first.is_text:
                rule = f"has the dtype '{array.dtype}', that of {self.source} '{first.dtype}'"
                raise self._other(name, rule)
            files.append((self._source, array.length))
            dtypes.append(array.dtype)
        if not first.shape:
            raise self._other(name, "is a single number: several files are joined along their rows")
        shape, dtype = (sum(length for _, length in files), *axes), ", ".join(dict.fromkeys(dtypes))
        return JoinedWindows(shape, dtype, first.place, self, name, tuple(files))

    @property
    def _source(self) -> str:
        """What messages call the file that is open."""
        return self.source if self._file is None else self._file.source

    def _other(self, name: str, rule: str) -> DataError:
        """The error for an array of the file that is open."""
        return DataError(
            f"{excerpt(name) if name else 'its array'} {rule}", place=Place(source=self._source)
        )


_NONE: Windows = HeldWindows.of(np.empty(0))


@dataclass
class JoinedWindows(Windows):
    """Windows on an array that goes on from file to file; dtypes may differ by file."""

    shards: Shards
    name: str
    parts: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        self._ends = [*accumulate(length for _, length in self.parts)]
        self._array = _NONE

    @property
    def files(self) -> tuple[tuple[str, int], ...]:
        """The names of the files, and how many entries each holds."""
        return self.parts

    def at(self, entry: int, source: str | None) -> Place:  # noqa: ARG002  # each has its own
        """The place of an entry in its own file."""
        number = bisect_right(self._ends, entry)
        name, length = self.parts[number]
        return Place(source=name, row=entry - self._ends[number] + length)

    def read(self, entries: int) -> Array:
        """As any, from file to file."""
        end, parts = min(self.length, self.position + entries), list[Any]()
        while self.position < end:
            number = bisect_right(self._ends, self.position)
            source, length = self.parts[number]
            if self.position == self._ends[number] - length:
                self._array = array = self.shards.array(number, self.name)
                if array.length != length:
                    raise InputError("changed while being read", place=Place(source=source))
            parts.append(self._array.read(min(end, self._ends[number]) - self.position))
            self.position += len(parts[-1])
            if self.dtype != self._array.dtype == BFLOAT16:
                parts[-1] = as_stored(parts[-1], BFLOAT16)
            if self.position == self._ends[number]:
                self._array = _NONE
        raw = parts[0] if len(parts) == 1 else np.concatenate(parts or [np.empty(0)])
        return raw.reshape(len(raw), *self.shape[1:])
