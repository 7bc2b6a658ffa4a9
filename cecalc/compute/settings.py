"""What the computing of a batch is told."""

from __future__ import annotations

from dataclasses import dataclass

from cecalc.losses.rules import Leniency
from cecalc.model import Floats
from cecalc.terms import IGNORE_INDEX, Kind, Reduction, Task


@dataclass(frozen=True)
class Settings:
    """The options of a run, with every default filled in."""

    task: Task
    kind: Kind
    reduction: Reduction
    ignore_index: float | None
    label_smoothing: float
    weight: Floats | None
    """For ce shape (C,); for bce broadcastable to the cells."""
    pos_weight: Floats | None
    clamp: bool
    log: bool
    lenient: Leniency

    @property
    def ignored(self) -> float:
        """The class index that leaves a row out."""
        return IGNORE_INDEX if self.ignore_index is None else self.ignore_index
