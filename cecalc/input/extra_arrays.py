"""Arrays given to options beside the values: a target, sample weights, class weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from cecalc.errors import DataError, Place
from cecalc.input import formats
from cecalc.input.arrays.windows import ArrayFile
from cecalc.input.cells import columns_of
from cecalc.input.classes import HEAD, Classes, Named, held
from cecalc.input.files import Files, open_bytes
from cecalc.input.head import settled
from cecalc.input.json import Document
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
        beside = open_beside(request, classes, values, files)
        target, weight, notes = beside.target, beside.sample_weight, beside.notes
        if "target" in beside.arrays:
            array = Named.of(beside.arrays["target"], request, classes, values, beside.source)
            target, notes = array.held(), array.classes.notes
        if "sample_weight" in beside.arrays:
            weight = held(beside.arrays["sample_weight"]).reshape(-1)
    return replace(beside, target=target, sample_weight=weight, notes=notes, arrays={})


def open_beside(
    request: InputRequest, classes: tuple[str, ...] | None, values: tuple[int, ...], files: Files
) -> Beside:
    """The same, but arrays in files are only opened; `files` closes them.

    Raises
    ------
    DataError, InputError : as `read_beside`
    """
    beside = _target(request, classes, values, files)
    if beside.target is not None and beside.target.ndim == 0:
        beside = replace(beside, target=beside.target[None])
    if request.sample_weight is None:
        return beside
    return _with_sample_weight(beside, request, request.sample_weight, files)


def _target(
    request: InputRequest, classes: tuple[str, ...] | None, values: tuple[int, ...], files: Files
) -> Beside:
    given = request.target
    if given is None:
        return Beside()
    if isinstance(given, NamedFile):
        return _read_target(request, given, classes, values, files)
    try:
        target, notes = target_array(given.nested, request, classes, values)
    except DataError as error:
        raise error.at(source=given.option) from None
    return Beside(target, source=given.option, notes=notes)


def _with_sample_weight(
    beside: Beside, request: InputRequest, given: Given, files: Files
) -> Beside:
    """Weights of rows, shape (N,), and the identifiers beside them.

    In a table they are the column `sample_weight`, or the only one.
    """
    if isinstance(given, Inline):
        weight = read_numbers(given).reshape(-1)
        return replace(beside, sample_weight=weight, weight_source=given.option)
    inner = replace(request, target=None, values={}, sample_weight=None, classes=None)
    found = formats.opened(inner, given.path, Wanted(values=False, target=False), files)
    if isinstance(found, ArrayFile):
        array = found.only("sample_weight")
        arrays = {**beside.arrays, "sample_weight": array}
        return replace(beside, arrays=arrays, weight_source=found.source)
    if isinstance(found, Document):
        value = found.value
        value = value.get("sample_weight") if isinstance(value, dict) else value
        weight = to_array(value, "sample_weight", by_row=True).reshape(-1)
        return replace(beside, sample_weight=weight, weight_source=found.source)
    column = _weight_column(found)
    reading = found.reading(request.task, Classes(None))
    layout = replace(found.layout, sample_weight=column)
    columns = _gathered(found, replace(reading, layout=layout))
    return replace(
        beside,
        sample_weight=columns.sample_weight,
        weight_ids=columns.ids,
        weight_lines=columns.lines,
        weight_columns=((column + 1, found.fields[column]),),
        weight_source=found.source,
    )


def _weight_column(table: Table) -> int:
    if table.layout.sample_weight is not None:
        return table.layout.sample_weight
    others = [i for i in range(len(table.fields)) if i != table.layout.id]
    if len(others) == 1:
        return others[0]
    hint = f"name it sample_weight, or use --sample-weight-col; {seen(table.fields)}"
    raise DataError("no sample_weight column", place=Place(source=table.source), hint=hint)


def _gathered(table: Table, reading: Reading) -> Columns:
    """All rows of a table, whose length is kept in memory."""
    parts = list[Columns]()
    for block in table.blocks:
        parts.append(columns_of(block, reading))
        if parts[-1].fault is not None:
            raise parts[-1].fault.at(source=table.source)

    def array(name: str) -> Any:
        found = [getattr(part, name) for part in parts]
        return None if found[0] is None else np.concatenate(found)

    def items(name: str) -> list[Any] | None:
        found = [getattr(part, name) for part in parts]
        return None if found[0] is None else [item for part in found for item in part]

    return Columns(
        values=array("values"),
        target=array("target"),
        sample_weight=array("sample_weight"),
        ids=items("ids"),
        lines=items("lines"),
    )


def target_array(
    nested: Any,
    request: InputRequest,
    classes: tuple[str, ...] | None,
    values: tuple[int, ...],
) -> tuple[Floats, tuple[str, ...]]:
    """A target of nested lists, class names turned into class numbers; and a note on how.

    Parameters
    ----------
    values : the shape of the values beside it, which tells whether the target is of classes

    Raises
    ------
    DataError : a name is no class, or the lists are ragged
    """
    flat = list(_flat(nested))
    is_of_names = classes is not None or any(isinstance(item, str) for item in flat)
    if not (request.task is Task.CE and is_of_names and is_index(values, _shape(nested))):
        return to_array(nested, "target", by_row=True), ()
    names = Classes.of(request, classes).settled(flat[:HEAD])
    return to_array(_numbers(nested, names), "target", by_row=True), names.notes


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
        stream = source.text()
        whole = "".join(line for part in cut(stream, quoted=False) for _, line in part.lines())
    try:
        nested = parse(whole if "[" in whole else ",".join(whole.split()))
    except ValueError as error:
        value = getattr(error, "text", None)
        raise DataError(str(error), place=Place(source=given.path), value=value) from None
    return to_array(nested, given.option)


def _read_target(
    request: InputRequest,
    given: NamedFile,
    classes: tuple[str, ...] | None,
    values: tuple[int, ...],
    files: Files,
) -> Beside:
    """A target file, by the same column rules as any table; a table's whole length is kept."""
    inner = replace(request, target=None, values={}, sample_weight=None)
    found = formats.opened(inner, given.path, Wanted(values=False, only=True), files)
    if isinstance(found, ArrayFile):
        return Beside(source=found.source, arrays={"target": found.only("target", text=True)})
    if isinstance(found, Document):
        return _of_document(found, request, classes, values)
    if not found.layout.target:
        raise DataError("no target column", place=Place(source=given.path))
    columns, names = _of_table(found, request, Classes.of(request, classes), values)
    return Beside(
        target=columns.target,
        ids=columns.ids,
        lines=columns.lines,
        columns=tuple((i + 1, found.fields[i]) for i in found.layout.target),
        source=given.path,
        notes=names.notes,
    )


