"""Tables: rows with named columns, read block by block."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np

from cecalc.errors import CecalcError, DataError, Place
from cecalc.input.classes import HEAD, Classes
from cecalc.input.glimpses import Head
from cecalc.input.layout import Layout
from cecalc.input.text import BLANK, TextBlock, row_ends
from cecalc.model import Array, Columns, Floats, Original
from cecalc.terms import Task

MIN_ARROW_BYTES = 2**16
"""Below, the strict reader has answered before the bulk reader is imported."""
Item = TypeVar("Item")


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


def head_of(rows: Iterable[Sequence[Any]]) -> Head:
    """The head of a table by the cells of its rows, read once somebody asks; up to one that cannot
    be read.
    """
    first = list[Sequence[Any]]()

    def head(position: int) -> Sequence[Any]:
        with suppress(CecalcError):  # told when the row is read
            first.extend(itertools.islice(unread, HEAD - len(first)))
        return [cells[position] for cells in first]

    unread = iter(rows)
    return head


@dataclass(frozen=True)
class TableBlock:
    """A block of a table, unparsed; both ways of parsing it may run in any thread."""

    start: int
    """The 0-based number of its first row."""
    count: int
    records: Callable[[], Iterable[Record]]
    """Its rows one by one, read strictly: an error names its place."""
    arrays: Callable[[Reading], Columns | None] = lambda _: None
    """All at once; None where only the strict way can tell what the rows hold."""
    source: str | None = None
    """Its file, where the table has several."""
    earlier: int = 0
    """How many rows stand in the files before."""

    @classmethod
    def of_text(
        cls,
        block: TextBlock,
        records: Callable[[TextBlock], Iterable[Record]],
        arrays: Callable[[TextBlock, Reading], Columns | None],
    ) -> TableBlock:
        """The rows of a text."""
        strict = partial(records, block)
        if len(block.text) < MIN_ARROW_BYTES:
            return cls(block.start, block.rows, strict)
        return cls(block.start, block.rows, strict, partial(arrays, block))


@dataclass(frozen=True)
class Table:
    """An input of rows; the first one has been looked at, none is lost."""

    source: str
    fields: Sequence[str]
    layout: Layout
    blocks: Iterator[TableBlock]
    delimiter: str | None = None
    """The character between the fields, for delimited text."""
    decimal: str = "."
    """The decimal sign in it."""
    header_text: str | None = None
    """The header's line as it came."""
    head: Head = lambda _: ()
    form: str = ""
    """What its rows are: lines, objects, or ("") just values."""
    files: int = 1
    lists: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    """The positions where the first row holds a list, and its shape: all rows have to."""
    types: Mapping[str, Any] | None = None
    """As in `Schema`."""

    def named(self, positions: Iterable[int]) -> tuple[tuple[int, str], ...]:
        """The 1-based numbers and the names of columns."""
        return tuple((i + 1, self.fields[i]) for i in positions)

    def reading(self, task: Task, classes: Classes) -> Reading:
        """The same, and how its cells are to be read."""
        return Reading(**vars(self), task=task, classes=classes)

    @property
    def is_text(self) -> bool:
        """Whether cells are texts, whatever they hold."""
        return self.delimiter is not None


@dataclass(frozen=True, kw_only=True)
class Reading(Table):
    """A table, and how its cells are to be read."""

    task: Task
    classes: Classes

    def place(
        self, position: int | None, *, line: int | None = None, row: int | None = None
    ) -> Place:
        """Where a cell is, or a row."""
        if position is None:
            return Place(self.source, line, row=row)
        return Place(self.source, line, self.fields[position], position + 1, row)

    @property
    def has_index(self) -> bool:
        """Whether the target is one column, of class numbers or names."""
        is_of_classes = self.task is not Task.BCE or bool(self.layout.binary)
        return is_of_classes and len(self.layout.target) == 1

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of a row's values."""
        values = self.layout.values
        if self.layout.prediction is not None:
            return (1,) if self.task is Task.BCE else (2,)
        return self.lists.get(values[0], (1,)) if len(values) == 1 else (len(values),)

    @property
    def has_lists(self) -> bool:
        """Whether the target is a list in each row: of class indices, at each position."""
        return self.has_index and self.layout.target[0] in self.lists

    def classed(self, target: Floats, place: Callable[[int], Place]) -> Floats:
        """A target of which lists may hold the names of classes that are called by numbers."""
        has_names = self.has_lists and self.has_names
        return self.classes.numbered(target, place) if has_names else target

    @property
    def has_names(self) -> bool:
        """Whether the target is of classes, which may have been called by their names."""
        if self.has_lists:
            return len(self.lists[self.layout.target[0]]) < len(self.row_shape)
        return self.has_index


