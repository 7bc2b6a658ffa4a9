"""The derivation of a row by three routes: 60-digit arithmetic, torch's autograd, and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from cecalc.explain.steps import CellSteps, ClassSteps, cell_steps, class_steps
from tests import oracle, strategies

INF = math.inf
TINY = 1e-300
"""Below this a float64 begins to have fewer digits."""


def both(logits: Sequence[float], target: int) -> tuple[ClassSteps, CellSteps]:
    """The steps of a row whose target is a class index."""
    x, y = np.asarray(logits, float), np.eye(len(logits))[target]
    return class_steps(x, y), cell_steps(x, y)


def test_the_founding_example_by_hand() -> None:
    softmax, sigmoid = both([2, -3, 0.8, 1.2], 2)
    assert softmax.exp.round(4).tolist() == [7.3891, 0.0498, 2.2255, 3.3201]
    assert round(softmax.sum_exp, 4) == 12.9845
    assert softmax.softmax.round(4).tolist() == [0.5691, 0.0038, 0.1714, 0.2557]
    assert softmax.gradient.round(4).tolist() == [0.5691, 0.0038, -0.8286, 0.2557]
    assert (softmax.max, int(softmax.values.argmax()), round(softmax.sum_exp_shifted, 4)) == (
        2.0,
        0,
        1.7573,
    )
    assert round(softmax.loss, 4) == 1.7638
    assert sigmoid.denominator.round(4).tolist() == [1.1353, 21.0855, 1.4493, 1.3012]
    assert sigmoid.sigmoid.round(4).tolist() == [0.8808, 0.0474, 0.6900, 0.7685]
    assert sigmoid.gradient.round(4).tolist() == [0.8808, 0.0474, -0.31, 0.7685]
    assert sigmoid.cells.round(4).tolist() == [2.1269, 0.0486, 0.3711, 1.4633]
    assert round(sigmoid.sum, 4) == 4.0099


@pytest.mark.parametrize(
    ("logits", "target", "loss", "gradient", "total"),
    [
        ([37, 0], 0, 8.533047625744066e-17, [-8.533047625744066e-17, 8.533047625744066e-17], None),
        ([1000, 0], 1, 1000.0, [1.0, -1.0], INF),
        ([-1000, -1000], 0, math.log(2), [-0.5, 0.5], 0.0),
        ([0, -1000], 0, 0.0, [0.0, 0.0], 1.0),
        ([0, -INF], 0, 0.0, [0.0, 0.0], 1.0),
        ([0, -INF], 1, INF, [1.0, -1.0], 1.0),
        ([1.7e308, -1.7e308], 1, INF, [1.0, -1.0], INF),
    ],
)
def test_extreme_softmax(
    logits: list[float], target: int, loss: float, gradient: list[float], total: float | None
) -> None:
    steps, _ = both(logits, target)
    assert (steps.loss, steps.gradient.tolist()) == (loss, gradient)
    assert total is None or steps.sum_exp == total


@pytest.mark.parametrize(
    ("logit", "target", "loss", "gradient"),
    [
        (40.0, 1.0, 4.248354255291589e-18, -4.248354255291589e-18),
        (40.0, 0.0, 40.0, 1.0),
        (-40.0, 0.0, 4.248354255291589e-18, 4.248354255291589e-18),
        (-1000.0, 1.0, 1000.0, -1.0),
        (INF, 1.0, 0.0, 0.0),
        (-INF, 1.0, INF, -1.0),
    ],
)
def test_extreme_sigmoid(logit: float, target: float, loss: float, gradient: float) -> None:
    steps = cell_steps(np.asarray([logit]), np.asarray([target]))
    assert (steps.sum, steps.gradient[0]) == (loss, gradient)


@st.composite
def rows(draw: st.DrawFn, index: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Logits and target of one row, both of shape (C,)."""
    logits = draw(strategies.logits(max_rows=1, masks=index))
    rng = draw(strategies.generators())
    if index:
        return logits[0], np.eye(logits.shape[1])[strategies.draw_index(rng, logits)[0]]
    return logits[0], strategies.draw_distributions(rng, logits.shape)[0]


def near(ours: np.ndarray, exact: list[mpf], ulps: float = 8) -> bool:
    """Whether each number has all but its last digits."""
    return all(oracle.ulps(a, b, TINY) <= ulps for a, b in zip(ours.tolist(), exact, strict=True))


