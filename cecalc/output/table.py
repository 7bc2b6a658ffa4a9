"""The table for people: a few rows worked out, the rows, the summary; never a number cut short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from cecalc.errors import count, visible
from cecalc.model import Activations, Groups, Header, Item, Losses, Outcome, Report
from cecalc.numbers import aligned, rounded
from cecalc.output import columns, figures, groups, worked_rows
from cecalc.output.column import PEOPLE, RIGHT, WRONG, Column, Sort
from cecalc.output.drawing import ROOM, draw, flush, grid, line, ruled, styled, width
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
        parts, note = _groups(header, grouped, screen, selection)
    elif header.task.is_loss:
        parts, note = _losses(header, kept, report, screen, selection)
    else:
        parts, note = _values(header, kept, screen, selection)
    if note:
        parts.append(line(note, screen, "dim"))
    if report is not None:
        parts.append(_summary(report, screen))
    yield "\n".join(parts)


def _groups(
    header: Header, found: Groups, screen: Screen, selection: Selection
) -> tuple[list[str], str]:
    first = found if header.rank else found.first(ALL)
    chosen = groups.of(header, found, selection)
    return [_rows(chosen, [first], screen)], groups.note(first, header)


def _losses(
    header: Header, kept: TableRows, report: Report | None, screen: Screen, selection: Selection
) -> tuple[list[str], str]:
    rows, chosen = kept.rows(), columns.selected(header, "table", selection)
    worked: list[str] = []
    if selection.columns is None:
        worked = _working(header, kept, screen)
        if not any(outcome.used.any() for outcome in rows):
            chosen = [column for column in chosen if column.name != "weight"]
    return [*worked, _rows(chosen, rows, screen)], _which(header, kept, report)


def _which(header: Header, kept: TableRows, report: Report | None) -> str:
    """Which rows the table has, where it has not all."""
    if header.rank is not None and report is not None:
        which = "lowest" if header.rank.lowest else "highest"
        losses = f"{which} loss" if kept.total == 1 else f"{kept.total} {which} losses"
        order = f", {which} first" if kept.total > 1 else ""
        return f"the {losses} of {count(report.rows_given, 'row')}{order}"
    number = "ten" if len(kept.rows()) == HIGHEST else str(len(kept.rows()))
    more = f"the {number} highest losses of {kept.total} rows; --format csv gives all"
    return "" if kept.is_all else more


def _working(header: Header, kept: TableRows, screen: Screen) -> list[str]:
    if not kept.total or not worked_rows.fits(header, kept.total):
        return []
    rows = (row for row in kept.rows() if isinstance(row, Losses))
    blocks = [worked_rows.block(header, row) for row in rows]
    drawn = [draw(table, screen) for table in worked_rows.tables(blocks)]
    if screen.width is not None and max(map(width, drawn)) > screen.width:
        return []
    return drawn


def _values(
    header: Header, kept: TableRows, screen: Screen, selection: Selection
) -> tuple[list[str], str]:
    note = f"the first {ALL} of {kept.total} rows; --format csv gives all"
    if header.width > columns.CLASSES_SHOWN and selection.columns is None:
        parts = list(
            _wrapped(header, [row for row in kept.first if isinstance(row, Activations)], screen)
        )
    else:
        chosen = columns.selected(header, "table", selection)
        parts = [_rows(chosen, kept.first, screen)]
    return parts, "" if kept.is_all else note


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
        texts.append([styled(text, _style(column, text)) for text in found])
    for row in zip(*texts, strict=True):
        table.add_row(*row)
    return draw(table, screen)


def _style(column: Column, text: str) -> str:
    return _TEXT_STYLES.get(text.strip()) or _STYLES.get(column.name, "")


def _summary(report: Report, screen: Screen) -> str:
    table = grid()
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for figure in figures.lines(report):
        strong = "bold" if figure.name == "loss" else ""
        value = styled("").append(figure.number, strong)
        words = visible(figure.words)
        value.append(f"  {words}" if figure.number else words, "dim" if figure.number else "")
        table.add_row(styled(f" {figure.name}", strong or "dim"), value)
    return draw(table, screen) + "\n" + line(visible(figures.arithmetic(report)), screen, "dim")


def _wrapped(header: Header, rows: list[Activations], screen: Screen) -> Iterator[str]:
    """Many classes: as many to a line as fit, each name beside its number, none of them cut."""
    labels = flush([visible(label) for label in header.labels])
    for outcome in rows:
        values = flush(aligned(list(map(rounded, outcome.probs[0].tolist()))))
        pairs = [f"   {label} {value}" for label, value in zip(labels, values, strict=True)]
        per_line = max(1, ((screen.width or ROOM) - 1) // cell_len(pairs[0]))
        lines = ("".join(pairs[i : i + per_line]) for i in range(0, len(pairs), per_line))
        title = line(columns.row_title(header, outcome), screen, "bold")
        yield title + "".join(f"{text.rstrip()}\n" for text in lines)
