"""Laws that tie the losses to each other, whatever the digits are.

Logits are dyadic where a law adds or subtracts them, so that what the law says of the inputs is
exact and only the losses round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cecalc.losses import activations, binary_cross_entropy, cross_entropy
from tests import strategies
from tests.losses.forms import Problem, draw_problem, problems
from tests.oracle import ulps_apart

if TYPE_CHECKING:
    from tests.conftest import Arrays

MOST_ULPS = 8.0
"""Two values, each within 4 units of the same exact one."""

dyadic = strategies.dyadic_logits()
dyadic_problems = st.builds(draw_problem, strategies.generators(), dyadic, exact_sums=st.just(True))


def surprisals(xp: Arrays, logits: np.ndarray) -> np.ndarray:
    """The cross-entropy of every class of every row."""
    return xp.numpy(cross_entropy.surprisal_from_logits(xp.array(logits)))


def mixed(xp: Arrays, logits: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The cross-entropy of target distributions."""
    surprisal = cross_entropy.surprisal_from_logits(xp.array(logits))
    return xp.numpy(cross_entropy.of_distribution(surprisal, xp.array(target)))


def binary(
    xp: Arrays, logits: np.ndarray, target: np.ndarray | float, pos_weight: np.ndarray | None = None
) -> np.ndarray:
    """Binary cross-entropy of each cell."""
    cells = xp.array(np.broadcast_to(np.asarray(target, dtype=np.float64), logits.shape).copy())
    weight = None if pos_weight is None else xp.array(pos_weight)
    return xp.numpy(binary_cross_entropy.with_logits(xp.array(logits), cells, pos_weight=weight))


@given(logits=strategies.dyadic_logits(4, 2))
def test_two_classes_are_one_binary_cell(xp: Arrays, logits: np.ndarray) -> None:
    """CE of two classes is BCE of the difference of their logits; softmax is sigmoid of it."""
    pair = np.concatenate([logits, np.zeros((len(logits), 1))], axis=1)[:, :2]
    difference = pair[:, 1] - pair[:, 0]
    ce = surprisals(xp, pair)
    assert ulps_apart(ce[:, 1], binary(xp, difference, 1.0)) <= MOST_ULPS
    assert ulps_apart(ce[:, 0], binary(xp, difference, 0.0)) <= MOST_ULPS
    yes = xp.numpy(activations.sigmoid(xp.array(difference)))
    assert ulps_apart(xp.numpy(activations.softmax(xp.array(pair)))[:, 1], yes) <= MOST_ULPS


@given(logits=dyadic, shift=st.integers(-(2**20), 2**20).map(lambda n: n / 1024))
def test_odds_total_and_shift(xp: Arrays, logits: np.ndarray, shift: float) -> None:
    """CE_j − CE_k = x_k − x_j, Σ exp(−CE_k) = 1, and a shift of all logits changes no bit."""
    ce = surprisals(xp, logits)
    odds = logits[:, None, :] - logits[:, :, None]
    units = np.spacing(np.maximum(ce[:, :, None], ce[:, None, :]))
    assert (np.abs((ce[:, :, None] - ce[:, None, :]) - odds) <= 4 * units).all()
    assert np.abs(np.exp(-ce).sum(-1) - 1).max() <= 4e-15
    assert surprisals(xp, logits + shift).tobytes() == ce.tobytes()


@given(logits=strategies.logits(masks=True), rng=strategies.generators())
def test_classes_have_no_order_and_masked_ones_no_say(
    xp: Arrays, logits: np.ndarray, rng: np.random.Generator
) -> None:
    """Permuting the classes permutes the losses; adding a −inf class anywhere changes no other, and
    its own loss is inf, its probability 0.
    """
    ce = surprisals(xp, logits)
    order = rng.permutation(logits.shape[1])
    at = int(rng.integers(0, logits.shape[1] + 1))
    wider = np.insert(logits, at, -np.inf, axis=1)
    assert ulps_apart(surprisals(xp, logits[:, order]), ce[:, order]) <= MOST_ULPS
    assert ulps_apart(surprisals(xp, wider), np.insert(ce, at, np.inf, axis=1)) <= MOST_ULPS
    assert (xp.numpy(activations.softmax(xp.array(wider)))[:, at] == 0).all()


@given(level=st.floats(-1.7e308, 1.7e308), classes=st.integers(1, 1000))
def test_uniform_logits_cost_ln_classes(xp: Arrays, level: float, classes: int) -> None:
    """Equal logits, whatever they are, cost ln C and make probabilities of 1/C."""
    logits = np.full((1, classes), level)
    assert ulps_apart(surprisals(xp, logits), np.log([classes])) <= 2
    assert ulps_apart(xp.numpy(activations.softmax(xp.array(logits))), np.asarray(1 / classes)) <= 1


