"""What is read: rows in batches, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

from cecalc.errors import CecalcError
from cecalc.request import LossOptions
from cecalc.terms import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cecalc.join import IdJoin

Floats: TypeAlias = "NDArray[np.float64]"
Integers: TypeAlias = "NDArray[np.int64]"
Flags: TypeAlias = "NDArray[np.bool_]"
Array: TypeAlias = "NDArray[Any]"


@dataclass(frozen=True)
class Original:
    """A row of input as it came, for outputs that pass it through."""

    text: str
    """The line or object as it was written, without its line end."""
    parsed: Any
    """Its cells, or what finds them in the text."""

    @property
    def cells(self) -> Any:
        """Field texts in the order of `Schema.fields`, or the JSON object."""
        return self.parsed(self.text) if callable(self.parsed) else self.parsed


@dataclass(frozen=True)
class Schema:
    """What holds for every row of an input."""

    source: str
    """The file's name, `standard input`, or the option that holds the values."""
    kind: Kind
    classes: tuple[str, ...] | None = None
    """Class names in class order; None where the classes are just numbers."""
    fields: tuple[str, ...] | None = None
    """The names of the input's columns, for delimited text."""
    delimiter: str | None = None
    """The character between the fields, for delimited text."""
    header_text: str | None = None
    """The header's line as it came, for delimited text that has one."""
    types: Mapping[str, Any] | None = None
    """The types of the input's columns, as Arrow has them, where those are passed on."""
    columns: tuple[tuple[int, str], ...] = ()
    target_columns: tuple[tuple[int, str], ...] = ()
    sample_weight_columns: tuple[tuple[int, str], ...] = ()
    """For tables: the 1-based number and name of each column, those of classes in class order."""
    values_in: str = ""
    """Where the values stand, in a few words: the columns, the member, or what held them."""
    target_in: str = ""
    """The same for the target; empty where there is none."""
    target_source: str | None = None
    sample_weight_source: str | None = None
    """What the target and the weights were given in, where that is not the source."""
    coordinates: tuple[str, ...] = ()
    """Names of the coordinates of a row of K-dimensional input: n, d1, …"""
    options: LossOptions = field(default_factory=LossOptions)
    """What the input itself says about the loss."""
    notes: tuple[str, ...] = ()
    """What is worth knowing about how the input was read."""
    stored: str | None = None
    """The dtype that the values have in a file of arrays, for people: float16."""
    says_kind: bool = True
    """Whether the names of the values say what kind they are."""
    is_flat: bool = False
    """Whether the values were an array (N,): one row for ce, N rows of one score for bce."""
    files: int = 1
    """How many files hold the rows."""
    joins: tuple[IdJoin, ...] = ()
    """What stands beside the rows by their ids."""


@dataclass(frozen=True)
class Columns:
    """Consecutive rows as arrays, n of them."""

    WHOLE: ClassVar = ("start", "extents", "cell_shape", "source", "earlier", "sources", "fault")
    """What is not one for each row."""

    values: Floats
    """Shape (n, columns), or (n, …) where a cell holds a list.

    float64, or float32 or float16 as they were stored, to be widened where they are computed.
    """
    target: Floats | None = None
    """Shape (n,) for one column, else as the values."""
    sample_weight: Floats | None = None
    """Shape (n,)."""
    ids: Sequence[str] | None = None
    lines: Sequence[int] | None = None
    """1-based physical lines on which the rows start."""
    target_lines: Sequence[int] | None = None
    """The same in the target's own file, where it has one."""
    sample_weight_lines: Sequence[int] | None = None
    """The same in the file of the sample weights."""
    originals: Sequence[Original] | None = None
    """The rows as they came, where the input has rows."""
    typed: Any = None
    """The same where the input has typed columns and they are passed on: `cecalc.records`."""
    fault: CecalcError | None = None
    """What is wrong with the row after the last one, where that cannot be read."""

    def rows(self, chosen: slice | list[int]) -> Self:
        """Some of the rows, in their order."""

        def part(items: Any) -> Any:
            if isinstance(chosen, slice) or hasattr(items, "ndim"):
                return items[chosen]
            return [items[row] for row in chosen]

        there = {k: v for k, v in vars(self).items() if v is not None and k not in self.WHOLE}
        return replace(self, **{name: part(items) for name, items in there.items()})


@dataclass(frozen=True)
class Batch(Columns):
    """Consecutive rows of an input, laid out as the loss takes them.

    The values have the shape (N, C), for bce (N, M); the target (N,) for class indices, (N, C) for
    distributions, (N, M) for bce.
    """

    start: int = 0
    """The 0-based number of its first row."""
    coordinates: Integers | None = None
    """Shape (N, K + 1): n, d1, … of each row of K-dimensional input."""
    extents: tuple[int, ...] = ()
    """(d1, …, dK) of K-dimensional input."""
    cell_shape: tuple[int, ...] = ()
    """For bce: the shape of a row's M cells before they were laid out in one axis."""
    source: str | None = None
    """The file they stand in, where the input has several."""
    earlier: int = 0
    """How many rows (entries of axis 0) stand in the files before."""
    sources: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """The files of `target` and `sample_weight` beside it, and how many rows stand before."""

    @property
    def size(self) -> int:
        """The number of rows."""
        return int(self.values.shape[0])

    @property
    def truth(self) -> Floats:
        """The target of a batch that has one: a loss is computed of no other."""
        if self.target is None:
            raise ValueError("a loss without a target")
        return self.target

    def take(self, row: int) -> Batch:
        """A copy of its `row`-th row alone: a view would keep the whole batch alive."""
        return replace(self.rows([row]), start=self.start + row)


Block = Callable[[], Batch]
"""Consecutive rows as they were read; calling it, in any thread, parses them."""


@dataclass(frozen=True)
class Problem:
    """An input that has been opened and understood; its rows are still to be read."""

    schema: Schema
    blocks: Iterator[Block]


def row_name(batch: Batch, row: int) -> str:
    """What a row is called where several are listed: its line, or its number in its file."""
    if batch.lines is not None:
        return str(batch.lines[row])
    if batch.coordinates is None:
        return str(batch.start - batch.earlier + row)
    first, *rest = batch.coordinates[row]
    return f"({','.join(map(str, (first - batch.earlier, *rest)))})"
