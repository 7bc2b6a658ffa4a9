"""The input's own columns where they have types, as Arrow has them."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from cecalc.errors import DataError, excerpt
from cecalc.items import Outcome
from cecalc.model import Flags
from cecalc.output.column import Column, Sort
from cecalc.records import OF_VIEWS, stored

_types = pa.types
_SORTS = {
    Sort.NUMBER: (_types.is_floating,),
    Sort.COUNT: (_types.is_integer,),
    Sort.FLAG: (_types.is_boolean,),
    Sort.TEXT: (
        _types.is_string,
        _types.is_large_string,
        _types.is_binary,
        _types.is_large_binary,
        _types.is_fixed_size_binary,
    ),
}
"""What else there is are cells."""


def column_of(name: str, kind: pa.DataType) -> Column:
    """A column of the input."""
    known = plain(pa.nulls(0, kind)).type
    found = (sort for sort, kinds in _SORTS.items() if any(is_one(known) for is_one in kinds))
    sort = next(found, Sort.CELL)
    return Column(name, name, sort, partial(_values, name, sort), used=partial(_there, name))


def plain(column: Any) -> Any:
    """The same without what only saves room or gives a type another name."""
    column = stored(column)
    if _types.is_dictionary(column.type):
        return plain(column.dictionary).take(column.indices)
    return column.cast(OF_VIEWS.get(column.type, column.type))


def _values(name: str, sort: Sort, rows: Outcome) -> Any:
    column = plain(rows.batch.typed.column(name))
    if sort is Sort.TEXT:
        return list(map(_text, column.to_pylist()))
    if sort is Sort.CELL:
        try:
            return _cells(column)
        except ValueError:  # Python's times know no nanoseconds
            rule = f"column {excerpt(name)} holds {column.type}, which has no text"
            hint = "--format arrow keeps it; --select '!NAME' leaves a column out"
            raise DataError(rule, hint=hint) from None
    if sort is Sort.FLAG:
        column = column.cast(pa.uint8())
    buffers = [None, column.buffers()[1]]  # a null is any number, and not used
    column = pa.Array.from_buffers(column.type, len(column), buffers, offset=column.offset)
    numbers = np.from_dlpack(column)  # to_numpy would import pandas
    return numbers.astype(bool) if sort is Sort.FLAG else numbers


def _text(value: str | bytes | None) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return value or ""  # null is not used


def _there(name: str, rows: Outcome) -> Flags:
    there = plain(rows.batch.typed.column(name)).is_valid().cast(pa.uint8())
    found: Flags = np.from_dlpack(there).astype(bool)
    return found


def _cells(column: Any) -> list[Any]:
    """Values that JSON knows: of nested ones those, of any other the text.

    Times are written as they are stored, in UTC where they are moments.
    """
    kind, end = column.type, ""
    if _types.is_nested(kind):
        cells = json.dumps(column.to_pylist(), default=str)
        found: list[Any] = json.loads(cells, parse_constant=lambda _: None)
        return found
    if _types.is_timestamp(kind) and kind.tz is not None:  # by itself, Arrow needs a table of zones
        column, end = column.cast(pa.timestamp(kind.unit)), "Z"
    try:
        return [f"{text}{end}" for text in column.cast(pa.string()).to_pylist()]
    except pa.ArrowException:
        return list(map(str, column.to_pylist()))
