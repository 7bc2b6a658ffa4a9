"""Inputs that are read row by row: tables of any size, a block at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import CecalcError, DataError, Place
from cecalc.records import Batch, Block, InputRequest, Problem, Schema
from cecalc.sources.beside import read_beside
from cecalc.sources.cells import columns_of
from cecalc.sources.head import settled
from cecalc.sources.shapes import arrange, axis_names
from cecalc.sources.tables import Beside, Columns, Reading, Rows, Table
from cecalc.sources.targets import Classes, shown_names

if TYPE_CHECKING:
    from cecalc.records import Floats


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
    blocks = _blocks(itertools.chain([first_rows], table_blocks), parse)
    return Problem(schema, itertools.chain([lambda: first], itertools.islice(blocks, 1, None)))


def _weight_column(table: Table) -> tuple[tuple[int, str], ...]:
    position = table.layout.sample_weight
    return () if position is None else ((position + 1, table.fields[position]),)


def _blocks(blocks: Iterable[Rows], parse: Parse) -> Iterator[Block]:
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

    def later(self, block: Rows) -> Block:
        """The same as a call that parses when it is made."""
        return lambda: self(block)

    def __call__(self, block: Rows) -> Batch:
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
        target = taken.target if columns.target is None else self._named(columns.target, start)
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

    def _named(self, target: Floats, start: int) -> Floats:
        """Targets of which lists may hold the names of classes that are called by numbers."""
        reading = self.reading
        if not (reading.has_lists and reading.has_names):
            return target
        return reading.classes.numbered(target, Place(row=start))
