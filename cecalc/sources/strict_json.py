"""JSON without the leniencies of Python's reader: no duplicate keys, no NaN, no 1e400."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from cecalc.errors import excerpt

_MAY_OVERFLOW = re.compile(r"[eE][+]?[0-9]{3}|[0-9]{300}")

_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class Refused(ValueError):
    """JSON that is well-formed but not accepted; `token` is what, where it can be searched for."""

    def __init__(self, rule: str, token: str | None = None) -> None:
        super().__init__(rule)
        self.token = token


def loads(text: str, *, nan: bool = False) -> Any:
    """The value `text` holds; a ValueError says what is wrong and, where known, where.

    `Infinity` and `-Infinity` are read, because a masked class has no other spelling in JSON; `NaN`
    where `nan` allows it.

    >>> loads('{"logits": [1, -Infinity]}')
    {'logits': [1, -inf]}
    """

    def constant(name: str) -> float:
        if name == "NaN" and not nan:
            raise Refused("NaN is not JSON; --nan propagate lets it through", name)
        return float(name)

    reader = json.JSONDecoder(
        object_pairs_hook=_unique,
        parse_constant=constant,
        parse_float=_finite if _MAY_OVERFLOW.search(text) else None,
        parse_int=_integer if _MAY_OVERFLOW.search(text) else None,
    )
    try:
        value = reader.decode(text)
    except RecursionError:
        raise Refused("nested deeper than 100") from None
    if half := _HALF.search(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Refused("half a surrogate pair is no character", half.group()) from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused(f"key {excerpt(twice)} appears twice")
    return known


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Refused(f"{excerpt(text)} is outside float64", text)
    return number


def _integer(text: str) -> int:
    if len(text) > 4300:
        raise Refused("integer too long", text)
    _finite(text)
    return int(text)


def line_of(error: ValueError, text: str) -> int | None:
    """The 1-based line of `text` at fault, as far as the error tells."""
    if isinstance(error, json.JSONDecodeError):
        return error.lineno
    token = getattr(error, "token", None)
    if token is None:
        return None
    strings_or_token = re.finditer(rf'"(?:[^"\\]|\\.)*"|{re.escape(token)}', text)
    found = next((match for match in strings_or_token if token in match.group()), None)
    return None if found is None else text.count("\n", 0, found.start()) + 1
