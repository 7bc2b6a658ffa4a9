"""What else people print of a loss: another reduction, another base of the logarithm; and every
number that a mistake would have printed for some rows, from their sums alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from cecalc.mistakes import recipes_bce, recipes_ce
from cecalc.mistakes.loss_variants import Variant
from cecalc.mistakes.recipe import NOTHING, Factor, Mistake, Sum, Sums
from cecalc.mistakes.recipes_any import NOT_A_NUMBER, OF_ANY, changed, of_batches
from cecalc.mistakes.sums import Plan, Total
from cecalc.mistakes.tally import Tally

_MEAN = "loss = {f}(logits, target)"
_DIVERGENCE = 26
"""The entry of KL divergences."""


def _times(name: str, factor: float) -> Factor:
    """The loss times something that is often there, whatever it was."""
    says = f"it is the loss {name}: losses added up where one is meant, or divided once too often "
    says += "(steps of accumulation, devices, halves of a loss, for example)"
    return Factor(f"the loss {name}", 42, says, "loss = loss / steps  # once, for example",
        lambda total, _: factor * total.mean, 2, with_mistakes=False)  # fmt: skip


def _squared(temperature: int, classes: str = "") -> Factor:
    """What distillation multiplies a KL divergence by; / C where that is said."""
    name = f"times T² = {temperature**2}{classes}"
    return Factor(name, 37, f"it is {name}, as distillation at T = {temperature} has it",
        "loss = T**2 * F.kl_div(log_p, target, reduction='batchmean')", lambda total, sums:
            temperature**2 * total.mean / (sums.plan.classes if classes else 1))  # fmt: skip


def _one_row_more(sign: str, more: int) -> Factor:
    """The sum over N - 1 or N + 1."""
    return Factor(f"divided by N {sign} 1", 43, f"the sum was divided by N {sign} 1 rows",
        f"{_MEAN}  # one mean", lambda total, sums:
            total.loss / (sums.rows + more) if sums.rows + more else math.nan,
        2, with_mistakes=False)  # fmt: skip


FACTORS = (
    Factor("mean", 21, "the mean", None, lambda total, _: total.mean, 0),
    Factor("the sum", 21, "it is the sum, not the mean",
        "loss = {f}(logits, target, reduction='mean')",
        lambda total, _: total.loss if total.weight not in (0, 1) else math.nan),
    Factor("cells summed per row", 21,
        "the cells of a row were added up, and the mean taken over rows",
        f"{_MEAN}  # one mean over all cells",
        lambda total, sums: total.loss / sums.rows
            if total.is_of_cells and sums.plan.classes > 1 else math.nan),
    Factor("row means added up", 21, "the means of rows were added up, as Keras's sum does",
        f"{_MEAN}  # one mean over all cells",
        lambda total, sums: total.mean * sums.rows
            if total.is_of_cells and sums.plan.classes > 1 else math.nan),
    Factor("divided by N·C", 21, "the mean was taken over rows times classes, not over rows",
        f"{_MEAN}  # one mean over all rows",
        lambda total, s: math.nan if total.is_of_cells else total.mean / s.plan.classes),
    Factor("summed over positions", 21,
        "losses were summed over positions, and the mean taken over axis 0",
        f"{_MEAN}  # (N, C, d1, ...): one mean over all positions",
        lambda total, s: total.loss / s.tally.samples if s.tally.samples < s.rows else math.nan),
    Factor("averaged twice", 21, "the mean was divided by the number of rows once more",
        f"{_MEAN}  # a mean already",
        lambda total, s: total.mean / s.rows if s.rows > 1 else math.nan, 2),
    Factor("the loss in bits", 13, "it is in bits: divided by ln 2",
        "bits = loss / math.log(2)  # loss itself is in nats",
        lambda total, _: total.mean / math.log(2)),
    Factor("the loss in log10", 13, "it was taken with log10: divided by ln 10",
        f"{_MEAN}  # natural logarithms", lambda total, _: total.mean / math.log(10), 2,
        with_mistakes=False),
    Factor("the perplexity", 13, "it is the perplexity, exp(loss)",
        "perplexity = loss.exp()  # loss itself is in nats",
        lambda total, _: float(np.exp(total.mean))),
    Factor("2**loss", 13, "it is 2**loss, though the loss is in nats: exp is the perplexity",
        "perplexity = loss.exp()  # not 2 ** loss", lambda total, _: float(np.exp2(total.mean)), 2,
        with_mistakes=False),
    Factor("the sign", 38, "its sign is turned: minus the mean, which is to be maximised",
        "loss = -loss", lambda total, _: -total.mean, with_mistakes=False),
    Factor("the sign of the sum", 38, "its sign is turned: minus the sum, which is to be maximised",
        "loss = -loss", lambda total, _: math.nan if total.weight in (0, 1) else -total.loss,
        with_mistakes=False),
    _one_row_more("-", -1),
    _one_row_more("+", 1),
    *(factor for steps in range(2, 17) for factor in (
        _times(f"times {steps}", steps), _times(f"divided by {steps}", 1 / steps))),
)  # fmt: skip
"""What is tried by itself and, where it goes with them, together with each mistake."""

DEEP_FACTORS = (
    _times("times 32", 32),
    _times("divided by 32", 1 / 32),
    Factor("times ln 2", 13, "multiplied by ln 2, though it is in nats already",
        f"{_MEAN}  # nats", lambda total, _: total.mean * math.log(2), 2),
    Factor("times C", 21, "multiplied by the number of classes", f"{_MEAN}  # one mean",
        lambda total, s: total.mean * s.plan.classes, 2),
)  # fmt: skip
"""Factors that are tried only when several mistakes are."""
DISTILLATION = tuple(_squared(t, classes) for t in (2, 3, 4, 5, 10, 20) for classes in ("", " / C"))
"""Those of KL divergences."""


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
        different = max(len(self.differences), len(self.entries))
        return different, mistake.rank + factor.rank, len(mistake.entries)

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
        return " + ".join(part.name for part in self.differences) or self.mistake.name


def _forms(plan: Plan) -> list[Mistake]:
    """Those that are tried whatever the options."""
    table = recipes_bce.OF_CELLS if plan.is_of_cells else recipes_ce.OF_CLASSES
    found = [each for each in (*table, *changed(plan)) if _is_possible(each, plan)]
    return [*found, *_pairs(found, plan)] if plan.deep else found


def _pairs(found: Sequence[Mistake], plan: Plan) -> Iterator[Mistake]:
    """Every two of them that change different parts of a loss, one at least a common mistake."""
    right = Sum(plan.right).parts
    sums = [(each, each.of.parts) for each in found if isinstance(each.of, Sum)]
    known = {right, *(parts for _, parts in sums)}
    for (first, one), (second, other) in combinations(sums, 2):
        each_part = [*zip(right, one, other, strict=True)]
        activation, loss, clip, reading = (b if a == own else a for own, a, b in each_part)
        both = Sum(Variant(activation, loss, clip), reading)
        is_either = all(own in (a, b) for own, a, b in each_part)
        if is_either and both.parts not in known and first.rank + second.rank <= 3:
            yield Mistake(f"{first.name} + {second.name}", first.entries + second.entries,
                f"{first.says}; and {second.says}", first.fix, both, 2,
                first.framework or second.framework, first.is_of_logits or second.is_of_logits,
                partial(_both_hold, first, second))  # fmt: skip


def _both_hold(first: Mistake, second: Mistake, sums: Sums) -> bool:
    return first.holds(sums) and second.holds(sums)


def planned(plan: Plan) -> Plan:
    """The plan with every form that its recipes need, the right one first."""
    has_rows = plan.classes > 1 or not plan.is_of_cells
    found = [each.of.form for each in _forms(plan) if isinstance(each.of, Sum)]
    forms = [form for form in found if form.is_of_cells or has_rows]
    return replace(plan, forms=tuple(dict.fromkeys([plan.right, *forms])))


@np.errstate(all="ignore")  # what overflows is what a mistake would have printed
def recipes(sums: Sums) -> list[Recipe]:
    """Every recipe and its number, the simplest first; those that say nothing new are left out."""
    found, plan = list[Recipe](), sums.plan
    for mistake in (NOTHING, *mistakes(sums)) if sums.rows else NOT_A_NUMBER:
        is_tried = _is_possible(mistake, plan) and mistake.holds(sums)
        loss = mistake.of(sums) if is_tried else None
        if isinstance(loss, float):
            found.append(Recipe(mistake, FACTORS[0], loss))
        if not isinstance(loss, Total):
            continue
        for factor in _factors(mistake, plan):
            value = factor.of(loss, sums)
            if not math.isnan(value) or (mistake.rank and not factor.rank):
                found.append(Recipe(mistake, factor, value))
    return sorted(found, key=lambda recipe: recipe.rank)


def mistakes(sums: Sums) -> Iterator[Mistake]:
    """Every mistake that may have been made."""
    yield from recipes_bce.options(sums) if sums.plan.is_of_cells else recipes_ce.options(sums)
    for size in sums.plan.batch_sizes:
        if size != 1 or not sums.plan.has_positions:  # those are sequences
            yield from of_batches(size)
    yield from (*_forms(sums.plan), *OF_ANY, *NOT_A_NUMBER)


def sums_of(tally: Tally, plan: Plan) -> Sums:
    """What numbers are made of, where the loss itself is known by its sums alone."""
    total = tally.totals[plan.right, plan.reading]
    count = tally.cells_used if plan.is_of_cells else total.weight
    return Sums(tally, plan, Total(total.loss, count, is_of_cells=plan.is_of_cells))


def _is_possible(mistake: Mistake, plan: Plan) -> bool:
    """Whether the loop may make a mistake: one framework's habit, or one of logits."""
    if mistake.is_of_logits and not plan.is_of_logits:
        return False
    return mistake.framework is None or plan.framework in (None, mistake.framework)


def _factors(mistake: Mistake, plan: Plan) -> Iterator[Factor]:
    """Those that are tried together with a mistake."""
    for factor in (*FACTORS, *DEEP_FACTORS) if plan.deep else FACTORS:
        if not mistake.rank or factor.with_mistakes or plan.deep:
            yield factor
    if _DIVERGENCE in mistake.entries:
        yield from DISTILLATION
