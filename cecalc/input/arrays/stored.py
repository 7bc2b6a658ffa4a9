"""Where the bytes of arrays are: in a file that can be read at any place, or in a stream.

Plain reads only: a process that has mapped a file dies when the file shrinks.
"""

from __future__ import annotations

import errno
import io
import math
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, Any, BinaryIO, ClassVar, TypeAlias, cast

import numpy as np

from cecalc.errors import CecalcError, DataError, InputError, LimitError, Place, count, reason
from cecalc.input import files
from cecalc.input.arrays.windows import Windows
from cecalc.input.files import Files, Opened, State, refuse_change, state_of
from cecalc.model import Array

_UNITS = {"EB": 1e18, "PB": 1e15, "TB": 1e12, "GB": 1e9, "MB": 1e6, "kB": 1e3}
Errors: TypeAlias = tuple[type[Exception], ...]
_MADE_UP = 1000
"""A header that claims so many times more than there is does not belong to a file cut short."""


def amount(size: int) -> str:
    """A number of bytes, for people.

    >>> amount(16), amount(4 * 10**12)
    ('16 bytes', '4 TB')
    """
    unit = next((unit for unit, scale in _UNITS.items() if size >= scale), None)
    return f"{size / _UNITS[unit]:.3g} {unit}" if unit else count(size, "byte")


def refuse_more(size: int, max_bytes: int | None, place: Place, *, expands: bool = False) -> None:
    """Raise `LimitError` where an input takes more bytes than it may."""
    if max_bytes is not None and size > max_bytes:
        limit = f"--max-bytes {max_bytes}"
        raise LimitError(f"expands past {limit}" if expands else f"more than {limit}", place=place)


