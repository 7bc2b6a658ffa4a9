"""CSV and TSV: the input's records as they came, our columns after them, no summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

from cecalc.records import Groups, Header, Item, Outcome, Screen, TargetForm, Task
from cecalc.views import Selection, columns, groups, parts
from cecalc.views.column import Column
from cecalc.views.parts import Part, quoting


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
    return every if selection.columns is None else parts.selected(every, selection.columns)


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
    from cecalc.views import bulk

    arrays = [
        bulk.strings(part.texts(outcome)) if part.bulk is None else part.bulk(outcome)
        for part in written
    ]
    return bulk.joined(arrays, delimiter)


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
        from cecalc.views.objects import Layout

        layout = Layout.of(originals[0].cells, header)
        return [parts.rewritten(layout.names, layout.cells, delimiter)]
    fields = header.schema.fields or ()
    if header.schema.delimiter == delimiter:
        return [parts.passed_on(fields, header.schema.header_text, delimiter)]
    return [parts.rewritten(fields, _cells, delimiter)]


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
        from cecalc.views import bulk

        return bulk.texts(column, outcome, quote)

    return Part([column.name], texts if column.is_words else column.precise, strings)


def _numbers(
    name: str, header: Header, array: str, delimiter: str, used: str | None = None
) -> Part:
    """A column per class, from an array of shape (N, C); a lone unnamed score has a plain name."""
    is_lone = header.width == 1 and header.task in (Task.BCE, Task.SIGMOID)
    names = [f"{name}_{label}" for label in header.labels]
    if is_lone and not header.schema.classes:
        names = [name]
    return parts.of_array(names, attrgetter(array), attrgetter(used) if used else None, delimiter)


def _statuses_at_once(outcome: Outcome) -> Any:
    from cecalc.views import bulk

    return bulk.sparse(_statuses(outcome))


def _statuses(outcome: Outcome) -> list[str]:
    """`ignored`, `inf` or `nan` where a row's loss is no ordinary number; empty elsewhere."""
    import numpy as np

    loss = outcome.loss
    assert loss is not None
    status = [""] * len(loss)
    for row in np.flatnonzero(~(outcome.used & np.isfinite(loss))).tolist():
        status[row] = str(float(loss[row])) if outcome.used[row] else columns.IGNORED
    return status
