"""What one batch becomes: its rules checked, its losses computed on the backend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cecalc.compute.activation import activated
from cecalc.compute.backend import Backend, RoundedBackend
from cecalc.compute.bce import binary_cross_entropy_of
from cecalc.compute.ce import cross_entropy_of
from cecalc.compute.settings import Noted, Settings
from cecalc.losses import checks
from cecalc.model import Batch
from cecalc.terms import Kind, Task

__all__ = ["Noted", "Settings", "outcome_of"]


@np.errstate(over="ignore", invalid="ignore")  # inf and nan are results like any other
def outcome_of(batch: Batch, settings: Settings, backend: Backend) -> Noted:
    """The outcome of a batch.

    Raises
    ------
    cecalc.losses.rules.BrokenRule : rows break a rule
    """
    if isinstance(backend, RoundedBackend):
        batch = replace(batch, values=backend.rounded(batch.values))
    elif not (settings.task is Task.CE and settings.kind is Kind.LOGITS):
        batch = replace(batch, values=batch.values.astype(np.float64, copy=False))
    checks.sample_weight(batch.sample_weight)
    compute = {Task.CE: cross_entropy_of, Task.BCE: binary_cross_entropy_of}
    with backend.working():
        return compute.get(settings.task, activated)(batch, settings, backend)
