"""Row objects: JSON lines, and the objects of a JSON array."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cecalc.errors import DataError, Place, excerpt
from cecalc.records import InputRequest, NanPolicy, Original
from cecalc.sources import strict_json
from cecalc.sources.columns import Wanted, understand
from cecalc.sources.tables import Record, Table

Row = tuple[int | None, int | None, Mapping[str, Any], str]
"""Its line or its number, the object, its text."""


def from_lines(name: str, lines: Iterable[tuple[int, str]], request: InputRequest) -> Iterator[Row]:
    """The objects of JSON lines; blank lines are skipped."""
    for line, text in lines:
        stripped = text.strip()
        if not stripped:
            continue
        place = Place(source=name, line=line)
        try:
            value = strict_json.loads(stripped, nan=request.nan is NanPolicy.PROPAGATE)
        except ValueError as error:
            raise DataError(reason(error, stripped), place=place) from None
        if not isinstance(value, dict):
            raise DataError(f"expected an object, found {excerpt(stripped)}", place=place)
        yield line, None, value, stripped


def from_array(name: str, rows: Iterable[Any]) -> Iterator[Row]:
    """The objects of a JSON array; they have no lines of their own."""
    for number, row in enumerate(rows):
        place = Place(source=name, row=number)
        if not isinstance(row, dict):
            raise DataError("expected an object, as row 0 is", place=place)
        yield None, number, row, json.dumps(row, ensure_ascii=False)


def open_table(name: str, rows: Iterator[Row], request: InputRequest, wanted: Wanted) -> Table:
    """The table of row objects: the first object's keys are the columns."""
    first = next(rows, None)
    if first is None:
        raise DataError("no data rows", place=Place(source=name))
    line, number, row, _ = first
    keys = list(row)
    fields = [key.replace("-", "_") for key in keys]
    try:
        if "weight" in fields or "pos_weight" in fields:
            raise DataError(
                "class weights do not belong in a row",
                hint="give them once with --weight; the weight of a row is sample_weight",
            )
        layout = understand(fields, request.columns, wanted, classes=request.classes)
    except DataError as error:
        raise error.at(source=name, line=line, row=number) from None
    used = {
        i
        for i in (layout.id, layout.sample_weight, *layout.values, *layout.target)
        if i is not None
    }
    records = _records(name, itertools.chain([first], rows), keys, used)
    return Table(name, fields, layout, records)


def _records(name: str, rows: Iterable[Row], keys: list[str], used: set[int]) -> Iterator[Record]:
    for line, number, row, text in rows:
        try:
            cells = [row[key] if i in used else None for i, key in enumerate(keys)]
        except KeyError as missing:
            found = ", ".join(row)
            rule = f"no {excerpt(str(missing.args[0]))} (keys: {found})"
            raise DataError(rule, place=Place(source=name, line=line, row=number)) from None
        yield Record(line, number, cells, Original(text, row))


def reason(error: ValueError, text: str) -> str:
    """What is wrong with JSON, in a few words of ours."""
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    if error.pos >= len(text.rstrip()):
        return "ends inside a value"
    if error.msg == "Extra data":
        return f"text after the value (column {error.colno})"
    return f"not JSON at column {error.colno}: {error.msg.lower()}"
