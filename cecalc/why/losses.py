"""The losses that a number may have been printed for, and what the rows add up to under each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from cecalc.compute import Settings
from cecalc.errors import DataError, Place, UsageError, count
from cecalc.model import Batch, CellLosses, Floats, Header, Outcome, Schema
from cecalc.request import Request
from cecalc.run.both_losses import as_cells, sums_to_one
from cecalc.run.collectors import Setup, Summed
from cecalc.run.settings import header_of, settings_of
from cecalc.summary import Summary
from cecalc.terms import Kind, Reduction, Task
from cecalc.why.diagnosis import Question
from cecalc.why.plan import BATCH_SIZES, SMOOTHINGS, Plan
from cecalc.why.recipes import planned
from cecalc.why.sums import RowsOfBlock
from cecalc.why.tally import Tally, tally_of


@dataclass(frozen=True)
class LossOfBatch(Summed):
    """The same with the sums that recipes are made of."""

    tally: Tally


@dataclass
class LossOfRows:
    """One of the losses, and what the rows add up to under it."""

    settings: Settings
    header: Header
    plan: Plan
    summary: Summary = field(default_factory=Summary)
    tally: Tally = field(default_factory=Tally)

    def of(self, outcome: Outcome) -> LossOfBatch:
        """What a batch adds up to; in any thread."""
        tally = tally_of(_rows(outcome, self.settings), self.plan)
        return LossOfBatch(outcome, Summary.of(outcome, self.header), tally)

    def add(self, part: LossOfBatch) -> None:
        """Take the next batch."""
        self.summary = self.summary.merge(part.summary)
        self.tally = self.tally.merge(part.tally, self.plan)


def losses_of(question: Question, setup: Setup) -> tuple[LossOfRows, ...]:
    """The losses that the rows may ask for.

    One column asks for bce, class indices for ce. A number for each class may be a distribution or
    a label for each: if every row sums to 1, it is one, which only the last row tells.
    """
    first, schema, request = setup.first, setup.schema, setup.request
    if first.target is None:
        raise DataError(
            "no target", place=Place(source=schema.source), hint="give one with --target"
        )

    def loss(task: Task, shapes: Batch) -> LossOfRows:
        asked = replace(request, input=replace(request.input, task=task))
        settings = settings_of(asked, schema, shapes)
        header = replace(header_of(schema, shapes, settings, None), reduction=Reduction.SUM)
        return LossOfRows(settings, header, _plan(question, request, settings, schema, first))

    is_index = first.target.ndim == 1 and first.values.shape[1] > 1
    if is_index or schema.kind is Kind.LOG_PROBS:
        return (loss(Task.CE, first),)
    cells = loss(Task.BCE, as_cells(first))
    if first.values.shape[1] == 1 or not _is_of_rows(schema.kind, first):
        return (cells,)
    with suppress(DataError, UsageError):  # an option that goes with cells alone
        return loss(Task.CE, first), cells
    return (cells,)


def _is_of_rows(kind: Kind, first: Batch) -> bool:
    """Whether the values of a row may belong together: all but probabilities may."""
    return kind is not Kind.PROBS or bool(sums_to_one(first.values).all())


def _plan(
    question: Question, request: Request, settings: Settings, schema: Schema, first: Batch
) -> Plan:
    """What is known of the loop, what is tried of the rest, and therefore summed."""
    size, is_free = question.batch_size, question.free.__contains__
    is_of_cells, classes = settings.task is Task.BCE, first.values.shape[1]
    plan = Plan(
        is_of_cells=is_of_cells,
        classes=classes,
        label_smoothing=request.input.options.over(schema.options).label_smoothing or 0.0,
        batch_sizes=BATCH_SIZES if is_free("batch_size") else () if size is None else (size,),
        framework=question.framework,
        deep=question.deep,
        smoothings=SMOOTHINGS if is_free("label_smoothing") else (),
        is_weight_free=is_free("weight"),
        weight=_column_weight(settings.weight, classes),
        order=_sorted_order(schema.classes),
        ignored=None if is_of_cells else int(settings.ignored),
        has_positions=first.coordinates is not None,
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
