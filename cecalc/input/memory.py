"""Arrays and tables that a Python program hands over, as if they were files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.input.arrays.dtypes import numeric
from cecalc.input.arrays.windows import ArrayFile, HeldWindows
from cecalc.input.files import Files
from cecalc.input.layout import Wanted
from cecalc.input.members import Document
from cecalc.input.shapes import to_array
from cecalc.request import Held, InputRequest

if TYPE_CHECKING:
    from cecalc.input.formats import Found


def opened(held: Held, request: InputRequest, wanted: Wanted, files: Files) -> Found:
    """What an object is: a table where it has columns, else an array or nested lists.

    Raises
    ------
    DataError : its columns cannot be told, or it holds no real numbers
    """
    place = Place(source=held.option)
    if is_table(held.data):
        from cecalc.input import parquet

        return parquet.table_of(held, request, wanted, files)
    if isinstance(held.data, list | tuple | int | float | str):
        return Document(held.option, _listed(held.data))
    try:
        array = as_array(held.data)
    except DataError as error:
        raise error.at(source=held.option) from None
    if array.dtype.hasobject:
        return Document(held.option, array.tolist())
    dtype = numeric(array.dtype, place)
    return ArrayFile(held.option, ("",), lambda _: HeldWindows.of(array, dtype, place))


def is_table(data: Any) -> bool:
    """Whether an object has columns, and hands them over as Arrow does."""
    has_columns = hasattr(data, "columns") or hasattr(data, "schema")
    return has_columns and hasattr(data, "__arrow_c_stream__")


def as_array(data: Any) -> np.ndarray[Any, Any]:
    """What anything that is an array holds, wherever it is; not a copy where it need be none.

    Raises
    ------
    DataError : it is none
    """
    if isinstance(data, list | tuple | int | float):
        return to_array(_listed(data), "weights")
    if hasattr(data, "detach"):  # a tensor of torch, whose bfloat16 NumPy does not know
        data = data.detach().cpu()
        data = data.float() if "bfloat16" in str(data.dtype) else data
    try:
        return np.asarray(data) if hasattr(data, "__array__") else np.from_dlpack(data)
    except (TypeError, AttributeError, RuntimeError, BufferError) as error:
        raise DataError(f"is no array and no table: {type(data).__name__}") from error


def _listed(data: Any) -> Any:
    """Nested sequences as lists, NumPy's numbers as Python's."""
    if isinstance(data, list | tuple):
        return [_listed(item) for item in data]
    if hasattr(data, "tolist"):
        return data.tolist()
    return data
