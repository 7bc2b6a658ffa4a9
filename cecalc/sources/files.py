"""Bytes of an input, as they come: files and standard input, their encoding, their limits."""

from __future__ import annotations

import codecs
import io
import os
import select
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from cecalc.errors import CecalcError, DataError, InputError, LimitError, Place
from cecalc.records import Meter

if TYPE_CHECKING:
    from cecalc.sources.compressed import Readable

STANDARD_INPUT = "standard input"
PATIENCE = 0.2
"""For how many seconds bytes that trickle in are gathered before they are looked at."""
_HEAD, _LEAST = 64, 16
"""How many bytes are looked at to tell what an input is, and how many are waited for."""
_PIPE = 2**20
"""How many bytes a pipe is asked to hold."""
_UTF_8 = "utf-8"
_BOM = codecs.BOM_UTF8


@dataclass(frozen=True)
class Opened:
    """An input of which the first bytes have been looked at; what was compressed is expanded."""

    name: str
    """What messages call it."""
    source: Readable
    """What follows the head."""
    head: bytes
    raw: BinaryIO | None
    """The file or pipe itself, past the head; None where it is compressed."""

    def text(self, encoding: str = "utf-8", max_bytes: int | None = None) -> Stream:
        """All of it, as text."""
        return Stream(self.name, self.source, encoding, max_bytes, _unread=self.head)

    def binary(self, files: ExitStack) -> BinaryIO:
        """All of it behind a buffer, to seek in where it is a plain file; `files` lets go of it."""
        raw: Any = self.raw
        if raw is not None and raw.seekable():
            raw.seek(-len(self.head), os.SEEK_CUR)
        else:
            raw = _Rejoined(self)
        buffered = io.BufferedReader(raw)
        files.callback(buffered.detach)  # else it closes what it reads as soon as it is forgotten
        return cast("BinaryIO", buffered)


@dataclass
class Stream:
    """An input as bytes of UTF-8, whatever it is encoded in; read once, from front to back."""

    name: str
    """What messages call it."""
    source: Readable
    encoding: str = _UTF_8
    max_bytes: int | None = None
    taken: int = 0
    """How many bytes have been read."""
    ended: bool = False
    """Whether `take` has met the end."""
    _unread: bytes = b""
    """What has been looked at and is still to be read."""
    _ahead: bytes = b""
    """The same after decoding."""
    _decode: Callable[[bytes, bool], str] | None = field(default=None, init=False)
    _lines: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.encoding != _UTF_8:
            self._decode = codecs.getincrementaldecoder(self.encoding)("surrogateescape").decode
        while _is_too_short(self._ahead) and (more := self._read(_HEAD)):
            self._ahead += more
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
        deadline = time.monotonic() + PATIENCE if parts[0] or self._unread else None
        while left > 0 and (deadline is None or self._comes_before(deadline)):
            part = self._read(left)
            if not part:
                self.ended = True
                break
            parts.append(part)
            left -= len(part)
            deadline = deadline or time.monotonic() + PATIENCE
        filled = list(filter(None, parts))
        return filled[0] if len(filled) == 1 else b"".join(filled)

    def _comes_before(self, deadline: float) -> bool:
        """Whether more can be read at once, or comes before the deadline."""
        try:
            source: Any = self.source
            ready, _, _ = select.select([source], [], [], max(0.0, deadline - time.monotonic()))
        except (OSError, ValueError, TypeError):  # nothing to wait for: it has no descriptor
            return True
        return bool(ready)

    def _read(self, size: int) -> bytes:
        data = self._bytes(size)
        self.taken += len(data)
        if self.max_bytes is not None and self.taken > self.max_bytes:
            raise LimitError(f"more than --max-bytes {self.max_bytes}", place=self.place)
        if self._decode is None:
            return data
        text = ""
        try:
            while not text and data:  # a character may need more than one byte
                text = self._decode(data, False)
                data = b"" if text else self._bytes(size)
            text = text or self._decode(b"", True)
        except UnicodeError:
            line = self._lines + 1
            raise DataError(
                f"not valid {self.encoding.upper()}", place=Place(source=self.name, line=line)
            ) from None
        self._lines += text.count("\n")
        return text.encode(_UTF_8, "surrogateescape")

    def _bytes(self, size: int) -> bytes:
        """Some of the next bytes of the source."""
        if self._unread:
            data, self._unread = self._unread, b""
            return data
        return _read(self.source, size, self.name)

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


