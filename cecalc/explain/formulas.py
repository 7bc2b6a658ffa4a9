"""The formulas of both losses with the numbers of a row put in."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from cecalc.explain import extremes
from cecalc.explain.notation import NORMAL, Notation, number, true
from cecalc.explain.steps import CellSteps, ClassSteps
from cecalc.model import Floats
from cecalc.numbers import brief, rounded
from cecalc.output.prose import unbroken
from cecalc.output.worked_rows import FEW
from cecalc.terms import Kind

_CLAMPED = math.exp(-100.0)
"""Below this torch's BCELoss stops at ln p = −100."""
_ONE = 1 - 1e-4
"""From here on −ln p is less than four decimals show."""
_NOTHING = 1e-4
"""Below this, four decimals show 1 + u as 1."""
_STABLE = (
    f"{unbroken('−ln p = max(−x, 0) + ln(1 + exp(−|x|))')} and "
    f"{unbroken('−ln(1 − p) = max(x, 0) + ln(1 + exp(−|x|))')} where p would lose digits"
)


def powers(style: Notation, steps: ClassSteps) -> tuple[str, Floats, float] | None:
    """What softmax divides: its name, the values and their sum; None of given probabilities."""
    if style.kind is not Kind.LOGITS:
        return None
    if style.explanation.is_mild:
        return "exp x", steps.exp, steps.sum_exp
    return "exp(x − max)", steps.exp_shifted, steps.sum_exp_shifted


def of_classes(style: Notation, bce: CellSteps, ce: ClassSteps | None) -> Iterator[str]:
    """Cross-entropy: −ln p of the target's class, or the mixture that its shares ask for."""
    if bce.values.size == 1:
        return
    if ce is None:
        yield _none(style, bce)
    elif not style.explanation.has_target:
        c, made = int(ce.values.argmax()), powers(style, ce) or ("", ce.softmax, 1.0)
        p, pair = rounded(float(ce.softmax[c])), [float(made[1][c]), made[2]]
        quotient = true("{} / {}", pair, p)
        yield style.chain(f"softmax p[{style.labels[c]}]", f"{made[0]} / Σ {made[0]}", quotient, p)
    elif ce.smoothed is None and ce.target.max() == 1 and np.count_nonzero(ce.target) == 1:
        yield from _surprisal(style, ce, int(ce.target.argmax()))
        yield from extremes.told(style, ce)
    else:
        yield from _mixture(style, ce)
        yield from extremes.told(style, ce)


def _none(style: Notation, steps: CellSteps) -> str:
    """Why a row has no cross-entropy."""
    torch = unbroken("(Σ y)·ln Σ exp x − Σ y·x")
    reason = (
        f"the target sums to {brief(float(steps.target.sum()))}, not 1, and so is no "
        "distribution over the classes; several at once (multi-hot) belong to BCE."
    )
    reason += f" torch would compute {torch} without a word." * (style.kind is Kind.LOGITS)
    return style.folded(f"CE      none: {reason}", after=" " * 9)


def _surprisal(style: Notation, steps: ClassSteps, t: int) -> Iterator[str]:
    label, p, x = style.labels[t], float(steps.softmax[t]), float(steps.values[t])
    nats, total, weight = float(steps.surprisal[t]), rounded(steps.loss), steps.weight
    head, first = "CE loss", [f"−ln p[{label}]"]
    if weight is not None:
        head, first = first.pop(), []
    loss, made = rounded(nats), powers(style, steps)
    text, shown = _logarithm(p, 1 - p)
    of_p = true(f"−{text}", [shown], loss)
    if made is None or x == -math.inf:
        is_log = style.kind is Kind.LOG_PROBS
        yield style.chain(head, *first, f"−({number(x)})" if is_log else of_p, loss)
    else:
        if NORMAL <= p < _ONE:
            quotient = true("−ln({} / {})", [float(made[1][t]), made[2]], loss)
            yield style.chain(head, *first, quotient, of_p, loss)
            head = " " * len(head)
        yield from _stably(style, head, steps, t, loss)
    if weight is not None:
        product = true("{}·{}", [float(weight[t]), nats], total)
        yield style.chain("CE loss", f"w[{label}]·(−ln p[{label}])", product, total)


def _stably(
    style: Notation, head: str, steps: ClassSteps, t: int | None, *loss: str
) -> Iterator[str]:
    """−ln p by the log-sum-exp that cannot overflow; with what four decimals hide set apart.

    Of no class in particular, x stands for itself and there is no result.
    """
    peak, total, u = steps.max, steps.sum_exp_shifted, steps.rest
    x = "x" if t is None else f"x[{style.labels[t]}]"
    form, text, second = f"max + ln Σ exp(x − max) − {x}", "{0} + ln {1} − {2}", total
    if u < _NOTHING:
        form, text, second = f"(max − {x}) + ln(1 + u)", "({0} − {2}) + ln(1 + {1})", u
    if t is None:
        yield style.chain(head, form, text.format(number(peak), number(second), "x"))
    else:
        numbers = [peak, second, float(steps.values[t])]
        yield style.chain(head, form, true(text, numbers, loss[0]), *loss)
    if u < _NOTHING:
        yield f" {' ' * len(head)}   u = Σ exp(x − max) without the largest, whose 1 would hide it"


