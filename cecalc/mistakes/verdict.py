"""What can be said of a typed number: which recipes it fits, how much that is worth, and what it
cannot be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cecalc.errors import count
from cecalc.items import Report
from cecalc.mistakes.catalogue import catalogue
from cecalc.mistakes.diagnosis import SINGLE, Diagnosis, Match, Typed
from cecalc.mistakes.loss_variants import BCE
from cecalc.mistakes.recipe import NOTHING, Sums
from cecalc.mistakes.recipes import Recipe, recipes, sums_of
from cecalc.mistakes.sums import USUAL, Plan
from cecalc.mistakes.tally import tally_of


def diagnosis(asked: str, sums: Sums, report: Report) -> Diagnosis:
    """What can be said of a number, from what the rows add up to and from their loss."""
    typed, candidates = Typed.of(asked), distinct(recipes(sums))
    groups, also = fits(typed, candidates)
    matches = [match_of(group, sums, report) for group in groups]
    is_right = bool(matches) and matches[0].is_right
    if not is_right and candidates and candidates[0].mistake is NOTHING:
        is_cut = typed.is_cut_from(candidates[0].value)
        if is_cut or typed.is_nothing_of(candidates[0].value):
            matches.insert(0, replace(match_of(candidates[:1], sums, report), is_cut=is_cut))
    is_alike = bool(groups) and len(groups[0]) > 1
    return Diagnosis(
        typed=typed,
        report=report,
        size=in_words(report),
        matches=matches,
        also=[recipe.name for recipe in also],
        tried=len(candidates),
        chance=chance(typed, candidates),
        apart=_apart(groups[0] if is_alike else [*(g[0] for g in groups), *also], sums),
        reasons=() if matches else tuple(_reasons(typed, sums)),
        advice=() if matches else tuple(_advice(typed, sums)),
    )


def distinct(found: Sequence[Recipe]) -> list[Recipe]:
    """The recipes without mistakes that make no difference on these rows."""
    right = {recipe.factor.name: recipe.value for recipe in found if not recipe.mistake.rank}
    return [
        recipe
        for recipe in found
        if not recipe.mistake.rank
        or not same(recipe.value, right.get(recipe.factor.name, math.nan))
    ]


def same(a: float, b: float) -> bool:
    """Whether two recipes give one number, but for rounding."""
    return a == b or abs(a - b) <= 1e-9 * min(abs(a), abs(b))


def fits(typed: Typed, found: Sequence[Recipe]) -> tuple[list[list[Recipe]], list[Recipe]]:
    """The recipes that a number fits, of those that make a difference.

    Returns
    -------
    groups : those of each value together, the simplest first, as in all
    also : those that hardly change a simpler one which fits
    """
    matched = [recipe for recipe in found if typed.fits(recipe.value)]
    right = {recipe.factor.name for recipe in matched if not recipe.mistake.rank}
    groups, also = list[list[Recipe]](), list[Recipe]()
    for recipe in matched:
        if recipe.mistake.rank and recipe.factor.name in right:
            also.append(recipe)
            continue
        for group in groups:
            if same(group[0].value, recipe.value) or math.isnan(recipe.value):
                group.append(recipe)
                break
        else:
            groups.append([recipe])
    return groups, also


def chance(typed: Typed, found: Sequence[Recipe]) -> float:
    """How likely a number between half and twice the typed one, typed as finely, fits a recipe."""
    if typed.value == 0 or not math.isfinite(typed.value):  # it has no half and no twice
        return sum(typed.fits(r.value) for r in found) / max(1, len(found))
    low, high = sorted((typed.value / 2, typed.value * 2))
    windows = sorted(
        (max(low, r.value - typed.reach(r.value)), min(high, r.value + typed.reach(r.value)))
        for r in found
        if math.isfinite(r.value)
    )
    covered, end = 0.0, low
    for start, stop in windows:
        covered += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return min(1.0, covered / (high - low))


def match_of(group: Sequence[Recipe], sums: Sums, report: Report) -> Match:
    """Recipes of one value in words: those of the simplest, and the names of the others."""
    recipe = group[0]
    differences, entries = recipe.differences, list(recipe.entries)
    says = [difference.says for difference in differences]
    if not differences:
        remarks = dict(_remarks(report.mean, sums))
        says = [f"{recipe.factor.says} over {in_words(report)}", *remarks]
        entries += remarks.values()
    fix = next((difference.fix for difference in differences), None)
    return Match(
        name=recipe.name,
        says=tuple(says),
        fix=fix and fix.format_map(_torch(sums.plan, report)),
        entries=tuple(catalogue()[number] for number in dict.fromkeys(entries)),
        value=recipe.value,
        is_right=not differences,
        alike=tuple(other.name for other in group[1:]),
    )


def _apart(found: Sequence[Recipe], sums: Sums) -> str | None:
    """Which further number would tell the first two of some recipes apart."""
    if len(found) < 2 or sums.tally.ends is None:
        return None
    first, second, *_ = found
    difference = abs(first.value - second.value)
    if math.isfinite(difference) and difference > SINGLE * max(1.0, abs(first.value)):
        decimals = max(1, math.ceil(-math.log10(difference)) + 1)
        a, b = (f"{recipe.value:.{decimals}f}" for recipe in (first, second))
        return f"with {decimals} decimals it is {a} or {b}"
    alone = tally_of(sums.tally.ends.head.part(slice(0, 1)), sums.plan)
    values = {recipe.name: recipe.value for recipe in recipes(sums_of(alone, sums.plan))}
    one, other = (values.get(recipe.name, math.nan) for recipe in (first, second))
    if abs(one - other) > 1e-3 * max(abs(one), abs(other)):
        return f"the loss of the first row alone: {one:.4f} or {other:.4f}"
    return None


_ZERO = 1e-6
"""How far from 0 the log-sum-exp of log-probabilities may be, which float32 has rounded."""
_AVERAGED = "nor one weighted and divided by the weights"
_NEGATIVE = (
    "negative: no mean of losses on targets within 0..1; a turned sign is (cecalc why §38), a sum "
    "with a negative part such as CE - Dice (§36), NLLLoss of logits (§25), targets beyond 1 (§10)"
)
_ZERO_SAID = (
    "nothing of these rows is 0: loops print 0 where no label counts, or where nan is left out of "
    "the log (cecalc why §39)"
)
_HARMLESS = "the logits are log-probabilities already: log_softmax before this changes nothing"


def _reasons(typed: Typed, sums: Sums) -> Iterator[str]:
    """Each in a sentence, with the numbers it rests on; none where the digits typed leave room."""
    value, c = typed.value, sums.plan.classes
    if math.isnan(value) or value == math.inf:
        does = "makes nan" if math.isnan(value) else "costs inf"
        yield f"none of these rows {does} in any way that was tried: look at other rows"
        return
    low, high = sums.tally.unit_loss.low, sums.tally.unit_loss.high
    if typed.is_outside(0.0, math.inf):
        yield _NEGATIVE
    elif not value:
        yield from [_ZERO_SAID] * (low > SINGLE)
    elif sums.rows and typed.is_outside(low, high) and sums.plan.weight is None:
        which, bound = ("below the smallest", low) if value < low else ("above the largest", high)
        digits = _digits(value, bound, 6, "g")
        unit = "cell" if sums.plan.is_of_cells else "row"
        yield f"{which} loss of any {unit}, {digits}: no mean of some of them, {_AVERAGED}"
    if sums.plan.is_of_cells:
        bounds = math.log1p(1 / math.e), math.log1p(math.e)
        what = "a sigmoid before BCE with logits (cecalc why §12)"
    else:
        bounds = math.log1p((c - 1) / math.e), math.log(c - 1 + math.e)
        what = "a softmax of each row before cross-entropy (cecalc why §1)"
    if typed.is_outside(*bounds) and sums.plan.is_checked:
        first, last = (_digits(value, bound, 4, "f") for bound in bounds)
        yield f"outside {first} to {last}: not the mean after {what} without weights or a factor"


def _digits(value: float, bound: float, digits: int, form: str) -> str:
    """A bound with so many digits, or as many as show on which side of it a value is."""
    for more in range(digits, 17):
        text = f"{bound:.{more}{form}}"
        if (value < float(text), value > float(text)) == (value < bound, value > bound):
            return text
    return f"{bound:.17g}"


def _remarks(mean: float | None, sums: Sums) -> Iterator[tuple[str, int]]:
    """Each in a sentence, with its entry in the catalogue.

    Parameters
    ----------
    mean : the right loss, nats; None of nothing
    """
    tally, plan = sums.tally, sums.plan
    if not tally.rows_used or mean is None or math.isnan(mean):
        return
    if not plan.is_of_cells and -_ZERO <= tally.lse.low <= tally.lse.high <= _ZERO:
        yield _HARMLESS, 20
    if plan.weight is not None:
        return  # weights move what a uniform guess costs, and the floor
    choices = 2 if plan.is_of_cells else plan.classes
    chance, name = math.log(choices), f"ln {choices}"
    if mean > chance:
        yield f"it is above {name} = {chance:.4f}, what a uniform guess costs", 27
    if tally.entropy and not plan.smoothing:
        floor = tally.entropy / tally.rows_used
        rest = f"the rest, {mean - floor:.4f}, is the KL divergence"
        yield f"{floor:.4f} of it is the entropy of the targets, the least it can be; {rest}", 30


def _torch(plan: Plan, report: Report) -> dict[str, str]:
    """How torch spells the loss, f, and what its mean divides by, n."""
    if plan.is_of_cells:
        return {"f": "F.binary_cross_entropy_with_logits", "n": "target.numel()"}
    number = "(target != ignore_index).sum()" if report.rows_ignored else "len(target)"
    if report.header.has_row_weight:
        number = "weight[target].sum()"
    return {"f": "F.cross_entropy", "n": number}


def in_words(report: Report) -> str:
    """What the mean divides by."""
    number, what = report.denominator, report.header.denominator_is
    if what in ("rows", "cells"):
        return count(int(number), what.removesuffix("s"))
    return f"the {what}, {number:.10g}"


def _advice(typed: Typed, sums: Sums) -> Iterator[str]:
    """What it may be that no recipe shows, and what else could be told."""
    plan = sums.plan
    if not math.isfinite(typed.value) or not typed.value:
        return
    yield from _ratios(typed, sums)
    if sums.right.mean < typed.value:
        yield _PENALTY
    has_weight = plan.weight is not None or not plan.is_of_cells  # else any tries no further ones
    known = {"weight": has_weight, "label_smoothing": plan.label_smoothing}
    untold = [name for name in USUAL if name not in plan.said and not known.get(name)]
    if names := ", ".join(f"--{name.replace('_', '-')}" for name in untold):
        yield f"{names}: what the loop had; any tries usual values"
    if not plan.deep:
        yield "--deep, for several mistakes at once"


_PENALTY = (
    "a penalty or an auxiliary loss may be in it (cecalc why §34): the difference to the loss is "
    "then the same on other rows"
)
_MOST = 4096
"""Up to which whole factor is worth a word."""
_SURE = 0.05
"""How well a ratio has to be known to be called whole."""


def _ratios(typed: Typed, sums: Sums) -> Iterator[str]:
    """Whole weights, factors and divisors, as remarks: of nearly any small number there is one."""
    value, right = abs(typed.value), sums.right
    reach = 0.5 * 10.0**-typed.decimals + SINGLE * value
    known = list[tuple[float, float, str]]()
    ones, zeros = (sums.total(name, BCE).loss for name in ("ones", "zeros"))
    if ones and sums.plan.weight is None and not sums.total("unsampled").rows:
        each = sums.count / ones
        weight = typed.value * each - zeros / ones
        known.append((weight, reach * each, "pos_weight = {} would make it (cecalc why §17)"))
    if right.mean > 0:
        ratios = (
            (value / right.mean, "it is {} times the loss (cecalc why §42)"),
            (right.mean / value, "it is the loss divided by {} (cecalc why §42)"),
            (right.loss / value, "it is the sum divided by {}: words or bytes (cecalc why §41)?"),
        )
        known += [(ratio, ratio * reach / value, says) for ratio, says in ratios]
    for ratio, room, says in known:
        if room < _SURE and 1.5 < ratio < _MOST and abs(ratio - round(ratio)) <= room:
            yield says.format(round(ratio))
