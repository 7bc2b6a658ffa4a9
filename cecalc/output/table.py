"""The table for people: a few rows worked out, the rows, the summary; never a number cut short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len

from cecalc.errors import count, visible
from cecalc.model import Activations, Groups, Header, Item, Losses, Outcome, Report
from cecalc.numbers import aligned, rounded
from cecalc.output import columns, figures, groups
from cecalc.output.column import RIGHT, WRONG, Column, Sort
from cecalc.output.drawing import Side, draw, flush, grid, ruled, styled, width
from cecalc.ranking import ALL, HIGHEST, TableRows
from cecalc.request import Screen, Selection

_ROOM = 100
"""Columns to fill with the values of many classes where there is no terminal."""

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
        parts = _groups(header, grouped, screen, selection)
    elif header.task.is_loss:
        parts = _losses(header, kept, report, screen, selection)
    else:
        parts = _values(header, kept, screen, selection)
    if report is not None:
        parts = [*parts, _summary(report, screen)]
    yield "\n".join(parts)


def _groups(header: Header, found: Groups, screen: Screen, selection: Selection) -> list[str]:
    shown_groups = found if header.rank else found.first(ALL)
    chosen = groups.of(header, found, selection)
    note = groups.note(shown_groups, header)
    return [_rows(chosen, [shown_groups], screen), _note(note, screen)]


def _losses(
    header: Header, kept: TableRows, report: Report | None, screen: Screen, selection: Selection
) -> list[str]:
    rows = kept.rows()
    chosen = columns.selected(columns.loss_columns(header), header, selection)
    worked_rows = _working(header, kept, screen) if selection.columns is None else []
    parts = [*worked_rows, _rows(chosen, rows, screen)]
    if header.rank is not None and report is not None:
        which = "lowest" if header.rank.lowest else "highest"
        losses = f"{which} loss" if kept.total == 1 else f"{kept.total} {which} losses"
        order = f", {which} first" if kept.total > 1 else ""
        note = f"the {losses} of {count(report.rows_given, 'row')}{order}"
        parts.append(_note(note, screen))
    elif not kept.is_all:
        number = "ten" if len(rows) == HIGHEST else str(len(rows))
        note = f"the {number} highest losses of {kept.total} rows; --format csv gives all"
        parts.append(_note(note, screen))
    return parts


def _working(header: Header, kept: TableRows, screen: Screen) -> list[str]:
    from cecalc.output import worked_rows

    if not kept.total or not worked_rows.fits(header, kept.total):
        return []
    rows = [row for row in kept.rows() if isinstance(row, Losses)]
    blocks = [draw(block, screen) for block in worked_rows.drawings(header, rows)]
    if screen.width is not None and max(map(width, blocks)) > screen.width:
        return []
    return blocks


def _values(header: Header, kept: TableRows, screen: Screen, selection: Selection) -> list[str]:
    if header.width <= columns.CLASSES_SHOWN or selection.columns is not None:
        chosen = columns.selected(columns.activation_columns(header), header, selection)
        parts = [_rows(chosen, kept.first, screen)]
    else:
        rows = [row for row in kept.first if isinstance(row, Activations)]
        parts = list(_wrapped(header, rows, screen))
    if not kept.is_all:
        more = f"the first {ALL} of {kept.total} rows; --format csv gives all"
        parts.append(_note(more, screen))
    return parts


def _rows(shown_columns: list[Column], rows: Sequence[Outcome | Groups], screen: Screen) -> str:
    table = ruled()
    texts, drawn = [], []
    for column in shown_columns:
        found = columns.all_texts(column, rows)
        if column is columns.WEIGHT and not any(found):
            continue
        if column.sort is Sort.NUMBER:
            found = aligned(found)
        heading = "" if column.sort is Sort.FLAG else visible(column.heading)
        heading, *found = flush([heading, *found], _side(column))
        table.add_column(styled(heading, "dim"), no_wrap=True)
        texts.append(found)
        drawn.append(column)
    for row in zip(*texts, strict=True):
        cells = zip(drawn, row, strict=True)
        table.add_row(*(styled(text, _style(column, text)) for column, text in cells))
    return draw(table, screen)


def _side(column: Column) -> Side:
    return "left" if column.is_words else "right"


def _style(column: Column, text: str) -> str:
    return _TEXT_STYLES.get(text.strip()) or _STYLES.get(column.name, "")


def _note(text: str, screen: Screen) -> str:
    return draw(styled(f" {text}", "dim"), screen)


def _summary(report: Report, screen: Screen) -> str:
    table = grid()
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for line in figures.lines(report):
        strong = "bold" if line.name == "loss" else ""
        value = styled("").append(line.number, strong)
        words = visible(line.words)
        value.append(f"  {words}" if line.number else words, "dim" if line.number else "")
        table.add_row(styled(f" {line.name}", strong or "dim"), value)
    return draw(table, screen) + "\n" + _note(visible(figures.arithmetic(report)), screen)


def _wrapped(header: Header, rows: list[Activations], screen: Screen) -> Iterator[str]:
    """Many classes: as many to a line as fit, each name beside its number, none of them cut."""
    labels = flush([visible(label) for label in header.labels])
    for outcome in rows:
        name = ", ".join(f"{c.title} {c.shown(outcome)[0]}" for c in columns.shown_identity(header))
        values = flush(aligned(list(map(rounded, outcome.probs[0].tolist()))))
        pairs = [f"   {label} {value}" for label, value in zip(labels, values, strict=True)]
        per_line = max(1, ((screen.width or _ROOM) - 1) // cell_len(pairs[0]))
        lines = ("".join(pairs[i : i + per_line]) for i in range(0, len(pairs), per_line))
        title = draw(styled(f" {name}", "bold"), screen)
        yield title + "".join(f"{line.rstrip()}\n" for line in lines)