@given(problem=problems())
def test_targets_agree_and_mix(xp: Arrays, problem: Problem) -> None:
    """An index costs, bit for bit, what its one-hot row does; smoothed, weighted indices cost what
    the smoothed, weighted one-hot row does; and the loss is linear in the target.
    """
    p, surprisal = problem, cross_entropy.surprisal_from_logits(xp.array(problem.logits))
    one_hot = np.eye(p.logits.shape[1])[p.index]
    hard = xp.numpy(cross_entropy.of_index(surprisal, xp.index(p.index)))
    assert mixed(xp, p.logits, one_hot).tolist() == hard.tolist()

    weight = xp.array(p.weight)
    smoothed = cross_entropy.smoothed_index(surprisal, xp.index(p.index), p.smoothing, weight)
    shares = cross_entropy.smoothed_distribution(xp.array(one_hot), p.smoothing) * weight
    as_mixture = cross_entropy.of_distribution(surprisal, shares)
    assert ulps_apart(xp.numpy(smoothed), xp.numpy(as_mixture)) <= MOST_ULPS

    soft, four = (mixed(xp, p.logits, times * p.distribution) for times in (1.0, 4.0))
    assert four.tolist() == (4.0 * soft).tolist()
    blend = mixed(xp, p.logits, 0.5 * one_hot + 0.5 * p.distribution)
    assert ulps_apart(blend, 0.5 * hard + 0.5 * soft) <= MOST_ULPS


@given(problem=dyadic_problems)
def test_binary_laws(xp: Arrays, problem: Problem) -> None:
    """BCE(x, t) = BCE(−x, 1 − t) bit for bit; BCE(x, 0) − BCE(x, 1) = x; BCE is linear in t; and
    pos_weight multiplies what t = 1 costs, and nothing else.
    """
    x, t, w = problem.logits, problem.distribution, problem.weight  # t is dyadic: 1 − t is exact
    cost, no, yes = binary(xp, x, t), binary(xp, x, 0.0), binary(xp, x, 1.0)
    assert binary(xp, -x, 1 - t).tobytes() == cost.tobytes()
    assert (np.abs((no - yes) - x) <= 2 * np.spacing(np.maximum(no, yes))).all()
    assert ulps_apart(cost, t * yes + (1 - t) * no) <= MOST_ULPS
    assert ulps_apart(binary(xp, x, 1.0, w), w * yes) <= MOST_ULPS
    assert binary(xp, x, 0.0, w).tobytes() == no.tobytes()
    assert ulps_apart(binary(xp, x, t, w), t * w * yes + (1 - t) * no) <= MOST_ULPS


@given(probs=strategies.probs(), rng=strategies.generators())
def test_losses_of_probabilities_agree(
    xp: Arrays, probs: np.ndarray, rng: np.random.Generator
) -> None:
    """BCE of p is the CE of (1 − p, p) where 1 − p is exact; the clamp only ever stops logarithms
    at 100; log-probabilities cost what their probabilities do.
    """
    p = np.where(probs > 0.5, probs, np.ceil(probs * 1024) / 1024)  # 1 − p is exact
    two = xp.array(np.stack([1 - p.ravel(), p.ravel()], axis=-1))
    surprisal = cross_entropy.surprisal_from_probs(two)
    t = rng.integers(0, 1025, p.size) / 1024
    free, clamped = (
        xp.numpy(binary_cross_entropy.of_probs(two[:, 1], xp.array(t), clamp=clamp))
        for clamp in (False, True)
    )
    target = xp.array(np.stack([1 - t, t], axis=-1))
    assert ulps_apart(free, xp.numpy(cross_entropy.of_distribution(surprisal, target))) <= MOST_ULPS
    logs = np.minimum(xp.numpy(surprisal), 100)
    assert ulps_apart(clamped, (1 - t) * logs[:, 0] + t * logs[:, 1]) <= MOST_ULPS
    again = cross_entropy.surprisal_from_log_probs(-surprisal)
    assert xp.numpy(again).tolist() == xp.numpy(surprisal).tolist()


@given(problem=problems(masks=True))
def test_activations_agree_with_the_losses(xp: Arrays, problem: Problem) -> None:
    """Softmax sums to 1 and is exp(−CE); log-softmax is −CE, log-sigmoid is −BCE(x, 1), bit for
    bit; sigmoid(x) + sigmoid(−x) = 1.
    """
    x = xp.array(problem.logits)
    softmax, log_softmax = (xp.numpy(f(x)) for f in (activations.softmax, activations.log_softmax))
    ce = surprisals(xp, problem.logits)
    assert np.abs(softmax.sum(-1) - 1).max() <= 1e-15
    seen = ce < 700
    assert np.abs(np.exp(-ce[seen]) / softmax[seen] - 1).max(initial=0) <= 2e-13
    assert (-ce).tolist() == log_softmax.tolist()
    finite = np.where(np.isfinite(problem.logits), problem.logits, -1e300)
    z = xp.array(finite)
    assert (-binary(xp, finite, 1.0)).tolist() == xp.numpy(activations.log_sigmoid(z)).tolist()
    both = xp.numpy(activations.sigmoid(z)) + xp.numpy(activations.sigmoid(-z))
    assert np.abs(both - 1).max() <= 2.3e-16
