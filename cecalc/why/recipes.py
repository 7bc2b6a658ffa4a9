"""Every number that a mistake would have printed for some rows, from their sums alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from cecalc.why import recipes_bce, recipes_ce
from cecalc.why.loss_variants import (
    BCE,
    CE,
    KERAS,
    NOWHERE,
    SKLEARN,
    SKLEARN_OLD,
    SKLEARN_SINGLE,
    TORCH,
    Clip,
    Variant,
)
from cecalc.why.plan import Known, Plan
from cecalc.why.recipe import (
    BCE_LINE,
    CE_LINE,
    FACTORS,
    OF_CELLS,
    OF_CLASSES,
    Factor,
    Measured,
    Misread,
    Mistake,
    Sizes,
    times,
)
from cecalc.why.tally import Tally

_ACTIVATIONS = {
    "logits": ("", ()),
    "softmax": ("softmax first", (1,)),
    "sigmoid": ("sigmoid first", (12,)),
    "log_softmax": ("log_softmax first", (20,)),
}
_LOSSES = {
    "ce": ("cross-entropy", ()),
    "nll": ("NLLLoss", (25,)),
    "log": ("-ln of it as a probability", (8,)),
    "bce_logits": ("BCE with logits", (9,)),
    "bce": ("BCELoss", (9,)),
}
_CLIPS: dict[Clip, tuple[str, tuple[int, ...]]] = {
    KERAS: ("clipped at 1e-7", (7,)),
    SKLEARN: ("clipped at 2.2e-16", (7,)),
    SKLEARN_OLD: ("clipped at 1e-15", (7,)),
    SKLEARN_SINGLE: ("clipped at 1.2e-7", (7,)),
}
_READINGS = {
    "given": ("", ()),
    "minus_one": ("targets minus 1", (6,)),
    "plus_one": ("targets plus 1", (6,)),
    "by_name": ("classes sorted by name", (19,)),
    "next": ("targets one row later", (14,)),
    "previous": ("targets one row earlier", (14,)),
    "after_next": ("targets two rows later", (14,)),
}
_NOTHING: tuple[str, tuple[int, ...]] = ("", ())
_PLAIN = {"bce": TORCH}
"""Where torch itself clips."""
_ON_CELLS = {"bce": (), "bce_logits": (), "ce": (22,)}
"""What entries these losses have where cells have labels of their own."""


def combinations(*, is_of_cells: bool) -> Iterator[Misread]:
    """Every combination of two or more mistakes."""
    readings = ("given",) if is_of_cells else _READINGS
    for activation, loss, reading in product(_ACTIVATIONS, _LOSSES, readings):
        plain = {_PLAIN.get(loss, NOWHERE): _NOTHING}
        clips = plain | _CLIPS if loss in ("log", "bce") else plain
        for clip, clipped in clips.items():
            said = (_ACTIVATIONS[activation], _loss(loss, is_of_cells), clipped, _READINGS[reading])
            entries = tuple(number for _, numbers in said for number in numbers)
            form = Variant(activation, loss, clip)
            if len(entries) > 1:
                words = ", ".join(words for words, _ in said if words)
                fix = BCE_LINE if is_of_cells else CE_LINE
                mistake = Mistake(words, entries, f"several at once: {words}", fix, 2)
                yield Misread(mistake, form, reading)


def _loss(loss: str, is_of_cells: bool) -> tuple[str, tuple[int, ...]]:
    words, entries = _LOSSES[loss]
    return words, _ON_CELLS.get(loss, entries) if is_of_cells else entries


DEEP_FACTORS = (
    *(times(factor) for factor in (32, 1 / 32)),
    Factor("times ln 2", 13, "multiplied by ln 2, though it is in nats already",
        "loss = {f}(logits, target)  # nats", lambda loss, _: loss.mean * math.log(2), 2),
    Factor("times C", 21, "multiplied by the number of classes",
        "loss = {f}(logits, target)  # one mean",
        lambda loss, size: loss.mean * size.classes, 2),
    Factor("divided by N - 1", 21, "the sum was divided by one row fewer",
        "loss = {f}(logits, target)  # one mean",
        lambda loss, size: loss.total / (size.rows - 1) if size.rows > 1 else math.nan, 2),
)  # fmt: skip
"""Factors that are tried only when several mistakes are."""


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
    room = recipes_bce if plan.is_of_cells else recipes_ce
    size = Sizes(tally.rows_used, plan.classes, tally.samples)
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
