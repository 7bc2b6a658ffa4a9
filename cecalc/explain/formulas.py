"""The formulas of both losses with the numbers of a row put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from rich.cells import cell_len

from cecalc.errors import visible
from cecalc.explain.steps import SigmoidSteps, SoftmaxSteps, Steps
from cecalc.items import Header
from cecalc.model import Flags, Floats
from cecalc.numbers import brief, rounded
from cecalc.output.prose import paragraph, unbroken

ALL, FEW = 8, 6
"""Up to how many classes all have a column, and how many else."""
_OVER, _OVER_32 = 709.782712893384, 88.72283905206835
_UNDER, _UNDER_32 = -745.1332191019412, -103.97207708399179
_NORMAL = 2.0**-1022
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


@dataclass(frozen=True)
class Notation:
    """How the rows are written, alike in all of them."""

    header: Header
    is_mild: bool
    """Whether exp x is shown, and not exp(x − max)."""
    classes: int
    """How many classes have a column."""
    room: int
    """Columns of text to fill."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, safe on a terminal; of one logit, those of its pair."""
        return ("0", "1") if self.header.width == 1 else tuple(map(visible, self.header.labels))

    def powers(self, steps: SoftmaxSteps) -> tuple[str, Floats, float]:
        """What softmax divides: its name, the values and their sum."""
        if self.is_mild:
            return "exp x", steps.exp, steps.sum_exp
        return "exp(x − max)", steps.exp_shifted, steps.sum_exp_shifted

    def picked(self, steps: Steps) -> list[int]:
        """The classes that have a column: the target's, then those of the largest logits."""
        order = np.lexsort((-steps.logits, -steps.target))
        return sorted(order[: self.classes if self.header.width > 1 else None].tolist())


def _extremes_of_softmax(steps: SoftmaxSteps) -> Iterator[_Extreme]:
    """What is extreme in a row of cross-entropy."""
    y, p, peak, rest = steps.target, steps.softmax, steps.max, steps.rest
    masked, is_best = np.isneginf(steps.logits), np.arange(y.size) == steps.best
    gone, is_finite = (p == 0) & ~masked, bool(np.isfinite(steps.sum_exp))
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


def _extremes_of_sigmoid(steps: SigmoidSteps) -> Iterator[_Extreme]:
    """What is extreme in the cells of a row."""
    x, y, p, known = steps.logits, steps.target, steps.sigmoid, np.isfinite(steps.logits)
    over, has_loss = known & (x < -_OVER), known & (steps.cells > 0)
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
    return np.isinf(steps.logits) & ~((steps.logits > 0) & (steps.target < 1))


def _subnormal(p: Floats, surprisal: Floats, asked: Flags) -> _Extreme:
    """Where p has so few digits left that its logarithm is another number."""
    tiny = np.flatnonzero(asked & (p > 0) & (p < _NORMAL))
    nats, exact = -np.log(p[tiny]), surprisal[tiny]
    off = [rounded(a) != rounded(b) for a, b in zip(nats, exact, strict=True)]
    return np.isin(np.arange(p.size), tiny[off]), (
        "p of {names} is below 2.2251e-308, where digits are lost, so −ln p would print "
        f"{_few(nats[off])}: the stable form gives {_few(exact[off])}"
    )


def _extremes(
    style: Notation, steps: Steps, losses: Floats, found: Iterator[_Extreme]
) -> Iterator[str]:
    """A line for each thing that is extreme, which begins with an exclamation mark."""
    labels = style.labels if steps.logits.size > 1 else ("the cell",)
    for which, words in found:
        if np.any(which):
            text = _FORMULA.sub(lambda formula: unbroken(formula[1]), words).format(
                names=_named(which, labels),
                losses=_few(losses[which]),
                nans=_named(_are_nan(steps), labels),
            )
            yield _folded(style, text, " ! ", "   ")


def _folded(style: Notation, text: str, before: str = " ", after: str = " ") -> str:
    return "\n".join(paragraph(style.room, text, before, after))


def _named(which: Flags | bool, labels: Sequence[str]) -> str:
    found = np.flatnonzero(which).tolist()
    return f"{len(found)} classes" if len(found) > 3 else ", ".join(labels[c] for c in found)


def _few(values: Floats) -> str:
    few = values.ravel()[:3].tolist()
    return ", ".join(map(rounded, few)) + (", ..." if values.size > 3 else "")


_ONE = 1 - 5e-5
"""From here on four decimals show a probability as 1."""
_NOTHING = 1e-4
"""Below this, four decimals show 1 + u as 1."""


def of_softmax(style: Notation, bce: SigmoidSteps, steps: SoftmaxSteps | None) -> Iterator[str]:
    """Cross-entropy: −ln p of the target's class, or the mixture that its shares ask for."""
    if steps is None:
        yield _none(style, bce)
        return
    of = int(steps.target.argmax())
    if steps.target[of] == 1 and np.count_nonzero(steps.target) == 1:
        yield from _surprisal(style, steps, of)
    else:
        yield from _mixture(style, steps)
    yield from _extremes(style, steps, steps.surprisal, _extremes_of_softmax(steps))


def _none(style: Notation, steps: SigmoidSteps) -> str:
    """Why a row has no cross-entropy."""
    if steps.logits.size == 1:
        return " CE      none: the pair (0, x) has no softmax where x is not finite"
    return _folded(
        style,
        f"CE      none: the target sums to {brief(float(steps.target.sum()))}, not 1, and so is no "
        "distribution over the classes; several at once (multi-hot) belong to BCE. torch would "
        f"compute {unbroken('(Σ y)·ln Σ exp x − Σ y·x')} without a word.",
        after=" " * 9,
    )


