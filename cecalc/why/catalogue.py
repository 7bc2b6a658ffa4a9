"""The thirty confusions about cross-entropy and binary cross-entropy that people really have.

Their words are in a page of the guide, which is read only when one is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

from cecalc.output import Format
from cecalc.request import Screen

_PAGE = Path(__file__).parent.parent / "guide" / "confusions.md"
_HEADING = re.compile(r"^## §(\d+) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Entry:
    """An entry of the catalogue."""

    number: int
    title: str
    seen: str
    """What people see, with the numbers that show it."""
    why: str
    wrong: str
    """Lines of Python that do it."""
    right: str
    """Lines that do not."""
    command: str
    """What of cecalc shows it."""
    text: str
    """All of it, in Markdown."""


@cache
def catalogue() -> Mapping[int, Entry]:
    """Every entry by its number."""
    _, *found = _HEADING.split(_PAGE.read_text(encoding="utf-8"))
    sections = zip(found[::3], found[1::3], found[2::3], strict=True)
    return {int(number): _entry(int(number), title, body) for number, title, body in sections}


def _entry(number: int, title: str, body: str) -> Entry:
    return Entry(
        number=number,
        title=title,
        seen=_sentences(body, "Seen"),
        why=_sentences(body, "Why"),
        wrong=_block(body, "Wrong"),
        right=_block(body, "Right"),
        command=_block(body, "Shown by").replace(" \\\n   ", ""),
        text=f"## §{number} {title}\n\n{body.strip()}\n",
    )


def _sentences(body: str, name: str) -> str:
    """A paragraph that begins with a name, on one line."""
    paragraph = body.partition(f"**{name}:** ")[2].partition("\n\n")[0]
    return paragraph.replace("\n", " ")


def _block(body: str, name: str) -> str:
    """The block of code below a name."""
    fenced = body.partition(f"**{name}:**\n\n```")[2]
    return fenced.partition("\n")[2].partition("\n```")[0]


def render(entry: Entry, form: Format, screen: Screen) -> str:
    """The whole text."""
    if form.name == "json":
        members = {name: value for name, value in asdict(entry).items() if name != "text"}
        return json.dumps(members, ensure_ascii=False, indent=2) + "\n"
    from cecalc.output import drawing

    return drawing.markdown(entry.text, screen)
