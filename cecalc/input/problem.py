"""Inputs that are there at once: values on the command line, and JSON documents."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from cecalc.errors import CecalcError, DataError
from cecalc.input.cells import columns_of
from cecalc.input.classes import Classes, shown_names
from cecalc.input.document_keys import (
    bare_array,
    check_lengths,
    kind_among,
    options_of,
    refuse_unknown,
)
from cecalc.input.extra_arrays import read_beside, target_array
from cecalc.input.head import settled
from cecalc.input.json import Document
from cecalc.input.shapes import (
    BATCH_VALUES,
    ArrangedRows,
    arrange,
    axis_names,
    names_of,
    row_blocks,
    to_array,
)
from cecalc.input.table import Beside, Columns, Reading, Table, TableBlock
from cecalc.model import Batch, Block, Floats, Problem, Schema
from cecalc.request import Inline, InputRequest
from cecalc.terms import Kind, Task


def from_arguments(kind: Kind, values: Inline, request: InputRequest) -> Problem:
    """The problem of values on the command line; --classes names its classes.

    Raises
    ------
    DataError : the shapes do not go together
    """
    array = to_array(values.nested, values.option)
    if request.task in (Task.BCE, Task.SIGMOID) and array.ndim < 2:
        array = array.reshape(1, -1)  # a comma list is one row
    schema = Schema(source=values.option, kind=kind, classes=request.classes)
    return whole(schema, array, None, request)


def from_document(document: Document, request: InputRequest, kind: Kind | None) -> Problem:
    """The problem that one JSON value states: an object, or the bare array of an option's file.

    Raises
    ------
    DataError : a key is unknown, or a value breaks a rule
    """
    try:
        if isinstance(document.value, dict):
            return _from_object(document.source, document.value, request, kind)
        if document.value == []:
            raise DataError("no data rows")
        if kind is None:
            raise bare_array()
        schema = Schema(source=document.source, kind=kind, classes=request.classes)
        return whole(schema, to_array(document.value, kind), None, request)
    except DataError as error:
        raise error.at(source=document.source) from None


def _from_object(
    source: str, document: Mapping[str, Any], request: InputRequest, said: Kind | None
) -> Problem:
    known = {key.replace("-", "_"): value for key, value in document.items() if value is not None}
    refuse_unknown(known, "key", hint="; a single row object: --input-format jsonl")
    kind, notes = kind_among(known, said, "keys")
    classes = request.classes
    if classes is None and "classes" in known:
        classes = names_of(known["classes"], "classes")
    schema = Schema(
        source=source,
        kind=kind,
        classes=classes,
        options=options_of(known),
        notes=notes,
    )
    request = replace(request, options=request.options.over(schema.options))
    values = to_array(known[kind], kind, by_row=request.task is Task.BCE)
    if request.task is Task.BCE and values.ndim == 1:
        values = values[:, None]  # a document's (N,) is N rows of one cell
    target = known.get("target") if request.wants_target else None
    weight = known.get("sample_weight")
    return whole(
        schema,
        values,
        None if target is None else partial(target_array, target, request, classes),
        request,
        sample_weight=None if weight is None else to_array(weight, "sample_weight", by_row=True),
        ids=names_of(known["ids"], "ids") if "ids" in known else None,
    )


def whole(
    schema: Schema,
    values: Floats,
    target: Callable[[tuple[int, ...]], tuple[Floats, tuple[str, ...]]] | None,
    request: InputRequest,
    sample_weight: Floats | None = None,
    ids: tuple[str, ...] | None = None,
) -> Problem:
    """The problem of an array that is there at once.

    Parameters
    ----------
    schema : what is known about it
    values : any shape `cecalc.input.shapes.arrange` takes
    target : the input's own target, for the shape of the values, and notes on how it was read
    request : whose --target and --sample-weight win over the input's own
    sample_weight : shape (N,)
    ids : N identifiers

    Raises
    ------
    DataError : the shapes do not go together
    """
    if request.transpose:
        values = _transposed(values)
    beside = read_beside(request, schema.classes, values.shape)
    truth, notes = beside.target, beside.notes
    if truth is None and target is not None:
        truth, notes = target(values.shape)
    sample_weight = sample_weight if beside.sample_weight is None else beside.sample_weight
    if request.transpose and truth is not None and truth.ndim == values.ndim:
        truth = _transposed(truth)
    rows = arrange(request.task, values, truth, request.target_form)
    entries = rows.values.shape[0] // rows.per_row
    weights = None if sample_weight is None else sample_weight.reshape(-1)
    check_lengths(entries, weights, ids)
    schema = replace(
        schema,
        classes=shown_names(schema.classes, rows.values.shape[1]),
        coordinates=axis_names(rows.coordinates),
        target_source=beside.source,
        is_flat=values.ndim == 1,
        notes=(*schema.notes, *notes),
        weight_source=beside.weight_source,
    )
    return Problem(schema, _blocks(rows, weights, ids))


def _blocks(
    rows: ArrangedRows, weights: Floats | None, ids: tuple[str, ...] | None
) -> Iterator[Block]:
    spread = None if weights is None else np.repeat(weights, rows.per_row)
    for part in row_blocks(rows.values.shape[0], rows.values.shape[1], BATCH_VALUES):
        yield partial(_batch, rows, spread, ids, part)


def _batch(
    rows: ArrangedRows, weights: Floats | None, ids: tuple[str, ...] | None, part: slice
) -> Batch:
    numbers = range(part.start, part.stop)
    return Batch(
        start=part.start,
        values=rows.values[part],
        target=None if rows.target is None else rows.target[part],
        sample_weight=None if weights is None else weights[part],
        ids=None if ids is None else [ids[i // rows.per_row] for i in numbers],
        coordinates=None if rows.coordinates is None else rows.coordinates[part],
        extents=rows.extents,
        cell_shape=rows.cell_shape,
    )


def _transposed(array: Floats) -> Floats:
    if array.ndim < 2:
        raise DataError(f"--transpose: shape {array.shape} has no two axes to exchange")
    return np.swapaxes(array, 0, 1)


def from_table(table: Table, request: InputRequest) -> Problem:
    """The problem a table holds; its first block is read to learn the shapes.

    Raises
    ------
    DataError : a row of the first block breaks a rule
    """
    layout = table.layout
    names = request.classes or layout.names or None
    reading = table.reading(request.task, Classes.of(request, names))
    beside = read_beside(request, names, (-1, *reading.row_shape))
    reading, table_blocks = settled(table, reading)
    first_rows = next(table_blocks)
    parse = Parse(reading, beside, request)
    first = parse(first_rows)
    try:
        classes = shown_names(names, first.values.shape[1])
    except DataError as error:
        raise error.at(source=table.source) from None
    schema = Schema(
        source=table.source,
        kind=layout.kind,
        classes=classes,
        fields=tuple(table.fields),
        delimiter=table.delimiter,
        header_text=table.header_text,
        columns=tuple((i + 1, table.fields[i]) for i in layout.values),
        target_columns=beside.columns or tuple((i + 1, table.fields[i]) for i in layout.target),
        target_source=beside.source,
        weight_columns=beside.weight_columns or _weight_column(table),
        weight_source=beside.weight_source,
        coordinates=axis_names(first.coordinates),
        files=table.files,
        notes=(*layout.notes, *beside.notes, *reading.classes.notes),
    )
    blocks = _table_blocks(itertools.chain([first_rows], table_blocks), parse)
    return Problem(schema, itertools.chain([lambda: first], itertools.islice(blocks, 1, None)))


def _weight_column(table: Table) -> tuple[tuple[int, str], ...]:
    position = table.layout.sample_weight
    return () if position is None else ((position + 1, table.fields[position]),)


def _table_blocks(blocks: Iterable[TableBlock], parse: Parse) -> Iterator[Block]:
    rows = 0
    for block in blocks:
        rows = block.start + block.count
        yield parse.later(block)
    try:
        parse.beside.check_length(rows)
    except DataError as error:
        raise error.at(source=parse.reading.source) from None


@dataclass(frozen=True)
class Parse:
    """Turns a block of a table into a batch; every error names the table."""

    reading: Reading
    beside: Beside
    request: InputRequest

    def later(self, block: TableBlock) -> Block:
        """The same as a call that parses when it is made."""
        return lambda: self(block)

    def __call__(self, block: TableBlock) -> Batch:
        """The batch."""
        reading = self.reading
        if block.source is not None:
            reading = replace(reading, source=block.source)
        try:
            columns = columns_of(block, reading)
            fits, fault = self.beside.fits(block.start, columns.values.shape[0], columns.ids)
            if fault is not None:
                columns = columns.before(fits, fault)
            batch = self._batch(columns, block.start)
        except CecalcError as error:
            raise error.at(source=reading.source) from None
        if columns.fault is not None:
            columns.fault.at(source=reading.source)
        return replace(batch, source=block.source, fault=columns.fault)

    def _batch(self, columns: Columns, start: int) -> Batch:
        rows = columns.values.shape[0]
        taken = self.beside.part(start, rows)
        target = taken.target if columns.target is None else columns.target
        weight = taken.sample_weight if columns.sample_weight is None else columns.sample_weight
        arranged = arrange(self.request.task, columns.values, target, self.request.target_form)

        def spread(items: Any) -> Any:
            if items is None or arranged.per_row == 1:
                return items
            return [item for item in items for _ in range(arranged.per_row)]

        coordinates = arranged.coordinates
        if coordinates is not None:
            coordinates[:, 0] += start
        return Batch(
            start=start * arranged.per_row,
            values=arranged.values,
            target=arranged.target,
            sample_weight=None if weight is None else np.repeat(weight, arranged.per_row),
            ids=spread(columns.ids),
            lines=spread(columns.lines),
            target_lines=spread(taken.lines),
            weight_lines=spread(taken.weight_lines),
            coordinates=coordinates,
            extents=arranged.extents,
            cell_shape=arranged.cell_shape,
            originals=spread(columns.originals),
        )
