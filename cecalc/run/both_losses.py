"""Rows under both losses, for commands that look at both: a target as a number for each logit."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from cecalc.compute import BinaryCrossEntropy, CrossEntropy, Settings
from cecalc.compute.backend import Backend
from cecalc.items import CellLosses, RowLosses
from cecalc.losses.checks import are_one
from cecalc.model import Batch, Flags, Floats
from cecalc.request import Inline
from cecalc.run.collectors import Setup
from cecalc.terms import IGNORE_INDEX, Hint, Kind

_IGNORED = IGNORE_INDEX
"""The target of the cells of ignored rows, whatever the rows' own was: 1 may be ignored too."""


@dataclass(frozen=True)
class BothLosses:
    """A batch under both losses."""

    rows: RowLosses | None
    """Rows of targets that do not sum to 1 are not used; None for one logit, which has none."""
    cells: CellLosses
    """What is worth a word of it is what is of the rows."""

    @property
    def each(self) -> list[RowLosses | CellLosses]:
        """Those that there are."""
        return [self.cells] if self.rows is None else [self.rows, self.cells]


def both_of(
    batch: Batch, settings: Settings, backend: Backend, of_cells: Settings | None = None
) -> BothLosses:
    """A batch under both losses; a class index becomes its one-hot row.

    Parameters
    ----------
    of_cells : the options of binary cross-entropy, where they are others

    Raises
    ------
    cecalc.losses.checks.BrokenRule : rows break a rule of either
    """
    target, classes = batch.truth, batch.values.shape[1]

    def cells_of(batch: Batch, ignored: float | None) -> CellLosses:
        asked, given = replace(of_cells or settings, ignore_index=ignored), as_cells(batch)
        if settings.kind is Kind.LOG_PROBS:
            given = replace(given, values=np.minimum(np.exp(batch.values), 1.0))
        cells = BinaryCrossEntropy(asked, backend)(given)
        return replace(cells, batch=replace(cells.batch, values=batch.values))

    if classes == 1:
        return BothLosses(None, cells_of(batch, settings.ignored))
    rows_of = CrossEntropy(settings, backend)
    if target.ndim == 1:
        rows = rows_of(batch)
        cells = cells_of(replace(batch, target=_one_hot(rows, classes)), _IGNORED)
    else:
        cells = cells_of(batch, None)
        rows = _of_distributions(batch, rows_of)
    return BothLosses(rows, replace(cells, notices=rows.notices))


def sums_to_one(target: Floats) -> Flags:
    """Which rows of a target of shape (N, C) are distributions, within the tolerance of `ce`."""
    return are_one(target.sum(axis=-1))


def _one_hot(rows: RowLosses, classes: int) -> Floats:
    one_hot = (rows.target_class[:, None] == np.arange(classes)).astype(np.float64)
    return np.where(rows.used[:, None], one_hot, _IGNORED)


def _of_distributions(batch: Batch, rows_of: CrossEntropy) -> RowLosses:
    """Cross-entropy of the rows that have one; the others' place is kept."""
    counts, classes = sums_to_one(batch.truth), batch.truth.shape[1]
    kind = rows_of.settings.kind
    if kind is not Kind.LOGITS and not counts.all():
        counts[:] = False  # sigmoids, which are no distribution either
    even = {Kind.PROBS: 1.0 / classes, Kind.LOG_PROBS: -math.log(classes)}.get(kind, 0.0)
    values = np.where(counts[:, None], batch.values, even)
    target = np.where(counts[:, None], batch.truth, 1.0 / classes)
    rows = rows_of(replace(batch, values=values, target=target))
    return replace(rows, used=counts, loss=np.where(counts, rows.loss, np.nan))


def unweighted(setup: Setup) -> Setup:
    """The rows without weights of their own; a remark says that there were some."""
    setup = scores_as_rows(setup)
    if setup.first.sample_weight is None:
        return setup
    rule = "explain looks at the loss without the input's sample_weight"
    return setup.changed(lambda batch: replace(batch, sample_weight=None), remarks=(Hint(rule),))


def scores_as_rows(setup: Setup) -> Setup:
    """An array (N,) of scores with a target (N,) as N rows of one score, as `bce` reads it.

    Cross-entropy takes such an array for one row of N classes. It is none if its targets are no
    distribution, and if nothing names the classes.
    """
    schema, first, target = setup.schema, setup.first, setup.first.target
    is_several = schema.is_flat and schema.classes is None
    is_inline = any(isinstance(given, Inline) for given in setup.request.input.values.values())
    if not is_several or is_inline or target is None or first.values.shape[1] == 1:
        return setup
    if target.ndim == 1 or first.coordinates is not None or sums_to_one(target).all():
        return setup
    bare = replace(first, sample_weight=None, target_lines=None)  # which are of the one row
    rows = replace(bare, values=first.values.T, target=target[0])
    return replace(setup, first=rows, blocks=iter([lambda: rows]))


def is_of_classes(first: Batch) -> bool:
    """Whether each row has a class or, as far as can be seen, a distribution."""
    if first.values.shape[1] == 1:
        return False
    return first.truth.ndim == 1 or bool(sums_to_one(first.truth).all())


def as_cells(batch: Batch) -> Batch:
    """A batch that was read for cross-entropy, for binary cross-entropy."""
    target = batch.truth.reshape(batch.values.shape)
    return replace(batch, target=target, cell_shape=batch.values.shape[1:])
