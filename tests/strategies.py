"""Inputs worth trying: logits from mild to extreme, targets, weights, smoothing.

Digits come from a seeded generator, since hypothesis' own floats are too round to find rounding
errors. Shapes, kinds and some of the logits come from hypothesis, so that it can shrink them.
"""

from __future__ import annotations

from collections.abc import Callable

import hypothesis.extra.numpy as hnp
import numpy as np
from hypothesis import strategies as st

Shape = tuple[int, ...]
Draw = Callable[[np.random.Generator, Shape], np.ndarray]


def _within(bound: float) -> Draw:
    return lambda rng, shape: rng.uniform(-bound, bound, shape)


def _powers_of_ten(low: int, high: int) -> Draw:
    def draw(rng: np.random.Generator, shape: Shape) -> np.ndarray:
        return rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(low, high, shape)

    return draw


def _confident(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """One class far ahead of the others: small losses, which the plain formula rounds away."""
    values = rng.uniform(-5, 5, shape)
    ahead = rng.integers(0, shape[-1], shape[:-1])[..., None]
    lead = rng.uniform(20, 690, (*shape[:-1], 1))
    np.put_along_axis(values, ahead, np.take_along_axis(values, ahead, -1) + lead, -1)
    return values


def _ties(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Equal logits, and logits one unit in the last place apart."""
    level = rng.uniform(-50, 50)
    return rng.choice([level, level, np.nextafter(level, 99), level - 1.0, 0.0, -0.0], shape)


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    """The float64 numbers nearest in `float32`, `float16` or `bfloat16`."""
    single = values.astype(np.float32)
    if dtype == "bfloat16":  # the upper half of a float32, ties to even
        bits = single.view(np.uint32)
        bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
        return bits.view(np.float32).astype(np.float64)
    return single.astype(dtype).astype(np.float64)


def _rounded_to(dtype: str) -> Draw:
    return lambda rng, shape: rounded(rng.uniform(-80, 80, shape), dtype)


def _dyadic(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Multiples of 2⁻¹⁰ within ±700, whose sums and differences are exact."""
    return rng.integers(-700 * 1024, 700 * 1024, shape) / 1024.0


MAGNITUDES: dict[str, Draw] = {
    "±5": _within(5),
    "±50": _within(50),
    "±300": _within(300),
    "±700": _within(700),
    "confident": _confident,
    "up to 1e300": _powers_of_ten(0, 300),
    "subnormal to 1": _powers_of_ten(-320, 0),
    "1e-20 to 1000": _powers_of_ten(-20, 3),
    "ties": _ties,
    "float32": _rounded_to("float32"),
    "float16": _rounded_to("float16"),
    "bfloat16": _rounded_to("bfloat16"),
}
"""Kinds of logits by name, each drawn from a generator in a shape (N, C)."""

seeds = st.integers(0, 2**32 - 1)


def generators() -> st.SearchStrategy[np.random.Generator]:
    """Seeded random generators, for digits that need not shrink."""
    return seeds.map(np.random.default_rng)


def shapes(max_rows: int = 3, max_classes: int = 6) -> st.SearchStrategy[tuple[int, int]]:
    """(N, C), at least (1, 1)."""
    return st.tuples(st.integers(1, max_rows), st.integers(1, max_classes))


@st.composite
def logits(
    draw: st.DrawFn,
    max_rows: int = 3,
    max_classes: int = 6,
    *,
    masks: bool = False,
    magnitudes: tuple[str, ...] = tuple(MAGNITUDES),
) -> np.ndarray:
    """Shape (N, C), float64; `masks` sets classes to −inf, never all classes of a row."""
    shape = draw(shapes(max_rows, max_classes))
    rng = draw(generators())
    if magnitudes == tuple(MAGNITUDES) and draw(st.integers(0, 3)) == 3:
        bound = draw(st.sampled_from([5.0, 700.0, 1e300, 1.7e308]))
        values = draw(hnp.arrays(np.float64, shape, elements=st.floats(-bound, bound)))
    else:
        values = MAGNITUDES[draw(st.sampled_from(magnitudes))](rng, shape)
    return masked(rng, values) if masks and draw(st.booleans()) else values


def dyadic_logits(max_rows: int = 3, max_classes: int = 6) -> st.SearchStrategy[np.ndarray]:
    """Shape (N, C), multiples of 2⁻¹⁰ within ±700: shifts and differences are exact."""
    return st.builds(_dyadic, generators(), shapes(max_rows, max_classes))


def masked(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """The same logits with about a third of the classes at −inf, never all of a row."""
    hidden = rng.random(values.shape) < 1 / 3
    hidden[np.arange(len(values)), rng.integers(0, values.shape[-1], len(values))] = False
    return np.where(hidden, -np.inf, values)


def draw_index(rng: np.random.Generator, values: np.ndarray) -> np.ndarray:
    """Shape (N,): half of the targets are the largest logit, the others any class."""
    anywhere = rng.integers(0, values.shape[-1], len(values))
    return np.where(rng.random(len(values)) < 0.5, values.argmax(-1), anywhere)


def draw_distributions(
    rng: np.random.Generator, shape: Shape, *, exact: bool = False
) -> np.ndarray:
    """Shape (N, C): dense, sparse, lopsided or one-hot; `exact` ones sum to 1 without rounding."""
    if exact or rng.random() < 0.25:  # counts of 2⁻¹⁰
        return rng.multinomial(1024, np.full(shape[1], 1 / shape[1]), shape[0]) / 1024.0
    if rng.random() < 0.25:
        return np.eye(shape[1])[rng.integers(0, shape[1], shape[0])]
    shares = rng.exponential(size=shape) ** rng.choice([1.0, 8.0, 40.0]) + 1e-290
    shares = np.where(rng.random(shape) < 0.2, 0.0, shares)
    shares[:, 0] += shares.sum(-1) == 0
    return np.asarray(shares / shares.sum(-1, keepdims=True))


def draw_probs(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    """Within [0, 1]: ordinary, tiny, next to 1, and both ends."""
    ordinary, tiny = rng.random(shape), 10.0 ** rng.uniform(-320, 0, shape)
    ends = rng.choice([0.0, 1.0, 5e-324, np.nextafter(1.0, 0), 0.5, 2.0**-60], shape)
    kinds = [ordinary, tiny, 1.0 - 10.0 ** rng.uniform(-17, 0, shape), ends]
    return np.choose(rng.integers(0, len(kinds), shape), kinds)


def draw_weights(rng: np.random.Generator, classes: int) -> np.ndarray:
    """Shape (C,), non-negative and not all 0: ones, ordinary, far apart, a few 0."""
    kinds = [np.ones(classes), rng.uniform(0.1, 10, classes), 10.0 ** rng.uniform(-3, 3, classes)]
    weights = kinds[rng.integers(0, len(kinds))]
    keep = rng.random(classes) < 0.9
    keep[rng.integers(0, classes)] = True
    return np.where(keep, weights, 0.0)


def draw_smoothing(rng: np.random.Generator) -> float:
    """Within [0, 1], both ends, usual values and tiny ones."""
    return float(rng.choice([0.0, 1.0, 0.1, 0.5, 1e-17, rng.random(), 10.0 ** rng.uniform(-30, 0)]))


def distributions(max_rows: int = 3, max_classes: int = 6) -> st.SearchStrategy[np.ndarray]:
    """Target distributions of shape (N, C)."""
    return st.builds(draw_distributions, generators(), shapes(max_rows, max_classes))


def probs(max_rows: int = 3, max_classes: int = 6) -> st.SearchStrategy[np.ndarray]:
    """Probabilities of shape (N, C), each cell alone within [0, 1]."""
    return st.builds(draw_probs, generators(), shapes(max_rows, max_classes))


def weights(max_classes: int = 6) -> st.SearchStrategy[np.ndarray]:
    """Class weights of shape (C,)."""
    return st.builds(draw_weights, generators(), st.integers(1, max_classes))


def smoothings() -> st.SearchStrategy[float]:
    """ε in [0, 1]."""
    return generators().map(draw_smoothing)
