"""A stream of text cut where rows end, so that each block can be parsed by itself."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cecalc.errors import DataError, InputError, LimitError, Place
from cecalc.input.bytes import Stream

BLOCK_BYTES = 4 * 2**20
"""About how much text makes a block; more where a row is longer."""
MAX_LINE_CHARACTERS = 64 * 2**20
MAX_FIELD = 2**20
"""How many characters a field of delimited text may have."""
_UNDECODED = re.compile("[\udc80-\udcff]")
_QUOTE, _LF, _CR = b'"\n\r'
BLANK = " \t\r\n"
"""What JSON skips between its values."""
_MAYBE_BLANK = (b"\n\n", b"\n\r", b"\n ", b"\n\t")
_LINE_END = re.compile(rb"\r\n?|\n")
_AS_WORDS = bytes.maketrans(b"\v\f", b"xx")
"""With spaces and tabs taken out, makes words of lines: only line ends are left between them."""


@dataclass(frozen=True)
class TextBlock:
    """Whole rows of text."""

    name: str
    """The input they come from."""
    text: bytes
    line: int
    """The 1-based number of its first line."""
    start: int
    """The 0-based number of its first row."""
    rows: int
    """How many there are; blank lines count where line ends may be quoted, as in CSV."""
    line_ends: int
    quoted: bool
    """Whether a quoted field may hold a line end, as in CSV."""
    encoding: str = "utf-8"
    """What the input was encoded in; the text is UTF-8 whatever it was."""

    def lines(self) -> Iterator[tuple[int, str]]:
        """Physical lines with their numbers; any of LF, CRLF and CR ends one.

        Raises
        ------
        DataError, LimitError : a line holds bytes that are no text, or is too long
        """
        reader = io.TextIOWrapper(io.BytesIO(self.text), "utf-8", "surrogateescape", newline="")
        for number, line in enumerate(reader, self.line):
            place = Place(source=self.name, line=number)
            if len(line) > MAX_LINE_CHARACTERS:
                limit = f"line is longer than {MAX_LINE_CHARACTERS} characters"
                raise LimitError(limit, place=place)
            if "\0" in line:
                raise DataError("NUL byte", place=place)
            if not self.quoted:
                self.refuse_bytes(line, place)
            yield number, line

    def refuse_bytes(self, text: str, place: Place) -> None:
        """Refuse bytes that are no text; in fields that are not used they pass as they are.

        Raises
        ------
        DataError : the text holds some
        """
        undecoded = None if text.isascii() else _UNDECODED.search(text)
        if undecoded is not None:
            byte = ord(undecoded.group()) - 0xDC00
            rule = f"not valid {self.encoding.upper()} (byte 0x{byte:02x})"
            hint = "name the encoding, for example --encoding latin-1"
            raise DataError(rule, place=place, hint=hint)

    @property
    def has_row_per_line(self) -> bool:
        """Whether each line is a row: none is blank, and no row goes over several."""
        return self.rows == self.line_ends + (not self.text.endswith(b"\n"))

    @property
    def row_lines(self) -> Sequence[int]:
        """The line on which each row starts, where no CR stands alone."""
        if self.has_row_per_line:
            return range(self.line, self.line + self.rows)
        starts = np.append([0], row_ends(self.text, quoted=self.quoted)[:-1])
        line_ends = np.flatnonzero(np.frombuffer(self.text, np.uint8) == _LF)
        lines: list[int] = (self.line + np.searchsorted(line_ends, starts)).tolist()
        return lines

    def without_blank_ends(self) -> TextBlock:
        """The block without the blank lines before its first row and after its last one."""
        text, blank = self.text, BLANK.encode()
        indent = len(text) - len(text.lstrip(blank))
        begin = max(text.rfind(b"\n", 0, indent), text.rfind(b"\r", 0, indent)) + 1
        end = _filled_end(text, blank)
        if not begin and end == len(text):
            return self
        line, filled = self.line + count_line_ends(text[:begin]), text[begin:end]
        return replace(self, text=filled, line=line, line_ends=count_line_ends(filled))


def cut(stream: Stream, *, quoted: bool, header_rows: int = 0) -> Iterator[TextBlock]:
    """The stream in blocks of whole rows.

    Parameters
    ----------
    stream : at its beginning
    quoted : whether line ends inside quotes end no row; blank lines then go with what follows them
    header_rows : how many rows at the beginning are not counted
    """
    line, start, rest = 1, -header_rows, b""
    while not stream.ended:
        try:
            more = stream.take(max(BLOCK_BYTES - len(rest), len(rest)))  # twice a long row
        except DataError as error:
            raise error.at(line=line + count_line_ends(_blank_start(rest))) from None
        except InputError as error:
            if start > 0 and "ends early" in error.rule:
                error.rule += f" (after row {start})"
            raise
        text, rest = _parted(rest, more, quoted=quoted, ended=stream.ended)
        if text:
            block = _block(stream, text, line, start, quoted=quoted)
            if block.rows:
                yield block if quoted else block.without_blank_ends()
            line += block.line_ends
            start += block.rows
        if len(_blank_start(rest)) > MAX_LINE_CHARACTERS:
            rule = f"more than {MAX_LINE_CHARACTERS} line ends without a row"
            raise LimitError(rule, place=Place(source=stream.name, line=line))


def is_utf_8(text: bytes) -> bool:
    """Whether bytes are text at all."""
    try:
        return text.isascii() or bool(text.decode())
    except UnicodeDecodeError:
        return False


def count_line_ends(text: bytes) -> int:
    """How many of LF, CRLF and CR there are."""
    ends = int(np.count_nonzero(np.frombuffer(text, np.uint8) == _LF))  # 5 x bytes.count
    return ends + (text.count(b"\r") - text.count(b"\r\n") if b"\r" in text else 0)


def _blank_start(rest: bytes) -> bytes:
    """The blank lines before a row that has begun."""
    return rest[: len(rest) - len(rest.lstrip(b"\r\n"))]


def _parted(rest: bytes, more: bytes, *, quoted: bool, ended: bool) -> tuple[bytes, bytes]:
    """Whole rows, and the beginning of the next one."""
    if not ended and not (quoted and (b'"' in rest or b'"' in more)) and b"\n" in more:
        end = more.rfind(b"\n") + 1
        text, rest = b"".join([rest, memoryview(more)[:end]]), more[end:]
    else:
        data = rest + more
        end = len(data) if ended else _last_end(data, quoted=quoted)
        if not end and len(data) > MAX_LINE_CHARACTERS:
            end = len(data)  # the strict reader says why
        text, rest = data[:end], data[end:]
    if not quoted or text[-2:-1] not in (b"\r", b"\n", b""):
        return text, rest
    end = _filled_end(text, b"\r\n")  # blank lines are harmless only at the end
    return text[:end], text[end:] + rest


def _block(stream: Stream, text: bytes, line: int, start: int, *, quoted: bool) -> TextBlock:
    has_bare = b"\r" in text and text.count(b"\r") != text.count(b"\r\n")
    line_ends = count_line_ends(text)
    rows = line_ends + (not text.endswith(b"\n"))
    if quoted and (has_bare or b'"' in text):
        rows = len(row_ends(text, quoted=True))
    elif not quoted and (
        has_bare or text[:1].isspace() or any(blank in text for blank in _MAYBE_BLANK)
    ):
        rows = len(text.translate(_AS_WORDS, b" \t").split())
    return TextBlock(stream.name, text, line, start, rows, line_ends, quoted, stream.encoding)


def row_ends(text: bytes, *, quoted: bool) -> np.ndarray:
    """Where rows end: after each LF, CRLF or CR that no quotes enclose, and at the end."""
    codes = np.frombuffer(text, np.uint8)
    is_end = codes == _LF
    if b"\r" in text:
        bare = np.flatnonzero(codes == _CR)
        after = np.append(codes, _CR)[bare + 1]
        is_end[bare[after != _LF]] = True
    ends = np.flatnonzero(is_end)
    if quoted and b'"' in text:
        before = np.searchsorted(np.flatnonzero(codes == _QUOTE), ends)
        ends = ends[before % 2 == 0]
    ends += 1
    return ends if ends.size and ends[-1] == len(text) else np.append(ends, len(text))


def _last_end(data: bytes, *, quoted: bool) -> int:
    """Where the last row that is complete ends; 0 where none is."""
    if data.endswith(b"\n") and not (quoted and data.count(b'"') % 2):
        return len(data)
    stop = len(data) - 1  # what follows a last CR is not known yet
    is_within = quoted and data.count(b'"', 0, stop) % 2
    while True:  # from quote to quote, backwards
        begin = data.rfind(b'"', 0, stop) + 1 if quoted else 0
        if not is_within:
            end = max(data.rfind(b"\n", begin, stop), data.rfind(b"\r", begin, stop)) + 1
            if end:
                return end + (data[end - 1 : end + 1] == b"\r\n")
        if not begin:
            return 0
        stop, is_within = begin - 1, not is_within


def _filled_end(text: bytes, blank: bytes) -> int:
    """The length of the text without blank lines at its end."""
    filled = len(text.rstrip(blank))
    end = _LINE_END.search(text, filled) if filled else None
    return end.end() if end else len(text) * bool(filled)
