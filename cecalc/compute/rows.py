"""Cross-entropy of a batch: one loss per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cecalc.backend import Backend, RoundedBackend
from cecalc.compute.settings import Noted, Settings
from cecalc.errors import DataError
from cecalc.losses import activations, cross_entropy, prediction_checks, target_checks
from cecalc.losses.stable import weighted
from cecalc.records import Batch, Kind, Outcome

if TYPE_CHECKING:
    from cecalc.records import Flags, Floats, Integers


def cross_entropy_of(batch: Batch, settings: Settings, backend: Backend) -> Noted:
    """The outcome of a batch under cross-entropy: one loss per row."""
    assert batch.target is not None
    values, lenient = batch.values, settings.lenient
    index: Integers | None = None
    if values.shape[1] == 1 and not lenient.unchecked:
        raise DataError(
            "one class: cross-entropy over it is 0 whatever the value",
            hint="one score per row against 0/1 targets is bce",
        )
    if batch.target.ndim == 1:
        index, used = target_checks.index_target(batch.target, values.shape[1], settings.ignored)
        notes = []
    else:
        used = np.ones(batch.size, dtype=bool)
        notes = target_checks.distribution(batch.target, lenient)
    if settings.kind is Kind.LOGITS:
        prediction_checks.ce_logits(values, used, lenient)
        shares = _shares(batch, settings)
        if shares is not None:
            notes += prediction_checks.notes_ce(values, shares, used, settings.label_smoothing)
    elif settings.kind is Kind.PROBS:
        notes += prediction_checks.class_probs(values, used, lenient)
    else:
        notes += prediction_checks.class_log_probs(values, used, lenient)
    target = batch.target if index is None else index
    mixture = _Mixture(values, target, settings, backend)
    loss, unweighted = _row_losses(mixture, batch.sample_weight, settings.weight)
    probs = _class_probs(values, settings.kind, backend)
    outcome = Outcome(
        batch=batch,
        used=used,
        loss=np.where(used, loss, np.nan),
        loss_unweighted=None if unweighted is None else np.where(used, unweighted, np.nan),
        weight=_row_weight(batch, index, settings),
        surprisal=mixture.surprisals(),
        **_predicted(values, probs, target, used),
    )
    return Noted(outcome, tuple(notes))


def _shares(batch: Batch, settings: Settings) -> Floats | None:
    """The share every class has in the loss; None where only the target's own has one."""
    smoothing, shape = settings.label_smoothing, batch.values.shape
    weight = np.ones(shape[1]) if settings.weight is None else settings.weight
    if batch.target is not None and batch.target.ndim == 2:
        shares: Floats = cross_entropy.smoothed_distribution(batch.target, smoothing) * weight
        return shares
    return np.broadcast_to(smoothing * weight, shape) if smoothing else None


def _row_losses(
    mixture: _Mixture, sample_weight: Floats | None, weight: Floats | None
) -> tuple[Floats, Floats | None]:
    """Losses with and without weights, in nats; the second only where there are weights."""
    loss = mixture.loss(weight)
    unweighted = loss if weight is None else mixture.loss(None)
    if sample_weight is not None:
        loss = weighted(sample_weight, loss)
    return loss, unweighted if weight is not None or sample_weight is not None else None


class _Mixture:
    """The surprisals of a batch, to be mixed as the target asks; with weights and without."""

    def __init__(self, values: Floats, target: Any, settings: Settings, backend: Backend) -> None:
        self.values, self.target = values, target
        self.smoothing, self.backend = settings.label_smoothing, backend
        self.is_native = isinstance(backend, RoundedBackend) and settings.kind is Kind.LOGITS
        if not self.is_native:
            surprisal = {
                Kind.LOGITS: cross_entropy.surprisal_from_logits,
                Kind.PROBS: cross_entropy.surprisal_from_probs,
                Kind.LOG_PROBS: cross_entropy.surprisal_from_log_probs,
            }[settings.kind]
            self.surprisal = surprisal(backend.array(values))

    def surprisals(self) -> Floats:
        """−ln p of each class, shape (N, C), nats."""
        if self.is_native and isinstance(self.backend, RoundedBackend):
            return -self.backend.softmax(self.values, log=True)
        return cast("Floats", self.backend.numpy(self.surprisal))

    def loss(self, weight: Floats | None) -> Floats:
        """One value per row, in nats."""
        backend = self.backend
        if self.is_native and isinstance(backend, RoundedBackend):
            return backend.cross_entropy(
                self.values, self.target, weight=weight, label_smoothing=self.smoothing
            )
        weights = backend.array(np.ones(self.values.shape[1]) if weight is None else weight)
        target = backend.array(self.target)
        if target.ndim == 2:
            shares = cross_entropy.smoothed_distribution(target, self.smoothing)
            loss = cross_entropy.of_distribution(self.surprisal, shares * weights[None, :])
        else:
            loss = cross_entropy.smoothed_index(self.surprisal, target, self.smoothing, weights)
        return cast("Floats", backend.numpy(loss))


def _class_probs(values: Floats, kind: Kind, backend: Backend) -> Floats:
    if kind is Kind.PROBS:
        return values
    if kind is Kind.LOG_PROBS:
        return np.exp(values)
    if isinstance(backend, RoundedBackend):
        return backend.softmax(values, log=False)
    return cast("Floats", backend.numpy(activations.softmax(backend.array(values))))


def _predicted(values: Floats, probs: Floats, target: Any, used: Flags) -> dict[str, Any]:
    rows = np.arange(values.shape[0])
    prediction = values.argmax(axis=-1)
    true_class = target if target.ndim == 1 else target.argmax(axis=-1)
    return {
        "prediction": prediction,
        "p_prediction": probs[rows, prediction],
        "p_target": np.where(used, probs[rows, true_class], np.nan),
        "target_class": np.where(used, true_class, -1),
        "correct": used & (prediction == true_class),
        "probs": probs,
    }


def _row_weight(batch: Batch, index: Integers | None, settings: Settings) -> Floats | None:
    """What each row counts in the denominator: torch divides by weights for class indices only."""
    if settings.weight is None or index is None:
        return batch.sample_weight
    by_class: Floats = settings.weight[index]
    return by_class if batch.sample_weight is None else by_class * batch.sample_weight
