"""Targets and sample weights that are given beside the values: how they are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.input import formats
from cecalc.input.arrays.dtypes import widened
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.cells import columns_of, settled
from cecalc.input.classes import HEAD, Classes
from cecalc.input.extra_arrays import ExtraArray
from cecalc.input.files import Files, open_bytes
from cecalc.input.layout import Wanted
from cecalc.input.members import IDS, TARGET, WEIGHT, Document, Roles
from cecalc.input.nested import flat, parse, truths
from cecalc.input.shapes import as_said, is_index, names_of, shape_of_first, to_array
from cecalc.input.table import Reading, Table
from cecalc.input.text import cut
from cecalc.model import Columns, Floats
from cecalc.request import Given, Held, Inline, InputRequest, NamedFile
from cecalc.selection import seen
from cecalc.terms import Task


@dataclass(frozen=True)
class TargetReader:
    """Reads a target, class names turned into class numbers."""

    request: InputRequest
    names: tuple[str, ...] | None
    """The names of the classes."""
    values: tuple[int, ...]
    """The shape of the values beside it, which tells whether it is of classes."""

    @property
    def classes(self) -> Classes:
        """What a target of classes may name."""
        return Classes.of(self.request, self.names)

    def is_of_classes(self, shape: tuple[int, ...]) -> bool:
        """Whether a target of that shape is."""
        return self.request.task is Task.CE and is_index(self.values, shape)

    def stored(self, array: Windows, source: str | None) -> ExtraArray:
        """A target in a file of arrays; of names, or what may be some, it is read as a whole.

        Raises
        ------
        DataError : a text names no class, or the loss takes no names
        """
        is_of_classes = self.is_of_classes(array.shape)
        if array.is_text and not is_of_classes:
            raise DataError(f"dtype '{array.dtype}' is not numeric", place=Place(source=source))
        names, held = self.classes, array
        if is_of_classes and (array.is_text or not names.pass_numbers):
            targets = array.texts() if array.is_text else array.floats()
            names = names.settled(targets.reshape(-1)[:HEAD].tolist())
            held = HeldWindows.of(names.numbered(targets, lambda row: array.at(row, source)))
        return ExtraArray("target", held, source, names.notes, files=array.files)

    def member(self, found: ArrayFile | Document, source: str | None = None) -> ExtraArray:
        """The target among the members of a file; of a document, messages call it `source`.

        Raises
        ------
        DataError : there is none, or as `stored` and `nested`
        """
        name = Roles.of(found).name(TARGET)
        if isinstance(found, ArrayFile):
            target = self.stored(found.open(name, text=True), found.source)
        else:
            target = self.nested(truths(found.nested(name), self.request.task), source)
        return replace(target, member=name)

    def nested(self, nested: Any, source: str | None = None) -> ExtraArray:
        """A target of nested lists, or of a number.

        Raises
        ------
        DataError : a name is no class, or the lists are ragged
        """
        names, items = Classes(), flat(nested)
        has_names = self.names is not None or any(isinstance(item, str) for item in items)
        if has_names and self.is_of_classes(shape_of_first(nested)):
            names = self.classes.settled(items[:HEAD])
            nested = _numbers(nested, names)
        array = np.atleast_1d(to_array(nested, "target", by_row=True))
        return ExtraArray("target", HeldWindows.of(array), source, names.notes)

    def columns(self, table: Table) -> ExtraArray:
        """The rows of a table of targets.

        Raises
        ------
        DataError : a row cannot be read, or names no class
        """
        names, values = self.classes, self.values
        if not table.layout.target:
            raise DataError("no target column", place=Place(source=table.source))
        if len(values) < 2 or values[0] == 1:  # each class may have its number on its own line
            blocks = list(table.blocks)
            table = replace(table, blocks=iter(blocks))
            if not is_index(values, (sum(block.count for block in blocks),)):
                names = Classes()
        reading = table.reading(self.request.task, names)
        if reading.has_index and not reading.has_lists:
            reading = settled(reading)
            names = Classes(notes=reading.classes.notes)
        columns = _gathered(reading)
        target = np.asarray(columns.target)
        if self.is_of_classes(target.shape):
            names = names.settled(target.reshape(-1)[:HEAD].tolist())
            target = names.numbered(target, lambda row: Place(table.source, row=row))
            columns = replace(columns, target=target)
        return _extra("target", table, table.layout.target, columns, names.notes)


def open_extras(
    reader: TargetReader, files: Files, *, has_ids: bool
) -> tuple[ExtraArray | None, ExtraArray | None]:
    """What --target and --sample-weight gave, mostly still to be read; `files` closes it.

    `has_ids` says whether the values carry identifiers.

    Raises
    ------
    DataError : a name is no class, something is no number, or --join finds no identifiers
    InputError : a file cannot be opened
    """
    request, weights = reader.request, reader.request.sample_weight
    target = None if request.target is None else _target(reader, request.target, files)
    weight = None if weights is None else _sample_weight(request, weights, files)
    have_ids = has_ids and any(extra and extra.ids is not None for extra in (target, weight))
    if request.columns.join is not None and not have_ids:
        hint = "tables do, and documents and archives with a member ids"
        raise DataError("--join: both sides have to carry ids", hint=hint)
    return target, weight


def _target(reader: TargetReader, given: Given, files: Files) -> ExtraArray:
    """A target; that of a file by the same column rules as any table."""
    source = given.option
    try:
        if isinstance(given, Inline):
            return reader.nested(given.nested, source)
        found = _opened(given, reader.request, Wanted(values=False, only=True), files)
        if isinstance(found, Table):
            return reader.columns(found)
        source = found.source
        target = reader.member(found, source)
        return replace(target, member="", ids=ids_of(found, target.array.length))
    except DataError as error:
        raise error.at(source=source) from None


def ids_of(found: ArrayFile | Document, rows: int) -> tuple[str, ...] | None:
    """The identifiers among the members of an archive or a document.

    Those beside a member that was named belong to it where they are as many as its rows.
    """
    file = found.whole or found
    if IDS not in (members := Roles.of(file)):
        return None
    ids = names_of(file.nested(members.name(IDS), text=True), IDS)
    return ids if found.whole is None or len(ids) == rows else None


def array_of(found: ArrayFile | Document, name: str, what: str, *, by_row: bool = True) -> Windows:
    """A member as numbers; of a document, `what` and `by_row` as for `to_array`.

    Raises
    ------
    DataError : it holds something else
    """
    if isinstance(found, ArrayFile):
        return found.open(name)
    return HeldWindows.of(to_array(found.nested(name), what, by_row=by_row))


def _opened(
    given: NamedFile | Held, request: InputRequest, wanted: Wanted, files: Files
) -> formats.Found:
    from cecalc.input import dataset  # which values on the command line do without

    beside = request.columns.beside
    inner = replace(request, target=None, values={}, sample_weight=None, columns=beside)
    found = dataset.opened(given, inner, wanted, files)
    if isinstance(found, Table) and found.files > 1:
        rule = f"several files of a {given.option.removeprefix('--')} have to hold arrays, not rows"
        raise DataError(rule, place=Place(source=found.source))
    return found


def _sample_weight(request: InputRequest, given: Given, files: Files) -> ExtraArray:
    """Weights of rows; in a table they are the column `sample_weight`, or the only one."""
    if isinstance(given, Inline):
        held = HeldWindows.of(to_array(given.nested, given.option))
        return ExtraArray(WEIGHT, held, given.option)
    found = _opened(given, request, Wanted(values=False, target=False), files)
    if not isinstance(found, Table):
        array = array_of(found, Roles.of(found).name(WEIGHT), WEIGHT)
        ids = ids_of(found, array.length)
        return ExtraArray(WEIGHT, array, found.source, ids=ids, files=array.files)
    column = found.layout.sample_weight
    if column is None:
        hint = f"name it sample_weight, or use --sample-weight-col; {seen(found.fields)}"
        raise DataError("no sample_weight column", place=Place(source=found.source), hint=hint)
    columns = _gathered(found.reading(request.task, Classes()))
    return _extra(WEIGHT, found, (column,), columns)


def _extra(
    name: str, table: Table, positions: Sequence[int], columns: Columns, notes: tuple[str, ...] = ()
) -> ExtraArray:
    """The columns of a table at these positions."""
    return ExtraArray(
        name,
        HeldWindows.of(getattr(columns, name)),
        table.source,
        notes,
        columns=table.named(positions),
        ids=columns.ids,
        lines=columns.lines,
        table=replace(table, blocks=iter(())),
    )


def _gathered(reading: Reading) -> Columns:
    """All rows of a table, whose length is kept in memory."""
    parts = list[Columns]()
    for block in reading.blocks:
        parts.append(columns_of(block, reading))
        if parts[-1].fault is not None:
            raise parts[-1].fault.at(source=reading.source)

    def joined(name: str) -> Any:
        found = [getattr(part, name) for part in parts]
        if found[0] is None:
            return None
        is_array = isinstance(found[0], np.ndarray)
        return np.concatenate(found) if is_array else [item for part in found for item in part]

    names = ("values", "target", "sample_weight", "ids", "lines")
    return Columns(**{name: joined(name) for name in names})


def read_numbers(given: Given) -> Floats:
    """The array given to an option that takes plain numbers.

    A file holds them as text, as JSON or as an array.

    Raises
    ------
    DataError : it holds something else
    """
    if isinstance(given, Held):
        from cecalc.input.memory import as_array

        return widened(as_array(given), "float64")
    if isinstance(given, Inline):
        return to_array(given.nested, given.option)
    with Files() as files:
        source = open_bytes(given.path, files)
        form = formats.format_of(given.path, source.head)
        if form.is_of_arrays:
            found = formats.open_as(form, source, InputRequest(Task.CE), Wanted(), files)
            if isinstance(found, ArrayFile):
                role = given.option.removeprefix("--").replace("-", "_")
                return found.open(Roles.of(found).name(role)).floats()
        blocks = cut(source.text(), quoted=False)
        whole = "".join(line for block in blocks for _, line in block.lines())
    try:
        nested = parse(whole if "[" in whole else ",".join(whole.split()))
    except ValueError as error:
        value = getattr(error, "value", None)
        raise DataError(str(error), place=Place(source=given.path), value=value) from None
    return to_array(nested, given.option)


def _numbers(nested: Any, classes: Classes, row: int | None = None) -> Any:
    if isinstance(nested, list):
        return [_numbers(item, classes, i if row is None else row) for i, item in enumerate(nested)]
    try:
        return classes.number(nested)
    except ValueError as error:
        raise DataError(str(error), value=as_said(nested), row=row) from None
