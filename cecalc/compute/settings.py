"""What the computing of a batch is told, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cecalc.losses.rules import Leniency, Notices
from cecalc.model import Floats, Outcome
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


@dataclass(frozen=True)
class Noted:
    """An outcome, and what is worth a word about its batch."""

    outcome: Outcome
    notices: Notices = field(default_factory=Notices)
    beside: Any = None
    """What else was computed of its rows, where something was: their outcome under the other loss,
    or what recipes are made of.
    """
