"""CSV and TSV, read strictly: a row that does not fit its header is refused, never filled."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cecalc.errors import DataError, LimitError, Place, excerpt
from cecalc.input.bytes import Stream
from cecalc.input.cells import list_shapes
from cecalc.input.layout import Wanted, understand
from cecalc.input.table import Reading, Record, Table, TableBlock, head_of
from cecalc.input.text import MAX_FIELD, TextBlock, count_line_ends, cut
from cecalc.model import Columns, Original
from cecalc.numbers import is_number, pointed
from cecalc.request import InputRequest

_PASSING = ("utf-8", "ascii")
"""Encodings whose bytes can be passed on as they came."""
_BLANKS = re.compile(rb'("(?:[^"]|"")*")|(?:(?<=[\r\n])|\A)[ \t]+|[ \t]+(?=[\r\n]|\Z)|([ \t]+)')
"""A field in quotes, and what is no part of any field."""

_SIGNS = {";": ";", "\t": "tab", "|": "|", ",": ",", " ": "space"}
"""What may stand between fields, and how --delimiter calls it."""
_LOOKED_AT = 2**16
"""How many bytes tell how a table is written."""
_DECIMAL_COMMA = (
    rb'(?m)(?:^|[;|\t "])[+-]?(?![1-9][0-9]{0,2},[0-9]{3}[^0-9eE])[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?'
    rb'(?=[;|\s"]|\Z)'
)
"""One that can be no sign of thousands."""


def open_table(stream: Stream, delimiter: str, request: InputRequest, wanted: Wanted) -> Table:
    """The table in `stream`: its columns understood, its rows still to be read.

    Raises
    ------
    DataError : there is no row, or the columns cannot be told for certain
    LimitError : the header has more columns than --max-columns
    """
    blocks = cut(stream, quoted=True, header_rows=int(not request.no_header))
    block = next(blocks, None)
    if block is None:
        raise DataError("file is empty", place=Place(source=stream.name))
    request = replace(request, delimiter=delimiter)
    try:
        return _opened(block, blocks, request, wanted)
    except DataError as error:
        again = partial(_opened, block, iter(()), wanted=wanted)
        error.ways = (*_dialects(block.text, request, again), *error.ways)
        raise


def _opened(
    block: TextBlock, blocks: Iterator[TextBlock], request: InputRequest, wanted: Wanted
) -> Table:
    name, delimiter = block.name, request.delimiter or ","
    if is_blank := delimiter == " ":
        delimiter, block, blocks = "\t", tabbed(block), map(tabbed, blocks)
    first, place = _first(block, delimiter, request)
    header, fields = None, [str(number) for number in range(1, len(first.cells) + 1)]
    if not request.no_header:
        header, fields = first.original.text, [field.strip() for field in first.cells]
        _refuse_data_as_header([*map(pointed, fields)], place, wanted)
        block = _without_header(block, first)
    if hint := _delimiter_hint(first.cells, delimiter, is_data=header is None):
        raise DataError("one column", place=place, hint=hint)
    filled = block if block.text else next(blocks, None)
    if is_blank and header and filled is not None:
        cells = next((record.cells for record in _records(filled, delimiter)), [])
        is_wider = len(cells) == len(fields) + 1  # R and pandas do not name what rows are called
        if is_wider and (cells[0].isdigit() or not is_number(cells[0])):
            header, fields = f"{delimiter}{header}", ["", *fields]
    last_is_empty = len(fields) > 1 and fields[-1] == ""
    form = RowForm(delimiter, len(fields), last_is_empty)
    rows = () if filled is None else form.records(filled)
    texts = (record.cells for record in rows)
    head = head_of(texts if request.decimal == "." else ([*map(pointed, row)] for row in texts))
    layout = understand(fields, request, wanted, place, head, named=not request.no_header)
    form = replace(form, used=tuple(layout.used))
    if filled is None or (second := next(form.records(filled), None)) is None:
        raise DataError("no data rows", place=Place(source=name))
    lists = list_shapes(second.cells, layout, is_text=True)
    if lists and request.decimal != ".":
        rule = "a list in a cell has decimal points: leave out --decimal"
        raise DataError(rule, place=Place(source=name, line=second.line))
    every = itertools.chain([filled], blocks)
    parts = (TableBlock.of_text(part, form.records, form.arrays) for part in every)
    form_of = request.decimal, header, head, "lines"
    return Table(name, fields, layout, parts, delimiter, *form_of, lists=lists)


def _first(block: TextBlock, delimiter: str, request: InputRequest) -> tuple[Record, Place]:
    """The first record, and where it is."""
    line = block.text.partition(b"\n")[0].decode(errors="surrogateescape")
    block.refuse_bytes(line, Place(source=block.name, line=block.line))
    first = next(_records(block, delimiter))
    place = Place(source=block.name, line=first.line)
    block.refuse_bytes(first.original.text, place)
    if len(first.cells) > request.max_columns:
        raise LimitError(f"header has more than {request.max_columns} columns", place=place)
    return first, place


def _without_header(block: TextBlock, header: Record) -> TextBlock:
    """The block's data; the header's own line ends are counted too."""
    end = len(header.original.text.encode("utf-8", "surrogateescape"))
    end += 2 if block.text[end : end + 2] == b"\r\n" else 1
    lines = count_line_ends(block.text[:end])
    return replace(
        block,
        text=block.text[end:],
        line=block.line + lines,
        line_ends=block.line_ends - lines,
        start=0,
        rows=block.rows - 1,
    )


@dataclass(frozen=True)
class RowForm:
    """How the rows under a header look."""

    delimiter: str
    fields: int
    last_is_empty: bool = False
    """Whether each line ends in a delimiter, as its header does."""
    used: tuple[int, ...] = ()
    """The positions of the fields that are read; others may hold any bytes."""

    def arrays(self, block: TextBlock, reading: Reading) -> Columns | None:
        """The rows at once; None where they have to be read strictly."""
        if self.last_is_empty or reading.lists:
            return None
        from cecalc.input import quick

        return quick.csv_columns(block, self.delimiter, reading)

    def records(self, block: TextBlock) -> Iterator[Record]:
        """The rows under the header, each with as many fields as the header."""
        empty: int | None = None
        for record in _records(block, self.delimiter):
            if not record.cells:
                empty = empty or record.line
                continue
            if empty is not None:  # blank lines are harmless only at the end
                raise DataError("empty line", place=Place(source=block.name, line=empty))
            found = len(record.cells)
            if found != self.fields or (self.last_is_empty and record.cells[-1].strip()):
                expected = self.fields - self.last_is_empty
                is_named = record.cells[0] == "1" or not is_number(record.cells[0])
                sign = self.delimiter.replace("\t", "\\t")
                named = f"as R writes row names? sed '1s/^/row{sign}/' FILE > new.csv"
                is_short = record.line == 2 and found == expected + 1 and not self.last_is_empty
                raise DataError(
                    f"expected {expected} fields, found {found}",
                    place=Place(source=block.name, line=record.line),
                    hint=named if is_short and is_named else None,
                )
            if not record.original.text.isascii():
                self._refuse_bytes(block, record)
            yield record

    def _refuse_bytes(self, block: TextBlock, record: Record) -> None:
        place = Place(source=block.name, line=record.line)
        if block.encoding in _PASSING:
            for i in self.used:
                block.refuse_bytes(record.cells[i], place)
        else:
            block.refuse_bytes(record.original.text, place)


def sniff_delimiter(first_line: bytes, usual: str | None, decimal: str) -> str:
    """What is usual in the format, else a tab where the line has more tabs than commas, else a
    comma; beside decimal commas a semicolon or a tab comes first.
    """
    if decimal != ".":
        return max(",;\t", key=lambda sign: (sign != ",") * first_line.count(sign.encode()))
    return usual or ("\t" if first_line.count(b"\t") > first_line.count(b",") else ",")


def tabbed(block: TextBlock) -> TextBlock:
    """A block with a tab for each run of blanks between fields, and none at the ends of lines."""
    if b'"' in block.text:
        text = _BLANKS.sub(lambda run: run[1] or b"\t" * bool(run[2]), block.text)
    else:
        text = b"\n".join(b"\t".join(line.split()) for line in block.text.split(b"\n"))
    return replace(block, text=text)


def _records(block: TextBlock, delimiter: str) -> Iterator[Record]:
    """Records with their text and line, from Python's strict CSV reader."""
    d = re.escape(delimiter)
    one = rf'(?:"(?:[^"]|"")*"|[^"{d}\r\n]*)'
    well_quoted = re.compile(rf"{one}(?:{d}{one})*[\r\n]*")
    pending = list[tuple[int, str]]()

    def tape() -> Iterator[str]:
        for line in block.lines():
            pending.append(line)
            yield line[1]

    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(tape(), delimiter=delimiter, strict=True)
    while True:
        pending.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = _fault(str(error), lines=len(pending))
            raise fault.at(source=block.name, line=pending[0][0]) from None
        raw, first = "".join(line for _, line in pending), pending[0][0]
        if '"' in raw and not well_quoted.fullmatch(raw):
            raise DataError("quote inside an unquoted field").at(source=block.name, line=first)
        yield Record(first, None, cells, Original(raw.rstrip("\r\n"), cells))


