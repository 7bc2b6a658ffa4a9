"""What every computation of a batch has in common: the way there, and what may go in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np

from cecalc.compute.backend import Backend, RoundedBackend
from cecalc.compute.settings import Settings
from cecalc.losses import checks
from cecalc.model import Batch, Outcome

Result_co = TypeVar("Result_co", bound=Outcome, covariant=True)


@dataclass(frozen=True)
class Operation(Generic[Result_co]):
    """A loss or an activation, on a backend."""

    settings: Settings
    backend: Backend

    @property
    def is_of_stored(self) -> bool:
        """Whether it widens values itself that are stored as float32 or float16."""
        return False

    @np.errstate(over="ignore", invalid="ignore")  # inf and nan are results like any other
    def __call__(self, batch: Batch) -> Result_co:
        """The outcome of a batch.

        Raises
        ------
        cecalc.losses.rules.BrokenRule : rows break a rule
        """
        if isinstance(self.backend, RoundedBackend):
            batch = replace(batch, values=self.backend.of(lambda values: values, batch.values))
        elif not self.is_of_stored:
            batch = replace(batch, values=batch.values.astype(np.float64, copy=False))
        checks.sample_weight(batch.sample_weight)
        with self.backend.working():
            return self._outcome(batch)

    def _outcome(self, batch: Batch) -> Result_co:
        raise NotImplementedError
