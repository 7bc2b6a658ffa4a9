"""The one grammar of numbers, and the one way to write a number down.

A number is an optional sign, `digits[.[digits]]` or `.digits`, an optional exponent; or `inf`,
`infinity`, `nan` in any case. Spaces and tabs around it do not count.
"""

from __future__ import annotations

import math
import re

NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|inf|infinity|nan)",
    re.IGNORECASE,
)


class NoNumber(ValueError):
    """A text that is no number of float64; the message says why."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(rule)
        self.text = text


def is_number(text: str) -> bool:
    """Whether `text` is a number by the grammar.

    >>> is_number(" -1.5e3 "), is_number("1_000"), is_number("0x1")
    (True, False, False)
    """
    return NUMBER.fullmatch(text.strip(" \t")) is not None


def read_number(text: str) -> float:
    """The float64 nearest to `text`; a ValueError says in its message what is wrong.

    >>> read_number(".5")
    0.5
    """
    from cecalc.errors import excerpt

    stripped = text.strip(" \t")
    if not stripped:
        raise NoNumber("empty", stripped)
    if NUMBER.fullmatch(stripped) is None:
        raise NoNumber(f"cannot read {excerpt(stripped)} as a number", stripped)
    number = float(stripped)
    if math.isinf(number) and "n" not in stripped.lower():
        raise NoNumber(f"{excerpt(stripped)} is outside float64", stripped)
    return number


def write_number(number: float) -> str:
    """The shortest decimal that reads back as the same float64; `inf` and `nan` by name.

    >>> [write_number(x) for x in (2.0, 0.1, 1e-05, 1e16, -0.0)]
    ['2', '0.1', '1e-5', '1e16', '0']
    """
    if number == 0:
        return "0"
    text = repr(float(number))
    mantissa, exponent, power = text.partition("e")
    mantissa = mantissa.removesuffix(".0")
    return f"{mantissa}e{int(power)}" if exponent else mantissa
