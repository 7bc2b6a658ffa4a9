"""The table for people: a few rows worked out, the rows, the summary; never a number cut short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.table import Table

from cecalc.errors import count, visible
from cecalc.items import Groups, Header, Item, Losses, Outcome, Report
from cecalc.numbers import aligned, rounded
from cecalc.output import columns, figures, worked_rows
from cecalc.output.column import PEOPLE, RIGHT, WRONG, Column, Sort
from cecalc.output.drawing import ROOM, draw, flush, line, ruled, styled, width
from cecalc.ranking import ALL, HIGHEST, TableRows
from cecalc.request import Screen, Selection

_STYLES = {"loss": "bold", "row": "dim", "loss_unweighted": "dim", "weight": "dim"}
_TEXT_STYLES = {RIGHT: "green", WRONG: "red", "inf": "red", "nan": "red", columns.IGNORED: "dim"}


def render(items: Iterator[Item], screen: Screen, selection: Selection) -> Iterator[str]:
    """The whole drawing, when the last row is known."""
    header, rest = columns.stream_of(items)
    kept, report, grouped = TableRows(header.rank.count if header.rank else ALL), None, None
    for item in rest:
        if isinstance(item, Outcome):
            kept.add(item)
        elif isinstance(item, Groups):
            grouped = item
        elif isinstance(item, Report):
            report = item
    if grouped is not None:
        first = grouped if header.rank else grouped.first(ALL)
        parts = [_rows(columns.of_groups(header, grouped, selection), [first], screen)]
        note = _which_groups(header, first)
    else:
        parts = list((_losses if header.task.is_loss else _values)(header, kept, screen, selection))
        note = _which(header, kept, report)
    if note:
        parts.append(line(note, screen, "dim"))
    if report is not None:
        parts.append(_summary(report, screen))
    yield "\n".join(parts)


def _losses(header: Header, kept: TableRows, screen: Screen, selection: Selection) -> Iterator[str]:
    rows, chosen = kept.rows(), columns.selected(header, "table", selection)
    if selection.columns is None:
        yield from _working(header, kept, screen)
        if not any(outcome.used.any() for outcome in rows):
            chosen = [column for column in chosen if column.name != "weight"]
    yield _rows(chosen, rows, screen)


def _which(header: Header, kept: TableRows, report: Report | None) -> str:
    """Which rows the table has, where it has not all."""
    if header.rank is not None and report is not None:
        which = "lowest" if header.rank.lowest else "highest"
        losses = f"{which} loss" if kept.total == 1 else f"{kept.total} {which} losses"
        order = f", {which} first" if kept.total > 1 else ""
        return f"the {losses} of {count(report.rows_given, 'row')}{order}"
    if kept.is_all:
        return ""
    which = f"first {ALL}"
    if header.task.is_loss:
        number = len(kept.rows())
        which = f"{'ten' if number == HIGHEST else number} highest losses"
    return f"the {which} of {kept.total} rows; --format csv gives all"


def _which_groups(header: Header, groups: Groups) -> str:
    which = "lowest" if header.rank is not None and header.rank.lowest else "highest"
    if groups.size == groups.total:
        return f"{count(groups.total, 'group')}, {which} loss first"
    return f"the {which} losses, {groups.size} of {groups.total} groups"


def _working(header: Header, kept: TableRows, screen: Screen) -> list[str]:
    if not 0 < kept.total <= worked_rows.ROWS or header.width > worked_rows.CLASSES:
        return []
    rows = (row for row in kept.rows() if isinstance(row, Losses))
    blocks = [worked_rows.block(header, row) for row in rows]
    drawn = [draw(table, screen) for table in worked_rows.tables(blocks)]
    if screen.width is not None and max(map(width, drawn)) > screen.width:
        return []
    return drawn


def _values(header: Header, kept: TableRows, screen: Screen, selection: Selection) -> Iterator[str]:
    if header.width > columns.CLASSES_SHOWN and selection.columns is None:
        yield from _wrapped(header, kept.first, screen)
    else:
        yield _rows(columns.selected(header, "table", selection), kept.first, screen)


def _rows(chosen: list[Column], rows: Sequence[Outcome | Groups], screen: Screen) -> str:
    table = ruled()
    texts = []
    for column in chosen:
        found = [text for part in rows for text in column.texts(part, PEOPLE, column.blank)]
        if column.sort is Sort.NUMBER:
            found = aligned(found)
        heading = "" if column.sort is Sort.FLAG else visible(column.heading)
        heading, *found = flush([heading, *found], "left" if column.is_words else "right")
        table.add_column(styled(heading, "dim"), no_wrap=True)
        plain = _STYLES.get(column.name, "")
        texts.append([styled(text, _TEXT_STYLES.get(text.strip()) or plain) for text in found])
    for row in zip(*texts, strict=True):
        table.add_row(*row)
    return draw(table, screen)


def _summary(report: Report, screen: Screen) -> str:
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, number, told in figures.lines(report):
        strong, words = "bold" if name == "loss" else "", visible(told)
        value = styled("").append(number, strong)
        value.append(f"  {words}" if number else words, "dim" if number else "")
        table.add_row(styled(f" {name}", strong or "dim"), value)
    return draw(table, screen) + "\n" + line(visible(figures.arithmetic(report)), screen, "dim")


def _wrapped(header: Header, rows: Sequence[Outcome], screen: Screen) -> Iterator[str]:
    """Many classes: as many to a line as fit, each name beside its number, none of them cut."""
    labels = flush([visible(label) for label in header.labels])
    for outcome in rows:
        values = flush(aligned(list(map(rounded, outcome.probs[0].tolist()))))
        pairs = [f"   {label} {value}" for label, value in zip(labels, values, strict=True)]
        per_line = max(1, ((screen.width or ROOM) - 1) // cell_len(pairs[0]))
        lines = ("".join(pairs[i : i + per_line]) for i in range(0, len(pairs), per_line))
        title = line(columns.row_title(header, outcome), screen, "bold")
        yield title + "".join(f"{text.rstrip()}\n" for text in lines)
