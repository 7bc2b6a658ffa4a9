"""Softmax and sigmoid of a batch."""

from __future__ import annotations

from typing import cast

import numpy as np

from cecalc.compute.backend import Backend, RoundedBackend
from cecalc.compute.layout import Layout, layout_of
from cecalc.compute.settings import Noted, Settings
from cecalc.losses import activations, checks
from cecalc.model import Batch, Floats, Outcome
from cecalc.terms import Task


def activated(batch: Batch, settings: Settings, backend: Backend) -> Noted:
    """Probabilities of a batch of logits, or their logarithms."""
    everything = np.ones(batch.size, dtype=bool)
    if settings.task is Task.SOFTMAX:
        checks.ce_logits(batch.values, everything, settings.lenient)
    else:
        checks.bce_logits(batch.values, np.ones(batch.values.shape, dtype=bool), settings.lenient)
    probs = _activation(batch, settings, backend)
    return Noted(Outcome(batch, everything, probs=probs))


def native_softmax(
    logits: Floats, layout: Layout | None, backend: RoundedBackend, *, log: bool
) -> Floats:
    """Torch's own softmax of rows, or its logarithm, as it is where they lie."""
    if layout is None:
        return backend.softmax(logits, log=log)
    return layout.gathered(backend.softmax(layout.spread(logits), log=log))


def _activation(batch: Batch, settings: Settings, backend: Backend) -> Floats:
    logits, is_softmax = batch.values, settings.task is Task.SOFTMAX
    if isinstance(backend, RoundedBackend):
        if is_softmax:
            return native_softmax(logits, layout_of(batch), backend, log=settings.log)
        return backend.sigmoid(logits, log=settings.log)
    function = {
        (True, False): activations.softmax,
        (True, True): activations.log_softmax,
        (False, False): activations.sigmoid,
        (False, True): activations.log_sigmoid,
    }[is_softmax, settings.log]
    return cast("Floats", backend.numpy(function(backend.array(logits))))
