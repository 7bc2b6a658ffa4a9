"""What over- or underflows in a row, and why the stable forms do not; nothing where nothing does.

exp overflows above 709.78 in float64 and above 88.72 in float32; below −745.13 and −103.97 it is 0.
1 + e rounds to 1 up to 2⁻⁵³, in float32 up to 2⁻²⁴; 1 − e there up to 2⁻²⁵.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from cecalc.records import SigmoidSteps, SoftmaxSteps
from cecalc.views.digits import brief, rounded
from cecalc.views.prose import unbroken

OVER, OVER_32 = 709.782712893384, 88.72283905206835
UNDER, UNDER_32 = -745.1332191019412, -103.97207708399179
NORMAL = 2.0**-1022
"""Below this a float64 has fewer digits."""
_HALF_32, _BELOW_32 = 2.0**-24, 2.0**-25
_RATIO, _SHIFTED = unbroken("exp x / Σ exp x"), unbroken("exp(x − max)")
_SUM = unbroken("ln Σ exp x")
_LOST, _REST = unbroken("−ln(1 − p)"), unbroken("1 − p")


def of_softmax(steps: SoftmaxSteps, labels: Sequence[str]) -> Iterator[str]:
    """A line for each thing that is extreme in a row of cross-entropy."""
    x, y, p = steps.logits, steps.target, steps.probs
    masked = x == -np.inf
    yield from _powers(steps)
    gone = (p == 0) & ~masked
    if gone.any():
        asked = gone & (y > 0)
        end = f"; −ln p would be inf, log-sum-exp gives {_values(steps.surprisal, asked)}"
        if np.isinf(steps.surprisal[asked]).any():
            end = f"; −ln p is inf, for {unbroken('max − x')} is itself beyond float64"
        yield (
            f"softmax p of {_named(gone, labels)} underflows to 0: x is over 744 below {_SUM}"
            f"{end if asked.any() else ''}"
        )
    yield from _subnormal(p, steps.surprisal, y > 0, labels)
    faint = (steps.surprisal > -UNDER_32) & (p > 0) & (y > 0)
    if faint.any():
        yield f"in float32, p of {_named(faint, labels)} would underflow to 0 and −ln p be inf"
    best = steps.best
    if y[best] > 0 and p[best] == 1 and steps.rest > 0:
        yield (
            f"p of {labels[best]} rounds to 1, so −ln p would print 0: ln(1 + u) by log1p keeps "
            f"{rounded(float(steps.surprisal[best]))}"
        )
    elif y[best] > 0 and 0 < steps.rest < _HALF_32:
        yield f"in float32, p of {labels[best]} would round to 1 and −ln p print 0"
    if (masked & (y > 0)).any():
        yield f"x of {_named(masked & (y > 0), labels)} is -inf where the target is: loss inf"
    if (masked & (y == 0)).any():
        yield (
            f"x of {_named(masked & (y == 0), labels)} is -inf, a masked class: exp x and p are 0; "
            "0·ln 0 counts as 0, where torch prints nan unless the target is a class index"
        )


def _powers(steps: SoftmaxSteps) -> Iterator[str]:
    """What exp x alone would come to."""
    peak = brief(steps.peak)
    if steps.peak > OVER:
        yield (
            f"exp({peak}) overflows float64 (above 709.78; float32: 88.72), so {_RATIO} would be "
            f"{unbroken('inf / inf = nan')}; {_SHIFTED} is at most 1"
        )
    elif np.isinf(steps.total):
        shifted = f"Σ {_SHIFTED} is {rounded(steps.shifted_total)}"
        yield f"Σ exp x overflows float64, so {_RATIO} would be 0; {shifted}"
    elif steps.peak > OVER_32:
        yield f"exp({peak}) overflows float32 (above 88.72), not float64; {_SHIFTED} neither"
    elif steps.peak < UNDER:
        yield (
            f"every exp x underflows to 0 (below −745.13; float32: −103.97), so {_RATIO} would be "
            f"{unbroken('0 / 0 = nan')}; {unbroken('exp(max − max)')} is 1"
        )
    elif steps.peak < UNDER_32:
        yield "in float32, every exp x would underflow to 0 (below −103.97), not in float64"


def _subnormal(
    probs: np.ndarray, surprisal: np.ndarray, asked: np.ndarray, labels: Sequence[str]
) -> Iterator[str]:
    """Where p has so few digits left that its logarithm is another number."""
    tiny = asked & (probs > 0) & (probs < NORMAL)
    plain = -np.log(probs, where=tiny, out=np.zeros_like(probs))
    texts = [map(rounded, values[tiny].tolist()) for values in (plain, surprisal)]
    off = np.flatnonzero(tiny)[[a != b for a, b in zip(*texts, strict=True)]]
    if off.size:
        which = np.isin(np.arange(probs.size), off)
        yield (
            f"p of {_named(which, labels)} is below 2.2251e-308, where digits are lost, so −ln p "
            f"would print {_values(plain, which)}: the stable form gives "
            f"{_values(surprisal, which)}"
        )


def of_sigmoid(steps: SigmoidSteps, labels: Sequence[str]) -> Iterator[str]:
    """A line for each thing that is extreme in the cells of a row."""
    x, y, p = steps.logits, steps.target, steps.probs
    known, losses = np.isfinite(x), steps.cell_loss
    names = labels if x.size > 1 else ("the cell",)
    if (over := known & (x < -OVER)).any():
        yield (
            f"exp(−x) of {_named(over, names)} overflows float64 (x below −709.78; float32: "
            f"−88.72); sigmoid as {unbroken('exp x / (1 + exp x)')} does not"
        )
    elif (over := known & (x < -OVER_32)).any():
        yield f"exp(−x) of {_named(over, names)} overflows float32 (x below −88.72), not float64"
    if (sure := (y == 1) & known & (p == 1) & (losses > 0)).any():
        yield (
            f"p of {_named(sure, names)} rounds to 1, so −ln p would print 0: log1p keeps "
            f"{_values(losses, sure)}"
        )
    if (wrong := (y < 1) & known & (p == 1)).any():
        yield (
            f"p of {_named(wrong, names)} rounds to 1, so {_LOST} would be inf: the stable form "
            f"gives {_values(losses, wrong)}"
        )
    if (sure := (y == 0) & known & (1 - p == 1) & (losses > 0)).any():
        yield (
            f"{_REST} of {_named(sure, names)} rounds to 1, so {_LOST} would print 0: log1p "
            f"keeps {_values(losses, sure)}"
        )
    if (gone := (y > 0) & known & (p == 0)).any():
        yield (
            f"p of {_named(gone, names)} underflows to 0, so −ln p would be inf: the stable form "
            f"gives {_values(losses, gone)}"
        )
    yield from _subnormal(p, np.maximum(-x, 0.0), known & (y > 0), names)
    if (near := known & (steps.powers <= _HALF_32) & (p < 1)).any():
        yield f"in float32, p of {_named(near, names)} would round to 1 (x above 16.64)"
    if (near := known & (p <= _BELOW_32) & (1 - p < 1)).any():
        yield f"in float32, {_REST} of {_named(near, names)} would round to 1 (x below −17.33)"
    if not known.all():
        is_nan = ~known & ~((x > 0) & (y < 1))  # torch begins with (1 − y)·x
        whose = "" if is_nan[~known].all() else f" for {_named(is_nan, names)}"
        yield (
            f"x of {_named(~known, names)} is infinite, a certain prediction: 0 where it is right, "
            f"inf where it is wrong{f'; torch prints nan{whose} (0·inf)' if is_nan.any() else ''}"
        )


def _named(which: np.ndarray, labels: Sequence[str]) -> str:
    found = np.flatnonzero(which).tolist()
    if len(found) > 3:
        return f"{len(found)} classes"
    return ", ".join(labels[c] for c in found)


def _values(values: np.ndarray, which: np.ndarray) -> str:
    few = values[which].tolist()
    return ", ".join(map(rounded, few[:3])) + (", ..." if len(few) > 3 else "")
