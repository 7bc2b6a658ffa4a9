"""Several files as one data set: rows one after the other, each with its own file and line."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cecalc.errors import DataError, InputError, Place, excerpt
from cecalc.input import formats, json, stores
from cecalc.input.files import Files
from cecalc.input.layout import Wanted
from cecalc.input.table import Table, TableBlock
from cecalc.request import InputRequest


def files_of(names: Iterable[str]) -> list[str]:
    """The files that names stand for: a file of that literal name, else what the pattern matches.

    Raises
    ------
    InputError : a pattern matches nothing
    """
    return [file for name in names for file in _files(name)]


def _files(name: str) -> list[str]:
    if stores.is_stored(name):
        return stores.expand(name)
    if name == "-" or not glob.has_magic(name) or os.path.exists(name):  # noqa: PTH110
        return [name]
    found = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 (a pattern may be absolute)
    if not found:
        raise InputError("no file matches", place=Place(source=name))
    return found


def joined(
    first: Table, others: Sequence[str], request: InputRequest, wanted: Wanted, files: Files
) -> Table:
    """The table of the rows of several files; each of the others is opened in its turn.

    Raises
    ------
    DataError : a file has other columns than the first
    """

    def tables() -> Iterator[Table]:
        yield first
        for name in others:
            with files.inner() as inner:
                table = as_table(formats.opened(request, name, wanted, inner))
                _refuse_other_columns(table, first)
                yield table

    def blocks() -> Iterator[TableBlock]:
        before = 0
        for table in tables():
            end = 0
            for block in table.blocks:
                end = block.start + block.count
                yield replace(block, start=before + block.start, source=table.source)
            before += end

    return replace(first, blocks=blocks(), files=1 + len(others))


def as_table(found: formats.Found) -> Table:
    """An input of rows, as each of several files has to be.

    Raises
    ------
    DataError : it is one JSON value, or a file of arrays
    """
    if isinstance(found, Table):
        return found
    what = "one JSON document" if isinstance(found, json.Document) else "arrays"
    raise DataError(
        f"one of several files has to hold rows, not {what}",
        place=Place(source=found.source),
        hint="JSON lines, CSV, TSV and Parquet hold rows",
    )


def _refuse_other_columns(table: Table, first: Table) -> None:
    place = Place(source=table.source)
    if (table.form, table.delimiter) != (first.form, first.delimiter):
        raise DataError(f"its format is not that of {first.source}", place=place)
    if tuple(table.fields) == tuple(first.fields):
        return
    pairs = itertools.zip_longest(table.fields, first.fields)
    number, (here, there) = next((n, p) for n, p in enumerate(pairs, 1) if p[0] != p[1])
    here, there = ("missing" if name is None else excerpt(name) for name in (here, there))
    raise DataError(
        f"its columns are not those of {first.source}",
        place=place,
        hint=f"column {number} is {here} here and {there} there",
    )
