"""Bytes of an input, as they come: files and standard input, their encoding, their limits."""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from cecalc.errors import DataError, InputError, LimitError, Place

STANDARD_INPUT = "standard input"
PATIENCE = 0.2
"""For how many seconds bytes that trickle in are gathered before they are looked at."""
_HEAD = 64
_UTF_8 = "utf-8"
_BOM = codecs.BOM_UTF8


@dataclass
class Stream:
    """An input as bytes of UTF-8, whatever it is encoded in; read once, from front to back."""

    name: str
    """What messages call it."""
    source: BinaryIO | _Shared
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
            while len(self._ahead) < _HEAD and (more := self._read(_HEAD - len(self._ahead))):
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
        while (data := self.source.read(size)) is None:
            select.select([self.source], [], [])  # it does not wait by itself
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
    """The bytes of a file, or of standard input for `-`; `files` closes it.

    Raises
    ------
    InputError : it is missing, a directory, not permitted, or closed
    DataError : it is empty
    """
    source: BinaryIO | _Shared
    if path == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed")
        name, source = STANDARD_INPUT, _unbuffered(sys.stdin.buffer)
    else:
        name = path
        source = files.enter_context(closing(_Shared(_opened(path))))
    stream = Stream(name, source, encoding, max_bytes)
    if not stream.head():
        what = "nothing on standard input" if path == "-" else "file is empty"
        raise DataError(what, place=Place(source=None if path == "-" else name))
    return stream


class _Shared:
    """A file that one thread may close while another one reads.

    The read may not go on by then: the number of a closed file soon belongs to another.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._lock = file, threading.Lock()
        self._is_read = self._is_done = False

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none once the file is closed."""
        with self._lock:
            if self._is_done:
                return b""
            self._is_read = True
        try:
            return self._file.read(size)
        finally:
            with self._lock:
                self._is_read = False
                if self._is_done:
                    self._file.close()

    def fileno(self) -> int:
        """What the system calls it."""
        return self._file.fileno()

    def close(self) -> None:
        """Close it, or leave that to a read that is still under way."""
        with self._lock:
            self._is_done = True
            if not self._is_read:
                self._file.close()


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
