"""Several files as one data set: rows one after the other, each with its own file and line."""

from __future__ import annotations

import glob
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from cecalc.errors import DataError, InputError, Place, count, excerpt
from cecalc.input import formats, memory, stores
from cecalc.input.arrays.shards import Shards
from cecalc.input.arrays.windows import ArrayFile
from cecalc.input.files import STANDARD_INPUT, Files, numbers_of, size_of
from cecalc.input.layout import Wanted
from cecalc.input.members import CLASSES, Document, Roles
from cecalc.input.table import Table, TableBlock
from cecalc.request import LOSS_OPTIONS, Held, InputRequest, NamedFile


def files_of(name: str) -> list[str]:
    """The files that a name stands for: a file of that literal name, else what the pattern matches.

    Raises
    ------
    InputError : a pattern matches nothing
    """
    if stores.is_stored(name):
        return stores.expand(name)
    if name == "-" or not glob.has_magic(name) or os.path.exists(name):  # noqa: PTH110
        return [name]
    path, member = formats.member_of(name)
    found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 (a pattern may be absolute)
    if not found:
        raise InputError("no file matches", place=Place(source=name))
    return found if member is None else [f"{file}:{member}" for file in found]


def opened(
    given: Held | NamedFile | Sequence[str], request: InputRequest, wanted: Wanted, files: Files
) -> formats.Found:
    """The input that was handed over, or that is in files, as one; `files` closes what is open.

    Raises
    ------
    InputError : one cannot be opened, or a pattern matches nothing
    DataError : they do not go together
    """
    if isinstance(given, Held):
        return memory.opened(given, request, wanted, files)
    named = [given.path] if isinstance(given, NamedFile) else given
    first, *others = names = [file for name in named for file in files_of(name)]
    files.meter.total = size_of(names)
    found = formats.opened(request, first, wanted, files)
    if others and isinstance(found, ArrayFile):
        joined = _joined_arrays(found, names, request, wanted, files)
        pattern = formats.pattern_of(named) if named[1:] else named[0]
        return replace(joined, source=pattern or joined.source, notes=(*_notes(names),))
    return _joined(as_table(found), others, request, wanted, files) if others else found


def _notes(names: Sequence[str]) -> Iterator[str]:
    """What is worth a word about files that are read one after the other."""
    real = [*map(os.path.realpath, names)]
    times = Counter(real)
    if again := next((name for name, of in zip(names, real, strict=True) if times[of] > 1), None):
        more = len(names) - len(times)
        yield f"{excerpt(again)} is there more than once: {count(more, 'file')} read again"
    for (one, other), (a, b) in zip(pairwise(names), pairwise(numbers_of(names)), strict=False):
        if one < other and a > b:
            rule = f"files in the order of their names as text: {one} before {other}"
            yield f"{rule}; zeros before the numbers would sort them"
            break


def _joined_arrays(
    first: ArrayFile,
    names: Sequence[str],
    request: InputRequest,
    wanted: Wanted,
    files: Files,
    *,
    is_whole: bool = False,
) -> ArrayFile:
    """The arrays of several files, each going on from file to file.

    `is_whole` says that these are the files of members that were named.
    """
    if request.transpose:
        rule = "--transpose: several files are joined along their rows, which come first"
        raise DataError(rule, place=Place(source=first.source))
    for name in names:
        is_known = os.path.isfile(name) or os.path.isdir(name)  # noqa: PTH112, PTH113
        if name == "-" or (os.path.exists(name) and not is_known):  # noqa: PTH110
            rule = "a pipe cannot be one of several files of arrays: each is opened twice"
            raise DataError(rule, place=Place(source=STANDARD_INPUT if name == "-" else name))

    def opener(name: str, inner: Files) -> ArrayFile:
        found = formats.opened(request, name, wanted, inner)
        if not isinstance(found, ArrayFile):
            raise DataError(f"holds no arrays, as {first.source} does").at(source=found.source)
        return found.whole or found if is_whole else found

    roles = Roles.of(first).roles
    shared = [name for role in (CLASSES, *LOSS_OPTIONS) for name in roles.get(role, ())]
    shards = Shards(names, opener, first, files.enter_context(files.inner()), shared)
    whole = first.whole
    if whole is not None:
        whole = _joined_arrays(whole, names, request, wanted, files, is_whole=True)
    return replace(first, opener=shards.open, whole=whole)


def _joined(
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
                start = before + block.start
                yield replace(block, start=start, source=table.source, earlier=before)
            before += end

    notes = (*first.layout.notes, *_notes([first.source, *others]))
    layout = replace(first.layout, notes=notes)
    return replace(first, blocks=blocks(), files=1 + len(others), layout=layout)


def as_table(found: formats.Found) -> Table:
    """An input of rows, as each of several files has to be.

    Raises
    ------
    DataError : it is one JSON value, or a file of arrays
    """
    if isinstance(found, Table):
        return found
    what = "one JSON document" if isinstance(found, Document) else "arrays"
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
