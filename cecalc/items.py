"""What a run hands to a view: a header, what was computed of each block, groups, a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from cecalc.model import Batch, Flags, Floats, Integers, Schema
from cecalc.notices import Notices
from cecalc.request import Rank
from cecalc.terms import Reduction, TargetForm, Task


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
    worst: tuple[str, float] | None = None
    """The group of the highest loss, be it among these or not: its key, and the loss in nats."""

    @property
    def size(self) -> int:
        """The number of groups."""
        return len(self.keys)

    def first(self, count: int) -> Groups:
        """The first so many of them."""
        arrays = {name: part[:count] for name, part in vars(self).items() if hasattr(part, "ndim")}
        return replace(self, keys=self.keys[:count], **arrays)


@dataclass(frozen=True)
class Pictured(Item):
    """What pictures show of the rows that count; of the cells, where a row has several."""

    STEPS = 8
    """How many steps losses have from one to twice as much."""
    LEAST, MOST = 2.0**-20, 2.0**1000
    """Lower losses count as the one, higher ones as the other, nats."""

    losses: Mapping[int, int]
    """How many losses, without weights, are on each step k: from 2**(k/8) to 2**((k+1)/8) nats."""
    unbounded: int
    """How many are infinite."""
    bins: Floats
    """Shape (3, 15), for p from 0 to 1 (of the prediction, for bce of 1) in equal bins (lo, hi]:
    how many, the sum of p, and how many are right (for bce: are 1).
    """
    classes: Groups
    """Mean loss and accuracy by the class of the target, the highest loss first."""


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
    signature: str = ""
    """What the loss depends on, on a line; equal ones mean comparable losses."""
