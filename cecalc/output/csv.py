"""CSV and TSV: the input's records as they came, our columns after them; or the summary."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from cecalc.items import Groups, Header, Item, Outcome, Report
from cecalc.numbers import write_number, write_rows
from cecalc.output import columns
from cecalc.output.column import Column, Sort, Style, cell_text
from cecalc.output.fields import Fields, Places, of_records
from cecalc.output.figures import members
from cecalc.request import Screen, Selection
from cecalc.terms import Kind

Cells = Callable[[Outcome], Iterable[Iterable[str]]]


def quoting(delimiter: str) -> Callable[[str], str]:
    """What quotes a field, by RFC 4180, only where it has to be."""
    special = re.compile(f'["\r\n{re.escape(delimiter)}]').search
    return lambda text: '"' + text.replace('"', '""') + '"' if special(text) else text


def split(text: str, delimiter: str) -> list[str]:
    """The fields of a record as they are written, quotes included.

    >>> split('a,"b,c"', ",")
    ['a', '"b,c"']
    """
    if '"' not in text:
        return text.split(delimiter)
    d = re.escape(delimiter)
    found = re.findall(rf'("(?:[^"]|"")*"|[^"{d}]*)(?:{d}|\Z)', text)
    return found if text.endswith(delimiter) else found[:-1]  # the last one is empty, at the end


def of_column(column: Column, delimiter: str) -> Fields:
    """A column's fields: of numbers, one for each class."""
    if column.sort is Sort.NUMBERS:
        return _of_numbers(column, delimiter)
    quote = quoting(delimiter)
    style = Style(quote, lambda value: quote(cell_text(value)))

    def bulk(arrow: Any, outcome: Outcome | Groups, _places: Places) -> Any:
        return arrow.texts(column, outcome, style)

    return Fields([column.name], lambda outcome, _: column.texts(outcome, style), bulk)


def _of_numbers(column: Column, delimiter: str) -> Fields:
    def arrays(outcome: Outcome, places: Places) -> tuple[Any, Any]:
        array, used = column.of(outcome), column.used and column.used(outcome)
        if places is None:
            return array, used
        return array[:, places], None if used is None else used[:, places]

    def texts(outcome: Outcome, places: Places) -> list[str]:
        return list(map(delimiter.join, write_rows(*arrays(outcome, places))))

    def bulk(arrow: Any, outcome: Outcome, places: Places) -> Any:
        return arrow.rows(*arrays(outcome, places), delimiter)

    return Fields(column.field_names, texts, bulk)


def passed_on(header: Header, delimiter: str) -> Fields:
    """The input's records, or some of their fields, as they came."""
    names, title = header.schema.fields or (), header.schema.header_text

    def texts(outcome: Outcome, places: Places) -> list[str]:
        lines = [original.text for original in outcome.batch.originals or ()]
        if places is None:
            return lines
        rows = (split(line, delimiter) for line in lines)
        return [delimiter.join([row[i] for i in places]) for row in rows]

    def bulk(arrow: Any, outcome: Outcome, places: Places) -> Any:
        found = arrow.lines(outcome.batch.originals, delimiter, len(names), places)
        return arrow.strings(texts(outcome, places)) if found is None else found

    return Fields(names, texts, bulk, None if title is None else split(title, delimiter))


def rewritten(names: Sequence[str], cells: Cells, delimiter: str) -> Fields:
    """Cells that another format held, quoted where they have to be."""
    quote = quoting(delimiter)

    def texts(outcome: Outcome, places: Places) -> list[str]:
        rows: Iterable[Iterable[str]] = cells(outcome)
        if places is not None:
            rows = ([row[i] for i in places] for row in map(list, rows))
        return [delimiter.join(map(quote, row)) for row in rows]

    return Fields(names, texts)


_SPREAD = {kind.value: kind.removesuffix("s") for kind in Kind}
_SPREAD |= dict.fromkeys(("target", "label", "y"), "target")
"""Keys whose lists become one column per class, and what those columns' names begin with."""


