"""What one batch becomes: its rules checked, its losses computed on the backend."""

from __future__ import annotations

from cecalc.compute.backend import Backend
from cecalc.compute.bce import BinaryCrossEntropy
from cecalc.compute.ce import CrossEntropy
from cecalc.compute.operation import Activation, Operation, Settings
from cecalc.items import Outcome
from cecalc.model import Batch
from cecalc.terms import Task

__all__ = ["BinaryCrossEntropy", "CrossEntropy", "Settings", "outcome_of"]


def outcome_of(batch: Batch, settings: Settings, backend: Backend) -> Outcome:
    """The outcome of a batch under what is asked for; raises as an `Operation`."""
    operations: dict[Task, type[Operation[Outcome]]]
    operations = {Task.CE: CrossEntropy, Task.BCE: BinaryCrossEntropy}
    return operations.get(settings.task, Activation)(settings, backend)(batch)
