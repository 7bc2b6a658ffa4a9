"""Every form of the losses three ways: as cecalc, as the exact oracle, and as torch computes it.

The accuracy, parity, layout and batch tests, and the report, all walk the one table `FORMS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st
from mpmath import mpf

from cecalc.losses import activations, binary_cross_entropy, cross_entropy
from tests import oracle, strategies

if TYPE_CHECKING:
    from tests.conftest import Arrays

Array = Any
FLOOR = 1e-300
"""The smallest loss whose digits are promised."""


@dataclass(frozen=True)
class Problem:
    """Inputs for every form at once: N rows of C classes, or of C cells."""

    logits: Array
    """(N, C)"""
    index: Array
    """(N,), classes"""
    distribution: Array
    """(N, C), rows that sum to about 1"""
    weight: Array
    """(C,), of classes; as pos_weight, of cells"""
    cells: Array
    """(N, C), each within [0, 1]"""
    probs: Array
    """(N, C), each within [0, 1]"""
    smoothing: float

    def each(self, change: Callable[[str, Any], Any]) -> Problem:
        """The problem with every array changed, given its name and itself."""
        names = [field.name for field in fields(self) if field.name != "smoothing"]
        arrays = {name: change(name, getattr(self, name)) for name in names}
        return Problem(smoothing=self.smoothing, **arrays)

    def on(self, xp: Arrays) -> Problem:
        """The problem on another library."""
        return self.each(lambda name, array: (xp.index if name == "index" else xp.array)(array))

    def rows(self, rows: slice) -> Problem:
        """Some of its rows; the weights belong to all."""
        return self.each(lambda name, array: array if name == "weight" else array[rows])


@dataclass(frozen=True)
class Form:
    """One way to ask for losses or activations."""

    name: str
    cecalc: Callable[[Problem], Array]
    """(N,) or (N, C)"""
    exact: Callable[[Problem], list[Any]]
    """Of a problem with one row on NumPy: its value, or its C values."""
    torch: Callable[[Problem], Array] | None
    """The same as `cecalc`, or None where torch has no such form."""
    by_magnitude: bool = True
    """Whether its errors depend on how large the logits are."""

    def on(self, xp: Arrays, problem: Problem) -> np.ndarray:
        """What cecalc says on `xp`, back on the host."""
        return xp.numpy(self.cecalc(problem.on(xp)))

    def expected(self, problem: Problem) -> list[list[mpf]]:
        """The exact values, row by row."""
        return [self.exact(problem.rows(slice(n, n + 1))) for n in range(len(problem.logits))]

    def ulps(self, got: np.ndarray, expected: list[list[mpf]]) -> float:
        """The error of the worst value, in units in the last place (at least those of `FLOOR`)."""
        pairs = zip(got.reshape(len(expected), -1).tolist(), expected, strict=True)
        return max(
            oracle.ulps(value, exact, FLOOR)
            for row, exacts in pairs
            for value, exact in zip(row, exacts, strict=True)
        )


def draw_problem(
    rng: np.random.Generator, logits: np.ndarray, *, exact_sums: bool = False
) -> Problem:
    """Targets, weights, probabilities for the logits; half of the cells are confidently right."""
    shape = logits.shape
    soft = rng.choice([0.0, 1.0, 0.5, 0.1, 1e-17, 1 - 2.0**-53, rng.random()], shape)
    cells = np.where(rng.random(shape) < 0.5, (logits > 0).astype(np.float64), soft)
    return Problem(
        logits=logits,
        index=strategies.draw_index(rng, logits),
        distribution=strategies.draw_distributions(rng, shape, exact=exact_sums),
        weight=strategies.draw_weights(rng, shape[1]),
        cells=cells,
        probs=strategies.draw_probs(rng, shape),
        smoothing=strategies.draw_smoothing(rng),
    )


def problems(
    max_rows: int = 3, max_classes: int = 6, *, masks: bool = True
) -> st.SearchStrategy[Problem]:
    """Problems around any logits that `strategies` knows."""
    rows = strategies.logits(max_rows, max_classes, masks=masks)
    return st.builds(draw_problem, strategies.generators(), rows)


def _surprisal(p: Problem) -> Array:
    return cross_entropy.surprisal_from_logits(p.logits)


def _exact(p: Problem) -> list[mpf]:
    return oracle.surprisal_from_logits(p.logits[0])


def _cells(one: Callable[..., mpf], *rows: np.ndarray) -> list[mpf]:
    return [one(*map(float, values)) for values in zip(*rows, strict=True)]


def _torch() -> Any:
    import torch

    return torch.nn.functional


CE_FORMS = (
    Form(
        "ce, index",
        lambda p: cross_entropy.of_index(_surprisal(p), p.index),
        lambda p: [oracle.of_index(_exact(p), p.index[0])],
        lambda p: _torch().cross_entropy(p.logits, p.index, reduction="none"),
    ),
    Form(
        "ce, index, smoothing, weight",
        lambda p: cross_entropy.smoothed_index(_surprisal(p), p.index, p.smoothing, p.weight),
        lambda p: [oracle.of_index(_exact(p), p.index[0], p.smoothing, p.weight)],
        lambda p: _torch().cross_entropy(
            p.logits, p.index, p.weight, label_smoothing=p.smoothing, reduction="none"
        ),
    ),
    Form(
        "ce, distribution",
        lambda p: cross_entropy.of_distribution(_surprisal(p), p.distribution),
        lambda p: [oracle.of_distribution(_exact(p), p.distribution[0])],
        lambda p: _torch().cross_entropy(p.logits, p.distribution, reduction="none"),
    ),
    Form(
        "ce, distribution, smoothing, weight",
        lambda p: cross_entropy.of_distribution(
            _surprisal(p),
            cross_entropy.smoothed_distribution(p.distribution, p.smoothing) * p.weight,
        ),
        lambda p: [oracle.of_distribution(_exact(p), p.distribution[0], p.smoothing, p.weight)],
        lambda p: _torch().cross_entropy(
            p.logits, p.distribution, p.weight, label_smoothing=p.smoothing, reduction="none"
        ),
    ),
    Form(
        "ce of probs, index",
        lambda p: cross_entropy.of_index(cross_entropy.surprisal_from_probs(p.probs), p.index),
        lambda p: [oracle.of_index(oracle.surprisal_from_probs(p.probs[0]), p.index[0])],
        lambda p: _torch().nll_loss(p.probs.log(), p.index, reduction="none"),
        by_magnitude=False,
    ),
    Form(
        "ce of probs, distribution",
        lambda p: cross_entropy.of_distribution(
            cross_entropy.surprisal_from_probs(p.probs), p.distribution
        ),
        lambda p: [
            oracle.of_distribution(oracle.surprisal_from_probs(p.probs[0]), p.distribution[0])
        ],
        None,
        by_magnitude=False,
    ),
    Form(
        "ce of log-probs, index",
        lambda p: cross_entropy.of_index(
            cross_entropy.surprisal_from_log_probs(-abs(p.logits)), p.index
        ),
        lambda p: [oracle.of_index(oracle.surprisal_from_log_probs(-abs(p.logits[0])), p.index[0])],
        lambda p: _torch().nll_loss(-abs(p.logits), p.index, reduction="none"),
        by_magnitude=False,
    ),
)
BCE_FORMS = (
    Form(
        "bce",
        lambda p: binary_cross_entropy.with_logits(p.logits, p.cells),
        lambda p: _cells(oracle.bce_with_logits, p.logits[0], p.cells[0]),
        lambda p: _torch().binary_cross_entropy_with_logits(p.logits, p.cells, reduction="none"),
    ),
    Form(
        "bce, pos_weight",
        lambda p: binary_cross_entropy.with_logits(p.logits, p.cells, pos_weight=p.weight),
        lambda p: _cells(oracle.bce_with_logits, p.logits[0], p.cells[0], p.weight),
        lambda p: _torch().binary_cross_entropy_with_logits(
            p.logits, p.cells, pos_weight=p.weight, reduction="none"
        ),
    ),
    Form(
        "bce of probs",
        lambda p: binary_cross_entropy.of_probs(p.probs, p.cells),
        lambda p: _cells(oracle.bce_of_probs, p.probs[0], p.cells[0]),
        lambda p: _torch().binary_cross_entropy(p.probs, p.cells, reduction="none"),
        by_magnitude=False,
    ),
    Form(
        "bce of probs, no clamp",
        lambda p: binary_cross_entropy.of_probs(p.probs, p.cells, clamp=False),
        lambda p: _cells(partial(oracle.bce_of_probs, clamp=False), p.probs[0], p.cells[0]),
        None,
        by_magnitude=False,
    ),
)
ACTIVATIONS = (
    Form(
        "softmax",
        lambda p: activations.softmax(p.logits),
        lambda p: oracle.softmax(p.logits[0]),
        lambda p: _torch().softmax(p.logits, -1),
    ),
    Form(
        "log-softmax",
        lambda p: activations.log_softmax(p.logits),
        lambda p: [-value for value in _exact(p)],
        lambda p: _torch().log_softmax(p.logits, -1),
    ),
    Form(
        "sigmoid",
        lambda p: activations.sigmoid(p.logits),
        lambda p: _cells(oracle.sigmoid, p.logits[0]),
        lambda p: p.logits.sigmoid(),
    ),
    Form(
        "log-sigmoid",
        lambda p: activations.log_sigmoid(p.logits),
        lambda p: [-oracle.softplus(-z) for z in p.logits[0]],
        lambda p: _torch().logsigmoid(p.logits),
    ),
)
FORMS = CE_FORMS + BCE_FORMS + ACTIVATIONS
