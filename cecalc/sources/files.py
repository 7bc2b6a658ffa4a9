"""Bytes of an input, as they come: files and standard input, their encoding, their limits."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from cecalc.errors import DataError, InputError, LimitError, Place

STANDARD_INPUT = "standard input"
PATIENCE = 0.2
"""For how many seconds bytes that trickle in are gathered before they are looked at."""
HEAD_BYTES = 64
"""How many bytes of an input are looked at to tell its format."""
_UTF_8 = "utf-8"
_BOM = codecs.BOM_UTF8


@dataclass(frozen=True)
class Opened:
    """An input that has been opened; its first bytes have been looked at, none is lost."""

    name: str
    """What messages call it."""
    source: BinaryIO
    """Without a buffer, at its beginning."""
    head: bytes


@dataclass
class Stream:
    """An input as bytes of UTF-8, whatever it is encoded in; read once, from front to back."""

    name: str
    """What messages call it."""
    source: BinaryIO
    encoding: str = _UTF_8
    max_bytes: int | None = None
    taken: int = 0
    """How many bytes have been read."""
    ended: bool = False
    """Whether `take` has met the end."""
    _ahead: bytes = b""
    _decode: Callable[[bytes, bool], str] | None = field(default=None, init=False)
    _lines: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.encoding != _UTF_8:
            self._decode = codecs.getincrementaldecoder(self.encoding)("surrogateescape").decode
        try:
            while len(self._ahead) < HEAD_BYTES and (more := self._read(HEAD_BYTES)):
                self._ahead += more
        except OSError as error:
            raise InputError(reason(error), place=self.place) from None
        self._refuse_other_encodings()
        self._ahead = self._ahead.removeprefix(_BOM)

    @property
    def place(self) -> Place:
        """The input as a place of errors."""
        return Place(source=self.name)

    def head(self) -> bytes:
        """The first bytes, without reading past them."""
        return self._ahead

    def take(self, size: int) -> bytes:
        """About `size` bytes, or those that come in time; none only at the end."""
        parts, left = [self._ahead[:size]], size - len(self._ahead)
        self._ahead = self._ahead[size:]
        deadline: float | None = None
        try:
            while left > 0 and (deadline is None or self._comes_before(deadline)):
                part = self._read(left)
                if not part:
                    self.ended = True
                    break
                parts.append(part)
                left -= len(part)
                deadline = deadline or time.monotonic() + PATIENCE
        except OSError as error:
            raise InputError(reason(error), place=self.place) from None
        filled = list(filter(None, parts))
        return filled[0] if len(filled) == 1 else b"".join(filled)

    def _comes_before(self, deadline: float) -> bool:
        """Whether more can be read at once, or comes before the deadline."""
        try:
            ready, _, _ = select.select(
                [self.source], [], [], max(0.0, deadline - time.monotonic())
            )
        except (OSError, ValueError, TypeError):  # nothing to wait for: it has no descriptor
            return True
        return bool(ready)

    def _read(self, size: int) -> bytes:
        data = self.source.read(size)
        self.taken += len(data)
        if self.max_bytes is not None and self.taken > self.max_bytes:
            raise LimitError(f"more than --max-bytes {self.max_bytes}", place=self.place)
        if self._decode is None:
            return data
        text = ""
        try:
            while not text and data:  # a character may need more than one byte
                text = self._decode(data, False)
                data = b"" if text else self.source.read(size)
            text = text or self._decode(b"", True)
        except UnicodeError:
            line = self._lines + 1
            raise DataError(
                f"not valid {self.encoding.upper()}", place=Place(source=self.name, line=line)
            ) from None
        self._lines += text.count("\n")
        return text.encode(_UTF_8, "surrogateescape")

    def _refuse_other_encodings(self) -> None:
        if self.encoding == _UTF_8 and self._ahead[:2] in (
            codecs.BOM_UTF16_LE,
            codecs.BOM_UTF16_BE,
        ):
            raise DataError(
                "UTF-16 text where UTF-8 is expected",
                place=self.place,
                hint="convert it, or use --encoding utf-16",
            )


def open_stream(
    path: str, files: ExitStack, *, encoding: str = _UTF_8, max_bytes: int | None = None
) -> Stream:
    """The text of a file, or of standard input for `-`; `files` closes it.

    Raises
    ------
    InputError, DataError : as `open_bytes`
    """
    opened = open_bytes(path, files)
    return Stream(opened.name, opened.source, encoding, max_bytes)


def open_bytes(path: str, files: ExitStack) -> Opened:
    """The bytes of a file, or of standard input for `-`; `files` closes it.

    Raises
    ------
    InputError : it is missing, a directory, not permitted, or closed
    DataError : it is empty
    """
    if path == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed")
        name, source = STANDARD_INPUT, _unbuffered(sys.stdin.buffer)
    else:
        name, source = path, files.enter_context(_opened(path))
    head = b""
    try:
        while len(head) < HEAD_BYTES and (more := source.read(HEAD_BYTES - len(head))):
            head += more
    except OSError as error:
        raise InputError(reason(error), place=Place(source=name)) from None
    if not head:
        what = "nothing on standard input" if path == "-" else "file is empty"
        raise DataError(what, place=Place(source=None if path == "-" else name))
    return Opened(name, _from_start(source, head), head)


def _from_start(source: BinaryIO, head: bytes) -> BinaryIO:
    """The same source at its beginning."""
    try:
        source.seek(-len(head), os.SEEK_CUR)
    except (OSError, ValueError):  # a pipe
        return cast("BinaryIO", _Replayed(head, source))
    return source


class _Replayed(io.RawIOBase):
    """A source that can be read once, and the bytes of it that were looked at before."""

    def __init__(self, head: bytes, source: BinaryIO) -> None:
        self._head, self._source = head, source

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._source.fileno()

    def read(self, size: int = -1, /) -> bytes:
        if self._head and size >= 0:
            part, self._head = self._head[:size], self._head[size:]
            return part
        head, self._head = self._head, b""
        return head + self._source.read(size)

    def readinto(self, buffer: Any, /) -> int:
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb", buffering=0)
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(why, place=Place(source=path)) from None


def _unbuffered(stream: BinaryIO) -> BinaryIO:
    """The same stream without a buffer that would wait until it is full."""
    return getattr(stream, "raw", stream)


def reason(error: OSError) -> str:
    """What the operating system says, in its own words."""
    if isinstance(error, IsADirectoryError):
        return "is a directory"
    return os.strerror(error.errno) if error.errno else str(error)
