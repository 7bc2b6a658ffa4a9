"""Arrays and tables that a Python program hands over, as if they were files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.input.arrays.dtypes import numeric
from cecalc.input.arrays.windows import ArrayFile, HeldWindows
from cecalc.input.files import Files
from cecalc.input.layout import Wanted
from cecalc.input.members import Document
from cecalc.input.shapes import to_array
from cecalc.model import Array
from cecalc.request import Held, InputRequest

if TYPE_CHECKING:
    from cecalc.input.formats import Found

_TAKEN = "lists, arrays, tensors, files by name, and tables (a lazy one after collect()) are taken"


def opened(held: Held, request: InputRequest, wanted: Wanted, files: Files) -> Found:
    """What an object is: a table where it has columns, else an array or nested lists.

    Raises
    ------
    DataError : its columns cannot be told, or it holds no real numbers
    """
    place = Place(source=held.option)
    if is_table(held.data):
        from cecalc.input import parquet

        return parquet.table_of(Held(held.option, _arrow(held.data)), request, wanted, files)
    is_nested = isinstance(held.data, list | tuple | range | int | float | str)
    data: Any = held.data if is_nested else as_array(held)
    if is_nested or data.dtype.hasobject:
        return Document(held.option, _listed(data, place))
    dtype = numeric(data.dtype, place)
    return ArrayFile(held.option, ("",), lambda _: HeldWindows.of(data, dtype, place))


def is_table(data: Any) -> bool:
    """Whether an object has columns, and hands them over as Arrow does."""
    is_stream = hasattr(data, "__arrow_c_stream__")
    return is_stream and (hasattr(data, "columns") or hasattr(data, "schema"))


def kept(data: Any) -> Any:
    """What can be read again and holds nothing but numbers: of a stream its table, of a tensor no
    gradients; anything else as it is.
    """
    data = data.read_all() if is_table(data) and hasattr(data, "read_all") else data
    return data.detach() if hasattr(data, "requires_grad") else data


def _arrow(data: Any) -> Any:
    """A table as Arrow has it; of pandas, a column that Arrow has no type for becomes texts."""
    import pyarrow as pa

    if not hasattr(data, "isetitem"):
        return pa.table(data)
    names, frame = [*map(str, data.columns)], data.set_axis(range(data.shape[1]), axis=1)
    try:  # by their numbers, since names may be double
        table = pa.table(frame)
    except (pa.ArrowException, TypeError, ValueError):
        table = pa.table(frame.apply(lambda c: c.map(str, "ignore") if c.dtype.kind in "Oc" else c))
    return table.rename_columns([*names, *table.column_names[len(names) :]])


def as_array(held: Held) -> Array:
    """What anything that is an array holds, wherever it is; not a copy where it need be none.

    Raises
    ------
    DataError : it is none, or some of it is masked
    """
    data, place = held.data, Place(source=held.option)
    if isinstance(data, list | tuple | int | float):
        return to_array(_listed(data, place), "weights")
    try:
        if hasattr(data, "cpu"):  # a tensor of torch, whose bfloat16 NumPy does not know
            data = data.cpu()
            data = data.float() if "bfloat16" in str(data.dtype) else data
        array = np.asarray(data) if hasattr(data, "__array__") else np.from_dlpack(data)
    except (TypeError, AttributeError, RuntimeError, BufferError) as error:
        rule = f"is no array and no table: {type(data).__name__}"
        raise DataError(rule, place=place, hint=_TAKEN) from error
    if np.ma.is_masked(data):
        row, *cell = np.argwhere(np.atleast_1d(np.ma.getmaskarray(data)))[0].tolist()
        place = replace(place, row=row, label=",".join(map(str, cell)) or None)
        raise DataError("expected a number, found a masked one", place=place)
    return array


def _listed(data: Any, place: Place) -> Any:
    """Nested sequences as lists, numbers of any kind as Python's.

    Raises
    ------
    DataError : one holds something else
    """
    data = data.tolist() if hasattr(data, "tolist") else data
    if isinstance(data, list | tuple | range):
        return [_listed(item, place) for item in data]
    if data is None or type(data) in (int, float, str):
        return data
    try:
        return int(data) if isinstance(data, int) else float(data)  # bool is an int
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"expected numbers, found {type(data).__name__}", place=place) from None
