"""What a number that fits nothing cannot be, whatever the mistake."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cecalc.insight.why.plan import Plan
from cecalc.insight.why.tally import Tally

_NEGATIVE = "§10 targets, §24 swapped arguments, §25 NLLLoss, §26 KLDivLoss"


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
        yield f"negative: no loss on targets within 0..1; see {_NEGATIVE}"
    elif tally.rows_used and not low <= value <= high:
        side, bound = ("below", low) if value < low else ("above", high)
        which = "smallest" if value < low else "largest"
        yield f"{side} the {which} loss of any row, {bound:.6g}: no mean of them, however weighted"
    yield from _windows(value, plan)
    most = 100.0 if plan.is_of_cells else 36.0437
    if value > most:
        yield f"above {most:g}, the most that a clipped probability costs: no clipped mean (§7)"


def _windows(value: float, plan: Plan) -> Iterator[str]:
    c = plan.classes
    if plan.is_of_cells:
        low, high, what = (
            math.log1p(1 / math.e),
            math.log1p(math.e),
            "a sigmoid before BCE with logits (§12)",
        )
    else:
        low, high = math.log1p((c - 1) / math.e), math.log(c - 1 + math.e)
        what = "a softmax before cross-entropy (§1)"
    if not low <= value <= high:
        yield f"outside {low:.4f} to {high:.4f}: not {what}"
