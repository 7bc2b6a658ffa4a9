"""Why a loop printed another number: the rows through every recipe, beside the run of the loss."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cecalc.compute import outcome_of
from cecalc.errors import count
from cecalc.model import Batch, Item, Outcome, Report
from cecalc.run.both_losses import as_cells, both_of, is_of_classes, unweighted
from cecalc.run.collectors import Collector, Job, Setup, Summed
from cecalc.summary import Summary
from cecalc.terms import Task
from cecalc.why import verdict
from cecalc.why.diagnosis import Diagnosis, Question, Typed
from cecalc.why.losses import LossOfBatch, LossOfRows, losses_of
from cecalc.why.plan import Plan
from cecalc.why.recipe import Measured
from cecalc.why.recipes import Recipe, recipes
from cecalc.why.tally import Tally, tally_of

_WITHOUT = ("pos_weight",)


@dataclass(frozen=True)
class _Losses(Summed):
    """A batch under the loss that the rows ask for, and under each that they may ask for."""

    every: Sequence[LossOfBatch]


def diagnosing(question: Question, setup: Setup) -> Job[_Losses]:
    """The diagnosis of a number.

    Raises
    ------
    UsageError, DataError : an option does not go with the input
    """
    setup = unweighted(setup, "why", _WITHOUT)
    losses = losses_of(question, setup)
    settings, arithmetic = losses[0].settings, setup.arithmetic
    asked = 0 if is_of_classes(setup.first) else -1

    def compute(batch: Batch) -> _Losses:
        outcomes: Sequence[Outcome]
        if len(losses) == 2:
            outcomes = both_of(as_cells(batch), settings, arithmetic).each
        else:
            is_cells = settings.task is Task.BCE
            outcomes = [outcome_of(as_cells(batch) if is_cells else batch, settings, arithmetic)]
        every = [loss.of(outcome) for loss, outcome in zip(losses, outcomes, strict=True)]
        return _Losses(every[asked].outcome, every[asked].summary, every)

    collector = _Diagnosing(question, losses, arithmetic.label)
    return Job(setup, losses[asked].header, settings, compute, [collector])


@dataclass
class _Diagnosing(Collector[_Losses]):
    """The sums under each loss, and what they say of the number."""

    question: Question
    losses: tuple[LossOfRows, ...]
    label: str

    def add(self, summed: _Losses, _given: Batch) -> Iterable[Item]:
        for loss, part in zip(self.losses, summed.every, strict=True):
            loss.add(part)
        return ()

    def finish(self, _total: Summary) -> Iterable[Item]:
        *others, last = self.losses
        loss = next((o for o in others if o.summary.rows_used == o.summary.rows_given), last)
        report = loss.summary.finish(loss.header, loss.settings.weight, self.label)
        yield _diagnosis(self.question, loss.tally, loss.plan, report)


def _diagnosis(question: Question, tally: Tally, plan: Plan, report: Report) -> Diagnosis:
    """What can be said of a number."""
    typed = Typed.of(question.typed)
    right = Measured(report.numerator, report.denominator, plan.is_of_cells)
    candidates = verdict.distinct(recipes(tally, plan, right))
    groups, also = verdict.fits(typed, candidates)
    torch = _torch(plan, report)
    size = _in_words(report)
    mean = math.nan if report.mean is None else report.mean
    remarks = list(verdict.remarks(mean, tally, plan))
    return Diagnosis(
        typed=typed,
        report=report,
        size=size,
        matches=[verdict.match_of(group, torch, size, remarks) for group in groups],
        also=[recipe.name for recipe in also],
        tried=len(candidates),
        chance=verdict.chance(typed, candidates),
        apart=_apart([*groups, *([recipe] for recipe in also)], tally, plan),
        reasons=() if groups else tuple(verdict.reasons(typed, tally, plan)),
        advice=() if groups else tuple(_advice(plan)),
    )


def _apart(groups: Sequence[Sequence[Recipe]], tally: Tally, plan: Plan) -> str | None:
    """Which further number would tell the simplest two explanations apart."""
    simplest = groups[0] if groups and len(groups[0]) > 1 else [group[0] for group in groups]
    if len(simplest) < 2 or tally.ends is None:
        return None
    first, second, *_ = simplest
    alone = tally_of(tally.ends.head.part(slice(0, 1)), plan)
    return verdict.apart(first, second, recipes(alone, plan))


def _torch(plan: Plan, report: Report) -> dict[str, str]:
    """How torch spells the loss, and what its mean divides by."""
    if plan.is_of_cells:
        return {"f": "F.binary_cross_entropy_with_logits", "n": "target.numel()"}
    number = "(target != ignore_index).sum()" if report.rows_ignored else "len(target)"
    if report.header.has_row_weight:
        number = "weight[target].sum()"
    return {"f": "F.cross_entropy", "n": number}


def _in_words(report: Report) -> str:
    """What the mean divides by."""
    number, what = report.denominator, report.header.denominator_is
    if what in ("rows", "cells"):
        return count(int(number), what.removesuffix("s"))
    return f"the {what}, {number:.10g}"


def _advice(plan: Plan) -> Iterator[str]:
    """What else could be told."""
    if not plan.batch_sizes:
        yield "--batch-size, where batches were averaged (any tries usual sizes)"
    if plan.weight is None and not plan.is_weight_free:
        yield "--weight, where there were any (any tries usual ones)"
    if not (plan.label_smoothing or plan.smoothings):
        yield "--label-smoothing, where there was any (any tries usual ones)"
    if not plan.deep:
        yield "--deep, for several mistakes at once"
