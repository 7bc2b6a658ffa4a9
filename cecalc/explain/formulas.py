"""The formulas of both losses with the numbers of a row put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from rich.cells import cell_len

from cecalc.explain.row_table import FEW, Style, picked
from cecalc.explain.steps import SigmoidSteps, SoftmaxSteps
from cecalc.model import Floats
from cecalc.numbers import brief, rounded
from cecalc.output.drawing import paragraph, unbroken

OVER, OVER_32 = 709.782712893384, 88.72283905206835
UNDER, UNDER_32 = -745.1332191019412, -103.97207708399179
NORMAL = 2.0**-1022
"""Below this a float64 has fewer digits."""
_HALF_32, _BELOW_32 = 2.0**-24, 2.0**-25
_RATIO, _SHIFTED = unbroken("exp x / Σ exp x"), unbroken("exp(x − max)")
_SUM = unbroken("ln Σ exp x")
_LOST, _REST = unbroken("−ln(1 − p)"), unbroken("1 − p")


def softmax_extremes(steps: SoftmaxSteps, labels: Sequence[str]) -> Iterator[str]:
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


def sigmoid_extremes(steps: SigmoidSteps, labels: Sequence[str]) -> Iterator[str]:
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


_ONE = 1 - 5e-5
"""From here on four decimals show a probability as 1."""
_NOTHING = 1e-4
"""Below this, four decimals show 1 + u as 1."""


def of_softmax(style: Style, steps: SoftmaxSteps) -> Iterator[str]:
    """Cross-entropy: −ln p of the target's class, or the mixture that its shares ask for."""
    of = int(steps.target.argmax())
    if steps.target[of] == 1 and np.count_nonzero(steps.target) == 1:
        yield from _surprisal(style, steps, of)
    else:
        yield from _mixture(style, steps)
    yield from map(_extreme(style), softmax_extremes(steps, style.labels))


def _surprisal(style: Style, steps: SoftmaxSteps, t: int) -> Iterator[str]:
    label, p, x = style.labels[t], float(steps.probs[t]), float(steps.logits[t])
    head, loss = "CE loss", rounded(steps.loss)
    if x == -np.inf:
        yield _chain(style, head, f"−ln p[{label}]", "−ln 0", loss)
        return
    if NORMAL <= p < _ONE:
        _, powers, total = style.powers(steps)
        quotient = f"−ln({rounded(float(powers[t]))} / {rounded(total)})"
        yield _chain(style, head, f"−ln p[{label}]", quotient, f"−ln {rounded(p)}", loss)
        head = " " * len(head)
    yield from _stably(style, head, steps, f"x[{label}]", _signed(x), loss)


def _mixture(style: Style, steps: SoftmaxSteps) -> Iterator[str]:
    """Σ y·(−ln p), of the largest shares one by one."""
    counted = [c for c in np.argsort(-steps.target, kind="stable").tolist() if steps.target[c] > 0]
    named, rest = sorted(counted[:FEW]), counted[FEW:]
    terms = [f"{brief(steps.target[c])}·{rounded(steps.surprisal[c])}" for c in named]
    if rest:
        others = sum(float(steps.target[c] * steps.surprisal[c]) for c in rest)
        terms.append(f"{rounded(others)} of {len(rest)} others")
    yield _chain(style, "CE loss", "Σ y·(−ln p)", " + ".join(terms), rounded(steps.loss))
    yield from _stably(style, "  −ln p", steps, "x", "x")


def _stably(
    style: Style, head: str, steps: SoftmaxSteps, symbol: str, x: str, *result: str
) -> Iterator[str]:
    """−ln p by the log-sum-exp that cannot overflow; with what four decimals hide set apart."""
    peak = rounded(steps.peak)
    if steps.rest >= _NOTHING:
        total = rounded(steps.shifted_total)
        form = f"max + ln Σ exp(x − max) − {symbol}"
        yield _chain(style, head, form, f"{peak} + ln {total} − {x}", *result)
        return
    form, small = f"(max − {symbol}) + ln(1 + u)", _tiny(steps.rest)
    yield _chain(style, head, form, f"({peak} − {x}) + ln(1 + {small})", *result)
    yield f" {' ' * len(head)}   u = Σ exp(x − max) without the largest, whose 1 would hide it"


def _tiny(value: float) -> str:
    """What is added to 1; 0 where there is nothing left of it."""
    return rounded(value) if value else "0"


