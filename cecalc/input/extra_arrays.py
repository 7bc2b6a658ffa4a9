"""Arrays given to options beside the values: a target, sample weights, class weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cecalc.errors import DataError, Place, count, excerpt
from cecalc.input import formats
from cecalc.input.arrays.dtypes import widened
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.cells import columns_of, settled
from cecalc.input.classes import HEAD, Classes
from cecalc.input.files import Files, open_bytes
from cecalc.input.layout import Wanted
from cecalc.input.members import TARGET, Roles
from cecalc.input.names import pattern
from cecalc.input.nested import parse
from cecalc.input.shapes import as_said, is_index, shape_of_first, to_array
from cecalc.input.table import Reading, Table
from cecalc.input.text import cut
from cecalc.model import Columns, Floats
from cecalc.request import Given, Inline, InputRequest, NamedFile
from cecalc.selection import seen
from cecalc.terms import Task


@dataclass(frozen=True)
class ExtraArray:
    """A target or sample weights, an entry beside each of the values."""

    name: str
    """target or sample_weight, as in `Columns`."""
    array: Windows
    """Numbers; texts are read already."""
    source: str | None = None
    """What messages call it."""
    classes: Classes = field(default_factory=Classes)
    """What its numbers mean; nothing more where they are class numbers, or none of classes."""
    columns: tuple[tuple[int, str], ...] = ()
    """The numbers and names of its columns in a table."""
    ids: Sequence[str] | None = None
    """The identifiers in its file."""
    lines: Sequence[int] | None = None
    """The lines of its file."""
    member: str = ""
    """What it is called among the values' own members."""
    files: tuple[tuple[str, int], ...] = ()
    """Where there are several: their names, and how many entries each holds."""

    @property
    def title(self) -> str:
        """What messages call an entry."""
        return self.name.replace("_", " ")

    @property
    def stands_in(self) -> str:
        """Where it was found, in a few words."""
        if self.member:
            return self.member
        names = pattern([name for _, name in self.columns])
        return f"{names} of {self.source}" if names and names != "1" else f"of {self.source}"

    def place(self, number: int = 0, before: int = 0) -> tuple[str, int]:
        """What messages call its file beside a file of values, and how many entries are before."""
        return (self.files[number][0], before) if self.files else (self.source or "", 0)

    def numbers(self, entries: Floats, start: int) -> Floats:
        """Some of its entries, from `start` on, as class numbers where they may be names.

        Raises
        ------
        DataError : one names no class
        """
        return self.classes.numbered(entries, lambda i: self.array.at(start + i, self.source))

    def held(self) -> Floats:
        """All of its entries as numbers: shape (N,), or (N, C) for a target of distributions.

        Raises
        ------
        DataError : one names no class
        """
        numbers = self.numbers(self.array.floats(), 0)
        return numbers.reshape(-1) if self.name == "sample_weight" else numbers

    def beside(self, columns: Columns, numbers: Floats, start: int) -> Columns:
        """Columns with these numbers as far as they go with their rows, the first of which is
        `start`; more numbers may follow.

        Raises
        ------
        DataError : they do not go with the first
        """
        rows = len(columns.values)
        fits, fault = self._other_id(columns.ids, slice(start, start + rows))
        if fault is None and len(numbers) < rows:
            size = count(start + len(numbers), self.title)
            fits, fault = len(numbers), DataError(f"{size}, but more rows of values")
        if fault is not None:
            if not fits:
                raise fault
            columns = replace(columns.rows(slice(fits)), fault=fault)
        lines = None if self.lines is None else self.lines[start : start + fits]
        parts: dict[str, Any] = {self.name: numbers[:fits], f"{self.name}_lines": lines}
        return replace(columns, **parts)

    def _other_id(self, ids: Sequence[str] | None, part: slice) -> tuple[int, DataError | None]:
        """How many rows have the identifier beside them, and what is wrong with the next one."""
        pairs = zip(ids or (), (self.ids or ())[part], strict=False)
        for row, (ours, theirs) in enumerate(pairs):
            if ours != theirs:
                rule = f"id {excerpt(ours)} of the values beside id {excerpt(theirs)}"
                return row, DataError(
                    f"{rule} of the {self.title}",
                    place=Place(row=part.start + row),
                    hint="both files carry ids: bring them into the same order",
                )
        return part.stop - part.start, None


