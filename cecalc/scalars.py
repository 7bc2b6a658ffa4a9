"""Values of options that are one number or word; what cannot be read is a usage error."""

from __future__ import annotations

from cecalc.errors import UsageError, excerpt
from cecalc.numerals import read_number
from cecalc.records import Task
from cecalc.sources.limits import Size


def read_option(option: str, text: str) -> float:
    """The number given to an option."""
    try:
        return read_number(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", value=text) from None


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number that a file could have as many bytes or rows of."""
    return text.isascii() and text.isdigit() and len(text) < 19


def whole(option: str, text: str) -> int:
    """The whole number given to an option."""
    if not _is_whole(text):
        rule = f"{option}: cannot read {excerpt(text)} as a whole number"
        raise UsageError(rule, value=text)
    return int(text)


def ignore_index(task: Task, text: str | None) -> float | None:
    """The target that leaves rows or cells out."""
    if text is None:
        return None
    number = read_option("--ignore-index", text)
    if task is Task.CE and not number.is_integer():
        raise UsageError(f"--ignore-index {excerpt(text)} is not a class index", value=text)
    return number


def smoothing(text: str | None) -> float | None:
    """The epsilon of label smoothing."""
    if text is None:
        return None
    number = read_option("--label-smoothing", text)
    if not 0 <= number <= 1:
        raise UsageError(f"--label-smoothing {excerpt(text)} is outside 0..1", value=text)
    return number


def delimiter(text: str | None) -> str | None:
    """The character between fields."""
    if text is None:
        return None
    character = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(character) != 1 or character in '"\r\n':
        raise UsageError(f"--delimiter {excerpt(text)} is not one character", value=text)
    return character


def encoding(name: str) -> str:
    """The encoding of text, as Python calls it."""
    import codecs

    try:
        "".encode(name)  # some codecs are none of text
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise UsageError(f"--encoding {excerpt(name)} is not known", value=name) from None


def size(text: str | None) -> int | None:
    """A number of bytes: 500M, 8G."""
    if text is None:
        return None
    scale = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}.get(text[-1:].lower())
    digits = text[:-1] if scale else text
    if not _is_whole(digits):
        rule = f"--max-bytes {excerpt(text)} is not a size such as 500M or 8G"
        raise UsageError(rule, value=text)
    return Size(int(digits) * (scale or 1), text)
