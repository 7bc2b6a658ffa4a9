"""A block of CSV or TSV at once, by pyarrow; what pyarrow is lenient about is checked before.

Of the bulk readers it is the one that never returned different data than a strict reader. It lets
NUL bytes and stray quotes through, and reads beyond float64 as infinite: `columns` returns None for
a block with any of those, and for one that pyarrow refuses, so that the strict reader decides.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from cecalc.numerals import read_number
from cecalc.sources.blocks import TextBlock
from cecalc.sources.originals import LazyIds, LazyOriginals
from cecalc.sources.tables import Columns, Reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cecalc.records import Floats, Integers

_QUOTE = ord('"')


def columns(block: TextBlock, delimiter: str, reading: Reading) -> Columns | None:
    """The block as arrays, the values class by class in memory."""
    text, layout = block.text, reading.layout
    if not _is_plain(text, delimiter):
        return None
    named = layout.target if reading.has_index and reading.classes.names is not None else ()
    weights = () if layout.sample_weight is None else (layout.sample_weight,)
    wanted = list(dict.fromkeys((*layout.values, *layout.target, *weights)))
    table = _parsed(text, delimiter, len(reading.fields), wanted, named)
    if table is None or table.num_rows != block.rows:
        return None
    originals = LazyOriginals(block, lambda line: next(csv.reader([line], delimiter=delimiter)))
    try:
        arrays = {
            i: _named(table.column(str(i)), reading) if i in named else _numbers(table, i)
            for i in {*layout.target, *weights}
        }
        values = np.empty((len(layout.values), block.rows))
        for row, i in zip(values, layout.values, strict=True):
            row[:] = _numbers(table, i)
        _check_special(values, layout.values, originals)
        for i in set(arrays) - set(named):
            _check_special(arrays[i][None], (i,), originals)
    except ValueError:
        return None
    target = np.stack([arrays[i] for i in layout.target]) if layout.target else None
    return Columns(
        values=values.T,
        target=None if target is None else target[0] if len(target) == 1 else target.T,
        sample_weight=None if layout.sample_weight is None else arrays[layout.sample_weight],
        ids=None if layout.id is None else LazyIds(originals, layout.id),
        lines=_lines(block),
        originals=originals,
    )


def _parsed(
    text: bytes, delimiter: str, fields: int, wanted: list[int], named: Sequence[int]
) -> pa.Table | None:
    types = {
        str(i): pa.dictionary(pa.int32(), pa.string()) if i in named else pa.float64()
        for i in wanted
    }
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(text),
            arrow_csv.ReadOptions(
                use_threads=False,
                block_size=len(text) + 1,
                column_names=[str(i) for i in range(fields)],
            ),
            arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in text),
            arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=list(types),
                null_values=[],
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None


def _numbers(table: pa.Table, i: int) -> Floats:
    # Not to_numpy, which imports pandas where there is one.
    chunk = table.column(str(i)).chunk(0)
    return np.frombuffer(chunk.buffers()[1], np.float64, len(chunk), chunk.offset * 8)


def _named(column: pa.ChunkedArray, reading: Reading) -> Floats:
    """Class numbers of a column of names; a ValueError where one is none."""
    names = column.chunk(0)
    numbers = np.asarray([reading.classes.number(name) for name in names.dictionary.to_pylist()])
    indices = names.indices
    found: Floats = numbers[
        np.frombuffer(indices.buffers()[1], np.int32, len(indices), indices.offset * 4)
    ]
    return found


def _check_special(values: Floats, positions: Sequence[int], originals: LazyOriginals) -> None:
    """Whether what is not finite was written so; a ValueError where the grammar refuses it."""
    flags = np.isfinite(values)
    if flags.all():
        return
    for row in np.flatnonzero(~flags.all(axis=0)).tolist():
        cells = originals[row].cells
        for c in np.flatnonzero(~flags[:, row]).tolist():
            read_number(cells[positions[c]])


def _lines(block: TextBlock) -> Sequence[int]:
    """The line on which each row starts."""
    if block.line_ends <= block.rows:
        return range(block.line, block.line + block.rows)
    starts = np.concatenate([[0], block.ends()[:-1]])
    line_ends = np.flatnonzero(np.frombuffer(block.text, np.uint8) == ord("\n"))
    lines: list[int] = (block.line + np.searchsorted(line_ends, starts)).tolist()
    return lines


def _is_plain(text: bytes, delimiter: str) -> bool:
    """Whether there is nothing in the text that pyarrow would read more leniently than we do."""
    if b"\0" in text or (b"\r" in text and text.count(b"\r") != text.count(b"\r\n")):
        return False
    if b'"' in text and not _is_well_quoted(text, ord(delimiter)):
        return False
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_well_quoted(text: bytes, delimiter: int) -> bool:
    """Whether quotes enclose whole fields, and stand doubled inside: RFC 4180."""
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
    return bool(is_closed.all() and is_opened.all())


def _at(border: np.ndarray, codes: np.ndarray, places: Integers) -> np.ndarray:
    """Whether a field begins or ends at each place; the text itself begins and ends one."""
    inside = (places >= 0) & (places < len(codes))
    found = np.ones(len(places), bool)
    found[inside] = border[codes[places[inside]]]
    return found
