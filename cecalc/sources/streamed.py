"""Inputs that are read row by row: tables of any size, a batch at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from cecalc.errors import DataError
from cecalc.records import Batch, InputRequest, Problem, Schema
from cecalc.sources.beside import read_beside
from cecalc.sources.shapes import axis_names
from cecalc.sources.tables import BATCH_VALUES, Beside, Reader, Table
from cecalc.sources.targets import Classes, shown_names


def from_table(table: Table, request: InputRequest) -> Problem:
    """The problem a table holds; its first batch is read to learn the shapes.

    Raises
    ------
    DataError : a row of the first batch breaks a rule
    """
    layout = table.layout
    names = request.classes or layout.names or None
    beside = read_beside(request, names)
    batches = _batches(
        table, Reader(table, request, Classes(names, request.target_as, request.ignored)), beside
    )
    first = next(batches)
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
        coordinates=axis_names(first.coordinates),
        notes=layout.notes,
    )
    return Problem(schema, itertools.chain([first], batches))


def _batches(table: Table, reader: Reader, beside: Beside) -> Iterator[Batch]:
    """The rows of a table, in batches bounded by values; every error names the table."""
    first = next(table.records)
    records = itertools.chain([first], table.records)
    size = max(1, BATCH_VALUES // reader.width(first))
    start = entries = 0
    try:
        while rows := list(itertools.islice(records, size)):
            batch = reader.batch(rows, start, beside)
            yield batch
            start += batch.size
            entries += len(rows)
        beside.check_length(entries)
    except DataError as error:
        raise error.at(source=table.source) from None
