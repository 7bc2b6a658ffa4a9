"""What is typed: the values of options, and which columns are what."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
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
    values = _selected(said, fields, [i for i in range(len(fields)) if i not in taken])
    names = [fields[i] for i in values]
    if all(name.startswith("logit_") for name in names):
        names = [name.removeprefix("logit_") for name in names]
    weights = [i for i, f in enumerate(fields) if f == "sample_weight"]
    return by_position(rows, values, names, list(target), [], weights)


def _selected(text: str, fields: Sequence[str], free: Sequence[int] | None = None) -> list[int]:
    free = range(len(fields)) if free is None else free
    parts = list(_parts(text))
    numeric = [
        part for _, part in parts if re.fullmatch("[0-9]{1,9}(-[0-9]{0,9})?|-[0-9]{1,9}", part)
    ]
    numbers = {n for part in numeric for n in part.split("-") if n}
    if numbers & {*fields} and not numbers <= {*fields}:
        raise Refused("numbers that are names, and others")
    turned = parts[0][0]
    chosen: list[int] = []
    for is_taken_away, part in parts:
        found = [i for i in _one(part, fields) if i in free]
        if not (found or turned):
            raise Refused("nothing is left")
        if is_taken_away and not turned:
            chosen = [i for i in chosen if i not in found]
        else:
            chosen += [i for i in found if i not in chosen]
    kept = [i for i in free if i not in chosen] if turned else chosen
    if not kept:
        raise Refused("nothing is left")
    return kept


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """The parts between commas, but for commas in quotes or slashes; whether ! stands before."""
    while True:
        text = text.lstrip()
        is_taken_away = text.startswith("!")
        text = text[1:].lstrip() if is_taken_away else text
        end = _closed(text)
        rest = text[end:].lstrip() if end else ""
        if not end or (rest and not rest.startswith(",")):
            end = text.find(",") if "," in text else len(text)
            rest = text[end:]
        part = text[:end].strip()
        if not part:
            raise Refused("an empty part")
        yield is_taken_away, part
        text = rest[1:]
        if not text:
            return


def _closed(text: str) -> int:
    """Where a part in quotes or slashes ends; 0 for any other."""
    if text.startswith('"'):
        i = 1
        while i < len(text):
            if text[i] == '"' and text[i + 1 : i + 2] != '"':
                return i + 1
            i += 2 if text[i] == '"' else 1
    if text.startswith("/"):
        i = 1
        while i < len(text):
            if text[i] == "/":
                return i + 2 if text[i + 1 : i + 2] == "i" else i + 1
            i += 2 if text[i] == "\\" else 1
    return 0


def _one(part: str, fields: Sequence[str]) -> list[int]:
    """A name, a number, a range, a glob or a regular expression."""
    plain = part[1:-1].replace('""', '"') if _closed(part) == len(part) > 1 else part
    for name in (part, plain) if part.startswith('"') else (part,):
        if name in fields:
            return [fields.index(name)]
    if (named := _named_range(part, fields)) is not None:
        return _through(*named, len(fields))
    if found := re.fullmatch(r"([0-9]{1,9})?(-)?([0-9]{1,9})?", part):
        first, dash, last = found.groups()
        if first or (dash and last):
            low = int(first or 1)
            high = int(last) if last else len(fields) if dash else low
            return _through(low - 1, high - 1, len(fields))
    if part.startswith("/") and _closed(part) == len(part):
        flags = re.IGNORECASE if part.endswith("i") else 0
        try:
            pattern = re.compile(part.strip("i")[1:-1] if flags else part[1:-1], flags)
        except re.error:
            raise Refused("no regular expression") from None
        if found_here := [i for i, name in enumerate(fields) if pattern.search(name)]:
            return found_here
    elif any(c in part for c in "*?[") and (m := fnmatch.filter(fields, part)):
        return [fields.index(name) for name in m]
    raise Refused("no such column")


def _named_range(part: str, fields: Sequence[str]) -> tuple[int, int] | None:
    """The first and the last column of a range of names, which may be open at one end."""
    open_to = {"": 0} if part.startswith("-") else {"": len(fields) - 1}
    places = {name: i for i, name in reversed([*enumerate(fields)])}
    if part[1:] in fields or part[:-1] in fields:
        places |= open_to
    ends = [(part[:i], part[i + 1 :]) for i, c in enumerate(part) if c == "-"]
    named = [(places[a], places[b]) for a, b in ends if a in places and b in places]
    return named[0] if len(named) == 1 else None


def _through(first: int, last: int, count: int) -> list[int]:
    if not (0 <= first < count and 0 <= last < count):
        raise Refused("no such column")
    step = 1 if first <= last else -1
    return list(range(first, last + step, step))


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
