"""CSV and TSV: the input's records as they came, our columns after them, no summary."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cecalc.model import Groups, Header, Item, Outcome
from cecalc.numbers import write_number, write_rows
from cecalc.output import Selection, columns, groups
from cecalc.output.column import Column, Sort, Style, cell_text
from cecalc.output.fields import Fields, Places, added, written
from cecalc.request import Screen

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

    def bulk(outcome: Outcome | Groups, _places: Places) -> Any:
        from cecalc.output import arrow_text

        return arrow_text.texts(column, outcome, style)

    return Fields([column.name], lambda outcome, _: column.texts(outcome, style), bulk)


def _of_numbers(column: Column, delimiter: str) -> Fields:
    used = column.used or (lambda _: None)

    def arrays(outcome: Outcome, places: Places) -> tuple[Any, Any]:
        every = column.of(outcome), used(outcome)
        if places is None:
            return every
        return tuple(None if array is None else array[:, places] for array in every)

    def texts(outcome: Outcome, places: Places) -> list[str]:
        return list(map(delimiter.join, write_rows(*arrays(outcome, places))))

    def bulk(outcome: Outcome, places: Places) -> Any:
        from cecalc.output import arrow_text

        return arrow_text.rows(*arrays(outcome, places), delimiter)

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

    def bulk(outcome: Outcome, places: Places) -> Any:
        from cecalc.output import arrow_text

        found = arrow_text.lines(outcome.batch.originals, delimiter, len(names), places)
        return arrow_text.strings(texts(outcome, places)) if found is None else found

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


_SPREAD = {
    "logits": "logit",
    "probs": "prob",
    "log_probs": "log_prob",
    "target": "target",
    "label": "target",
    "y": "target",
}
"""Keys whose lists become one column per class, and what those columns' names begin with."""


@dataclass(frozen=True)
class ObjectLayout:
    """The columns that the keys of the first object ask for."""

    header: Header
    spread: dict[str, list[str]]
    """For each key in order: the names of its columns."""

    @classmethod
    def of(cls, first: Mapping[str, Any], header: Header) -> ObjectLayout:
        """The layout that the first row's object sets for all."""
        return cls(header, {key: _names(key, value, header) for key, value in first.items()})

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return [name for names in self.spread.values() for name in names]

    def cells(self, outcome: Outcome) -> Iterator[Iterator[str]]:
        """The cells of each of a batch's objects."""
        for row, original in enumerate(outcome.batch.originals or ()):
            yield self._cells(original.cells, outcome, row)

    def _cells(self, cells: Any, outcome: Outcome, row: int) -> Iterator[str]:
        if cells.keys() != self.spread.keys():
            self._refuse("other keys", outcome, row)
        for key, names in self.spread.items():
            value = cells[key]
            values = list(_flat(value)) if names != [key] and isinstance(value, list) else [value]
            if len(values) != len(names):
                self._refuse(f"another number of values for '{key}'", outcome, row)
            yield from map(_text, values)

    def _refuse(self, what: str, outcome: Outcome, row: int) -> None:
        rule = f"the object has {what} than the first row's, so they do not make one table"
        hint = "--format jsonl writes each object as it came"
        raise columns.row_error(self.header, outcome, row, rule, hint)


def _names(key: str, value: Any, header: Header) -> list[str]:
    prefix = _SPREAD.get(key.replace("-", "_"))
    if prefix is None:
        return [key]
    if isinstance(value, list):
        matches = len(list(_flat(value))) == header.width
        return [f"{prefix}_{label}" for label in header.labels] if matches else [key]
    return [prefix]


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for part in value:
            yield from _flat(part)
    else:
        yield value


def _text(value: Any) -> str:
    return write_number(value) if isinstance(value, float) else cell_text(value)


def render_csv(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """Comma-separated records under a line of names."""
    return _render(items, ",", selection)


def render_tsv(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """The same, separated by tabs."""
    return _render(items, "\t", selection)


def _render(items: Iterator[Item], delimiter: str, selection: Selection) -> Iterator[str]:
    header, rest = columns.stream_of(items)
    fields: list[Fields] = []
    for item in rest:
        if not isinstance(item, Outcome | Groups):
            continue
        if not fields:
            fields = _fields(header, item, delimiter, selection)
            titles = (part.titles or map(quoting(delimiter), part.names) for part in fields)
            yield delimiter.join(itertools.chain.from_iterable(titles)) + "\n"
        yield _records(fields, item, delimiter)


def _fields(
    header: Header, first: Outcome | Groups, delimiter: str, selection: Selection
) -> list[Fields]:
    if isinstance(first, Groups):
        return [of_column(column, delimiter) for column in groups.of(header, first, selection)]
    theirs = _theirs(header, first, delimiter)
    given = {name for part in theirs for name in part.names}
    ours = added(header, "csv", given, lambda column: column.field_names, selection)
    return written(theirs, [of_column(column, delimiter) for column in ours], selection)


def _records(fields: list[Fields], rows: Outcome | Groups, delimiter: str) -> str:
    if len(fields) == 1 and len(fields[0].names) == 1:
        # A line that is empty is no record: its one cell is quoted.
        return "".join((text or '""') + "\n" for text in fields[0].rows(rows))
    if rows.size < columns.MANY:
        cells = [part.rows(rows) for part in fields]
        return "\n".join(map(delimiter.join, zip(*cells, strict=True))) + "\n"
    from cecalc.output import arrow_text

    arrays = [
        part.bulk(rows, part.places) if part.bulk else arrow_text.strings(part.rows(rows))
        for part in fields
    ]
    return arrow_text.joined(arrays, delimiter)


def _theirs(header: Header, first: Outcome, delimiter: str) -> list[Fields]:
    """The input's part of each record; as our own reader would read it where there is none."""
    originals = first.batch.originals
    if not originals:
        return [of_column(column, delimiter) for column in columns.given(header, "csv")]
    if isinstance(originals[0].cells, Mapping):
        layout = ObjectLayout.of(originals[0].cells, header)
        return [rewritten(layout.names, layout.cells, delimiter)]
    if header.schema.delimiter == delimiter:
        return [passed_on(header, delimiter)]
    return [rewritten(header.schema.fields or (), _cells, delimiter)]


def _cells(outcome: Outcome) -> Iterator[Sequence[str]]:
    return (original.cells for original in outcome.batch.originals or ())
