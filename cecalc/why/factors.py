"""What else people print of a loss: another reduction, another base of the logarithm."""

from __future__ import annotations

import math

import numpy as np

from cecalc.why.recipe import Factor

_MEAN = "loss = {f}(logits, target)"


def _times(factor: float) -> Factor:
    """The loss times the steps of accumulation or the devices, or divided by them."""
    says = f"it is {factor:g} times the loss, as steps of accumulation or devices make it"
    fix = "loss = loss / steps  # once, before loss.backward()"
    name = f"{factor:g} times the loss"
    return Factor(name, 4, says, fix, lambda loss, _: factor * loss.mean, 2, with_mistakes=False)


FACTORS = (
    Factor("mean", 21, "the mean", None, lambda loss, _: loss.mean, 0),
    Factor("the sum", 21, "it is the sum, not the mean",
        "loss = {f}(logits, target, reduction='mean')",
        lambda loss, _: loss.total if loss.count != 1 else math.nan),
    Factor("cells summed per row", 21,
        "the cells of a row were added up, and the mean taken over rows",
        f"{_MEAN}  # one mean over all cells",
        lambda loss, sums: loss.total / sums.rows
            if loss.is_of_cells and sums.plan.classes > 1 else math.nan),
    Factor("divided by N·C", 21, "the mean was taken over rows times classes, not over rows",
        f"{_MEAN}  # one mean over all rows",
        lambda loss, s: math.nan if loss.is_of_cells else loss.mean / s.plan.classes),
    Factor("summed over positions", 21,
        "losses were summed over positions, and the mean taken over axis 0",
        f"{_MEAN}  # (N, C, d1, ...): one mean over all positions",
        lambda loss, s: loss.total / s.tally.samples if s.tally.samples < s.rows else math.nan),
    Factor("averaged twice", 21, "the mean was divided by the number of rows once more",
        f"{_MEAN}  # a mean already",
        lambda loss, s: loss.mean / s.rows if s.rows > 1 else math.nan, 2),
    Factor("the loss in bits", 13, "it is in bits: divided by ln 2",
        "bits = loss / math.log(2)  # loss itself is in nats",
        lambda loss, _: loss.mean / math.log(2)),
    Factor("the loss in log10", 13, "it was taken with log10: divided by ln 10",
        f"{_MEAN}  # natural logarithms", lambda loss, _: loss.mean / math.log(10), 2,
        with_mistakes=False),
    Factor("the perplexity", 13, "it is the perplexity, exp(loss)",
        "perplexity = loss.exp()  # loss itself is in nats",
        lambda loss, _: float(np.exp(loss.mean))),
    Factor("2**loss", 13, "it is 2**loss, though the loss is in nats: exp is the perplexity",
        "perplexity = loss.exp()  # not 2 ** loss", lambda loss, _: float(np.exp2(loss.mean)), 2,
        with_mistakes=False),
    *(_times(factor) for steps in (2, 4, 8, 16) for factor in (steps, 1 / steps)),
)  # fmt: skip
"""What is tried by itself and, where it goes with them, together with each mistake."""

DEEP_FACTORS = (
    *(_times(factor) for factor in (32, 1 / 32)),
    Factor("times ln 2", 13, "multiplied by ln 2, though it is in nats already",
        f"{_MEAN}  # nats", lambda loss, _: loss.mean * math.log(2), 2),
    Factor("times C", 21, "multiplied by the number of classes", f"{_MEAN}  # one mean",
        lambda loss, s: loss.mean * s.plan.classes, 2),
    Factor("divided by N - 1", 21, "the sum was divided by one row fewer", f"{_MEAN}  # one mean",
        lambda loss, s: loss.total / (s.rows - 1) if s.rows > 1 else math.nan, 2),
)  # fmt: skip
"""Factors that are tried only when several mistakes are."""
