"""Parquet, and Arrow's own files and streams (Feather among them): tables of typed columns.

Only the columns that are needed are read, for the loss and for the output. What is in memory are
the pages, or the record batch, that the rows of a block stand in; nothing is mapped, since a mapped
file that shrinks kills.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import pyarrow as pa

from cecalc.errors import DataError, InputError, LimitError, Place
from cecalc.input import arrow_columns
from cecalc.input.arrays.stored import PlainFile, refuse_more, seekable, told
from cecalc.input.classes import HEAD
from cecalc.input.files import Files, Opened, state_of
from cecalc.input.layout import Wanted, understand
from cecalc.input.table import Table, TableBlock
from cecalc.progress import Meter
from cecalc.request import Held, InputRequest
from cecalc.selection import split

BATCH_VALUES = 2**20
"""How many values a block holds (but always a whole row)."""
_BLOCK_BYTES = 2**23
"""About how much a block holds of a table that is read whole, texts and all."""
_BLOCKS_AT_ONCE = 4
"""How many blocks are decoded together, which costs less than one by one."""
_BUFFER = 2**14
"""How many bytes of a column are read ahead, instead of all that the file has of it."""
_SMALL = 2**25
"""A file up to which columns are read whole: else a damaged page may ask for 2 GiB, and gets it."""
_DAMAGE = "its data is damaged"
_UNREAD = "holds nested columns that pyarrow does not read (--select '!NAME' leaves one out)"
_DAMAGED = (OSError, pa.ArrowException, ValueError, LookupError, TypeError, OverflowError)
"""What Arrow raises on nonsense."""
_PARQUET, _ARROW, _STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"


def open_table(opened: Opened, request: InputRequest, wanted: Wanted, files: Files) -> Table:
    """The table in a file; what comes from a pipe is copied to a temporary file first.

    Raises
    ------
    DataError : its columns cannot be told
    InputError : it ends early or is damaged
    LimitError : it is larger than it may be
    """
    place = opened.place
    stream, regular = _lying(opened, files, request.max_bytes)
    with told(place, _DAMAGE, _DAMAGED):
        if opened.head.startswith(_PARQUET):
            native = _native(opened, regular, files)
            rows_of = _parquet(stream, native, place, request.max_bytes)
        else:
            rows_of = _arrow(stream, place, in_order=opened.head.startswith(_STREAM))
    return _table(rows_of, request, wanted, files, place, regular)


def table_of(held: Held, request: InputRequest, wanted: Wanted, files: Files) -> Table:
    """The table that an object hands over as an Arrow stream.

    Raises
    ------
    DataError : its columns cannot be told
    """
    table, place = pa.table(held.data), Place(source=held.option)

    def batches(used: list[str], rows: int) -> Iterator[Any]:
        chosen = [*map(table.column_names.index, used)]  # select takes no name that is double
        yield from table.select(chosen).to_batches(max_chunksize=rows)

    row_bytes = max(1, table.nbytes // max(1, table.num_rows))
    rows_of = _RowSource(table.schema, table.num_rows, batches, row_bytes)
    return _table(rows_of, request, wanted, files, place, None)


def _table(
    rows_of: _RowSource,
    request: InputRequest,
    wanted: Wanted,
    files: Files,
    place: Place,
    regular: PlainFile | None,
) -> Table:
    """The table of typed rows."""
    names = rows_of.schema.names
    if len(names) > request.max_columns:
        raise LimitError(f"more than {request.max_columns} columns", place=place)
    if names.count("") > 1:
        raise DataError("more than one column has no name", place=place, hint="give them names")

    def head(position: int) -> list[Any]:
        batches = rows_of.batches([names[position]], HEAD)
        with told(place, _DAMAGE, _DAMAGED):
            if (first := next(batches, None)) is None:
                return []
            first.validate(full=True)
            column = first.column(0)[:HEAD]
            with suppress(pa.ArrowInvalid):  # bytes that are no text
                column = arrow_columns.decoded(column)
            return arrow_columns.items(column)

    layout = understand(names, request, wanted, place, head)
    passed = _passed_on(names, request.passed_on if wanted.values else None)
    read = [name for i, name in enumerate(names) if i in layout.used or name in passed]
    blocks = _blocks(rows_of, read, files.meter, place, regular)
    first = next(blocks, None) if rows_of.count != 0 else None
    if first is None:
        raise DataError("no data rows", place=place)
    every = itertools.chain([first], blocks)
    lists = arrow_columns.list_shapes(first[0], names)
    rows = itertools.starmap(_block, every)
    is_passed = wanted.values and request.passed_on is not None
    types = dict(zip(names, rows_of.schema.types, strict=True)) if is_passed else None
    return Table(place.source or "", names, layout, rows, head=head, lists=lists, types=types)


def _passed_on(names: Sequence[str], specification: str | None) -> Collection[str]:
    """The columns that go into the output; all of them where only the output can tell."""
    if specification is None:
        return ()
    parts = split(specification)
    plain, ways = {part for _, part in parts}, {is_excluded for is_excluded, _ in parts}
    if not all(map(str.isidentifier, plain)) or len(ways) != 1:
        return names
    return set(names) - plain if True in ways else plain


def _blocks(
    rows_of: _RowSource, used: list[str], meter: Meter, place: Place, regular: PlainFile | None
) -> Iterator[tuple[Any, int]]:
    """Record batches, and the number of the first row of each."""
    start, rows = 0, rows_of.at_once(used)
    unknown = told(place, _UNREAD, (pa.ArrowNotImplementedError,))
    with told(place, _DAMAGE, _DAMAGED), unknown:
        for batch in rows_of.batches(used, rows * _BLOCKS_AT_ONCE):
            batch.validate(full=True)  # offsets, codes and text are taken as they stand in it
            for first in range(0, batch.num_rows, rows):
                part = batch.slice(first, rows)
                yield part, start
                start += part.num_rows
                if meter.total is not None and rows_of.count:
                    meter.read = meter.total * start // rows_of.count
    if regular is not None:
        regular.check()


def _block(batch: Any, start: int) -> TableBlock:
    arrays = partial(arrow_columns.read, batch, start)
    return TableBlock(start, batch.num_rows, lambda: (), arrays)


def _lying(
    opened: Opened, files: Files, max_bytes: int | None
) -> tuple[BinaryIO, PlainFile | None]:
    """What can be sought in: the file or object itself, or a copy of what comes from a pipe."""
    if not opened.is_seekable:
        return seekable(opened, files, max_bytes)
    stream = opened.binary(files)
    refuse_more(stream.seek(0, os.SEEK_END), max_bytes, opened.place)
    return stream, PlainFile.of(stream, opened.name)


def _native(opened: Opened, regular: PlainFile | None, files: Files) -> Any:
    """The file as Arrow reads it by itself, five times as fast; None where it has no path."""
    if regular is None or state_of(opened.name) != regular.before:
        return None
    return files.enter_context(pa.OSFile(opened.name))


@dataclass(frozen=True)
class _RowSource:
    schema: Any
    """The columns' names and types, as Arrow has them."""
    count: int | None
    """How many rows there are, where that is known beforehand."""
    batches: Callable[[list[str], int], Iterator[Any]]
    """The columns of these names, at most so many rows at a time where it can be chosen."""
    row_bytes: int = 1
    """How many bytes a row has, where that is known."""

    def at_once(self, used: Sequence[str]) -> int:
        """How many rows make a block."""
        rows = BATCH_VALUES // max(1, len(used))
        is_whole = len(used) == len(self.schema)
        return max(1, min(rows, _BLOCK_BYTES // self.row_bytes) if is_whole else rows)


def _parquet(stream: BinaryIO, native: Any, place: Place, max_bytes: int | None) -> _RowSource:
    from pyarrow import parquet

    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - len(_PARQUET)))
    end = stream.read()
    stream.seek(0)
    if end == b"PARE":
        raise DataError("is encrypted", place=place)
    if end != _PARQUET or size < 12:
        raise InputError("file ends early (its footer is missing)", place=place)
    with told(place, "its footer is damaged", _DAMAGED):
        file = parquet.ParquetFile(
            native or stream,
            buffer_size=0 if size <= _SMALL else _BUFFER,
            pre_buffer=False,
            page_checksum_verification=True,
        )
        groups = map(file.metadata.row_group, range(file.num_row_groups))
        expanded = sum(group.total_byte_size for group in groups)
    refuse_more(expanded, max_bytes, place, expands=True)

    return _RowSource(
        file.schema_arrow,
        file.metadata.num_rows,
        lambda used, rows: file.iter_batches(rows, columns=used, use_threads=False),
        max(1, expanded // max(1, file.metadata.num_rows)),
    )


def _arrow(stream: BinaryIO, place: Place, *, in_order: bool) -> _RowSource:
    """A file, or a stream `in_order`, without a directory at its end."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - len(_ARROW)))
    if not in_order and stream.read() != _ARROW:
        raise InputError("file ends early (its footer is missing)", place=place)

    @contextmanager
    def whole(damage: str) -> Iterator[None]:
        """Damage at the end of a stream is the end of what was written."""
        try:
            with told(place, damage, _DAMAGED):
                yield
        except InputError:
            if in_order and not stream.read(1):
                raise InputError("file ends early", place=place) from None
            raise

    def opened(columns: list[int] | None = None) -> Any:
        stream.seek(0)
        options = pa.ipc.IpcReadOptions(use_threads=False, included_fields=columns)
        open_it = pa.ipc.open_stream if in_order else pa.ipc.open_file
        return open_it(stream, options=options)

    with whole("its schema is damaged"):
        schema = opened().schema

    def batches(used: list[str], rows: int) -> Iterator[Any]:  # noqa: ARG001  # as written
        reader = opened([schema.names.index(name) for name in used])
        if not in_order:
            yield from map(reader.get_batch, range(reader.num_record_batches))
            return
        with whole(_DAMAGE):
            yield from reader
        if stream.read(1):
            raise DataError("bytes after the data", place=place)

    return _RowSource(schema, None, batches)
