"""Softmax and sigmoid of a batch."""

from __future__ import annotations

import numpy as np

from cecalc.compute.backend import Backend, RoundedBackend
from cecalc.compute.layout import Placement, layout_of
from cecalc.compute.operation import Operation
from cecalc.losses import activations, checks
from cecalc.model import Activations, Batch, Floats
from cecalc.notices import Notices
from cecalc.terms import Task


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
