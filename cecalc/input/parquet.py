"""Parquet, and Arrow's own files and streams (Feather among them): tables of typed columns.

Only the columns that are needed are read. What is in memory are the pages, or the record batch,
that the rows of a block stand in; nothing is mapped, since a mapped file that shrinks kills.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from cecalc.errors import CecalcError, DataError, InputError, LimitError, Place
from cecalc.input import arrow_columns
from cecalc.input.arrays.stored import PlainFile, out_of_memory, refuse_more, seekable
from cecalc.input.files import Files, Opened
from cecalc.input.layout import Layout, Wanted, understand
from cecalc.input.table import Table, TableBlock
from cecalc.model import Meter
from cecalc.request import InputRequest

BATCH_VALUES = 2**20
"""How many values a block holds (but always a whole row)."""
_BLOCKS_AT_ONCE = 4
"""How many blocks are decoded together, which costs less than one by one."""
_BUFFER = 2**14
"""How many bytes of a column are read ahead, instead of all that the file has of it."""
_SMALL = 2**25
"""A file up to which columns are read whole: else a damaged page may ask for 2 GiB, and gets it."""
_PARQUET, _ARROW, _STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"


def open_table(opened: Opened, request: InputRequest, wanted: Wanted, files: Files) -> Table:
    """The table in a file; what comes from a pipe is copied to a temporary file first.

    Raises
    ------
    DataError : its columns cannot be told
    InputError : it ends early or is damaged
    LimitError : it is larger than it may be
    """
    place = Place(source=opened.name)
    stream, plain = _lying(opened, files, request.max_bytes)
    reader: _Parquet | _Arrow
    with _undamaged(place):
        if opened.head.startswith(_PARQUET):
            native = _native(opened, plain, files)
            reader = _Parquet.of(stream, native, place, request.max_bytes)
        else:
            reader = _Arrow.of(stream, place, in_order=opened.head.startswith(_STREAM))
    names = reader.names
    layout = _understood(names, request, wanted, place)
    used = [names[i] for i in layout.used]
    rows = max(1, BATCH_VALUES // max(1, len(used)))

    def blocks() -> Iterator[tuple[Any, int]]:
        start = 0
        with _undamaged(place):
            for batch in reader.batches(used, rows * _BLOCKS_AT_ONCE):
                batch.validate(full=True)  # offsets, codes and text are taken as they stand in it
                for first in range(0, batch.num_rows, rows):
                    part = batch.slice(first, rows)
                    yield part, start
                    start += part.num_rows
                    _count(files.meter, start, reader.rows)
        if plain is not None:
            plain.check()
        if not start:
            raise DataError("no data rows", place=place)

    if reader.rows == 0:
        raise DataError("no data rows", place=place)
    every = blocks()
    first = next(every)
    lists = arrow_columns.list_shapes(first[0], names)
    rows_of = itertools.starmap(_rows, itertools.chain([first], every))
    return Table(opened.name, names, layout, rows_of, lists=lists)


def _lying(
    opened: Opened, files: Files, max_bytes: int | None
) -> tuple[BinaryIO, PlainFile | None]:
    """What can be sought in: the file or object itself, or a copy of what comes from a pipe."""
    stream = opened.binary(files)
    plain = PlainFile.of(stream, opened.name)
    if plain is None and not stream.seekable():
        return seekable(stream, opened.name, files, max_bytes)
    refuse_more(stream.seek(0, os.SEEK_END), max_bytes, Place(source=opened.name))
    return stream, plain


def _native(opened: Opened, plain: PlainFile | None, files: Files) -> Any:
    """The file as Arrow reads it by itself, five times as fast; None where it has no path."""
    if plain is None or not Path(opened.name).is_file():
        return None
    native = files.enter_context(pa.OSFile(opened.name))
    is_same = os.path.samestat(Path(opened.name).stat(), os.fstat(plain.descriptor))
    return native if is_same else None


def _understood(names: list[str], request: InputRequest, wanted: Wanted, place: Place) -> Layout:
    if len(names) > request.max_columns:
        raise LimitError(f"more than {request.max_columns} columns", place=place)
    try:
        return understand(names, request.columns, wanted, classes=request.classes)
    except DataError as error:
        raise error.at(source=place.source) from None


def _rows(batch: Any, start: int) -> TableBlock:
    return TableBlock(start, batch.num_rows, lambda: (), partial(arrow_columns.read, batch, start))


def _count(meter: Meter, rows: int, of: int | None) -> None:
    if meter.total is not None and of:
        meter.read = meter.total * rows // of


@dataclass(frozen=True)
class _Parquet:
    file: Any

    @classmethod
    def of(cls, stream: BinaryIO, native: Any, place: Place, max_bytes: int | None) -> _Parquet:
        from pyarrow import parquet

        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - len(_PARQUET)))
        end = stream.read()
        stream.seek(0)
        if end == b"PARE":
            raise DataError("is encrypted", place=place)
        if end != _PARQUET or size < 12:
            raise InputError("file ends early (its footer is missing)", place=place)
        with _undamaged(place, "its footer is damaged"):
            file = parquet.ParquetFile(
                native or stream,
                buffer_size=0 if size <= _SMALL else _BUFFER,
                pre_buffer=False,
                page_checksum_verification=True,
            )
            groups = map(file.metadata.row_group, range(file.num_row_groups))
            expanded = sum(group.total_byte_size for group in groups)
        refuse_more(expanded, max_bytes, place, expands=True)
        return cls(file)

    @property
    def names(self) -> list[str]:
        return list(self.file.schema_arrow.names)

    @property
    def rows(self) -> int | None:
        return int(self.file.metadata.num_rows)

    def batches(self, used: list[str], rows: int) -> Iterator[Any]:
        return iter(self.file.iter_batches(rows, columns=used, use_threads=False))


@dataclass(frozen=True)
class _Arrow:
    stream: BinaryIO
    place: Place
    in_order: bool
    """Whether it is a stream, without a directory at its end."""

    @classmethod
    def of(cls, stream: BinaryIO, place: Place, *, in_order: bool) -> _Arrow:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - len(_ARROW)))
        if not in_order and stream.read() != _ARROW:
            raise InputError("file ends early (its footer is missing)", place=place)
        return cls(stream, place, in_order)

    @property
    def names(self) -> list[str]:
        with self._whole(), _undamaged(self.place, "its schema is damaged"):
            return list(self._open().schema.names)

    @property
    def rows(self) -> int | None:
        return None

    def _open(self, columns: list[int] | None = None) -> Any:
        self.stream.seek(0)
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=columns)
        open_it = pa.ipc.open_stream if self.in_order else pa.ipc.open_file
        return open_it(self.stream, options=options)

    def batches(self, used: list[str], rows: int) -> Iterator[Any]:  # noqa: ARG002  # as written
        names = self.names
        reader = self._open([names.index(name) for name in used])
        if not self.in_order:
            yield from map(reader.get_batch, range(reader.num_record_batches))
            return
        with self._whole(), _undamaged(self.place):
            yield from reader
        if self.stream.read(1):
            raise DataError("bytes after the data", place=self.place)

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Damage at the end of a stream is the end of what was written."""
        try:
            yield
        except InputError:
            if self.in_order and not self.stream.read(1):
                raise InputError("file ends early", place=self.place) from None
            raise


@contextmanager
def _undamaged(place: Place, damage: str = "its data is damaged") -> Iterator[None]:
    """What Arrow finds wrong with a file, in our words."""
    try:
        yield
    except CecalcError:
        raise
    except MemoryError:
        raise out_of_memory(None, place) from None
    except (pa.ArrowException, OSError, ValueError, LookupError, TypeError, OverflowError) as error:
        number = getattr(error, "errno", None)
        raise InputError(os.strerror(number) if number else damage, place=place) from None
