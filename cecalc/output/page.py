"""A page for a browser or a notebook: one file that asks for nothing else, and runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from cecalc.errors import visible
from cecalc.items import Item, Pictured, Report
from cecalc.output import figures, pictures, worked_rows
from cecalc.output.drawing import draw, shares
from cecalc.output.fitting import Side, Strip
from cecalc.output.table import Extract
from cecalc.request import Screen, Selection

NATURAL = Screen(color=True)
"""For what is drawn as text: its own width, and the styles that become the page's."""
_TITLES = {"ce": "Cross-entropy", "bce": "Binary cross-entropy"}
_SIGNS = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow", "36": "cyan"}
"""The styles of drawn text, by their codes at a terminal."""
_ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")
_COLOR = re.compile(r"(--[a-z]+): (#[0-9a-f]{6})")
_PAGE = Path(__file__).with_suffix(".html")


def document(title: str, source: str, body: str) -> str:
    """A whole page; its body is markup."""
    page = Template(_PAGE.read_text(encoding="utf-8"))
    return page.substitute(title=_text(title), source=_text(source), body=body)


def part(page: str) -> str:
    """What of a page goes into another, as into a notebook."""
    style = page[page.index("<style>") : page.index("</head>")]
    return style + page[page.index("<main") : page.index("</body>")]


def drawn_text(drawn: str) -> str:
    r"""Drawn text as markup.

    >>> drawn_text("a\x1b[1;31m<b>\x1b[0m")
    '<pre class="wide" tabindex="0">a<span class="bold red">&lt;b&gt;</span></pre>\n'
    """
    texts = list(map(escape, _ESCAPE.split(drawn)))
    for i in range(1, len(texts), 2):
        signs = " ".join(_SIGNS.get(code, "") for code in texts[i].split(";"))
        texts[i] = "</span>" if texts[i] == "0" else f'<span class="{signs}">'
    return f'<pre class="wide" tabindex="0">{"".join(texts)}</pre>\n'


def _text(text: str) -> str:
    """Text of the data as what it is: no markup."""
    return escape(visible(text))


def render(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """The page, when the last row is known."""
    found, body = Extract.of(items), ""
    if found.report is not None:
        body = "".join(_summary(found.report, is_full=selection.is_full))
        if found.pictured is not None and pictures.are_there(found.pictured):
            body += "".join(_pictures(found.pictured, found.report))
    if found.groups is not None or selection.rows:
        body += "".join(_rows(found, selection))
    task = found.header.task.value
    yield document(_TITLES.get(task, task.capitalize()), found.header.schema.source, body)


def _summary(report: Report, *, is_full: bool) -> Iterator[str]:
    (name, number, words), *lines = figures.lines(report, is_full=is_full)
    yield f'<p class="head"><b>{number.strip() or name}</b> {_text(words)}</p>\n<h2>Summary</h2>\n'
    columns = zip(*lines, ("signature", "", report.signature), strict=True)
    sides: Sequence[Side] = ("left", "right", "left")
    yield from _table(
        [
            Strip("", list(map(visible, texts)), side=side, styles=["words"] * (len(texts) + 1))
            for texts, side in zip(columns, sides, strict=True)
        ]
    )


def _pictures(found: Pictured, report: Report) -> Iterator[str]:
    """The pictures, or how to get them."""
    if (reason := pictures.unavailable()) is not None:
        yield f"<p>Pictures need matplotlib: <code>{escape(reason)}</code></p>\n"
        return
    page = _PAGE.read_text(encoding="utf-8")
    colors = {color: f"var({name})" for name, color in _COLOR.findall(page)}
    yield '<div class="pictures">\n'
    for name in pictures.PICTURES:
        svg, words = pictures.inline(name, found, report, colors)
        caption = f"<figcaption><b>{name}</b>{escape(words)}</figcaption>"
        yield f"<figure>{caption}\n{svg}\n</figure>\n"
    yield "</div>\n"


def _rows(found: Extract, selection: Selection) -> Iterator[str]:
    """Rows worked out, and the table of those that are shown, or of groups."""
    yield f"<h2>{'Rows' if found.groups is None else 'Groups'}</h2>\n"
    if found.worked and selection.columns is None:
        for table in worked_rows.of(found.header, found.worked, NATURAL):
            yield drawn_text(draw(table, NATURAL))
    if which := found.which:
        yield f'<p class="dim">{which}</p>\n'
    yield from _table(found.strips(selection))


def _table(strips: Sequence[Strip]) -> Iterator[str]:
    yield '<div class="wide" tabindex="0"><table>\n'
    if any(strip.heading for strip in strips):
        heads = (
            f'<th class="{"bar" if s.lengths else s.side}">{escape(s.heading or s.name)}</th>'
            for s in strips
        )
        yield f"<tr>{''.join(heads)}</tr>\n"
    for cells in zip(*map(_cells, strips), strict=True):
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</table></div>\n"


def _cells(strip: Strip) -> Iterator[str]:
    ends = [f'{strip.side}"'] * len(strip.cells)
    if strip.lengths:
        ends = [f'right bar" style="--long:{100 * share:.1f}%"' for share in shares(strip.lengths)]
    for text, style, end in zip(strip.cells, strip.styles[1:], ends, strict=True):
        yield f'<td class="{style} {end}>{escape(text)}</td>'
