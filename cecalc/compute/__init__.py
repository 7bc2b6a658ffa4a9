"""What one batch becomes: its rules checked, its losses computed on the backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from cecalc.compute.activation import activated
from cecalc.compute.backend import Backend, RoundedBackend
from cecalc.compute.bce import binary_cross_entropy_of
from cecalc.compute.ce import cross_entropy_of
from cecalc.compute.settings import Settings
from cecalc.losses import checks
from cecalc.model import Batch, CellLosses, Outcome, RowLosses
from cecalc.terms import Kind, Task

__all__ = ["Settings", "cell_losses", "outcome_of", "row_losses"]

Result = TypeVar("Result", bound=Outcome)


def outcome_of(batch: Batch, settings: Settings, backend: Backend) -> Outcome:
    """The outcome of a batch under what is asked for.

    Raises
    ------
    cecalc.losses.rules.BrokenRule : rows break a rule
    """
    if settings.task is Task.CE:
        return row_losses(batch, settings, backend)
    if settings.task is Task.BCE:
        return cell_losses(batch, settings, backend)
    return _computed(activated, batch, settings, backend)


def row_losses(batch: Batch, settings: Settings, backend: Backend) -> RowLosses:
    """A batch under cross-entropy; raises as `outcome_of`."""
    return _computed(cross_entropy_of, batch, settings, backend)


def cell_losses(batch: Batch, settings: Settings, backend: Backend) -> CellLosses:
    """A batch under binary cross-entropy; raises as `outcome_of`."""
    return _computed(binary_cross_entropy_of, batch, settings, backend)


@np.errstate(over="ignore", invalid="ignore")  # inf and nan are results like any other
def _computed(
    compute: Callable[[Batch, Settings, Backend], Result],
    batch: Batch,
    settings: Settings,
    backend: Backend,
) -> Result:
    if isinstance(backend, RoundedBackend):
        batch = replace(batch, values=backend.of(lambda values: values, batch.values))
    elif compute is not cross_entropy_of or settings.kind is not Kind.LOGITS:
        batch = replace(batch, values=batch.values.astype(np.float64, copy=False))
    checks.sample_weight(batch.sample_weight)
    with backend.working():
        return compute(batch, settings, backend)
