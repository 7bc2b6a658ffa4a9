"""Where the bytes of arrays are: in a file that can be read at any place, or in a stream.

Plain reads only: a process that has mapped a file dies when the file shrinks.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol

from cecalc.errors import DataError, InputError, Place, excerpt, reason
from cecalc.sources.arrays.amounts import refuse_more
from cecalc.sources.unchanged import State, refuse_change, state_of

PIECE = 2**20
"""How many bytes of a stream are copied at once."""


class Readable(Protocol):
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
class Stream:
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
    stream: Readable, name: str, files: ExitStack, max_bytes: int | None
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
