"""Columns of Arrow as arrays, for every format that Arrow reads; no copy more than it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from cecalc.errors import DataError, Place, excerpt
from cecalc.input.cells import other_shape
from cecalc.input.shapes import shape_of_first
from cecalc.input.table import Cells, Lazy, Reading, up_to_fault
from cecalc.input.text import is_utf_8
from cecalc.model import Array, Columns, Floats
from cecalc.records import Records, stored
from cecalc.selection import quoted

_STRUCT_HINT = (
    "as JSON lines: pandas.read_parquet(FILE).to_json('new.jsonl', orient='records', lines=True)"
)
_NULL_HINT = "pandas writes nan as null"
_types = pa.types
_LISTS = (
    _types.is_list,
    _types.is_large_list,
    _types.is_list_view,
    _types.is_large_list_view,
    _types.is_fixed_size_list,
)
_TEXTS = (_types.is_string, _types.is_large_string)
_CAST_TO_TEXT = (
    _types.is_string_view,
    _types.is_binary,
    _types.is_large_binary,
    _types.is_binary_view,
    _types.is_fixed_size_binary,
)
_NUMBERS = (_types.is_floating, _types.is_integer, _types.is_boolean, _types.is_decimal)


def read(batch: Any, start: int, reading: Reading) -> Columns:
    """A record batch as arrays, up to the first row at fault.

    Parameters
    ----------
    batch : its columns are called as those of the table; those that are not read may be missing
    start : the number of its first row
    reading : how its columns are to be read

    Raises
    ------
    DataError : that is the first of all
    """
    passed = None if reading.types is None else _of_types(batch, reading.types)
    by_name = dict(zip(batch.schema.names, batch.columns, strict=True))

    def parsed(part: slice) -> Columns:
        columns = {i: by_name[reading.fields[i]][part] for i in reading.layout.used}
        cells = ArrowColumns(columns, reading, part.stop - part.start, start + part.start)
        typed = None if passed is None else passed[part]
        return replace(cells.read(), ids=cells.ids, typed=typed)

    return up_to_fault(batch.num_rows, parsed)


def _of_types(batch: Any, types: Mapping[str, Any]) -> Records:
    """The columns of a batch in the types that they have in the first of several files."""
    columns = list[Any]()
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        kind = types[name]
        try:
            columns.append(column if column.type == kind else column.cast(kind))
        except pa.ArrowException:
            rule = f"column {excerpt(name)} holds {column.type}, and {kind} in the first file"
            hint = f"--select '!{quoted(name)}' leaves it out"
            raise DataError(rule, hint=hint) from None
    return Records(pa.RecordBatch.from_arrays(columns, names=batch.schema.names))


def list_shapes(batch: Any, names: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """The positions of the columns that hold lists, and the shape of the first row's."""
    columns = zip(batch.schema.names, batch.columns, strict=True)
    lists = {name: column[0].as_py() for name, column in columns if _is(_LISTS, column)}
    return {names.index(name): shape_of_first(cell) for name, cell in lists.items()}


