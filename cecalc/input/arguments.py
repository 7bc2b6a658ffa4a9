"""Values given on the command line: lists, rows, JSON, and what NumPy and torch print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from cecalc.errors import UsageError, excerpt
from cecalc.input.bytes import without_suffix
from cecalc.numbers import is_number, read_number
from cecalc.request import Given, Inline, NamedFile

FILE_SUFFIXES = frozenset(
    {
        *(".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson"),
        *(".npy", ".npz", ".safetensors", ".pt", ".pth"),
        *(".parquet", ".arrow", ".feather", ".ipc"),
    }
)
MAX_DEPTH = 100

_PRINTED = re.compile(
    r"(?:np\.|numpy\.|torch\.)?(?:tensor|array)\(\s*(?P<body>\[.*\]|[^,()\[\]]+)(?:,[^\[\]]*)?\)",
    re.DOTALL,
)
_TOKEN = re.compile(r'\s+|,|\[|\]|"(?P<quoted>[^"\\]*)"|(?P<bare>[^\s,\[\]"]+)')


def given(option: str, texts: Sequence[str], *, names: bool = False) -> Given | None:
    """What was given to `option`, or None; several texts are rows, in order.

    Parameters
    ----------
    option : the option's name, for messages
    texts : its values as typed
    names : whether words (class names) are welcome where numbers are expected

    Raises
    ------
    UsageError : a text is neither numbers nor a file
    """
    if not texts:
        return None
    if is_file_name(texts[0]):
        if len(texts) > 1:
            raise UsageError(f"{option} takes one file, not {len(texts)} values")
        return NamedFile(option, texts[0].removeprefix("@"))
    parsed = [_parsed(option, text, names) for text in texts]
    if len(parsed) == 1:
        return Inline(option, parsed[0])
    return Inline(option, _rows_joined(parsed, flat=names))


def is_file_name(text: str) -> bool:
    """Whether a value names a file: `@x`, a slash, or a known suffix.

    >>> is_file_name("logits.csv"), is_file_name("@x"), is_file_name("1,.5")
    (True, True, False)
    """
    if "[" in text or "\n" in text:
        return False
    return (
        text == "-"
        or text.startswith("@")
        or "/" in text
        or PurePath(without_suffix(text)).suffix.lower() in FILE_SUFFIXES
    )


def parse(text: str, *, names: bool = False) -> Any:
    """The number, or the nested lists of numbers, that `text` writes down.

    A ValueError says what is wrong.

    >>> parse("2,-3; 0.8,1")
    [[2.0, -3.0], [0.8, 1.0]]
    >>> parse("[ 2. -3. ]"), parse("tensor([[1., 2.]], dtype=torch.float64)")
    ([2.0, -3.0], [[1.0, 2.0]])
    >>> parse("2")
    2.0
    """
    text = text.strip()
    printed = _PRINTED.fullmatch(text)
    if printed:
        text = printed["body"].strip()
    if "[" in text or "]" in text:
        return _bracketed(text, names)
    rows = [_listed(part, names) for part in text.split(";")]
    if len(rows) == 1:
        return rows[0][0] if len(rows[0]) == 1 else rows[0]
    if names and all(len(row) == 1 for row in rows):  # 2;1 is a target of each row
        return [row[0] for row in rows]
    return rows


def _parsed(option: str, text: str, names: bool) -> Any:
    try:
        return parse(text, names=names)
    except ValueError as error:
        hint = f"to read a file of that name write {option} @{text}" if _exists(text) else None
        rule = f"{option} {excerpt(text)}: {error}"
        raise UsageError(rule, hint=hint, value=text) from None


def _exists(text: str) -> bool:
    from pathlib import Path

    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _rows_joined(parsed: list[Any], *, flat: bool) -> list[Any]:
    rows: list[Any] = []
    for value in parsed:
        if not isinstance(value, list):
            rows.append(value if flat else [value])
        elif value and isinstance(value[0], list):
            rows.extend(value)
        else:
            rows.append(value)
    return rows


def _listed(text: str, names: bool) -> list[Any]:
    parts = text.split(",") if "," in text or names else text.split()
    return [_item(part, names) for part in parts or [""]]


def _item(text: str, names: bool) -> float | str:
    if names and text.strip() and not is_number(text):
        return text.strip()
    return read_number(text.strip())


def _bracketed(text: str, names: bool) -> Any:
    """Nested brackets, items apart by commas (JSON, torch) or spaces (NumPy)."""
    nest = _Nest()
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError(f"cannot read {excerpt(text[position:])}")
        position = token.end()
        word = token.group()
        if word == ",":
            nest.comma()
        elif word == "[":
            nest.open()
        elif word == "]":
            nest.close()
        elif not word.isspace():
            nest.item(_token_item(token, names))
    return nest.whole()


class _Nest:
    """Lists being built from brackets and items as they come."""

    def __init__(self) -> None:
        self._stack: list[list[Any]] = [[]]
        self._after_comma = True

    def comma(self) -> None:
        if self._after_comma:
            raise ValueError("empty item before ','")
        self._after_comma = True

    def open(self) -> None:
        if len(self._stack) > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        inner: list[Any] = []
        self._stack[-1].append(inner)
        self._stack.append(inner)
        self._after_comma = True

    def close(self) -> None:
        if len(self._stack) == 1:
            raise ValueError("a ']' too many")
        if self._after_comma and self._stack[-1]:
            raise ValueError("']' where an item is expected")
        self._stack.pop()
        self._after_comma = False

    def item(self, item: float | str) -> None:
        self._stack[-1].append(item)
        self._after_comma = False

    def whole(self) -> Any:
        if len(self._stack) > 1:
            raise ValueError("a '[' is never closed")
        top = self._stack[0]
        if len(top) != 1 or not isinstance(top[0], list):
            raise ValueError("text beside the brackets")
        return top[0]


def _token_item(token: re.Match[str], names: bool) -> float | str:
    if token["quoted"] is not None:
        if not names:
            raise ValueError(f"cannot read {excerpt(token['quoted'])} as a number")
        return token["quoted"]
    if token["bare"] == "...":
        raise ValueError("'...' means the print was abbreviated; give all the numbers")
    return _item(token["bare"], names)
