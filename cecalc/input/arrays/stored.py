"""Where the bytes of arrays are: in a file that can be read at any place, or in a stream.

Plain reads only: a process that has mapped a file dies when the file shrinks.
"""

from __future__ import annotations

import functools
import io
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

import numpy as np

from cecalc.errors import DataError, InputError, LimitError, Place, count, excerpt, reason
from cecalc.input.files import State, refuse_change, state_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNITS = {"EB": 1e18, "PB": 1e15, "TB": 1e12, "GB": 1e9, "MB": 1e6, "kB": 1e3}
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


class Reader(Protocol):
    """What can be read in order."""

    def read(self, size: int, /) -> bytes:
        """Read the next bytes, fewer only at the end."""


class Stored(Protocol):
    """Bytes of one array."""

    def fill(self, view: memoryview, at: int) -> int:
        """Put the bytes from `at` on into `view`; how many there were."""

    def check(self) -> None:
        """Raise where what was read cannot be trusted, or more follows; called after the last."""


@dataclass(frozen=True)
class PlainFile:
    """A part of a regular file; several readers may share it."""

    descriptor: int
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
        descriptor = stream.fileno()
        before = state_of(descriptor)
        if before is None:
            return None
        start = stream.tell()
        return cls(descriptor, name, max(0, before[0] - start), start, before)

    def part(self, start: int, size: int) -> PlainFile:
        """Some of these bytes."""
        return replace(self, start=self.start + start, size=size)

    def fill(self, view: memoryview, at: int) -> int:
        """Put the bytes from `at` on into `view`; how many there were."""
        filled, size = 0, len(view)
        try:  # and no `told`: it would take as long as reading a small part
            while filled < size:
                rest = view[filled:] if filled else view
                got = os.preadv(self.descriptor, (rest,), self.start + at + filled)
                if not got:
                    break
                filled += got
        except OSError as error:
            raise InputError(reason(error), place=Place(source=self.name)) from None
        return filled

    def check(self) -> None:
        """Raise `InputError` where the file is no longer what it was."""
        refuse_change(self.descriptor, self.before, self.name)


@dataclass(frozen=True)
class ArrayStream:
    """What can be read once, in order."""

    stream: BinaryIO
    name: str

    def fill(self, view: memoryview, at: int) -> int:  # noqa: ARG002  # it is where the last ended
        """Put the next bytes into `view`; how many there were."""
        filled = 0
        with told(Place(source=self.name)):
            while filled < len(view):
                got = self.stream.readinto(view[filled : filled + PIECE])  # type: ignore[attr-defined]
                if not got:
                    break
                filled += got
        return filled

    def check(self) -> None:
        """Raise `DataError` where more follows."""
        with told(Place(source=self.name)):
            more = self.stream.read(1)
        if more:
            raise DataError("bytes after the data", place=Place(source=self.name))


def seekable(
    stream: BinaryIO, name: str, files: ExitStack, max_bytes: int | None
) -> tuple[BinaryIO, PlainFile]:
    """The stream where it is a plain file, else a temporary copy of it.

    Raises
    ------
    LimitError, InputError : as `copied`
    """
    plain = PlainFile.of(stream, name)
    return copied(stream, name, files, max_bytes) if plain is None else (stream, plain)


def copied(
    stream: Reader, name: str, files: ExitStack, max_bytes: int | None
) -> tuple[BinaryIO, PlainFile]:
    """What is left of a stream, in a temporary file that `files` removes.

    Raises
    ------
    LimitError : it has more than `max_bytes`
    InputError : it cannot be read, or there is no room for the copy
    """
    size = 0
    with told(Place(source=name)):
        copy = files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        while piece := stream.read(PIECE):
            size += len(piece)
            refuse_more(size, max_bytes, Place(source=name))
            copy.write(piece)
        copy.flush()
        copy.seek(0)
    plain = PlainFile.of(copy, name)
    assert plain is not None
    return copy, plain


def not_a(kind: str, head: bytes, place: Place) -> DataError:
    """The error for a file that does not begin as its format does."""
    article = "an" if kind[0] in "AEIOU" else "a"
    begins = excerpt(head[:16].decode("latin-1"))
    return DataError(f"not {article} {kind} file (starts with {begins})", place=place)


@contextmanager
def told(place: Place) -> Iterator[None]:
    """What the system has against reading, as an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(reason(error), place=place) from None


BFLOAT16 = "bfloat16"
"""NumPy has no such dtype: its values travel as their bits, in uint16."""
_TEXT = ("U", "S")
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
        raise DataError("holds Python objects; not loaded", place=place)
    if dtype.kind == "c":
        raise DataError(f"dtype '{dtype.str}' is complex", place=place)
    if dtype.kind in _TEXT and dtype.itemsize:
        return dtype.str
    if dtype.kind not in "biuf":
        raise DataError(f"dtype '{dtype.str}' is not numeric", place=place)
    if dtype.itemsize > 8:
        raise DataError(f"dtype '{dtype.str}' is wider than float64", place=place)
    return dtype.name


def is_text(dtype: str) -> bool:
    """Whether an array of that name of a dtype holds text.

    >>> is_text("<U3"), is_text("uint8")
    (True, False)
    """
    return dtype[1:2] in _TEXT and dtype[:1] in "<>|="


def can_be(shape: tuple[int, ...], itemsize: int) -> bool:
    """Whether NumPy can have an array of that shape, memory aside."""
    filled = math.prod(n for n in shape if n) * itemsize
    return len(shape) <= 64 and all(n >= 0 for n in shape) and filled < 2**63


def widened(raw: NDArray[Any], dtype: str) -> NDArray[np.float64]:
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


def as_stored(raw: NDArray[Any], dtype: str) -> NDArray[Any]:
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


def _looked_up(halves: NDArray[np.float16]) -> NDArray[np.float64]:
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
def _every_half() -> NDArray[np.float64]:
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float64)
