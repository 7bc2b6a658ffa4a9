"""The building blocks: exact differences, sums in one order, first peaks."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cecalc.losses import stable
from cecalc.losses.normaliser import differences_are_exact
from cecalc.losses.stable import careful_normaliser, normaliser, two_difference
from tests import strategies

if TYPE_CHECKING:
    from tests.conftest import Arrays

finite = st.floats(allow_nan=False, allow_infinity=False)
pairs = hnp.arrays(np.float64, (2, 7), elements=finite) | strategies.logits(1, 1).flatmap(
    lambda first: st.tuples(st.just(first[0, 0]), finite).map(lambda ab: np.asarray([ab, ab]).T)
)


@given(pair=pairs)
def test_two_difference_is_exact(xp: Arrays, pair: np.ndarray) -> None:
    """The difference is a − b correctly rounded, and the error is exactly what rounding dropped."""
    difference, error = (xp.numpy(part) for part in stable.two_difference(*map(xp.array, pair)))
    for a, b, d, e in zip(*pair, difference, error, strict=True):
        if math.isfinite(d):
            assert Fraction(float(a)) - Fraction(float(b)) == Fraction(float(d)) + Fraction(
                float(e)
            )
            assert float(a) - float(b) == d


@pytest.mark.parametrize(
    ("a", "b", "difference", "error"),
    [
        (1.0, 2.0**-60, 1.0, -(2.0**-60)),
        (300.0, 0.1, 299.9, 2.273181642920008e-14),
        (-math.inf, 1.0, -math.inf, 0.0),
        (1.0, -math.inf, math.inf, 0.0),
        (1.7e308, -1.7e308, math.inf, 0.0),
        (5e-324, 1e-323, -5e-324, 0.0),
    ],
)
def test_two_difference_table(
    xp: Arrays, a: float, b: float, difference: float, error: float
) -> None:
    """What rounding drops is in the error, and where the difference is infinite the error is 0."""
    got = stable.two_difference(xp.array([a]), xp.array([b]))
    assert [[difference], [error]] == [xp.numpy(part).tolist() for part in got]


def halving(values: list[float]) -> float:
    """`tree_sum` spelled out: first half plus second half, an odd one left over waits its turn."""
    while len(values) > 1:
        half = len(values) // 2
        pairs = zip(values[:half], values[half : 2 * half], strict=True)
        values = [a + b for a, b in pairs] + values[2 * half :]
    return values[0]


@given(rng=strategies.generators(), shape=strategies.shapes(3, 200), low=st.integers(-20, 0))
def test_tree_sum_adds_in_one_order(
    xp: Arrays, rng: np.random.Generator, shape: tuple[int, int], low: int
) -> None:
    """The digits are those of the halving order, on every library, alone or in a batch; they are
    within ⌈log₂ n⌉ roundings of the exact sum; and whole numbers are added exactly.
    """
    values = rng.choice([-1.0, 1.0], shape) * 10.0 ** rng.uniform(low, 0, shape)
    got = xp.numpy(stable.tree_sum(xp.array(values)))
    whole = rng.integers(-(2**44), 2**44, shape)
    assert [halving(row) for row in values.tolist()] == got.tolist()
    assert whole.sum(-1).tolist() == xp.numpy(stable.tree_sum(xp.array(whole))).tolist()
    bound = math.ceil(math.log2(shape[1])) * 2.0**-53 * (1 + 1e-12) * np.abs(values).sum(-1)
    assert (
        np.abs(got - [math.fsum(row) for row in values]) <= bound + np.spacing(np.abs(got))
    ).all()


def test_a_sum_beyond_float64_is_infinite_without_a_warning() -> None:
    sums = stable.tree_sum(np.asarray([[1.7e308] * 3, [-1.7e308] * 3]))
    assert sums.tolist() == [math.inf, -math.inf]


def test_tree_sum_of_many_keeps_more_than_adding_in_a_line() -> None:
    """A million tenths: the halving order is within 2 ulps, where a running sum is 1e-11 off."""
    tenths = np.full(1_000_000, 0.1)
    exact = math.fsum(tenths)
    assert abs(float(stable.tree_sum(tenths)) - exact) <= 2 * math.ulp(exact)
    assert abs(float(np.cumsum(tenths)[-1]) - exact) > 1e-7


@pytest.mark.parametrize(
    ("row", "peak", "prediction", "tail"),
    [
        ([1, 3, 3, 2], 3, 1, 1 + math.exp(-1) + math.exp(-2)),
        ([0.0, -0.0], 0, 0, 1),
        ([-math.inf, -2, -math.inf], -2, 1, 0),
        ([-5], -5, 0, 0),
        ([2.0] * 33, 2, 0, 32),
        ([1.7e308, -1.7e308], 1.7e308, 0, 0),
    ],
)
def test_normaliser(
    xp: Arrays, row: list[float], peak: float, prediction: int, tail: float
) -> None:
    """The first of the largest logits is the peak, and it alone is left out of the tail."""
    got = [xp.numpy(part)[0] for part in stable.normaliser(xp.array([row]))]
    assert [peak, prediction] == got[:2]
    assert got[2] == pytest.approx(tail, rel=4e-16, abs=0)


C = 2**16
"""As many classes as a large vocabulary has."""


def _halves(kind: str) -> np.ndarray:
    rng = np.random.default_rng(5)
    rows = rng.normal(0, 3, (3, C)).astype(np.float16)
    match kind:
        case "tiny":
            return (rows * np.float16(1e-6)).astype(np.float16)
        case "huge":
            return np.clip(rows.astype(np.float64) * 9e3, -65504, 65504).astype(np.float16)
        case "below 0" | "above 0":
            return np.abs(rows) * np.float16(1 if kind == "above 0" else -1)
        case "above -0" | "nan above 0":
            rows = np.abs(rows)
            rows[:, 5] = -0.0 if kind == "above -0" else np.nan
        case "next to each other below 0":
            rows[:] = -3
            rows[:, [7, 9]] = np.nextafter(np.float16(-2), np.float16(-3))
            rows[:, 8] = -2
        case "zeros":
            rows[:] = -1
            rows[:, 7], rows[:, 9] = -0.0, 0.0
        case "masked":
            rows[0, 5:900], rows[1], rows[1, 3] = -np.inf, -np.inf, 2
        case "special":
            rows[0, 5], rows[1, 9] = np.nan, np.inf
            rows[2].view(np.uint16)[4] = 0xFE00  # a NaN with a sign
    return rows


@pytest.mark.parametrize(
    "kind",
    ["common", "tiny", "huge", "below 0", "above 0", "above -0", "nan above 0",
     "next to each other below 0", "zeros", "masked", "special"],
)  # fmt: skip
def test_float16_of_a_vocabulary_has_the_same_digits(kind: str) -> None:
    stored = _halves(kind)
    found, expected = normaliser(stored), careful_normaliser(stored.astype(np.float64))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("spread", [1e-30, 1.0, 1e3])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (300, 10), (5, 1000), (300, 200), (2, 70_000)])
def test_pieces_have_the_digits_of_the_whole(
    shape: tuple[int, int], order: Literal["C", "F"], spread: float, dtype: type
) -> None:
    drawn = np.random.default_rng(1).normal(0, 3, shape)
    stored: np.ndarray = np.asarray(
        drawn * np.where(drawn > 0, spread, 1), dtype=dtype, order=order
    )
    found, expected = normaliser(stored), careful_normaliser(stored.astype(np.float64))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_first_of_equal_peaks_among_many_classes_laid_out_by_class() -> None:
    """More of them than 16 bits count."""
    logits = np.zeros((64, C + 5), dtype=np.float16, order="F")
    logits[:, [3, 9, C + 4]] = 1
    logits[1, 0], logits[2, 3] = 1, 0
    expected = np.full(64, 3)
    expected[1:3] = 0, 9
    for stored in (logits, logits.astype(np.float32)):
        np.testing.assert_array_equal(normaliser(stored).prediction, expected)


near = st.floats(2**-12, 2**12, width=32) | st.floats(-(2**12), -(2**-12), width=32) | st.just(0.0)


@given(st.lists(near, min_size=2, max_size=6))
def test_differences_of_common_logits_are_called_exact(values: list[float]) -> None:
    assert differences_are_exact(np.asarray(values, dtype=np.float32))


@given(st.lists(near | st.floats(width=32, allow_nan=False), min_size=2, max_size=6))
def test_differences_that_are_called_exact_are(values: list[float]) -> None:
    stored = np.asarray(values, dtype=np.float32)
    wide = stored.astype(np.float64)
    if differences_are_exact(stored):
        difference, error = two_difference(wide[:, None], wide[None, :])
        assert np.isfinite(difference).all()
        np.testing.assert_array_equal(error, np.zeros_like(error))
