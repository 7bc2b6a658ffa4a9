"""GitHub's Markdown: all rows as one table, the summary as another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cecalc.errors import visible
from cecalc.items import Groups, Item, Outcome, Report
from cecalc.output import columns, figures
from cecalc.output.column import PEOPLE, Column, Sort, cell_text
from cecalc.request import Screen, Selection

_SPECIAL = re.compile(r"[\\`*\[\]<>|~&]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")


def render(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """A line per row as it comes, then the summary."""
    header, rest = columns.stream_of(items)
    chosen: list[Column] = []
    if header.by is None and selection.rows:
        chosen = columns.selected(header, "table", selection)
        yield _heading(chosen)
    for item in rest:
        if isinstance(item, Groups):
            chosen = columns.of_groups(header, item, selection)
            yield _heading(chosen)
        if isinstance(item, Groups | Outcome) and selection.rows:
            yield "".join(_rows(chosen, item))
        elif isinstance(item, Report):
            yield "\n" * selection.rows + _summary(item, is_full=selection.is_full)


def _heading(chosen: list[Column]) -> str:
    names = [literal(column.heading) for column in chosen]
    return line(names) + line([_rule(column) for column in chosen])


def _rows(chosen: list[Column], rows: Outcome | Groups) -> Iterator[str]:
    texts = [column.texts(rows, _STYLE, column.blank) for column in chosen]
    return map(line, zip(*texts, strict=True))


def _summary(report: Report, *, is_full: bool) -> str:
    lines = ["| | |\n", "| :-- | :-- |\n"]
    for name, number, words in figures.lines(report, is_full=is_full):
        lines.append(line([name, " ".join(filter(None, (number.strip(), literal(words))))]))
    lines.append(line(["signature", literal(report.signature)]))
    return "".join(lines)


def _rule(column: Column) -> str:
    if column.sort is Sort.FLAG:
        return ":-:"
    return ":--" if column.is_words else "--:"


def line(cells: Sequence[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |\n"


def literal(text: str) -> str:
    r"""Text that a terminal and Markdown take literally.

    >>> literal("a|b *c* d_e")
    'a\\|b \\*c\\* d_e'
    """
    return _SPECIAL.sub(r"\\\g<0>", visible(text))


_STYLE = replace(PEOPLE, text=literal, cell=lambda value: literal(cell_text(value)))
