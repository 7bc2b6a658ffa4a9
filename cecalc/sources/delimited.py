"""CSV and TSV, read strictly: a row that does not fit its header is refused, never filled."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cecalc.errors import DataError, LimitError, Place, excerpt
from cecalc.numerals import is_number
from cecalc.records import InputRequest, Original
from cecalc.sources.columns import Wanted, understand
from cecalc.sources.files import Text
from cecalc.sources.tables import Record, Table

MAX_FIELD = 2**20


def open_table(text: Text, delimiter: str, request: InputRequest, wanted: Wanted) -> Table:
    """The table in `text`: its columns understood, its rows still to be read.

    Raises
    ------
    DataError : there is no row, or the columns cannot be told for certain
    LimitError : the header has more columns than --max-columns
    """
    records = _Records(text, delimiter)
    first = next(records.rows, None)
    if first is None:
        raise DataError("file is empty", place=Place(source=text.name))
    place = Place(source=text.name, line=first.line)
    if len(first.cells) > request.max_columns:
        raise LimitError(f"header has more than {request.max_columns} columns", place=place)
    if request.has_header:
        fields = [name.strip() for name in first.cells]
        _refuse_data_as_header(fields, place, wanted)
    else:
        fields = [str(number) for number in range(1, len(first.cells) + 1)]
        records.rows = itertools.chain([first], records.rows)
    if hint := _delimiter_hint(fields, delimiter):
        raise DataError("one column", place=place, hint=hint)
    try:
        layout = understand(
            fields, request.columns, wanted, named=request.has_header, classes=request.classes
        )
    except DataError as error:
        raise error.at(source=place.source, line=place.line) from None
    records.fields = len(fields)
    records.last_is_empty = len(fields) > 1 and fields[-1] == ""
    checked = records.checked()
    second = next(checked, None)
    if second is None:
        raise DataError("no data rows", place=Place(source=text.name))
    header = first.original.text if request.has_header else None
    rows = itertools.chain([second], checked)
    return Table(text.name, fields, layout, rows, delimiter, header)


def sniff_delimiter(first_line: bytes) -> str:
    """Tab where the line has tabs and no comma, else comma."""
    return "\t" if b"\t" in first_line and b"," not in first_line else ","


@dataclass
class _Records:
    """Records with their text and line, from Python's strict CSV reader."""

    text: Text
    delimiter: str
    fields: int = 0
    last_is_empty: bool = False
    rows: Iterator[Record] = field(init=False)
    _pending: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        d = re.escape(self.delimiter)
        one = rf'(?:"(?:[^"]|"")*"|[^"{d}\r\n]*)'
        self._well_quoted = re.compile(rf"{one}(?:{d}{one})*[\r\n]*")
        self.rows = self._read()

    def checked(self) -> Iterator[Record]:
        """The rows under the header, each with as many fields as the header."""
        empty: int | None = None
        for record in self.rows:
            if not record.cells:
                empty = empty or record.line
                continue
            if empty is not None:  # blank lines are harmless only at the end
                raise DataError("empty line", place=Place(source=self.text.name, line=empty))
            found = len(record.cells)
            if found != self.fields or (self.last_is_empty and record.cells[-1].strip()):
                expected = self.fields - self.last_is_empty
                raise DataError(
                    f"expected {expected} fields, found {found}",
                    place=Place(source=self.text.name, line=record.line),
                )
            yield record

    def _read(self) -> Iterator[Record]:
        csv.field_size_limit(MAX_FIELD)
        reader = csv.reader(self._tape(), delimiter=self.delimiter, strict=True)
        while True:
            self._pending.clear()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._fault(str(error)) from None
            raw = "".join(self._pending)
            if '"' in raw and not self._well_quoted.fullmatch(raw):
                raise DataError("quote inside an unquoted field", place=self._place())
            line = self.text.line - len(self._pending) + 1
            yield Record(line, None, cells, Original(raw.rstrip("\r\n"), cells))

    def _tape(self) -> Iterator[str]:
        for line in self.text.lines():
            self._pending.append(line)
            yield line

    def _place(self) -> Place:
        return Place(source=self.text.name, line=self.text.line - len(self._pending) + 1)

    def _fault(self, reason: str) -> DataError | LimitError:
        if "unexpected end" in reason or ("field larger" in reason and len(self._pending) > 1):
            return DataError("quoted field is never closed", place=self._place())
        if "field larger" in reason:
            return LimitError(f"field is longer than {MAX_FIELD} characters", place=self._place())
        if "expected after" in reason:
            return DataError("text after closing quote", place=self._place())
        return DataError(reason, place=self._place())


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
        )


def _delimiter_hint(fields: Sequence[str], delimiter: str) -> str | None:
    if len(fields) != 1:
        return None
    for other in (";", "\t", "|", ","):
        if other != delimiter and other in fields[0]:
            shown = "tab" if other == "\t" else excerpt(other)
            return f"it holds {fields[0].count(other)} {shown}: try --delimiter {shown}"
    return None
