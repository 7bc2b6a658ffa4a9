"""What is typed: the values of options, and which columns are what."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from typing import Any

from tests.fuzz.reference import Abstains, Given, Refused, arranged, depth, number
from tests.fuzz.tables import by_position

_PRINTED = re.compile(
    r"(?:np\.|numpy\.|torch\.)?(?:tensor|array)\(\s*(\[.*\]|[^,()\[\]]+)(?:,[^\[\]]*)?\)", re.DOTALL
)


def columns(texts: Sequence[str], fields: Sequence[str], rows: list[list[Any]]) -> Given:
    """A table whose columns are said: those of the values, then that of the target."""
    said, wanted = texts[0], texts[1]
    target = _selected(wanted, fields)
    if len(target) != 1:
        raise Refused("not one target")
    taken = {*target, *(i for i, f in enumerate(fields) if f in ("id", "sample_weight"))}
    values = []
    for part in said.split(","):
        found = [i for i in _one(part.strip(), fields) if i not in taken]
        if not found:
            raise Refused("nothing is left")
        values += [i for i in found if i not in values]
    names = [fields[i].removeprefix("logit_").removeprefix("prob_") for i in values]
    weights = [i for i, f in enumerate(fields) if f == "sample_weight"]
    return by_position(rows, values, names, list(target), [], weights)


def _selected(text: str, fields: Sequence[str]) -> list[int]:
    return list(dict.fromkeys(i for part in text.split(",") for i in _one(part.strip(), fields)))


def _one(part: str, fields: Sequence[str]) -> list[int]:
    """A name, a number, a range or a glob."""
    if part in fields:
        return [fields.index(part)]
    if found := re.fullmatch(r"([0-9]{1,9})?(-)?([0-9]{1,9})?", part):
        first, dash, last = found.groups()
        if first or (dash and last):
            low = int(first or 1)
            high = int(last) if last else len(fields) if dash else low
            if not 1 <= low <= high <= len(fields):
                raise Refused("no such column")
            return list(range(low - 1, high))
    if any(c in part for c in "*?[") and (m := fnmatch.filter(fields, part)):
        return [fields.index(name) for name in m]
    raise Refused("no such column")


def inline(texts: Sequence[str]) -> Given:
    """--logits, --target and --sample-weight as texts: lists by comma and ;, or JSON."""
    nested = [_nested(text) for text in texts]
    weight = nested[2] if len(nested) > 2 else None
    if weight is not None:
        weight = weight if isinstance(weight, list) else [weight]
        if depth(weight) != 1:
            raise Abstains
    target = nested[1]
    if depth(target) == 2 and all(len(row) == 1 for row in target):
        raise Abstains  # 2;1
    return arranged(nested[0], target, weight)


def _nested(text: str) -> Any:
    text = text.strip()
    if printed := _PRINTED.fullmatch(text):
        text = printed[1].strip()
    if "[" in text or "]" in text:
        spaced = re.sub(r"(?<=[^\s,\[])\s+(?=[^\s,\]])", ",", text)
        tokens = re.findall(r"\[|\]|,|[^\s,\[\]]+", spaced.replace("][", "],["))
        value, rest = _value(tokens)
        if rest:
            raise Refused("text behind the brackets")
        return value
    rows = [
        [number(part.strip()) for part in (row.split(",") if "," in row else row.split() or [""])]
        for row in text.split(";")
    ]
    if len(rows) > 1:
        return rows
    return rows[0] if len(rows[0]) > 1 else rows[0][0]


def _value(tokens: list[str]) -> tuple[Any, list[str]]:
    """A number or a list, and the tokens behind it."""
    match tokens:
        case ["[", "]", *rest]:
            return [], rest
        case ["[", *rest]:
            items = []
            while True:
                item, rest = _value(rest)
                items.append(item)
                match rest:
                    case [",", *rest]:
                        continue
                    case ["]", *rest]:
                        return items, rest
                raise Refused("a list is not closed")
        case [word, *rest] if word not in ("]", ","):
            return number(word), rest
    raise Refused("an item is missing")