def _is_too_short(head: bytes) -> bool:
    """Whether more has to be seen to tell what an input is: not where a first line is over."""
    return len(head) < _LEAST and b"\n" not in head


class Files(ExitStack):
    """What is open, to be closed together; and how much of it has been read."""

    def __init__(self, meter: Meter | None = None) -> None:
        super().__init__()
        self.meter = meter or Meter()


class _Metered:
    """A source whose bytes are counted."""

    def __init__(self, source: BinaryIO | _Shared, meter: Meter) -> None:
        self._source, self._meter = source, meter
        self.fileno = source.fileno

    def read(self, size: int, /) -> bytes:
        while (data := self._source.read(size)) is None:
            select.select([self._source], [], [])  # it does not wait by itself
        self._meter.read += len(data)
        return data


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


def size_of(names: Iterable[str]) -> int | None:
    """How many bytes the inputs have; None where one is no regular file."""
    sizes = []
    for name in names:
        try:
            status = os.fstat(0) if name == "-" else Path(name).stat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        sizes.append(status.st_size)
    return sum(sizes)


def open_stream(
    path: str, files: Files, *, encoding: str = _UTF_8, max_bytes: int | None = None
) -> Stream:
    """The text of a file, or of standard input for `-`; `files` closes it.

    Raises
    ------
    InputError, DataError : as `open_bytes`
    """
    return open_bytes(path, files).text(encoding, max_bytes)


def open_bytes(path: str, files: Files) -> Opened:
    """The bytes of a file, or of standard input for `-`; `files` closes it.

    Raises
    ------
    InputError : it is missing, a directory, not permitted, or closed
    DataError : it is empty
    """
    from cecalc.sources.compressed import expanded

    shared: _Shared | None = None
    if path == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed")
        name, raw = STANDARD_INPUT, _unbuffered(sys.stdin.buffer)
    elif path.startswith(("s3://", "gs://")):
        from cecalc.sources import stores

        name, raw = path, stores.opened(path, files)
    else:
        name, raw = path, _opened(path)
        shared = files.enter_context(closing(_Shared(raw)))
    source: Readable = _Metered(shared or raw, files.meter)
    head = _head(source, name)
    compressed = expanded(head, source)
    if compressed is not None:
        source, head = compressed, _head(compressed, name)
    if not head:
        what = "nothing on standard input" if path == "-" else "file is empty"
        raise DataError(what, place=Place(source=None if path == "-" else name))
    return Opened(name, source, head, raw if compressed is None else None)


def _head(source: Readable, name: str) -> bytes:
    head = b""
    while _is_too_short(head) and (more := _read(source, _HEAD - len(head), name)):
        head += more
    return head


def _read(source: Readable, size: int, name: str) -> bytes:
    """Some of the next bytes; an error names the input."""
    try:
        return source.read(size)
    except CecalcError as error:
        raise error.at(source=name) from None
    except OSError as error:
        raise InputError(reason(error), place=Place(source=name)) from None


class _Rejoined(io.RawIOBase):
    """The head of an input and what follows it, read once."""

    def __init__(self, opened: Opened) -> None:
        self._opened, self._head = opened, opened.head

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        part, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        part = part or _read(self._opened.source, len(buffer), self._opened.name)
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
    with suppress(OSError, ValueError, AttributeError):  # a pipe that holds more is read less often
        import fcntl

        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, _PIPE)
    return getattr(stream, "raw", stream)


def reason(error: OSError) -> str:
    """What the operating system says, in its own words."""
    if isinstance(error, IsADirectoryError):
        return "is a directory"
    return os.strerror(error.errno) if error.errno else str(error)
