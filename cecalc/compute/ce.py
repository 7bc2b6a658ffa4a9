"""Cross-entropy of a batch: one loss per row."""

from __future__ import annotations

import math
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from cecalc.compute.activation import softmax
from cecalc.compute.backend import Backend, RoundedBackend, in_pieces
from cecalc.compute.layout import Layout, layout_of, places_of
from cecalc.compute.settings import Settings
from cecalc.errors import DataError
from cecalc.losses import activations, checks, cross_entropy
from cecalc.losses.stable import at, namespace, normaliser, weighted
from cecalc.model import Batch, Flags, Floats, Integers, RowLosses, Working
from cecalc.notices import Notices
from cecalc.terms import Kind

_SURPRISAL = {
    Kind.LOGITS: cross_entropy.surprisal_from_logits,
    Kind.PROBS: cross_entropy.surprisal_from_probs,
    Kind.LOG_PROBS: cross_entropy.surprisal_from_log_probs,
}


class _Rows(NamedTuple):
    """What is computed of rows, each of shape (N,); losses in nats."""

    unweighted: Floats
    loss: Floats
    """With class weights."""
    prediction: Integers
    p_prediction: Floats
    p_target: Floats
    peak: Floats
    """The largest value: NaN or infinite where a row of logits may break a rule."""


def cross_entropy_of(batch: Batch, settings: Settings, backend: Backend) -> RowLosses:
    """A batch under cross-entropy: one loss per row."""
    classes, sample_weight = batch.values.shape[1], batch.sample_weight
    if classes == 1 and not settings.lenient.unchecked:
        raise DataError(
            "one class: cross-entropy over it is 0 whatever the value",
            hint="one score per row against 0/1 targets is bce",
        )
    notices = Notices()
    target: Any = batch.truth
    if target.ndim == 1:
        target, used = checks.index_target(target, classes, settings.ignored)
        true_class = target
    else:
        used = np.ones(batch.size, dtype=bool)
        notices = checks.distribution(target, settings.lenient)
        true_class = target.argmax(axis=-1)
    rows = _rows(batch, target, true_class, settings, backend)
    notices = notices.merge(_prediction_notices(batch, used, rows.peak, settings))
    losses = [rows.loss if sample_weight is None else weighted(sample_weight, rows.loss)]
    if settings.weight is not None or sample_weight is not None:
        losses.append(rows.unweighted)
    losses = [np.where(used, loss, np.nan) for loss in losses]
    return RowLosses(
        batch=batch,
        used=used,
        notices=notices,
        loss=losses[0],
        loss_unweighted=losses[-1],
        weight=_row_weight(batch, target, settings),
        correct=used & (rows.prediction == true_class),
        prediction=rows.prediction,
        p_prediction=rows.p_prediction,
        p_target=np.where(used, rows.p_target, np.nan),
        target_class=np.where(used, true_class, -1),
        working=partial(_working, settings=settings, backend=backend),
    )


def _rows(
    batch: Batch, target: Any, true_class: Integers, settings: Settings, backend: Backend
) -> _Rows:
    """The rows in pieces that fit the cache or the device."""
    arrays = batch.values, target, true_class
    if isinstance(backend, RoundedBackend) and settings.kind is Kind.LOGITS:
        native = partial(_native, extents=batch.extents, settings=settings, backend=backend)
        return in_pieces(native, [*arrays, places_of(batch)], backend)
    compute = partial(_computed, settings=settings, backend=backend)
    if _is_lean(target, settings, backend):
        return compute(*arrays)
    return in_pieces(compute, arrays, backend)


def _prediction_notices(batch: Batch, used: Flags, peak: Floats, settings: Settings) -> Notices:
    """Refuse predictions that break a rule; what is worth a word about the others."""
    values, lenient = batch.values, settings.lenient
    if settings.kind is Kind.PROBS:
        return checks.class_probs(values, used, lenient)
    if settings.kind is Kind.LOG_PROBS:
        return checks.class_log_probs(values, used, lenient)
    if not np.isfinite(peak).all():
        checks.ce_logits(values, used, lenient)
    shares = _shares(batch, settings)
    if shares is None:
        return Notices()
    return checks.notes_ce(values, shares, used, settings.label_smoothing)


def _shares(batch: Batch, settings: Settings) -> Floats | None:
    """The share every class has in the loss; None where only the target's own has one."""
    smoothing, shape = settings.label_smoothing, batch.values.shape
    weight = np.ones(shape[1]) if settings.weight is None else settings.weight
    if batch.truth.ndim == 2:
        shares: Floats = cross_entropy.smoothed_distribution(batch.truth, smoothing) * weight
        return shares
    return np.broadcast_to(smoothing * weight, shape) if smoothing else None


