"""The derivation of a row: what a whiteboard would show, with the digits a whiteboard would lose.

Every loss and probability comes from the formulas of `cecalc.losses`; the plain powers stand beside
them, for what is to be seen of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cecalc.items import Header, Item, Outcome, Report
from cecalc.losses import activations, binary_cross_entropy, cross_entropy
from cecalc.losses.stable import exp_difference, normaliser, tree_sum
from cecalc.model import Floats

_MILD = 20.0
"""Up to which largest logit exp x stands there as it is, and not exp(x − max)."""


@dataclass(frozen=True)
class Steps:
    """One row of logits to a loss. Arrays have shape (C,); losses are in nats.

    The fields after the target are the members of the JSON object, in its order.
    """

    logits: Floats
    target: Floats
    """The share of each class; one-hot for a class index."""

    @property
    def members(self) -> dict[str, Floats | float]:
        """Every step by its name."""
        given = ("logits", "target")
        return {name: step for name, step in vars(self).items() if name not in given}


@dataclass(frozen=True)
class SoftmaxSteps(Steps):
    """The row together, to its cross-entropy."""

    exp: Floats
    """exp x, which may overflow or underflow."""
    sum_exp: float
    max: float
    exp_shifted: Floats
    """exp(x − max), which cannot overflow."""
    sum_exp_shifted: float
    softmax: Floats
    surprisal: Floats
    """−ln p of each class, without p."""
    loss: float
    """Σ y·(−ln p)."""
    gradient: Floats
    """Of the loss, for each logit: Σy·p − y."""

    @property
    def best(self) -> int:
        """The class of the largest logit, the first on ties."""
        return int(self.logits.argmax())

    @property
    def rest(self) -> float:
        """Σ exp(x − max) over the other classes than the best, which may be lost beside its 1."""
        return float(normaliser(self.logits[None]).tail[0])


@dataclass(frozen=True)
class SigmoidSteps(Steps):
    """Each logit alone, to the binary cross-entropy of its cell."""

    denominator: Floats
    """1 + exp(−x), which may overflow."""
    sigmoid: Floats
    complement: Floats
    """1 − p, without p."""
    cells: Floats
    """The losses."""
    sum: float
    gradient: Floats
    """Of the cell's loss, for its logit: p − y."""


@dataclass(frozen=True)
class RowSteps:
    """One row under both losses."""

    outcome: Outcome
    """The row itself, which names it."""
    bce: SigmoidSteps | None = None
    """None where the row is ignored."""
    ce: SoftmaxSteps | None = None
    """None also where the target does not sum to 1; for one logit z, that of the pair (0, z)."""
    bce_of_difference: SigmoidSteps | None = None
    """For two classes: the one cell x₁ − x₀, whose binary cross-entropy is the row's loss."""


@dataclass(frozen=True)
class Explanation(Item):
    """What `explain` shows: some rows step by step, and what all rows add up to."""

    header: Header
    rows: tuple[RowSteps, ...]
    is_all: bool
    """Whether no row is left out."""
    ce: Report | None
    """None where not every row has a cross-entropy."""
    bce: Report
    without_ce: int
    """How many rows have targets that do not sum to 1."""

    @property
    def has_ce(self) -> bool:
        """Whether one of the rows shown has a cross-entropy."""
        return any(row.ce for row in self.rows)

    @property
    def is_mild(self) -> bool:
        """Whether exp x is a number for people in every row."""
        return all(-_MILD <= row.ce.max <= _MILD for row in self.rows if row.ce)


@np.errstate(over="ignore")
def of_row(outcome: Outcome, *, has_ce: bool) -> RowSteps:
    """The steps of a row.

    Parameters
    ----------
    outcome : one row, whose target is a number for each logit
    has_ce : whether that target is a distribution over the classes
    """
    if not outcome.used[0]:
        return RowSteps(outcome)
    logits = outcome.batch.values[0].astype(np.float64)
    target = outcome.batch.truth[0].astype(np.float64)
    bce = sigmoid_steps(logits, target)
    if logits.size == 1:
        pair, shares = np.append(0.0, logits), np.append(1.0 - target, target)
        return RowSteps(outcome, bce, softmax_steps(pair, shares) if np.isfinite(logits) else None)
    ce = softmax_steps(logits, target) if has_ce else None
    is_pair = ce is not None and logits.size == 2
    difference = sigmoid_steps(logits[1:] - logits[:1], target[1:]) if is_pair else None
    return RowSteps(outcome, bce, ce, difference)


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def softmax_steps(logits: Floats, target: Floats) -> SoftmaxSteps:
    """The steps to the cross-entropy of one row.

    Parameters
    ----------
    logits : shape (C,), none NaN or +inf, not all −inf
    target : shape (C,), summing to 1

    Examples
    --------
    The loss of (37, 0) is not lost with its probability, which rounds to 1:

    >>> steps = softmax_steps(np.asarray([37.0, 0.0]), np.asarray([1.0, 0.0]))
    >>> steps.softmax[0], steps.loss, steps.gradient[0]
    (np.float64(1.0), 8.533047625744066e-17, np.float64(-8.533047625744066e-17))
    """
    row = logits[None]
    peak, best, tail = normaliser(row)
    total = 1.0 + float(tail[0])
    probs, powers = activations.softmax(row)[0], np.exp(logits)
    complements = 1.0 - probs
    complements[best] = tail / total  # 1 − p would be 0 where p rounds to 1
    surprisal = cross_entropy.surprisal_from_logits(row)
    others = tree_sum(target[None])[0] - target
    return SoftmaxSteps(
        logits=logits,
        target=target,
        exp=powers,
        sum_exp=float(tree_sum(powers[None])[0]),
        max=float(peak[0]),
        exp_shifted=exp_difference(logits, peak),
        sum_exp_shifted=total,
        softmax=probs,
        surprisal=surprisal[0],
        loss=float(cross_entropy.of_distribution(surprisal, target[None])[0]),
        gradient=probs * others - complements * target,
    )


@np.errstate(over="ignore", under="ignore", invalid="ignore")
def sigmoid_steps(logits: Floats, target: Floats) -> SigmoidSteps:
    """The steps to the binary cross-entropy of one row's cells.

    Parameters
    ----------
    logits : shape (C,), none NaN
    target : shape (C,), within [0, 1]

    Examples
    --------
    >>> sigmoid_steps(np.asarray([40.0]), np.asarray([0.0])).complement
    array([4.24835426e-18])
    """
    probs, complements = activations.sigmoid(logits), activations.sigmoid(-logits)
    losses = binary_cross_entropy.with_logits(logits, target)
    return SigmoidSteps(
        logits=logits,
        target=target,
        denominator=1.0 + np.exp(-logits),
        sigmoid=probs,
        complement=complements,
        cells=losses,
        sum=float(tree_sum(losses[None])[0]),
        gradient=probs * (1.0 - target) - complements * target,
    )
