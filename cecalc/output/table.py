"""The table for people: a few rows worked out, the rows, the summary; never a number cut short."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cecalc.errors import count, visible
from cecalc.items import Groups, Header, Item, Losses, Outcome, Pictured, Report
from cecalc.numbers import aligned, rounded
from cecalc.output import columns, figures, worked_rows
from cecalc.output.column import PEOPLE, RIGHT, WRONG, Column, Role, Sort
from cecalc.output.drawing import bars, draw, line, named, painted
from cecalc.output.fitting import Ruled, Strip, flush
from cecalc.output.prose import filled
from cecalc.ranking import ALL, TableRows
from cecalc.request import Rank, Screen, Selection
from cecalc.terms import Task

_MORE = "; --format csv gives all"
_STYLES = {"loss": "bold", "row": "dim", "loss_unweighted": "dim", "weight": "dim"}
_TEXT_STYLES = {RIGHT: "green", WRONG: "red", "inf": "red", "nan": "red", columns.IGNORED: "dim"}
_NUMBERS = {3: "three", 10: "ten"}
_PLACES = ("highest", "2nd", "3rd", "4th", "5th")
"""Of more classes than fit, those of a row that are shown."""


@dataclass
class Extract:
    """What is kept of the items of a run."""

    header: Header
    rows: TableRows
    groups: Groups | None
    report: Report | None
    pictured: Pictured | None

    @staticmethod
    def of(items: Iterator[Item]) -> Extract:
        """Of all items."""
        header, rest = columns.stream_of(items)
        rows, kept = TableRows(header.rank.count if header.rank else ALL), dict[type[Item], Any]()
        for item in rest:
            if isinstance(item, Outcome):
                rows.add(item)
            else:
                kept[type(item)] = item
        return Extract(header, rows, *map(kept.get, (Groups, Report, Pictured)))

    @property
    def shown(self) -> Sequence[Outcome]:
        """All rows, or the first; of losses the highest."""
        is_first = self.rows.is_all or not self.header.task.is_loss
        return self.rows.first if is_first else self.rows.highest.outcomes()

    @property
    def worked(self) -> list[Losses]:
        """The rows, where they are few enough to be worked out."""
        are_few = self.rows.total <= worked_rows.ROWS
        return [row for row in self.shown if are_few and isinstance(row, Losses)]

    def strips(self, selection: Selection) -> list[Strip]:
        """The columns of the rows or groups; losses that are ranked can have bars."""
        header, rows = self.header, self.shown
        if self.groups is not None:
            first = self.groups if header.rank else self.groups.first(ALL)
            chosen = columns.of_groups(header, first, selection)
            return [_strip(column, [first], is_ranked=True) for column in chosen]
        chosen = columns.selected(header, "table", selection)
        if selection.columns is None and not any(outcome.used.any() for outcome in rows):
            chosen = [column for column in chosen if column.name != "weight"]
        is_ranked = (header.rank is not None or not self.rows.is_all) and len(rows) > 1
        return [_strip(column, rows, is_ranked=is_ranked) for column in chosen]

    @property
    def which(self) -> str:
        """Which rows or groups those are; nothing where they are all, as they came."""
        header, rows, rank = self.header, self.rows, self.header.rank
        if self.groups is not None:
            total, first = self.groups.total, min(self.groups.size, rank.count if rank else ALL)
            end = end_of(rank)
            if first == total:
                return f"{count(total, 'group')}, {end} loss first"
            return f"the {end} losses, {first} of {total} groups"
        if rank is not None and self.report is not None:
            return ranked(rows.total, self.report.rows_given, rank)
        if rows.is_all:
            return ""
        if header.task.is_loss:
            return ranked(len(self.shown), rows.total, rank) + _MORE
        return f"the first {ALL} of {rows.total} rows{_MORE}"


def end_of(rank: Rank | None) -> str:
    """Which losses are shown."""
    return "lowest" if rank is not None and rank.lowest else "highest"


def ranked(number: int, given: int, rank: Rank | None, what: str = "") -> str:
    """Which rows those are, of how many."""
    end, many = end_of(rank), _NUMBERS.get(number, number) if rank is None else number
    losses = f"{many} {end} losses" if number > 1 else f"{end} loss"
    order = f", {end} first" if number > 1 else ""
    return f"the {losses}{what} of {count(given, 'row')}{order}"


def render(items: Iterator[Item], screen: Screen, selection: Selection) -> Iterator[str]:
    """The whole drawing, when the last row is known."""
    found, parts = Extract.of(items), list[str]()
    if found.groups is not None or selection.rows:
        drawn = _losses if found.header.task.is_loss else _values
        parts = list(drawn(found, screen, selection))
        if which := found.which:
            parts.append(line(which, screen, "dim"))
    if found.report is not None:
        parts.append(_summary(found.report, screen, selection))
    yield "\n".join(parts)


def _losses(found: Extract, screen: Screen, selection: Selection) -> Iterator[str]:
    if selection.columns is None:
        tables = worked_rows.of(found.header, found.worked, screen) if found.worked else ()
        yield from (draw(table, screen) for table in tables)
    strips = found.strips(selection)
    barred = [_barred(strip) if strip.lengths else strip for strip in strips]
    fits = Ruled(barred).fitted(screen.width).fits
    yield draw(Ruled(barred if fits else strips), screen)


def _barred(strip: Strip) -> Strip:
    """Losses with a bar for each."""
    pairs = zip(flush(strip.cells), bars(strip.lengths), strict=True)
    return replace(strip, cells=[f"{number} {bar}" for number, bar in pairs], side="left")


def _strip(column: Column, rows: Sequence[Any], *, is_ranked: bool = False) -> Strip:
    """A column of some rows (or groups)."""
    cells = [text for part in rows for text in column.texts(part, PEOPLE, column.blank)]
    has_bars = is_ranked and column.of is columns.LOSS
    lengths = [loss for part in rows for loss in part.loss.tolist()] if has_bars else []
    plain = _STYLES.get(column.name, "")
    return Strip(
        heading="" if column.sort is Sort.FLAG else visible(column.heading),
        cells=aligned(cells) if column.sort is Sort.NUMBER else cells,
        name=visible(column.title),
        side="left" if column.is_words else "right",
        need=0 if column.role is Role.NAME else column.need,
        shrinks="all" if column.is_words else "heading" if column.each else "",
        styles=["dim", *(_TEXT_STYLES.get(text) or plain for text in cells)],
        lengths=lengths,
    )


def _summary(report: Report, screen: Screen, selection: Selection) -> str:
    """The figures, and what to quote with them."""
    lines = figures.lines(report, is_full=selection.is_full)
    told = [(name, number, visible(words)) for name, number, words in lines]
    room = screen.width or sys.maxsize
    parts = filled(f" {report.signature}".split("|"), room, "|", "|")
    drawn = named(told, replace(screen, width=room))
    return drawn + "\n" + painted("\n".join(parts), "dim", screen) + "\n"


def _values(found: Extract, screen: Screen, selection: Selection) -> Iterator[str]:
    """The classes beside each other; where there is no room for them, the highest of each row."""
    is_chosen = selection.columns is not None or found.header.width == 1
    is_wide = not is_chosen and found.header.width > (screen.width or sys.maxsize)
    table = Ruled([] if is_wide else found.strips(selection))
    if not is_wide and (is_chosen or table.fitted(screen.width).fits):
        yield draw(table, screen)
    else:
        yield from _highest(found.header, found.rows.first, screen)


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
