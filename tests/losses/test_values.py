"""Values known beforehand: the founding example by hand, and a table of extremes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from cecalc.losses import activations, binary_cross_entropy, cross_entropy
from tests.oracle import ulps_apart

if TYPE_CHECKING:
    from tests.conftest import Arrays

INF = math.inf
LN2 = math.log(2)
BIG = 1.7e308
MAX = float(np.finfo(np.float64).max)
TINY = 5e-324
FOUNDING = [[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]]


def test_founding_example(xp: Arrays) -> None:
    """The losses of the two rows and of their eight cells, as worked out by hand to 4 decimals."""
    logits, one_hot = xp.array(FOUNDING), xp.array([[0, 0, 1, 0], [0, 1, 0, 0]])
    surprisal = cross_entropy.surprisal_from_logits(logits)
    rows = cross_entropy.of_index(surprisal, xp.index([2, 1]))
    cells = binary_cross_entropy.with_logits(logits, one_hot)
    assert xp.numpy(rows).round(4).tolist() == [1.7638, 2.1942]
    assert xp.numpy(cells).round(4).tolist() == [
        [2.1269, 0.0486, 0.3711, 1.4633],
        [1.7014, 0.7444, 1.2412, 0.2410],
    ]
    assert round(float(xp.numpy(rows).mean()), 4) == 1.9790
    assert round(float(xp.numpy(cells).mean()), 4) == 0.9922


CE = [
    ([30, 0], 0, 9.357622968839737e-14),
    ([37, 0], 0, 8.533047625744066e-17),
    ([40, 0], 0, 4.248354255291589e-18),
    ([0, 40], 1, 4.248354255291589e-18),
    ([40, 0, 0, 0], 0, 1.2745062765874767e-17),
    ([40, 0], 1, 40.0),
    ([700, 0], 0, 9.85967654375977e-305),
    ([745, 0], 0, TINY),
    ([746, 0], 0, 0.0),
    ([800, -800], 0, 0.0),
    ([800, -800], 1, 1600.0),
    ([BIG, -BIG], 0, 0.0),
    ([BIG, -BIG], 1, INF),
    ([MAX, 0], 1, MAX),
    ([BIG, BIG], 1, LN2),
    ([-BIG, -BIG, -BIG], 0, math.log(3)),
    ([-MAX, -MAX], 0, LN2),
    ([TINY, 0], 1, LN2),
    ([0.0, -0.0], 1, LN2),
    ([5, 5, 5, 5], 2, math.log(4)),
    ([1, 1, -INF], 0, LN2),
    ([1, 1, -INF], 2, INF),
    ([-INF, 3, -INF], 1, 0.0),
    ([-INF, -BIG], 1, 0.0),
    ([7], 0, 0.0),
]


@pytest.mark.parametrize(("row", "target", "loss"), CE)
def test_cross_entropy_extremes(xp: Arrays, row: list[float], target: int, loss: float) -> None:
    """Index and one-hot targets cost the tabled loss, within 2 ulps and never as −0."""
    surprisal = cross_entropy.surprisal_from_logits(xp.array([row]))
    one_hot = xp.array([[float(c == target) for c in range(len(row))]])
    for got in (
        cross_entropy.of_index(surprisal, xp.index([target])),
        cross_entropy.of_distribution(surprisal, one_hot),
    ):
        assert ulps_apart(xp.numpy(got), np.asarray([loss])) <= 2
        assert not np.signbit(xp.numpy(got)).any()


def test_a_weight_overflows_only_where_the_smoothed_loss_does(xp: Arrays) -> None:
    """3 · 1.7e308 is beyond float64, (1 − 0.9) · 3 · 1.7e308 is not."""
    logits, weight = xp.array([[BIG, 0, 0, BIG, BIG, BIG]]), xp.array([0, 3, 0, 0, 0, 0])
    surprisal = cross_entropy.surprisal_from_logits(logits)
    got = xp.numpy(cross_entropy.smoothed_index(surprisal, xp.index([1]), 0.9, weight))
    share = 3 * (1 - 0.9 + 0.9 / 6)
    assert ulps_apart(got, np.asarray([share * BIG])) <= 4


BCE = [
    (-30, 0, 9.357622968839737e-14),
    (-37, 0, 8.533047625744066e-17),
    (40, 1, 4.248354255291589e-18),
    (700, 1, 9.85967654375977e-305),
    (-745, 0, TINY),
    (800, 1, 0.0),
    (-800, 0, 0.0),
    (800, 0, 800.0),
    (-800, 1, 800.0),
    (BIG, 0, BIG),
    (-MAX, 1, MAX),
    (-MAX, 0, 0.0),
    (0, 0, LN2),
    (-0.0, 0.25, LN2),
    (TINY, 1, LN2),
    (800, 0.5, 400.0),
    (-40, 0.5, 20.0),
    (INF, 1, 0.0),
    (-INF, 0, 0.0),
    (INF, 0, INF),
    (-INF, 1, INF),
    (INF, 0.5, INF),
    (-INF, 2.0**-60, INF),
]


@pytest.mark.parametrize(("logit", "target", "loss"), BCE)
def test_binary_cross_entropy_extremes(
    xp: Arrays, logit: float, target: float, loss: float
) -> None:
    """The cell costs the tabled loss, with a pos_weight of 1 too, within 2 ulps, never as −0."""
    z, y = xp.array([logit]), xp.array([target])
    for pos_weight in (None, xp.array([1])):
        got = xp.numpy(binary_cross_entropy.with_logits(z, y, pos_weight=pos_weight))
        assert ulps_apart(got, np.asarray([loss])) <= 2
        assert not np.signbit(got).any()


PROBS = [  # p, y, loss with torch's clamp, loss without
    (0, 1, 100.0, INF),
    (1, 0, 100.0, INF),
    (0, 0, 0.0, 0.0),
    (1, 1, 0.0, 0.0),
    (0, 0.5, 50.0, INF),
    (0.5, 0.3, LN2, LN2),
    (1e-45, 1, 100.0, 103.61632918473205),
    (TINY, 1, 100.0, 744.4400719213812),
    (TINY, 0, TINY, TINY),
    (1e-17, 0, 1e-17, 1e-17),
    (1 - 2.0**-53, 1, 2.0**-53, 2.0**-53),
    (1 - 2.0**-53, 0, 36.7368005696771, 36.7368005696771),
]


@pytest.mark.parametrize(("p", "target", "clamped", "unclamped"), PROBS)
def test_losses_of_probabilities_at_the_ends(
    xp: Arrays, p: float, target: float, clamped: float, unclamped: float
) -> None:
    """BCE with and without the clamp; where the target is hard, CE of (1 − p, p) never clamps."""
    probs, y = xp.array([p]), xp.array([target])
    for clamp, loss in ((True, clamped), (False, unclamped)):
        got = xp.numpy(binary_cross_entropy.of_probs(probs, y, clamp=clamp))
        assert ulps_apart(got, np.asarray([loss])) <= 2
        assert not np.signbit(got).any()
    if target == 1:
        surprisal = cross_entropy.surprisal_from_probs(xp.array([[1 - p, p]]))
        ce = xp.numpy(cross_entropy.of_index(surprisal, xp.index([1])))
        assert ulps_apart(ce, np.asarray([unclamped])) <= 2
        assert not np.signbit(ce).any()


def test_log_probabilities_of_the_ends(xp: Arrays) -> None:
    """Ln 1 costs 0, not −0, with either sign; ln 0 costs inf."""
    logs = xp.array([[-0.0, 0.0, -INF, -1.5]])
    got = xp.numpy(cross_entropy.surprisal_from_log_probs(logs))
    assert got.tolist() == [[0.0, 0.0, INF, 1.5]]
    assert not np.signbit(got).any()


ACTIVATED: list[tuple[Any, list[float], list[float]]] = [
    (activations.softmax, [0, 0], [0.5, 0.5]),
    (activations.softmax, [BIG, -BIG], [1.0, 0.0]),
    (activations.softmax, [3, -INF, 3], [0.5, 0.0, 0.5]),
    (activations.softmax, [700, 0], [1.0, 9.85967654375977e-305]),
    (activations.log_softmax, [40, 0], [-4.248354255291589e-18, -40.0]),
    (activations.log_softmax, [BIG, -BIG, -INF], [0.0, -INF, -INF]),
    (activations.sigmoid, [0, -0.0, 800, -800, INF, -INF, BIG], [0.5, 0.5, 1, 0, 1, 0, 1]),
    (activations.sigmoid, [-700, -740], [9.85967654375977e-305, 4.2e-322]),
    (activations.log_sigmoid, [0, 40, 800, -800], [-LN2, -4.248354255291589e-18, 0, -800]),
    (activations.log_sigmoid, [INF, -INF, -BIG], [0.0, -INF, -BIG]),
]


@pytest.mark.parametrize(("activation", "row", "expected"), ACTIVATED)
def test_activation_extremes(
    xp: Arrays, activation: Any, row: list[float], expected: list[float]
) -> None:
    """Saturated activations end at their limits, and a logarithm of 1 is 0, not −0."""
    got = xp.numpy(activation(xp.array([row])))
    assert ulps_apart(got, np.asarray([expected])) <= 2
    assert not (np.signbit(got) & (got == 0)).any()


def test_a_class_without_weight_has_no_say(xp: Arrays) -> None:
    """0·inf is 0 for targets, class weights and pos_weight; smoothing onto a mask is inf."""
    surprisal = cross_entropy.surprisal_from_logits(xp.array([[1, 1, -INF]]))
    index, ones, masked = xp.index([0]), xp.array([1, 1, 1]), xp.array([1, 1, 0])
    even = cross_entropy.smoothed_distribution(xp.array([[1, 0, 0]]), 0.5)
    cases = [
        (cross_entropy.of_distribution(surprisal, xp.array([[0.25, 0.75, 0]])), LN2),
        (cross_entropy.of_distribution(surprisal, even), INF),
        (cross_entropy.of_distribution(surprisal, even * masked), LN2 * 5 / 6),
        (cross_entropy.smoothed_index(surprisal, index, 0.0, ones), LN2),
        (cross_entropy.smoothed_index(surprisal, index, 0.5, ones), INF),
        (cross_entropy.smoothed_index(surprisal, index, 0.5, masked), LN2 * 5 / 6),
        (cross_entropy.smoothed_index(surprisal, xp.index([2]), 0.5, masked), LN2 / 3),
        (cross_entropy.smoothed_index(surprisal, xp.index([2]), 1.0, masked), LN2 * 2 / 3),
        (
            binary_cross_entropy.with_logits(
                xp.array([-INF]), xp.array([1]), pos_weight=xp.array([0])
            ),
            0.0,
        ),
    ]
    for got, expected in cases:
        assert ulps_apart(xp.numpy(got), np.asarray([expected])) <= 4
