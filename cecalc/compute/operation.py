"""What every computation of a batch has in common: what it is told, and what may go in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Generic, TypeVar

import numpy as np

from cecalc.compute.backend import Backend, RoundedBackend
from cecalc.losses import checks
from cecalc.model import Batch, Floats, Outcome
from cecalc.request import Request
from cecalc.terms import IGNORE_INDEX, Kind, Reduction, Task

Result_co = TypeVar("Result_co", bound=Outcome, covariant=True)


@dataclass(frozen=True)
class Settings:
    """The options of a run, with every default filled in."""

    request: Request
    """What is asked, and needs no default of the input's."""
    task: Task
    kind: Kind
    reduction: Reduction
    ignore_index: float | None
    label_smoothing: float
    weight: Floats | None
    """For ce shape (C,); for bce broadcastable to the cells."""
    pos_weight: Floats | None

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


@dataclass(frozen=True)
class Operation(Generic[Result_co]):
    """A loss or an activation, on a backend."""

    WIDENED: ClassVar = frozenset[Kind]()
    """Kinds of values that it widens itself where they are stored as float32 or float16."""

    settings: Settings
    backend: Backend

    @np.errstate(over="ignore", invalid="ignore")  # inf and nan are results like any other
    def __call__(self, batch: Batch) -> Result_co:
        """The outcome of a batch.

        Raises
        ------
        cecalc.losses.checks.BrokenRule : rows break a rule
        """
        if isinstance(self.backend, RoundedBackend):
            batch = replace(batch, values=self.backend.of(lambda values: values, batch.values))
        elif self.settings.kind not in self.WIDENED:
            batch = replace(batch, values=batch.values.astype(np.float64, copy=False))
        checks.sample_weight(batch.sample_weight)
        with self.backend.working():
            return self._outcome(batch)

    def _outcome(self, batch: Batch) -> Result_co:
        raise NotImplementedError

    def _clipped(self, batch: Batch) -> Batch:
        """A batch with its probabilities kept from 0 and 1, where that is asked for."""
        clip = self.settings.request.clip
        if clip is None:
            return batch
        return replace(batch, values=np.clip(batch.values, clip, 1 - clip))
