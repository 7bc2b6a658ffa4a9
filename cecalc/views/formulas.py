"""The formulas of both losses with the numbers of a row put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from cecalc.records import SigmoidSteps, SoftmaxSteps
from cecalc.views import extremes
from cecalc.views.digits import brief, rounded
from cecalc.views.prose import paragraph, unbroken
from cecalc.views.whiteboard import FEW, Style, picked

if TYPE_CHECKING:
    from cecalc.records import Floats

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
    yield from map(_extreme(style), extremes.of_softmax(steps, style.labels))


def _surprisal(style: Style, steps: SoftmaxSteps, t: int) -> Iterator[str]:
    label, p, x = style.labels[t], float(steps.probs[t]), float(steps.logits[t])
    head, loss = "CE loss", rounded(steps.loss)
    if x == -np.inf:
        yield _chain(style, head, f"−ln p[{label}]", "−ln 0", loss)
        return
    if extremes.NORMAL <= p < _ONE:
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
    yield from map(_extreme(style), extremes.of_sigmoid(steps, style.labels))


def _is_two_sided(steps: SigmoidSteps, c: int) -> bool:
    """Whether the plain formula shows how the loss comes about."""
    y, sides = steps.target[c], (steps.probs[c], steps.complements[c])
    needed = [side for share, side in zip((y, 1 - y), sides, strict=True) if share > 0]
    return all(extremes.NORMAL <= side < _ONE for side in needed)


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
