"""Texts cut into lines between words."""

from __future__ import annotations

import textwrap

_LEAST = 20
"""No narrower than this."""
_GLUE = "\N{NO-BREAK SPACE}"


def unbroken(formula: str) -> str:
    """The same text, which `paragraph` leaves on one line."""
    return formula.replace(" ", _GLUE)


def paragraph(room: int, text: str, before: str = " ", after: str = " ") -> list[str]:
    """A text as lines of at most `room` columns, where its words allow that.

    >>> paragraph(20, f"so that {unbroken('0 / 0')} is nan for ever")
    [' so that 0 / 0 is', ' nan for ever']
    """
    lines = textwrap.wrap(
        text,
        max(room, _LEAST),
        initial_indent=before,
        subsequent_indent=after,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]
