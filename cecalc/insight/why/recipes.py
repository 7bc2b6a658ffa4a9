"""Every number that a mistake would have printed for some rows, from their sums alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cecalc.insight.why import of_cells, of_classes
from cecalc.insight.why.deep import DEEP_FACTORS, combinations
from cecalc.insight.why.forms import BCE, CE
from cecalc.insight.why.measured import FACTORS, Factor, Measured, Size
from cecalc.insight.why.misread import OF_CELLS, OF_CLASSES, Misread
from cecalc.insight.why.plan import Known, Plan
from cecalc.insight.why.tally import Tally


@dataclass(frozen=True)
class Recipe:
    """A way to a number."""

    loss: Measured
    factor: Factor
    value: float

    @property
    def rank(self) -> tuple[int, int, int]:
        """How simple it is: how many things are different, and how odd each is."""
        mistake = self.loss.mistake
        entries = 0 if mistake is None else len(mistake.entries)
        steps = entries + (self.factor.rank > 0)
        return steps, (mistake.rank if mistake else 0) + self.factor.rank, entries

    @property
    def entries(self) -> tuple[int, ...]:
        """Its entries in the catalogue."""
        own = self.loss.mistake.entries if self.loss.mistake else ()
        return own + ((self.factor.entry,) if self.factor.rank else ())


def planned(plan: Plan) -> Plan:
    """The plan with every form that its recipes need, the right one first."""
    forms = dict.fromkeys([plan.right, *(misread.form for misread in _misread(plan))])
    return replace(plan, forms=tuple(forms))


@np.errstate(all="ignore")  # what overflows is what a mistake would have printed
def recipes(tally: Tally, plan: Plan, right: Measured | None = None) -> list[Recipe]:
    """Every recipe and its number, the simplest first; those that say nothing new are left out.

    Parameters
    ----------
    right : the loss itself, where it is known better than by the tally
    """
    room = of_cells if plan.is_of_cells else of_classes
    size = Size(tally.rows_used, plan.classes, tally.samples)
    found = []
    for loss in room.losses(tally, plan, _misread(plan), right or right_of(tally, plan)):
        if loss.mistake is not None and not _is_habit(loss.mistake.framework, plan.known):
            continue
        for factor in _factors(loss, plan.known):
            value = factor.of(loss, size)
            if not math.isnan(value) or (loss.mistake is not None and factor.rank == 0):
                found.append(Recipe(loss, factor, value))
    return sorted(found, key=lambda recipe: recipe.rank)


def right_of(tally: Tally, plan: Plan) -> Measured:
    """The loss itself, as the tally has it."""
    if not plan.is_of_cells:
        total = tally.totals[CE, "given"]
        return Measured(None, total.loss, total.weight)
    name = "given" if plan.weight is None else "weight"
    return Measured(None, tally.totals[BCE, name].loss, tally.cells_used, is_of_cells=True)


def _is_habit(framework: str | None, known: Known) -> bool:
    """Whether a loop in what is known may do what is one framework's habit."""
    return framework is None or known.framework in (None, framework)


def _misread(plan: Plan) -> tuple[Misread, ...]:
    """The mistakes that are forms and readings."""
    table = OF_CELLS if plan.is_of_cells else OF_CLASSES
    several = combinations(is_of_cells=plan.is_of_cells) if plan.known.deep else ()
    return tuple(m for m in (*table, *several) if _is_habit(m.mistake.framework, plan.known))


def _factors(loss: Measured, known: Known) -> Iterator[Factor]:
    every = (*FACTORS, *DEEP_FACTORS) if known.deep else FACTORS
    for factor in every:
        goes = loss.mistake is None or factor.with_mistakes or known.deep
        if factor.rank == 0 or (goes and not loss.is_final):
            yield factor
