"""The rows that a number was printed for, as the one loss and as the other takes them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from cecalc.compute import Noted, Settings, outcome_of
from cecalc.compute.backend import Backend
from cecalc.errors import DataError, UsageError, count
from cecalc.model import Batch, Floats, Header, Outcome, Problem, Schema
from cecalc.request import Question, Request
from cecalc.run.both_losses import as_cells, both_of, sums_to_one
from cecalc.run.settings import header_of, settings_of
from cecalc.summary import Summary
from cecalc.terms import Kind, Reduction, Task
from cecalc.why.plan import BATCH_SIZES, SMOOTHINGS, Known, Plan
from cecalc.why.recipes import planned
from cecalc.why.sums import RowsOfBlock
from cecalc.why.tally import Tally, tally_of


@dataclass(frozen=True)
class Side:
    """The rows as one of the two losses takes them."""

    settings: Settings
    header: Header
    plan: Plan

    def look(self, outcome: Outcome) -> Look:
        """What a batch adds up to."""
        tally = tally_of(_rows(outcome, self.settings), self.plan)
        return Look(outcome, Summary.of(outcome, self.header), tally)


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
        known = _known(question, request, problem.schema)
        return Side(settings, header, _planned(known, settings, problem.schema, first))

    if first.target.ndim == 1 and first.values.shape[1] > 1:
        return (side(Task.CE, first),)
    if problem.schema.kind is Kind.LOG_PROBS:
        return (side(Task.CE, first),)
    cells = side(Task.BCE, as_cells(first))
    if first.values.shape[1] == 1 or not _is_of_rows(problem.schema.kind, first):
        return (cells,)
    with suppress(DataError, UsageError):  # an option that goes with cells alone
        return side(Task.CE, first), cells
    return (cells,)


def _is_of_rows(kind: Kind, first: Batch) -> bool:
    """Whether the values of a row may belong together: all but probabilities may."""
    return kind is not Kind.PROBS or bool(sums_to_one(first.values).all())


def looked_at(
    batch: Batch, settings: Settings, arithmetic: Backend, *, sides: tuple[Side, ...]
) -> Noted:
    """The outcome of a batch and, beside it, a look at it from each side."""
    if len(sides) == 2:
        noted = both_of(as_cells(batch), settings, arithmetic)
        outcomes = [noted.beside, noted.outcome]
    else:
        is_cells = settings.task is Task.BCE
        noted = outcome_of(as_cells(batch) if is_cells else batch, settings, arithmetic)
        outcomes = [noted.outcome]
    looks = [side.look(outcome) for side, outcome in zip(sides, outcomes, strict=True)]
    return replace(noted, beside=looks)


def _known(question: Question, request: Request, schema: Schema) -> Known:
    """What is known of the loop, and what is tried of the rest."""
    size, is_free = question.batch_size, question.free.__contains__
    return Known(
        label_smoothing=request.input.options.over(schema.options).label_smoothing or 0.0,
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
        classes=classes,
        known=known,
        weight=_column_weight(settings.weight, classes),
        order=_sorted_order(schema.classes),
        ignored=None if is_of_cells else int(settings.ignored),
        has_positions=first.coordinates is not None,
    )
    return planned(plan)


def _rows(outcome: Outcome, settings: Settings) -> RowsOfBlock:
    batch, target = outcome.batch, outcome.batch.target
    assert target is not None
    counted = outcome.cell_used
    return RowsOfBlock(
        start=batch.start,
        logits=_logits(batch.values.astype(np.float64, copy=False), settings),
        target=target,
        used=outcome.used,
        place=None if batch.coordinates is None else batch.coordinates[:, 0],
        counted=None if counted is None or counted.all() else counted,
    )


def _logits(values: Floats, settings: Settings) -> Floats:
    """What the values would be as logits."""
    if settings.kind is not Kind.PROBS:
        return values
    with np.errstate(divide="ignore"):
        logits: Floats = np.log(values)
        return logits - np.log1p(-values) if settings.task is Task.BCE else logits


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
