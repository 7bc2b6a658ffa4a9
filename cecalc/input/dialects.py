"""Other ways in which people write tables as text: the options that would read this one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from cecalc.errors import DataError
from cecalc.request import InputRequest

_SIGNS = {";": ";", "\t": "tab", "|": "|", ",": ",", " ": "space"}
"""What may stand between fields, and how --delimiter calls it."""
_LOOKED_AT = 2**16
_DECIMAL_COMMA = re.compile(
    rb'(?m)(?:^|[;|\t "])[+-]?(?![1-9][0-9]{0,2},[0-9]{3}[^0-9eE])[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?'
    rb'(?=[;|\s"]|\Z)'
)
"""One that can be no sign of thousands."""


def ways(
    text: bytes, request: InputRequest, opened: Callable[[InputRequest], Any]
) -> Iterator[tuple[str, ...]]:
    """The options with which a table opens, or with which more options would open it.

    Parameters
    ----------
    text : its first block, header and all
    request : how it has been read
    opened : opens it as a request asks
    """
    line = text.partition(b"\n")[0].decode(errors="replace").strip()
    commas = _DECIMAL_COMMA.search(text[:_LOOKED_AT]) is not None
    quotes = b'"' in text[:_LOOKED_AT]
    others = (sign for sign in _SIGNS if sign in line)
    delimiters = dict.fromkeys((request.delimiter or ",", *others))
    for delimiter, decimal in itertools.product(delimiters, ".,"[: 1 + commas]):
        asked = replace(request, delimiter=delimiter, decimal=decimal)
        options = tuple(
            f"--{name}={_SIGNS.get(value, value)}"
            for name, value in (("delimiter", delimiter), ("decimal", decimal))
            if value != getattr(request, name)
        )
        try:
            if options and (quotes or not delimiter == decimal == ","):
                opened(asked)
                yield options
        except DataError as error:
            yield from ((*options, *way) for way in error.ways)
