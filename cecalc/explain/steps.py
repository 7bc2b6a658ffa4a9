"""The derivation of a row: what a whiteboard would show, with the digits a whiteboard would lose.

Every loss and probability comes from the formulas of `cecalc.losses`; the plain powers stand beside
them, for what is to be seen of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cecalc.losses import activations, binary_cross_entropy, cross_entropy
from cecalc.losses.stable import exp_difference, normaliser, tree_sum
from cecalc.model import Floats, Header, Item, Outcome, Report


@dataclass(frozen=True)
class SoftmaxSteps:
    """One row of logits to its cross-entropy. Arrays have shape (C,); losses are in nats."""

    logits: Floats
    target: Floats
    """The share of each class; one-hot for a class index."""
    peak: float
    """The largest logit."""
    best: int
    """Its class, the first on ties."""
    powers: Floats
    """exp x, which may overflow or underflow."""
    total: float
    """Σ exp x."""
    shifted: Floats
    """exp(x − peak), which cannot overflow."""
    rest: float
    """Σ exp(x − peak) over the other classes than the best."""
    probs: Floats
    surprisal: Floats
    """−ln p of each class, without p."""
    loss: float
    """Σ y·(−ln p)."""
    gradient: Floats
    """Of the loss, for each logit: Σy·p − y."""

    @property
    def shifted_total(self) -> float:
        """Σ exp(x − peak)."""
        return 1.0 + self.rest


@dataclass(frozen=True)
class SigmoidSteps:
    """One row of logits to the binary cross-entropy of its cells. Arrays have shape (C,)."""

    logits: Floats
    target: Floats
    powers: Floats
    """exp(−x), which may overflow."""
    probs: Floats
    complements: Floats
    """1 − p, without p."""
    cell_loss: Floats
    """nats"""
    loss: float
    """Σ over the cells, nats."""
    gradient: Floats
    """Of the cell's loss, for its logit: p − y."""


@dataclass(frozen=True)
class RowSteps:
    """One row under both losses."""

    outcome: Outcome
    """The row itself, which names it."""
    sigmoid: SigmoidSteps | None
    """None where the row is ignored."""
    softmax: SoftmaxSteps | None
    """None also where the target does not sum to 1; for one logit z, that of the pair (0, z)."""
    difference: SigmoidSteps | None = None
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


@np.errstate(over="ignore")
def of_row(outcome: Outcome, *, has_ce: bool) -> RowSteps:
    """The steps of a row.

    Parameters
    ----------
    outcome : one row, whose target is a number for each logit
    has_ce : whether that target is a distribution over the classes
    """
    if not outcome.used[0]:
        return RowSteps(outcome, None, None)
    logits = outcome.batch.values[0].astype(np.float64)
    target = outcome.batch.truth[0].astype(np.float64)
    sigmoid = sigmoid_steps(logits, target)
    if logits.size == 1:
        pair, shares = np.append(0.0, logits), np.append(1.0 - target, target)
        softmax = softmax_steps(pair, shares) if np.isfinite(logits[0]) else None
        return RowSteps(outcome, sigmoid, softmax)
    softmax = softmax_steps(logits, target) if has_ce else None
    is_pair = softmax is not None and logits.size == 2
    difference = sigmoid_steps(logits[1:] - logits[:1], target[1:]) if is_pair else None
    return RowSteps(outcome, sigmoid, softmax, difference)


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
    >>> steps.probs[0], steps.loss, steps.gradient[0]
    (np.float64(1.0), 8.533047625744066e-17, np.float64(-8.533047625744066e-17))
    """
    row = logits[None]
    peak, best, tail = normaliser(row)
    first, rest = int(best[0]), float(tail[0])
    probs = activations.softmax(row)[0]
    complements = 1.0 - probs
    complements[first] = rest / (1.0 + rest)  # 1 − p would be 0 where p rounds to 1
    surprisal = cross_entropy.surprisal_from_logits(row)
    powers = np.exp(logits)
    others = tree_sum(target[None])[0] - target
    return SoftmaxSteps(
        logits=logits,
        target=target,
        peak=float(peak[0]),
        best=first,
        powers=powers,
        total=float(tree_sum(powers[None])[0]),
        shifted=exp_difference(logits, peak),
        rest=rest,
        probs=probs,
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
    >>> sigmoid_steps(np.asarray([40.0]), np.asarray([0.0])).complements
    array([4.24835426e-18])
    """
    probs, complements = activations.sigmoid(logits), activations.sigmoid(-logits)
    losses = binary_cross_entropy.with_logits(logits, target)
    return SigmoidSteps(
        logits=logits,
        target=target,
        powers=np.exp(-logits),
        probs=probs,
        complements=complements,
        cell_loss=losses,
        loss=float(tree_sum(losses[None])[0]),
        gradient=probs * (1.0 - target) - complements * target,
    )