def _mixture(style: Notation, steps: ClassSteps) -> Iterator[str]:
    """Σ y·(−ln p), of the largest shares one by one, with weights if there are any."""
    y, loss = steps.mixed, rounded(steps.loss)
    if steps.smoothed is not None:
        share = number(style.explanation.header.label_smoothing)
        yield style.chain("smoothed y", f"(1 − {share})·y + {share} / {y.size}")
    counted = [c for c in np.argsort(-y, kind="stable").tolist() if y[c] > 0]
    named, others = sorted(counted[:FEW]), counted[FEW:]
    of_weight = [] if steps.weight is None else [steps.weight]
    factors = [*of_weight, y, steps.surprisal]
    numbers = [float(factor[c]) for c in named for factor in factors]
    text = " + ".join(["·".join(["{}"] * len(factors))] * len(named))
    if others:
        numbers.append(sum(math.prod(float(factor[c]) for factor in factors) for c in others))
        text += f" + {{}} of {len(others)} others"
    formula = f"Σ {'w·' * len(of_weight)}y·(−ln p)"
    yield style.chain("CE loss", formula, true(text, numbers, loss), loss)
    if style.kind is Kind.LOGITS:
        yield from _stably(style, "  −ln p", steps, None)


def of_cells(style: Notation, steps: CellSteps) -> Iterator[str]:
    """Binary cross-entropy: each cell by the two-sided formula, or where that hides it, stably."""
    picked, is_single = style.picked(steps), steps.values.size == 1
    places = ["" if is_single else f"[{style.labels[c]}]" for c in picked]
    if not style.explanation.has_target:
        c = picked[0]
        p, low = rounded(float(steps.sigmoid[c])), [float(np.exp(-steps.values[c]))]
        quotient = true("1 / (1 + {})", low, p)
        yield style.chain(f"sigmoid p{places[0]}", "1 / (1 + exp(−x))", quotient, p)
        return
    w, pos = ("" if of is None else name for of, name in _weights(steps))
    made = f", {unbroken('p = 1 / (1 + exp(−x))')}" if style.kind is Kind.LOGITS else ""
    yield style.folded(f"BCE loss = −[{w}{pos}y·ln p + {w}(1 − y)·ln(1 − p)]{made}", after=" " * 12)
    forms = [_cell(steps, c) for c in picked]
    if any("ln(1 +" in text for text, *_ in forms):
        yield style.folded(_STABLE, " " * 10, " " * 10)
    for place, form in zip(places, forms, strict=True):
        yield style.chain(f"    loss{place}", true(*form), form[2])
    yield from extremes.told(style, steps)


def _logarithm(p: float, rest: float) -> tuple[str, float]:
    """Ln p as a text and its number, which near 1 is what is missing."""
    return ("ln(1 − {})", rest) if p >= _ONE and rest > 0 else ("ln {}", p)


def _weights(steps: CellSteps) -> tuple[tuple[Floats | None, str], tuple[Floats | None, str]]:
    return (steps.weight, "w·"), (steps.pos_weight, "pos·")


def _cell(steps: CellSteps, c: int) -> tuple[str, list[float], str]:
    """The loss of a cell: by p where that shows how it comes about, else by x, or as it stops."""
    x, y, loss = float(steps.values[c]), float(steps.target[c]), rounded(float(steps.cells[c]))
    is_made = steps.kind is Kind.LOGITS
    if is_made and math.isinf(x):
        return "−ln {}", [float(steps.cells[c] == 0)], loss
    w, pos = ([] if of is None else [float(of[c])] for of, _ in _weights(steps))
    p, q = float(steps.sigmoid[c]), float(steps.complement[c])
    sides = [
        ([*w, *pos, y], p, q, -x),
        ([*w, round(1 - y, 15)], q, p, x),
    ]
    counted = [side for side in sides if side[0][-1] > 0]
    if all((NORMAL if is_made else _CLAMPED) <= side < _ONE for _, side, *_ in counted):
        text = " + ".join("{}·" * len(factors) + "ln {}" for factors, *_ in sides)
        return f"−[{text}]", [n for factors, side, *_ in sides for n in (*factors, side)], loss
    texts, numbers = list[str](), list[float]()
    for factors, side, rest, above in counted:
        scale = [factor for factor in factors if factor != 1]
        logarithm, shown = _logarithm(side, rest)
        text, of = f"min(−{logarithm}, 100)", [shown]
        if is_made:
            text, of = "{} + ln(1 + {})", [max(above, 0.0), math.exp(-abs(x))]
        texts.append("{}·" * len(scale) + (f"({text})" if scale and is_made else text))
        numbers += [*scale, *of]
    return " + ".join(texts), numbers, loss
