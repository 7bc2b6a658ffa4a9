"""Nested lists as people write them down: rows, JSON, and what NumPy and torch print."""

from __future__ import annotations

import re
from typing import Any

from cecalc.errors import DataError, excerpt
from cecalc.numbers import is_number, read_number
from cecalc.terms import Task

MAX_DEPTH = 100
_MISPLACED = (("[", ","), (",", ","), (",", "]"))
"""What does not stand behind what."""
_PRINTED = re.compile(
    r"(?:np\.|numpy\.|torch\.)?(?:tensor|array)\(\s*(?P<body>\[.*\]|[^,()\[\]]+)(?:,[^\[\]]*)?\)",
    re.DOTALL,
)
_TOKEN = re.compile(
    r'\s*(?P<word>,|\[|\]|"(?P<quoted>[^"\\]*)"|(?P<bare>[^\s,\[\]"]+)|(?P<other>.+))', re.DOTALL
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


def _listed(text: str, names: bool) -> list[Any]:
    parts = text.split(",") if "," in text or names else text.split()
    return [_item(part, names) for part in parts or [""]]


def _item(text: str, names: bool) -> float | str:
    if names and text.strip() and not is_number(text):
        return text.strip()
    return read_number(text.strip())


def _bracketed(text: str, names: bool) -> Any:
    """Nested brackets, items apart by commas (JSON, torch) or spaces (NumPy)."""
    if re.search(r"[0-9.]\s*,\s*[-+0-9.]", text) and re.search(r"[0-9.]\s+[-+0-9.]", text):
        raise ValueError("both commas and blanks between numbers")
    top: list[Any] = []
    stack, before = [top], ","
    for token in _TOKEN.finditer(text):
        word = token["word"]
        if (before, word) in _MISPLACED or (word == "]" and len(stack) == 1):
            raise ValueError(f"{word!r} where an item is expected")
        if word == "[" and len(stack) > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH}")
        if word == "[":
            stack[-1].append([])
            stack.append(stack[-1][-1])
        elif word == "]":
            stack.pop()
        elif word != ",":
            stack[-1].append(_token_item(token, names))
        before = word
    if len(stack) > 1:
        raise ValueError("a '[' is never closed")
    if len(top) != 1 or not isinstance(top[0], list):
        raise ValueError("text beside the brackets")
    return top[0]


def _token_item(token: re.Match[str], names: bool) -> float | str:
    if token["other"] is not None:
        raise ValueError(f"cannot read {excerpt(token['other'])}")
    if token["quoted"] is not None:
        if not names:
            raise ValueError(f"cannot read {excerpt(token['quoted'])} as a number")
        return token["quoted"]
    if token["bare"] == "...":
        raise ValueError("'...' means the print was abbreviated; give all the numbers")
    return _item(token["bare"], names)


def flat(nested: Any) -> list[Any]:
    """The items of nested lists, in order; of anything else itself."""
    return [x for item in nested for x in flat(item)] if isinstance(nested, list) else [nested]


def truths(cell: Any, task: Task, of: type = str) -> Any:
    """What JSON calls true and false, as a text that may name a class; in lists of cells, which
    have no names, a number. Anything else as it is.

    >>> truths(True, Task.BCE), truths([True, 0.5], Task.BCE), truths([True], Task.CE)
    ('True', [1, 0.5], ['True'])
    """
    if isinstance(cell, list):
        return [truths(item, task, int if task is Task.BCE else str) for item in cell]
    return of(cell) if isinstance(cell, bool) else cell


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The members of an object of JSON.

    Raises
    ------
    DataError : two have one name
    """
    known = dict(pairs)
    if len(known) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"key {excerpt(twice)} appears twice")
    return known


def labelled(cell: Any) -> list[tuple[str, float]] | None:
    """The labels and scores that ``[{"label": …, "score": …}, …]`` or ``{label: score, …}`` holds;
    None where a cell is neither.

    >>> labelled([{"score": 0.7, "label": "b"}, {"label": "a", "score": 0.3}])
    [('b', 0.7), ('a', 0.3)]
    """
    while isinstance(cell, list) and len(cell) == 1 and isinstance(cell[0], list):
        cell = cell[0]  # what a pipeline gives for a batch of one
    items: list[Any] = list(cell.items()) if isinstance(cell, dict) else []
    if isinstance(cell, list) and all(isinstance(item, dict) for item in cell):
        items = [tuple(item.values()) for item in cell]
    pairs = [item if isinstance(next(iter(item), 0), str) else item[::-1] for item in items]
    is_it = all([*map(type, pair)] in ([str, int], [str, float]) for pair in pairs)
    return pairs if pairs and is_it else None