def cells_of(header: Header, first: Outcome) -> tuple[Sequence[str], Cells]:
    """The names of the input's fields, and what finds their texts, where it has text."""
    objects = first.batch.originals or ()
    if not objects or not isinstance(objects[0].cells, Mapping):
        return header.schema.fields or (), columns.input_cells
    spread = {key: _names(key, value, header) for key, value in objects[0].cells.items()}
    names = list(itertools.chain.from_iterable(spread.values()))
    return names, partial(_object_cells, header, spread)


def _object_cells(
    header: Header, spread: Mapping[str, list[str]], outcome: Outcome
) -> Iterator[list[str]]:
    """The cells of each of a batch's objects, which has to be made as the first row's is."""
    for row, original in enumerate(outcome.batch.originals or ()):
        cells = original.cells
        flaw = "" if cells.keys() == spread.keys() else "other keys"
        texts: list[str] = []
        for key, names in () if flaw else spread.items():
            value = cells[key]
            values = [value] if names == [key] else _flat(value)
            if len(values) != len(names):
                flaw = f"another number of values for '{key}'"
                break
            texts += map(_text, values)
        if flaw:
            rule = f"the object has {flaw} than the first row's, so they do not make one table"
            hint = "--format jsonl writes each object as it came"
            raise columns.row_error(header, outcome, row, rule, hint)
        yield texts


def _names(key: str, value: Any, header: Header) -> list[str]:
    prefix = _SPREAD.get(key.replace("-", "_"))
    if prefix is None:
        return [key]
    if isinstance(value, list):
        matches = len(_flat(value)) == header.width
        return [f"{prefix}_{label}" for label in header.labels] if matches else [key]
    return [prefix]


def _flat(value: Any) -> list[Any]:
    return [leaf for part in value for leaf in _flat(part)] if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return write_number(value) if isinstance(value, float) else cell_text(value)


def render(
    delimiter: str, items: Iterator[Item], _screen: Screen, selection: Selection
) -> Iterator[str]:
    """Separated records under a line of names."""
    header, rest = columns.stream_of(items)
    fields: list[Fields] = []
    for item in rest:
        if isinstance(item, Report) and not selection.rows:
            quote, figures = quoting(delimiter), zip(*members(item), strict=True)
            yield "".join(delimiter.join(map(quote, map(_text, row))) + "\n" for row in figures)
        if not (selection.rows and isinstance(item, Outcome | Groups)):
            continue
        if not fields:
            field = partial(of_column, delimiter=delimiter)
            theirs = partial(_theirs, delimiter=delimiter)
            fields, _ = of_records(header, item, "csv", selection, field, theirs)
            titles = (part.titles or map(quoting(delimiter), part.names) for part in fields)
            yield delimiter.join(itertools.chain.from_iterable(titles)) + "\n"
        yield _records(fields, item, delimiter)


render_csv, render_tsv = partial(render, ","), partial(render, "\t")


def _records(fields: list[Fields], rows: Outcome | Groups, delimiter: str) -> str:
    if len(fields) == 1 and len(fields[0].names) == 1:
        # A line that is empty is no record: its one cell is quoted.
        return "".join((text or '""') + "\n" for text in fields[0].rows(rows))
    if rows.size < columns.MANY:
        cells = [part.rows(rows) for part in fields]
        return "\n".join(map(delimiter.join, zip(*cells, strict=True))) + "\n"
    from cecalc.output import arrow_text as arrow

    arrays = [
        part.bulk(arrow, rows, part.places) if part.bulk else arrow.strings(part.rows(rows))
        for part in fields
    ]
    return arrow.joined(arrays, delimiter)


def _theirs(header: Header, first: Outcome, delimiter: str) -> list[Fields]:
    """The input's part of each record, where it had text."""
    if not first.batch.originals:
        return []
    if header.schema.delimiter == delimiter:
        return [passed_on(header, delimiter)]
    return [rewritten(*cells_of(header, first), delimiter)]
