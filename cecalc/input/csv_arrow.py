"""A block of CSV or TSV at once; what the bulk readers are lenient about is checked before.

They let NUL bytes, stray quotes and fields of any length through, skip a byte order mark, and read
beyond float64 as infinite: `columns` returns None for a block with any of those, and for one that
they refuse, so that the strict reader decides.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import pyarrow as pa

from cecalc.input.table import Columns, LazyIds, LazyOriginals, Reading
from cecalc.input.text import MAX_FIELD, MAX_LINE_CHARACTERS, TextBlock
from cecalc.model import Floats, Integers
from cecalc.numbers import read_number

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LF = ord("\n")
_PIECE = 2**18
"""How much text is looked at at once."""
_NARROW = 64
MAX_COLUMNS = 4096
"""Beyond, pyarrow's reader spends more on each column than it saves on each cell."""


class Fields(Protocol):
    """The fields of some rows; positions are 0-based and in order. A ValueError says no more than
    that the strict reader has to look.
    """

    def numbers(self, positions: Sequence[int]) -> Floats:
        """Some columns as numbers, shape (rows, columns)."""

    def encoded(self, position: int) -> tuple[list[str], NDArray[np.int32]]:
        """A column's different texts, and the number of each row's among them."""


def fields_of(text: bytes, delimiter: str, fields: int, rows: int) -> Fields:
    """The fields of a text.

    Raises
    ------
    ValueError : it has not so many rows of so many fields
    """
    if len(text) > MAX_LINE_CHARACTERS:
        raise ValueError("too long")
    if b'"' in text:
        return _Parsed(text, delimiter, fields, rows)
    return _Cut(text.replace(b"\r\n", b"\n") if b"\r" in text else text, delimiter, fields, rows)


def _has_long_line(text: bytes) -> bool:
    """Whether a field could be too long without a line end in it."""
    start = 0
    while len(text) - start > MAX_FIELD:
        end = text.rfind(b"\n", start, start + MAX_FIELD) + 1
        if not end:
            return True
        start = end
    return False


