"""Every number that a mistake would have printed for some rows, from their sums alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from cecalc.why import recipes_bce, recipes_ce
from cecalc.why.factors import DEEP_FACTORS, FACTORS
from cecalc.why.plan import Plan
from cecalc.why.recipe import NOTHING, Factor, Measured, Mistake, Sum, Sums
from cecalc.why.recipes_any import NOT_A_NUMBER, ROUNDED, combinations, of_batches
from cecalc.why.tally import Tally


@dataclass(frozen=True)
class Recipe:
    """A way to a number."""

    mistake: Mistake
    factor: Factor
    value: float

    @property
    def rank(self) -> tuple[int, int, int]:
        """How simple it is: how many things are different, and how odd each is."""
        mistake, factor = self.mistake, self.factor
        return len(self.entries), mistake.rank + factor.rank, len(mistake.entries)

    @property
    def entries(self) -> tuple[int, ...]:
        """Its entries in the catalogue."""
        return self.mistake.entries + ((self.factor.entry,) if self.factor.rank else ())

    @property
    def differences(self) -> list[Mistake | Factor]:
        """What is not as it should be."""
        return [part for part in (self.mistake, self.factor) if part.rank]

    @property
    def name(self) -> str:
        """What it is called."""
        return ", ".join(part.name for part in self.differences) or self.mistake.name


def _forms(plan: Plan) -> Iterator[Mistake]:
    """Those for which forms are summed."""
    yield from recipes_bce.OF_CELLS if plan.is_of_cells else recipes_ce.OF_CLASSES
    yield from combinations(plan)


def planned(plan: Plan) -> Plan:
    """The plan with every form that its recipes need, the right one first."""
    has_rows = plan.classes > 1 or not plan.is_of_cells
    numbers = [mistake.of for mistake in _forms(plan) if _is_habit(mistake, plan)]
    forms = [each.form for each in numbers if isinstance(each, Sum)]
    forms = [form for form in forms if form.is_of_cells or has_rows]
    return replace(plan, forms=tuple(dict.fromkeys([plan.right, *forms])))


@np.errstate(all="ignore")  # what overflows is what a mistake would have printed
def recipes(tally: Tally, plan: Plan, right: Measured | None = None) -> list[Recipe]:
    """Every recipe and its number, the simplest first; those that say nothing new are left out.

    Parameters
    ----------
    right : the loss itself, where it is known better than by the tally
    """
    sums = Sums(tally, plan, right or _right_of(tally, plan))
    found = []
    for mistake in (NOTHING, *(mistakes(sums) if sums.rows else NOT_A_NUMBER)):
        loss = mistake.of(sums) if _is_habit(mistake, plan) else None
        if loss is None:
            continue
        for factor in _factors(mistake, loss, plan):
            value = factor.of(loss, sums)
            if not math.isnan(value) or (mistake.rank and not factor.rank):
                found.append(Recipe(mistake, factor, value))
    return sorted(found, key=lambda recipe: recipe.rank)


def mistakes(sums: Sums) -> Iterator[Mistake]:
    """Every mistake that may have been made."""
    yield from recipes_bce.options(sums) if sums.plan.is_of_cells else recipes_ce.options(sums)
    for size in sums.plan.batch_sizes:
        yield from of_batches(size)
    yield from _forms(sums.plan)
    yield from recipes_bce.OF_COUNTS if sums.plan.is_of_cells else recipes_ce.OF_ROWS
    yield from (*ROUNDED, *NOT_A_NUMBER)


def _right_of(tally: Tally, plan: Plan) -> Measured:
    """The loss itself, as the tally has it."""
    is_of_cells, is_weighted = plan.is_of_cells, plan.is_of_cells and plan.weight is not None
    total = tally.totals[plan.right, "weight" if is_weighted else "given"]
    return Measured(total.loss, tally.cells_used if is_of_cells else total.weight, is_of_cells)


def _is_habit(mistake: Mistake, plan: Plan) -> bool:
    """Whether the loop may make a mistake that is one framework's habit."""
    return mistake.framework is None or plan.framework in (None, mistake.framework)


def _factors(mistake: Mistake, loss: Measured, plan: Plan) -> Iterator[Factor]:
    """Those that are tried together with a mistake."""
    for factor in (*FACTORS, *DEEP_FACTORS) if plan.deep else FACTORS:
        goes = not mistake.rank or factor.with_mistakes or plan.deep
        if factor.rank == 0 or (goes and not loss.is_final):
            yield factor
