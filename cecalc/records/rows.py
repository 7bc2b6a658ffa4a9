"""What is read: rows in batches, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from cecalc.records.asked import LossOptions
from cecalc.records.terms import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]
    Flags = NDArray[np.bool_]


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
    columns: tuple[tuple[int, str], ...] = ()
    """For delimited text: the 1-based number and name of each class's column, in class order."""
    target_columns: tuple[tuple[int, str], ...] = ()
    """The same for the target's columns."""
    weight_columns: tuple[tuple[int, str], ...] = ()
    """The same for the sample weights."""
    target_source: str | None = None
    """What the target was given in, where that is not the source."""
    weight_source: str | None = None
    """The same for the sample weights."""
    coordinates: tuple[str, ...] = ()
    """Names of the coordinates of a row of K-dimensional input: n, d1, …"""
    options: LossOptions = field(default_factory=LossOptions)
    """What the input itself says about the loss."""
    notes: tuple[str, ...] = ()
    """What is worth knowing about how the input was read."""
    stored: str | None = None
    """The dtype that the values have in a file of arrays, for people: float16."""
    is_flat: bool = False
    """Whether the values were an array (N,): one row for ce, N rows of one score for bce."""
    files: int = 1
    """How many files hold the rows."""


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of an input."""

    WHOLE: ClassVar = ("start", "extents", "cell_shape", "source", "fault")
    """What is not one for each row."""

    start: int
    """The 0-based number of its first row."""
    values: Floats
    """Shape (N, C): logits, probabilities or log-probabilities; for bce (N, M).

    float64, or float32 or float16 as they were stored, to be widened where they are computed.
    """
    target: Floats | None = None
    """Shape (N,) for class indices, (N, C) for distributions, (N, M) for bce."""
    sample_weight: Floats | None = None
    """Shape (N,)."""
    ids: Sequence[str] | None = None
    """N identifiers."""
    lines: Sequence[int] | None = None
    """N physical lines on which the rows start, 1-based."""
    target_lines: Sequence[int] | None = None
    """The same in the target's own file, where it has one."""
    coordinates: Integers | None = None
    """Shape (N, K + 1): n, d1, … of each row of K-dimensional input."""
    extents: tuple[int, ...] = ()
    """(d1, …, dK) of K-dimensional input."""
    cell_shape: tuple[int, ...] = ()
    """For bce: the shape of a row's M cells before they were laid out in one axis."""
    originals: Sequence[Original] | None = None
    """N rows as they came, where the input has rows."""
    source: str | None = None
    """The file they stand in, where the input has several."""
    weight_lines: Sequence[int] | None = None
    """N lines in the file of the sample weights, where they have one."""
    fault: Exception | None = None
    """What is wrong with the row after the last one, where that could not be read."""

    @property
    def size(self) -> int:
        """The number of rows."""
        return int(self.values.shape[0])

    def take(self, row: int) -> Batch:
        """The batch that holds its `row`-th row alone."""
        alone = {
            name: one_row(part, row) for name, part in vars(self).items() if name not in self.WHOLE
        }
        return replace(self, start=self.start + row, **alone)


def one_row(part: Any, row: int) -> Any:
    """One row of an array or list; a copy, since a view would keep the whole array alive."""
    if part is None:
        return None
    alone = part[row : row + 1]
    return alone.copy() if hasattr(alone, "copy") else alone


Block = Callable[[], Batch]
"""Consecutive rows as they were read; calling it, in any thread, parses them."""


@dataclass(frozen=True)
class Problem:
    """An input that has been opened and understood; its rows are still to be read."""

    schema: Schema
    blocks: Iterator[Block]
