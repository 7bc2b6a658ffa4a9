"""One batch under both losses: each row's target as a number for each logit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cecalc.backend import Backend
from cecalc.compute import outcome_of
from cecalc.compute.settings import Noted, Settings
from cecalc.losses.rules import are_one
from cecalc.records import Batch, Outcome, Task

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats

_IGNORED = -100.0
"""The target of the cells of ignored rows, whatever the rows' own was: 1 may be ignored too."""


def both_of(batch: Batch, settings: Settings, backend: Backend) -> Noted:
    """The outcome under binary cross-entropy and, `beside`, under cross-entropy.

    A class index becomes its one-hot row. Rows of targets that do not sum to 1 are not used under
    cross-entropy; for one logit there is none.

    Raises
    ------
    cecalc.losses.rules.BrokenRule : rows break a rule of either
    """
    assert batch.target is not None
    target, classes = batch.target, batch.values.shape[1]
    if classes == 1:
        cells = replace(settings, task=Task.BCE, ignore_index=settings.ignored)
        return outcome_of(replace(batch, target=target.reshape(-1, 1)), cells, backend)
    if target.ndim == 1:
        ce = outcome_of(batch, settings, backend)
        cells = replace(settings, task=Task.BCE, ignore_index=_IGNORED)
        bce = outcome_of(replace(batch, target=_one_hot(ce.outcome, classes)), cells, backend)
        return Noted(bce.outcome, ce.notices, ce.outcome)
    cells = replace(settings, task=Task.BCE, ignore_index=None)
    bce = outcome_of(batch, cells, backend)
    ce = _of_distributions(batch, settings, backend)
    return Noted(bce.outcome, ce.notices, ce.outcome)


def sums_to_one(target: Floats) -> Flags:
    """Which rows of a target of shape (N, C) are distributions, within the tolerance of `ce`."""
    return are_one(target.sum(axis=-1))


def _one_hot(outcome: Outcome, classes: int) -> Floats:
    index = outcome.target_class
    assert index is not None
    one_hot = (index[:, None] == np.arange(classes)).astype(np.float64)
    return np.where(outcome.used[:, None], one_hot, _IGNORED)


def _of_distributions(batch: Batch, settings: Settings, backend: Backend) -> Noted:
    """Cross-entropy of the rows that have one; the others' place is kept."""
    assert batch.target is not None
    counts = sums_to_one(batch.target)
    values = np.where(counts[:, None], batch.values, 0.0)
    target = np.where(counts[:, None], batch.target, 1.0 / batch.target.shape[1])
    noted = outcome_of(replace(batch, values=values, target=target), settings, backend)
    assert noted.outcome.loss is not None
    loss = np.where(counts, noted.outcome.loss, np.nan)
    return Noted(replace(noted.outcome, used=counts, loss=loss), noted.notices)
