"""Texts cut into lines between words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

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
    room = max(room, _LEAST)
    text = " ".join(
        word if _GLUE in word else textwrap.fill(word, room - len(after))
        for word in text.split(" ")
    )
    lines = textwrap.wrap(
        text,
        room,
        initial_indent=before,
        subsequent_indent=after,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]


def filled(words: Sequence[str], room: int, joint: str = " ", end: str = "") -> list[str]:
    """Words that stay whole as lines of at most `room` columns, each but the last with an end.

    >>> filled(["ce", "mean", "N=450"], 9, "|", "|")
    ['ce|mean|', ' N=450']
    """
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]}{joint}{word}"
        if len(longer) + len(end) <= room:
            lines[-1] = longer
        else:
            lines[-1:] = [lines[-1] + end, f" {word}"]
    return lines
