"""A loss as a sum and what its mean divides by, and what else people print of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cecalc.insight.why.mistakes import Mistake


@dataclass(frozen=True)
class Measured:
    """What a mistake, or none, makes of all rows."""

    mistake: Mistake | None
    total: float
    """The sum, nats."""
    count: float
    """What the mean divides by: rows, cells or their weights."""
    is_of_cells: bool = False
    is_final: bool = False
    """Whether the mean is the number that is printed, whatever the reduction."""

    @property
    def mean(self) -> float:
        """Total over count; nan of nothing."""
        return self.total / self.count if self.count else math.nan


@dataclass(frozen=True)
class Size:
    """How much there is to divide by."""

    rows: int
    classes: int
    samples: int
    """Entries of axis 0: fewer than rows where there are more dimensions."""


@dataclass(frozen=True)
class Factor:
    """A harmless difference: another reduction, another base of the logarithm."""

    name: str
    entry: int
    says: str
    fix: str | None
    """A line of torch, in which {f} is the loss."""
    of: Callable[[Measured, Size], float]
    """From a loss to the number; nan where it says nothing of its own."""
    rank: int = 1
    with_mistakes: bool = True
    """Whether it is tried together with a mistake too."""


def _per_row(loss: Measured, size: Size) -> float:
    """The cells of a row added up: C times the mean over cells."""
    return loss.total / size.rows if loss.is_of_cells and size.classes > 1 else math.nan


def _per_element(loss: Measured, size: Size) -> float:
    return math.nan if loss.is_of_cells else loss.mean / size.classes


def _per_sample(loss: Measured, size: Size) -> float:
    return loss.total / size.samples if size.samples < size.rows else math.nan


def _twice(loss: Measured, size: Size) -> float:
    return loss.mean / size.rows if size.rows > 1 else math.nan


def _sum(loss: Measured, _: Size) -> float:
    return loss.total if loss.count != 1 else math.nan


def power(base: float, exponent: float) -> float:
    """Base to the exponent; inf beyond float64."""
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf


MEAN = Factor("mean", 21, "the mean", None, lambda loss, _: loss.mean, 0)
_MEAN = "loss = {f}(logits, target)"


def times(factor: float, *, with_mistakes: bool = False) -> Factor:
    """The loss times the steps of accumulation or the devices, or divided by them."""
    says = f"it is {factor:g} times the loss, as steps of accumulation or devices make it"
    fix = "loss = loss / steps  # once, before loss.backward()"
    name = f"{factor:g} times the loss"
    return Factor(name, 4, says, fix, lambda loss, _: factor * loss.mean, 2, with_mistakes)


FACTORS = (
    MEAN,
    Factor("the sum", 21, "it is the sum, not the mean",
        "loss = {f}(logits, target, reduction='mean')", _sum),
    Factor("cells summed per row", 21,
        "the cells of a row were added up, and the mean taken over rows",
        f"{_MEAN}  # one mean over all cells", _per_row),
    Factor("divided by N·C", 21, "the mean was taken over rows times classes, not over rows",
        f"{_MEAN}  # one mean over all rows", _per_element),
    Factor("summed over positions", 21,
        "losses were summed over positions, and the mean taken over axis 0",
        f"{_MEAN}  # (N, C, d1, ...): one mean over all positions", _per_sample),
    Factor("averaged twice", 21, "the mean was divided by the number of rows once more",
        f"{_MEAN}  # a mean already", _twice, 2),
    Factor("the loss in bits", 13, "it is in bits: divided by ln 2",
        "bits = loss / math.log(2)  # loss itself is in nats",
        lambda loss, _: loss.mean / math.log(2)),
    Factor("the loss in log10", 13, "it was taken with log10: divided by ln 10",
        f"{_MEAN}  # natural logarithms", lambda loss, _: loss.mean / math.log(10), 2,
        with_mistakes=False),
    Factor("the perplexity", 13, "it is the perplexity, exp(loss)",
        "perplexity = loss.exp()  # loss itself is in nats",
        lambda loss, _: power(math.e, loss.mean)),
    Factor("2**loss", 13, "it is 2**loss, though the loss is in nats: exp is the perplexity",
        "perplexity = loss.exp()  # not 2 ** loss", lambda loss, _: power(2.0, loss.mean), 2,
        with_mistakes=False),
    *(times(factor) for steps in (2, 4, 8, 16) for factor in (steps, 1 / steps)),
)  # fmt: skip
"""What is tried by itself and, where it goes with them, together with each mistake."""
