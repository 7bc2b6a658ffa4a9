"""JSON: one value in a document, or row objects one a line."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from cecalc.errors import DataError, LimitError, Place, excerpt
from cecalc.input import files, scored
from cecalc.input.bytes import Stream
from cecalc.input.cells import list_shapes
from cecalc.input.glimpses import Head
from cecalc.input.layout import Layout, Wanted, understand
from cecalc.input.members import Document
from cecalc.input.nested import labelled, truths, unique
from cecalc.input.shapes import BATCH_VALUES, as_said, row_blocks
from cecalc.input.table import Reading, Record, Table, TableBlock, head_of
from cecalc.input.text import BLANK, TextBlock, cut
from cecalc.model import Columns, Original
from cecalc.request import InputRequest
from cecalc.terms import NEAR, NanPolicy

_MAY_OVERFLOW = re.compile(r"[eE][+]?[0-9]{3}|[0-9]{300}")

_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def loads(text: str, *, nan: bool = False) -> Any:
    """The value `text` holds; a DataError says what is wrong, and on which of its lines.

    `Infinity` and `-Infinity` are read, because a masked class has no other spelling in JSON; `NaN`
    where `nan` allows it.

    >>> loads('{"logits": [1, -Infinity]}')
    {'logits': [1, -inf]}
    """

    def constant(name: str) -> float:
        if name == "NaN" and not nan:
            raise DataError("NaN is not JSON; --nan propagate lets it through", value=name)
        return float(name)

    hooks: dict[str, Any] = {"object_pairs_hook": unique, "parse_constant": constant}
    if _MAY_OVERFLOW.search(text):
        hooks |= {"parse_float": _finite, "parse_int": _integer}
    try:
        value = json.JSONDecoder(**hooks).decode(text)
    except json.JSONDecodeError as error:
        raise DataError(_reason(error, text), place=Place(line=error.lineno)) from None
    except RecursionError:
        raise DataError("nested deeper than 100") from None
    if half := _HALF.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            rule = "half a surrogate pair is no character"
            raise DataError(rule, value=half.group()) from None
    return value


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise DataError(f"{excerpt(text)} is outside float64", value=text)
    return number


def _integer(text: str) -> int:
    if len(text) > 4300:
        raise DataError("integer too long", value=text)
    _finite(text)
    return int(text)


def _reason(error: json.JSONDecodeError, text: str) -> str:
    """What is wrong with JSON, in a few words of ours."""
    if error.pos >= len(text.rstrip(BLANK)) or error.msg.startswith("Unterminated"):
        return "ends inside a value"
    if error.msg == "Extra data":
        return f"text after the value (column {error.colno})"
    return f"not JSON at column {error.colno}: {error.msg.lower()}"


def line_of(token: str | None, text: str) -> int | None:
    """The 1-based line on which a token is, in a string or by itself."""
    strings_or_token = re.finditer(rf'"(?:[^"\\]|\\.)*"|{re.escape(token or "")}', text)
    found = next((match for match in strings_or_token if token and token in match.group()), None)
    return None if found is None else text.count("\n", 0, found.start()) + 1


def from_lines(blocks: Iterator[TextBlock], request: InputRequest, wanted: Wanted) -> Table:
    """The table of JSON lines: an object a line, blank lines skipped."""
    block = next(blocks)
    nan = request.nan is NanPolicy.PROPAGATE
    objects = _RowObjects.of(block.name, _objects(block, nan=nan), request, wanted)

    def records(part: TextBlock) -> Iterator[Record]:
        return objects.records(_objects(part, nan=nan))

    every = itertools.chain([block], blocks)
    return objects.table(TableBlock.of_text(part, records, objects.arrays) for part in every)


def from_array(name: str, rows: list[Any], request: InputRequest, wanted: Wanted) -> Table:
    """The table of the objects of a JSON array; they have no lines of their own."""
    objects = _RowObjects.of(name, _numbered(name, rows, 0), request, wanted)
    cells = list(rows[0].values())
    width = sum(np.size(cells[i]) for i in objects.layout.values)

    def block(part: slice) -> TableBlock:
        rows_of = partial(_numbered, name, rows[part], part.start)
        return TableBlock(part.start, part.stop - part.start, lambda: objects.records(rows_of()))

    return objects.table(map(block, row_blocks(len(rows), width, BATCH_VALUES)))


def _objects(block: TextBlock, *, nan: bool) -> Iterator[Record]:
    """The objects of JSON lines; cells are still the object itself."""
    for line, text in block.lines():
        stripped = text.strip(BLANK)
        if not stripped:
            continue
        place = Place(source=block.name, line=line)
        try:
            value = loads(stripped, nan=nan)
        except DataError as error:
            error.place = place
            raise
        if not isinstance(value, dict):
            rule = f"expected an object, found {excerpt(stripped)}"
            raise DataError(rule, place=place, value=stripped)
        yield Record(line, None, (), Original(stripped, value))


def _numbered(name: str, rows: Iterable[Any], start: int) -> Iterator[Record]:
    for number, row in enumerate(rows, start):
        if not isinstance(row, dict):
            raise DataError("expected an object, as row 0 is").at(source=name, row=number)
        yield Record(None, number, (), Original(json.dumps(row, ensure_ascii=False), row))


@dataclass(frozen=True)
class _RowObjects:
    """Objects that are rows, each with a cell for every key of the first one that is read."""

    name: str
    first: Record
    fields: list[str]
    layout: Layout
    head: Head
    forms: Mapping[int, scored.Form]
    """How cells become lists that are none by themselves, by position."""

    @classmethod
    def of(
        cls, name: str, rows: Iterator[Record], request: InputRequest, wanted: Wanted
    ) -> _RowObjects:
        """Objects like the first one."""
        first = next(rows)
        keys = list(first.original.cells)
        fields = [key.replace("-", "_") for key in keys]
        place = Place(source=name, line=first.line, row=first.number)
        if "weight" in fields or "pos_weight" in fields:
            raise DataError(
                "class weights do not belong in a row",
                hint="give them once with --weight; the weight of a row is sample_weight",
                place=place,
            )
        every = itertools.chain([first], rows)
        head = head_of([row.original.cells.get(key) for key in keys] for row in every)
        asked = scored.asked(first.original.cells, request) if wanted.values else request
        layout = understand(fields, asked, wanted, place, head)
        try:
            layout, forms = scored.understood(first.original.cells, layout, request)
        except DataError as error:
            raise error.at(**vars(place)) from None
        targets = [(i, first.original.cells[keys[i]]) for i in layout.target]
        form = partial(truths, task=request.task)
        forms |= {i: form for i, cell in targets if repr(form(cell)) != repr(cell)}
        return cls(name, first, fields, layout, head, forms)

    def table(self, blocks: Iterator[TableBlock]) -> Table:
        (first,) = self.records(iter([self.first]))
        lists = list_shapes(first.cells, self.layout)
        parts = self.name, self.fields, self.layout, blocks
        return Table(*parts, head=self.head, form="objects", lists=lists)

    def records(self, objects: Iterator[Record]) -> Iterator[Record]:
        keys, used = list(self.first.original.cells), frozenset(self.layout.used)
        for record in objects:
            row = record.original.cells
            try:
                cells = [row[key] if i in used else None for i, key in enumerate(keys)]
            except KeyError as missing:
                rule = f"no {excerpt(str(missing.args[0]))} (keys: {', '.join(row)})"
                place = Place(source=self.name, line=record.line, row=record.number)
                raise DataError(rule, place=place) from None
            for i, form in self.forms.items():
                try:
                    cells[i] = form(cells[i])
                except DataError as error:
                    place = Place(self.name, record.line, self.fields[i], i + 1, record.number)
                    error.value = as_said(cells[i])
                    raise error.at(**vars(place)) from None
            yield replace(record, cells=cells)

    def arrays(self, block: TextBlock, reading: Reading) -> Columns | None:
        if self.forms:
            return None
        from cecalc.input import quick

        return quick.json_columns(block, self.first.original.cells, reading)


_ROOM = 4
"""How many times its own size a JSON document needs at least: its text, and numbers as objects."""
_BY_ROW = "JSON lines are read row by row, in little memory"


def open_json(
    stream: Stream, request: InputRequest, wanted: Wanted, *, is_lines: bool
) -> Table | Document:
    """A document; JSON lines where a second value follows the first line's.

    Raises
    ------
    DataError : it is not JSON, or empty
    LimitError : it is more than there is room for
    """
    blocks, seen = cut(stream, quoted=False), list[TextBlock]()
    filled = list[str]()
    for block in blocks:
        seen.append(block)
        lines = (line for _, line in block.lines() if line.strip(BLANK))
        try:
            filled += itertools.islice(lines, 2 - len(filled))
        except LimitError as error:  # of the length of a line
            error.hint = _BY_ROW
            raise
        if len(filled) == 2:
            break
    if not filled:
        what = "no data rows" if is_lines else "file is empty"
        raise DataError(what, place=Place(source=stream.name))
    every = itertools.chain(seen, blocks)
    if is_lines or (len(filled) == 2 and _is_value(filled[0])):
        return from_lines(every, request, wanted)
    whole = ((n, line) for block in every for n, line in block.lines() if line.strip(BLANK))
    value = _in_rows(_document(stream.name, whole, request))
    if value == []:
        raise DataError("no data rows", place=Place(source=stream.name))
    if isinstance(value, list) and isinstance(value[0], dict):
        return from_array(stream.name, value, request, wanted)
    return Document(stream.name, value)


def _in_rows(value: Any) -> Any:
    """What a pipeline gives for several texts, or for one, as rows; anything else as it is."""
    if not (isinstance(value, list) and value):
        return value
    named = labelled(value)
    if named and len(dict(named)) == len(named) > 1 and abs(sum(dict(named).values()) - 1) < NEAR:
        value = [value]
    is_it = isinstance(value[0], list) and labelled(value[0])
    return [{"score": row} for row in value] if is_it else value


def _document(name: str, lines: Iterator[tuple[int, str]], request: InputRequest) -> Any:
    """The value of a document, which is held as a whole and needs room for its numbers too."""
    numbers, texts, size, place = list[int](), list[str](), 0, Place(source=name)
    try:
        for number, line in lines:
            size += len(line)
            if size * _ROOM > files.room():
                raise MemoryError
            numbers.append(number)
            texts.append(line.rstrip("\r\n"))
        whole = "\n".join(texts)  # so that an error's line is one of these
        return loads(whole, nan=request.nan is NanPolicy.PROPAGATE)
    except LimitError:  # which is a MemoryError too
        raise
    except MemoryError:
        rule = "out of memory: a JSON document is read as a whole"
        raise LimitError(rule, place=place, hint=_BY_ROW) from None
    except DataError as error:
        if error.place.source is None:  # else a line is no text
            nth = error.place.line or line_of(error.value, whole)
            error.place = replace(place, line=nth and numbers[nth - 1])
        raise


def _is_value(line: str) -> bool:
    """Whether a line is a whole JSON value, or fails to be one before its end."""
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        return error.pos < len(line.rstrip())
    except (ValueError, RecursionError):
        return False
    return True
