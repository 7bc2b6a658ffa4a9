"""What is said of a number besides: what it cannot be, and what is worth a word if it is right."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cecalc.insight.why.plan import Plan
from cecalc.insight.why.tally import Tally

_ZERO = 1e-6
"""How far from 0 the log-sum-exp of log-probabilities may be, which float32 has rounded."""
_HARMLESS = "the logits are log-probabilities already: log_softmax before this changes nothing"
_NEGATIVE = "§10 (targets), §24 (swapped arguments), §25 (NLLLoss), §26 (KLDivLoss)"


def reasons(value: float, tally: Tally, plan: Plan) -> Iterator[str]:
    """Each in a sentence, with the numbers it rests on."""
    if math.isnan(value):
        yield "none of these rows makes nan in any way that was tried: look at other rows"
        return
    if value == math.inf:
        yield "none of these rows costs inf in any way that was tried: look at other rows"
        return
    low, high = tally.row_loss.low, tally.row_loss.high
    if value < 0:
        yield f"negative: no loss on targets within 0..1; see cecalc why {_NEGATIVE}"
    elif tally.rows_used and not low <= value <= high:
        side, bound = ("below", low) if value < low else ("above", high)
        which = "smallest" if value < low else "largest"
        yield f"{side} the {which} loss of any row, {bound:.6g}: no mean of them, however weighted"
    yield from _windows(value, plan)
    most = 100.0 if plan.is_of_cells else 36.0437
    if value > most:
        clipped = f"above {most:g}, the most that a clipped probability costs"
        yield f"{clipped}: no clipped mean (cecalc why §7)"


def _windows(value: float, plan: Plan) -> Iterator[str]:
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
    if not low <= value <= high:
        yield f"outside {low:.4f} to {high:.4f}: not {what}"


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
