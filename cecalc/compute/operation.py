"""What every computation of a batch has in common: what it is told, and what may go in; and softmax
and sigmoid, which are asked for alone and are part of the losses.

Torch's kernels round by the place of a row in (N, C, d1, …) as well as by the row: see `Placement`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from cecalc.compute.backend import Backend, RoundedBackend
from cecalc.items import Activations, Outcome
from cecalc.losses import activations, checks
from cecalc.model import Batch, Floats, Integers
from cecalc.notices import Notices
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


_STEP = 256
"""A multiple of how many positions any kernel works on at once."""


@dataclass(frozen=True)
class Placement:
    """Some rows in an array of shape (N, C, D), as much of it as decides how they are rounded.

    Kernels go over the D positions of a sample in strides of a fixed width, and over what is left
    at the end one by one. Whole strides before and behind the rows can be left out.
    """

    sample: Integers
    """Shape (R,): the number of each row's sample, among those that are there."""
    position: Integers
    """Shape (R,): where in its sample a row is, from the first position that is there."""
    shape: tuple[int, int]
    """How many samples and positions are there."""

    @classmethod
    def of(cls, places: Integers, positions: int) -> Placement:
        """The layout of rows.

        Parameters
        ----------
        places : shape (R,), n·D + d of each row
        positions : D

        Examples
        --------
        >>> Placement.of(np.asarray([7, 8]), 4).shape
        (2, 4)
        >>> Placement.of(np.asarray([300, 301]), 2000).shape
        (1, 464)
        """
        sample, position = np.divmod(places, positions)
        before = int(position.min()) // _STEP * _STEP
        behind = max(0, (positions - 1 - int(position.max())) // _STEP - 1) * _STEP
        samples, number = np.unique(sample, return_inverse=True)
        return cls(number, position - before, (samples.size, positions - before - behind))

    def spread(self, rows: Any) -> Any:
        """Rows of shape (R,) or (R, C) at their places: (N, D) or (N, C, D), 0 between them."""
        samples, positions = self.shape
        spread = np.zeros((samples, *rows.shape[1:], positions), dtype=rows.dtype)
        spread[self.sample, ..., self.position] = rows
        return spread

    def gathered(self, spread: Floats) -> Floats:
        """The rows of what `spread` made, or a loss of it."""
        rows: Floats = spread[self.sample, ..., self.position]
        return rows


def places_of(batch: Batch) -> Integers | None:
    """The place n·D + d of each row of K-dimensional input; None of rows that lie one by one."""
    if batch.coordinates is None or not batch.extents:
        return None
    sample, *position = batch.coordinates.T
    inside = np.ravel_multi_index(tuple(position), batch.extents)
    places: Integers = sample * math.prod(batch.extents) + inside
    return places


def layout_of(batch: Batch) -> Placement | None:
    """The layout of all rows of a batch."""
    places = places_of(batch)
    return None if places is None else Placement.of(places, math.prod(batch.extents))


class Activation(Operation[Activations]):
    """Softmax or sigmoid."""

    def _outcome(self, batch: Batch) -> Activations:
        """Probabilities of a batch of logits, or their logarithms."""
        logits, settings, log = batch.values, self.settings, self.settings.request.log
        everything, is_softmax = np.ones(batch.size, dtype=bool), settings.task is Task.SOFTMAX
        if not settings.request.unchecked:
            check = checks.ce_logits if is_softmax else checks.bce_logits
            check(logits, everything, settings.request.input.nan)
        if is_softmax:
            probs = softmax(logits, layout_of(batch), self.backend, log=log)
        else:
            probs = sigmoid(logits, self.backend, log=log)
        return Activations(batch, everything, Notices(), probs)


def softmax(logits: Floats, layout: Placement | None, backend: Backend, *, log: bool) -> Floats:
    """The softmax of rows, or its logarithm; where torch rounds it, as it does where they lie."""
    if not isinstance(backend, RoundedBackend):
        return backend.of(activations.log_softmax if log else activations.softmax, logits)
    name = "log_softmax" if log else "softmax"
    if layout is None:
        return backend.functional(name, logits, dim=1)
    return layout.gathered(backend.functional(name, layout.spread(logits), dim=1))


def sigmoid(logits: Floats, backend: Backend, *, log: bool) -> Floats:
    """The sigmoid of each logit, or its logarithm."""
    if isinstance(backend, RoundedBackend):
        return backend.functional("logsigmoid" if log else "sigmoid", logits)
    return backend.of(activations.log_sigmoid if log else activations.sigmoid, logits)