def refuse_other_size(
    claimed: int, there: int, place: Place, *, itemsize: int = 1, unit: str = "values"
) -> None:
    """Raise where the data is not as long, in bytes, as its header says.

    Raises
    ------
    InputError : it is shorter
    DataError : it is longer
    """
    if claimed > _MADE_UP * max(there, _MADE_UP):
        claim = f"header claims {amount(claimed)}, file has {amount(there)}"
        raise InputError(claim, place=place)
    if claimed > there:
        raise ends_early(there // itemsize, claimed // itemsize, place, unit)
    if claimed < there:
        raise DataError(f"{count(there - claimed, 'byte')} after the data", place=place)


def ends_early(found: int, of: int, place: Place, unit: str = "values") -> InputError:
    """The error for a file that holds less than it says."""
    return InputError(f"file ends early ({found} of {of} {unit})", place=place)


def out_of_memory(size: int | None, place: Place) -> LimitError:
    """The error for what has no room, of a size as far as that is known."""
    needs = "" if size is None else f" (needs {amount(size)})"
    return LimitError(f"out of memory while reading {place.source}{needs}")


PIECE = 2**20
"""How many bytes of a stream are copied at once."""


def _filled(view: memoryview, read: Callable[[memoryview, int], int]) -> int:
    """How many bytes there were for a view: `read` puts some into the rest of it."""
    done = 0
    while done < len(view) and (got := read(view[done : done + PIECE], done)):
        done += got
    return done


@dataclass(frozen=True)
class PlainFile:
    """A part of a regular file; several readers may share it."""

    file: BinaryIO
    name: str
    size: int
    """In bytes, from `start` on."""
    start: int
    before: State
    """What it was when it was opened."""

    @classmethod
    def of(cls, stream: BinaryIO, name: str) -> PlainFile | None:
        """What follows in a stream, where that is a regular file and nothing else."""
        if not isinstance(getattr(stream, "raw", None), io.FileIO):
            return None  # a decompressing stream has a descriptor too: that of the compressed file
        before = state_of(stream)
        start = stream.tell() if before else 0
        return before and cls(stream, name, max(0, before[0] - start), start, before)

    def part(self, start: int, size: int) -> PlainFile:
        """Some of these bytes."""
        return replace(self, start=self.start + start, size=size)

    def fill(self, view: memoryview, at: int) -> int:
        """Put the bytes from `at` on into `view`; how many there were."""
        number, start = self.file.fileno(), self.start + at
        try:  # and no `told`: it would take as long as reading a small part
            return _filled(view, lambda rest, done: os.preadv(number, (rest,), start + done))
        except OSError as error:
            raise InputError(reason(error), place=Place(source=self.name)) from None

    def read(self, start: int, size: int) -> bytes:
        """The bytes from `start` on, fewer only at the end."""
        block = bytearray(max(0, min(size, self.size - start)))
        return bytes(block[: self.fill(memoryview(block), start)])

    def check(self) -> None:
        """Raise `InputError` where the file is no longer what it was."""
        refuse_change(self.file, self.before, self.name)


@dataclass(frozen=True)
class ArrayStream:
    """What can be read once, in order."""

    damage: ClassVar = ""
    damaged: ClassVar[Errors] = (OSError,)
    """As `told` takes them."""
    stream: IO[bytes]
    place: Place

    def read(self, size: int) -> bytes:
        """Read the next bytes, fewer only at the end."""
        with told(self.place, self.damage, self.damaged):
            return self.stream.read(size)

    def fill(self, view: memoryview, at: int) -> int:  # noqa: ARG002  # it is where the last ended
        """Put the next bytes into `view`; how many there were."""
        stream: Any = self.stream
        with told(self.place, self.damage, self.damaged):
            return _filled(view, lambda rest, _: stream.readinto(rest))

    def check(self) -> None:
        """Raise `DataError` where more follows."""
        if self.read(1):
            raise DataError("bytes after the data", place=self.place)


@dataclass
class StoredWindows(Windows):
    """Windows on bytes that are the array's values, in C's order."""

    stored: np.dtype[Any]
    bytes: PlainFile | ArrayStream

    def read(self, entries: int) -> Array:
        """As any, into memory of its own."""
        entries = min(entries, self.length - self.position)
        per_entry, itemsize = math.prod(self.shape[1:]), self.stored.itemsize
        flat = self._empty(entries * per_entry)
        at = self.position * per_entry * itemsize
        filled = self.bytes.fill(flat.view(np.uint8).data, at)
        if filled < flat.nbytes:
            self.bytes.check()
            raise ends_early((at + filled) // itemsize, math.prod(self.shape), self.place)
        self.position += entries
        if self.position == self.length:
            self.bytes.check()
        return flat.reshape(entries, *self.shape[1:])

    def _empty(self, values: int) -> Array:
        size = values * self.stored.itemsize
        if size > files.room():  # the system may give what it does not have
            raise out_of_memory(size, self.place)
        try:
            return np.empty(values, self.stored)
        except MemoryError:
            raise out_of_memory(size, self.place) from None


def seekable(opened: Opened, files: Files, max_bytes: int | None) -> tuple[BinaryIO, PlainFile]:
    """What was opened, where it is a plain file, else a temporary copy, that `files` removes.

    Raises
    ------
    LimitError : it does not come from a file, and has more than `max_bytes`
    InputError : it cannot be read, or there is no room for the copy
    """
    stream, size = opened.binary(files), 0
    if (plain := PlainFile.of(stream, opened.name)) is None:
        with told(opened.place):
            copy = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            while piece := stream.read(PIECE):
                size += len(piece)
                refuse_more(size, max_bytes, opened.place)
                copy.write(piece)
            copy.flush()
            copy.seek(0)
        stream, plain = copy, cast("PlainFile", PlainFile.of(copy, opened.name))
    return stream, plain


@contextmanager
def told(place: Place, damage: str = "", damaged: Errors = (OSError,)) -> Iterator[None]:
    """What the system has against reading, and what a library finds wrong, as an `InputError`.

    Parameters
    ----------
    damage : what is wrong where the system does not say it
    damaged : what the library raises then, and what the system does
    """
    try:
        yield
    except CecalcError:
        raise
    except zlib.error:
        raise InputError("compressed data is damaged", place=place) from None
    except EOFError:
        raise InputError("file ends early", place=place) from None
    except MemoryError:
        raise out_of_memory(None, place) from None
    except damaged as error:
        number = getattr(error, "errno", None)
        said = os.strerror(number) if number else str(error)
        is_damage = number in (None, errno.EINVAL)  # which is a seek to before the file
        raise InputError((is_damage and damage) or said, place=place) from None
