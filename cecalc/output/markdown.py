"""GitHub's Markdown: all rows as one table, the summary as another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cecalc.errors import visible
from cecalc.model import Groups, Item, Outcome, Report
from cecalc.output import columns, figures, groups
from cecalc.output.column import Column, Sort
from cecalc.request import Screen, Selection

_SPECIAL = re.compile(r"[\\`*\[\]<>|~&]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")


def render(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """A line per row as it comes, then the summary."""
    header, rest = columns.stream_of(items)
    chosen: list[Column] = []
    if header.by is None:
        own = (
            columns.loss_columns(header)
            if header.task.is_loss
            else columns.activation_columns(header)
        )
        chosen = columns.selected(own, header, selection)
        yield _heading(chosen)
    for item in rest:
        if isinstance(item, Groups):
            chosen = groups.of(header, item, selection)
            yield _heading(chosen) + "".join(_rows(chosen, item))
        elif isinstance(item, Outcome):
            yield "".join(_rows(chosen, item))
        elif isinstance(item, Report):
            yield "\n" + _summary(item)


def _heading(chosen: list[Column]) -> str:
    names = [_escaped(visible(column.heading)) for column in chosen]
    return _line(names) + _line([_rule(column) for column in chosen])


def _rows(chosen: list[Column], outcome: Outcome | Groups) -> Iterator[str]:
    texts = [_cells(column, outcome) for column in chosen]
    return map(_line, map(list, zip(*texts, strict=True)))


def _cells(column: Column, outcome: Outcome | Groups) -> list[str]:
    texts = column.shown(outcome)
    return list(map(_escaped, texts)) if column.is_words else texts


def _summary(report: Report) -> str:
    lines = ["| | |\n", "| :-- | :-- |\n"]
    for line in figures.lines(report):
        value = " ".join(filter(None, (line.number.strip(), _escaped(visible(line.words)))))
        lines.append(_line([line.name, value]))
    lines.append(_line(["backend", _escaped(visible(figures.arithmetic(report)))]))
    return "".join(lines)


def _rule(column: Column) -> str:
    if column.sort is Sort.FLAG:
        return ":-:"
    return ":--" if column.is_words else "--:"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _escaped(text: str) -> str:
    r"""Text that Markdown takes literally.

    >>> _escaped("a|b *c* d_e")
    'a\\|b \\*c\\* d_e'
    """
    return _SPECIAL.sub(r"\\\g<0>", text)