def _needs_all(target: Any, settings: Settings) -> bool:
    """Whether a row's loss depends on the surprisals of all its classes."""
    return target.ndim == 2 or settings.label_smoothing > 0


def _is_lean(target: Any, settings: Settings, backend: Backend) -> bool:
    """Whether only the normaliser looks at all classes: on NumPy it widens, and cuts, by itself."""
    return type(backend) is Backend and not _needs_all(target, settings)


def _computed(
    values: Floats, target: Any, true_class: Integers, *, settings: Settings, backend: Backend
) -> _Rows:
    """The rows on the backend, by our own formulas."""
    needs_all = _needs_all(target, settings)
    array = values if _is_lean(target, settings, backend) else backend.array(values)
    index = backend.array(true_class)
    mixed = backend.array(target) if target is not true_class else index
    if settings.kind is Kind.LOGITS:
        row = normaliser(array)
        peak, prediction = row.peak, row.prediction
        p_prediction = 1.0 / (1.0 + row.tail)
        p_target = activations.softmax_at(array, index, row)
        own = partial(cross_entropy.surprisal_at, array, index, row)
    else:
        prediction = array.argmax(-1)
        peak, true_value = at(array, prediction), at(array, index)
        p_prediction, p_target = (_probability(v, settings.kind) for v in (peak, true_value))
        own = partial(_SURPRISAL[settings.kind], true_value)
    surprisal = _SURPRISAL[settings.kind](array) if needs_all else own()
    mixture = partial(_mixture, surprisal, mixed, settings.label_smoothing)
    unweighted = loss = mixture(backend.array(np.ones(values.shape[1])))
    if settings.weight is not None:
        loss = mixture(backend.array(settings.weight))
    found = (unweighted, loss, prediction, p_prediction, p_target, peak)
    return _Rows(*map(backend.numpy, found))


def _mixture(surprisal: Any, target: Any, smoothing: float, weight: Any) -> Any:
    """One value per row: the surprisals mixed as the target, its smoothing and the weights ask.

    Parameters
    ----------
    surprisal : shape (N, C), or (N,) of the target's class, where that is all there is to it
    target : shape (N,) or (N, C)
    weight : shape (C,)
    """
    if surprisal.ndim == 1:
        return weighted(weight[target], surprisal)
    if target.ndim == 1:
        return cross_entropy.smoothed_index(surprisal, target, smoothing, weight)
    shares = cross_entropy.smoothed_distribution(target, smoothing)
    return cross_entropy.of_distribution(surprisal, shares * weight[None, :])


def _probability(values: Any, kind: Kind) -> Any:
    return values if kind is Kind.PROBS else namespace(values).exp(values)


def _native(
    values: Floats,
    target: Any,
    true_class: Integers,
    places: Integers | None,
    *,
    extents: tuple[int, ...],
    settings: Settings,
    backend: RoundedBackend,
) -> _Rows:
    """The rows by torch's own loss, which rounds as torch does."""
    layout = None if places is None else Layout.of(places, math.prod(extents))
    logits, targets = (x if layout is None else layout.spread(x) for x in (values, target))

    def losses(weight: Floats | None) -> Floats:
        smoothing = settings.label_smoothing
        found = backend.functional(
            "cross_entropy",
            logits,
            targets,
            weight=weight,
            label_smoothing=smoothing,
            reduction="none",
        )
        return found if layout is None else layout.gathered(found)

    unweighted = loss = losses(None)
    if settings.weight is not None:
        loss = losses(settings.weight)
    prediction = values.argmax(axis=-1)
    probs = softmax(values, layout, backend, log=False)
    p_prediction, p_target = at(probs, prediction), at(probs, true_class)
    return _Rows(unweighted, loss, prediction, p_prediction, p_target, at(values, prediction))


def _working(batch: Batch, *, settings: Settings, backend: Backend) -> Working:
    """What stands between the values of a few rows and their losses."""
    values, kind = batch.values, settings.kind
    if kind is not Kind.LOGITS:
        probs = backend.of(partial(_probability, kind=kind), values)
        return Working(probs, backend.of(_SURPRISAL[kind], values))
    layout = layout_of(batch)
    probs = softmax(values, layout, backend, log=False)
    if isinstance(backend, RoundedBackend):
        return Working(probs, -softmax(values, layout, backend, log=True))
    return Working(probs, backend.of(_SURPRISAL[kind], values))


def _row_weight(batch: Batch, target: Any, settings: Settings) -> Floats | None:
    """What each row counts in the denominator: torch divides by weights for class indices only."""
    if settings.weight is None or target.ndim == 2:
        return batch.sample_weight
    by_class: Floats = settings.weight[target]
    return by_class if batch.sample_weight is None else by_class * batch.sample_weight
