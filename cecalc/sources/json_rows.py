"""Row objects: JSON lines, and the objects of a JSON array."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from cecalc.errors import DataError, Place, excerpt
from cecalc.records import InputRequest, NanPolicy, Original, Task
from cecalc.sources import strict_json
from cecalc.sources.blocks import BLANK, TextBlock
from cecalc.sources.cells import list_shapes
from cecalc.sources.columns import Layout, Wanted, understand
from cecalc.sources.shapes import BATCH_VALUES, row_blocks
from cecalc.sources.tables import MIN_ARROW_BYTES, Columns, Reading, Record, Rows, Table


def from_lines(blocks: Iterator[TextBlock], request: InputRequest, wanted: Wanted) -> Table:
    """The table of JSON lines: an object a line, blank lines skipped."""
    block = next(blocks)
    nan = request.nan is NanPolicy.PROPAGATE
    first = next(_objects(block, nan=nan))
    keys, layout = _understood(block.name, first, request, wanted)
    used = _Used.of(layout, request)

    def rows(part: TextBlock) -> Rows:
        def records() -> Iterator[Record]:
            return _records(part.name, _objects(part, nan=nan), keys, used)

        if len(part.text) < MIN_ARROW_BYTES:
            return Rows(part.start, part.rows, records)
        return Rows(part.start, part.rows, records, partial(_arrays, part, first.original.cells))

    every = map(rows, itertools.chain([block], blocks))
    lists = list_shapes(list(first.original.cells.values()), layout)
    return Table(block.name, _fields(keys), layout, every, form="objects", lists=lists)


def _arrays(block: TextBlock, first: Mapping[str, Any], reading: Reading) -> Columns | None:
    from cecalc.sources import arrow_json

    schema = arrow_json.schema_of(first)
    return None if schema is None else arrow_json.columns(block, schema, reading)


def from_array(name: str, rows: list[Any], request: InputRequest, wanted: Wanted) -> Table:
    """The table of the objects of a JSON array; they have no lines of their own."""
    first = next(_numbered(name, rows, 0))
    keys, layout = _understood(name, first, request, wanted)
    used = _Used.of(layout, request)
    width = sum(np.size(rows[0][keys[i]]) for i in layout.values)

    def block(part: slice) -> Rows:
        def records() -> Iterator[Record]:
            return _records(name, _numbered(name, rows[part], part.start), keys, used)

        return Rows(part.start, part.stop - part.start, records)

    blocks = map(block, row_blocks(len(rows), width, BATCH_VALUES))
    lists = list_shapes(list(first.original.cells.values()), layout)
    return Table(name, _fields(keys), layout, blocks, form="objects", lists=lists)


def _objects(block: TextBlock, *, nan: bool) -> Iterator[Record]:
    """The objects of JSON lines; cells are still the object itself."""
    for line, text in block.lines():
        stripped = text.strip(BLANK)
        if not stripped:
            continue
        place = Place(source=block.name, line=line)
        try:
            value = strict_json.loads(stripped, nan=nan)
        except ValueError as error:
            value = getattr(error, "token", None)
            raise DataError(reason(error, stripped), place=place, value=value) from None
        if not isinstance(value, dict):
            rule = f"expected an object, found {excerpt(stripped)}"
            raise DataError(rule, place=place, value=stripped)
        yield Record(line, None, (), Original(stripped, value))


def _numbered(name: str, rows: Iterable[Any], start: int) -> Iterator[Record]:
    for number, row in enumerate(rows, start):
        place = Place(source=name, row=number)
        if not isinstance(row, dict):
            raise DataError("expected an object, as row 0 is", place=place)
        yield Record(None, number, (), Original(json.dumps(row, ensure_ascii=False), row))


def _understood(
    name: str, first: Record, request: InputRequest, wanted: Wanted
) -> tuple[list[str], Layout]:
    """The first object's keys, and what they hold."""
    keys = list(first.original.cells)
    fields = _fields(keys)
    try:
        if "weight" in fields or "pos_weight" in fields:
            raise DataError(
                "class weights do not belong in a row",
                hint="give them once with --weight; the weight of a row is sample_weight",
            )
        return keys, understand(fields, request.columns, wanted, classes=request.classes)
    except DataError as error:
        raise error.at(source=name, line=first.line, row=first.number) from None


def _fields(keys: Iterable[str]) -> list[str]:
    return [key.replace("-", "_") for key in keys]


@dataclass(frozen=True)
class _Used:
    """Which keys of the first object are read."""

    every: frozenset[int]
    numbers: frozenset[int]
    """Those that hold nothing but numbers."""

    @classmethod
    def of(cls, layout: Layout, request: InputRequest) -> _Used:
        named = request.task is not Task.BCE and len(layout.target) == 1
        texts = {layout.id, *(layout.target if named else ())}
        return cls(frozenset(layout.used), frozenset(layout.used) - texts)


def _records(
    name: str, objects: Iterable[Record], keys: list[str], used: _Used
) -> Iterator[Record]:
    """The objects with a cell for each key of the first one."""
    for record in objects:
        row: Any = record.original.cells
        try:
            cells: list[Any] = [row[key] if i in used.every else None for i, key in enumerate(keys)]
        except KeyError as missing:
            rule = f"no {excerpt(str(missing.args[0]))} (keys: {', '.join(row)})"
            place = Place(source=name, line=record.line, row=record.number)
            raise DataError(rule, place=place) from None
        for i, text in ((i, cells[i]) for i in used.numbers if isinstance(cells[i], str)):
            place = Place(name, record.line, keys[i], i + 1, record.number)
            rule = f"expected a number, found the text {excerpt(text)}"
            raise DataError(rule, place=place, value=text)
        yield replace(record, cells=cells)


def reason(error: ValueError, text: str) -> str:
    """What is wrong with JSON, in a few words of ours."""
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    if error.pos >= len(text.rstrip(BLANK)) or error.msg.startswith("Unterminated"):
        return "ends inside a value"
    if error.msg == "Extra data":
        return f"text after the value (column {error.colno})"
    return f"not JSON at column {error.colno}: {error.msg.lower()}"
