"""The texts of many rows at once, by Arrow: byte for byte those that `Column.precise` gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cecalc.items import Groups, Outcome
from cecalc.model import Array, Flags, Floats
from cecalc.numbers import write_numbers
from cecalc.output.column import Column, Sort, Style


def numbers(values: Floats, used: Flags | None = None) -> pa.Array:
    """`write_numbers`; null where a value does not count."""
    values = np.ascontiguousarray(values, dtype=np.float64).ravel() + 0.0  # never -0
    found = array(values).cast(pa.string()).cast(pa.binary())
    size = np.abs(values)
    # Here Arrow would spell out zeros, or write an exponent, where Python does not.
    differs = ((size >= 1e-6) & (size < 1e-4)) | ((size >= 1e10) & np.isfinite(size))
    if differs.any():
        exact = strings(write_numbers(values[differs].tolist()))
        found = pc.replace_with_mask(found, array(differs), exact)
    return found if used is None or used.all() else only(found, used)


def rows(values: Floats, used: Flags | None, delimiter: str) -> pa.Array:
    """The numbers of each row of an array of shape (N, C), joined."""
    texts = numbers(values, None if used is None else used.ravel()).fill_null(_scalar(b""))
    n, width = values.shape
    offsets = array(np.arange(0, n * width + 1, width, dtype=np.int32))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, texts), _scalar(delimiter.encode()))


def texts(column: Column, outcome: Outcome | Groups, style: Style) -> pa.Array:
    """A column's texts, null where the value does not count."""
    values = column.of(outcome)
    if values is None or column.sort in (Sort.TEXT, Sort.CELL):
        if values is None or not any(values):
            return pa.repeat(_scalar(b""), outcome.size)
        return strings(column.texts(outcome, style))
    used = None if column.used is None else column.used(outcome)
    if column.sort is Sort.FLAG:
        found = pc.if_else(array(values), _scalar(b"true"), _scalar(b"false"))
    elif column.names:
        found = _names(values, [style.text(name) for name in column.names.values()])
    elif values.dtype.kind == "f":
        return numbers(values, used)
    else:
        found = array(values).cast(pa.string()).cast(pa.binary())
    return found if used is None or used.all() else only(found, used)


def strings(found: list[str]) -> pa.Array:
    """Texts as Arrow has them."""
    parts = [text.encode("utf-8", "surrogateescape") for text in found]
    offsets = np.zeros(len(parts) + 1, np.int32)
    np.cumsum([len(part) for part in parts], out=offsets[1:])
    return _binary(b"".join(parts), offsets)


def lines(
    originals: Any, delimiter: str, fields: int, wanted: Sequence[int] | None
) -> pa.Array | None:
    """The rows as they came, or some of their columns, joined; None where those are not apart."""
    packed = getattr(originals, "packed", None)
    if packed is None:
        return None if wanted else strings([original.text for original in originals])
    if wanted is None:
        return _binary(*packed)
    found = fields_of(packed, delimiter, fields, wanted)
    return pc.binary_join_element_wise(*found, _scalar(delimiter.encode()))


def fields_of(packed: Any, delimiter: str, fields: int, wanted: Sequence[int]) -> list[pa.Array]:
    """Some columns of rows in which a delimiter only stands between fields."""
    every = pc.split_pattern(_binary(*packed), delimiter.encode()).flatten()
    places = np.arange(len(packed[1]) - 1) * fields
    return [every.take(array(places + i)) for i in wanted]


def cells(originals: Any, delimiter: str, fields: int, wanted: int) -> list[str] | None:
    """The texts of one column; None where a field may hold a delimiter."""
    found = lines(originals, delimiter, fields, [wanted])
    if found is None:
        return None
    return [text.decode("utf-8", "surrogateescape") for text in found.to_pylist()]


def joined(parts: Sequence[pa.Array], delimiter: str) -> str:
    """The records, each with its line end."""
    *before, last = (part.fill_null(_scalar(b"")) for part in parts)
    last = pc.binary_join_element_wise(last, _scalar(b"\n"), _scalar(b""))
    records = pc.binary_join_element_wise(*before, last, _scalar(delimiter.encode()))
    _, offsets, data = records.buffers()
    ends = np.frombuffer(offsets, np.int32, len(records) + 1, records.offset * 4)
    text: bytes = data[int(ends[0]) : int(ends[-1])].to_pybytes()
    return text.decode("utf-8", "surrogateescape")


def array(values: Any) -> pa.Array:
    """An array as Arrow has it, without `pa.array`, which imports pandas where there is one."""
    kind = pa.from_numpy_dtype(values.dtype)
    data = np.packbits(values, bitorder="little") if values.dtype == bool else values
    buffer = pa.py_buffer(np.ascontiguousarray(data))
    return pa.Array.from_buffers(kind, len(values), [None, buffer])


def _binary(text: bytes, offsets: Array) -> pa.Array:
    """Texts that lie one after the other."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)


def _scalar(text: bytes) -> pa.Scalar:
    """One text, for all rows; without `pa.scalar`, as in `array`."""
    return _binary(text, np.asarray([0, len(text)], np.int32))[0]


def only(found: pa.Array, used: Flags) -> pa.Array:
    """Null where a value does not count."""
    return pc.if_else(array(used), found, pa.nulls(1, found.type)[0])


def _names(values: Any, names: list[str]) -> pa.Array:
    """The name of each class; a number that is none stays as it is."""
    is_class = (values >= 0) & (values < len(names))
    indices = np.where(is_class, values, 0).astype(np.int64)
    found = strings(names).take(array(indices))
    if is_class.all():
        return found
    return pc.replace_with_mask(found, array(~is_class), numbers(values[~is_class]))
