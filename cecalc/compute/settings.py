"""What the computing of a batch is told."""

from __future__ import annotations

from dataclasses import dataclass

from cecalc.model import Batch, Floats
from cecalc.terms import IGNORE_INDEX, Kind, NanPolicy, Reduction, Task


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
    unchecked: bool
    """Whether to compute as torch does where the rules refuse."""
    nan: NanPolicy

    @property
    def ignored(self) -> float:
        """The class index that leaves a row out."""
        return IGNORE_INDEX if self.ignore_index is None else self.ignore_index

    def rows_weighted(self, batch: Batch) -> list[int]:
        """How many rows there are weights for, where each row of the input has its own."""
        weights = (self.weight, self.pos_weight)
        return [w.shape[0] for w in weights if w is not None and has_row_axis(w, batch)]


def has_row_axis(weight: Floats, batch: Batch) -> bool:
    """Whether a weight of the cells differs from row to row."""
    return weight.ndim == len(batch.cell_shape) + 1 and weight.shape[0] > 1
