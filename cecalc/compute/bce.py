"""Binary cross-entropy of a batch: one loss per cell, and what a row makes of its cells."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np

from cecalc.compute.backend import Backend, RoundedBackend, in_pieces
from cecalc.compute.settings import Noted, Settings
from cecalc.losses import activations, binary_cross_entropy, checks
from cecalc.losses.rules import Notices
from cecalc.losses.stable import tree_sum, weighted
from cecalc.model import Batch, Flags, Floats, Outcome
from cecalc.terms import Kind, Reduction


def binary_cross_entropy_of(batch: Batch, settings: Settings, backend: Backend) -> Noted:
    """The outcome of a batch under binary cross-entropy: one loss per cell."""
    assert batch.target is not None
    values, target = batch.values, batch.target
    used, notices = _checked(values, target, settings)
    weights = [
        None if weight is None else _laid_out(weight, batch)
        for weight in (settings.weight, settings.pos_weight)
    ]
    has_weights = any(weight is not None for weight in (*weights, batch.sample_weight))
    arrays = [values, np.where(used, target, 0.0), *weights]
    given = [array is not None for array in arrays]
    compute = partial(_cells, given=given, settings=settings, backend=backend)
    unweighted, cells, probs = in_pieces(compute, [a for a in arrays if a is not None], backend)
    if batch.sample_weight is not None:
        cells = weighted(np.broadcast_to(batch.sample_weight[:, None], cells.shape), cells)
    correct = (probs >= 0.5) == (target >= 0.5)
    row_used = np.any(used, axis=-1)
    outcome = Outcome(
        batch=batch,
        used=row_used,
        loss=_row_of_cells(cells, used, settings.reduction),
        loss_unweighted=_row_of_cells(unweighted, used, settings.reduction)
        if has_weights
        else None,
        weight=batch.sample_weight,
        correct=row_used & (correct | ~used).all(axis=-1),
        cell_loss=np.where(used, cells, np.nan),
        cell_unweighted=np.where(used, unweighted, np.nan) if has_weights else None,
        cell_used=used,
        cell_labels=_cell_labels(target, used, weights, batch) if has_weights else None,
        cell_correct=correct & used,
        probs=probs,
        **(_one_cell(probs, target, row_used) if values.shape[1] == 1 else {}),
    )
    return Noted(outcome, notices)


def _checked(values: Floats, target: Floats, settings: Settings) -> tuple[Flags, Notices]:
    """Which cells count, shape (N, M), and what is worth a word about them."""
    used = np.ones(target.shape, dtype=np.bool_)
    if settings.ignore_index is not None:
        np.not_equal(target, settings.ignore_index, out=used)
    checks.cell_target(target, used, settings.lenient)
    if settings.kind is Kind.LOGITS:
        checks.bce_logits(values, used, settings.lenient)
        return used, Notices()
    checks.probabilities(values, used, settings.lenient)
    if not settings.clamp:
        return used, Notices()
    return used, checks.notes_bce(values, target, used)


class _CellLosses(NamedTuple):
    """What is computed of cells, each of shape (N, M); losses in nats."""

    unweighted: Floats
    loss: Floats
    """With the weights of the cells."""
    probs: Floats


def _cells(*arrays: Floats, given: list[bool], settings: Settings, backend: Backend) -> _CellLosses:
    """The cells of some rows.

    Parameters
    ----------
    arrays : values, target, and as far as `given` says so weight and pos_weight; shape (N, M) each
    """
    rest = iter(arrays)
    values, target, weight, pos_weight = (next(rest) if there else None for there in given)
    assert values is not None and target is not None
    unweighted = loss = _cell_losses(values, target, None, None, settings, backend)
    if weight is not None or pos_weight is not None:
        loss = _cell_losses(values, target, weight, pos_weight, settings, backend)
    return _CellLosses(unweighted, loss, _cell_probs(values, settings, backend))


def _cell_losses(
    values: Floats,
    target: Floats,
    weight: Floats | None,
    pos_weight: Floats | None,
    settings: Settings,
    backend: Backend,
) -> Floats:
    is_logits = settings.kind is Kind.LOGITS
    if isinstance(backend, RoundedBackend):
        if is_logits:
            return backend.binary_cross_entropy(
                values, target, weight=weight, pos_weight=pos_weight
            )
        if settings.clamp:
            return backend.binary_cross_entropy_of_probs(values, target, weight=weight)
    array, targets = backend.array(values), backend.array(target)
    if is_logits:
        positive = None if pos_weight is None else backend.array(pos_weight)
        loss = binary_cross_entropy.with_logits(array, targets, pos_weight=positive)
    else:
        loss = binary_cross_entropy.of_probs(array, targets, clamp=settings.clamp)
    if weight is not None:
        loss = weighted(backend.array(weight), loss)
    return cast("Floats", backend.numpy(loss))


def _cell_probs(values: Floats, settings: Settings, backend: Backend) -> Floats:
    if settings.kind is not Kind.LOGITS:
        return values
    if isinstance(backend, RoundedBackend):
        return backend.sigmoid(values, log=False)
    return cast("Floats", backend.numpy(activations.sigmoid(backend.array(values))))


def _cell_labels(target: Floats, used: Flags, weights: list[Floats | None], batch: Batch) -> Floats:
    """What −ln(1 − p) and −ln p of each cell are multiplied by, shape (N, M, 2)."""
    sides = np.where(used[..., None], np.stack([1.0 - target, target], axis=-1), 0.0)
    weight, pos_weight = weights
    if pos_weight is not None:
        sides[..., 1] *= pos_weight
    if weight is not None:
        sides *= weight[..., None]
    if batch.sample_weight is not None:
        sides *= batch.sample_weight[:, None, None]
    return sides


def _laid_out(weight: Floats, batch: Batch) -> Floats:
    """A weight broadcast against the cells as they were given, in the layout of the batch.

    One with an axis for the rows holds those of the whole input; the batch takes its part.
    """
    if has_row_axis(weight, batch):
        weight = weight[batch.start : batch.start + batch.size]
    return np.broadcast_to(weight, (batch.size, *batch.cell_shape)).reshape(batch.values.shape)


def has_row_axis(weight: Floats, batch: Batch) -> bool:
    """Whether a weight of the cells differs from row to row."""
    return weight.ndim == len(batch.cell_shape) + 1 and weight.shape[0] > 1


def _row_of_cells(cells: Floats, used: Flags, reduction: Reduction) -> Floats:
    counted = used.sum(axis=-1)
    total: Floats = tree_sum(np.where(used, cells, 0.0))
    if reduction is not Reduction.SUM:
        total = total / np.maximum(counted, 1)
    return np.where(counted > 0, total, np.nan)


def _one_cell(probs: Floats, target: Floats, used: Flags) -> dict[str, Any]:
    p, truth = probs[:, 0], target[:, 0] >= 0.5
    prediction = p >= 0.5
    return {
        "prediction": prediction.astype(np.int64),
        "p_prediction": np.where(prediction, p, 1 - p),
        "p_target": np.where(used, np.where(truth, p, 1 - p), np.nan),
        "target_class": np.where(used, truth, -1).astype(np.int64),
    }
