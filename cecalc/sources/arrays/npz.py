"""NumPy's .npz: a zip of .npy files, each decompressed as it is read."""

from __future__ import annotations

from cecalc.errors import DataError, Place
from cecalc.sources.arrays.amounts import refuse_other_size
from cecalc.sources.arrays.npy import read_header
from cecalc.sources.arrays.stored import copied
from cecalc.sources.arrays.windows import StoredWindows
from cecalc.sources.arrays.zips import Archive, short

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
