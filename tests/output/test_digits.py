"""How numbers look, in full and rounded."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cecalc.numbers import aligned, brief, rounded, write_number, write_numbers, write_rows

np = pytest.importorskip("numpy")


@given(st.lists(st.floats()))
def test_many_numbers_are_written_as_one_is(numbers: list[float]) -> None:
    assert write_numbers(numbers) == [write_number(number) for number in numbers]


@given(st.lists(st.floats(), min_size=1, max_size=1))
def test_numbers_read_back(numbers: list[float]) -> None:
    (text,) = write_numbers(numbers)
    assert float(text) == numbers[0] or math.isnan(numbers[0])


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0.0, "0.0000"),
        (-0.0, "0.0000"),
        (1.77789, "1.7779"),
        (-3, "-3.0000"),
        (8.53e-17, "8.5300e-17"),
        (1e-4, "0.0001"),
        (0.99999e-4, "9.9999e-5"),
        (-2e-5, "-2.0000e-5"),
        (123456789.125, "123456789.1250"),
        (1e300, "1.0000e300"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_rounded(number: float, expected: str) -> None:
    assert rounded(number) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(3.0, "3"), (-100.0, "-100"), (0.5, "0.5000"), (1e12, "1.0000e12"), (math.inf, "inf")],
)
def test_brief(number: float, expected: str) -> None:
    assert brief(number) == expected


def test_points_stand_below_each_other() -> None:
    assert aligned(["1.5", "22", "", "ignored", "-3.25"]) == [
        "1.5 ",
        "22   ",
        "",
        "ignored",
        "-3.25",
    ]


def test_rows_of_an_array_with_what_does_not_count() -> None:
    array, used = np.array([[1.0, 2.0], [0.5, math.nan]]), np.array([[True, False], [True, True]])
    assert list(write_rows(array, used, "-")) == [["1", "-"], ["0.5", "nan"]]
    assert list(write_rows(array)) == [["1", "2"], ["0.5", "nan"]]