def _of_table(
    table: Table, request: InputRequest, names: Classes, values: tuple[int, ...]
) -> tuple[Columns, Classes]:
    """The rows of a table of targets, class names turned into class numbers."""
    if len(values) == 1 or values[0] == 1:  # a number for each class may be on a line of its own
        blocks = list(table.blocks)
        table = replace(table, blocks=iter(blocks))
        rows = sum(block.count for block in blocks)
        if not is_index(values, (rows,)):
            names = Classes(None)
    reading = table.reading(request.task, names)
    if reading.has_index and not reading.has_lists:
        reading, rest = settled(table, reading)
        return _gathered(replace(table, blocks=rest), reading), reading.classes
    columns = _gathered(table, reading)
    target = columns.target
    if target is None or request.task is not Task.CE or not is_index(values, target.shape):
        return columns, names
    names = names.settled(target.reshape(-1)[:HEAD].tolist())
    found = names.numbered(target, Place(source=table.source, row=0))
    return replace(columns, target=found), names


def _of_document(
    document: Document,
    request: InputRequest,
    classes: tuple[str, ...] | None,
    values: tuple[int, ...],
) -> Beside:
    value = document.value
    if isinstance(value, dict):
        if "target" not in value:
            raise DataError("no target", place=Place(source=document.source))
        value = value["target"]
    try:
        target, notes = target_array(value, request, classes, values)
    except DataError as error:
        raise error.at(source=document.source) from None
    return Beside(target, source=document.source, notes=notes)


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
