"""The derivation of a row: what a whiteboard would show, with the digits a whiteboard would lose.

Every loss and probability comes from the formulas of `cecalc.losses`; the plain powers stand beside
them, for what is to be seen of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cecalc.losses import activations, binary_cross_entropy, cross_entropy
from cecalc.losses.stable import exp_difference, normaliser, tree_sum
from cecalc.records import Outcome, RowSteps, SigmoidSteps, SoftmaxSteps

if TYPE_CHECKING:
    from cecalc.records import Floats


@np.errstate(over="ignore")
def of_row(outcome: Outcome, *, has_ce: bool) -> RowSteps:
    """The steps of a row.

    Parameters
    ----------
    outcome : one row, whose target is a number for each logit
    has_ce : whether that target is a distribution over the classes
    """
    assert outcome.batch.target is not None
    if not outcome.used[0]:
        return RowSteps(outcome, None, None)
    logits = outcome.batch.values[0].astype(np.float64)
    target = outcome.batch.target[0].astype(np.float64)
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
