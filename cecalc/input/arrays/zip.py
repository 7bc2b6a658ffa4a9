"""Zip files as .npz and .pt are: members decompressed as they are read, checksums compared."""

from __future__ import annotations

import struct
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import BinaryIO
from zipfile import BadZipFile

from cecalc.errors import DataError, InputError, Place, count, excerpt
from cecalc.input.arrays.stored import PIECE, ArrayStream, PlainFile, refuse_more, seekable, told
from cecalc.input.files import Files, Opened

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_END, _END_BYTES = b"PK\x05\x06", 22
"""What the end of a zip's directory begins with, and how long it is without a comment."""
_DAMAGED = (OSError, ValueError, ArithmeticError, NotImplementedError, BadZipFile, struct.error)
"""What Python's zip reader raises on nonsense."""


@dataclass
class Archive:
    """A zip file whose directory has been read."""

    name: str
    stream: BinaryIO
    zip: zipfile.ZipFile
    plain: PlainFile
    files: Files
    max_bytes: int | None
    expanded: int = 0
    """How many bytes the members opened so far have."""

    @property
    def members(self) -> dict[str, zipfile.ZipInfo]:
        """What the directory says of each member, by its name."""
        return self.zip.NameToInfo

    def member(self, member: str) -> Member:
        """A member by its exact name.

        Raises
        ------
        LimitError : with it, what was opened expands past the limit
        InputError : the zip file is damaged there
        DataError : it is encrypted, or compressed in another way than NumPy and torch do
        """
        info, place = self.members[member], Place(source=f"{self.name}: member {short(member)}")
        if info.flag_bits & _ENCRYPTED:
            raise DataError("is encrypted", place=place)
        if info.compress_type not in _METHODS:
            raise DataError(f"compression method {info.compress_type} is not read", place=place)
        self.expanded += info.file_size
        refuse_more(self.expanded, self.max_bytes, Place(source=self.name), expands=True)
        with told(place, "zip entry is damaged", _DAMAGED):
            stream = self.files.enter_context(self.zip.open(info))
        return Member(stream, place, info.file_size, self.plain)


@dataclass(frozen=True)
class Member(ArrayStream):
    """The bytes of a member, read in order; the checksum is compared with the last of them."""

    damage = "checksum mismatch"
    damaged = _DAMAGED
    size: int
    plain: PlainFile

    def check(self) -> None:
        """Raise where the checksum is wrong or the file has changed."""
        self.read(1)
        self.plain.check()


def open_archive(opened: Opened, files: Files, max_bytes: int | None) -> Archive:
    """The zip file in an input; what comes from a pipe is copied to a temporary file first.

    Raises
    ------
    InputError : its directory, which is at its end, is missing or damaged
    DataError : two members have one name, or more follows
    LimitError : it does not come from a file, and is larger than `max_bytes`
    """
    (stream, plain), place = seekable(opened, files, max_bytes), opened.place
    with told(place, "its zip directory is damaged", _DAMAGED):
        if not zipfile.is_zipfile(stream):
            raise InputError("file ends early (its zip directory is missing)", place=place)
        archive = files.enter_context(zipfile.ZipFile(stream))
        _refuse_more(stream, plain.size, len(archive.comment), place)
    twice = [member for member, n in Counter(archive.namelist()).items() if n > 1]
    if twice:
        raise DataError(f"holds two members named {excerpt(twice[0])}", place=place)
    return Archive(opened.name, stream, archive, plain, files, max_bytes)


def _refuse_more(stream: BinaryIO, size: int, comment: int, place: Place) -> None:
    """Raise `DataError` where bytes follow the end of the directory; zipfile passes over them."""
    at = max(0, size - _END_BYTES - comment - PIECE)
    stream.seek(at)
    tail = stream.read()
    stream.seek(0)
    end = tail.rfind(_END)
    more = len(tail) - end - _END_BYTES - comment
    if end >= 0 and more > 0:
        raise DataError(f"{count(more, 'byte')} after the data", place=place)


def short(name: str) -> str:
    """A member's name in a message."""
    return excerpt(name)[1:-1]
