"""Why a loop printed another number: the rows through every recipe, beside the run of the loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from cecalc.compute import backend
from cecalc.diagnosis import Diagnosis
from cecalc.errors import DataError, Place, count
from cecalc.hints.collector import Noticing
from cecalc.model import Batch, Item, Meter, Problem, Report
from cecalc.request import Question, Request
from cecalc.run.blocks import Computation
from cecalc.run.both_losses import is_of_classes, left_out, without
from cecalc.run.settings import report_of
from cecalc.summary import Summary
from cecalc.terms import Hint
from cecalc.why import verdict
from cecalc.why.plan import Plan
from cecalc.why.recipe import Measured
from cecalc.why.recipes import recipes
from cecalc.why.sides import looked_at, sides_of
from cecalc.why.tally import Tally, tally_of


def diagnosed(
    problem: Problem,
    first: Batch,
    request: Request,
    tell: Callable[[list[Hint]], None],
    meter: Meter,
) -> Iterator[Item]:
    """A header, and the diagnosis.

    Parameters
    ----------
    problem, first : the input, and the first batch of it, which shows the shapes
    request, meter : as `cecalc.run.run` takes them
    tell : hears everything that looks wrong, when the last row is known

    Raises
    ------
    CecalcError : the input cannot be read, or breaks a rule; its place is in it
    """
    question = request.question
    assert question is not None
    if first.target is None:
        place = Place(source=problem.schema.source)
        raise DataError("no target", place=place, hint="give one with --target")
    more = list(left_out("why", _WITHOUT, problem, first))
    problem, first = without(_WITHOUT, problem), replace(first, sample_weight=None)
    sides = sides_of(question, problem, first, request)
    last = sides[-1]
    yield last.header
    arithmetic = backend.choose(request.arithmetic, values=first.values.size)
    watched = 0 if is_of_classes(first) else -1
    seen = sides[watched]
    noticing = Noticing(seen.header, seen.settings, arithmetic.dtype, request.hints)
    found = [(Summary(), Tally())] * len(sides)
    compute = partial(looked_at, sides=sides)
    computation = Computation(sides[0].settings, arithmetic, last.header, meter, compute)
    for done in computation.over(problem.blocks):
        looks = done.result
        assert looks is not None
        noticing.add(looks[watched].outcome, done.batch)
        meter.rows += done.batch.size
        found = [
            (summary.merge(look.summary), tally.merge(look.tally, side.plan))
            for side, (summary, tally), look in zip(sides, found, looks, strict=True)
        ]
    tell([*more, *noticing.hints(found[watched][0])])
    side, (summary, tally) = next(
        (side, sums)
        for side, sums in zip(sides, found, strict=True)
        if side is last or sums[0].rows_used == sums[0].rows_given
    )
    report = report_of(summary, side.header, side.settings, arithmetic.label)
    yield _Found(tally, side.plan, report).diagnosis(question)


_WITHOUT = ("pos_weight",)
_CELLS = verdict.Torch("F.binary_cross_entropy_with_logits", "target.numel()")
_WEIGHTED = verdict.Torch("F.cross_entropy", "weight[target].sum()")
_IGNORING = verdict.Torch("F.cross_entropy", "(target != ignore_index).sum()")
_ROWS = verdict.Torch("F.cross_entropy", "len(target)")


@dataclass(frozen=True)
class _Found:
    """The sums over all rows, and the loss they have."""

    tally: Tally
    plan: Plan
    report: Report

    def diagnosis(self, question: Question) -> Diagnosis:
        """What can be said of a number."""
        typed = verdict.Typed.of(question.typed)
        report, plan = self.report, self.plan
        right = Measured(None, report.numerator, report.denominator, plan.is_of_cells)
        candidates = verdict.distinct(recipes(self.tally, plan, right))
        fits = verdict.fits(typed, candidates)
        found, torch = bool(fits.groups), _torch(plan, report)
        size = _in_words(report)
        mean = math.nan if report.mean is None else report.mean
        remarks = list(verdict.remarks(mean, self.tally, plan))
        return Diagnosis(
            typed=typed.text,
            value=typed.value,
            decimals=typed.decimals,
            is_sure=typed.is_sure,
            task=report.header.task,
            ours=report.mean,
            ours_is=f"mean over {size}",
            matches=[verdict.match_of(group, torch, size, remarks) for group in fits.groups],
            also=[verdict.name_of(recipe) for recipe in fits.also],
            tried=len(candidates),
            chance=verdict.chance(typed, candidates),
            apart=self._apart(fits),
            reasons=() if found else tuple(verdict.reasons(typed, self.tally, plan)),
            advice=() if found else tuple(_advice(plan)),
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
        return verdict.apart(first, second, recipes(alone, self.plan))


def _torch(plan: Plan, report: Report) -> verdict.Torch:
    """How torch spells the loss."""
    if plan.is_of_cells:
        return _CELLS
    if report.header.has_row_weight:
        return _WEIGHTED
    return _IGNORING if report.rows_ignored else _ROWS


def _in_words(report: Report) -> str:
    """What the mean divides by."""
    number, what = report.denominator, report.denominator_is
    if what in ("rows", "cells"):
        return count(int(number), what.removesuffix("s"))
    return f"the {what}, {number:.10g}"


def _advice(plan: Plan) -> Iterator[str]:
    """What else could be told."""
    known = plan.known
    if not known.batch_sizes:
        yield "--batch-size, where batches were averaged (any tries usual sizes)"
    if plan.weight is None and not known.is_weight_free:
        yield "--weight, where there were any (any tries usual ones)"
    if not (known.label_smoothing or known.smoothings):
        yield "--label-smoothing, where there was any (any tries usual ones)"
    if not known.deep:
        yield "--deep, for several mistakes at once"
