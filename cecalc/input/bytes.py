"""Bytes of an input as they come, decoded, bounded, and gathered while they trickle in."""

from __future__ import annotations

import bz2
import codecs
import io
import lzma
import select
import time
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast

from cecalc.errors import CecalcError, DataError, InputError, LimitError, Place, excerpt, reason

_CHUNK = 2**18


class Readable(Protocol):
    """Bytes that are read once."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


class Members:
    """The bytes of one compressed member after the other.

    Python's own file objects pass over what follows the last member; this one refuses it.
    """

    def __init__(
        self, magic: bytes, decompressor: Callable[[], Any], head: bytes, source: Readable
    ) -> None:
        self._pending, self._source = head, source
        self.fileno = getattr(source, "fileno", None)
        self._magic, self._decompressor = magic, decompressor
        self._member: Any = None

    def read(self, size: int) -> bytes:
        """Some of the next bytes, at most `size`; none at the end.

        Raises
        ------
        InputError : they end early, are damaged, or something else follows them
        """
        while self._member is not None or self._begins():
            is_asked = getattr(self._member, "needs_input", True)
            data = self._some() if is_asked else b""
            try:
                found: bytes = self._member.decompress(data, size)
            except (OSError, zlib.error, lzma.LZMAError) as error:
                raise _damage(str(error)) from None
            self._pending = getattr(self._member, "unconsumed_tail", b"")
            if self._member.eof:
                self._pending, self._member = self._member.unused_data, None
            elif is_asked and not (data or found):
                raise InputError("compressed data ends early")
            if found:
                return found
        return b""

    def _begins(self) -> bool:
        """Whether another member follows."""
        rest = b""
        while not rest and (data := self._some()):
            rest = data.lstrip(b"\0")  # padding
        while rest and len(rest) < len(self._magic) and (more := self._source.read(_CHUNK)):
            rest += more
        if rest and not rest.startswith(self._magic):
            raise InputError("unexpected data after the compressed stream")
        self._pending = rest
        if rest:
            self._member = self._decompressor()
        return bool(rest)

    def _some(self) -> bytes:
        data, self._pending = self._pending, b""
        return data or self._source.read(_CHUNK)


class Frames:
    """The bytes of Zstandard frames, by Arrow."""

    def __init__(self, head: bytes, source: Readable) -> None:
        import pyarrow as pa

        self.fileno = getattr(source, "fileno", None)
        self._stream = pa.CompressedInputStream(pa.PythonFile(Rejoined(head, source), "r"), "zstd")

    def read(self, size: int) -> bytes:
        """Some of the next bytes, at most `size`; none at the end.

        Raises
        ------
        InputError : they end early, are damaged, or something else follows them
        """
        try:
            return cast("bytes", self._stream.read(size))
        except OSError as error:
            raise _damage(str(error)) from None


class Rejoined(io.RawIOBase):
    """A stream whose first bytes have been read already; errors name it.

    Whoever opened the source closes it.
    """

    def __init__(self, head: bytes, source: Any, name: str | None = None) -> None:
        self._head, self._source, self._name = head, source, name

    def head(self) -> bytes:
        """The first bytes, as many as tell what it is; they stay to be read."""
        head = b""
        while is_too_short(head) and (more := self.read(HEAD - len(head))):
            head += more
        self._head = head
        return head

    def fileno(self) -> int:
        """What the system calls the source."""
        return int(self._source.fileno())

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Some of the next bytes; none at the end."""
        head, self._head = self._head[:size], self._head[size:]
        try:
            return head or cast("bytes", self._source.read(size))
        except CecalcError as error:
            raise error.at(source=self._name) from None
        except OSError as error:
            raise InputError(why(error), place=Place(source=self._name)) from None

    def readinto(self, buffer: Any, /) -> int:
        """Fill a part of the buffer; how much of it."""
        part = self.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)


_DAMAGES = {
    "check": "checksum mismatch",
    "Truncated": "compressed data ends early",
    "Unknown frame": "unexpected data after the compressed stream",
}
"""What the libraries find wrong, by words of theirs."""


def _damage(said: str) -> CecalcError:
    """What a library found wrong, in our words."""
    ours = (rule for words, rule in _DAMAGES.items() if words in said)
    return InputError(next(ours, "compressed data is damaged"))


@dataclass(frozen=True)
class Compression:
    """A way of compressing files."""

    program: str
    """What makes them, and expands them with -d."""
    suffix: str
    magic: bytes
    expanded: Callable[[bytes, Readable], Readable]
    """What reads the bytes that are compressed in a head, already read, and its source."""


_GZIP, _BZIP2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
COMPRESSIONS = (
    Compression("gzip", ".gz", _GZIP, partial(Members, _GZIP, partial(zlib.decompressobj, 31))),
    Compression("bzip2", ".bz2", _BZIP2, partial(Members, _BZIP2, bz2.BZ2Decompressor)),
    Compression("xz", ".xz", _XZ, partial(Members, _XZ, lzma.LZMADecompressor)),
    Compression("zstd", ".zst", b"\x28\xb5\x2f\xfd", Frames),
)


