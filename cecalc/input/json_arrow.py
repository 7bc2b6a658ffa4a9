"""A block of JSON lines at once, by pyarrow; what pyarrow is lenient about is checked.

It lets two objects on a line, missing keys, null and NaN through, wherever they stand: `columns`
returns None for a block with any of those, and for one that pyarrow refuses, so that the strict
reader decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import json as arrow_json

from cecalc.input.arrow_columns import ArrowColumns, floats_of
from cecalc.input.table import LazyOriginals, Reading
from cecalc.input.text import MAX_LINE_CHARACTERS, TextBlock, is_utf_8
from cecalc.model import Columns


def columns(block: TextBlock, first: Mapping[str, Any], reading: Reading) -> Columns | None:
    """The block as arrays; its objects are like the table's first one."""
    if () in reading.lists.values() or not _has_object_per_line(block):  # the first is ragged
        return None
    layout = reading.layout
    try:
        schema = pa.schema([(key, _type(value)) for key, value in first.items()])
        found = _read(block, schema)
        if layout.id is not None and found[layout.id].null_count:
            return None
        if any(pa.types.is_boolean(found[i].type) for i in layout.used):
            return None
        arrays = ArrowColumns(dict(enumerate(found)), reading, block.rows).read()
    except ValueError:  # pyarrow's own errors, and ours, are among them
        return None
    key = None if layout.id is None else schema.names[layout.id]
    return LazyOriginals(block, json.loads).beside(arrays, key)


def _type(value: Any) -> pa.DataType:
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


def _read(block: TextBlock, schema: pa.Schema) -> list[pa.Array]:
    """The columns; a ValueError where there are not as many rows, or a number is none of JSON's."""
    table = arrow_json.read_json(
        pa.BufferReader(block.text),
        arrow_json.ReadOptions(use_threads=False, block_size=len(block.text) + 1),
        arrow_json.ParseOptions(
            explicit_schema=schema,
            newlines_in_values=False,
            unexpected_field_behavior="error",
        ),
    )
    if table.num_rows != block.rows:
        raise ValueError("several objects on a line")
    found = [column.chunk(0) for column in table.columns]
    for column in found:
        _refuse_odd_numbers(column)
    return found


def _refuse_odd_numbers(array: pa.Array) -> None:
    """A ValueError where a number is NaN, infinite or beyond float64, asked for or not."""
    while pa.types.is_list(array.type):
        array = array.flatten()
    if pa.types.is_float64(array.type) and not np.isfinite(floats_of(array.drop_null())).all():
        raise ValueError("not finite")
