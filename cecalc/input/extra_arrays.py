"""Arrays given to options beside the values: a target, sample weights, class weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError, Place, count
from cecalc.input import formats
from cecalc.input.arrays.dtypes import widened
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.cells import columns_of, settled
from cecalc.input.classes import HEAD, Classes
from cecalc.input.files import Files, open_bytes
from cecalc.input.layout import Wanted
from cecalc.input.members import IDS, TARGET, Roles
from cecalc.input.names import pattern
from cecalc.input.nested import parse
from cecalc.input.shapes import as_said, is_index, names_of, shape_of_first, to_array
from cecalc.input.table import Reading, Table
from cecalc.input.text import cut
from cecalc.join import IdJoin
from cecalc.model import Columns, Floats
from cecalc.request import Given, Inline, InputRequest, NamedFile
from cecalc.selection import seen
from cecalc.terms import Task

if TYPE_CHECKING:
    from cecalc.input.json import Document


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
    table: Table | None = None
    """Where it stands, if in a table."""
    ways: tuple[tuple[str, ...], ...] = ()
    """What may settle that its rows are not those of the values, as in `CecalcError`."""
    join: IdJoin | None = None
    """Finds its entries by the identifiers, where both it and the values have them."""
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
        by = "" if self.join is None else " by id"
        return f"{names if names != '1' else ''} of {self.source}{by}".strip()

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
        """Columns with those of its numbers that go with their rows, the first of which is `start`.

        Raises
        ------
        DataError : that is the first of all
        """
        rows, fits = len(columns.values), len(numbers) - start
        if self.join is not None:
            places = self.join.places(columns.ids or (), start)
            return self.put(columns, numbers[places], places)
        if fits < rows:
            rule = f"{count(len(numbers), self.title)}, but more rows of values"
            fault = DataError(rule, ways=self.ways)
            if fits <= 0:
                raise fault
            columns = replace(columns.rows(slice(fits)), fault=fault)
        part = slice(start, start + rows)
        return self.put(columns, numbers[part], part)

    def put(self, columns: Columns, numbers: Floats, places: Any) -> Columns:
        """Columns with these numbers, which stand at these places."""
        lines = self.lines
        if lines is not None:
            is_run = isinstance(places, slice)
            lines = lines[places] if is_run else [lines[i] for i in places.tolist()]
        parts: dict[str, Any] = {self.name: numbers, f"{self.name}_lines": lines}
        return replace(columns, **parts)

    def joined(self) -> ExtraArray:
        """The same, to be found by identifiers where it has some.

        Raises
        ------
        DataError : one stands twice, or they are not one for each entry
        """
        if self.ids is None:
            return self
        if len(self.ids) != self.array.length:
            rule = f"{count(len(self.ids), 'id')}, {count(self.array.length, self.title)}"
            raise DataError(rule, place=Place(source=self.source))
        return replace(self, join=IdJoin(self.title, self.source, self.ids, self.lines))

    def in_order_of(self, ids: Sequence[str] | None) -> ExtraArray:
        """Its entries beside all the values, which have these identifiers.

        Raises
        ------
        DataError : there is none for one of them
        """
        found = self if ids is None else self.joined()
        if ids is None or found.join is None:
            return self
        places = found.join.places(ids, 0)
        if misfit := found.join.misfit(range(len(ids))):
            raise found.join.counted(misfit[1])
        lines = self.lines and [self.lines[i] for i in places.tolist()]
        return replace(found, array=HeldWindows.of(self.array.floats()[places]), lines=lines)


def check_length(
    what: str,
    given: int,
    rows: int,
    source: str | None = None,
    ways: Sequence[tuple[str, ...]] = (),
) -> None:
    """Refuse what is not one for each row of the values."""
    if given != rows:
        rule = f"{count(rows, 'row')} of values, {count(given, what)}"
        raise DataError(rule, place=Place(source=source), ways=tuple(ways))


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
    request, target, weight = reader.request, None, None
    if request.target is not None:
        target = _target(reader, request.target, files)
    if request.sample_weight is not None:
        weight = _sample_weight(request, request.sample_weight, files)
    if request.columns.join is not None:
        found = [extra for extra in (target, weight) if extra is not None and extra.ids is not None]
        if not (has_ids and found):
            hint = "tables do, and documents and archives with a member ids"
            raise DataError("--join: both sides have to carry ids", hint=hint)
    return target, weight


def _target(reader: TargetReader, given: Given, files: Files) -> ExtraArray:
    """A target; that of a file by the same column rules as any table."""
    ids = None
    if isinstance(given, Inline):
        source, nested = given.option, given.nested
    else:
        found = _opened(given, reader.request, Wanted(values=False, only=True), files)
        source = found.source
        if isinstance(found, ArrayFile):
            name = Roles.of(source, "array", found.names).name(TARGET)
            target = reader.stored(found.only(name, text=True), source)
            return replace(target, ids=_ids(found))
        if isinstance(found, Table):
            return reader.columns(found)
        nested, ids = found.value, _ids(found)
        if isinstance(nested, dict):
            name = Roles.of(source, "key", nested).name(TARGET)
            if name not in nested:
                raise DataError("no target", place=Place(source=source))
            nested = nested[name]
    try:
        return replace(reader.nested(nested, source, axes=1), ids=ids)
    except DataError as error:
        raise error.at(source=source) from None


def _ids(found: ArrayFile | Document) -> tuple[str, ...] | None:
    """The identifiers among the members of an archive or a document."""
    if isinstance(found, ArrayFile):
        if IDS in (members := Roles.of(found.source, "array", found.names)):
            return names_of(found.nested(members.name(IDS), text=True), IDS)
        return None
    names = found.value if isinstance(found.value, dict) else ()
    if IDS in (members := Roles.of(found.source, "key", names)):
        return names_of(found.value[members.name(IDS)], IDS)
    return None


def _opened(given: NamedFile, request: InputRequest, wanted: Wanted, files: Files) -> formats.Found:
    from cecalc.input import dataset  # which values on the command line do without

    choice = request.columns
    choice = replace(choice, id=choice.join or choice.id)
    inner = replace(request, target=None, values={}, sample_weight=None, columns=choice)
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
        return ExtraArray(name, windows, found.source, files=windows.files, ids=_ids(found))
    if not isinstance(found, Table):
        value = found.value.get(name) if isinstance(found.value, dict) else found.value
        held = HeldWindows.of(to_array(value, name, by_row=True))
        return ExtraArray(name, held, found.source, ids=_ids(found))
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
        table=replace(table, blocks=iter(())),
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
