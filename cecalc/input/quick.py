"""A block of text at once; what the bulk readers are lenient about is checked.

In CSV they let NUL bytes, stray quotes and fields of any length through, skip a byte order mark,
and read beyond float64 as infinite; in JSON lines two objects on a line, missing keys, null and NaN
pass, wherever they stand. Where a block holds any of those, or they refuse it, None is returned, so
that the strict reader decides.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from cecalc.errors import Place
from cecalc.input.arrow_columns import ArrowColumns, floats_of
from cecalc.input.layout import Layout
from cecalc.input.table import Cells, LazyOriginals, Reading
from cecalc.input.text import MAX_FIELD, MAX_LINE_CHARACTERS, TextBlock, is_utf_8, row_ends
from cecalc.model import Array, Columns, Floats
from cecalc.numbers import read_number

_LF, _QUOTE = ord("\n"), ord('"')
_PIECE = 2**18
"""How much text is looked at at once."""
_NARROW = 64
MAX_COLUMNS = 4096
"""Beyond, pyarrow's reader spends more on each column than it saves on each cell."""


class _Cut(Cells):
    """Fields that lie between delimiters and line ends, looked for in pieces that stay in cache.

    Positions are in order. A ValueError says no more than that the strict reader has to look.
    """

    def __init__(
        self, block: TextBlock, delimiter: str, reading: Reading, asked: Sequence[int]
    ) -> None:
        text = block.text
        self._text = text.replace(b"\r\n", b"\n") if b"\r" in text else text
        self._delimiter, self._fields = ord(delimiter), len(reading.fields)
        self.reading, self._rows, self._asked = reading, block.rows, asked
        self._asked_numbers = self._numbers(asked) if asked else np.empty((block.rows, 0))

    def array(self, positions: Sequence[int]) -> Floats:
        """As any, of columns that were asked for."""
        return self._asked_numbers[:, _run(np.searchsorted(self._asked, positions).tolist())]

    def place(self, position: int | None, row: int) -> Place:  # noqa: ARG002
        """Nowhere: the strict reader tells it."""
        return Place()

    def _numbers(self, positions: Sequence[int]) -> Floats:
        """Some columns as numbers, shape (rows, columns)."""
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

    def distinct(self, position: int) -> tuple[list[str], Array] | None:
        """As any, texts; None where the column was asked for as numbers."""
        if position in self._asked:
            return None
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
        chosen = _run(list(positions))
        offsets = np.empty(2 * rows * len(positions) + 1, np.int32)
        for at, places in enumerate((begins, ends)):
            offsets[at:-1:2] = places.reshape(rows, fields)[:, chosen].reshape(-1)
        offsets[-1] = offsets[-2]
        is_field = np.full(len(offsets) // 8 + 1, 0b01010101, np.uint8)
        buffers = [pa.py_buffer(part) for part in (is_field, offsets, piece)]
        return pa.Array.from_buffers(pa.string(), len(offsets) - 1, buffers)


def _run(positions: list[int]) -> Any:
    """What takes these columns; nothing is copied where they are neighbours."""
    first = positions[0] if positions else 0
    run = range(first, first + len(positions))
    return slice(run.start, run.stop) if positions == [*run] else positions


def csv_columns(block: TextBlock, delimiter: str, reading: Reading) -> Columns | None:
    """Some rows of CSV as arrays."""
    if not _is_strict(block, delimiter):
        return None
    originals = LazyOriginals(block, lambda line: next(csv.reader([line], delimiter=delimiter)))
    layout = reading.layout
    named = () if reading.classes.are_numbers or not reading.has_index else layout.target
    asked = [i for i in layout.used if i not in (layout.id, *named)]
    try:
        if reading.decimal == "." and b'"' not in block.text:
            found = _Cut(block, delimiter, reading, asked).read()
        else:
            found = _quoted(block, delimiter, reading, asked, named)
        _check_special(found, layout, originals)
    except ValueError:  # pyarrow's own errors are among them
        return None
    return originals.beside(found, layout.id)


def _quoted(
    block: TextBlock, delimiter: str, reading: Reading, asked: list[int], named: tuple[int, ...]
) -> Columns:
    """By pyarrow's CSV reader."""
    from pyarrow import csv as arrow_csv

    text, fields = block.text, len(reading.fields)
    line_ends = row_ends(text, quoted=False)
    if fields > MAX_COLUMNS or np.diff(line_ends, prepend=0).max() > MAX_FIELD:
        raise ValueError("too wide")
    types = {str(i): pa.float64() for i in asked}
    types |= {str(i): pa.dictionary(pa.int32(), pa.string()) for i in named}
    table = arrow_csv.read_csv(
        pa.BufferReader(text),
        arrow_csv.ReadOptions(
            use_threads=False,
            block_size=len(text) + 1,
            column_names=[str(i) for i in range(fields)],
        ),
        arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        arrow_csv.ConvertOptions(
            column_types=types,
            include_columns=list(types),
            null_values=[],
            strings_can_be_null=False,
            check_utf8=False,
            decimal_point=reading.decimal,
        ),
    )
    if table.num_rows != block.rows:
        raise ValueError("blank lines")
    found = {int(name): table.column(name).chunk(0) for name in types}
    if reading.decimal != "." and any(
        "," in text for i in named for text in found[i].dictionary.to_pylist()
    ):
        raise ValueError("classes with decimal commas")
    return ArrowColumns(found, reading, block.rows).read()


def _check_special(found: Columns, layout: Layout, originals: LazyOriginals) -> None:
    """Whether what is not finite was written so; a ValueError where the grammar refuses it."""
    arrays = (
        (found.values, layout.values),
        (found.target, layout.target),
        (found.sample_weight, (layout.sample_weight,)),
    )
    for array, positions in arrays:
        if array is None or (flags := np.isfinite(array)).all():
            continue
        flags = flags.reshape(len(array), -1)
        for row in np.flatnonzero(~flags.all(axis=1)).tolist():
            cells = originals[row].cells
            for c in np.flatnonzero(~flags[row]).tolist():
                read_number(cells[positions[c]])


def _is_strict(block: TextBlock, delimiter: str) -> bool:
    """Whether bulk readers read nothing in the text more leniently than we do."""
    text = block.text
    if len(text) > MAX_LINE_CHARACTERS:
        return False
    if b"\0" in text or (b"\r" in text and text.count(b"\r") != text.count(b"\r\n")):
        return False
    if not delimiter.isascii() or text.startswith(codecs.BOM_UTF8):
        return False
    if b'"' in text and not _is_well_quoted(text, ord(delimiter)):
        return False
    return is_utf_8(text)


def _is_well_quoted(text: bytes, delimiter: int) -> bool:
    """Whether quotes enclose whole fields, and stand doubled inside: RFC 4180; none too long."""
    codes = np.frombuffer(b"\n%b\n" % text, np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    border = np.zeros(256, bool)
    border[[delimiter, 10, 13]] = True
    doubled = np.append(opening[1:] == closing[:-1] + 1, [False])  # "" closes and opens again
    is_closed = doubled | border[codes[closing + 1]]
    is_opened = np.append([False], doubled[:-1]) | border[codes[opening - 1]]
    if not (is_closed.all() and is_opened.all()):
        return False
    lengths = closing[~doubled] - opening[np.append([True], ~doubled[:-1])]
    return int(lengths.max()) <= MAX_FIELD


def json_columns(block: TextBlock, first: Mapping[str, Any], reading: Reading) -> Columns | None:
    """Some JSON lines as arrays; the objects are like the table's first one."""
    if () in reading.lists.values() or not _has_object_per_line(block):  # the first is ragged
        return None
    layout = reading.layout
    try:
        schema = pa.schema([(key, _type(value)) for key, value in first.items()])
        found = _objects(block, schema)
        if layout.id is not None and found[layout.id].null_count:
            return None
        if any(pa.types.is_boolean(found[i].type) for i in layout.used):
            return None
        arrays = ArrowColumns(dict(enumerate(found)), reading, block.rows).read()
    except ValueError:  # pyarrow's own errors, and ours, are among them
        return None
    key = None if layout.id is None else schema.names[layout.id]
    return LazyOriginals(block, json.loads).beside(arrays, key)


def _type(value: Any) -> Any:
    """The type of a value; a ValueError where there is no telling."""
    match value:
        case bool():
            return pa.bool_()
        case int() | float():
            return pa.float64()
        case str():
            return pa.string()
        case [first, *_]:
            return pa.list_(_type(first))
        case _:
            raise ValueError("null, or an object")


def _has_object_per_line(block: TextBlock) -> bool:
    """Whether each line is text and, with no object inside another, holds one object: as many begin
    as there are lines.
    """
    text = block.text
    if not block.has_row_per_line or len(text) > MAX_LINE_CHARACTERS:
        return False
    if text.count(b"\n{") + text.startswith(b"{") != block.rows or b"\0" in text or b"\r" in text:
        return False
    return is_utf_8(text)


def _objects(block: TextBlock, schema: Any) -> list[Any]:
    """The columns; a ValueError where there are not as many rows, or a number is none of JSON's."""
    from pyarrow import json as arrow_json

    table = arrow_json.read_json(
        pa.BufferReader(block.text),
        arrow_json.ReadOptions(use_threads=False, block_size=len(block.text) + 1),
        arrow_json.ParseOptions(
            explicit_schema=schema, newlines_in_values=False, unexpected_field_behavior="error"
        ),
    )
    if table.num_rows != block.rows:
        raise ValueError("several objects on a line")
    found = [column.chunk(0) for column in table.columns]
    for column in found:
        _refuse_odd_numbers(column)
    return found


def _refuse_odd_numbers(array: Any) -> None:
    """A ValueError where a number is NaN, infinite or beyond float64, asked for or not."""
    while pa.types.is_list(array.type):
        array = array.flatten()
    if pa.types.is_float64(array.type) and not np.isfinite(floats_of(array.drop_null())).all():
        raise ValueError("not finite")
