"""Hand-made items for the views: what a flow would hand over, computed the plain way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cecalc.records import (
    Batch,
    Header,
    Item,
    Kind,
    Outcome,
    Reduction,
    Report,
    Schema,
    TargetForm,
    Task,
)

LOGITS = [[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]]
CELLS = [[0, 0, 1, 0], [0, 1, 0, 0]]


def header(task: Task, batch: Batch, **known: Any) -> Header:
    """A header that fits the batch; `classes`, `fields`, … go to the schema."""
    schema = {name: known.pop(name) for name in Schema.__dataclass_fields__ if name in known}
    schema = {"source": "--logits", "kind": Kind.LOGITS, **schema}
    form = {Task.CE: TargetForm.INDEX, Task.BCE: TargetForm.CELLS}.get(task)
    return replace(
        Header(
            task=task,
            schema=Schema(**schema),
            target_form=form,
            reduction=Reduction.MEAN,
            has_weights=False,
            has_sample_weight=batch.sample_weight is not None,
            width=batch.values.shape[1],
            cell_shape=batch.cell_shape,
            log=False,
            has_ids=batch.ids is not None,
        ),
        **known,
    )


def batch(values: Sequence[Sequence[float]], target: Any = None, **known: Any) -> Batch:
    """A batch of lists."""
    array = None if target is None else np.asarray(target, dtype=np.float64)
    return Batch(**{"start": 0, "values": np.asarray(values, np.float64), "target": array, **known})


def ce_outcome(rows: Batch, *, weight: Sequence[float] | None = None) -> Outcome:
    """Cross-entropy of class indices; negative targets are ignored."""
    logits = rows.values
    assert rows.target is not None
    used = rows.target >= 0
    right = np.where(used, rows.target, -1).astype(np.int64)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs = p / p.sum(axis=1, keepdims=True)
    at = np.arange(rows.size)
    gaps = logits - logits[at, right][:, None]
    gaps[at, right] = -math.inf
    loss = np.where(used, np.log1p(np.exp(gaps).sum(axis=1)), math.nan)
    prediction = logits.argmax(axis=1)
    row_weight = None if weight is None else np.asarray(weight)[right]
    return Outcome(
        batch=rows,
        used=used,
        loss=loss if row_weight is None else loss * row_weight,
        loss_unweighted=None if row_weight is None else loss,
        weight=row_weight,
        prediction=prediction,
        p_prediction=probs[at, prediction],
        p_target=probs[at, right],
        target_class=right,
        correct=prediction == right,
        probs=probs,
    )


def bce_outcome(rows: Batch) -> Outcome:
    """Binary cross-entropy; cells whose target is negative are ignored."""
    x, y = rows.values, rows.target
    assert y is not None
    used = y >= 0
    loss = np.where(used, y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x), math.nan)
    probs = 1 / (1 + np.exp(-x))
    counted = used.any(axis=1)
    mean = np.where(used, loss, 0).sum(axis=1) / np.where(counted, used.sum(axis=1), math.nan)
    outcome = Outcome(
        batch=rows,
        used=counted,
        loss=mean,
        correct=(((probs >= 0.5) == (y >= 0.5)) | ~used).all(axis=1),
        cell_loss=loss,
        cell_used=used,
        probs=probs,
    )
    return outcome if x.shape[1] > 1 else _single(outcome)


def _single(outcome: Outcome) -> Outcome:
    assert outcome.probs is not None and outcome.batch.target is not None
    p, y = outcome.probs[:, 0], outcome.batch.target[:, 0]
    prediction = (p >= 0.5).astype(np.int64)
    return replace(
        outcome,
        prediction=prediction,
        p_prediction=np.maximum(p, 1 - p),
        p_target=np.where(y >= 0.5, p, 1 - p),
        target_class=np.where(y >= 0, y, -1).astype(np.int64),
    )


def report(header: Header, outcome: Outcome, **known: Any) -> Report:
    """The summary of one outcome, as the plain mean."""
    assert outcome.loss is not None and outcome.correct is not None
    used = outcome.used
    is_bce = header.task is Task.BCE
    terms = outcome.cell_loss[outcome.cell_used] if is_bce else outcome.loss[used]  # type: ignore
    numerator = float(terms.sum())
    weights = 0.0 if outcome.weight is None else float(outcome.weight[used].sum())
    denominator = weights or float(terms.size)
    cells = dict.fromkeys(("cells_given", "cells_used", "cells_ignored", "cells_correct"))
    if is_bce:
        given = outcome.batch.values.size
        right = int(((outcome.probs >= 0.5) == (outcome.batch.target >= 0.5)).sum())  # type: ignore
        cells = {
            "cells_given": given,
            "cells_used": terms.size,
            "cells_ignored": given - terms.size,
            "cells_correct": right,
        }  # type: ignore
    mean = numerator / denominator
    loss = {Reduction.MEAN: mean, Reduction.SUM: numerator}.get(header.reduction)
    return replace(
        Report(
            header=header,
            loss=loss,
            numerator=numerator,
            denominator=denominator,
            denominator_is="sum of class weights" if weights else "cells" if is_bce else "rows",
            rows_given=outcome.batch.size,
            rows_used=int(used.sum()),
            rows_ignored=int((~used).sum()),
            mean=mean,
            correct=int(outcome.correct[used].sum()),
            label_entropy=math.log(2),
            chance=math.log(2 if is_bce else header.width),
            target_form="cells of 0 and 1" if is_bce else "class indices",
            backend="NumPy, float64",
            version="0.1.0",
            **cells,  # type: ignore[arg-type]
        ),
        **known,
    )


def ce(rows: Batch, *, weight: Sequence[float] | None = None, **known: Any) -> Iterator[Item]:
    """The items of a run of cross-entropy."""
    outcome = ce_outcome(rows, weight=weight)
    head = header(Task.CE, rows, has_weights=weight is not None, **known)
    yield from (head, outcome, report(head, outcome))


def bce(rows: Batch, **known: Any) -> Iterator[Item]:
    """The items of a run of binary cross-entropy."""
    outcome = bce_outcome(rows)
    head = header(Task.BCE, rows, **known)
    yield from (head, outcome, report(head, outcome))


def softmax(rows: Batch, **known: Any) -> Iterator[Item]:
    """The items of a softmax: no report."""
    p = np.exp(rows.values)
    probs = p / p.sum(axis=1, keepdims=True)
    head = header(Task.SOFTMAX, rows, **known)
    outcome = Outcome(rows, np.ones(rows.size, bool), probs=np.log(probs) if head.log else probs)
    yield from (head, outcome)


def founding(**known: Any) -> Iterator[Item]:
    """The example the project began with."""
    return ce(batch(LOGITS, [2, 1]), **known)
