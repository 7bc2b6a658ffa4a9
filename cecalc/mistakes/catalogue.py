"""The fifty-three confusions about cross-entropy and binary cross-entropy that people really have.

Their words are in a page of the guide, which is read only when one is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from cecalc.output import Format
from cecalc.request import Screen

_PAGE = Path(__file__).parent.parent / "guide" / "confusions.md"
_ENTRY = re.compile(
    r"## §(\d+) (.+?)\n\n"
    r"\*\*Seen:\*\* (.+?)\n\n"
    r"\*\*Why:\*\* (.+?)\n\n"
    r"\*\*Wrong:\*\*\n\n```\w+\n(.+?)\n```\n\n"
    r"\*\*Right:\*\*\n\n```\w+\n(.+?)\n```\n\n"
    r"\*\*Shown by:\*\*\n\n```\w+\n(.+?)\n```\n",
    re.DOTALL,
)


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
    found = map(_entry, _ENTRY.finditer(_PAGE.read_text(encoding="utf-8")))
    return {entry.number: entry for entry in found}


def _entry(section: re.Match[str]) -> Entry:
    number, title, seen, why, wrong, right, command = section.groups()
    seen, why = seen.replace("\n", " "), why.replace("\n", " ")
    command = command.replace(" \\\n   ", "")
    return Entry(int(number), title, seen, why, wrong, right, command, text=section[0])


def render(entry: Entry, form: Format, screen: Screen) -> str:
    """The whole text."""
    if form.name == "json":
        members = {name: value for name, value in asdict(entry).items() if name != "text"}
        return json.dumps(members, ensure_ascii=False, indent=2) + "\n"
    from cecalc.output import drawing

    if form.name == "html":
        from cecalc.output import page

        drawn = drawing.markdown(entry.text, replace(page.NATURAL, width=drawing.ROOM))
        return page.document(f"§{entry.number} {entry.title}", "cecalc why", page.drawn_text(drawn))
    return drawing.markdown(entry.text, screen)
