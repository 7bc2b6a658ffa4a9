"""What is read: rows in batches, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from cecalc.request import LossOptions, Rank
from cecalc.terms import Kind, Reduction, TargetForm, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float64]"
Integers: TypeAlias = "NDArray[np.int64]"
Flags: TypeAlias = "NDArray[np.bool_]"


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


class Item:
    """What a run hands to a view: one header; outcomes, in row order but for a rank, or groups; for
    losses one report. A room that stands on the run may hand on an item of its own.
    """

    @property
    def holds(self) -> bool:
        """Whether what was asked for holds, as far as this says."""
        return True


@dataclass(frozen=True)
class Header(Item):
    """What a view knows before the first row."""

    task: Task
    schema: Schema
    target_form: TargetForm | None
    reduction: Reduction
    has_weights: bool
    """Whether an unweighted loss stands beside the loss."""
    has_sample_weight: bool
    has_row_weight: bool
    """Whether rows count in the denominator with a weight."""
    label_smoothing: float
    width: int
    """C, or M for bce."""
    cell_shape: tuple[int, ...]
    log: bool
    """Whether softmax and sigmoid give logarithms."""
    has_ids: bool
    has_originals: bool = False
    """Whether the rows as they came are there to be passed on."""
    rank: Rank | None = None
    """Only these rows come, in this order."""
    by: tuple[str, ...] | None = None
    """The columns whose values make the groups that come instead of rows."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes or cells, in order."""
        if self.schema.classes is not None:
            return self.schema.classes
        if len(self.cell_shape) > 1:
            import itertools

            places = itertools.product(*(range(n) for n in self.cell_shape))
            return tuple("_".join(map(str, place)) for place in places)
        return tuple(str(c) for c in range(self.width))


@dataclass(frozen=True)
class Working:
    """What lies between the values of some rows and their losses."""

    probs: Floats
    """Shape (N, C): softmax or sigmoid of the values."""
    surprisal: Floats | None = None
    """Shape (N, C), for ce: −ln p of each class, nats."""


@dataclass(frozen=True)
class Outcome(Item):
    """A batch and what was computed from it. Row arrays have shape (N,), losses are in nats."""

    batch: Batch
    used: Flags
    """Which rows count."""
    loss: Floats | None = None
    """Weighted, as torch's ``reduction="none"``; NaN where ignored."""
    loss_unweighted: Floats | None = None
    """Without any weight, where there are weights."""
    weight: Floats | None = None
    """The weight of each row in the denominator, where rows have weights."""
    prediction: Integers | None = None
    """The class of the largest value, the first on ties; for one cell of bce, 0 or 1."""
    p_prediction: Floats | None = None
    p_target: Floats | None = None
    """Probability of the target's class; of its largest class for distributions."""
    target_class: Integers | None = None
    """The target's class, or its largest; −1 where ignored."""
    correct: Flags | None = None
    """For bce: every counted cell is right."""
    cell_loss: Floats | None = None
    """Shape (N, M), for bce; NaN where ignored."""
    cell_unweighted: Floats | None = None
    """Shape (N, M), for bce."""
    cell_used: Flags | None = None
    """Shape (N, M), for bce."""
    cell_labels: Floats | None = None
    """Shape (N, M, 2), for bce with weights: what −ln(1 − p) and −ln p of a cell are multiplied by;
    0 where ignored.
    """
    cell_correct: Flags | None = None
    """Shape (N, M), for bce: p ≥ 0.5 exactly where the target is."""
    probs: Floats | None = None
    """Shape (N, C): softmax or sigmoid of the values; None for ce, where few rows show it."""
    working: Callable[[Batch], Working] | None = None
    """For ce: computes what lies between values and losses, for the rows that show it."""

    @property
    def size(self) -> int:
        """The number of rows."""
        return self.batch.size

    @property
    def worked(self) -> Working:
        """What lies between the values and the losses."""
        if self.working is not None:
            return self.working(self.batch)
        assert self.probs is not None
        return Working(self.probs)

    def take(self, row: int) -> Outcome:
        """The outcome of its `row`-th row alone."""
        whole = ("batch", "working")
        alone = {name: one_row(part, row) for name, part in vars(self).items() if name not in whole}
        return Outcome(batch=self.batch.take(row), working=self.working, **alone)


@dataclass(frozen=True)
class Groups(Item):
    """What the rows of each group add up to; G groups, ranked by their loss."""

    keys: Sequence[tuple[str, ...]]
    """G texts for each column of `Header.by`."""
    total: int
    """How many groups there are in all."""
    rows: Integers
    """Shape (G,): how many of a group's rows count."""
    loss: Floats
    """Shape (G,): reduced as the whole is, the mean where the whole is not reduced; nats."""
    share: Floats
    """Shape (G,): the group's part of the numerator; NaN where it is none."""
    accuracy: Floats
    """Shape (G,): of rows; NaN where no row counts."""
    cell_accuracy: Floats | None = None
    """The same of cells, for bce with several."""

    @property
    def size(self) -> int:
        """The number of groups."""
        return len(self.keys)

    def first(self, count: int) -> Groups:
        """The first so many of them."""
        arrays = {name: part[:count] for name, part in vars(self).items() if hasattr(part, "ndim")}
        return replace(self, keys=self.keys[:count], **arrays)


@dataclass(frozen=True)
class Report(Item):
    """The summary of a run, ready to be shown. Losses are in nats."""

    header: Header
    loss: float | None
    """The reduced loss; None under ``reduction="none"``."""
    numerator: float
    denominator: float
    denominator_is: str
    rows_given: int
    rows_used: int
    rows_ignored: int
    cells_given: int | None
    cells_used: int | None
    cells_ignored: int | None
    mean: float | None
    """numerator / denominator, whatever the reduction."""
    mean_by_count: float | None
    """numerator / rows (bce: cells), where the denominator is a sum of weights."""
    floor: float | None
    """For soft targets the mean of their entropies: no prediction has a lower loss."""
    excess: float | None
    """mean − floor: the mean KL divergence of the predictions from the targets."""
    correct: int
    """Rows whose prediction is right (every cell, for bce)."""
    cells_correct: int | None
    label_entropy: float | None
    """Entropy of the label distribution: the loss of a model that knows only the shares."""
    chance: float
    """ln C for ce, ln 2 for bce."""
    target_form: str
    """How the target was understood, in words."""
    backend: str
    """What computed the numbers."""
    version: str


@dataclass
class Meter:
    """What a run has done so far: the run writes, whoever shows it reads."""

    read: int = 0
    """Bytes of input, as they are stored."""
    total: int | None = None
    """How many there are, where that is known."""
    written: int = 0
    rows: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each stage took, all its threads together."""
    threads: int = 1

    def spend(self, stage: str, seconds: float) -> None:
        """Add to a stage; only one thread does."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


def row_name(batch: Batch, row: int) -> str:
    """What a row is called where several are listed."""
    if batch.lines is not None:
        return str(batch.lines[row])
    if batch.coordinates is not None:
        return "(" + ",".join(map(str, batch.coordinates[row])) + ")"
    return str(batch.start + row)
