"""Columns of an Arrow record batch as arrays, without a copy more than it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, overload

import numpy as np
import pyarrow as pa

from cecalc.errors import DataError, Place
from cecalc.input.cells import other_shape
from cecalc.input.shapes import as_said
from cecalc.input.table import Columns, Reading, first_fault
from cecalc.model import Floats
from cecalc.terms import Task

_NULL_HINT = "pandas writes nan as null"
_types = pa.types


def read(batch: Any, start: int, reading: Reading) -> Columns:
    """A record batch as arrays, up to the first row at fault; parameters as of `columns`.

    Raises
    ------
    DataError : that is the first of all
    """

    def parsed(part: slice) -> Columns:
        return columns(batch.slice(part.start, part.stop - part.start), start + part.start, reading)

    try:
        return columns(batch, start, reading)
    except DataError:
        found = first_fault(batch.num_rows, parsed)
        if found is None:
            raise
    good, fault = found
    if not good:
        raise fault
    return replace(parsed(slice(0, good)), fault=fault)


def columns(batch: Any, start: int, reading: Reading) -> Columns:
    """A record batch as arrays.

    Parameters
    ----------
    batch : its columns are called as those of the table; those that are not read may be missing
    start : the number of its first row
    reading : how its columns are to be read

    Raises
    ------
    DataError : a column holds something else than it is asked for
    """
    by_name = dict(zip(batch.schema.names, batch.columns, strict=True))
    layout, columns = reading.layout, _Columns(by_name, batch.num_rows, start, reading)
    weight = layout.sample_weight
    return Columns(
        values=columns.array(layout.values, as_stored=True),
        target=columns.target() if layout.target else None,
        sample_weight=None if weight is None else columns.weights(weight),
        ids=None if layout.id is None else Texts(columns.column(layout.id)),
    )


def list_shapes(batch: Any, names: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """The positions of the columns that hold lists, and the shape of the first row's."""
    columns = zip(batch.schema.names, batch.columns, strict=True)
    lists = {name: column[0].as_py() for name, column in columns if _is_list(column.type)}
    return {names.index(name): _shape(cell) for name, cell in lists.items()}


def _shape(cell: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = ()
    while isinstance(cell, list):
        shape += (len(cell),)
        cell = cell[0] if cell else None
    return shape


class Texts(Sequence[str]):
    """A column as texts, made when they are asked for."""

    def __init__(self, column: Any) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, slice):
            return ["" if v is None else str(v) for v in self._column[i].to_pylist()]
        value = self._column[i].as_py()
        return "" if value is None else str(value)