class Cells(ABC):
    """The cells of some rows, to be read column by column."""

    reading: Reading

    @abstractmethod
    def array(self, positions: Sequence[int]) -> Floats:
        """Some columns: shape (n, columns), or (n, …) where the cells of one are lists.

        Raises
        ------
        DataError : a cell is not what its column asks for
        """

    @abstractmethod
    def distinct(self, position: int) -> tuple[Sequence[Any], Array] | None:
        """What a column holds, each once, and which of it is in each row; None for plain numbers.

        Raises
        ------
        DataError : a cell holds no class
        """

    @abstractmethod
    def place(self, position: int | None, row: int) -> Place:
        """Where a cell of a row is, or the row."""

    def read(self) -> Columns:
        """The rows as arrays, without what only some formats have beside them.

        Raises
        ------
        DataError : a column holds something else than it is asked for
        """
        layout, weight = self.reading.layout, self.reading.layout.sample_weight
        return Columns(
            values=self.array(layout.values),
            target=self._target() if layout.target else None,
            sample_weight=None if weight is None else self.array((weight,)).reshape(-1),
        )

    def _target(self) -> Floats:
        """The target: shape (n,), or (n, C) where there is a column per class or a list."""
        reading, positions = self.reading, self.reading.layout.target
        is_single = len(positions) == 1 and positions[0] not in reading.lists
        found = self.distinct(positions[0]) if is_single and reading.has_index else None
        if found is not None:
            return reading.classes.encoded(*found, partial(self.place, positions[0]))
        array = reading.classed(self.array(positions), partial(self.place, None))
        return array.reshape(-1) if is_single else array


def up_to_fault(rows: int, parse: Callable[[slice], Columns]) -> Columns:
    """What `parse` makes of the rows before the first one that cannot be parsed even by itself.

    Raises
    ------
    DataError : that is the first of all
    """
    try:
        return parse(slice(0, rows))
    except DataError as error:
        start, stop, fault = 0, rows, error
    while stop - start > 1:
        middle = (start + stop) // 2
        try:
            parse(slice(start, middle))
            start = middle
        except DataError as error:
            stop, fault = middle, error
    if not start:
        raise fault
    return replace(parse(slice(0, start)), fault=fault)


class Lazy(Sequence[Item]):
    """Items that are made when they are asked for.

    How they are made is a method: a closure over self would be a circle, and keep a block alive
    until the garbage collector comes.
    """

    def __init__(self, size: int) -> None:
        self._size = size

    def made(self, part: slice) -> list[Item]:
        """Some of them."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, i: Any) -> Any:
        return self.made(i) if isinstance(i, slice) else self.made(slice(i, i + 1 or None))[0]


class LazyOriginals(Lazy[Original]):
    """The rows of a block of text.

    Parameters
    ----------
    block : the rows
    cells : takes a row's text apart
    """

    def __init__(self, block: TextBlock, cells: Callable[[str], Any]) -> None:
        super().__init__(block.rows)
        self.block, self._cells = block, cells

    def made(self, part: slice) -> list[Original]:
        """Some of them."""
        return [Original(text, self._cells) for text in self.texts[part]]

    def beside(self, columns: Columns, id_key: int | str | None) -> Columns:
        """Columns beside the lines and texts of the rows, and their cells called `id_key`."""
        ids = None if id_key is None else LazyIds(self, id_key)
        return replace(columns, ids=ids, lines=self.block.row_lines, originals=self)

    @cached_property
    def texts(self) -> list[str]:
        """Each row's text, without its line end."""
        text = self.block.text
        if self.block.quoted and b'"' in text:
            ends = row_ends(text, quoted=True).tolist()
            parts = (text[a:b] for a, b in zip([0, *ends], ends, strict=False))
            return [part.rstrip(b"\r\n").decode() for part in parts]
        if b"\r" in text:
            lines = [line.decode() for line in text.splitlines()]
        else:
            lines = text.decode().split("\n")[: len(self)]
        return lines if self.block.quoted else [line.strip(BLANK) for line in lines]

    @property
    def packed(self) -> tuple[bytes, Array] | None:
        """The texts one after the other, and where each begins and the last one ends; None where
        they do not just lie between line feeds.
        """
        text = self.block.text
        if not self.block.quoted or b'"' in text or b"\r" in text:
            return None
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
        if not text.endswith(b"\n"):
            ends = np.append(ends, len(text))
        offsets = np.zeros(len(ends) + 1, np.int32)
        offsets[1:] = ends - np.arange(len(ends))
        return text.replace(b"\n", b""), offsets


class LazyIds(Lazy[str]):
    """The identifiers in a block of text: the cells of its rows that are called `key`."""

    def __init__(self, originals: LazyOriginals, key: int | str) -> None:
        super().__init__(len(originals))
        self._originals, self._key = originals, key

    def made(self, part: slice) -> list[str]:
        """Some of them."""
        return [str(original.cells[self._key]) for original in self._originals[part]]
