"""What over- or underflows, rounds or is infinite in a row, where it happens."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from cecalc.explain.notation import Notation
from cecalc.explain.steps import CellSteps, ClassSteps, Steps
from cecalc.losses import binary_cross_entropy
from cecalc.model import Flags, Floats
from cecalc.numbers import brief, rounded
from cecalc.output.prose import unbroken
from cecalc.terms import Kind

_OVER, _OVER_32 = 709.782712893384, 88.72283905206835
_UNDER, _UNDER_32 = -745.1332191019412, -103.97207708399179
NORMAL = 2.0**-1022
"""Below this a float64 has fewer digits."""
_HALF_32, _BELOW_32 = 2.0**-24, 2.0**-25
_FORMULA = re.compile("`(.+?)`")
_Extreme: TypeAlias = "tuple[Flags | bool, str]"
"""Where something over- or underflows or rounds, and what is said of it: {names} are those classes,
{losses} their losses, {nans} those of which torch prints nan; a formula in backticks stays on one
line.
"""
_PRINTS_0 = "{} of {{names}} rounds to 1, so {} would print 0: {}log1p keeps {{losses}}".format
_IS_INF = "p of {{names}} {}, so {} would be inf: the stable form gives {{losses}}".format


def _of_classes(steps: ClassSteps) -> Iterator[_Extreme]:
    """What is extreme in a row of cross-entropy."""
    y, p, peak, rest = steps.mixed, steps.softmax, steps.max, steps.rest
    masked, is_best = np.isneginf(steps.values), np.arange(y.size) == steps.values.argmax()
    gone, is_finite = (p == 0) & ~masked, math.isfinite(steps.sum_exp)
    ratio, shifted, power = "so `exp x / Σ exp x` would be", "`exp(x − max)`", f"exp({brief(peak)})"
    over = f"{power} overflows float64 (above 709.78; float32: 88.72), {ratio}"
    yield peak > _OVER, f"{over} `inf / inf = nan`; {shifted} is at most 1"
    over = f"Σ exp x overflows float64, {ratio} 0"
    yield peak <= _OVER and not is_finite, f"{over}; Σ {shifted} is {rounded(1 + rest)}"
    over_32 = f"{power} overflows float32 (above 88.72), not float64"
    yield peak > _OVER_32 and is_finite, f"{over_32}; {shifted} neither"
    under = f"every exp x underflows to 0 (below −745.13; float32: −103.97), {ratio}"
    yield peak < _UNDER, f"{under} `0 / 0 = nan`; `exp(max − max)` is 1"
    under_32 = "in float32, every exp x would underflow to 0 (below −103.97), not in float64"
    yield _UNDER <= peak < _UNDER_32, under_32
    under = "softmax p of {names} underflows to 0: x is over 744 below `ln Σ exp x`"
    yield gone, under + _without_p(steps.surprisal[gone & (y > 0)])
    yield _subnormal(p, steps.surprisal, y > 0)
    faint = (steps.surprisal > -_UNDER_32) & (p > 0) & (y > 0)
    yield faint, "in float32, p of {names} would underflow to 0 and −ln p be inf"
    sure = is_best & (y > 0) & (rest > 0)
    yield sure & (p == 1), _PRINTS_0("p", "−ln p", "ln(1 + u) by ")
    near = sure & (p < 1) & (rest < _HALF_32)
    yield near, "in float32, p of {names} would round to 1 and −ln p print 0"
    yield masked & (y > 0), "x of {names} is -inf where the target is: loss inf"
    zero = "x of {names} is -inf, a masked class: exp x and p are 0; 0·ln 0 counts as 0"
    yield masked & (y == 0), f"{zero}, where torch prints nan unless the target is a class index"


def _without_p(losses: Floats) -> str:
    """What stands in for the −ln p of classes whose p is 0."""
    if not losses.size:
        return ""
    if np.isinf(losses).any():
        return "; −ln p is inf, for `max − x` is itself beyond float64"
    return f"; −ln p would be inf, log-sum-exp gives {_few(losses)}"


def _of_cells(steps: CellSteps) -> Iterator[_Extreme]:
    """What is extreme in the cells of a row."""
    x, y, p, known = steps.values, steps.target, steps.sigmoid, np.isfinite(steps.values)
    over, has_loss = known & (x < -_OVER), known & (_losses(steps) > 0)
    beyond = "exp(−x) of {names} overflows float64 (x below −709.78; float32: −88.72)"
    yield over, f"{beyond}; sigmoid as `exp x / (1 + exp x)` does not"
    over_32 = known & (x < -_OVER_32) & (not over.any())
    yield over_32, "exp(−x) of {names} overflows float32 (x below −88.72), not float64"
    yield (y == 1) & has_loss & (p == 1), _PRINTS_0("p", "−ln p", "")
    yield (y < 1) & known & (p == 1), _IS_INF("rounds to 1", "`−ln(1 − p)`")
    yield (y == 0) & has_loss & (1 - p == 1), _PRINTS_0("`1 − p`", "`−ln(1 − p)`", "")
    yield (y > 0) & known & (p == 0), _IS_INF("underflows to 0", "−ln p")
    yield _subnormal(p, np.maximum(-x, 0.0), known & (y > 0))
    near = known & (x >= -np.log(_HALF_32)) & (p < 1)
    yield near, "in float32, p of {names} would round to 1 (x above 16.64)"
    near = known & (p <= _BELOW_32) & (1 - p < 1)
    yield near, "in float32, `1 − p` of {names} would round to 1 (x below −17.33)"
    is_nan = _are_nan(steps)
    whose = "" if is_nan[~known].all() else " for {nans}"
    torch = f"; torch prints nan{whose} (0·inf)" if is_nan.any() else ""
    certain = "a certain prediction: 0 where it is right, inf where it is wrong"
    yield ~known, f"x of {{names}} is infinite, {certain}{torch}"


def _are_nan(steps: Steps) -> Flags:
    """Which cells of infinite logits are nan in torch, which begins with (1 − y)·x."""
    return np.isinf(steps.values) & ~((steps.values > 0) & (steps.target < 1))


def _subnormal(p: Floats, surprisal: Floats, asked: Flags) -> _Extreme:
    """Where p has so few digits left that its logarithm is another number."""
    tiny = np.flatnonzero(asked & (p > 0) & (p < NORMAL))
    nats, exact = -np.log(p[tiny]), surprisal[tiny]
    off = [rounded(a) != rounded(b) for a, b in zip(nats, exact, strict=True)]
    return np.isin(np.arange(p.size), tiny[off]), (
        "p of {names} is below 2.2251e-308, where digits are lost, so −ln p would print "
        f"{_few(nats[off])}: the stable form gives {_few(exact[off])}"
    )


def told(style: Notation, steps: ClassSteps | CellSteps) -> Iterator[str]:
    """A line for each thing that is extreme, which begins with an exclamation mark."""
    labels = style.labels if steps.values.size > 1 else ("the cell",)
    losses = steps.surprisal if isinstance(steps, ClassSteps) else _losses(steps)
    for which, words in _made(steps) if steps.kind is Kind.LOGITS else _given(steps):
        if np.any(which):
            text = _FORMULA.sub(lambda formula: unbroken(formula[1]), words).format(
                names=_named(which, labels),
                losses=_few(losses[which]),
                nans=_named(_are_nan(steps), labels),
            )
            yield style.folded(text, " ! ", "   ")


def _made(steps: ClassSteps | CellSteps) -> Iterator[_Extreme]:
    return _of_classes(steps) if isinstance(steps, ClassSteps) else _of_cells(steps)


def _given(steps: ClassSteps | CellSteps) -> Iterator[_Extreme]:
    """What is extreme where probabilities, or their logarithms, are given."""
    if isinstance(steps, ClassSteps):
        yield np.isinf(steps.surprisal) & (steps.mixed > 0), "p of {names} is 0 where the target is"
        return
    p, y = steps.sigmoid, steps.target
    zero = ((p == 0) & (y > 0)) | ((p == 1) & (y < 1))
    yield zero, "`ln 0` of {names} stops at −100 in torch's BCELoss; `cecalc bce --no-clamp`: inf"
    low = (p > 0) & (p < np.exp(-100.0)) & (y > 0)
    yield low, "ln p of {names} stops at −100 in torch's BCELoss"


def _losses(steps: CellSteps) -> Floats:
    """The losses without any weight."""
    losses: Floats = binary_cross_entropy.with_logits(steps.values, steps.target)
    return losses


def _named(which: Flags | bool, labels: Sequence[str]) -> str:
    found = np.flatnonzero(which).tolist()
    return f"{len(found)} classes" if len(found) > 3 else ", ".join(labels[c] for c in found)


def _few(values: Floats) -> str:
    few = values.ravel()[:3].tolist()
    return ", ".join(map(rounded, few)) + (", ..." if values.size > 3 else "")
