"""Bytes to lines of text: files and standard input, encodings, and the limits on them."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cecalc.errors import DataError, InputError, LimitError, Place

STANDARD_INPUT = "standard input"
MAX_LINE_CHARACTERS = 64 * 2**20
_UNDECODED = re.compile("[\udc80-\udcff]")


@dataclass
class Text:
    """An input as text: its lines, counted, with their line ends kept."""

    name: str
    """What messages call it."""
    encoding: str
    max_bytes: int | None
    stream: BinaryIO
    line: int = 0
    """The 1-based number of the last line read."""

    def head(self) -> bytes:
        """The first bytes, without reading past them."""
        return self.stream.peek(64)[:64]  # type: ignore[attr-defined, no-any-return]

    def lines(self) -> Iterator[str]:
        """Physical lines; any of LF, CRLF and CR ends one."""
        self._refuse_other_encodings()
        name = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        reader = io.TextIOWrapper(self.stream, name, errors="surrogateescape", newline="")
        try:
            yield from self._read(reader)
        finally:
            with suppress(ValueError):  # it may be closed already
                reader.detach()  # whoever opened the stream closes it

    def _read(self, reader: io.TextIOWrapper) -> Iterator[str]:
        size = 0
        while line := self._next(reader):
            self.line += 1
            if len(line) > MAX_LINE_CHARACTERS:
                limit = f"line is longer than {MAX_LINE_CHARACTERS} characters"
                raise LimitError(limit, place=self.here())
            self._refuse_bad_characters(line)
            size += len(line) if line.isascii() else len(line.encode(self.encoding))
            if self.max_bytes is not None and size > self.max_bytes:
                raise LimitError(f"more than --max-bytes {self.max_bytes}", place=self.here())
            yield line

    def here(self) -> Place:
        """The line just read."""
        return Place(source=self.name, line=self.line)

    def _next(self, reader: io.TextIOWrapper) -> str:
        try:
            return reader.readline(MAX_LINE_CHARACTERS + 1)
        except UnicodeError:
            place = Place(source=self.name, line=self.line + 1)
            raise DataError(f"not valid {self.encoding.upper()}", place=place) from None
        except OSError as error:
            raise InputError(_reason(error), place=Place(source=self.name)) from None

    def _refuse_other_encodings(self) -> None:
        head = self.head()
        if self.encoding == "utf-8" and head[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise DataError(
                "UTF-16 text where UTF-8 is expected",
                place=Place(source=self.name),
                hint="convert it, or use --encoding utf-16",
            )

    def _refuse_bad_characters(self, line: str) -> None:
        if "\0" in line:
            raise DataError("NUL byte", place=self.here())
        undecoded = None if line.isascii() else _UNDECODED.search(line)
        if undecoded is not None:
            byte = ord(undecoded.group()) - 0xDC00
            raise DataError(
                f"not valid {self.encoding.upper()} (byte 0x{byte:02x})",
                place=self.here(),
                hint="name the encoding, for example --encoding latin-1",
            )


def open_text(
    path: str, files: ExitStack, *, encoding: str = "utf-8", max_bytes: int | None = None
) -> Text:
    """The text of a file, or of standard input for `-`; `files` closes it.

    Raises
    ------
    InputError : it is missing, a directory, not permitted, or closed
    DataError : it is empty
    """
    if path == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed")
        name, stream = STANDARD_INPUT, sys.stdin.buffer
    else:
        name, stream = path, files.enter_context(_opened(path))
    text = Text(name, encoding, max_bytes, stream)
    try:
        empty = not text.head()
    except OSError as error:
        raise InputError(_reason(error), place=Place(source=name)) from None
    if empty:
        what = "nothing on standard input" if path == "-" else "file is empty"
        raise DataError(what, place=Place(source=None if path == "-" else name))
    return text


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = _reason(error) if isinstance(error, OSError) else str(error)
        raise InputError(reason, place=Place(source=path)) from None


def _reason(error: OSError) -> str:
    if isinstance(error, IsADirectoryError):
        return "is a directory"
    return os.strerror(error.errno) if error.errno else str(error)