def of_sigmoid(style: Style, steps: SigmoidSteps) -> Iterator[str]:
    """Binary cross-entropy: each cell by the two-sided formula, or where that hides it, stably."""
    is_one = steps.logits.size == 1
    yield " BCE loss = −[y·ln p + (1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))"
    chosen = picked(steps, style.classes)
    stable = [c for c in chosen if not _is_two_sided(steps, c)]
    if any(np.isfinite(steps.logits[c]) for c in stable):
        yield "          = max(x, 0) − y·x + ln(1 + exp(−|x|)), which loses no digits"
    for c in chosen:
        form = _stable(steps, c) if c in stable else _two_sided(steps, c)
        head = "loss" if is_one else f"loss[{style.labels[c]}]"
        yield _chain(style, f"    {head}", form, rounded(float(steps.cell_loss[c])))
    yield from map(_extreme(style), sigmoid_extremes(steps, style.labels))


def _is_two_sided(steps: SigmoidSteps, c: int) -> bool:
    """Whether the plain formula shows how the loss comes about."""
    y, sides = steps.target[c], (steps.probs[c], steps.complements[c])
    needed = [side for share, side in zip((y, 1 - y), sides, strict=True) if share > 0]
    return all(NORMAL <= side < _ONE for side in needed)


def _two_sided(steps: SigmoidSteps, c: int) -> str:
    y = float(steps.target[c])
    p, q = (rounded(float(side[c])) for side in (steps.probs, steps.complements))
    return f"−[{brief(y)}·ln {p} + {brief(1 - y)}·ln {q}]"


def _stable(steps: SigmoidSteps, c: int) -> str:
    x, y = float(steps.logits[c]), float(steps.target[c])
    if np.isinf(x):
        return "−ln 1" if steps.cell_loss[c] == 0 else "−ln 0"
    small = _tiny(float(np.exp(-abs(x))))
    return f"{brief(max(x, 0.0))} − {_signed(y * x, brief)} + ln(1 + {small})"


def of_others(style: Style, sigmoid: SigmoidSteps, softmax: SoftmaxSteps | None) -> Iterator[str]:
    """What the classes without a column add up to."""
    rest = sigmoid.logits.size - style.classes
    if rest <= 0:
        return
    sums = [("Σ sigmoid p", sigmoid.probs), ("Σ loss", sigmoid.cell_loss)]
    if softmax is not None:
        name, powers, _ = style.powers(softmax)
        sums = [(f"Σ {name}", powers), ("Σ softmax p", softmax.probs), *sums]
    chosen = picked(sigmoid, style.classes)
    texts = [unbroken(f"{name} {rounded(_rest(values, chosen))}") for name, values in sums]
    others = "the other class" if rest == 1 else f"the other {rest} classes"
    yield from paragraph(style.room, f"{others}: {', '.join(texts)}")


@np.errstate(over="ignore")
def _rest(values: Floats, chosen: list[int]) -> float:
    return float(np.delete(values, chosen).sum())


def none_of_softmax(style: Style, steps: SigmoidSteps) -> Iterator[str]:
    """Why a row has no cross-entropy."""
    if steps.logits.size == 1:
        yield " CE      none: the pair (0, x) has no softmax where x is not finite"
        return
    total = brief(float(steps.target.sum()))
    yield from paragraph(
        style.room,
        f"CE      none: the target sums to {total}, not 1, and so is no distribution over the "
        "classes; several at once (multi-hot) belong to BCE. torch would compute "
        f"{unbroken('(Σ y)·ln Σ exp x − Σ y·x')} without a word.",
        after=" " * 9,
    )


def _signed(value: float, write: Callable[[float], str] = rounded) -> str:
    """A number to be subtracted."""
    text = write(value)
    return f"({text})" if text.startswith("-") else text


def _chain(style: Style, head: str, *parts: str) -> str:
    """The parts with equals signs before them, on as many lines as they need."""
    lines, indent = [f" {head}"], " " * (cell_len(head) + 1)
    bare = {lines[0], indent}
    for part in parts:
        if lines[-1] not in bare and cell_len(f"{lines[-1]} = {part}") > style.room:
            lines.append(indent)
        first, *more = paragraph(style.room, part, f"{lines[-1]} = ", f"{indent}   ")
        lines[-1:] = [first, *more]
    return "\n".join(lines)


def _extreme(style: Style) -> Callable[[str], str]:
    return lambda text: "\n".join(paragraph(style.room, text, before=" ! ", after="   "))
