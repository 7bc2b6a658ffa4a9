"""Why a loop printed another number: the rows through every recipe, beside the run of the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cecalc import __version__, backend
from cecalc.backend import Backend
from cecalc.compute import Noted, Settings, outcome_of
from cecalc.errors import DataError, Place, UsageError, count
from cecalc.flow.computation import Computation
from cecalc.flow.headers import denominator, header_of, target_in_words
from cecalc.flow.settings import settings_of
from cecalc.insight.why import impossible, verdict
from cecalc.insight.why.known import BATCH_SIZES, SMOOTHINGS, Known
from cecalc.insight.why.plan import Plan
from cecalc.insight.why.recipes import forms, misreadings, recipes
from cecalc.insight.why.rows import Rows
from cecalc.insight.why.summing import tally_of
from cecalc.insight.why.tally import Tally
from cecalc.losses.rules import TOLERANCE
from cecalc.records import (
    Batch,
    Block,
    Diagnosis,
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
    problem, first, task = _understood(problem, first)
    request = replace(request, input=replace(request.input, task=task))
    settings = settings_of(request, problem.schema, first)
    header = replace(header_of(problem, first, settings, None), reduction=Reduction.SUM)
    yield header
    known = _known(question, request, settings)
    plan = _planned(known, settings, problem.schema, first)
    arithmetic = backend.choose(request.arithmetic, values=first.values.size)
    compute = partial(_with_tally, plan=plan)
    summary, tally = Summary(), Tally()
    for done in Computation(settings, arithmetic, header, meter, compute).over(problem.blocks):
        assert done.noted is not None and done.summary is not None
        tell(done.noted.notes)
        summary, tally = summary.merge(done.summary), tally.merge(done.noted.beside, plan)
        meter.rows += done.batch.size
    report = summary.finish(
        header,
        denominator_is=denominator(header, settings),
        target_form=target_in_words(header, is_binary=summary.is_binary),
        backend=arithmetic.label,
        version=__version__,
    )
    yield _Found(tally, plan, known, report).diagnosis(question)


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


def _understood(problem: Problem, first: Batch) -> tuple[Problem, Batch, Task]:
    """The problem and its first batch as the loss takes them that they ask for."""
    if first.target is None:
        place = Place(source=problem.schema.source)
        raise DataError("no target", place=place, hint="give one with --target")
    if not _has_own_labels(first):
        return problem, first, Task.CE

    def cells(block: Block) -> Block:
        return lambda: as_cells(block())

    return replace(problem, blocks=map(cells, problem.blocks)), as_cells(first), Task.BCE


def _has_own_labels(first: Batch) -> bool:
    """Whether each cell has a label of its own: one column, or rows that do not sum to 1."""
    target = first.target
    assert target is not None
    if first.values.shape[1] == 1:
        return True
    return target.ndim == 2 and bool((np.abs(target.sum(axis=1) - 1) > TOLERANCE).any())


def as_cells(batch: Batch) -> Batch:
    """A batch that was read for cross-entropy, for binary cross-entropy."""
    assert batch.target is not None
    target = batch.target.reshape(batch.values.shape)
    return replace(batch, target=target, cell_shape=batch.values.shape[1:])


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


def _with_tally(batch: Batch, settings: Settings, arithmetic: Backend, *, plan: Plan) -> Noted:
    """The outcome of a batch and, beside it, the sums that recipes are made of."""
    noted = outcome_of(batch, settings, arithmetic)
    return replace(noted, beside=tally_of(_rows(noted.outcome, settings), plan))


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
        size = f"{report.denominator:.10g} {report.denominator_is}"
        return Diagnosis(
            typed=typed.text,
            value=typed.value,
            decimals=typed.decimals,
            is_sure=typed.is_sure,
            task=report.header.task,
            ours=report.mean,
            ours_is=f"mean over {size}",
            matches=[verdict.match_of(group, size) for group in fits.groups],
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
        pair = [recipe for group in fits.groups for recipe in group[:2]][:2]
        if len(fits.groups) > 1 and len(fits.groups[0]) == 1:
            pair = [group[0] for group in fits.groups[:2]]
        if len(pair) < 2 or self.tally.head is None:
            return None
        one = tally_of(self.tally.head.part(slice(0, 1)), self.plan)
        return verdict.apart(pair[0], pair[1], recipes(one, self.plan, self.known))


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
