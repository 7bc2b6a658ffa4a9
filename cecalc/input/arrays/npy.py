"""NumPy's .npy: a header and the values, in either order of the axes."""

from __future__ import annotations

import io
import math
import tokenize
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from cecalc.errors import DataError, InputError, Place
from cecalc.input.arrays.stored import (
    ArrayStream,
    PlainFile,
    Reader,
    Stored,
    can_be,
    copied,
    not_a,
    numeric,
    refuse_more,
    refuse_other_size,
    told,
)
from cecalc.input.arrays.windows import StoredWindows
from cecalc.input.arrays.zip import Archive, short

_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}
"""How many bytes say how long the header is, by version."""
_HEADER_BYTES = 10_000 + 64
"""More than NumPy takes for a header, padding included."""
_PARSING_FAILS = (
    ValueError,
    TypeError,
    LookupError,
    SyntaxError,
    ArithmeticError,
    AttributeError,
    RecursionError,
    MemoryError,
    tokenize.TokenError,
)


@dataclass(frozen=True)
class NpyHeader:
    """What an .npy file says about its values."""

    size: int
    """Of the header itself, in bytes."""
    shape: tuple[int, ...]
    class_major: bool
    stored: np.dtype[Any]
    dtype: str
    place: Place

    @property
    def data_bytes(self) -> int:
        """How long the data has to be."""
        return math.prod(self.shape) * self.stored.itemsize

    def windows(self, stored: Stored) -> StoredWindows:
        """The array whose values are in `stored`."""
        return StoredWindows(
            self.shape, self.dtype, self.stored, stored, self.place, self.class_major
        )


def open_npy(
    stream: BinaryIO, name: str, files: ExitStack, *, max_bytes: int | None = None
) -> StoredWindows:
    """The array of a file or a stream that is at its start.

    Raises
    ------
    DataError : it is no array of real numbers, or more follows
    InputError : it ends early
    LimitError : it is larger than `max_bytes`
    """
    with told(Place(source=name)):
        header = read_header(stream, Place(source=name))
    plain = PlainFile.of(stream, name)
    if plain is None:
        refuse_more(header.data_bytes, max_bytes, header.place)
        if not header.class_major:
            return header.windows(ArrayStream(stream, name))
        _, plain = copied(stream, name, files, max_bytes)
    itemsize = header.stored.itemsize
    refuse_other_size(header.data_bytes, plain.size, header.place, itemsize=itemsize)
    refuse_more(header.data_bytes, max_bytes, header.place)
    return header.windows(plain)


def read_header(source: Reader, place: Place) -> NpyHeader:
    """The header of an array, read up to its end.

    Raises
    ------
    DataError : it is no header, or says what is not read
    InputError : it ends early
    """
    magic = source.read(np.lib.format.MAGIC_LEN)
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
    except _PARSING_FAILS:
        raise DataError("header is not valid", place=place) from None
    dtype_name = numeric(dtype, place)
    shape = tuple(int(n) for n in shape)
    if not can_be(shape, dtype.itemsize):
        raise DataError("header is not valid: no array has its shape", place=place)
    size = np.lib.format.MAGIC_LEN + len(block)
    return NpyHeader(size, shape, fortran and len(shape) > 1, dtype, dtype_name, place)


_SUFFIX = ".npy"


def names(archive: Archive) -> tuple[str, ...]:
    """The names of the arrays: those of their members, without .npy."""
    return tuple(m.removesuffix(_SUFFIX) for m in archive.members if m.endswith(_SUFFIX))


def open_member(archive: Archive, array: str) -> StoredWindows:
    """An array by its name.

    Raises
    ------
    DataError, InputError, LimitError : as `Archive.member` and `npy.read_header`
    """
    if array + _SUFFIX not in archive.members:
        place = Place(source=f"{archive.name}: member {short(array)}")
        raise DataError("not an array", place=place)
    member = archive.member(array + _SUFFIX)
    header = read_header(member, member.place)
    there = member.size - header.size
    refuse_other_size(header.data_bytes, there, member.place, itemsize=header.stored.itemsize)
    if not header.class_major:
        return header.windows(member)
    # A window takes bytes from all over the member: decompress it once, to a place of its own.
    _, copy = copied(member, str(member.place), archive.files, None)
    member.check()
    return header.windows(copy)
