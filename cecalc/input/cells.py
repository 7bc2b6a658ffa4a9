"""Records to arrays, cell by cell: the strict way, whose errors name line and column."""

from __future__ import annotations

import itertools
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cecalc.errors import CecalcError, DataError, Place
from cecalc.input.layout import Layout
from cecalc.input.nested import parse
from cecalc.input.shapes import as_said, to_array
from cecalc.input.table import Columns, Reading, Record, TableBlock, first_fault
from cecalc.model import Floats
from cecalc.numbers import read_number

_NOT_IN_NUMBERS = re.compile(r"[^0-9+\-.eE \tinfatyINFATY]")


def columns_of(block: TableBlock, reading: Reading) -> Columns:
    """A block as arrays, up to the first row that cannot be read.

    Raises
    ------
    CecalcError : that is its first one
    """
    found = block.arrays(reading)
    return read(block.records(), reading) if found is None else found


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
    try:
        return replace(columns(rows, reading), fault=fault)
    except DataError:
        found = first_fault(len(rows), lambda part: columns(rows[part], reading))
        if found is None:
            raise
        good, earlier = found
    if not good:
        raise earlier
    return replace(columns(rows[:good], reading), fault=earlier)


def columns(rows: list[Record], reading: Reading) -> Columns:
    """The rows as arrays.

    Raises
    ------
    DataError : a cell is not what its column asks for; its place is in it
    """
    layout, cells = reading.layout, _CellTexts(rows, reading)
    weight = layout.sample_weight
    return Columns(
        values=cells.array(layout.values),
        target=cells.target() if layout.target else None,
        sample_weight=None if weight is None else cells.numbers((weight,))[:, 0],
        ids=None if layout.id is None else [str(row.cells[layout.id]) for row in rows],
        lines=[row.line for row in rows if row.line is not None] or None,
        originals=[row.original for row in rows],
    )


def list_shapes(first: Sequence[Any], layout: Layout) -> dict[int, tuple[int, ...]]:
    """The positions of values and target where the first row holds a list, and its shape."""
    used = (i for i in (*layout.values, *layout.target) if i < len(first))
    return {i: _shape(first[i]) for i in used if is_list(first[i])}


def _shape(cell: Any) -> tuple[int, ...]:
    try:
        return to_array(_list(cell), "").shape
    except ValueError:  # told with its place when the row is read
        return ()


def is_list(cell: Any) -> bool:
    """Whether a cell holds a list: a JSON one, or text that begins like one."""
    return isinstance(cell, list) or (isinstance(cell, str) and cell.lstrip().startswith("["))


class _CellTexts:
    def __init__(self, rows: list[Record], reading: Reading) -> None:
        self.rows, self.reading = rows, reading

    def target(self) -> Floats:
        """The target of the rows: shape (n,), or (n, C) where there is a column per class."""
        positions, rows = self.reading.layout.target, self.rows
        position = positions[0]
        is_single = len(positions) == 1 and position not in self.reading.lists
        if not (is_single and self.reading.has_index):
            array = self.array(positions)
            return array.reshape(-1) if is_single else array
        known: dict[Any, float] = {}
        numbers = []
        for row in rows:
            cell = row.cells[position]
            key = (type(cell), str(cell))
            if key not in known:
                known[key] = self._read(self.reading.classes.number, cell, row, position)
            numbers.append(known[key])
        return np.asarray(numbers, dtype=np.float64)

    def array(self, positions: Sequence[int]) -> Floats:
        """The cells of some columns: shape (n, columns), or (n, …) where the cells are lists."""
        if len(positions) == 1 and positions[0] in self.reading.lists:
            return self._lists(positions[0])
        return self.numbers(positions)

    def numbers(self, positions: Sequence[int]) -> Floats:
        """The cells of some columns that hold a number each: shape (n, columns)."""
        rows = self.rows
        if not positions:
            return np.empty((len(rows), 0))
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

    def _lists(self, position: int) -> Floats:
        name, source = self.reading.fields[position], self.reading.source
        expected = self.reading.lists[position]
        lists = [self._read(_list, row.cells[position], row, position) for row in self.rows]
        arrays = []
        for row, nested in zip(self.rows, lists, strict=True):
            place = Place(source=source, line=row.line, row=row.number)
            try:
                arrays.append(to_array(nested, name))
            except DataError as error:
                raise error.at(source=source, line=row.line, row=row.number) from None
            if arrays[-1].shape != expected:
                raise DataError(other_shape(name, arrays[-1].shape, expected), place=place)
        return np.stack(arrays)

    def _read(self, read: Callable[[Any], Any], cell: Any, row: Record, position: int) -> Any:
        try:
            return read(cell)
        except ValueError as error:
            place = Place(
                source=self.reading.source,
                line=row.line,
                row=row.number,
                column=self.reading.fields[position],
                number=position + 1,
            )
            raise DataError(str(error), place=place, value=as_said(cell)) from None


def other_shape(name: str, found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """What is wrong with a row whose list has another shape than the first row's."""
    was = f"{found[0]} {name}" if len(found) == 1 else f"{name} of shape {found}"
    return f"{was}, expected {expected[0] if len(expected) == 1 else expected}"


def _list(cell: Any) -> Any:
    """A cell that holds a list: a JSON one, or text in the grammar of the command line."""
    if is_list(cell):
        return parse(cell) if isinstance(cell, str) else cell
    raise ValueError("expected a list of numbers, as in the first row")


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
        kind = {type(None): "null", list: "a list", dict: "an object"}.get(type(cell))
        raise ValueError(f"expected a number, found {kind or str(cell).lower()}")
    try:
        return float(cell)
    except OverflowError:
        raise ValueError("integer is outside float64") from None
