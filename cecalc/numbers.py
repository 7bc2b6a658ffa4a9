"""The one grammar of numbers, and the one way to write a number down.

A number is an optional sign, `digits[.[digits]]` or `.digits`, an optional exponent; or `inf`,
`infinity`, `nan` in any case. Spaces and tabs around it do not count.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from cecalc.errors import DataError, excerpt
from cecalc.model import Flags, Floats

NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)",
    re.IGNORECASE,
)

PERCENTAGES = r"make them numbers: sed -E 's/([0-9]) ?%/\1e-2/g' FILE > new.csv"
GROUPED = re.compile("[+-]?[1-9][0-9]{0,2},[0-9]{3}")
"""A number whose comma may part thousands as well as decimals."""
_SWAPPED = str.maketrans(".,", ",.")
"""Where the comma is the decimal sign, a point is none."""


def is_number(text: str) -> bool:
    """Whether `text` is a number by the grammar.

    >>> is_number(" -1.5e3 "), is_number("1_000"), is_number("0x1")
    (True, False, False)
    """
    return NUMBER.fullmatch(text.strip(" \t")) is not None


def read_number(text: str, decimal: str = ".") -> float:
    """The float64 nearest to `text`; a DataError says in its rule what is wrong.

    >>> read_number(".5"), read_number("1,5", ",")
    (0.5, 1.5)
    """
    stripped = text.strip(" \t")
    if not stripped:
        raise DataError("empty", value=stripped)
    written = stripped if decimal == "." else stripped.translate(_SWAPPED)
    if NUMBER.fullmatch(written) is None:
        if stripped.endswith("%") and is_number(written[:-1]):
            rule, hint = f"{excerpt(stripped)} is a percentage", PERCENTAGES
            raise DataError(rule, value=stripped, hint=hint)
        raise DataError(f"cannot read {excerpt(stripped)} as a number", value=stripped)
    number = float(written)
    if math.isinf(number) and "n" not in stripped.lower():
        raise DataError(f"{excerpt(stripped)} is outside float64", value=stripped)
    return number


def pointed(text: str) -> str:
    """A number with a decimal comma as one with a point; any other text as it is.

    >>> pointed("1,5"), pointed("1.5"), pointed("a,b")
    ('1.5', '1.5', 'a,b')
    """
    written = text.translate(_SWAPPED)
    return written if "," in text and is_number(written) else text


def as_float(cell: str | float) -> float:
    """The float64 nearest to a text or a number; a ValueError says why there is none.

    >>> as_float(" 2"), as_float(2)
    (2.0, 2.0)
    """
    if isinstance(cell, str):
        return read_number(cell)
    try:
        return float(cell)
    except OverflowError:
        raise ValueError("integer is outside float64") from None


def write_number(number: float) -> str:
    """The shortest decimal that reads back as the same float64; `inf` and `nan` by name.

    >>> [write_number(x) for x in (2.0, 0.1, 1e-05, 1e16, -0.0)]
    ['2', '0.1', '1e-5', '1e16', '0']
    """
    return write_numbers([float(number)])[0]


DECIMALS = 4
SMALLEST, LARGEST = 1e-4, 1e9
"""Outside these magnitudes four decimals would say too little, or take too much room."""

_EXPONENT = re.compile(r"e\+?(-?)0*")


def write_numbers(values: Sequence[float]) -> list[str]:
    """`write_number` of each value.

    >>> write_numbers([2.0, 0.1, 1e-05, 1e16, -0.0, float("inf")])
    ['2', '0.1', '1e-5', '1e16', '0', 'inf']
    """
    if not values:
        return []
    text = ",".join(map(repr, values)) + ","
    text = text.replace("-0.0,", "0,").replace(".0,", ",")
    if "e" in text:  # repr writes e-05 and e+16
        text = text.replace("e-0", "e-").replace("e+", "e")
    return text[:-1].split(",")


def write_rows(array: Floats, used: Flags | None = None, blank: str = "") -> Iterator[list[str]]:
    """The texts of each row of an array of shape (N, C); `blank` where a value does not count."""
    width = array.shape[1]
    texts = write_numbers(array.ravel().tolist())
    if used is not None and not used.all():
        counts = used.ravel().tolist()
        texts = [text if c else blank for text, c in zip(texts, counts, strict=True)]
    return (texts[i : i + width] for i in range(0, len(texts), width))


def rounded(value: float, decimals: int = DECIMALS) -> str:
    """Four decimals, in scientific notation where four would hide the number.

    >>> [rounded(x) for x in (1.77789, 8.53e-17, 0.0, -3.0)]
    ['1.7779', '8.5300e-17', '0.0000', '-3.0000']
    """
    if value == 0 or not math.isfinite(value) or SMALLEST <= abs(value) < LARGEST:
        return f"{value + 0.0:.{decimals}f}"  # −0 is 0
    return _EXPONENT.sub(r"e\1", f"{value:.{decimals}e}")


def brief(value: float) -> str:
    """A whole number as it is, any other rounded.

    >>> [brief(x) for x in (2.0, 1 / 3, -100)]
    ['2', '0.3333', '-100']
    """
    is_whole = math.isfinite(value) and value == int(value) and abs(value) < LARGEST
    return str(int(value)) if is_whole else rounded(value)


def aligned(texts: Sequence[str]) -> list[str]:
    """The texts, padded on the right so that flush right puts decimal points below each other.

    >>> aligned(["1.5000", "12", "8.5300e-17", "inf"])
    ['1.5000    ', '12         ', '8.5300e-17', 'inf']
    """
    tails = [_tail(text) for text in texts]
    longest = max((tail for tail in tails if tail is not None), default=0)
    return [
        text if tail is None else text + " " * (longest - tail)
        for text, tail in zip(texts, tails, strict=True)
    ]


def _tail(text: str) -> int | None:
    """How many characters stand from the decimal point on; None for what is no number."""
    if not text or not (text[-1].isdigit() and text.isascii()):
        return None
    return len(text) - text.find(".") if "." in text else 0
