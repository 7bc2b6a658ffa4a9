"""What over- or underflows, rounds or is infinite in a row, where it happens."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from cecalc.explain.notation import Notation
from cecalc.explain.steps import CellSteps, ClassSteps
from cecalc.model import Flags
from cecalc.numbers import brief
from cecalc.output.prose import unbroken
from cecalc.terms import Kind

_OVER = 709.782712893384
_FORMULA = re.compile("`(.+?)`")
_Extreme: TypeAlias = "tuple[Flags | bool, str]"
"""Where something over- or underflows or rounds, and what is said of it: {names} are those classes,
{nans} those of which torch prints nan; a formula in backticks stays on one line.
"""


def told(style: Notation, steps: ClassSteps | CellSteps) -> Iterator[str]:
    """A line for each thing that is extreme, which begins with an exclamation mark."""
    labels = style.labels if steps.values.size > 1 else ("the cell",)
    is_made = steps.kind is Kind.LOGITS
    if isinstance(steps, ClassSteps):
        found = _of_classes(steps) if is_made else _of_shares(steps)
    else:
        found = _of_cells(steps) if is_made else _of_probs(steps)
    for which, words in found:
        if np.any(which):
            text = _FORMULA.sub(lambda formula: unbroken(formula[1]), words)
            names = [_named(classes, labels) for classes in (which, _are_nan(steps))]
            text = text.format(names=names[0], nans=names[1])
            yield style.folded(text, " ! ", "   ")


def _of_classes(steps: ClassSteps) -> Iterator[_Extreme]:
    """What is extreme in a row of cross-entropy."""
    y, p, x, peak = steps.mixed, steps.softmax, steps.values, steps.max
    power, ratio = f"exp({brief(peak)})", "so `exp x / Σ exp x` would be"
    over = f"{power} overflows float64 (above 709.78; float32: 88.72), {ratio} `inf / inf = nan`"
    yield peak > _OVER, f"{over}; `exp(x − max)` is at most 1"
    under = f"every exp x underflows to 0 (below −745.13; float32: −103.97), {ratio} `0 / 0 = nan`"
    yield steps.sum_exp == 0, f"{under}; `exp(max − max)` is 1"
    masked = np.isneginf(x)
    under = "softmax p of {names} underflows to 0: x is over 744 below `ln Σ exp x`"
    yield (p == 0) & ~masked, under
    yield (p == 1) & (y > 0) & (steps.rest > 0), "p of {names} rounds to 1, so −ln p would print 0"
    yield masked & (y > 0), "x of {names} is -inf where the target is: loss inf"
    zero = "x of {names} is -inf, a masked class: exp x and p are 0; 0·ln 0 counts as 0"
    yield masked & (y == 0), f"{zero}, where torch prints nan unless the target is a class index"


def _of_cells(steps: CellSteps) -> Iterator[_Extreme]:
    """What is extreme in the cells of a row."""
    x, y, p, known = steps.values, steps.target, steps.sigmoid, np.isfinite(steps.values)
    beyond = "exp(−x) of {names} overflows float64 (x below −709.78; float32: −88.72)"
    yield known & (x < -_OVER), f"{beyond}; sigmoid as `exp x / (1 + exp x)` does not"
    for side, share, of, nats in ((p, y, "p", "−ln p"), (1 - p, 1 - y, "`1 − p`", "`−ln(1 − p)`")):
        lost = known & (share == 1) & (side == 1) & (steps.cells > 0)
        yield lost, f"{of} of {{names}} rounds to 1, so {nats} would print 0"
        how = "rounds to 1" if share is not y else "underflows to 0"
        yield known & (share > 0) & (side == 0), f"p of {{names}} {how}, so {nats} would be inf"
    is_nan = _are_nan(steps)
    whose = "" if is_nan[~known].all() else " for {nans}"
    torch = f"; torch prints nan{whose} (0·inf)" if is_nan.any() else ""
    certain = "a certain prediction: 0 where it is right, inf where it is wrong"
    yield ~known, f"x of {{names}} is infinite, {certain}{torch}"


def _are_nan(steps: ClassSteps | CellSteps) -> Flags:
    """Which cells of infinite logits are nan in torch, which begins with (1 − y)·x."""
    return np.isinf(steps.values) & ~((steps.values > 0) & (steps.target < 1))


def _of_shares(steps: ClassSteps) -> Iterator[_Extreme]:
    yield np.isinf(steps.surprisal) & (steps.mixed > 0), "p of {names} is 0 where the target is"


def _of_probs(steps: CellSteps) -> Iterator[_Extreme]:
    """What is extreme in the cells of given probabilities, or of their logarithms."""
    p, y = steps.sigmoid, steps.target
    zero = ((p == 0) & (y > 0)) | ((p == 1) & (y < 1))
    yield zero, "`ln 0` of {names} stops at −100 in torch's BCELoss; `cecalc bce --no-clamp`: inf"
    one = (steps.values < 0) & (p == 1) & (y > 0)
    yield one, "p of {names} rounds to 1, and BCELoss is given p: −ln p is 0"
    low = (p > 0) & (p < np.exp(-100.0)) & (y > 0)
    yield low, "ln p of {names} stops at −100 in torch's BCELoss"


def _named(which: Flags | bool, labels: Sequence[str]) -> str:
    found = np.flatnonzero(which).tolist()
    return f"{len(found)} classes" if len(found) > 3 else ", ".join(labels[c] for c in found)
