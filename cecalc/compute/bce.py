"""Binary cross-entropy of a batch: one loss per cell, and what a row makes of its cells."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cecalc.compute.backend import RoundedBackend, in_pieces
from cecalc.compute.operation import Operation, has_row_axis, sigmoid
from cecalc.items import CellLosses
from cecalc.losses import binary_cross_entropy, checks
from cecalc.losses.stable import tree_sum, weighted
from cecalc.model import Batch, Flags, Floats
from cecalc.notices import Notices
from cecalc.terms import Kind, Reduction


class _CellTerms(NamedTuple):
    """What is computed of cells, each of shape (N, M); losses in nats."""

    unweighted: Floats
    loss: Floats
    """With the weights of the cells."""
    probs: Floats


class BinaryCrossEntropy(Operation[CellLosses]):
    """The loss of cells."""

    def _outcome(self, batch: Batch) -> CellLosses:
        """A batch under binary cross-entropy: one loss per cell."""
        target, sample_weight = batch.truth, batch.sample_weight
        used, notices = self._checked(batch.values, target)
        batch = self._clipped(batch)
        weights = [
            None if weight is None else laid_out(weight, batch)
            for weight in (self.settings.weight, self.settings.pos_weight)
        ]
        arrays = [batch.values, np.where(used, target, 0.0), *weights]
        unweighted, cells, probs = in_pieces(self._cells, arrays, self.backend)
        if sample_weight is not None:
            cells = weighted(np.broadcast_to(sample_weight[:, None], cells.shape), cells)
        of_cells = [cells]
        if any(weight is not None for weight in (*weights, sample_weight)):
            of_cells.append(unweighted)
        of_rows = [_row_of_cells(losses, used, self.settings.reduction) for losses in of_cells]
        of_cells = [np.where(used, losses, np.nan) for losses in of_cells]
        correct = (probs >= 0.5) == (target >= 0.5)
        row_used = np.any(used, axis=-1)
        return CellLosses(
            batch=batch,
            used=row_used,
            notices=notices,
            loss=of_rows[0],
            loss_unweighted=of_rows[-1],
            weight=sample_weight,
            correct=row_used & (correct | ~used).all(axis=-1),
            cell_loss=of_cells[0],
            cell_unweighted=of_cells[-1],
            cell_used=used,
            cell_labels=_cell_labels(target, used, weights, batch) if len(of_cells) > 1 else None,
            cell_correct=correct & used,
            probs=probs,
        )

    def _checked(self, values: Floats, target: Floats) -> tuple[Flags, Notices]:
        """Which cells count, shape (N, M), and what is worth a word about them."""
        settings, used = self.settings, np.ones(target.shape, dtype=np.bool_)
        if settings.ignore_index is not None:
            np.not_equal(target, settings.ignore_index, out=used)
        is_logits, clip = settings.kind is Kind.LOGITS, settings.request.clip
        drawn_in = 0
        if not settings.request.unchecked:
            checks.cell_target(target, used)
            if is_logits:
                checks.bce_logits(values, used, settings.request.input.nan)
            else:
                drawn_in = checks.probabilities(values, used, clip)
        if is_logits or clip is not None or settings.request.no_clamp:
            return used, Notices(drawn_in=drawn_in)
        return used, checks.notes_bce(values, target, used)

    def _cells(
        self, values: Floats, target: Floats, weight: Floats | None, pos_weight: Floats | None
    ) -> _CellTerms:
        """The cells of some rows; every array has shape (N, M)."""
        unweighted = loss = self._losses(values, target, None, None)
        if weight is not None or pos_weight is not None:
            loss = self._losses(values, target, weight, pos_weight)
        is_logits = self.settings.kind is Kind.LOGITS
        probs = sigmoid(values, self.backend, log=False) if is_logits else values
        return _CellTerms(unweighted, loss, probs)

    def _losses(
        self, values: Floats, target: Floats, weight: Floats | None, pos_weight: Floats | None
    ) -> Floats:
        is_logits, request = self.settings.kind is Kind.LOGITS, self.settings.request
        clamp, clip = not request.no_clamp, request.clip
        if isinstance(self.backend, RoundedBackend) and (is_logits or (clamp and clip is None)):
            name = "binary_cross_entropy_with_logits" if is_logits else "binary_cross_entropy"
            options: dict[str, Any] = {"weight": weight, "reduction": "none"}
            options |= {"pos_weight": pos_weight} if is_logits else {}
            return self.backend.functional(name, values, target, **options)

        def losses(values: Any, target: Any, weight: Any, pos_weight: Any) -> Any:
            if is_logits:
                loss = binary_cross_entropy.with_logits(values, target, pos_weight=pos_weight)
            else:
                loss = binary_cross_entropy.of_probs(values, target, clamp=clamp, clip=clip)
            return loss if weight is None else weighted(weight, loss)

        return self.backend.of(losses, values, target, weight, pos_weight)


def _cell_labels(target: Floats, used: Flags, weights: list[Floats | None], batch: Batch) -> Floats:
    """What −ln(1 − p) and −ln p of each cell are multiplied by, shape (N, M, 2)."""
    factors = np.where(used[..., None], np.stack([1.0 - target, target], axis=-1), 0.0)
    weight, pos_weight = weights
    if pos_weight is not None:
        factors[..., 1] *= pos_weight
    if weight is not None:
        factors *= weight[..., None]
    if batch.sample_weight is not None:
        factors *= batch.sample_weight[:, None, None]
    return factors


def laid_out(weight: Floats, batch: Batch) -> Floats:
    """A weight broadcast against the cells as they were given, in the layout of the batch.

    One with an axis for the rows holds those of the whole input; the batch takes its part.
    """
    if has_row_axis(weight, batch):
        weight = weight[batch.start : batch.start + batch.size]
    return np.broadcast_to(weight, (batch.size, *batch.cell_shape)).reshape(batch.values.shape)


def _row_of_cells(cells: Floats, used: Flags, reduction: Reduction) -> Floats:
    counted = used.sum(axis=-1)
    total: Floats = tree_sum(np.where(used, cells, 0.0))
    if reduction is not Reduction.SUM:
        total = total / np.maximum(counted, 1)
    return np.where(counted > 0, total, np.nan)
