"""Problems: batches of rows made of what an input holds and what options gave beside it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from cecalc.errors import CecalcError, DataError, Place
from cecalc.input.cells import columns_of, settled
from cecalc.input.classes import Classes, shown_names
from cecalc.input.extra_arrays import ExtraArray, TargetReader, check_length, open_extras
from cecalc.input.files import Files
from cecalc.input.names import kind_of, pattern
from cecalc.input.shapes import aligned
from cecalc.input.table import Reading, Table, TableBlock
from cecalc.model import Batch, Block, Columns, Floats, Problem, Schema
from cecalc.request import Given, Inline, InputRequest
from cecalc.terms import TargetAs, Task

Held = tuple[ExtraArray, Floats]
"""What stands beside the rows of a table, and all of its numbers."""


def stated(
    schema: Schema,
    extras: Iterable[ExtraArray | None],
    blocks: Iterator[Block],
    notes: tuple[str, ...] = (),
) -> Problem:
    """The problem of these blocks; the first one tells what the schema leaves open.

    Parameters
    ----------
    schema : what is known already
    extras : what stands beside the values
    blocks : there is one at least
    notes : what is worth knowing about how the rest was read

    Raises
    ------
    DataError : a row of the first block breaks a rule, or the classes have more or fewer names
    """
    first, parts, every = next(blocks)(), dict[str, Any](), list(schema.notes)
    for extra in extras:
        if extra is not None:
            parts[f"{extra.name}_columns"] = extra.columns
            parts[f"{extra.name}_source"] = extra.source
            every += extra.classes.notes
            if extra.name == "target":
                parts["target_in"] = extra.stands_in
    axes = [f"d{i}" for i, _ in enumerate(first.extents, 1)]
    schema = replace(
        schema,
        classes=shown_names(schema.classes, first.values.shape[1]),
        coordinates=("n", *axes) if axes else (),
        notes=(*every, *notes),
        **parts,
    )
    return Problem(schema, itertools.chain([lambda: first], blocks))


def batch_of(columns: Columns, start: int, request: InputRequest) -> Batch:
    """Some entries of axis 0 from `start` on, laid out in rows.

    Parameters
    ----------
    columns : values of shape (C,), (N, C) or (N, C, d1, …, dK), for bce and sigmoid (N,), (N, M) or
        more; a target of the same shape, or one dimension fewer
    start : the number of the first entry
    request : decides whether axis 1 is the class or every value is a cell

    Raises
    ------
    DataError : the shapes do not go together
    """
    given = None if columns.target is None else columns.target.shape
    shape, target_shape = aligned(request.task, columns.values.shape, given, request.target_form)
    values = columns.values.reshape(shape)
    target = None if columns.target is None else columns.target.reshape(target_shape)
    n, classes, *rest = shape
    if not rest or request.task in (Task.BCE, Task.SIGMOID):
        if rest and target is not None:
            target = target.reshape(n, -1)
        parts = vars(columns) | {"values": values.reshape(n, -1), "target": target}
        return Batch(**parts, start=start, cell_shape=shape[1:])
    per_row = math.prod(rest)
    if target is not None:
        target = target.reshape(-1) if target.ndim < values.ndim else _class_last(target)
    coordinates = np.indices((n, *rest)).reshape(len(rest) + 1, -1).T
    coordinates[:, 0] += start
    laid: dict[str, Any] = {"values": _class_last(values), "target": target, "fault": columns.fault}
    beside = {k: _spread(v, per_row) for k, v in vars(columns).items() if k not in laid}
    return Batch(
        **laid,
        **beside,
        start=start * per_row,
        coordinates=coordinates,
        extents=tuple(rest),
        cell_shape=(classes,),
    )


def _class_last(array: Floats) -> Floats:
    return np.moveaxis(array, 1, -1).reshape(-1, array.shape[1])


def _spread(items: Any, times: int) -> Any:
    """What stands beside entries, for each of the rows that one of them became."""
    if items is None or hasattr(items, "ndim"):
        return items if items is None else items[np.repeat(np.arange(len(items)), times)]
    return [item for item in items for _ in range(times)]


def from_table(table: Table, request: InputRequest) -> Problem:
    """The problem a table holds; its first block is read to learn the shapes.

    Raises
    ------
    DataError : a row of the first block breaks a rule
    """
    layout, fields = table.layout, table.fields
    if request.sample_weight is not None:  # which wins over the table's own
        layout = replace(layout, sample_weight=None)
        table = replace(table, layout=layout)
    names = None if layout.binary else request.classes or layout.names or None
    if layout.prediction is not None and layout.names and request.target_as is None:
        request = replace(request, target_as=TargetAs.NAME)  # they were found among the targets
    reading = table.reading(request.task, Classes.of(request, layout.binary or names))
    _refuse_column(request.target, fields, table.source)
    with Files() as files:
        extras = open_extras(TargetReader(request, names, (-1, *reading.row_shape)), files)
        held = [(extra, extra.held()) for extra in extras if extra is not None]
    reading, blocks = settled(table, reading)
    weight, of = layout.sample_weight, ""
    if layout.prediction is not None:
        of = f" of the class in {fields[layout.prediction]}"
    schema = Schema(
        source=table.source,
        kind=layout.kind,
        classes=names,
        fields=tuple(fields),
        delimiter=table.delimiter,
        header_text=table.header_text,
        types=table.types,
        columns=tuple((i + 1, fields[i]) for i in layout.values),
        target_columns=tuple((i + 1, fields[i]) for i in layout.target),
        values_in=pattern([fields[i] for i in layout.values]) + of,
        target_in=pattern([fields[i] for i in layout.target]),
        sample_weight_columns=() if weight is None else ((weight + 1, fields[weight]),),
        says_kind=all(kind_of(fields[i]) is layout.kind for i in layout.values),
        files=table.files,
        notes=layout.notes,
    )
    parsed = _blocks(blocks, reading, held, request)
    try:
        return stated(schema, extras, parsed, reading.classes.notes)
    except DataError as error:
        raise error.at(source=table.source) from None


def _refuse_column(target: Given | None, fields: Sequence[str], source: str) -> None:
    """Refuse a target that is the name of a column."""
    name = target.nested if isinstance(target, Inline) else None
    if isinstance(name, str) and name in fields:
        raise DataError(
            f"--target {name} is a column, not a target",
            place=Place(source=source),
            hint=f"name the column with --target-col {name}",
            ways=(("!--target", f"--target-col={name}"),),
        )


def _blocks(
    blocks: Iterable[TableBlock], reading: Reading, extras: Sequence[Held], request: InputRequest
) -> Iterator[Block]:
    rows = 0
    for block in blocks:
        rows = block.start + block.count
        yield partial(_parsed, block, reading, extras, request)
    for extra, numbers in extras:
        check_length(extra.title, len(numbers), rows, reading.source)


def _parsed(
    block: TableBlock, reading: Reading, extras: Sequence[Held], request: InputRequest
) -> Batch:
    """The batch of a block; every error names the table."""
    source = block.source or reading.source
    try:
        columns = columns_of(block, replace(reading, source=source))
        for extra, numbers in extras:
            columns = extra.beside(columns, numbers[block.start :], block.start)
        batch = batch_of(columns, block.start, request)
    except CecalcError as error:
        raise error.at(source=source) from None
    if batch.fault is not None:
        batch.fault.at(source=source)
    return replace(batch, source=block.source)
