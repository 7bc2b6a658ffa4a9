"""Values given to options on the command line, or the files that hold them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from cecalc.errors import UsageError, excerpt
from cecalc.input.formats import is_file_name
from cecalc.input.nested import parse
from cecalc.request import Given, Held, Inline, NamedFile


def given(option: str, texts: Sequence[str] | Held, *, names: bool = False) -> Given | None:
    """What was given to `option`, or None; several texts are rows, in order.

    Parameters
    ----------
    option : the option's name, for messages
    texts : its values as typed, or what a Python program handed over
    names : whether words (class names) are welcome where numbers are expected

    Raises
    ------
    UsageError : a text is neither numbers nor a file
    """
    if not texts:
        return None
    if isinstance(texts, Held):
        return texts
    if is_file_name(texts[0]):
        if len(texts) > 1:
            rule = f"{option} takes one file, not {len(texts)} values"
            raise UsageError(rule, hint="several files: a quoted pattern")
        return NamedFile(option, texts[0].removeprefix("@"))
    parsed = [_parsed(option, text, names) for text in texts]
    if len(parsed) == 1:
        return Inline(option, parsed[0])
    return Inline(option, _rows_joined(parsed, flat=names))


def _parsed(option: str, text: str, names: bool) -> Any:
    try:
        return parse(text, names=names)
    except ValueError as error:
        is_file = os.path.isfile(text)  # noqa: PTH113  # whatever the text
        hint = f"to read a file of that name write {option} @{text}" if is_file else None
        rule = f"{option} {excerpt(text)}: {error}"
        raise UsageError(rule, hint=hint, value=text) from None


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
