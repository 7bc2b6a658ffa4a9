"""The rows that a number was printed for, as the one loss and as the other takes them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cecalc.backend import Backend
from cecalc.compute import Noted, Settings, outcome_of
from cecalc.compute.both import both_of, sums_to_one
from cecalc.errors import DataError, UsageError, count
from cecalc.flow.headers import header_of
from cecalc.flow.settings import settings_of
from cecalc.insight.why.known import BATCH_SIZES, SMOOTHINGS, Known
from cecalc.insight.why.plan import Plan
from cecalc.insight.why.recipes import forms, misreadings
from cecalc.insight.why.rows import Rows
from cecalc.insight.why.summing import tally_of
from cecalc.insight.why.tally import Tally
from cecalc.records import (
    Batch,
    Header,
    Kind,
    Outcome,
    Problem,
    Question,
    Reduction,
    Request,
    Schema,
    Task,
)
from cecalc.summary import Summary

if TYPE_CHECKING:
    from cecalc.records import Floats


def is_of_classes(first: Batch) -> bool:
    """Whether each row has a class or, as far as can be seen, a distribution."""
    assert first.target is not None
    if first.values.shape[1] == 1:
        return False
    return first.target.ndim == 1 or bool(sums_to_one(first.target).all())


@dataclass(frozen=True)
class Side:
    """The rows as one of the two losses takes them."""

    settings: Settings
    header: Header
    plan: Plan
    known: Known

    def look(self, outcome: Outcome) -> Look:
        """What a batch adds up to."""
        rows = _rows(outcome, self.settings)
        return Look(outcome, Summary.of(outcome, self.header), tally_of(rows, self.plan))


@dataclass(frozen=True)
class Look:
    """A batch as one of the losses takes it."""

    outcome: Outcome
    summary: Summary
    tally: Tally


def sides_of(
    question: Question, problem: Problem, first: Batch, request: Request
) -> tuple[Side, ...]:
    """The losses that the rows may ask for.

    One column asks for bce, class indices for ce. A number for each class may be a distribution or
    a label for each: if every row sums to 1, it is one, which only the last row tells.
    """
    assert first.target is not None

    def side(task: Task, shapes: Batch) -> Side:
        asked = replace(request, input=replace(request.input, task=task))
        settings = settings_of(asked, problem.schema, shapes)
        header = replace(header_of(problem, shapes, settings, None), reduction=Reduction.SUM)
        known = _known(question, request, settings)
        return Side(settings, header, _planned(known, settings, problem.schema, first), known)

    if first.target.ndim == 1 and first.values.shape[1] > 1:
        return (side(Task.CE, first),)
    if problem.schema.kind is Kind.LOG_PROBS:
        return (side(Task.CE, first),)
    cells = side(Task.BCE, _as_cells(first))
    if first.values.shape[1] == 1 or not _is_of_rows(problem.schema.kind, first):
        return (cells,)
    with suppress(DataError):  # a weight that does not go with classes, and does with cells
        return side(Task.CE, first), cells
    return (cells,)


def _is_of_rows(kind: Kind, first: Batch) -> bool:
    """Whether the values of a row may belong together: all but probabilities may."""
    if kind is not Kind.PROBS:
        return True
    return bool(sums_to_one(first.values).all())


def _as_cells(batch: Batch) -> Batch:
    """A batch that was read for cross-entropy, for binary cross-entropy."""
    assert batch.target is not None
    target = batch.target.reshape(batch.values.shape)
    return replace(batch, target=target, cell_shape=batch.values.shape[1:])


def looked_at(
    batch: Batch, settings: Settings, arithmetic: Backend, *, sides: tuple[Side, ...]
) -> Noted:
    """The outcome of a batch and, beside it, a look at it from each side."""
    if len(sides) == 2:
        noted = both_of(_as_cells(batch), settings, arithmetic)
        outcomes = [noted.beside, noted.outcome]
    else:
        is_cells = sides[0].settings.task is Task.BCE
        noted = outcome_of(_as_cells(batch) if is_cells else batch, settings, arithmetic)
        outcomes = [noted.outcome]
    looks = [side.look(outcome) for side, outcome in zip(sides, outcomes, strict=True)]
    return replace(noted, beside=looks)


def _known(question: Question, request: Request, settings: Settings) -> Known:
    """What is known of the loop, and what is tried of the rest."""
    eps = request.options.label_smoothing
    size = question.batch_size
    is_free = question.free.__contains__
    return Known(
        label_smoothing=settings.label_smoothing if eps is None else eps,
        batch_sizes=BATCH_SIZES if is_free("batch_size") else () if size is None else (size,),
        framework=question.framework,
        deep=question.deep,
        smoothings=SMOOTHINGS if is_free("label_smoothing") else (),
        is_weight_free=is_free("weight"),
    )


def _planned(known: Known, settings: Settings, schema: Schema, first: Batch) -> Plan:
    """What is summed."""
    is_of_cells = settings.task is Task.BCE
    classes = first.values.shape[1]
    plan = Plan(
        is_of_cells=is_of_cells,
        classes=1 if _is_flat(settings) else classes,
        forms=(),
        every_reading=known.deep,
        weight=_column_weight(settings.weight, classes),
        order=_sorted_order(schema.classes),
        ignored=None if is_of_cells else int(settings.ignored),
        batch_sizes=known.batch_sizes,
        smooths=known.smooths,
        splits=known.is_weight_free,
    )
    return replace(plan, forms=forms(misreadings(plan, known), plan.right))


def _is_flat(settings: Settings) -> bool:
    """Whether cells stand for themselves, since some of a row may be ignored."""
    return settings.task is Task.BCE and settings.ignore_index is not None


def _rows(outcome: Outcome, settings: Settings) -> Rows:
    batch = outcome.batch
    values = _logits(batch.values.astype(np.float64, copy=False), settings)
    target, used = batch.target, outcome.used
    assert target is not None
    if _is_flat(settings):
        assert outcome.cell_used is not None
        values, target = values[outcome.cell_used][:, None], target[outcome.cell_used][:, None]
        used = np.ones(len(values), dtype=np.bool_)
    place = None if batch.coordinates is None else batch.coordinates[:, 0]
    return Rows(batch.start, values, target, used, place)


def _column_weight(weight: Floats | None, classes: int) -> Floats | None:
    if weight is None:
        return None
    if weight.size not in (1, classes):
        raise UsageError(f"--weight: {count(weight.size, 'weight')} for {count(classes, 'class')}")
    return np.broadcast_to(weight.ravel(), (classes,)).copy()


def _sorted_order(classes: tuple[str, ...] | None) -> tuple[int, ...] | None:
    if classes is None or tuple(sorted(classes)) == classes:
        return None
    place = {name: number for number, name in enumerate(sorted(classes))}
    return tuple(place[name] for name in classes)


def _logits(values: Floats, settings: Settings) -> Floats:
    """What the values would be as logits."""
    if settings.kind is not Kind.PROBS:
        return values
    with np.errstate(divide="ignore"):
        logits: Floats = np.log(values)
        return logits - np.log1p(-values) if settings.task is Task.BCE else logits
