"""What is read: rows in batches, and what holds for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self, TypeAlias

from cecalc.errors import CecalcError
from cecalc.notices import Notices
from cecalc.request import LossOptions, Rank
from cecalc.terms import Kind, Reduction, TargetForm, Task

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cecalc.join import IdJoin

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


class Item:
    """What a run hands to a view: one header; outcomes or groups; a report; or a room's own."""

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
    has_class_weight: bool
    """Whether a row counts in the denominator with the weight of its class."""
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
    def has_row_weight(self) -> bool:
        """Whether rows count in the denominator with a weight."""
        return self.has_sample_weight or self.has_class_weight

    @property
    def denominator_is(self) -> str:
        """What the mean divides by."""
        if self.has_row_weight:
            weights = ["class weights"] * self.has_class_weight
            weights += ["sample weights"] * self.has_sample_weight
            return f"sum of {' times '.join(weights)}"
        return "cells" if self.task is Task.BCE else "rows"

    @property
    def is_plain(self) -> bool:
        """Whether a row's loss (or a cell's) is −ln p of its target and nothing else, so that the
        likelihood, the entropy of the target and a guess by shares can be compared with it.
        """
        return not (self.has_weights or self.label_smoothing)

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
class Computed(Item):
    """What every outcome has: a batch, and what was found of its rows.

    Row arrays have shape (N,), losses are in nats.
    """

    batch: Batch
    used: Flags
    """Which rows count."""
    notices: Notices
    """What is worth a word about the batch."""

    @property
    def size(self) -> int:
        """The number of rows."""
        return self.batch.size

    def take(self, row: int) -> Self:
        """What was computed of its `row`-th row alone."""
        alone = {name: part[[row]] for name, part in vars(self).items() if hasattr(part, "ndim")}
        return replace(self, batch=self.batch.take(row), **alone)


@dataclass(frozen=True)
class ComputedLosses(Computed):
    """What every outcome of a loss has."""

    loss: Floats
    """Weighted, as torch's ``reduction="none"``; NaN where ignored."""
    loss_unweighted: Floats
    """Without any weight."""
    weight: Floats | None
    """The weight of each row in the denominator, where rows have weights."""
    correct: Flags
    """For bce: every counted cell is right."""


class Working(NamedTuple):
    """What lies between the values of some rows and their cross-entropy, each of shape (N, C)."""

    probs: Floats
    surprisal: Floats
    """−ln p of each class, nats."""


@dataclass(frozen=True)
class RowLosses(ComputedLosses):
    """A batch under cross-entropy: one loss per row."""

    prediction: Integers
    """The class of the largest value, the first on ties."""
    p_prediction: Floats
    p_target: Floats
    """Probability of the target's class; of its largest class for distributions."""
    target_class: Integers
    """The target's class, or its largest; −1 where ignored."""
    working: Callable[[Batch], Working]
    """Computes what lies between values and losses, for the rows that show it."""

    @property
    def probs(self) -> Floats:
        """Shape (N, C): softmax of the values."""
        return self.working(self.batch).probs

    @property
    def surprisal(self) -> Floats:
        """Shape (N, C): −ln p of each class, nats."""
        return self.working(self.batch).surprisal


@dataclass(frozen=True)
class CellLosses(ComputedLosses):
    """A batch under binary cross-entropy: one loss per cell, and what a row makes of its cells.

    The target's class, the prediction and their probabilities are those of a row of one cell.
    """

    cell_loss: Floats
    """Shape (N, M); NaN where ignored."""
    cell_unweighted: Floats
    """Shape (N, M)."""
    cell_used: Flags
    """Shape (N, M)."""
    cell_labels: Floats | None
    """Shape (N, M, 2), under weights: the factors of −ln(1 − p) and −ln p; 0 where ignored."""
    cell_correct: Flags
    """Shape (N, M): p ≥ 0.5 exactly where the target is."""
    probs: Floats
    """Shape (N, M): sigmoid of the values."""

    @property
    def prediction(self) -> Integers:
        """0 or 1."""
        return (self.probs[:, 0] >= 0.5).astype("int64")

    @property
    def target_class(self) -> Integers:
        """0 or 1; −1 where ignored."""
        truth = (self.batch.truth[:, 0] >= 0.5).astype("int64")
        truth[~self.used] = -1
        return truth

    @property
    def p_prediction(self) -> Floats:
        """Probability of the prediction."""
        return abs(self.probs[:, 0] - (1 - self.prediction))

    @property
    def p_target(self) -> Floats:
        """Probability of the target's class; NaN where ignored."""
        p = abs(self.probs[:, 0] - (1 - self.target_class))
        p[~self.used] = float("nan")
        return p


@dataclass(frozen=True)
class Activations(Computed):
    """The softmax or sigmoid of a batch."""

    probs: Floats
    """Shape (N, C); their logarithms where those are asked for."""


Losses = RowLosses | CellLosses
"""What is computed of a batch under a loss."""
Outcome = RowLosses | CellLosses | Activations
"""What is computed of a batch."""


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


def row_name(batch: Batch, row: int) -> str:
    """What a row is called where several are listed: its line, or its number in its file."""
    if batch.lines is not None:
        return str(batch.lines[row])
    if batch.coordinates is None:
        return str(batch.start - batch.earlier + row)
    first, *rest = batch.coordinates[row]
    return f"({','.join(map(str, (first - batch.earlier, *rest)))})"
