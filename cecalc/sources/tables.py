"""Rows of named cells, whether CSV or JSON, to batches of numbers."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError, Place, count, excerpt
from cecalc.numerals import read_number
from cecalc.records import Batch, InputRequest, Original, Task
from cecalc.sources.columns import Layout
from cecalc.sources.inline import parse
from cecalc.sources.shapes import Rows, arrange, to_array
from cecalc.sources.targets import Classes

if TYPE_CHECKING:
    from cecalc.records import Floats

BATCH_VALUES = 2**17
"""How many values a batch holds at most (but always a whole row)."""

_NOT_IN_NUMBERS = re.compile(r"[^0-9+\-.eE \tinfatyINFATY]")


@dataclass(frozen=True)
class Record:
    """One row as it was read."""

    line: int | None
    """The 1-based physical line it starts on; None in a JSON array, which has no lines of rows."""
    number: int | None
    """The 0-based number of a row that has no line."""
    cells: Sequence[Any]
    """One cell per field: texts from CSV, values from JSON."""
    original: Original


@dataclass(frozen=True)
class Table:
    """An input of rows; the first one has been looked at, none is lost."""

    source: str
    fields: Sequence[str]
    layout: Layout
    records: Iterator[Record]
    delimiter: str | None = None
    """The character between the fields, for delimited text."""
    header_text: str | None = None
    """The header's line as it came."""


@dataclass
class Beside:
    """What options gave beside the rows, handed out in step with them."""

    target: Floats | None = None
    """Any shape `shapes.arrange` takes; beside rows of a table (N,) or (N, C)."""
    sample_weight: Floats | None = None
    """Shape (N,)."""
    ids: Sequence[str] | None = None
    """The identifiers in the target's file."""
    weight_ids: Sequence[str] | None = None
    """The identifiers in the file of the sample weights."""
    lines: Sequence[int] | None = None
    """The lines of the target's file."""
    columns: tuple[tuple[int, str], ...] = ()
    """The number and name of the target's columns in its file."""
    source: str | None = None
    """What the target was given in."""
    taken: int = 0

    def take(self, rows: int, ids: Sequence[str] | None) -> Beside:
        """What belongs to the next `rows` rows."""
        part = slice(self.taken, self.taken + rows)
        self._check_ids(ids, part)
        self.taken += rows
        for what, array in (("target", self.target), ("sample weight", self.sample_weight)):
            if array is not None and array.shape[0] < self.taken:
                so_far = f"{count(self.taken, 'row')} of values so far"
                raise DataError(f"{so_far}, {count(array.shape[0], what)}")
        return replace(
            self,
            target=None if self.target is None else self.target[part],
            sample_weight=None if self.sample_weight is None else self.sample_weight[part],
            lines=None if self.lines is None else self.lines[part],
        )

    def check_length(self, rows: int) -> None:
        """Refuse arrays that are not as long as the table was."""
        for what, array in (("target", self.target), ("sample weight", self.sample_weight)):
            if array is not None and array.shape[0] != rows:
                raise DataError(f"{count(rows, 'row')} of values, {count(array.shape[0], what)}")

    def _check_ids(self, ids: Sequence[str] | None, part: slice) -> None:
        for what, others in (("target", self.ids), ("sample weight", self.weight_ids)):
            if ids is None or others is None:
                continue
            pairs = zip(ids, others[part], strict=False)
            for row, (ours, theirs) in enumerate(pairs, part.start):
                if ours != theirs:
                    beside = f"id {excerpt(ours)} of the values beside id {excerpt(theirs)}"
                    raise DataError(
                        f"{beside} of the {what}",
                        place=Place(row=row),
                        hint="both files carry ids: bring them into the same order",
                    )