def check_length(what: str, given: int, rows: int, source: str | None = None) -> None:
    """Refuse what is not one for each row of the values."""
    if given != rows:
        rule = f"{count(rows, 'row')} of values, {count(given, what)}"
        raise DataError(rule, place=Place(source=source))


def refuse_unpaired(
    values: tuple[tuple[str, int], ...], extras: Iterable[ExtraArray | None]
) -> None:
    """Refuse several files that do not go one by one with those of the values."""
    for extra in extras:
        if extra is None or not extra.files:
            continue
        if not values:
            rule = f"several files of {extra.title}s go with several files of arrays"
            raise DataError(rule, place=Place(source=extra.source))
        if len(values) != len(extra.files):
            rule = f"{len(values)} files of values, {len(extra.files)} of {extra.title}s"
            alone = max(values, extra.files, key=len)[min(len(values), len(extra.files))][0]
            hint = f"they go one by one in the order of their names: {alone} has none beside it"
            raise DataError(rule, place=Place(source=values[0][0]), hint=hint)
        for (ours, rows), (theirs, given) in zip(values, extra.files, strict=True):
            beside = "" if ours == theirs else f" in {theirs}"
            if rows != given:
                rule = f"{count(rows, 'row')} of values, {count(given, extra.title)}{beside}"
                raise DataError(rule, place=Place(source=ours))


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
        """A target in a file of arrays; its head has been looked at.

        Raises
        ------
        DataError : a text names no class, or the loss takes no names
        """
        is_of_classes = self.is_of_classes(array.shape)
        if array.is_text and not is_of_classes:
            raise DataError(f"dtype '{array.dtype}' is not numeric", place=Place(source=source))
        names = self.classes if is_of_classes else Classes()
        if array.is_text:
            texts = array.texts()
            names = names.settled(texts.reshape(-1)[:HEAD].tolist())
            numbers = names.numbered(texts, lambda row: array.at(row, source))
            held, names = HeldWindows.of(numbers), Classes(notes=names.notes)
            return ExtraArray("target", held, source, names, files=array.files)
        if names.are_open:
            head = widened(array.peek(HEAD), array.dtype).reshape(-1)
            names = names.settled(head[:HEAD].tolist())
        return ExtraArray("target", array, source, names, files=array.files)

    def nested(self, nested: Any, source: str | None = None, *, axes: int = 0) -> ExtraArray:
        """A target of nested lists, or of a number, with so many axes at least.

        Raises
        ------
        DataError : a name is no class, or the lists are ragged
        """
        names, flat = Classes(), list(_flat(nested))
        has_names = self.names is not None or any(isinstance(item, str) for item in flat)
        if has_names and self.is_of_classes(shape_of_first(nested)):
            names = self.classes.settled(flat[:HEAD])
            nested = _numbers(nested, names)
        array = np.array(to_array(nested, "target", by_row=True), ndmin=axes)
        return ExtraArray("target", HeldWindows.of(array), source, Classes(notes=names.notes))

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
            reading, rest = settled(table, reading)
            table, names = replace(table, blocks=rest), Classes(notes=reading.classes.notes)
        columns = _gathered(table, reading)
        target = np.asarray(columns.target)
        is_of_classes = self.is_of_classes(target.shape)
        names = names.settled(target.reshape(-1)[:HEAD].tolist()) if is_of_classes else Classes()
        return _extra("target", table, table.layout.target, columns, names)


def open_extras(reader: TargetReader, files: Files) -> tuple[ExtraArray | None, ExtraArray | None]:
    """What --target and --sample-weight gave, mostly still to be read; `files` closes it.

    Raises
    ------
    DataError : a name is no class, or something is no number
    InputError : a file cannot be opened
    """
    request, target, weight = reader.request, None, None
    if request.target is not None:
        target = _target(reader, request.target, files)
    if request.sample_weight is not None:
        weight = _sample_weight(request, request.sample_weight, files)
    return target, weight


