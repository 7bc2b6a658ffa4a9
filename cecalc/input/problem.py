"""Problems: batches of rows made of what an input holds and what options gave beside it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from cecalc.errors import CecalcError, DataError, Place
from cecalc.input.cells import columns_of, settled
from cecalc.input.classes import Classes, shown_names
from cecalc.input.extra_arrays import ExtraArray, ExtraColumn, TargetReader, open_extras
from cecalc.input.files import Files
from cecalc.input.names import pattern
from cecalc.input.shapes import arrange, axis_names
from cecalc.input.table import Columns, Reading, Table, TableBlock
from cecalc.model import Batch, Block, Problem, Schema
from cecalc.request import Given, Inline, InputRequest


def stated(schema: Schema, blocks: Iterator[Block], notes: tuple[str, ...] = ()) -> Problem:
    """The problem of these blocks; the first one tells what the schema leaves open.

    Raises
    ------
    DataError : a row of the first block breaks a rule, or the classes have more or fewer names
    """
    first = next(blocks)()
    schema = replace(
        schema,
        classes=shown_names(schema.classes, first.values.shape[1]),
        coordinates=axis_names(first.coordinates),
        notes=(*schema.notes, *notes),
    )
    return Problem(schema, itertools.chain([lambda: first], blocks))


def with_extras(schema: Schema, target: ExtraArray | None, weight: ExtraArray | None) -> Schema:
    """A schema that also says what options gave beside the values."""
    if target is not None:
        schema = replace(
            schema,
            target_columns=target.columns,
            target_in=_place_in(target),
            target_source=target.source,
            notes=(*schema.notes, *target.classes.notes),
        )
    if weight is not None:
        schema = replace(schema, weight_columns=weight.columns, weight_source=weight.source)
    return schema


def _place_in(extra: ExtraArray) -> str:
    """Where it stands that was given beside the values."""
    names = pattern([name for _, name in extra.columns])
    source = extra.source or extra.name
    return f"{names} of {source}" if names and names != "1" else f"of {source}"


def batch_of(columns: Columns, start: int, request: InputRequest) -> Batch:
    """Some entries of axis 0 from `start` on, laid out in rows.

    Raises
    ------
    DataError : the shapes do not go together
    """
    arranged = arrange(request.task, columns.values, columns.target, request.target_form)
    weight, coordinates = columns.sample_weight, arranged.coordinates

    def spread(items: Sequence[Any] | None) -> Any:
        if items is None or arranged.per_row == 1:
            return items
        return [item for item in items for _ in range(arranged.per_row)]

    if coordinates is not None:
        coordinates[:, 0] += start
    return Batch(
        start=start * arranged.per_row,
        values=arranged.values,
        target=arranged.target,
        sample_weight=None if weight is None else np.repeat(weight, arranged.per_row),
        ids=spread(columns.ids),
        lines=spread(columns.lines),
        target_lines=spread(columns.target_lines),
        weight_lines=spread(columns.sample_weight_lines),
        coordinates=coordinates,
        extents=arranged.extents,
        cell_shape=arranged.cell_shape,
        originals=spread(columns.originals),
    )


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
    reading = table.reading(request.task, Classes.of(request, layout.binary or names))
    _refuse_column(request.target, fields, table.source)
    with Files() as files:
        extras = open_extras(TargetReader(request, names, (-1, *reading.row_shape)), files)
        columns = [ExtraColumn.of(extra) for extra in extras if extra is not None]
    reading, blocks = settled(table, reading)
    weight = layout.sample_weight
    schema = Schema(
        source=table.source,
        kind=layout.kind,
        classes=names,
        fields=tuple(fields),
        delimiter=table.delimiter,
        header_text=table.header_text,
        columns=tuple((i + 1, fields[i]) for i in layout.values),
        target_columns=tuple((i + 1, fields[i]) for i in layout.target),
        values_in=pattern([fields[i] for i in layout.values]),
        target_in=pattern([fields[i] for i in layout.target]),
        weight_columns=() if weight is None else ((weight + 1, fields[weight]),),
        files=table.files,
        notes=layout.notes,
    )
    parsed = _blocks(blocks, reading, columns, request)
    try:
        return stated(with_extras(schema, *extras), parsed, reading.classes.notes)
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
    blocks: Iterable[TableBlock],
    reading: Reading,
    extras: Sequence[ExtraColumn],
    request: InputRequest,
) -> Iterator[Block]:
    rows = 0
    for block in blocks:
        rows = block.start + block.count
        yield partial(_parsed, block, reading, extras, request)
    try:
        for extra in extras:
            extra.check_length(rows)
    except DataError as error:
        raise error.at(source=reading.source) from None


def _parsed(
    block: TableBlock, reading: Reading, extras: Sequence[ExtraColumn], request: InputRequest
) -> Batch:
    """The batch of a block; every error names the table."""
    source = block.source or reading.source
    try:
        columns = columns_of(block, replace(reading, source=source))
        for extra in extras:
            columns = extra.beside(columns, block.start)
        batch = batch_of(columns, block.start, request)
    except CecalcError as error:
        raise error.at(source=source) from None
    if columns.fault is not None:
        columns.fault.at(source=source)
    return replace(batch, source=block.source, fault=columns.fault)
