"""CSV and TSV: the input's records as they came, our columns after them, no summary."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

from cecalc.model import Groups, Header, Item, Outcome
from cecalc.numbers import write_number, write_rows
from cecalc.output import columns, groups
from cecalc.output.column import Column
from cecalc.request import Screen, Selection
from cecalc.selection import select
from cecalc.terms import TargetForm, Task

Texts = Callable[[Any], list[str]]
"""From an outcome (or groups) to a text for each row."""
Cells = Callable[[Outcome], Iterable[Iterable[str]]]
Array = Callable[[Outcome], Any]


@dataclass(frozen=True)
class Part:
    """Neighbouring columns: their names, and their cells in each row of a batch, joined."""

    names: Sequence[str]
    texts: Texts
    bulk: Callable[[Any], Any] | None = None
    """The same as an Arrow array, for many rows."""
    pick: Callable[[Sequence[int]], Part] | None = None
    """The part that holds only these of several columns."""
    titles: Sequence[str] | None = None
    """The names as they are written, where the input's header spells them."""


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


def selected(parts: list[Part], specification: str) -> list[Part]:
    """The columns that are asked for; neighbours of a part stay together."""
    owners = [(part, i) for part in parts for i in range(len(part.names))]
    names = [part.names[i] for part, i in owners]
    chosen = [owners[i] for i in select(names, specification, "--select")]
    found: list[Part] = []
    for _, run in itertools.groupby(chosen, lambda owner: id(owner[0])):
        members = list(run)
        part, positions = members[0][0], [i for _, i in members]
        found.append(part if part.pick is None else _picked(part, positions))
    return found


def _picked(part: Part, positions: list[int]) -> Part:
    assert part.pick is not None
    names = [part.names[i] for i in positions]  # ours may have got a prefix
    titles = None if part.titles is None else [part.titles[i] for i in positions]
    return replace(part.pick(positions), names=names, titles=titles)


def of_array(names: Sequence[str], of: Array, used: Array | None, delimiter: str) -> Part:
    """The columns of an array of shape (N, C), and which of its numbers count."""
    flags = used or (lambda _: None)

    def strings(outcome: Outcome) -> Any:
        from cecalc.output import arrow_text

        return arrow_text.rows(of(outcome), flags(outcome), delimiter)

    def pick(positions: Sequence[int]) -> Part:
        few = [names[i] for i in positions]
        some = None if used is None else partial(_columns_of, used, positions)
        return of_array(few, partial(_columns_of, of, positions), some, delimiter)

    return Part(
        names,
        lambda outcome: list(map(delimiter.join, write_rows(of(outcome), flags(outcome)))),
        strings,
        pick,
    )


def _columns_of(array: Array, positions: Sequence[int], outcome: Outcome) -> Any:
    return array(outcome)[:, positions]


def passed_on(fields: Sequence[str], header_text: str | None, delimiter: str) -> Part:
    """The input's records as they came."""

    def texts(outcome: Outcome) -> list[str]:
        return [original.text for original in outcome.batch.originals or ()]

    def strings(outcome: Outcome) -> Any:
        from cecalc.output import arrow_text

        return arrow_text.lines(outcome.batch.originals)

    titles = None if header_text is None else split(header_text, delimiter)
    return Part(fields, texts, strings, partial(_passed_columns, fields, delimiter), titles)


def _passed_columns(fields: Sequence[str], delimiter: str, positions: Sequence[int]) -> Part:
    """Some of the input's columns, each cell as it came."""

    def texts(outcome: Outcome) -> list[str]:
        rows = (split(original.text, delimiter) for original in outcome.batch.originals or ())
        return [delimiter.join([row[i] for i in positions]) for row in rows]

    def strings(outcome: Outcome) -> Any:
        from cecalc.output import arrow_text

        found = arrow_text.columns(outcome.batch.originals, delimiter, len(fields), positions)
        return arrow_text.strings(texts(outcome)) if found is None else found

    return Part([fields[i] for i in positions], texts, strings)


