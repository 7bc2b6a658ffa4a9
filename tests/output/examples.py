"""Hand-made items for the views: what a flow would hand over, computed the plain way."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cecalc.items import Activations, CellLosses, Header, Item, Losses, Report, RowLosses, Working
from cecalc.model import Batch, Floats, Original, Schema
from cecalc.notices import Notices
from cecalc.output import Format
from cecalc.request import Screen
from cecalc.terms import Kind, Reduction, TargetForm, Task

PIPE = Screen()

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
            has_class_weight=False,
            label_smoothing=0.0,
            width=batch.values.shape[1],
            cell_shape=batch.cell_shape,
            log=False,
            has_ids=batch.ids is not None,
        ),
        **known,
    )


def batch(values: Sequence[Sequence[float]] | Floats, target: Any = None, **known: Any) -> Batch:
    """A batch of lists."""
    array = None if target is None else np.asarray(target, dtype=np.float64)
    return Batch(**{"start": 0, "values": np.asarray(values, np.float64), "target": array, **known})


def ce_outcome(rows: Batch, *, weight: Sequence[float] | None = None) -> RowLosses:
    """Cross-entropy of class indices; negative targets are ignored."""
    logits = rows.values
    used = rows.truth >= 0
    right = np.where(used, rows.truth, -1).astype(np.int64)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs = p / p.sum(axis=1, keepdims=True)
    at = np.arange(rows.size)
    gaps = logits - logits[at, right][:, None]
    gaps[at, right] = -math.inf
    with np.errstate(over="ignore"):
        loss = np.where(used, np.log1p(np.exp(gaps).sum(axis=1)), math.nan)
    prediction = logits.argmax(axis=1)
    row_weight = None if weight is None else np.asarray(weight)[right]
    return RowLosses(
        batch=rows,
        used=used,
        notices=Notices(),
        loss=loss if row_weight is None else loss * row_weight,
        loss_unweighted=loss,
        weight=row_weight,
        prediction=prediction,
        p_prediction=probs[at, prediction],
        p_target=probs[at, right],
        target_class=right,
        correct=prediction == right,
        working=_working,
    )


def _working(rows: Batch) -> Working:
    p = np.exp(rows.values - rows.values.max(axis=1, keepdims=True))
    return Working(p / p.sum(axis=1, keepdims=True), _surprisal(rows.values))


def _surprisal(logits: Floats) -> Floats:
    """−ln softmax by leaving the class itself out, so that a confident row keeps its digits."""
    own = np.eye(logits.shape[1], dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        gaps = logits[:, None, :] - logits[:, :, None]
        return np.asarray(np.log1p(np.where(own, 0, np.exp(gaps)).sum(axis=2)))


def bce_outcome(rows: Batch) -> CellLosses:
    """Binary cross-entropy; cells whose target is negative are ignored."""
    x, y = rows.values, rows.truth
    used = y >= 0
    loss = np.where(used, y * np.logaddexp(0, -x) + (1 - y) * np.logaddexp(0, x), math.nan)
    probs = 1 / (1 + np.exp(-x))
    counted = np.asarray(used.any(axis=1))
    right = ((probs >= 0.5) == (y >= 0.5)) & used
    mean = np.where(used, loss, 0).sum(axis=1) / np.where(counted, used.sum(axis=1), math.nan)
    return CellLosses(
        batch=rows,
        used=counted,
        notices=Notices(),
        loss=mean,
        loss_unweighted=mean,
        weight=None,
        correct=(right | ~used).all(axis=1),
        cell_loss=loss,
        cell_unweighted=loss,
        cell_used=used,
        cell_labels=None,
        cell_correct=right,
        probs=probs,
    )


def report(header: Header, outcome: Losses, **known: Any) -> Report:
    """The summary of one outcome, as the plain mean."""
    used = outcome.used
    is_bce = isinstance(outcome, CellLosses)
    if isinstance(outcome, CellLosses):
        terms, right = outcome.cell_loss[outcome.cell_used], int(np.sum(outcome.cell_correct))
    else:
        terms, right = outcome.loss[used], None
    numerator = float(terms.sum())
    weights = 0.0 if outcome.weight is None else float(outcome.weight[used].sum())
    denominator = weights or float(terms.size)
    mean = numerator / denominator
    return replace(
        Report(
            header=header,
            loss={Reduction.MEAN: mean, Reduction.SUM: numerator}.get(header.reduction),
            numerator=numerator,
            denominator=denominator,
            rows_given=outcome.batch.size,
            rows_used=int(used.sum()),
            rows_ignored=int((~used).sum()),
            cells_given=outcome.batch.values.size if is_bce else None,
            cells_used=terms.size if is_bce else None,
            cells_ignored=outcome.batch.values.size - terms.size if is_bce else None,
            cells_correct=right,
            mean_by_count=numerator / float(used.sum()) if header.has_row_weight else None,
            floor=None,
            excess=None,
            mean=mean,
            correct=int(outcome.correct[used].sum()),
            label_entropy=math.log(2),
            chance=math.log(2 if is_bce else header.width),
            target_form="cells of 0 and 1" if is_bce else "class indices",
            backend="NumPy, float64",
            version="0.2.0",
            signature="cecalc:0.2|ce|mean|N=2",
        ),
        **known,
    )


def ce(rows: Batch, *, weight: Sequence[float] | None = None, **known: Any) -> Iterator[Item]:
    """The items of a run of cross-entropy."""
    outcome = ce_outcome(rows, weight=weight)
    weighted = weight is not None
    head = header(Task.CE, rows, has_weights=weighted, has_class_weight=weighted, **known)
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
    used = np.ones(rows.size, bool)
    outcome = Activations(rows, used, Notices(), np.log(probs) if head.log else probs)
    yield from (head, outcome)


def founding(**known: Any) -> Iterator[Item]:
    """The example the project began with."""
    return ce(batch(LOGITS, [2, 1]), **known)


def _of_probs(rows: Batch) -> Working:
    values = rows.values
    return (
        Working(values, -np.log(values)) if values[0, 0] > 0 else Working(np.exp(values), -values)
    )


def soft(kind: Kind = Kind.PROBS) -> Iterator[Item]:
    """Two rows whose targets are distributions."""
    p = np.array([[0.1, 0.2, 0.3, 0.4], [0.7, 0.1, 0.1, 0.1]])
    y = np.array([[0, 0.5, 0.5, 0], [1, 0, 0, 0]])
    values = p if kind is Kind.PROBS else np.log(p)
    loss = -(y * np.log(p)).sum(axis=1)
    outcome = RowLosses(
        batch=Batch(start=0, values=values, target=y),
        used=np.ones(2, bool),
        notices=Notices(),
        loss=loss,
        loss_unweighted=loss,
        weight=None,
        prediction=p.argmax(axis=1),
        p_prediction=p.max(axis=1),
        p_target=p[[0, 1], [1, 0]],
        target_class=y.argmax(axis=1),
        correct=p.argmax(axis=1) == y.argmax(axis=1),
        working=_of_probs,
    )
    head = header(Task.CE, outcome.batch, target_form=TargetForm.DISTRIBUTION, kind=kind)
    yield from (head, outcome, report(head, outcome, target_form="class probabilities"))


def from_text(lines: Sequence[str], delimiter: str, **known: Any) -> Batch:
    """The founding rows with their lines of delimited text."""
    originals = [Original(line, next(csv.reader([line], delimiter=delimiter))) for line in lines]
    return batch(LOGITS, [2, 1], originals=originals, **known)


def from_objects(objects: Sequence[str], **known: Any) -> Batch:
    """The founding rows with their JSON objects."""
    originals = [Original(text, json.loads(text)) for text in objects]
    return batch(LOGITS, [2, 1], originals=originals, lines=[1, 2], **known)


def many(rows: int) -> list[Item]:
    """Rows of two classes in two batches; the loss grows with 37 · row modulo `rows`."""
    logits = [[0.0, (37 * row % rows) / 10] for row in range(rows)]
    half = rows // 2
    parts = [
        ce_outcome(batch(logits[:half], [0] * half)),
        ce_outcome(batch(logits[half:], [0] * (rows - half), start=half)),
    ]
    head = header(Task.CE, parts[0].batch)
    whole = ce_outcome(batch(logits, [0] * rows))
    return [head, *parts, report(head, whole)]


def text(view: Format, items: Iterable[Item], screen: Screen = PIPE) -> str:
    """All that a view writes."""
    return "".join(view.render(iter(items), screen))