class _Cut:
    """Fields that lie between delimiters and line ends, looked for in pieces that stay in cache."""

    def __init__(self, text: bytes, delimiter: str, fields: int, rows: int) -> None:
        self._text, self._delimiter = text, ord(delimiter)
        self._fields, self._rows = fields, rows

    def numbers(self, positions: Sequence[int]) -> Floats:
        shape = self._rows, len(positions)
        # Few classes are better worked on class by class.
        order: Literal["C", "F"] = "F" if shape[1] < _NARROW else "C"
        numbers, row = np.empty(shape, order=order), 0
        for piece in self._pieces():
            cells = self._strings(piece, positions).cast(pa.float64())
            part = np.frombuffer(cells.buffers()[1], np.float64, len(cells))[::2]
            part = part.reshape(-1, shape[1])
            numbers[row : row + len(part)] = part
            row += len(part)
        return numbers

    def encoded(self, position: int) -> tuple[list[str], NDArray[np.int32]]:
        strings = [self._strings(piece, [position]) for piece in self._pieces()]
        encoded = pa.concat_arrays(strings).dictionary_encode()
        indices = np.frombuffer(encoded.indices.buffers()[1], np.int32, len(encoded))
        return encoded.dictionary.to_pylist(), indices[::2]

    def _pieces(self) -> Iterator[memoryview]:
        """Whole rows."""
        text, start = memoryview(self._text), 0
        while start < len(text):
            end = self._text.rfind(b"\n", start, start + _PIECE) + 1
            end = end or self._text.find(b"\n", start) + 1 or len(text)
            yield text[start:end]
            start = end

    def _strings(self, piece: memoryview, positions: Sequence[int]) -> pa.Array:
        """The fields and, null, what lies between them: so nothing has to be copied."""
        codes, fields = np.frombuffer(piece, np.uint8), self._fields
        is_end = codes == self._delimiter
        is_end |= codes == _LF
        ends = np.flatnonzero(is_end)
        if codes[-1] != _LF:
            ends = np.append(ends, len(codes))
        rows = len(ends) // fields
        is_last = codes[ends[fields - 1 : -1 : fields]] == _LF
        if len(ends) % fields or not is_last.all() or np.count_nonzero(codes == _LF) > rows:
            raise ValueError("ragged")
        begins = np.empty_like(ends)
        begins[0] = 0
        np.add(ends[:-1], 1, out=begins[1:])
        if len(piece) > MAX_FIELD and (ends - begins).max() > MAX_FIELD:
            raise ValueError("too long")
        first, last = positions[0], positions[-1] + 1
        chosen: Any = slice(first, last) if last - first == len(positions) else list(positions)
        offsets = np.empty(2 * rows * len(positions) + 1, np.int32)
        for at, places in enumerate((begins, ends)):
            offsets[at:-1:2] = places.reshape(rows, fields)[:, chosen].reshape(-1)
        offsets[-1] = offsets[-2]
        is_field = np.full(len(offsets) // 8 + 1, 0b01010101, np.uint8)
        buffers = [pa.py_buffer(part) for part in (is_field, offsets, piece)]
        return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


class _Parsed:
    """Fields found by pyarrow's CSV reader."""

    def __init__(self, text: bytes, delimiter: str, fields: int, rows: int) -> None:
        if fields > MAX_COLUMNS or _has_long_line(text):
            raise ValueError("too wide")
        self._text, self._rows = text, rows
        self._names = [str(i) for i in range(fields)]
        self._delimiter = delimiter

    def numbers(self, positions: Sequence[int]) -> Floats:
        table = self._read({self._names[i]: pa.float64() for i in positions})
        columns: Floats = table.to_batches()[0].to_tensor(row_major=False).to_numpy()
        return columns

    def encoded(self, position: int) -> tuple[list[str], NDArray[np.int32]]:
        table = self._read({self._names[position]: pa.dictionary(pa.int32(), pa.string())})
        column = table.column(0).chunk(0)
        indices = np.frombuffer(column.indices.buffers()[1], np.int32, len(column))
        return column.dictionary.to_pylist(), indices

    def _read(self, types: dict[str, pa.DataType]) -> pa.Table:
        from pyarrow import csv

        table = csv.read_csv(
            pa.BufferReader(self._text),
            csv.ReadOptions(
                use_threads=False, block_size=len(self._text) + 1, column_names=self._names
            ),
            csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
            csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[],
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
        if table.num_rows != self._rows:
            raise ValueError("blank lines")
        return table


_QUOTE = ord('"')


def columns(block: TextBlock, delimiter: str, reading: Reading) -> Columns | None:
    """The block as arrays."""
    layout = reading.layout
    if not _is_plain(block, delimiter):
        return None
    originals = LazyOriginals(block, lambda line: next(csv.reader([line], delimiter=delimiter)))
    try:
        fields = fields_of(block.text, delimiter, len(reading.fields), block.rows)
        named = () if reading.classes.are_numbers or not reading.has_index else layout.target
        weights = () if layout.sample_weight is None else (layout.sample_weight,)
        targets = () if named else layout.target
        asked = sorted({*layout.values, *targets, *weights})
        numbers = fields.numbers(asked) if asked else np.empty((block.rows, 0))
        _check_special(numbers, asked, originals)
        values = _chosen(numbers, asked, layout.values)
        target = _chosen(numbers, asked, targets)
        target = target[:, 0] if len(targets) == 1 else target
        if named:
            texts, indices = fields.encoded(named[0])
            target = np.asarray([reading.classes.number(text) for text in texts])[indices]
    except ValueError:  # pyarrow's own errors are among them
        return None
    return Columns(
        values=values,
        target=target if layout.target else None,
        sample_weight=_chosen(numbers, asked, weights)[:, 0] if weights else None,
        ids=None if layout.id is None else LazyIds(originals, layout.id),
        lines=_lines(block),
        originals=originals,
    )


def _chosen(numbers: Floats, asked: Sequence[int], positions: Sequence[int]) -> Floats:
    """The columns at `positions` of those that were asked for; a view where they are neighbours."""
    place = {i: k for k, i in enumerate(asked)}
    places = [place[i] for i in positions]
    first = places[0] if places else 0
    if places == list(range(first, first + len(places))):
        return numbers[:, first : first + len(places)]
    return numbers[:, places]


def _check_special(values: Floats, positions: Sequence[int], originals: LazyOriginals) -> None:
    """Whether what is not finite was written so; a ValueError where the grammar refuses it."""
    flags = np.isfinite(values)
    if flags.all():
        return
    for row in np.flatnonzero(~flags.all(axis=1)).tolist():
        cells = originals[row].cells
        for c in np.flatnonzero(~flags[row]).tolist():
            read_number(cells[positions[c]])


def _lines(block: TextBlock) -> Sequence[int]:
    """The line on which each row starts."""
    if block.has_row_per_line:
        return range(block.line, block.line + block.rows)
    starts = np.concatenate([[0], block.ends()[:-1]])
    line_ends = np.flatnonzero(np.frombuffer(block.text, np.uint8) == ord("\n"))
    lines: list[int] = (block.line + np.searchsorted(line_ends, starts)).tolist()
    return lines


def _is_plain(block: TextBlock, delimiter: str) -> bool:
    """Whether there is nothing in the text that pyarrow would read more leniently than we do."""
    text = block.text
    if b"\0" in text or (b"\r" in text and text.count(b"\r") != text.count(b"\r\n")):
        return False
    if not delimiter.isascii() or text.startswith(codecs.BOM_UTF8):
        return False
    if b'"' in text and not _is_well_quoted(text, ord(delimiter)):
        return False
    return block.is_utf_8


def _is_well_quoted(text: bytes, delimiter: int) -> bool:
    """Whether quotes enclose whole fields, and stand doubled inside: RFC 4180; none too long."""
    codes = np.frombuffer(text, np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    border = np.zeros(256, bool)
    border[[delimiter, 10, 13]] = True
    doubled = np.append(opening[1:] == closing[:-1] + 1, [False])  # "" closes and opens again
    is_closed = doubled | _at(border, codes, closing + 1)
    is_opened = np.append([False], doubled[:-1]) | _at(border, codes, opening - 1)
    if not (is_closed.all() and is_opened.all()):
        return False
    lengths = closing[~doubled] - opening[np.append([True], ~doubled[:-1])]
    return int(lengths.max()) <= MAX_FIELD


def _at(border: np.ndarray, codes: np.ndarray, places: Integers) -> np.ndarray:
    """Whether a field begins or ends at each place; the text itself begins and ends one."""
    inside = (places >= 0) & (places < len(codes))
    found = np.ones(len(places), bool)
    found[inside] = border[codes[places[inside]]]
    return found
