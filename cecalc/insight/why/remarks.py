"""What is worth a word about a number that is right."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cecalc.insight.why.plan import Plan
from cecalc.insight.why.tally import Tally

_ZERO = 1e-6
"""How far from 0 the log-sum-exp of log-probabilities may be, which float32 has rounded."""


_HARMLESS = "the logits are log-probabilities already: log_softmax before this changes nothing"


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
    chance, name = (math.log(2), "ln 2") if plan.is_of_cells else _chance(plan)
    if mean > chance:
        yield f"it is above {name} = {chance:.4f}, what a uniform guess costs", 27
    if tally.entropy:
        floor = tally.entropy / rows
        rest = f"the rest, {mean - floor:.4f}, is the KL divergence"
        yield f"{floor:.4f} of it is the entropy of the targets, the least it can be; {rest}", 30


def _chance(plan: Plan) -> tuple[float, str]:
    return math.log(plan.classes), f"ln {plan.classes}"
