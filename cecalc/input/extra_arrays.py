"""Arrays given to options beside the values: a target, sample weights, class weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.input import formats
from cecalc.input.arrays.windows import ArrayFile, HeldWindows, Windows
from cecalc.input.cells import columns_of
from cecalc.input.classes import HEAD, Classes, Named, held
from cecalc.input.files import Files, open_bytes
from cecalc.input.head import settled
from cecalc.input.layout import Wanted
from cecalc.input.nested import parse
from cecalc.input.shapes import as_said, is_index, to_array
from cecalc.input.table import Beside, Columns, Reading, Table
from cecalc.input.text import cut
from cecalc.model import Floats
from cecalc.request import Given, Inline, InputRequest, NamedFile
from cecalc.selection import seen
from cecalc.terms import Task


def read_beside(
    request: InputRequest, classes: tuple[str, ...] | None, values: tuple[int, ...]
) -> Beside:
    """What --target and --sample-weight gave, class names turned into class numbers.

    `values` is the shape of the values, whose rows are −1 where they are still to be counted.

    Raises
    ------
    DataError : a name is no class, or something is no number
    InputError : a file cannot be opened
    """
    with Files() as files:
        beside, target, weight = open_beside(request, classes, values, files)
        if target is not None:
            beside = replace(beside, target=target.held(), notes=target.classes.notes)
        if weight is not None:
            beside = replace(beside, sample_weight=held(weight).reshape(-1))
    return beside


def open_beside(
    request: InputRequest, classes: tuple[str, ...] | None, values: tuple[int, ...], files: Files
) -> tuple[Beside, Named | None, Windows | None]:
    """The same, but the target and the sample weights are still to be read; `files` closes them.

    Raises
    ------
    DataError, InputError : as `read_beside`
    """
    beside, target, weight = Beside(), None, None
    if request.target is not None:
        beside, target = _target(request, request.target, classes, values, files)
    if request.sample_weight is not None:
        beside, weight = _sample_weight(beside, request, request.sample_weight, files)
    return beside, target, weight


def _target(
    request: InputRequest,
    given: Given,
    classes: tuple[str, ...] | None,
    values: tuple[int, ...],
    files: Files,
) -> tuple[Beside, Named]:
    """A target; that of a file by the same column rules as any table."""
    if isinstance(given, Inline):
        source, nested = given.option, given.nested
    else:
        inner = replace(request, target=None, values={}, sample_weight=None)
        found = formats.opened(inner, given.path, Wanted(values=False, only=True), files)
        source = found.source
        if isinstance(found, ArrayFile):
            array = found.only("target", text=True)
            return Beside(source=source), Named.of(array, request, classes, values, source)
        if isinstance(found, Table):
            return _target_columns(found, given, request, Classes.of(request, classes), values)
        nested = found.value
        if isinstance(nested, dict):
            if "target" not in nested:
                raise DataError("no target", place=Place(source=source))
            nested = nested["target"]
    try:
        return Beside(source=source), nested_target(nested, request, classes, values, axes=1)
    except DataError as error:
        raise error.at(source=source) from None


def _sample_weight(
    beside: Beside, request: InputRequest, given: Given, files: Files
) -> tuple[Beside, Windows]:
    """Weights of rows, and the identifiers beside them.

    In a table they are the column `sample_weight`, or the only one.
    """
    if isinstance(given, Inline):
        array = to_array(given.nested, given.option)
        return replace(beside, weight_source=given.option), HeldWindows.of(array)
    inner = replace(request, target=None, values={}, sample_weight=None, classes=None)
    found = formats.opened(inner, given.path, Wanted(values=False, target=False), files)
    beside = replace(beside, weight_source=found.source)
    if isinstance(found, ArrayFile):
        return beside, found.only("sample_weight")
    if not isinstance(found, Table):
        value = found.value
        value = value.get("sample_weight") if isinstance(value, dict) else value
        return beside, HeldWindows.of(to_array(value, "sample_weight", by_row=True))
    column = found.layout.sample_weight
    if column is None:
        hint = f"name it sample_weight, or use --sample-weight-col; {seen(found.fields)}"
        raise DataError("no sample_weight column", place=Place(source=found.source), hint=hint)
    columns = _gathered(found, found.reading(request.task, Classes(None)))
    return replace(
        beside,
        weight_ids=columns.ids,
        weight_lines=columns.lines,
        weight_columns=((column + 1, found.fields[column]),),
    ), HeldWindows.of(np.asarray(columns.sample_weight))


def _target_columns(
    table: Table, given: NamedFile, request: InputRequest, names: Classes, values: tuple[int, ...]
) -> tuple[Beside, Named]:
    """The rows of a table of targets, class names turned into class numbers."""
    if not table.layout.target:
        raise DataError("no target column", place=Place(source=given.path))
    if len(values) < 2 or values[0] == 1:  # a number for each class may be on a line of its own
        blocks = list(table.blocks)
        table = replace(table, blocks=iter(blocks))
        rows = sum(block.count for block in blocks)
        if not is_index(values, (rows,)):
            names = Classes(None)
    reading = table.reading(request.task, names)
    if reading.has_index and not reading.has_lists:
        reading, rest = settled(table, reading)
        table, names = replace(table, blocks=rest), Classes(None, notes=reading.classes.notes)
    columns = _gathered(table, reading)
    target = np.asarray(columns.target)
    if request.task is Task.CE and is_index(values, target.shape):
        names = names.settled(target.reshape(-1)[:HEAD].tolist())
        target = names.numbered(target, lambda row: Place(source=table.source, row=row))
    beside = Beside(
        ids=columns.ids,
        lines=columns.lines,
        columns=tuple((i + 1, table.fields[i]) for i in table.layout.target),
        source=given.path,
    )
    return beside, Named(HeldWindows.of(target), Classes(None, notes=names.notes), given.path)


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


def nested_target(
    nested: Any,
    request: InputRequest,
    classes: tuple[str, ...] | None,
    values: tuple[int, ...],
    *,
    axes: int = 0,
) -> Named:
    """A target of nested lists, class names turned into class numbers.

    Parameters
    ----------
    values : the shape of the values beside it, which tells whether the target is of classes
    axes : how many it has at least

    Raises
    ------
    DataError : a name is no class, or the lists are ragged
    """
    names, flat = Classes(None), list(_flat(nested))
    is_of_names = classes is not None or any(isinstance(item, str) for item in flat)
    if request.task is Task.CE and is_of_names and is_index(values, _shape(nested)):
        names = Classes.of(request, classes).settled(flat[:HEAD])
        nested = _numbers(nested, names)
    array = np.array(to_array(nested, "target", by_row=True), ndmin=axes)
    return Named(HeldWindows.of(array), Classes(None, notes=names.notes), None)


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
                return held(found.only(given.option.removeprefix("--").replace("-", "_")))
        blocks = cut(source.text(), quoted=False)
        whole = "".join(line for block in blocks for _, line in block.lines())
    try:
        nested = parse(whole if "[" in whole else ",".join(whole.split()))
    except ValueError as error:
        value = getattr(error, "text", None)
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


def _shape(nested: Any) -> tuple[int, ...]:
    """The shape of nested lists by the first of each; ragged ones are refused later."""
    shape: tuple[int, ...] = ()
    while isinstance(nested, list):
        shape += (len(nested),)
        nested = nested[0] if nested else None
    return shape
