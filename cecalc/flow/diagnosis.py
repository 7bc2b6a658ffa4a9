"""Why a loop printed another number: the rows through every recipe, beside the run of the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cecalc import __version__, backend
from cecalc.backend import Backend
from cecalc.compute import Noted, Settings, outcome_of
from cecalc.compute.both import both_of
from cecalc.errors import DataError, Place, UsageError, count
from cecalc.flow.computation import Computation
from cecalc.flow.headers import denominator, header_of, target_in_words
from cecalc.flow.settings import settings_of
from cecalc.insight.why import impossible, verdict
from cecalc.insight.why.known import BATCH_SIZES, SMOOTHINGS, Known
from cecalc.insight.why.plan import Plan
from cecalc.insight.why.recipes import forms, misreadings, recipes
from cecalc.insight.why.remarks import remarks as remarks_of
from cecalc.insight.why.rows import Rows
from cecalc.insight.why.summing import tally_of
from cecalc.insight.why.tally import Tally
from cecalc.losses.rules import TOLERANCE
from cecalc.records import (
    Batch,
    Diagnosis,
    Header,
    Item,
    Kind,
    Meter,
    Outcome,
    Problem,
    Question,
    Reduction,
    Report,
    Request,
    Schema,
    Task,
)
from cecalc.summary import Summary

if TYPE_CHECKING:
    from cecalc.records import Floats


def diagnosed(
    problem: Problem,
    first: Batch,
    request: Request,
    tell: Callable[[Iterable[str]], None],
    meter: Meter,
) -> Iterator[Item]:
    """A header, and the diagnosis.

    Parameters
    ----------
    problem, first : the input, and the first batch of it, which shows the shapes
    request, tell, meter : as `cecalc.flow.run` takes them

    Raises
    ------
    CecalcError : the input cannot be read, or breaks a rule; its place is in it
    """
    question = request.question
    assert question is not None
    if first.target is None:
        place = Place(source=problem.schema.source)
        raise DataError("no target", place=place, hint="give one with --target")
    sides = _sides(question, problem, first, request)
    yield sides[-1].header
    arithmetic = backend.choose(request.arithmetic, values=first.values.size)
    found = [(Summary(), Tally())] * len(sides)
    compute = partial(_looked_at, sides=sides)
    settings, header = sides[0].settings, sides[-1].header
    for done in Computation(settings, arithmetic, header, meter, compute).over(problem.blocks):
        assert done.noted is not None
        tell(done.noted.notes)
        meter.rows += done.batch.size
        found = [
            (summary.merge(more), tally.merge(other, side.plan))
            for side, (summary, tally), (more, other) in zip(
                sides, found, done.noted.beside, strict=True
            )
        ]
    side, (summary, tally) = next(
        (side, sums)
        for side, sums in zip(sides, found, strict=True)
        if side is sides[-1] or sums[0].rows_used == sums[0].rows_given
    )
    report = summary.finish(
        side.header,
        denominator_is=denominator(side.header, side.settings),
        target_form=target_in_words(side.header, is_binary=summary.is_binary),
        backend=arithmetic.label,
        version=__version__,
    )
    yield _Found(tally, side.plan, side.known, report).diagnosis(question)


@dataclass(frozen=True)
class _Side:
    """The rows as one of the two losses takes them."""

    settings: Settings
    header: Header
    plan: Plan
    known: Known

    def sums(self, outcome: Outcome) -> tuple[Summary, Tally]:
        """What a batch adds up to."""
        rows = _rows(outcome, self.settings)
        return Summary.of(outcome, self.header), tally_of(rows, self.plan)


def _sides(
    question: Question, problem: Problem, first: Batch, request: Request
) -> tuple[_Side, ...]:
    """The losses that the rows may ask for.

    One column asks for bce, class indices for ce. A number for each class may be a distribution or
    a label for each: if every row sums to 1, it is one, which only the last row tells.
    """
    assert first.target is not None

    def side(task: Task, shapes: Batch) -> _Side:
        asked = replace(request, input=replace(request.input, task=task))
        settings = settings_of(asked, problem.schema, shapes)
        header = replace(header_of(problem, shapes, settings, None), reduction=Reduction.SUM)
        known = _known(question, request, settings)
        return _Side(settings, header, _planned(known, settings, problem.schema, first), known)

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
    return bool((np.abs(first.values.sum(axis=1) - 1) <= TOLERANCE).all())


def _as_cells(batch: Batch) -> Batch:
    """A batch that was read for cross-entropy, for binary cross-entropy."""
    assert batch.target is not None
    target = batch.target.reshape(batch.values.shape)
    return replace(batch, target=target, cell_shape=batch.values.shape[1:])


def _looked_at(
    batch: Batch, settings: Settings, arithmetic: Backend, *, sides: tuple[_Side, ...]
) -> Noted:
    """The outcome of a batch and, beside it, what it adds up to on each side."""
    if len(sides) == 2:
        noted = both_of(_as_cells(batch), settings, arithmetic)
        outcomes = [noted.beside, noted.outcome]
    else:
        is_cells = sides[0].settings.task is Task.BCE
        noted = outcome_of(_as_cells(batch) if is_cells else batch, settings, arithmetic)
        outcomes = [noted.outcome]
    sums = [side.sums(outcome) for side, outcome in zip(sides, outcomes, strict=True)]
    return replace(noted, beside=sums)


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


@dataclass(frozen=True)
class _Found:
    """The sums over all rows, and the loss they have."""

    tally: Tally
    plan: Plan
    known: Known
    report: Report

    def diagnosis(self, question: Question) -> Diagnosis:
        """What can be said of a number."""
        typed = verdict.Typed.of(question.typed)
        candidates = verdict.distinct(recipes(self.tally, self.plan, self.known))
        fits = verdict.fits(typed, candidates)
        report, found = self.report, bool(fits.groups)
        size = _in_words(report)
        mean = math.nan if report.mean is None else report.mean
        remarks = list(remarks_of(mean, self.tally, self.plan))
        return Diagnosis(
            typed=typed.text,
            value=typed.value,
            decimals=typed.decimals,
            is_sure=typed.is_sure,
            task=report.header.task,
            ours=report.mean,
            ours_is=f"mean over {size}",
            matches=[verdict.match_of(group, size, remarks) for group in fits.groups],
            also=[verdict.name_of(recipe) for recipe in fits.also],
            tried=len(candidates),
            chance=verdict.chance(typed, candidates),
            apart=self._apart(fits),
            reasons=() if found else tuple(impossible.reasons(typed.value, self.tally, self.plan)),
            advice=() if found else tuple(_advice(self.plan, self.known)),
            source=report.header.schema.source,
            backend=report.backend,
            version=report.version,
        )

    def _apart(self, fits: verdict.Fits) -> str | None:
        """Which further number would tell the simplest two explanations apart."""
        groups = [*fits.groups, *((recipe,) for recipe in fits.also)]
        if len(groups) > 1 and len(groups[0]) == 1:
            first, second = (group[0] for group in groups[:2])
        elif groups and len(groups[0]) > 1:
            first, second = groups[0][:2]
        else:
            return None
        if self.tally.head is None:
            return None
        alone = tally_of(self.tally.head.part(slice(0, 1)), self.plan)
        return verdict.apart(first, second, recipes(alone, self.plan, self.known))


def _in_words(report: Report) -> str:
    """What the mean divides by."""
    number, what = report.denominator, report.denominator_is
    if what in ("rows", "cells"):
        return count(int(number), what.removesuffix("s"))
    return f"the {what}, {number:.10g}"


def _advice(plan: Plan, known: Known) -> Iterator[str]:
    """What else could be told."""
    if not known.batch_sizes:
        yield "--batch-size, where batches were averaged (any tries usual sizes)"
    if plan.weight is None and not known.is_weight_free:
        yield "--weight, where there were any (any tries usual ones)"
    if not known.smooths:
        yield "--label-smoothing, where there was any (any tries usual ones)"
    if not known.deep:
        yield "--deep, for several mistakes at once"
