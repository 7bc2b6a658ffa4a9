"""A block of CSV or TSV at once; what the bulk readers are lenient about is checked before.

They let NUL bytes, stray quotes and fields of any length through, skip a byte order mark, and read
beyond float64 as infinite: `columns` returns None for a block with any of those, and for one that
they refuse, so that the strict reader decides.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cecalc.numerals import read_number
from cecalc.sources.blocks import MAX_FIELD, TextBlock
from cecalc.sources.fields import fields_of
from cecalc.sources.originals import LazyIds, LazyOriginals
from cecalc.sources.tables import Columns, Reading

if TYPE_CHECKING:
    from cecalc.records import Floats, Integers

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