def _target(reader: TargetReader, given: Given, files: Files) -> ExtraArray:
    """A target; that of a file by the same column rules as any table."""
    if isinstance(given, Inline):
        source, nested = given.option, given.nested
    else:
        found = _opened(given, reader.request, Wanted(values=False, only=True), files)
        source = found.source
        if isinstance(found, ArrayFile):
            name = Roles.of(source, "array", found.names).name(TARGET)
            return reader.stored(found.only(name, text=True), source)
        if isinstance(found, Table):
            return reader.columns(found)
        nested = found.value
        if isinstance(nested, dict):
            name = Roles.of(source, "key", nested).name(TARGET)
            if name not in nested:
                raise DataError("no target", place=Place(source=source))
            nested = nested[name]
    try:
        return reader.nested(nested, source, axes=1)
    except DataError as error:
        raise error.at(source=source) from None


def _opened(given: NamedFile, request: InputRequest, wanted: Wanted, files: Files) -> formats.Found:
    from cecalc.input import dataset  # which values on the command line do without

    inner = replace(request, target=None, values={}, sample_weight=None)
    found = dataset.opened([given.path], inner, wanted, files)
    if isinstance(found, Table) and found.files > 1:
        rule = f"several files of a {given.option.removeprefix('--')} have to hold arrays, not rows"
        raise DataError(rule, place=Place(source=found.source))
    return found


def _sample_weight(request: InputRequest, given: Given, files: Files) -> ExtraArray:
    """Weights of rows; in a table they are the column `sample_weight`, or the only one."""
    name = "sample_weight"
    if isinstance(given, Inline):
        array = to_array(given.nested, given.option)
        return ExtraArray(name, HeldWindows.of(array), given.option)
    found = _opened(given, request, Wanted(values=False, target=False), files)
    if isinstance(found, ArrayFile):
        windows = found.only(name)
        return ExtraArray(name, windows, found.source, files=windows.files)
    if not isinstance(found, Table):
        value = found.value.get(name) if isinstance(found.value, dict) else found.value
        return ExtraArray(name, HeldWindows.of(to_array(value, name, by_row=True)), found.source)
    column = found.layout.sample_weight
    if column is None:
        hint = f"name it sample_weight, or use --sample-weight-col; {seen(found.fields)}"
        raise DataError("no sample_weight column", place=Place(source=found.source), hint=hint)
    columns = _gathered(found, found.reading(request.task, Classes()))
    return _extra(name, found, (column,), columns, Classes())


def _extra(
    name: str, table: Table, positions: Sequence[int], columns: Columns, classes: Classes
) -> ExtraArray:
    """The columns of a table at these positions."""
    return ExtraArray(
        name,
        HeldWindows.of(getattr(columns, name)),
        table.source,
        classes,
        columns=tuple((i + 1, table.fields[i]) for i in positions),
        ids=columns.ids,
        lines=columns.lines,
    )


def _gathered(table: Table, reading: Reading) -> Columns:
    """All rows of a table, whose length is kept in memory."""
    parts = list[Columns]()
    for block in table.blocks:
        parts.append(columns_of(block, reading))
        if parts[-1].fault is not None:
            raise parts[-1].fault.at(source=table.source)

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
    if isinstance(given, Inline):
        return to_array(given.nested, given.option)
    with Files() as files:
        source = open_bytes(given.path, files)
        form = formats.format_of(given.path, source.head)
        if form.is_of_arrays:
            found = formats.open_as(form, source, InputRequest(Task.CE), Wanted(), files)
            if isinstance(found, ArrayFile):
                return found.only(given.option.removeprefix("--").replace("-", "_")).floats()
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


def _flat(nested: Any) -> Iterator[Any]:
    """The items of nested lists, in order."""
    if not isinstance(nested, list):
        yield nested
        return
    for item in nested:
        yield from _flat(item)
