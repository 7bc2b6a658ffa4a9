"""Other ways in which people write tables as text: the options that would read this one."""

from __future__ import annotations

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
    rb'(?:^|[;|\t "])[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?(?=[;|\s"]|\Z)', re.MULTILINE
)


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
    others = (sign for sign in _SIGNS if sign in line)
    for delimiter in dict.fromkeys((request.delimiter or ",", *others)):
        for decimal in ".,"[: 1 + commas]:
            asked = replace(request, delimiter=delimiter, decimal=decimal)
            if asked == request:
                continue
            said = {"--delimiter": _SIGNS.get(delimiter, delimiter), "--decimal": decimal}
            if delimiter == request.delimiter:
                del said["--delimiter"]
            if decimal == request.decimal:
                del said["--decimal"]
            options = tuple(f"{option}={value}" for option, value in said.items())
            try:
                opened(asked)
            except DataError as error:
                yield from ((*options, *way) for way in error.ways)
            else:
                yield options
