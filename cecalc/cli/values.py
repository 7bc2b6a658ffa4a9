"""The texts given to options, read: numbers, sizes, weights, names of encodings."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

from cecalc.errors import UsageError, excerpt, suggestion
from cecalc.input.arguments import given
from cecalc.numbers import read_number
from cecalc.output.figures import Bound
from cecalc.request import LOSS_OPTIONS, Given
from cecalc.selection import flaw

ANY: Any = object()
"""What stands for a value that may have been anything."""


class Size(int):
    """A number of bytes; a refusal names the limit in the words of who set it.

    >>> size = Size(10240, "10K")
    >>> f"{size}", size + 1
    ('10K', 10241)
    """

    said: str

    def __new__(cls, value: int, said: str) -> Self:
        """A number and how it was written."""
        size = super().__new__(cls, value)
        size.said = said
        return size

    def __str__(self) -> str:
        return self.said


def number(option: str, text: str) -> float:
    """A number."""
    try:
        return read_number(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", value=text) from None


def loss_number(option: str, text: str) -> float:
    """A number within the bounds that the option of the loss declares."""
    value = number(option, text)
    declared = LOSS_OPTIONS[option.removeprefix("--").replace("-", "_")]
    if (fault := declared.fault(value)) is not None:
        raise UsageError(f"{option} {excerpt(text)} is {fault}", value=text)
    return value


def clip(option: str, text: str) -> float:
    """How far from 0 and 1 probabilities stay: a number, or the eps of a dtype."""
    named = {"float32": 2.0**-23, "float64": 2.0**-52}.get(text)
    eps = number(option, text) if named is None else named
    if not 0 < eps < 0.5:
        raise UsageError(f"{option} {excerpt(text)} is not between 0 and 0.5", value=text)
    return eps


def positive(option: str, text: str) -> float:
    """A number above 0."""
    value = number(option, text)
    if not 0 < value < math.inf:
        raise UsageError(f"{option} {excerpt(text)} is not above 0", value=text)
    return value


def whole(option: str, text: str, *, of_none: str | None = None, hint: str | None = None) -> int:
    """A whole number, of at least one thing where something is said of none."""
    if not _is_whole(text.removeprefix("-")):
        rule = f"{option}: cannot read {excerpt(text)} as a whole number"
        raise UsageError(rule, value=text)
    if text.startswith("-") or (of_none and not int(text)):
        raise UsageError(f"{option} {text} {of_none or 'is below 0'}", hint=hint, value=text)
    return int(text)


_ALL = "every row: leave it out; every row by its loss: a K above their number"
rows_kept = partial(whole, of_none="keeps no row", hint=_ALL)
rows_held = partial(whole, of_none="holds no row")


def bound(option: str, text: str, figures: Sequence[str]) -> Bound:
    """What one of the figures may be: FIGURE=X, or X for the loss."""
    figure, sign, limit_text = text.rpartition("=")
    figure = figure.strip().replace("-", "_") if sign else "loss"
    if figure not in figures:
        begun = next((name for name in figures if figure and name.startswith(figure)), figure)
        rule = f"{option} {excerpt(text)}: no figure is named {excerpt(figure)}"
        hint = f"figures: {', '.join(figures)}"
        raise UsageError(rule + suggestion(begun, figures), hint=hint, value=text)
    if math.isnan(limit := number(option, limit_text)):
        rule = f"{option} {excerpt(text)}: nothing is above or below nan"
        raise UsageError(rule, value=text)
    return Bound(figure, "above" if option == "--fail-above" else "below", limit)


def weights(option: str, text: str) -> Given | None:
    """Numbers, or the file that holds them."""
    return given(option, (text,))


def columns(option: str, specification: str) -> str:
    """A specification of columns that some table could answer."""
    if (fault := flaw(specification)) is not None:
        raise UsageError(f"{option} {excerpt(specification)}: {fault}", value=specification)
    return specification


def joined(option: str, text: str) -> str:
    """A column, or one of each of two tables: A=B."""
    for part in text.split("=", 1):
        columns(option, part)
    return text


def delimiter(option: str, text: str) -> str:
    """The character between fields."""
    character = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(character) != 1 or character in '"\r\n':
        raise UsageError(f"{option} {excerpt(text)} is not one character", value=text)
    return character


def decimal(option: str, text: str) -> str:
    """The decimal sign."""
    if text not in (".", ","):
        raise UsageError(f"{option} {excerpt(text)} is neither . nor ,", value=text)
    return text


def encoding(option: str, name: str) -> str:
    """The encoding of text, as Python calls it."""
    import codecs

    try:
        "".encode(name)  # some codecs are none of text
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise UsageError(f"{option} {excerpt(name)} is not known", value=name) from None


def size(option: str, text: str) -> int:
    """A number of bytes: 500M, 8G."""
    scale = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}.get(text[-1:].lower())
    digits = text[:-1] if scale else text
    if not _is_whole(digits):
        rule = f"{option} {excerpt(text)} is not a size such as 500M or 8G"
        raise UsageError(rule, value=text)
    return Size(int(digits) * (scale or 1), text)


def device(option: str, text: str) -> str:
    """Where torch may compute."""
    if not re.fullmatch("auto|cpu|cuda(:[0-9]+)?|mps", text):
        rule = f"{option} {excerpt(text)} is none of cpu, cuda, cuda:N, mps, auto"
        raise UsageError(rule, value=text)
    return text


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number that a file could have as many bytes or rows of."""
    return text.isascii() and text.isdigit() and len(text) < 19