@dataclass(frozen=True)
class ArrowColumns(Cells):
    """The columns of some rows; each is an array of Arrow."""

    columns: Mapping[int, Any]
    """By their positions; those that are not read may be missing."""
    reading: Reading
    rows: int
    start: int = 0
    """The number of the first row."""

    @property
    def ids(self) -> LazyTexts | None:
        """The identifiers of the rows, where they have some."""
        position = self.reading.layout.id
        return None if position is None else LazyTexts(self._column(position))

    def _column(self, position: int) -> Any:
        column = self.columns[position]
        try:
            return decoded(column)
        except pa.ArrowInvalid:
            texts = (text.as_py() or b"" for text in column)
            row = next(i for i, text in enumerate(texts) if not is_utf_8(text))
            raise DataError("not valid UTF-8", place=self.place(position, row)) from None

    def place(self, position: int | None, row: int | None = None) -> Place:
        """Where a cell of a row is, the row, or a column."""
        return self.reading.place(position, row=None if row is None else self.start + row)

    def array(self, positions: Sequence[int]) -> Floats:
        """As any; values that are float32 stay so."""
        found = [self._column(i) for i in positions]
        if len(found) == 1 and _is(_LISTS, found[0]):
            if positions[0] == self.reading.layout.sample_weight:
                rule = "expected a number, found a list"
                raise DataError(rule, place=self.place(positions[0], 0))
            return self._lists(found[0], positions[0])
        for column, position in zip(found, positions, strict=True):
            self._check(column, position)
        if {column.type for column in found} in ({pa.float64()}, {pa.float32()}):
            together = pa.RecordBatch.from_arrays(found, names=[""] * len(found))
            is_stored = positions == self.reading.layout.values
            tensor = together.to_tensor(row_major=False)
            return np.asarray(memoryview(tensor), dtype=None if is_stored else np.float64)
        return np.asarray([floats_of(c) for c in found]).reshape(len(found), self.rows).T

    def _lists(self, column: Any, position: int) -> Floats:
        shape, rows = [len(column)], len(column)
        expected = self.reading.lists.get(position, ())
        while _is(_LISTS, column):
            self._check(column, position, "a list")
            lengths = _numbers(column.value_lengths())
            length = int(lengths[0]) if lengths.size else 0
            length = expected[len(shape) - 1] if len(shape) <= len(expected) else length
            other = np.flatnonzero(lengths != length)
            if other.size:
                name, row = self.reading.fields[position], int(other[0] * rows // lengths.size)
                rule = other_shape(name, (int(lengths[other[0]]),), (length,))
                raise DataError(rule, place=self.place(None, row))
            shape.append(length)
            column = decoded(column.flatten())
        self._check(column, position, per_row=max(1, len(column) // max(1, rows)))
        return floats_of(column).reshape(shape)

    def _check(
        self, column: Any, position: int, what: str = "a number", *, per_row: int = 1
    ) -> None:
        """Refuse nulls, and what is no number."""
        if column.null_count:
            row = next(i for i, there in enumerate(column.is_valid()) if not there.as_py())
            rule, place = f"expected {what}, found null", self.place(position, row // per_row)
            raise DataError(rule, place=place, hint=_NULL_HINT, value="null")
        if what == "a number" and not _is(_NUMBERS, column):
            rule, hint = f"holds {column.type}, expected numbers", None
            if _types.is_struct(column.type):
                rule, hint = "holds structs, expected numbers", _STRUCT_HINT
            raise DataError(rule, place=self.place(position), hint=hint)

    def distinct(self, position: int) -> tuple[list[Any], Array] | None:
        """As any; None where numbers are those of their classes."""
        column = self._column(position)
        is_text = _types.is_dictionary(column.type) or _is(_TEXTS, column)
        if not is_text and self.reading.classes.are_numbers:
            return None
        self._check(column, position, "a class" if is_text else "a number")
        if is_text:
            encoded = column.dictionary_encode()
            return encoded.dictionary.to_pylist(), _numbers(encoded.indices)
        is_exact = _types.is_integer(column.type)
        numbers = _numbers(column) if is_exact else floats_of(column)
        found, places = np.unique(numbers, return_inverse=True)
        return found.tolist(), places


class LazyTexts(Lazy[str]):
    """A column as texts."""

    def __init__(self, column: Any) -> None:
        super().__init__(len(column))
        self._column = column

    def made(self, part: slice) -> list[str]:
        """Some of them."""
        return ["" if value is None else str(value) for value in items(self._column[part])]


def items(column: Any) -> list[Any]:
    """What a column holds; times as texts where Python knows no such times."""
    if getattr(column.type, "unit", None) != "ns":  # which Python's own would lose
        with suppress(ValueError, OverflowError):  # a year above 9999
            return list(column.to_pylist())
    return list(column.cast(pa.large_string()).to_pylist())


def decoded(column: Any) -> Any:
    """The same texts or numbers in a layout that can be read at once; dictionaries of texts
    stay. A pyarrow.ArrowInvalid where bytes are no text.
    """
    column = stored(column)
    if _types.is_dictionary(column.type):
        known = decoded(column.dictionary)
        column = pa.DictionaryArray.from_arrays(column.indices, known)
        return column.dictionary_decode() if _is(_NUMBERS, known) else column
    return column.cast(pa.large_string()) if _is(_CAST_TO_TEXT, column) else column


def _is(kinds: Sequence[Callable[[Any], Any]], column: Any) -> bool:
    """Whether what a column holds is of one of these kinds."""
    return any(kind(column.type) for kind in kinds)


def floats_of(column: Any) -> Floats:
    """A column of numbers without nulls, each as the nearest float64."""
    if _types.is_decimal(column.type):
        return np.asarray([float(number) for number in column.to_pylist()])
    with np.errstate(invalid="ignore"):
        floats: Floats = _numbers(column).astype(np.float64, copy=False)
    return floats


def _numbers(column: Any) -> Any:
    """A column of numbers without nulls, as stored."""
    if _types.is_boolean(column.type):
        column = column.cast(pa.uint8())
    return np.from_dlpack(column)  # to_numpy would import pandas
