"""What the sums over all rows say: worse than guessing, one label alone, a loss that overflowed.

Each is a test of likelihoods as in `cecalc.insight.hints.likelihood`, but with the losses as they
are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from cecalc.errors import count, excerpt
from cecalc.insight.hints.evidence import Totals
from cecalc.insight.hints.likelihood import CERTAIN, FEW, of_shares
from cecalc.records import Hint, Task


def overall(totals: Totals) -> Iterator[Hint]:
    """What looks wrong about the whole; at most one hint about guessing."""
    if totals.has_overflown:
        seen, why = f"the loss is not finite in {totals.dtype}", "it ends where a value overflows"
        yield Hint(seen, why, "--dtype float64, which is the default", 15)
    if totals.loss is not None and totals.counted >= FEW and math.isfinite(totals.loss):
        yield from _guessing(totals.loss, totals)


def _guessing(loss: float, totals: Totals) -> Iterator[Hint]:
    """Whether a guess that looks at no value does better."""
    mean, present = loss / totals.counted, [n for n in totals.labels if n]
    if len(present) == 1:
        if loss > CERTAIN + math.log(len(totals.labels)):
            yield _constant(mean, totals)
    elif loss - totals.counted * totals.chance > CERTAIN:
        outcomes = len(totals.labels)
        seen = f"the mean loss {mean:.4g} is above ln {outcomes} = {totals.chance:.4g}"
        yield Hint(seen, "a uniform guess does better", _FIX, 27)
    elif loss - of_shares(totals.labels) > CERTAIN:
        shares = [n / totals.counted for n in present]
        entropy = -math.fsum(share * math.log(share) for share in shares)
        seen = f"the mean loss {mean:.4g} is above {entropy:.4g}, the entropy of the labels"
        yield Hint(seen, "a guess from their shares does better", _FIX, 27)


_FIX = "--by class shows where it comes from"


def _constant(mean: float, totals: Totals) -> Hint:
    (only,) = (place for place, number in enumerate(totals.labels) if number)
    label = str(only)
    if totals.header.task is Task.CE:
        label = excerpt(totals.header.labels[only]) if totals.header.schema.classes else label
    unit = "cell" if totals.header.task is Task.BCE else "row"
    seen = f"the target of all {count(totals.counted, unit)} is {label}"
    why = f"the model expects others, at a mean loss of {mean:.4g}"
    return Hint(seen, why, "--target-col or --target names the right one")