def rewritten(names: Sequence[str], cells: Cells, delimiter: str) -> Part:
    """Cells that another format held, quoted where they have to be."""
    quote = quoting(delimiter)

    def texts(outcome: Outcome) -> list[str]:
        return [delimiter.join(map(quote, row)) for row in cells(outcome)]

    def pick(positions: Sequence[int]) -> Part:
        def some(outcome: Outcome) -> Iterator[Sequence[str]]:
            return ([row[i] for i in positions] for row in map(list, cells(outcome)))

        return rewritten([names[i] for i in positions], some, delimiter)

    return Part(names, texts, pick=pick)


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
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float():
            return write_number(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def render_csv(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """Comma-separated records under a line of names."""
    return _render(items, ",", selection)


def render_tsv(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """The same, separated by tabs."""
    return _render(items, "\t", selection)


def _render(items: Iterator[Item], delimiter: str, selection: Selection) -> Iterator[str]:
    header, rest = columns.stream_of(items)
    written: list[Part] | None = None
    for item in rest:
        if not isinstance(item, Outcome | Groups):
            continue
        if written is None:
            written = _parts(header, item, delimiter, selection)
            yield delimiter.join(_titles(written, quoting(delimiter))) + "\n"
        yield _records(written, item, delimiter)


def _parts(
    header: Header, first: Outcome | Groups, delimiter: str, selection: Selection
) -> list[Part]:
    """What is written: the input's columns and ours, those that are asked for."""
    if isinstance(first, Groups):
        return [_part(column, delimiter) for column in groups.of(header, first, selection)]
    theirs, ours = _theirs(header, first, delimiter), _ours(header, delimiter)
    given = [name for part in theirs for name in part.names]
    added = {name for part in ours for name in part.names}
    prefix = columns.prefix_of(added, set(given), selection)
    ours = [replace(part, names=[prefix + name for name in part.names]) for part in ours]
    every = ours if selection.only_added else [*theirs, *ours]
    return every if selection.columns is None else selected(every, selection.columns)


def _titles(written: list[Part], quote: Callable[[str], str]) -> Iterator[str]:
    for part in written:
        yield from map(quote, part.names) if part.titles is None else part.titles


def _records(written: Sequence[Part], outcome: Outcome | Groups, delimiter: str) -> str:
    if len(written) == 1 and len(written[0].names) == 1:
        # A line that is empty is no record: its one cell is quoted.
        return "".join((text or '""') + "\n" for text in written[0].texts(outcome))
    if outcome.size < columns.MANY:
        cells = [part.texts(outcome) for part in written]
        return "\n".join(map(delimiter.join, zip(*cells, strict=True))) + "\n"
    from cecalc.output import arrow_text

    arrays = [
        arrow_text.strings(part.texts(outcome)) if part.bulk is None else part.bulk(outcome)
        for part in written
    ]
    return arrow_text.joined(arrays, delimiter)


def _ours(header: Header, delimiter: str) -> list[Part]:
    if not header.task.is_loss:
        return [_numbers("log_prob" if header.log else "prob", header, "probs", delimiter)]
    ours = [_part(column, delimiter) for column in columns.losses(header)]
    if columns.by_row(header):
        more = columns.prediction(header), columns.P_TARGET, columns.CORRECT
        ours.extend(_part(column, delimiter) for column in more)
    else:
        ours.append(_numbers("loss", header, "cell_loss", delimiter, "cell_used"))
    return [*ours, Part(["status"], _statuses, _statuses_at_once)]


def _theirs(header: Header, first: Outcome, delimiter: str) -> list[Part]:
    """The input's part of each record."""
    originals = first.batch.originals
    if not originals:
        return _synthesised(header, delimiter)
    if isinstance(originals[0].cells, Mapping):
        layout = ObjectLayout.of(originals[0].cells, header)
        return [rewritten(layout.names, layout.cells, delimiter)]
    fields = header.schema.fields or ()
    if header.schema.delimiter == delimiter:
        return [passed_on(fields, header.schema.header_text, delimiter)]
    return [rewritten(fields, _cells, delimiter)]


def _cells(outcome: Outcome) -> Iterator[Sequence[str]]:
    return (original.cells for original in outcome.batch.originals or ())


def _synthesised(header: Header, delimiter: str) -> list[Part]:
    """Records as our own reader would read them, for input that had none."""
    before = [*columns.coordinates(header), *([columns.ID] if header.has_ids else [])]
    after = [columns.SAMPLE_WEIGHT] if header.has_sample_weight else []
    return [
        *(_part(column, delimiter) for column in before),
        _numbers(columns.value_name(header), header, "batch.values", delimiter),
        *_target(header, delimiter),
        *(_part(column, delimiter) for column in after),
    ]


def _target(header: Header, delimiter: str) -> list[Part]:
    if header.target_form is None:
        return []
    if header.target_form is TargetForm.INDEX:
        return [_part(columns.target(header), delimiter)]
    return [_numbers("target", header, "batch.target", delimiter)]


def _part(column: Column, delimiter: str) -> Part:
    quote = quoting(delimiter)

    def texts(outcome: Outcome) -> list[str]:
        return list(map(quote, column.precise(outcome)))

    def strings(outcome: Outcome) -> Any:
        from cecalc.output import arrow_text

        return arrow_text.texts(column, outcome, quote)

    return Part([column.name], texts if column.is_words else column.precise, strings)


def _numbers(
    name: str, header: Header, array: str, delimiter: str, used: str | None = None
) -> Part:
    """A column per class, from an array of shape (N, C); a lone unnamed score has a plain name."""
    is_lone = header.width == 1 and header.task in (Task.BCE, Task.SIGMOID)
    names = [f"{name}_{label}" for label in header.labels]
    if is_lone and not header.schema.classes:
        names = [name]
    return of_array(names, attrgetter(array), attrgetter(used) if used else None, delimiter)


def _statuses_at_once(outcome: Any) -> Any:
    from cecalc.output import arrow_text

    return arrow_text.sparse(_statuses(outcome))


def _statuses(outcome: Any) -> list[str]:
    """`ignored`, `inf` or `nan` where a row's loss is no ordinary number; empty elsewhere."""
    import numpy as np

    loss = outcome.loss
    status = [""] * len(loss)
    for row in np.flatnonzero(~(outcome.used & np.isfinite(loss))).tolist():
        status[row] = str(float(loss[row])) if outcome.used[row] else columns.IGNORED
    return status