def _fault(reason: str, *, lines: int) -> DataError | LimitError:
    if "unexpected end" in reason or ("field larger" in reason and lines > 1):
        return DataError("quoted field is never closed")
    if "field larger" in reason:
        return LimitError(f"field is longer than {MAX_FIELD} characters")
    return DataError("text after closing quote" if "expected after" in reason else reason)


def _refuse_data_as_header(fields: Sequence[str], place: Place, wanted: Wanted) -> None:
    """A first line of numbers is a header only where it numbers the classes."""
    if not fields or not all(map(is_number, fields)):
        return
    numbered = list(fields) == [str(i) for i in range(len(fields))]
    if not numbered or len(fields) < (2 if wanted.values else 3):
        raise DataError(
            "the first line is all numbers, where the names of the columns are expected",
            place=place,
            hint="if it is data, say --no-header (and which columns are what)",
            ways=(("--no-header",),),
        )


def _delimiter_hint(cells: Sequence[str], delimiter: str, *, is_data: bool) -> str | None:
    """What to say of a field that is several: the only name, or one of only numbers."""
    for cell, other in itertools.product(cells, ";\t|" if is_data else ";\t|,"):
        is_one = all(map(is_number, cell.split(other))) if is_data else len(cells) == 1
        if is_one and other != delimiter and other in cell:
            name = "tab" if other == "\t" else excerpt(other)
            return f"it holds {cell.count(other)} {name}: try --delimiter {name}"
    return None


def _dialects(
    text: bytes, request: InputRequest, opened: Callable[[InputRequest], Table]
) -> Iterator[tuple[str, ...]]:
    """The options with which a table in another dialect opens, or more options would open it;
    `text` is its first block, `opened` opens it as a request asks.
    """
    line = text.partition(b"\n")[0].decode(errors="replace").strip()
    commas = re.search(_DECIMAL_COMMA, text[:_LOOKED_AT]) is not None
    quotes = b'"' in text[:_LOOKED_AT]
    others = (sign for sign in _SIGNS if sign in line)
    delimiters = dict.fromkeys((request.delimiter or ",", *others))
    for delimiter, decimal in itertools.product(delimiters, ".,"[: 1 + commas]):
        asked = replace(request, delimiter=delimiter, decimal=decimal)
        options = tuple(
            f"--{name}={_SIGNS.get(value, value)}"
            for name, value in (("delimiter", delimiter), ("decimal", decimal))
            if value != getattr(request, name)
        )
        try:
            if options and (quotes or not delimiter == decimal == ","):
                opened(asked)
                yield options
        except DataError as error:
            yield from ((*options, *way) for way in error.ways)
