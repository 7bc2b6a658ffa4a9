"""Records to arrays, cell by cell: the strict way, whose errors name line and column."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from cecalc.errors import CecalcError, DataError, Place
from cecalc.input.classes import HEAD, Classes
from cecalc.input.layout import Layout
from cecalc.input.nested import parse
from cecalc.input.shapes import as_said, described, to_array
from cecalc.input.table import Cells, Reading, Record, TableBlock, up_to_fault
from cecalc.model import Array, Columns, Floats
from cecalc.numbers import GROUPED, as_float, pointed, read_number, write_number
from cecalc.terms import TargetAs, Task

_NOT_IN_NUMBERS = re.compile(r"[^0-9+\-.eE \tinfatyINFATY]")

_MISSING = {"", "na", "n/a", "null", "none", "-", "?", "."}
"""What others write where a number is missing."""


def columns_of(block: TableBlock, reading: Reading) -> Columns:
    """A block as arrays, up to the first row that cannot be read.

    Raises
    ------
    CecalcError : that is its first one
    """
    if (prediction := reading.layout.prediction) is not None:
        return _of_prediction(block, reading, prediction)
    found = block.arrays(reading)
    return read(block.records(), reading) if found is None else found


def _of_prediction(block: TableBlock, reading: Reading, prediction: int) -> Columns:
    """A block whose one value is the probability of the predicted class: both are read, the class
    as a target is.
    """
    layout = replace(reading.layout, prediction=None)
    apart = replace(layout, values=(), target=(prediction,), id=None, sample_weight=None)
    parts = [columns_of(block, replace(reading, layout=each)) for each in (layout, apart)]
    found = min(parts, key=lambda part: len(part.values))  # whose fault, if any, comes first
    rows, fault = len(found.values), found.fault
    p, predicted = parts[0].values[:rows, 0], np.asarray(parts[1].target)[:rows]
    other = np.flatnonzero((predicted != 0) & (predicted != 1))
    if other.size:
        row = int(other[0])
        text = write_number(float(predicted[row]))
        line = None if found.lines is None else found.lines[row]
        number = block.start + row if line is None else None
        place = reading.place(prediction, line=line, row=number)
        fault = DataError(f"prediction {text} is none of the two classes", place=place, value=text)
        if not row:
            raise fault
        rows = row
    p_1 = np.where(predicted[:rows] == 1, p[:rows], 1.0 - p[:rows])
    is_bce = reading.task is Task.BCE
    values = p_1[:, None] if is_bce else np.stack([1.0 - p_1, p_1], axis=-1)
    return replace(parts[0].rows(slice(rows)), values=values, fault=fault)


def settled(reading: Reading) -> Reading:
    """A table of which the blocks of the head have been looked at to tell how it is to be read.

    What follows the head changes nothing, whatever the blocks.
    """
    if not (reading.has_names and reading.classes.are_open):
        return reading
    looked_at = list[TableBlock]()
    head = itertools.islice(_targets(reading, looked_at), HEAD)
    classes = reading.classes.settled(head)
    return replace(reading, classes=classes, blocks=itertools.chain(looked_at, reading.blocks))


def _targets(reading: Reading, looked_at: list[TableBlock]) -> Iterator[Any]:
    """The targets as they stand, up to the first that cannot be read."""
    layout = replace(
        reading.layout, values=(), names=(), id=None, sample_weight=None, prediction=None
    )
    for block in reading.blocks:
        looked_at.append(block)
        unread = _Unread()
        try:
            fault = columns_of(block, replace(reading, layout=layout, classes=unread)).fault
        except CecalcError:  # told with its place when the row is read
            return
        yield from unread.targets
        if fault is not None:
            return


@dataclass(frozen=True)
class _Unread(Classes):
    """Keeps targets as they stand."""

    target_as: TargetAs | None = TargetAs.NAME
    targets: list[Any] = field(default_factory=list)

    def encoded(self, targets: Sequence[Any], places: Array, place: Any) -> Floats:  # noqa: ARG002
        """Nothing; none is at fault."""
        self.targets[:] = [targets[i] for i in places.tolist()]
        return np.zeros(len(places))


def read(records: Iterable[Record], reading: Reading) -> Columns:
    """The rows as arrays, up to the first one at fault.

    Raises
    ------
    CecalcError : that is the first of all
    """
    rows, fault = list[Record](), None
    try:
        rows.extend(records)
    except CecalcError as error:
        if not rows:
            raise
        fault = error
    found = up_to_fault(len(rows), lambda part: columns(rows[part], reading))
    return found if found.fault is not None else replace(found, fault=fault)


def columns(rows: list[Record], reading: Reading) -> Columns:
    """The rows as arrays.

    Raises
    ------
    DataError : a cell is not what its column asks for; its place is in it
    """
    position = reading.layout.id
    return replace(
        _RecordCells(rows, reading).read(),
        ids=None if position is None else [str(row.cells[position]) for row in rows],
        lines=[row.line for row in rows if row.line is not None] or None,
        originals=[row.original for row in rows],
    )


def list_shapes(
    first: Sequence[Any], layout: Layout, *, is_text: bool = False
) -> dict[int, tuple[int, ...]]:
    """The positions of values and target where the first row holds a list, and its shape."""
    shapes = dict[int, tuple[int, ...]]()
    for i in (*layout.values, *layout.target):
        if _is_list(first[i], is_text=is_text):
            shapes[i] = ()
            with suppress(ValueError):  # told with its place when the row is read
                shapes[i] = to_array(_list(first[i], is_text=is_text), "").shape
    return shapes


def _is_list(cell: Any, *, is_text: bool) -> bool:
    """Whether a cell holds a list: one of JSON, or in delimited text what begins like one."""
    return cell.lstrip().startswith("[") if is_text else isinstance(cell, list)


class _RecordCells(Cells):
    def __init__(self, rows: list[Record], reading: Reading) -> None:
        self.rows, self.reading = rows, reading

    def distinct(self, position: int) -> tuple[list[Any], Array]:
        """Texts and numbers by how they are written."""
        known = dict[tuple[type, str], int]()
        targets, places = list[Any](), np.empty(len(self.rows), np.intp)
        for number, row in enumerate(self.rows):
            cell = row.cells[position]
            cell = cell if self.reading.decimal == "." else pointed(cell)
            places[number] = known.setdefault((type(cell), str(cell)), len(known))
            if len(targets) < len(known):
                targets.append(cell)
        return targets, places

    def array(self, positions: Sequence[int]) -> Floats:
        """As any, cell by cell where one has to be looked at by itself."""
        if len(positions) == 1 and positions[0] in self.reading.lists:
            return self._lists(positions[0])
        rows = (map(row.cells.__getitem__, positions) for row in self.rows)
        cells = list(itertools.chain.from_iterable(rows))
        has_points = self.reading.decimal == "."
        numbers = _fast(cells, is_text=self.reading.is_text) if has_points else None
        if numbers is None:
            decimal = partial(read_number, decimal=self.reading.decimal)
            read = decimal if self.reading.is_text else _number
            places = itertools.product(range(len(self.rows)), positions)
            numbers = np.asarray([self._read(read, row, position) for row, position in places])
        return numbers.reshape(len(self.rows), len(positions))

    def _lists(self, position: int) -> Floats:
        name, expected = self.reading.fields[position], self.reading.lists[position]
        read = partial(_list, is_text=self.reading.is_text)
        arrays = []
        for row in range(len(self.rows)):
            try:
                array = to_array(self._read(read, row, position), name)
                if array.shape != expected:
                    raise DataError(other_shape(name, array.shape, expected))
            except DataError as error:
                raise error.at(**vars(self.place(None, row))) from None
            arrays.append(array)
        return np.stack(arrays)

    def _read(self, read: Callable[[Any], Any], row: int, position: int) -> Any:
        cell = self.rows[row].cells[position]
        try:
            return read(cell)
        except ValueError as error:
            place, value = self.place(position, row), as_said(cell)
            hint = getattr(error, "hint", None)
            is_csv = self.reading.is_text and self.reading.source.endswith(".csv")
            if is_csv and (text := value.strip()).lower() in _MISSING:
                hint = f"leave such rows out: awk -F, '${position + 1}!=\"{text}\"' FILE > new.csv"
            fault = DataError(str(error), place=place, value=value, hint=hint)
            if self.reading.is_text and pointed(value) != value and self.reading.decimal == ".":
                fault.hint = "if the comma is the decimal sign, say --decimal ,"
                fault.ways = () if GROUPED.fullmatch(value.strip()) else (("--decimal=,",),)
            raise fault from None

    def place(self, position: int | None, row: int) -> Place:
        """Where a cell of a row is, or the row."""
        record = self.rows[row]
        return self.reading.place(position, line=record.line, row=record.number)


def other_shape(name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """What is wrong with a row whose list has another shape than the first row's."""
    was = f"{found[0]} {name}" if len(found) == 1 else f"{name} of shape {found}"
    return f"{was}, expected {expected[0] if len(expected) == 1 else expected}"


def _list(cell: Any, *, is_text: bool) -> Any:
    """A cell that holds a list, in delimited text by the grammar of the command line."""
    if _is_list(cell, is_text=is_text):
        return parse(cell) if is_text else cell
    raise ValueError("expected a list of numbers, as in the first row")


def _fast(cells: list[Any], *, is_text: bool) -> Floats | None:
    """All cells at once, or None where one has to be looked at by itself."""
    try:
        if not is_text:
            is_plain = set(map(type, cells)) <= {int, float}
            return np.asarray(cells, dtype=np.float64) if is_plain else None
        if _NOT_IN_NUMBERS.search("".join(cells)):
            return None
        numbers = np.asarray(list(map(float, cells)))
        return None if np.isinf(numbers).any() else numbers
    except (ValueError, OverflowError):
        return None


def _number(cell: Any) -> float:
    """A number of JSON."""
    if type(cell) not in (int, float):
        raise ValueError(f"expected a number, found {described(cell)}")
    return as_float(cell)
