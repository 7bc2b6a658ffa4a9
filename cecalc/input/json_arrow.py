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

from cecalc.input.table import Columns, LazyIds, LazyOriginals, Reading
from cecalc.input.text import MAX_LINE_CHARACTERS, TextBlock
from cecalc.model import Floats


def schema_of(first: Mapping[str, Any]) -> pa.Schema | None:
    """The schema of objects like the first one; None where there is no telling."""
    types = {key: _type(value) for key, value in first.items()}
    try:
        return None if None in types.values() else pa.schema(list(types.items()))
    except UnicodeEncodeError:  # half a surrogate pair
        return None


def columns(block: TextBlock, schema: pa.Schema, reading: Reading) -> Columns | None:
    """The block as arrays."""
    if not _is_plain(block):
        return None
    layout, weight = reading.layout, reading.layout.sample_weight
    try:
        table = _read(block, schema)
        if layout.id is not None and table.column(layout.id).null_count:
            return None
        target = _target(table, reading) if layout.target else None
        values = _together(table, layout.values, reading)
        sample_weight = None if weight is None else _together(table, (weight,), reading)[:, 0]
    except ValueError:  # pyarrow's own errors are among them
        return None
    originals = LazyOriginals(block, json.loads)
    return Columns(
        values=values,
        target=target,
        sample_weight=sample_weight,
        ids=None if layout.id is None else LazyIds(originals, schema.names[layout.id]),
        lines=range(block.line, block.line + block.rows),
        originals=originals,
    )


def _type(value: Any) -> pa.DataType | None:
    match value:
        case bool():
            return pa.bool_()
        case int() | float():
            return pa.float64()
        case str():
            return pa.string()
        case [first, *_] if (inner := _type(first)) is not None:
            return pa.list_(inner)
        case _:
            return None


def _is_plain(block: TextBlock) -> bool:
    """Whether each line is text and, with no object inside another, holds one object: as many begin
    as there are lines.
    """
    text = block.text
    if not block.has_row_per_line or len(text) > MAX_LINE_CHARACTERS:
        return False
    if text.count(b"\n{") + text.startswith(b"{") != block.rows or b"\0" in text or b"\r" in text:
        return False
    return block.is_utf_8


def _read(block: TextBlock, schema: pa.Schema) -> pa.Table:
    """The objects; a ValueError where there are not as many, or a number is none of JSON's."""
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
    for column in table.columns:
        _refuse_odd_numbers(column.chunk(0))
    return table


def _target(table: pa.Table, reading: Reading) -> Floats:
    positions = reading.layout.target
    column = table.column(positions[0]).chunk(0)
    is_list = pa.types.is_list(column.type)
    if is_list or not reading.has_index:
        array = _together(table, positions, reading)
        return array if is_list or len(positions) > 1 else array[:, 0]
    if reading.classes.are_numbers and not pa.types.is_string(column.type):
        return _numbers(column)
    if column.null_count:
        raise ValueError("null")
    encoded = column.dictionary_encode()
    numbers = [reading.classes.number(name) for name in encoded.dictionary.to_pylist()]
    indices = np.frombuffer(encoded.indices.buffers()[1], np.int32, len(encoded))
    found: Floats = np.asarray(numbers, dtype=np.float64)[indices]
    return found


def _together(table: pa.Table, positions: tuple[int, ...], reading: Reading) -> Floats:
    arrays = [_numbers(table.column(i).chunk(0)) for i in positions]
    if len(positions) == 1 and positions[0] in reading.lists:
        if arrays[0].shape[1:] != reading.lists[positions[0]]:
            raise ValueError("another shape")
        return arrays[0]
    if any(array.ndim > 1 for array in arrays):
        raise ValueError("lists beside each other")
    return np.stack(arrays).T


def _numbers(array: pa.Array) -> Floats:
    """Numbers, or equally long lists of them; a ValueError where they are something else."""
    if array.null_count:
        raise ValueError("null")
    if pa.types.is_list(array.type):
        offsets = np.frombuffer(array.buffers()[1], np.int32, len(array) + 1, array.offset * 4)
        lengths = np.diff(offsets)
        if not lengths.size or (lengths != lengths[0]).any():
            raise ValueError("lists of different lengths")
        inner = _numbers(array.flatten())
        return inner.reshape(len(array), lengths[0], *inner.shape[1:])
    if not pa.types.is_float64(array.type):
        raise ValueError("no number")
    return np.frombuffer(array.buffers()[1], np.float64, len(array), array.offset * 8)


def _refuse_odd_numbers(array: pa.Array) -> None:
    """A ValueError where a number is NaN, infinite or beyond float64, asked for or not."""
    while pa.types.is_list(array.type):
        array = array.flatten()
    if pa.types.is_float64(array.type):
        array = array.drop_null()  # not to_numpy, which imports pandas where there is one
        numbers = np.frombuffer(array.buffers()[1], np.float64, len(array), array.offset * 8)
        if not np.isfinite(numbers).all():
            raise ValueError("not finite")