@dataclass(frozen=True)
class _Columns:
    by_name: dict[str, Any]
    rows: int
    start: int
    reading: Reading

    def column(self, position: int) -> Any:
        column = self.by_name[self.reading.fields[position]]
        try:
            return _plain(column)
        except pa.ArrowInvalid:
            row = next(i for i, text in enumerate(column) if not _is_utf_8(text.as_py()))
            raise DataError("not valid UTF-8", place=self.place(position, row)) from None

    def place(self, position: int, row: int | None = None) -> Place:
        return Place(
            source=self.reading.source,
            row=None if row is None else self.start + row,
            column=self.reading.fields[position],
            number=position + 1,
        )

    def array(self, positions: Sequence[int], *, as_stored: bool = False) -> Floats:
        """Some columns: shape (n, columns), or (n, …) where the cells of one are lists.

        float32 stays what it is where `as_stored` allows it.
        """
        found = [self.column(i) for i in positions]
        if len(found) == 1 and _is_list(found[0].type):
            return self._lists(found[0], positions[0])
        kinds = {column.type for column in found}
        for column, position in zip(found, positions, strict=True):
            if column.null_count or not _is_number(column.type):
                self._check(column, position)
        if kinds in ({pa.float64()}, {pa.float32()}):
            together = pa.RecordBatch.from_arrays(found, names=[""] * len(found))
            tensor = together.to_tensor(row_major=False)
            return np.asarray(memoryview(tensor), dtype=None if as_stored else np.float64)
        array = np.empty((len(positions), self.rows))
        for row, column in zip(array, found, strict=True):
            row[:] = _floats(column)
        return array.T

    def weights(self, position: int) -> Floats:
        """A number of each row: shape (n,)."""
        if _is_list(self.column(position).type):
            place = self.place(position, 0)
            raise DataError("expected a number, found a list", place=place)
        return self.array((position,)).reshape(-1)

    def _lists(self, column: Any, position: int) -> Floats:
        shape, rows = [len(column)], len(column)
        expected = self.reading.lists.get(position, ())
        while _is_list(column.type):
            self._check(column, position, "a list")
            if _types.is_fixed_size_list(column.type):
                length = column.type.list_size
            else:
                lengths = _lengths(column)
                length = int(lengths[0]) if lengths.size else 0
                length = expected[len(shape) - 1] if len(shape) <= len(expected) else length
                other = np.flatnonzero(lengths != length)
                if other.size:
                    name, row = self.reading.fields[position], int(other[0] * rows // lengths.size)
                    rule = other_shape(name, (int(lengths[other[0]]),), (length,))
                    place = Place(source=self.reading.source, row=self.start + row)
                    raise DataError(rule, place=place)
            shape.append(length)
            column = _plain(column.flatten())
        self._check(column, position, per_row=max(1, len(column) // max(1, rows)))
        return _floats(column).reshape(shape)

    def _check(
        self, column: Any, position: int, what: str = "a number", *, per_row: int = 1
    ) -> None:
        """Refuse nulls, and what is no number."""
        if column.null_count:
            row = next(i for i, there in enumerate(column.is_valid()) if not there.as_py())
            rule, place = f"expected {what}, found null", self.place(position, row // per_row)
            raise DataError(rule, place=place, hint=_NULL_HINT, value="null")
        if what == "a number" and not _is_number(column.type):
            rule = f"holds {column.type}, expected numbers"
            raise DataError(rule, place=self.place(position))

    def target(self) -> Floats:
        """The target: shape (n,), or (n, C) where there is a column per class or a list."""
        positions, reading = self.reading.layout.target, self.reading
        position, column = positions[0], self.column(positions[0])
        is_single = len(positions) == 1 and not _is_list(column.type)
        if not is_single or reading.task is Task.BCE:
            array = self.array(positions)
            return array.reshape(-1) if is_single else array
        if _types.is_dictionary(column.type) or _is_text(column.type):
            known, places = self._encoded(column, position)
        else:
            self._check(column, position)
            numbers = _floats(column)
            if reading.classes.are_numbers:
                return numbers
            exact = _numbers(column) if _types.is_integer(column.type) else numbers
            found, places = np.unique(exact, return_inverse=True)
            known = found.tolist()
        named = np.empty(len(known))
        for i in np.unique(places).tolist():
            try:
                named[i] = reading.classes.number(known[i])
            except ValueError as error:
                place = self.place(position, int(np.flatnonzero(places == i)[0]))
                value = as_said(known[i])
                raise DataError(str(error), place=place, value=value) from None
        found_numbers: Floats = named[places]
        return found_numbers

    def _encoded(self, column: Any, position: int) -> tuple[list[Any], Any]:
        """The different cells of a column, and which of them stands in each row."""
        if not _types.is_dictionary(column.type):
            column = column.dictionary_encode()
        self._check(column, position, "a class")
        return column.dictionary.to_pylist(), _numbers(column.indices)


def _plain(column: Any) -> Any:
    """The same texts or numbers in a layout that can be read at once; dictionaries of texts
    stay. A pyarrow.ArrowInvalid where bytes are no text.
    """
    if _types.is_run_end_encoded(column.type):
        from pyarrow.compute import run_end_decode

        return _plain(run_end_decode(column))
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(column.storage)
    if _types.is_dictionary(kind):
        known = _plain(column.dictionary)
        column = pa.DictionaryArray.from_arrays(column.indices, known)
        return column.dictionary_decode() if _is_number(known.type) else column
    if _types.is_string_view(kind) or _is_bytes(kind):
        return column.cast(pa.large_string())
    return column


def _is_utf_8(text: Any) -> bool:
    try:
        return not isinstance(text, bytes) or text.decode() is not None
    except UnicodeDecodeError:
        return False


def _is_list(kind: Any) -> Any:
    is_view = _types.is_list_view(kind) or _types.is_large_list_view(kind)
    is_any = is_view or _types.is_list(kind) or _types.is_large_list(kind)
    return is_any or _types.is_fixed_size_list(kind)


def _lengths(lists: Any) -> Any:
    """How long each list is; none is null."""
    if _types.is_list_view(lists.type) or _types.is_large_list_view(lists.type):
        return _numbers(lists.value_lengths())  # a cast to lists loses the last in pyarrow 26
    return np.diff(_numbers(lists.offsets))


def _is_text(kind: Any) -> Any:
    return _types.is_string(kind) or _types.is_large_string(kind)


def _is_bytes(kind: Any) -> Any:
    is_sized = _types.is_binary(kind) or _types.is_large_binary(kind)
    return is_sized or _types.is_binary_view(kind) or _types.is_fixed_size_binary(kind)


def _is_number(kind: Any) -> bool:
    return bool(
        _types.is_floating(kind)
        or _types.is_integer(kind)
        or _types.is_boolean(kind)
        or _types.is_decimal(kind)
    )


def _floats(column: Any) -> Floats:
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
    size = column.type.bit_width // 8
    code = "f" if _types.is_floating(column.type) else "i"
    code = "u" if _types.is_unsigned_integer(column.type) else code
    buffer = column.buffers()[1]
    if buffer is None:
        return np.empty(0, f"{code}{size}")
    return np.frombuffer(buffer, f"{code}{size}", len(column), column.offset * size)