@given(rows())
def test_softmax_of_an_index_keeps_every_digit(row: tuple[np.ndarray, np.ndarray]) -> None:
    """Of the loss, the probabilities and the gradient, also where p rounds to 1."""
    logits, target = row
    steps, exact = class_steps(logits, target), oracle.softmax(logits)
    of = int(target.argmax())
    others = mp.fsum(p for c, p in enumerate(exact) if c != of)
    gradient = [-others if c == of else p for c, p in enumerate(exact)]
    surprisal = oracle.surprisal_from_logits(logits)
    assert near(np.asarray([steps.loss]), [surprisal[of]])
    assert near(steps.softmax, exact)
    assert near(steps.gradient, gradient, 16)


@given(rows(index=False))
def test_softmax_of_a_distribution(row: tuple[np.ndarray, np.ndarray]) -> None:
    """Shares are float64, so the gradient is known to some units of the last place of 1."""
    logits, target = row
    steps, exact = class_steps(logits, target), oracle.softmax(logits)
    total = mp.fsum(map(mpf, target.tolist()))
    gradient = [total * p - mpf(y) for p, y in zip(exact, target.tolist(), strict=True)]
    loss = oracle.of_distribution(oracle.surprisal_from_logits(logits), target.tolist())
    assert near(np.asarray([steps.loss]), [loss], 16)
    assert all(abs(a - b) < 2e-15 for a, b in zip(steps.gradient.tolist(), gradient, strict=True))


@given(rows())
def test_sigmoid_keeps_every_digit(row: tuple[np.ndarray, np.ndarray]) -> None:
    """Of each side, so that 1 − p is no 0 where p rounds to 1."""
    logits, target = row
    steps = cell_steps(logits, target)
    sides = [oracle.sigmoid(z) for z in logits.tolist()]
    others = [oracle.sigmoid(-z) for z in logits.tolist()]
    cells = [oracle.bce_with_logits(z, y) for z, y in zip(logits, target, strict=True)]
    gradient = [-q if y else p for p, q, y in zip(sides, others, target.tolist(), strict=True)]
    assert near(steps.sigmoid, sides)
    assert near(steps.complement, others)
    assert near(steps.cells, cells)
    assert near(steps.gradient, gradient)


def by_torch(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The loss of one row, and its gradient."""
    leaf = torch.tensor(x[None], requires_grad=True)
    value = loss(leaf, torch.tensor(y[None]))
    (gradient,) = torch.autograd.grad(value.sum(), leaf)
    return value.detach().numpy().ravel(), gradient.numpy()[0]


@given(
    strategies.logits(max_rows=1, magnitudes=("±5", "±50", "ties", "float16")),
    strategies.generators(),
    st.booleans(),
)
def test_torch_agrees(logits: np.ndarray, rng: np.random.Generator, soft: bool) -> None:
    """Its autograd has never heard of p − y."""
    x, shape = logits[0], logits.shape
    y = strategies.draw_distributions(rng, shape)[0] if soft else np.eye(len(x))[0]
    loss, gradient = by_torch(lambda a, b: F.cross_entropy(a, b, reduction="none"), x, y)
    steps = class_steps(x, y)
    np.testing.assert_allclose([steps.loss], loss, atol=1e-11)
    np.testing.assert_allclose(steps.gradient, gradient, atol=1e-12)
    loss, gradient = by_torch(
        lambda a, b: F.binary_cross_entropy_with_logits(a, b, reduction="none"), x, y
    )
    cells = cell_steps(x, y)
    np.testing.assert_allclose(cells.cells, loss, atol=1e-11)
    np.testing.assert_allclose(cells.gradient, gradient, atol=1e-12)


@given(strategies.dyadic_logits(max_rows=1, max_classes=1), st.sampled_from([0.0, 1.0]))
def test_one_logit_is_a_pair(logits: np.ndarray, y: float) -> None:
    """CE(0, x) = BCE(x), and so are the gradients of x."""
    x = logits[0]
    pair = class_steps(np.append(0.0, x), np.asarray([1 - y, y]))
    cell = cell_steps(x, np.asarray([y]))
    assert oracle.ulps_apart(np.asarray(pair.loss), np.asarray(cell.sum)) <= 4
    assert oracle.ulps_apart(pair.gradient[1:], cell.gradient) <= 4
