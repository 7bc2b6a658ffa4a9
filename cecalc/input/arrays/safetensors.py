"""The .safetensors format: a JSON header of named extents, then their bytes.

Its own library maps the file into memory and so dies when the file shrinks.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from cecalc.errors import DataError, InputError, Place, excerpt
from cecalc.input.arrays.dtypes import BFLOAT16, can_be
from cecalc.input.arrays.stored import (
    PlainFile,
    StoredWindows,
    refuse_more,
    refuse_other_size,
    seekable,
)
from cecalc.input.arrays.windows import ArrayFile
from cecalc.input.bytes import not_a
from cecalc.input.files import Files, Opened
from cecalc.input.nested import unique

HEADER_BYTES = 100_000_000
_LENGTH_BYTES = 8
_METADATA = "__metadata__"
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "BOOL": "?",
}  # fmt: skip
"""What the dtypes are called that are read, and how NumPy calls what they are stored as."""


@dataclass(frozen=True)
class Tensor:
    """What the header says about one tensor."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def open_safetensors(opened: Opened, files: Files, max_bytes: int | None) -> ArrayFile:
    """The tensors of a file; what comes from a pipe is copied to a temporary file first.

    Raises
    ------
    DataError : the header is not valid, or more follows than it says
    InputError : the file ends early
    LimitError : it is larger than `max_bytes`
    """
    (_, file), place = seekable(opened, files, max_bytes), opened.place
    refuse_more(file.size, max_bytes, place)
    head = file.read(0, _LENGTH_BYTES + 1)
    length = int.from_bytes(head[:_LENGTH_BYTES], "little")
    if head[_LENGTH_BYTES:] != b"{" or length > HEADER_BYTES:
        raise not_a("safetensors", head, place)
    text = file.read(_LENGTH_BYTES, length)
    if len(text) < length:
        raise InputError("file ends early (in its header)", place=place)
    tensors = _tensors(text, place)
    start = _LENGTH_BYTES + length
    data = file.part(start, file.size - start)
    _refuse_gaps(tensors, data.size, place)
    return ArrayFile(file.name, tuple(tensors), lambda name: _windows(data, name, tensors[name]))


def _windows(data: PlainFile, name: str, tensor: Tensor) -> StoredWindows:
    place, stored = Place(source=data.name), _DTYPES.get(tensor.dtype)
    if stored is None:
        rule = f"tensor {excerpt(name)}: dtype {excerpt(tensor.dtype)} is not read"
        raise DataError(rule, place=place, hint=f"these are: {', '.join(_DTYPES)}")
    dtype = np.dtype(stored)
    said = BFLOAT16 if tensor.dtype == "BF16" else dtype.name
    extent = data.part(tensor.start, tensor.end - tensor.start)
    return StoredWindows(tensor.shape, said, place, dtype, extent)


def _tensors(text: bytes, place: Place) -> dict[str, Tensor]:
    try:
        header = json.loads(text.decode(), object_pairs_hook=unique)
        header.pop(_METADATA, None)
        return {name: _tensor(name, **said) for name, said in header.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        rule = str(error) if isinstance(error, DataError) else "header is not valid"
        raise DataError(rule, place=place) from None


def _tensor(name: str, dtype: Any, shape: Any, data_offsets: Any) -> Tensor:
    start, end = data_offsets
    if not (isinstance(dtype, str) and all(type(n) is int for n in (*shape, start, end))):
        raise TypeError
    stored, which = _DTYPES.get(dtype), f"tensor {excerpt(name)}"
    itemsize = np.dtype(stored).itemsize if stored else 1
    if not can_be(tuple(shape), itemsize):
        raise DataError(f"{which}: no array has its shape")
    if stored and end - start != math.prod(shape) * itemsize:
        raise DataError(f"{which}: its shape does not fit its bytes")
    return Tensor(dtype, tuple(shape), start, end)


def _refuse_gaps(tensors: dict[str, Tensor], size: int, place: Place) -> None:
    """Raise unless every byte of the data belongs to exactly one tensor."""
    end = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if tensor.start != end or tensor.end < tensor.start:
            rule = f"tensor {excerpt(name)}: its bytes overlap another's or leave a gap"
            raise DataError(rule, place=place)
        end = tensor.end
    refuse_other_size(end, size, place, unit="bytes")
