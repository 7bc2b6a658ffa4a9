"""Drawings for a screen that is an argument: nothing of the environment decides how one looks."""

from __future__ import annotations

import io
import math
import re
import sys
from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from cecalc.output.fitting import Ruled, flush
from cecalc.output.prose import paragraph
from cecalc.request import Screen

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
"""What a terminal calls the styles."""
_WIDEST = 100
"""Columns of a terminal beyond which lines of prose are hard to follow."""
_BAR = 8
"""How long the longest bar is."""
_LINE = re.compile(r".*\S")
_END = re.compile(r"(?m) *(\x1b\[0m)?(?: |\x1b\[[0-9;]*m)*$")
"""Blanks at the end of a line, before and between escapes; the first may end a style."""


def painted(text: str, style: str, screen: Screen) -> str:
    r"""Each line of a text in a style, where the screen has colours, but for the blanks at its end.

    >>> painted("1.5  ", "dim", Screen(color=True))
    '\x1b[2m1.5\x1b[0m  '
    """
    if not (style and screen.color):
        return text
    return _LINE.sub(f"\x1b[{_CODES[style]}m\\g<0>\x1b[0m", text)


def draw(table: Ruled, screen: Screen) -> str:
    """A table as it fits the screen, with a line for what it has no room for."""
    fitted = table.fitted(screen.width)
    columns = [(strip.heading, *strip.cells) for strip in fitted.strips]
    lines = list[str]()
    for number, cells in enumerate(zip(*columns, strict=True)):
        texts = [
            painted(cell, strip.styles[number] if strip.styles else "" if number else "dim", screen)
            for strip, cell in zip(fitted.strips, cells, strict=True)
        ]
        lines.append(" " + (" " * fitted.gap).join(texts))
    rule = "─" * min(fitted.width + 1, screen.width or sys.maxsize)
    lines.insert(1, painted(rule, "dim", screen))
    drawn = "".join(text.rstrip() + "\n" for text in lines)
    if not (table.is_told and fitted.lost):
        return drawn
    return drawn + "\n" + line(f"no room for {fitted.lost}; | less -S shows all", screen, "dim")


def markdown(text: str, screen: Screen) -> str:
    """A page at the width of a terminal; as it stands where there is none."""
    if screen.width is None:
        return text
    from rich.console import Console
    from rich.markdown import Markdown
    from rich.theme import Theme

    console = Console(
        file=io.StringIO(),
        width=min(screen.width, _WIDEST),
        force_terminal=screen.color,
        color_system="standard" if screen.color else None,
        theme=Theme({"markdown.code": "cyan"}),  # Rich's own has a black ground
        _environ={},
    )
    with console.capture() as capture:
        console.print(Markdown(text, code_theme="ansi_dark"))
    return _END.sub(r"\1", capture.get())


def line(text: str, screen: Screen, style: str = "") -> str:
    """One line, after a blank; more where a terminal is narrower."""
    lines = [f" {text}"]
    if screen.width is not None and cell_len(lines[0]) > screen.width:
        lines = paragraph(screen.width, text)
    return painted("\n".join(lines), style, screen) + "\n"


def shares(values: Sequence[float]) -> list[float]:
    """What each value is of the highest finite one, from 0 to 1."""
    most = max((value for value in values if 0 < value < math.inf), default=1.0)
    return [0.0 if math.isnan(value) else min(max(value / most, 0.0), 1.0) for value in values]


def bars(values: Sequence[float]) -> list[str]:
    """A bar for each value, as long as its share of the highest.

    >>> bars([4.0, 1.0, math.nan])
    ['████████', '██', '']
    """
    eighths = [round(8 * _BAR * share) for share in shares(values)]
    return ["█" * (n // 8) + " ▏▎▍▌▋▊▉"[n % 8].strip() for n in eighths]


ROOM = 100
"""Columns to fill where there is no terminal."""


def named(lines: Iterable[tuple[str, ...]], screen: Screen, indent: int = 1) -> str:
    """A line for each name and its words, between them perhaps a number; what belongs together
    stands below each other, and long words go on below.
    """
    listed = list(lines)
    names = flush([name for name, *_ in listed], "left")
    drawn = ""
    for name, (_, *numbers, words) in zip(names, listed, strict=True):
        head, number = " " * indent + name + "  ", "".join(f"{n}  " for n in numbers if n)
        room = (screen.width or ROOM) - cell_len(head) - len(number)
        strong = "" if drawn or not numbers else "bold"
        below = "\n" + " " * cell_len(head + number)
        said = below.join(paragraph(room, words, "", ""))
        parts = (head, strong or "dim"), (number, strong), (said, "dim" if number else "")
        drawn += "".join(painted(*part, screen) for part in parts).rstrip() + "\n"
    return drawn
