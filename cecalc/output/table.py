"""The table for people: a few rows worked out, the rows, the summary; never a number cut short."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from rich.cells import cell_len

from cecalc.errors import count, visible
from cecalc.items import Groups, Header, Item, Losses, Outcome, Report
from cecalc.numbers import aligned, rounded
from cecalc.output import columns, figures, worked_rows
from cecalc.output.column import PEOPLE, RIGHT, WRONG, Column, Role, Sort
from cecalc.output.drawing import ROOM, bars, draw, line, named, styled
from cecalc.output.fitting import Ruled, Strip, flush
from cecalc.output.prose import filled
from cecalc.ranking import ALL, HIGHEST, TableRows
from cecalc.request import Screen, Selection
from cecalc.terms import Task

_STYLES = {"loss": "bold", "row": "dim", "loss_unweighted": "dim", "weight": "dim"}
_TEXT_STYLES = {RIGHT: "green", WRONG: "red", "inf": "red", "nan": "red", columns.IGNORED: "dim"}
_MORE = "; --format csv gives all"
_PLACES = ("highest", "2nd", "3rd", "4th", "5th")
"""Of more classes than fit, those of a row that are shown."""
_Rows = Sequence[Outcome | Groups]


def render(items: Iterator[Item], screen: Screen, selection: Selection) -> Iterator[str]:
    """The whole drawing, when the last row is known."""
    header, rest = columns.stream_of(items)
    kept, report, parts = TableRows(header.rank.count if header.rank else ALL), None, list[str]()
    for item in rest:
        if isinstance(item, Outcome):
            kept.add(item)
        elif isinstance(item, Groups):
            parts = list(_groups(header, item, screen, selection))
        elif isinstance(item, Report):
            report = item
    if header.by is None and selection.rows:
        parts = list((_losses if header.task.is_loss else _values)(header, kept, screen, selection))
        if which := _which(header, kept, report):
            parts.append(line(which, screen, "dim"))
    if report is not None:
        parts.append(_summary(report, screen, selection))
    yield "\n".join(parts)


def _groups(header: Header, groups: Groups, screen: Screen, selection: Selection) -> Iterator[str]:
    first = groups if header.rank else groups.first(ALL)
    yield _drawn(columns.of_groups(header, groups, selection), [first], screen, has_bars=True)
    which = "lowest" if header.rank is not None and header.rank.lowest else "highest"
    told = f"the {which} losses, {first.size} of {groups.total} groups"
    if first.size == groups.total:
        told = f"{count(groups.total, 'group')}, {which} loss first"
    yield line(told, screen, "dim")


def _losses(header: Header, kept: TableRows, screen: Screen, selection: Selection) -> Iterator[str]:
    rows = kept.first if kept.is_all else kept.highest.outcomes()
    chosen = columns.selected(header, "table", selection)
    if selection.columns is None:
        if 0 < kept.total <= worked_rows.ROWS:
            found = [row for row in rows if isinstance(row, Losses)]
            yield from (draw(table, screen) for table in worked_rows.of(header, found, screen))
        if not any(outcome.used.any() for outcome in rows):
            chosen = [column for column in chosen if column.name != "weight"]
    is_ranked = header.rank is not None or not kept.is_all
    yield _drawn(chosen, rows, screen, has_bars=is_ranked and len(rows) > 1)


def _which(header: Header, kept: TableRows, report: Report | None) -> str:
    """Which rows the table has, where it has not all."""
    if header.rank is not None and report is not None:
        which = "lowest" if header.rank.lowest else "highest"
        losses = f"{which} loss" if kept.total == 1 else f"{kept.total} {which} losses"
        order = f", {which} first" if kept.total > 1 else ""
        return f"the {losses} of {count(report.rows_given, 'row')}{order}"
    if kept.is_all:
        return ""
    which, order = f"first {ALL}", ""
    if header.task.is_loss:
        number = len(kept.highest.outcomes())
        which = f"{'ten' if number == HIGHEST else number} highest losses"
        order = ", highest first"
    return f"the {which} of {kept.total} rows{order}{_MORE}"


def _drawn(chosen: Sequence[Column], rows: _Rows, screen: Screen, *, has_bars: bool = False) -> str:
    """These columns of the rows, with bars beside the losses where there is room."""
    strips = [_strip(column, rows) for column in chosen]
    if has_bars:
        losses = [loss for part in rows for loss in columns.LOSS(part).tolist()]
        both = zip(chosen, strips, strict=True)
        barred = [_barred(s, losses) if c.of is columns.LOSS else s for c, s in both]
        strips = barred if Ruled(barred).fitted(screen.width).fits else strips
    return draw(Ruled(strips), screen)


def _strip(column: Column, rows: _Rows) -> Strip:
    cells = [text for part in rows for text in column.texts(part, PEOPLE, column.blank)]
    plain = _STYLES.get(column.name, "")
    return Strip(
        heading="" if column.sort is Sort.FLAG else visible(column.heading),
        cells=aligned(cells) if column.sort is Sort.NUMBER else cells,
        name=visible(column.title),
        side="left" if column.is_words else "right",
        need=0 if column.role is Role.NAME else column.need,
        shrinks="all" if column.is_words else "heading" if column.each else "",
        styles=["dim", *(_TEXT_STYLES.get(text) or plain for text in cells)],
    )


def _barred(strip: Strip, losses: Sequence[float]) -> Strip:
    """Losses with a bar for each."""
    pairs = zip(flush(strip.cells), bars(losses), strict=True)
    return replace(strip, cells=[f"{number} {bar}" for number, bar in pairs], side="left")


def _summary(report: Report, screen: Screen, selection: Selection) -> str:
    """The figures, and what to quote with them."""
    lines = figures.lines(report, is_full=selection.is_full)
    told = [(name, number, visible(words)) for name, number, words in lines]
    room = screen.width or sys.maxsize
    parts = filled(f" {report.signature}".split("|"), room, "|", "|")
    drawn = named(told, replace(screen, width=room))
    return drawn + "\n" + draw(styled("\n".join(parts), "dim"), screen)


def _values(header: Header, kept: TableRows, screen: Screen, selection: Selection) -> Iterator[str]:
    """The classes beside each other; where there is no room for them, the highest of each row."""
    chosen, rows, room = columns.selected(header, "table", selection), kept.first, screen.width
    is_chosen = selection.columns is not None or header.width == 1
    if not is_chosen and room is None and header.width > columns.CLASSES_SHOWN:
        yield from _wrapped(header, rows, screen)
    elif is_chosen or room is None or (header.width < room and _fits(chosen, rows, room)):
        yield _drawn(chosen, rows, screen)
    else:
        yield from _highest(header, rows, screen)


def _fits(chosen: Sequence[Column], rows: _Rows, room: int) -> bool:
    return Ruled([_strip(column, rows) for column in chosen]).fitted(room).fits


def _highest(header: Header, rows: Sequence[Outcome], screen: Screen) -> Iterator[str]:
    """As many of each row's highest classes as there is room for, and the sum of the others."""
    names = [_strip(c, rows) for c in columns.of(header, "table") if c.role is Role.NAME]
    labels = header.labels
    probs = np.concatenate([row.probs for row in rows])
    order = np.argsort(-probs, axis=1, kind="stable")
    ranked = np.take_along_axis(probs, order, axis=1)
    is_softmax, log = header.task is Task.SOFTMAX, header.log
    for few in range(min(len(_PLACES), header.width - 1), 0, -1):
        strips = list(names)
        for place, title in enumerate(_PLACES[:few]):
            classes = [visible(labels[c]) for c in order[:, place]]
            strips.append(Strip(title, classes, side="left", shrinks="all"))
            strips.append(_numbers("ln p" if log else "p", ranked[:, place]))
        if is_softmax:
            rest = ranked[:, few:]
            total = np.log(np.exp(rest).sum(axis=1)) if log else rest.sum(axis=1)
            strips.append(_numbers(count(header.width - few, "other"), total))
        if (table := Ruled(strips)).fitted(screen.width).fits:
            break
    yield draw(table, screen)
    summed = ", the others summed" if is_softmax else ""
    which = f"{few} highest" if few > 1 else "highest"
    yield line(f"the {which} of {header.width} classes{summed}{_MORE}", screen, "dim")


def _numbers(heading: str, values: Any) -> Strip:
    return Strip(heading, aligned(list(map(rounded, values.tolist()))))


def _wrapped(header: Header, rows: Sequence[Outcome], screen: Screen) -> Iterator[str]:
    """Many classes, as many to a line as it takes, each name beside its number."""
    labels = flush([visible(label) for label in header.labels])
    for outcome in rows:
        values = flush(aligned(list(map(rounded, outcome.probs[0].tolist()))))
        pairs = [f"   {label} {value}" for label, value in zip(labels, values, strict=True)]
        per_line = max(1, (ROOM - 1) // cell_len(pairs[0]))
        lines = ("".join(pairs[i : i + per_line]) for i in range(0, len(pairs), per_line))
        title = line(columns.row_title(header, outcome), screen, "bold")
        yield title + "".join(f"{text.rstrip()}\n" for text in lines)
