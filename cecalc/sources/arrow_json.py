"""A block of JSON lines at once, by pyarrow; what pyarrow is lenient about is checked.

It lets two objects on a line, missing keys, null and NaN through: `columns` returns None for a
block with any of those, and for one that pyarrow refuses, so that the strict reader decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import json as arrow_json

from cecalc.sources.blocks import TextBlock
from cecalc.sources.originals import LazyIds, LazyOriginals
from cecalc.sources.tables import Columns, Reading

if TYPE_CHECKING:
    from cecalc.records import Floats


def schema_of(first: Mapping[str, Any]) -> pa.Schema | None:
    """The schema of objects like the first one; None where there is no telling."""
    types = {key: _type(value) for key, value in first.items()}
    return None if None in types.values() else pa.schema(list(types.items()))


def columns(block: TextBlock, schema: pa.Schema, reading: Reading) -> Columns | None:
    """The block as arrays."""
    text, layout = block.text, reading.layout
    # With no object inside another, each line holds one object if as many begin as there are.
    if text.count(b"\n{") + text.startswith(b"{") != block.rows or not _is_text(text):
        return None
    try:
        table = arrow_json.read_json(
            pa.BufferReader(text),
            arrow_json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            arrow_json.ParseOptions(
                explicit_schema=schema,
                newlines_in_values=False,
                unexpected_field_behavior="error",
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != block.rows:
        return None
    try:
        target = _target(table, reading) if layout.target else None
        weight = layout.sample_weight
        values = _together(table, layout.values)
        sample_weight = None if weight is None else _numbers(table.column(weight).chunk(0))
    except ValueError:
        return None
    originals = LazyOriginals(block, json.loads)
    return Columns(
        values=values,
        target=target,
        sample_weight=sample_weight,
        ids=None if layout.id is None else LazyIds(originals, schema.names[layout.id]),
        lines=range(block.line, block.line + block.rows) if block.line_ends <= block.rows else None,
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


def _is_text(text: bytes) -> bool:
    if b"\0" in text or b"\r" in text:
        return False
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _target(table: pa.Table, reading: Reading) -> Floats:
    positions = reading.layout.target
    column = table.column(positions[0]).chunk(0)
    is_list = pa.types.is_list(column.type)
    if is_list or not reading.has_index:
        array = _together(table, positions)
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


def _together(table: pa.Table, positions: tuple[int, ...]) -> Floats:
    arrays = [_numbers(table.column(i).chunk(0)) for i in positions]
    is_lists = len(arrays) == 1 and arrays[0].ndim > 1
    return arrays[0] if is_lists else np.stack(arrays).T


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
    numbers = np.frombuffer(array.buffers()[1], np.float64, len(array), array.offset * 8)
    if not np.isfinite(numbers).all():
        raise ValueError("not finite")
    return numbers