def compression(head: bytes) -> Compression | None:
    """How what begins with `head` is compressed; None where it is not."""
    return next((form for form in COMPRESSIONS if head.startswith(form.magic)), None)


def without_suffix(name: str) -> str:
    """The name of what a compressed file holds.

    >>> without_suffix("x.csv.gz")
    'x.csv'
    """
    suffixes = (form.suffix for form in COMPRESSIONS)
    return next((name.removesuffix(s) for s in suffixes if name.lower().endswith(s)), name)


PATIENCE = 0.2
"""For how many seconds bytes that trickle in are gathered before they are looked at."""
HEAD, _LEAST = 64, 16
"""How many bytes are looked at to tell what an input is, and how many are waited for."""
_UTF_8 = "utf-8"
_BOM = codecs.BOM_UTF8
_WIDE = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
"""The marks of text whose characters take more than a byte."""


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
    _ahead: bytes = b""
    """What has been looked at and is still to be read."""
    _decode: Callable[[bytes, bool], str] | None = field(default=None, init=False)
    _failure: CecalcError | None = field(default=None, init=False)
    """What keeps the rest from being read, to be told after what came before it."""

    def __post_init__(self) -> None:
        if self.encoding != _UTF_8:
            self._decode = codecs.getincrementaldecoder(self.encoding)("surrogateescape").decode
        while is_too_short(self._ahead) and (more := self._read(HEAD)):
            self._ahead += more
        marks = {} if self.encoding != _UTF_8 else _WIDE
        found = next((name for mark, name in marks.items() if self._ahead.startswith(mark)), None)
        if found is not None:
            rule = f"{found} text where UTF-8 is expected"
            hint = f"convert it, or use --encoding {found.lower()}"
            raise DataError(rule, place=self.place, hint=hint)
        self._ahead = self._ahead.removeprefix(_BOM)

    @property
    def place(self) -> Place:
        """The input as a place of errors."""
        return Place(source=self.name)

    def head(self) -> bytes:
        """The first bytes, without reading past them."""
        return self._ahead

    def take(self, size: int) -> bytes:
        """About `size` bytes, or those that come in time; none only at the end.

        An error is raised only after all that could be read before it.
        """
        parts, left = [self._ahead[:size]], size - len(self._ahead)
        self._ahead = self._ahead[size:]
        deadline = time.monotonic() + PATIENCE if parts[0] else None
        while left > 0 and (deadline is None or self._comes_before(deadline)):
            part = self._read(left)
            if not part:
                self.ended = self._failure is None
                break
            parts.append(part)
            left -= len(part)
            deadline = deadline or time.monotonic() + PATIENCE
        filled = list(filter(None, parts))
        if self._failure is not None and not filled:
            raise self._failure
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
        """Some of the next bytes as UTF-8; none at the end, and before what failed."""
        decode = self._decode
        if decode is None:
            return self._bounded(size)
        text = ""
        while not text and (data := self._bounded(size)):  # a character may need several bytes
            text = self._decoded(decode, data)
        if not text and self._failure is None:
            text = self._decoded(decode, b"")
        return text.encode(_UTF_8, "surrogateescape")

    def _decoded(self, decode: Callable[[bytes, bool], str], data: bytes) -> str:
        """Data as text; what is left of it, where none follows."""
        try:
            return decode(data, not data)
        except UnicodeError as error:
            self._failure = DataError(f"not valid {self.encoding.upper()}", place=self.place)
            if isinstance(error, UnicodeDecodeError):
                waiting = len(error.object) - len(data)  # it was read before
                good = data[: max(0, error.start - waiting)]
                with suppress(UnicodeError):  # of UTF-16 without its mark
                    return decode(good, False) if good else ""
            return ""

    def _bounded(self, size: int) -> bytes:
        """Some of the next bytes of the source, up to the limit."""
        if self._failure is not None:
            return b""
        try:
            data = self.source.read(size)
        except CecalcError as error:
            self._failure = error
            return b""
        if self.max_bytes is not None and self.taken + len(data) > self.max_bytes:
            self._failure = LimitError(f"more than --max-bytes {self.max_bytes}", place=self.place)
            data = data[: self.max_bytes - self.taken]
        self.taken += len(data)
        return data


def is_too_short(head: bytes) -> bool:
    """Whether more has to be seen to tell what an input is: not where a first line is over."""
    return len(head) < _LEAST and b"\n" not in head


def not_a(kind: str, head: bytes, place: Place) -> DataError:
    """The error for a file that does not begin as its format does."""
    article = "an" if kind[0] in "AEIOU" else "a"
    begins = excerpt(head[:16].decode("latin-1"))
    return DataError(f"not {article} {kind} file (starts with {begins})", place=place)


def why(error: OSError | ValueError) -> str:
    """What the operating system says, in its own words."""
    if isinstance(error, IsADirectoryError):
        return "is a directory"
    return reason(error)
