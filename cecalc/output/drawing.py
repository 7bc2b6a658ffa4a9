"""Rich, on a screen that is an argument: nothing of the environment decides how a drawing looks."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

from cecalc.output.prose import paragraph
from cecalc.request import Screen

Side = Literal["left", "right"]

_UNBOUNDED = 10**9
"""A width that no content reaches at once: what does not fit a terminal is never cut."""
_WIDEST = 100
"""Columns of a terminal beyond which lines of prose are hard to follow."""
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_RESET = "\x1b[0m"
_LAST_STYLE = re.compile(_STYLE.pattern + r"\Z")


def draw(drawing: RenderableType, screen: Screen) -> str:
    """The drawing as text, at its natural width, no blanks at the ends of its lines."""
    return _printed(drawing, screen, _UNBOUNDED, soft_wrap=True)


def _printed(drawing: RenderableType, screen: Screen, columns: int, *, soft_wrap: bool) -> str:
    console = Console(
        file=io.StringIO(),
        width=columns,
        height=100,
        force_terminal=screen.color,
        force_jupyter=False,
        force_interactive=False,
        color_system="standard" if screen.color else None,
        no_color=not screen.color,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
        theme=Theme({"markdown.code": "cyan"}),  # Rich's own has a black ground
        _environ={},
    )
    with console.capture() as capture:
        console.print(drawing, soft_wrap=soft_wrap)
    return "".join(_ended(line) + "\n" for line in capture.get().split("\n")[:-1])


def markdown(text: str, screen: Screen) -> str:
    """A page at the width of a terminal; as it stands where there is none."""
    if screen.width is None:
        return text
    from rich.markdown import Markdown

    page = Markdown(text, code_theme="ansi_dark")
    return _printed(page, screen, min(screen.width, _WIDEST), soft_wrap=False)


def width(text: str) -> int:
    """How many columns of a terminal a drawn text takes."""
    return max(cell_len(_STYLE.sub("", line)) for line in text.split("\n"))


def ruled() -> Table:
    """A table with one thin rule under its headings."""
    return Table(box=box.SIMPLE_HEAD, header_style="", border_style="dim", show_edge=False)


def flush(texts: Sequence[str], side: Side = "right") -> list[str]:
    """The texts at one width, so that Rich, which strips blanks to justify, has nothing to do."""
    widest = max(map(cell_len, texts))
    blanks = [" " * (widest - cell_len(text)) for text in texts]
    pairs = zip(texts, blanks, strict=True)
    return [text + blank if side == "left" else blank + text for text, blank in pairs]


def _ended(line: str) -> str:
    """The line without blanks at its end, be they before or between escapes."""
    line = line.rstrip(" ")
    while style := _LAST_STYLE.search(line):
        line = line[: style.start()].rstrip(" ")
    styles = _STYLE.findall(line)
    return line + _RESET if styles and styles[-1] != _RESET else line


def styled(text: str, style: str = "") -> Text:
    """Text that Rich takes literally."""
    return Text(text, style=style, no_wrap=True, overflow="ignore")


def line(text: str, screen: Screen, style: str = "") -> str:
    """One line, after a blank."""
    return draw(styled(f" {text}", style), screen)


ROOM = 100
"""Columns to fill where there is no terminal."""


def named(pairs: Iterable[tuple[str, str]], screen: Screen, indent: int = 1) -> str:
    """A line for each name and its words, these below each other; long ones go on below."""
    names, texts = zip(*pairs, strict=True)
    drawn = ""
    for name, words in zip(flush(names, "left"), texts, strict=True):
        head = " " * indent + name + "  "
        first, *rest = paragraph((screen.width or ROOM) - len(head), words, "", "")
        drawn += draw(styled("").append(head, "dim").append(first), screen)
        drawn += "".join(draw(styled(" " * len(head) + text), screen) for text in rest)
    return drawn