class Reader:
    """Turns the records of a table into arrays."""

    def __init__(self, table: Table, request: InputRequest, classes: Classes) -> None:
        self.table, self.request, self.classes = table, request, classes

    def batch(self, rows: list[Record], start: int, beside: Beside) -> Batch:
        """The next rows as a batch; `start` is the number of its first row."""
        layout = self.table.layout
        ids = self.ids(rows)
        values = self.array(rows, layout.values)
        taken = beside.take(len(rows), ids)
        target, weight = taken.target, taken.sample_weight
        if layout.target:
            target = self.target(rows)
        if layout.sample_weight is not None:
            weight = self.array(rows, (layout.sample_weight,)).reshape(-1)
        arranged = arrange(self.request.task, values, target, self.request.target_form)
        return self._assembled(arranged, rows, start, ids, replace(taken, sample_weight=weight))

    def _assembled(
        self, arranged: Rows, rows: list[Record], start: int, ids: list[str] | None, beside: Beside
    ) -> Batch:
        def spread(items: Iterable[Any]) -> list[Any]:
            return [item for item in items for _ in range(arranged.per_row)]

        coordinates = arranged.coordinates
        if coordinates is not None:
            coordinates[:, 0] += start // arranged.per_row
        return Batch(
            start=start,
            values=arranged.values,
            target=arranged.target,
            sample_weight=None
            if beside.sample_weight is None
            else np.repeat(beside.sample_weight, arranged.per_row),
            ids=None if ids is None else spread(ids),
            lines=spread(row.line for row in rows) if rows[0].line is not None else None,
            target_lines=None if beside.lines is None else spread(beside.lines),
            coordinates=coordinates,
            cell_shape=arranged.cell_shape,
            originals=spread(row.original for row in rows),
        )

    def width(self, row: Record) -> int:
        """How many values a row holds."""
        positions = self.table.layout.values
        cell = row.cells[positions[0]]
        if isinstance(cell, list):
            return max(1, np.size(cell))
        return cell.count(",") + 1 if _is_list(cell) else len(positions)

    def ids(self, rows: list[Record]) -> list[str] | None:
        """The identifiers of the rows, where the table has such a column."""
        position = self.table.layout.id
        return None if position is None else [str(row.cells[position]) for row in rows]

    def target(self, rows: list[Record]) -> Floats:
        """The target of the rows: shape (N,), or (N, C) where there is a column per class."""
        positions = self.table.layout.target
        position = positions[0]
        is_index = len(positions) == 1 and not _is_list(rows[0].cells[position])
        if not is_index or self.request.task is Task.BCE:
            array = self.array(rows, positions)
            return array.reshape(-1) if is_index else array
        known: dict[Any, float] = {}
        numbers = []
        for row in rows:
            cell = row.cells[position]
            key = (type(cell), str(cell))
            if key not in known:
                known[key] = self._read(self.classes.number, cell, row, position)
            numbers.append(known[key])
        return np.asarray(numbers, dtype=np.float64)

    def array(self, rows: list[Record], positions: Sequence[int]) -> Floats:
        """The cells of some columns: shape (N, columns), or (N, …) where the cells are lists."""
        if len(positions) == 1 and _is_list(rows[0].cells[positions[0]]):
            return self._lists(rows, positions[0])
        pick = operator.itemgetter(*positions) if len(positions) > 1 else None
        cells = (
            list(itertools.chain.from_iterable(pick(row.cells) for row in rows))
            if pick
            else [row.cells[positions[0]] for row in rows]
        )
        numbers = _fast(cells)
        if numbers is None:
            numbers = np.asarray(
                [[self._read(_number, row.cells[i], row, i) for i in positions] for row in rows]
            )
        return numbers.reshape(len(rows), len(positions))

    def _lists(self, rows: list[Record], position: int) -> Floats:
        name = self.table.fields[position]
        lists = [self._read(_list, row.cells[position], row, position) for row in rows]
        arrays = []
        for row, nested in zip(rows, lists, strict=True):
            try:
                arrays.append(to_array(nested, name))
            except DataError as error:
                raise error.at(source=self.table.source, line=row.line, row=row.number) from None
            if arrays[-1].shape != arrays[0].shape:
                found, expected = arrays[-1].shape, arrays[0].shape
                was = f"{found[0]} {name}" if len(found) == 1 else f"{name} of shape {found}"
                wanted = str(expected[0]) if len(expected) == 1 else str(expected)
                place = Place(source=self.table.source, line=row.line, row=row.number)
                raise DataError(f"{was}, expected {wanted}", place=place)
        return np.stack(arrays)

    def _read(self, read: Callable[[Any], Any], cell: Any, row: Record, position: int) -> Any:
        try:
            return read(cell)
        except ValueError as error:
            place = Place(
                source=self.table.source,
                line=row.line,
                row=row.number,
                column=self.table.fields[position],
                number=position + 1,
            )
            raise DataError(str(error), place=place) from None


def _list(cell: Any) -> Any:
    """A cell that holds a list: a JSON one, or text in the grammar of the command line."""
    if _is_list(cell):
        return parse(cell) if isinstance(cell, str) else cell
    raise ValueError("expected a list of numbers, as in the first row")


def _is_list(cell: Any) -> bool:
    return isinstance(cell, list) or (isinstance(cell, str) and cell.lstrip().startswith("["))


def _fast(cells: list[Any]) -> Floats | None:
    """All cells at once, or None where one has to be looked at by itself."""
    kinds = set(map(type, cells))
    try:
        if kinds == {str}:
            if _NOT_IN_NUMBERS.search("".join(cells)):
                return None
            numbers = np.asarray(list(map(float, cells)))
            return None if np.isinf(numbers).any() else numbers
        return np.asarray(cells, dtype=np.float64) if kinds <= {int, float} else None
    except (ValueError, OverflowError):
        return None


def _number(cell: Any) -> float:
    if isinstance(cell, str):
        return read_number(cell)
    if type(cell) not in (int, float):
        kind = "null" if cell is None else f"a {type(cell).__name__}"
        raise ValueError(f"expected a number, found {kind}")
    try:
        return float(cell)
    except OverflowError:
        raise ValueError("integer is outside float64") from None
