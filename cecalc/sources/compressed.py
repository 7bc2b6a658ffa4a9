"""Compressed bytes, told by what they begin with: gzip, bzip2, xz and Zstandard."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from cecalc.errors import CecalcError, InputError

SUFFIXES = (".gz", ".bz2", ".xz", ".zst")
_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
_PROGRAMS = {_GZIP: "gzip", _BZIP2: "bzip2", _XZ: "xz", _ZSTD: "zstd"}
"""What makes them, and expands them with -d."""
_DECOMPRESSORS: Mapping[bytes, Callable[[], Any]] = {
    _GZIP: lambda: zlib.decompressobj(wbits=31),
    _BZIP2: bz2.BZ2Decompressor,
    _XZ: lzma.LZMADecompressor,
}
_CHUNK = 2**18


class Readable(Protocol):
    """Bytes that are read once."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


def without_suffix(name: str) -> str:
    """The name of what a compressed file holds.

    >>> without_suffix("x.csv.gz")
    'x.csv'
    """
    return next((name.removesuffix(s) for s in SUFFIXES if name.lower().endswith(s)), name)


def expanded(head: bytes, source: Readable) -> Members | Frames | None:
    """What reads the bytes that `head` and `source` hold compressed; None where they are not.

    Parameters
    ----------
    head : the first bytes, already read from the source
    """
    if head.startswith(_ZSTD):
        return Frames(head, source)
    for magic, decompressor in _DECOMPRESSORS.items():
        if head.startswith(magic):
            return Members(head, source, magic, decompressor)
    return None


def program(head: bytes) -> str | None:
    """The program whose output begins like `head`; None where it is not compressed.

    >>> program(b"BZh91AY")
    'bzip2'
    """
    return next((name for magic, name in _PROGRAMS.items() if head.startswith(magic)), None)


class Members:
    """The bytes of one compressed member after the other.

    Python's own file objects pass over what follows the last member; this one refuses it.
    """

    def __init__(
        self, head: bytes, source: Readable, magic: bytes, decompressor: Callable[[], Any]
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
        self._stream = pa.CompressedInputStream(pa.PythonFile(_Rejoined(head, source), "r"), "zstd")

    def read(self, size: int) -> bytes:
        """Some of the next bytes, at most `size`; none at the end.

        Raises
        ------
        InputError : they end early, are damaged, or something else follows them
        """
        try:
            found: bytes = self._stream.read(size)
        except OSError as error:
            raise _damage(str(error)) from None
        return found


class _Rejoined:
    """A stream whose first bytes have been read already."""

    closed = False

    def __init__(self, head: bytes, source: Readable) -> None:
        self._head, self._source = head, source

    def read(self, size: int) -> bytes:
        head, self._head = self._head[:size], self._head[size:]
        return head or self._source.read(size)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Whoever opened the source closes it."""


def _damage(said: str) -> CecalcError:
    """What a library found wrong, in our words."""
    if "check" in said:
        return InputError("checksum mismatch")
    if "Truncated" in said:
        return InputError("compressed data ends early")
    if "Unknown frame" in said:
        return InputError("unexpected data after the compressed stream")
    return InputError("compressed data is damaged")
