"""Every number that a mistake would have printed for some rows, from their sums alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from cecalc.insight.why import of_cells, of_classes
from cecalc.insight.why.deep import DEEP_FACTORS, combinations
from cecalc.insight.why.forms import Form
from cecalc.insight.why.known import Known
from cecalc.insight.why.measured import FACTORS, Factor, Measured, Size
from cecalc.insight.why.misread import OF_CELLS, OF_CLASSES, Misread
from cecalc.insight.why.plan import Plan
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


def misreadings(plan: Plan, known: Known) -> tuple[Misread, ...]:
    """The mistakes of a plan that are forms and readings, and that the framework allows."""
    table = OF_CELLS if plan.is_of_cells else OF_CLASSES
    wanted = {None, known.framework}
    several = combinations(is_of_cells=plan.is_of_cells) if known.deep else ()
    return tuple(
        misread
        for misread in (*table, *several)
        if known.framework is None or misread.mistake.framework in wanted
    )


def forms(misread: tuple[Misread, ...], right: Form) -> tuple[Form, ...]:
    """The forms to be summed, each once, the right one first."""
    return tuple(dict.fromkeys([right, *(m.form for m in misread)]))


def recipes(tally: Tally, plan: Plan, known: Known) -> list[Recipe]:
    """Every recipe and its number, the simplest first; those that say nothing new are left out."""
    room = of_cells if plan.is_of_cells else of_classes
    size = Size(tally.rows_used, plan.classes, tally.samples)
    found = []
    for loss in room.losses(tally, plan, misreadings(plan, known), known):
        for factor in _factors(loss, known):
            value = factor.of(loss, size)
            if not math.isnan(value) or (loss.mistake is not None and factor.rank == 0):
                found.append(Recipe(loss, factor, value))
    return sorted(found, key=lambda recipe: recipe.rank)


def _factors(loss: Measured, known: Known) -> Iterator[Factor]:
    every = (*FACTORS, *DEEP_FACTORS) if known.deep else FACTORS
    for factor in every:
        goes = loss.mistake is None or factor.with_mistakes or known.deep
        if factor.rank == 0 or (goes and not loss.is_final):
            yield factor
