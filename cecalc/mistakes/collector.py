"""Why a loop printed another number: the rows through every recipe, beside the run of the loss."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from cecalc.compute import Settings, outcome_of
from cecalc.errors import DataError, UsageError, count
from cecalc.items import CellLosses, Header, Item, Outcome, Report
from cecalc.mistakes.diagnosis import Question
from cecalc.mistakes.recipe import Sums
from cecalc.mistakes.recipes import planned
from cecalc.mistakes.sums import (
    Batches,
    Plan,
    RowsOfBlock,
    Total,
)
from cecalc.mistakes.tally import Tally, tally_of
from cecalc.mistakes.vector import diagnosis_of_rows
from cecalc.mistakes.verdict import diagnosis
from cecalc.model import Batch, Floats
from cecalc.run.both_losses import as_cells, both_of, is_of_classes, scores_as_rows, sums_to_one
from cecalc.run.collectors import Collector, Job, Setup, Summed
from cecalc.run.results import Grouping, gathering
from cecalc.run.settings import header_of, settings_of, target_of
from cecalc.summary import Summary
from cecalc.terms import Kind, Reduction, Task


@dataclass(frozen=True)
class _Losses(Summed):
    """A batch under the loss that the rows ask for, and under each that they may ask for."""

    every: Sequence[tuple[Summary, Tally]]


@dataclass
class _LossOfRows:
    """One of the losses that a number may have been printed for, and its sums over the rows."""

    settings: Settings
    header: Header
    plan: Plan
    summary: Summary = field(default_factory=Summary)
    tally: Tally = field(default_factory=Tally)

    def of(self, outcome: Outcome) -> tuple[Summary, Tally]:
        """What a batch adds up to; in any thread."""
        tally = tally_of(_rows(outcome, self.settings), self.plan)
        return Summary.of(outcome, self.header), tally

    def add(self, summary: Summary, tally: Tally) -> None:
        """Take the next batch."""
        self.summary = self.summary.merge(summary)
        self.tally = self.tally.merge(tally, self.plan)


def diagnosing(question: Question, setup: Setup) -> Job[_Losses]:
    """The diagnosis of a number.

    Raises
    ------
    UsageError, DataError : an option does not go with the input
    """
    setup = scores_as_rows(setup)
    losses = _losses_of(question, setup)
    settings, arithmetic = losses[0].settings, setup.arithmetic
    asked = 0 if is_of_classes(setup.first) else -1
    _, grouping = gathering(setup.request, losses[asked].header)

    def compute(batch: Batch) -> _Losses:
        outcomes: Sequence[Outcome]
        if len(losses) == 2:
            outcomes = both_of(as_cells(batch), settings, arithmetic).each
        else:
            is_cells = settings.task is Task.BCE
            outcomes = [outcome_of(as_cells(batch) if is_cells else batch, settings, arithmetic)]
        every = [loss.of(outcome) for loss, outcome in zip(losses, outcomes, strict=True)]
        return _Losses(outcomes[asked], every[asked][0], every)

    by = grouping if isinstance(grouping, Grouping) else None
    collector = _Diagnosing(question, losses, arithmetic.label, by)
    return Job(setup, losses[asked].header, settings, compute, [collector])


@dataclass
class _Diagnosing(Collector[_Losses]):
    """The sums under each loss, and what they say of the number."""

    question: Question
    losses: tuple[_LossOfRows, ...]
    label: str
    by: Grouping | None

    def add(self, summed: _Losses, given: Batch) -> Iterable[Item]:
        if self.by is not None:
            self.by.add(summed, given)
        for loss, sums in zip(self.losses, summed.every, strict=True):
            loss.add(*sums)
        return ()

    def finish(self, _total: Summary) -> Iterable[Item]:
        *others, last = self.losses
        loss = next((o for o in others if o.summary.rows_used == o.summary.rows_given), last)
        report = loss.summary.finish(loss.header, loss.settings.weight, self.label)
        if self.question.each:
            yield diagnosis_of_rows(self.question.each, loss.tally, loss.plan, report)
            return
        plan = loss.plan
        right = Total(report.numerator, report.denominator, is_of_cells=plan.is_of_cells)
        sums = Sums(loss.tally, plan, right, _accuracy(report), *self._sequences(loss))
        yield diagnosis(self.question.typed, sums, report)

    def _sequences(self, loss: _LossOfRows) -> tuple[Batches, int]:
        """The groups of --by, or what an entry of axis 0 holds, and how many rows the longest."""
        if self.by is not None:
            used = [group for group in self.by.groups.values() if group.rows_used]
            means = math.fsum(group.numerator.over(group.weights) for group in used)
            return Batches(len(used), means), max((g.rows_used for g in used), default=0)
        if not loss.plan.has_positions or not loss.tally.rows_used:
            return Batches(), 0
        return loss.tally.batches[1], loss.tally.rows_given // loss.tally.samples


def _accuracy(report: Report) -> float | None:
    """The share of right predictions, of rows or of cells."""
    if report.cells_used and report.cells_correct is not None:
        return report.cells_correct / report.cells_used
    return report.correct / report.rows_used if report.rows_used else None


def _losses_of(question: Question, setup: Setup) -> tuple[_LossOfRows, ...]:
    """The losses that the rows may ask for.

    One column asks for bce, class indices for ce. A number for each class may be a distribution or
    a label for each: if every row sums to 1, it is one, which only the last row tells.
    """
    first, schema, request = setup.first, setup.schema, setup.request
    target, classes = target_of(schema, first), first.values.shape[1]

    def loss(task: Task, shapes: Batch) -> _LossOfRows:
        asked = replace(request, input=replace(request.input, task=task))
        settings = settings_of(asked, schema, shapes)
        header = replace(header_of(schema, shapes, settings, None), reduction=Reduction.SUM)
        return _LossOfRows(settings, header, _plan(question, setup, settings))

    is_of_rows = (target.ndim == 1 and classes > 1) or schema.kind is Kind.LOG_PROBS
    said = request.input.options
    if is_of_rows and (said.pos_weight is not None or question.task is Task.BCE):
        name = "--as bce" if said.pos_weight is None else "--pos-weight"
        raise UsageError(f"{name} goes with a number for each class, not with class indices")
    if is_of_rows or question.task is Task.CE:
        return (loss(Task.CE, first),)
    cells = loss(Task.BCE, as_cells(first))
    if question.task is Task.BCE or said.over(schema.options).pos_weight is not None:
        return (cells,)
    # the values of a row may belong together, if they are no probabilities of cells
    if classes > 1 and (schema.kind is not Kind.PROBS or sums_to_one(first.values).all()):
        with suppress(DataError, UsageError):  # an option that goes with cells alone
            return loss(Task.CE, first), cells
    return (cells,)


def _plan(question: Question, setup: Setup, settings: Settings) -> Plan:
    """What is known of the loop, what is tried of the rest, and therefore summed."""
    schema = setup.schema
    is_of_cells, classes = settings.task is Task.BCE, setup.first.values.shape[1]
    options = setup.request.input.options.over(schema.options)
    weight = settings.weight if settings.pos_weight is None else settings.pos_weight
    plan = Plan(
        is_of_cells=is_of_cells,
        classes=classes,
        label_smoothing=options.label_smoothing or 0.0,
        said=question.said,
        framework=question.framework,
        deep=question.deep,
        is_of_logits=schema.kind is Kind.LOGITS,
        is_checked=not setup.request.unchecked,
        is_pos_weight=settings.pos_weight is not None,
        weight=_column_weight(weight, classes),
        order=_sorted_order(schema.classes),
        ignored=None if is_of_cells else int(settings.ignored),
        has_positions=setup.first.coordinates is not None,
    )
    return planned(plan)


def _rows(outcome: Outcome, settings: Settings) -> RowsOfBlock:
    batch = outcome.batch
    places = batch.coordinates
    return RowsOfBlock(
        logits=_logits(batch.values.astype(np.float64, copy=False), settings),
        target=batch.truth,
        used=outcome.used,
        place=batch.start + np.arange(batch.size) if places is None else places[:, 0],
        sample=np.empty(0) if batch.sample_weight is None else batch.sample_weight,
        counted=outcome.cell_used if isinstance(outcome, CellLosses) else outcome.used[:, None],
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
