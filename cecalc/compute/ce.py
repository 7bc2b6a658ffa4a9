"""Cross-entropy of a batch: one loss per row."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from cecalc.compute.backend import Backend, RoundedBackend, in_pieces
from cecalc.compute.operation import Operation, Placement, layout_of, places_of, softmax
from cecalc.errors import DataError
from cecalc.items import RowLosses, Working
from cecalc.losses import activations, checks, cross_entropy
from cecalc.losses.stable import at, namespace, normaliser, weighted
from cecalc.model import Batch, Flags, Floats, Integers
from cecalc.notices import Notices
from cecalc.terms import Kind

SURPRISAL = {
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


_ONE_CLASS = "one class: cross-entropy over it is 0 whatever the value"


class CrossEntropy(Operation[RowLosses]):
    """The loss of rows."""

    WIDENED = frozenset({Kind.LOGITS})

    def _outcome(self, batch: Batch) -> RowLosses:
        """A batch under cross-entropy: one loss per row."""
        classes, settings = batch.values.shape[1], self.settings
        if classes == 1 and not settings.request.unchecked:
            hint = "one score per row against 0/1 targets is bce; more classes need one each"
            if batch.truth.ndim == 1 and not batch.truth.any():
                hint = f"a contrastive loss of one pair is 0 (cecalc why '#40'); {hint}"
                raise DataError(_ONE_CLASS, hint=hint)
            raise DataError(_ONE_CLASS, hint=hint, ways=(("bce",),))
        target: Any = batch.truth
        if target.ndim == 1:
            target, used = checks.index_target(target, classes, settings.ignored)
            true_class, notices = target, Notices()
        else:
            true_class, used = target.argmax(axis=-1), np.ones(batch.size, dtype=bool)
            notices = Notices() if settings.request.unchecked else checks.distribution(target)
        given, batch = batch, self._clipped(batch)
        rows = self._rows(batch, target, true_class)
        notices = notices.merge(self._checked(given, used, rows))
        losses = [rows.loss]
        if batch.sample_weight is not None:
            losses = [weighted(batch.sample_weight, rows.loss)]
        if settings.weight is not None or batch.sample_weight is not None:
            losses.append(rows.unweighted)
        losses = [np.where(used, loss, np.nan) for loss in losses]
        return RowLosses(
            batch=batch,
            used=used,
            notices=notices,
            loss=losses[0],
            loss_unweighted=losses[-1],
            weight=self._row_weight(batch, target),
            correct=used & (rows.prediction == true_class),
            prediction=rows.prediction,
            p_prediction=rows.p_prediction,
            p_target=np.where(used, rows.p_target, np.nan),
            target_class=np.where(used, true_class, -1),
            working=self._working,
        )

    def _rows(self, batch: Batch, target: Any, true_class: Integers) -> _Rows:
        """The rows in pieces that fit the cache or the device."""
        arrays = batch.values, target, true_class
        if isinstance(self.backend, RoundedBackend) and self.settings.kind is Kind.LOGITS:
            native = partial(self._native, self.backend, math.prod(batch.extents))
            return in_pieces(native, [*arrays, places_of(batch)], self.backend)
        if self._is_lean(target):
            return self._own(*arrays)
        return in_pieces(self._own, arrays, self.backend)

    def _checked(self, batch: Batch, used: Flags, rows: _Rows) -> Notices:
        """Refuse predictions that break a rule; what is worth a word about the others."""
        values, settings = batch.values, self.settings
        if settings.kind is not Kind.LOGITS:
            if settings.request.unchecked:
                return Notices()
            if settings.kind is Kind.PROBS:
                infinite = int(np.count_nonzero(used & np.isinf(rows.unweighted)))
                notices = checks.class_probs(values, used, settings.request.clip)
                return replace(notices, infinite=infinite)
            return checks.class_log_probs(values, used)
        if not (settings.request.unchecked or np.isfinite(rows.peak).all()):
            checks.ce_logits(values, used, settings.request.input.nan)
        if not self._needs_all(batch.truth):
            return Notices()
        smoothing = settings.label_smoothing
        shares = np.full(values.shape[1], smoothing)
        if batch.truth.ndim == 2:
            shares = cross_entropy.smoothed_distribution(batch.truth, smoothing)
        if settings.weight is not None:
            shares = shares * settings.weight
        return checks.notes_ce(values, shares, used, smoothing)

    def _needs_all(self, target: Any) -> bool:
        """Whether a row's loss depends on the surprisals of all its classes."""
        return bool(target.ndim == 2 or self.settings.label_smoothing > 0)

    def _is_lean(self, target: Any) -> bool:
        """Whether only the normaliser looks at all classes: on NumPy it widens and cuts."""
        return type(self.backend) is Backend and not self._needs_all(target)

    def _own(self, values: Floats, target: Any, true_class: Integers) -> _Rows:
        """The rows on the backend, by our own formulas."""
        backend, kind, needs_all = self.backend, self.settings.kind, self._needs_all(target)
        array = values if self._is_lean(target) else backend.array(values)
        index = backend.array(true_class)
        mixed = backend.array(target) if target is not true_class else index
        if kind is Kind.LOGITS:
            row = normaliser(array)
            peak, prediction = row.peak, row.prediction
            p_prediction = 1.0 / (1.0 + row.tail)
            p_target = activations.softmax_at(array, index, row)
            own = partial(cross_entropy.surprisal_at, array, index, row)
        else:
            prediction = array.argmax(-1)
            peak, true_value = at(array, prediction), at(array, index)
            p_prediction, p_target = (probability(v, kind) for v in (peak, true_value))
            own = partial(SURPRISAL[kind], true_value)
        surprisal = SURPRISAL[kind](array) if needs_all else own()
        mixture = partial(_mixture, surprisal, mixed, self.settings.label_smoothing)
        unweighted = loss = mixture(backend.array(np.ones(values.shape[1])))
        if self.settings.weight is not None:
            loss = mixture(backend.array(self.settings.weight))
        found = (unweighted, loss, prediction, p_prediction, p_target, peak)
        return _Rows(*map(backend.numpy, found))

    def _native(
        self,
        backend: RoundedBackend,
        positions: int,
        values: Floats,
        target: Any,
        true_class: Integers,
        places: Integers | None,
    ) -> _Rows:
        """The rows by torch's own loss, which rounds as torch does."""
        layout = None if places is None else Placement.of(places, positions)
        arrays = (x if layout is None else layout.spread(x) for x in (values, target))
        options = {"label_smoothing": self.settings.label_smoothing, "reduction": "none"}
        loss_of = partial(backend.functional, "cross_entropy", *arrays, **options)
        unweighted = loss = loss_of()
        if self.settings.weight is not None:
            loss = loss_of(weight=self.settings.weight)
        if layout is not None:
            unweighted, loss = layout.gathered(unweighted), layout.gathered(loss)
        prediction = values.argmax(axis=-1)
        probs = softmax(values, layout, backend, log=False)
        p_prediction, p_target = at(probs, prediction), at(probs, true_class)
        return _Rows(unweighted, loss, prediction, p_prediction, p_target, at(values, prediction))

    def _working(self, batch: Batch) -> Working:
        """What stands between the values of a few rows and their losses."""
        values, kind, backend = batch.values, self.settings.kind, self.backend
        if kind is not Kind.LOGITS:
            probs = backend.of(partial(probability, kind=kind), values)
            return Working(probs, backend.of(SURPRISAL[kind], values))
        layout = layout_of(batch)
        probs = softmax(values, layout, backend, log=False)
        if isinstance(backend, RoundedBackend):
            return Working(probs, -softmax(values, layout, backend, log=True))
        return Working(probs, backend.of(SURPRISAL[kind], values))

    def _row_weight(self, batch: Batch, target: Any) -> Floats | None:
        """What each row counts in the denominator: torch divides by weights of class indices."""
        if self.settings.weight is None or target.ndim == 2:
            return batch.sample_weight
        by_class: Floats = self.settings.weight[target]
        return by_class if batch.sample_weight is None else by_class * batch.sample_weight


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


def probability(values: Any, kind: Kind) -> Any:
    """The probabilities that are given, or whose logarithms are."""
    return values if kind is Kind.PROBS else namespace(values).exp(values)
