"""NumPy's .npy: a header and the values, in either order of the axes."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cecalc.errors import DataError, InputError, Place
from cecalc.input.arrays.dtypes import can_be, numeric
from cecalc.input.arrays.stored import (
    ArrayStream,
    PlainFile,
    StoredWindows,
    refuse_more,
    refuse_other_size,
)
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.arrays.zip import Archive
from cecalc.input.bytes import not_a
from cecalc.input.files import Files, Opened

_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}
"""How many bytes say how long the header is, by version."""
_HEADER_BYTES = 10_000 + 64
"""More than NumPy takes for a header, padding included."""


@dataclass(frozen=True)
class NpyHeader:
    """What an .npy file says about its values."""

    size: int
    """Of the header itself, in bytes."""
    shape: tuple[int, ...]
    is_fortran: bool
    stored: np.dtype[Any]
    dtype: str
    place: Place

    @property
    def data_bytes(self) -> int:
        """How long the data has to be."""
        return math.prod(self.shape) * self.stored.itemsize

    def refuse_other_size(self, there: int) -> None:
        """Raise where the data has another length than it has to."""
        refuse_other_size(self.data_bytes, there, self.place, itemsize=self.stored.itemsize)

    def windows(self, values: PlainFile | ArrayStream) -> Windows:
        """The array of these values; what is in Fortran's order is read at once."""
        if not self.is_fortran:
            return StoredWindows(self.shape, self.dtype, self.place, self.stored, values)
        size = (math.prod(self.shape),)
        flat = StoredWindows(size, self.dtype, self.place, self.stored, values).read(*size)
        return HeldWindows.of(flat.reshape(self.shape, order="F"), self.dtype, self.place)


def open_npy(opened: Opened, files: Files, max_bytes: int | None) -> ArrayFile:
    """The array of a file or a stream.

    Raises
    ------
    DataError : it is no array of real numbers, or more follows
    InputError : it ends early
    LimitError : it is larger than `max_bytes`, or has no room
    """
    stream = opened.binary(files)
    in_order = ArrayStream(stream, opened.place)
    header = read_header(in_order)
    if (plain := PlainFile.of(stream, opened.name)) is not None:
        header.refuse_other_size(plain.size)
    refuse_more(header.data_bytes, max_bytes, opened.place)
    array = header.windows(plain or in_order)
    return ArrayFile(opened.name, ("",), lambda _: replace(array))


def read_header(source: ArrayStream) -> NpyHeader:
    """The header of an array, read up to its end.

    Raises
    ------
    DataError : it is no header, or says what is not read
    InputError : it ends early
    """
    magic, place = source.read(np.lib.format.MAGIC_LEN), source.place
    prefix = np.lib.format.MAGIC_PREFIX
    if not magic.startswith(prefix[: len(magic)]):
        raise not_a("NumPy", magic, place)
    if len(magic) < np.lib.format.MAGIC_LEN:
        raise InputError("file ends early (in its header)", place=place)
    version, minor = magic[len(prefix) :]
    if version not in _LENGTH_BYTES or minor:
        shown = f"{version}.{minor}" if minor else version
        raise DataError(f"version {shown} of the .npy format is not read", place=place)
    size = source.read(_LENGTH_BYTES[version])
    length = int.from_bytes(size, "little")
    if length > _HEADER_BYTES:
        raise DataError("header is too long", place=place)
    text = source.read(length)
    if len(size) < _LENGTH_BYTES[version] or len(text) < length:
        raise InputError("file ends early (in its header)", place=place)
    return _understood(size + text, version, place)


def _understood(block: bytes, version: int, place: Place) -> NpyHeader:
    # Version 3 differs from 2 in the encoding of field names alone, and no array with fields is
    # read; NumPy has no public reader for it.
    formats = np.lib.format
    parse = formats.read_array_header_1_0 if version == 1 else formats.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a header by Python 2 is slower to read
            shape, fortran, dtype = parse(io.BytesIO(block))
    except Exception:  # noqa: BLE001  # nonsense can make Python's parser raise anything
        raise DataError("header is not valid", place=place) from None
    dtype_name = numeric(dtype, place)
    shape = tuple(int(n) for n in shape)
    if not can_be(shape, dtype.itemsize):
        raise DataError("header is not valid: no array has its shape", place=place)
    size = np.lib.format.MAGIC_LEN + len(block)
    return NpyHeader(size, shape, fortran and len(shape) > 1, dtype, dtype_name, place)


_SUFFIX = ".npy"


def arrays_in(archive: Archive) -> ArrayFile:
    """The arrays of a zip file: the names are those of its members, without .npy."""
    names = tuple(m.removesuffix(_SUFFIX) for m in archive.members if m.endswith(_SUFFIX))

    def opened(name: str) -> Windows:
        member = archive.member(name + _SUFFIX)
        header = read_header(member)
        header.refuse_other_size(member.size - header.size)
        return header.windows(member)

    return ArrayFile(archive.name, names, opened)
