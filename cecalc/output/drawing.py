"""Rich, on a screen that is an argument: nothing of the environment decides how a drawing looks."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text
from rich.theme import Theme

from cecalc.output.fitting import Ruled, flush
from cecalc.output.prose import paragraph
from cecalc.request import Screen

_UNBOUNDED = 10**9
"""A width that no content reaches at once: what does not fit a terminal is never cut."""
_WIDEST = 100
"""Columns of a terminal beyond which lines of prose are hard to follow."""
_BAR = 8
"""How long the longest bar is."""
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_RESET = "\x1b[0m"
_LAST_STYLE = re.compile(_STYLE.pattern + r"\Z")


def draw(drawing: RenderableType | Ruled, screen: Screen) -> str:
    """The drawing as text, no blanks at the ends of its lines; a table as it fits the screen, with
    a line for what it has no room for.
    """
    if not isinstance(drawing, Ruled):
        return _printed(drawing, screen, _UNBOUNDED, soft_wrap=True)
    fitted = drawing.fitted(screen.width)
    columns = [(strip.heading, *strip.cells) for strip in fitted.strips]
    rule = "─" * min(fitted.width + 1, screen.width or _UNBOUNDED)
    text = styled("")
    for number, cells in enumerate(zip(*columns, strict=True)):
        blanks = " "
        for strip, cell in zip(fitted.strips, cells, strict=True):
            style = strip.styles[number] if strip.styles else "" if number else "dim"
            text.append(blanks).append(cell, style)
            blanks = " " * fitted.gap
        text.append("\n")
        if not number:
            text.append(f"{rule}\n", "dim")
    text.right_crop(1)
    if not (drawing.is_told and fitted.lost):
        return draw(text, screen)
    told = f"no room for {fitted.lost}; | less -S shows all"
    return draw(text, screen) + "\n" + line(told, screen, "dim")


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
    """One line, after a blank; more where a terminal is narrower."""
    lines = [f" {text}"]
    if screen.width is not None and cell_len(lines[0]) > screen.width:
        lines = paragraph(screen.width, text)
    return draw(styled("\n".join(lines), style), screen)


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
        text = styled("").append(head, strong or "dim").append(number, strong)
        below = "\n" + " " * cell_len(head + number)
        text.append(below.join(paragraph(room, words, "", "")), "dim" if number else "")
        drawn += draw(text, screen)
    return drawn
