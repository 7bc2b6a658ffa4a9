"""What is said of a number besides: what it cannot be, and what is worth a word if it is right."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cecalc.insight.why.plan import Plan
from cecalc.insight.why.tally import Tally
from cecalc.insight.why.verdict import Typed

_ZERO = 1e-6
"""How far from 0 the log-sum-exp of log-probabilities may be, which float32 has rounded."""
_HARMLESS = "the logits are log-probabilities already: log_softmax before this changes nothing"
_NEGATIVE = "§10 (targets), §24 (swapped arguments), §25 (NLLLoss), §26 (KLDivLoss)"


def reasons(typed: Typed, tally: Tally, plan: Plan) -> Iterator[str]:
    """Each in a sentence, with the numbers it rests on; none where the digits typed leave room."""
    value = typed.value
    if math.isnan(value):
        yield "none of these rows makes nan in any way that was tried: look at other rows"
        return
    if value == math.inf:
        yield "none of these rows costs inf in any way that was tried: look at other rows"
        return
    low, high = tally.row_loss.low, tally.row_loss.high
    if typed.is_outside(0.0, math.inf):
        yield f"negative: no loss on targets within 0..1; see cecalc why {_NEGATIVE}"
    elif tally.rows_used and typed.is_outside(low, high):
        side, bound = ("below", low) if value < low else ("above", high)
        which = "smallest" if value < low else "largest"
        shown = _beside(value, bound, 6, "g")
        yield f"{side} the {which} loss of any row, {shown}: no mean of them, however weighted"
    yield from _windows(typed, plan)
    most = 100.0 if plan.is_of_cells else 36.0437
    if typed.is_outside(0.0, most) and value > most:
        clipped = f"above {most:g}, the most that a clipped probability costs"
        yield f"{clipped}: no clipped mean (cecalc why §7)"


def _beside(value: float, bound: float, digits: int, form: str) -> str:
    """A bound with so many digits, or as many as show on which side of it a value is."""
    for more in range(digits, 17):
        text = f"{bound:.{more}{form}}"
        if (value < float(text), value > float(text)) == (value < bound, value > bound):
            return text
    return f"{bound:.17g}"


def _windows(typed: Typed, plan: Plan) -> Iterator[str]:
    c = plan.classes
    if plan.is_of_cells:
        low, high, what = (
            math.log1p(1 / math.e),
            math.log1p(math.e),
            "a sigmoid before BCE with logits (cecalc why §12)",
        )
    else:
        low, high = math.log1p((c - 1) / math.e), math.log(c - 1 + math.e)
        what = "a softmax before cross-entropy (cecalc why §1)"
    if typed.is_outside(low, high):
        first, last = (_beside(typed.value, bound, 4, "f") for bound in (low, high))
        yield f"outside {first} to {last}: not {what}"


def remarks(mean: float, tally: Tally, plan: Plan) -> Iterator[tuple[str, int]]:
    """Each in a sentence, with its entry in the catalogue.

    Parameters
    ----------
    mean : the right loss, nats
    """
    rows = tally.rows_used
    if not rows or math.isnan(mean):
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
        floor = tally.entropy / rows
        rest = f"the rest, {mean - floor:.4f}, is the KL divergence"
        yield f"{floor:.4f} of it is the entropy of the targets, the least it can be; {rest}", 30