def _surprisal(style: Notation, steps: SoftmaxSteps, t: int) -> Iterator[str]:
    label, p, x = style.labels[t], float(steps.softmax[t]), float(steps.logits[t])
    head, loss = "CE loss", rounded(steps.loss)
    if x == -np.inf:
        yield _chain(style, head, f"−ln p[{label}]", "−ln 0", loss)
        return
    if _NORMAL <= p < _ONE:
        _, powers, total = style.powers(steps)
        quotient = f"−ln({rounded(float(powers[t]))} / {rounded(total)})"
        yield _chain(style, head, f"−ln p[{label}]", quotient, f"−ln {rounded(p)}", loss)
        head = " " * len(head)
    yield from _stably(style, head, steps, f"x[{label}]", _signed(rounded(x)), loss)


def _mixture(style: Notation, steps: SoftmaxSteps) -> Iterator[str]:
    """Σ y·(−ln p), of the largest shares one by one."""
    y, surprisal = steps.target, steps.surprisal
    counted = [c for c in np.argsort(-y, kind="stable").tolist() if y[c] > 0]
    named, others = sorted(counted[:FEW]), counted[FEW:]
    terms = [f"{brief(y[c])}·{rounded(surprisal[c])}" for c in named]
    if others:
        rest = sum(float(y[c] * surprisal[c]) for c in others)
        terms.append(f"{rounded(rest)} of {len(others)} others")
    yield _chain(style, "CE loss", "Σ y·(−ln p)", " + ".join(terms), rounded(steps.loss))
    yield from _stably(style, "  −ln p", steps, "x", "x")


def _stably(
    style: Notation, head: str, steps: SoftmaxSteps, symbol: str, x: str, *result: str
) -> Iterator[str]:
    """−ln p by the log-sum-exp that cannot overflow; with what four decimals hide set apart."""
    peak, total, u = rounded(steps.max), rounded(steps.sum_exp_shifted), steps.rest
    if u >= _NOTHING:
        form, numbers = f"max + ln Σ exp(x − max) − {symbol}", f"{peak} + ln {total} − {x}"
    else:
        form, numbers = f"(max − {symbol}) + ln(1 + u)", f"({peak} − {x}) + ln(1 + {brief(u)})"
    yield _chain(style, head, form, numbers, *result)
    if u < _NOTHING:
        yield f" {' ' * len(head)}   u = Σ exp(x − max) without the largest, whose 1 would hide it"


def of_sigmoid(style: Notation, steps: SigmoidSteps) -> Iterator[str]:
    """Binary cross-entropy: each cell by the two-sided formula, or where that hides it, stably."""
    yield " BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))"
    forms = {c: _two_sided(steps, c) for c in style.picked(steps)}
    if any(np.isfinite(steps.logits[c]) for c, form in forms.items() if form is None):
        yield "          = max(x, 0) − y·x + ln(1 + exp(−|x|)), which loses no digits"
    for c, form in forms.items():
        head = "loss" if steps.logits.size == 1 else f"loss[{style.labels[c]}]"
        loss = rounded(float(steps.cells[c]))
        yield _chain(style, f"    {head}", form or _stable(steps, c), loss)
    yield from _extremes(style, steps, steps.cells, _extremes_of_sigmoid(steps))


def _two_sided(steps: SigmoidSteps, c: int) -> str | None:
    """The plain formula, where it shows how the loss comes about."""
    y, p, q = (float(of[c]) for of in (steps.target, steps.sigmoid, steps.complement))
    if not all(_NORMAL <= side < _ONE for share, side in ((y, p), (1 - y, q)) if share > 0):
        return None
    return f"−[{brief(y)}·ln {rounded(p)} + {brief(1 - y)}·ln {rounded(q)}]"


def _stable(steps: SigmoidSteps, c: int) -> str:
    x, y = float(steps.logits[c]), float(steps.target[c])
    if np.isinf(x):
        return "−ln 1" if steps.cells[c] == 0 else "−ln 0"
    small = brief(float(np.exp(-abs(x))))
    return f"{brief(max(x, 0.0))} − {_signed(brief(y * x))} + ln(1 + {small})"


def of_others(style: Notation, bce: SigmoidSteps, ce: SoftmaxSteps | None) -> Iterator[str]:
    """What the classes without a column add up to."""
    number = bce.logits.size - style.classes
    if number <= 0:
        return
    sums = [("Σ sigmoid p", bce.sigmoid), ("Σ loss", bce.cells)]
    if ce is not None:
        name, powers, _ = style.powers(ce)
        sums = [(f"Σ {name}", powers), ("Σ softmax p", ce.softmax), *sums]
    chosen = style.picked(bce)
    with np.errstate(over="ignore"):
        rest = [(name, float(np.delete(values, chosen).sum())) for name, values in sums]
    texts = ", ".join(unbroken(f"{name} {rounded(total)}") for name, total in rest)
    others = "the other class" if number == 1 else f"the other {number} classes"
    yield _folded(style, f"{others}: {texts}")


def _signed(text: str) -> str:
    """A number to be subtracted."""
    return f"({text})" if text.startswith("-") else text


def _chain(style: Notation, head: str, *forms: str) -> str:
    """Forms of one number with equals signs before them, on as many lines as they need."""
    lines, indent = [f" {head}"], " " * (cell_len(head) + 1)
    bare = {lines[0], indent}
    for form in forms:
        if lines[-1] not in bare and cell_len(f"{lines[-1]} = {form}") > style.room:
            lines.append(indent)
        lines[-1:] = paragraph(style.room, form, f"{lines[-1]} = ", f"{indent}   ")
    return "\n".join(lines)
