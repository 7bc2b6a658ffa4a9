"""The texts given to options, read: numbers, sizes, weights, names of encodings."""

from __future__ import annotations

from typing import Any

from cecalc.errors import UsageError, excerpt
from cecalc.input.arguments import given
from cecalc.input.sizes import Size
from cecalc.numbers import read_number
from cecalc.request import LOSS_OPTIONS, Given
from cecalc.selection import flaw

ANY: Any = object()
"""What stands for a value that may have been anything."""


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


def whole(option: str, text: str) -> int:
    """A whole number."""
    if not _is_whole(text):
        rule = f"{option}: cannot read {excerpt(text)} as a whole number"
        raise UsageError(rule, value=text)
    return int(text)


def rows(option: str, text: str) -> int:
    """How many rows are kept."""
    count = whole(option, text)
    if count < 1:
        raise UsageError(f"{option} {text} keeps no row", value=text)
    return count


def batch_size(option: str, text: str) -> int:
    """How many rows a batch holds."""
    size = whole(option, text)
    if size < 1:
        raise UsageError(f"{option} {text} holds no row", value=text)
    return size


def weights(option: str, text: str) -> Given | None:
    """Numbers, or the file that holds them."""
    return given(option, (text,))


def columns(option: str, specification: str) -> str:
    """A specification of columns that some table could answer."""
    if (fault := flaw(specification)) is not None:
        raise UsageError(f"{option} {excerpt(specification)}: {fault}", value=specification)
    return specification


def delimiter(option: str, text: str) -> str:
    """The character between fields."""
    character = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(character) != 1 or character in '"\r\n':
        raise UsageError(f"{option} {excerpt(text)} is not one character", value=text)
    return character


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


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number that a file could have as many bytes or rows of."""
    return text.isascii() and text.isdigit() and len(text) < 19
