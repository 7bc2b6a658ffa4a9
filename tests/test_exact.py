"""Exact sums at the ends of float64, whole and by groups: quick, beside the laws of all sums."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from cecalc.exact import ONE, ZERO, ExactSum

LEAST, MOST, NORMAL = 5e-324, 1.7976931348623157e308, 2.0**-1022
TERMS = [
    [LEAST],
    [LEAST] * 3,
    [1.0, LEAST, -1.0],
    [NORMAL, -LEAST],
    [MOST, LEAST, -MOST, 3 * LEAST],
    [1.0, 2.0**-53, 2.0**-53],
    [-1.0, -(2.0**-53), 2.0**-54],
    [0.1] * 10,
    [-0.3, 0.2, 0.1],
    [1.0, -1.0 - 2.0**-25],
    [MOST, MOST, -MOST],
    [],
]


def _sum(terms: list[float]) -> ExactSum:
    return ExactSum.of(np.asarray(terms, dtype=np.float64))


@pytest.mark.parametrize("terms", TERMS)
def test_a_sum_is_the_exact_one_rounded_once(terms: list[float]) -> None:
    found, exact = _sum(terms), sum(map(Fraction, terms), Fraction())
    assert Fraction(found.scaled, ONE) == exact
    assert (found.value(), found.special) == (float(exact), 0)


def test_each_group_has_the_sum_of_its_own_terms() -> None:
    """Also one without terms, between others; and one with terms that are not finite."""
    parts = [*TERMS, [math.inf, 1.0], [-math.inf, LEAST], []]
    terms = [(term, group) for group, part in enumerate(parts) for term in part]
    for order in (terms, terms[::-1], terms[::2] + terms[1::2]):
        values, groups = map(np.asarray, zip(*order, strict=True))
        assert ExactSum.by_group(values, groups, len(parts)) == list(map(_sum, parts))
    (of_nan, other) = ExactSum.by_group(np.asarray([math.nan, 2.0]), np.asarray([0, 1]), 2)
    assert math.isnan(of_nan.value())
    assert other == _sum([2.0])
    assert ExactSum.by_group(np.empty(0), np.empty(0, np.int64), 2) == [ZERO, ZERO]


@pytest.mark.parametrize(
    ("above", "below", "quotient"),
    [
        ([1.0, LEAST], [3.0], 1 / 3),
        ([-MOST] * 3, [0.5], -math.inf),
        ([MOST] * 3, [0.5], math.inf),
        ([LEAST], [LEAST] * 4, 0.25),
        ([1.0], [], math.nan),
        ([], [], math.nan),
        ([math.inf], [2.0], math.inf),
        ([-math.inf], [], -math.inf),
        ([1.0], [math.inf], 0.0),
        ([math.inf], [math.inf], math.nan),
    ],
)
def test_quotients(above: list[float], below: list[float], quotient: float) -> None:
    assert _sum(above).over(_sum(below)) == pytest.approx(quotient, rel=0, abs=0, nan_ok=True)
