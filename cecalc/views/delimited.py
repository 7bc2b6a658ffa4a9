"""CSV and TSV: the input's records as they came, our columns after them, no summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from cecalc.records import Header, Item, Outcome, Screen, TargetForm, Task
from cecalc.views import columns
from cecalc.views.column import Column
from cecalc.views.digits import write_rows

MANY = 2**10
"""From how many rows on Arrow joins them."""
Texts = Callable[[Outcome], list[str]]


@dataclass(frozen=True)
class Part:
    """Neighbouring columns: their names, and their cells in each row of a batch, joined."""

    names: Sequence[str]
    texts: Texts
    bulk: Callable[[Outcome], Any] | None = None
    """The same as an Arrow array, for many rows."""


def render_csv(items: Iterator[Item], _screen: Screen) -> Iterator[str]:
    """Comma-separated records under a line of names."""
    return _render(items, ",")


def render_tsv(items: Iterator[Item], _screen: Screen) -> Iterator[str]:
    """The same, separated by tabs."""
    return _render(items, "\t")


def quoting(delimiter: str) -> Callable[[str], str]:
    """What quotes a field, by RFC 4180, only where it has to be."""
    special = re.compile(f'["\r\n{re.escape(delimiter)}]').search
    return lambda text: '"' + text.replace('"', '""') + '"' if special(text) else text


def _render(items: Iterator[Item], delimiter: str) -> Iterator[str]:
    header, rest = columns.stream_of(items)
    ours = _ours(header, delimiter)
    theirs: list[Part] | None = None
    for outcome in rest:
        if not isinstance(outcome, Outcome):
            continue
        if theirs is None:
            theirs = _theirs(header, outcome, delimiter)
            passed = header.schema.delimiter == delimiter and outcome.batch.originals
            yield _names(theirs, ours, delimiter, header.schema.header_text if passed else None)
        yield _records((*theirs, *ours), outcome, delimiter)


def _records(parts: Sequence[Part], outcome: Outcome, delimiter: str) -> str:
    if outcome.batch.size < MANY:
        cells = [part.texts(outcome) for part in parts]
        return "\n".join(map(delimiter.join, zip(*cells, strict=True))) + "\n"
    from cecalc.views import bulk

    arrays = [
        bulk.strings(part.texts(outcome)) if part.bulk is None else part.bulk(outcome)
        for part in parts
    ]
    return bulk.joined(arrays, delimiter)


def _names(theirs: list[Part], ours: list[Part], delimiter: str, passed: str | None) -> str:
    """The header: the input's line as it came where its rows pass through, then our names."""
    given = [name for part in theirs for name in part.names]
    added = [name for part in ours for name in part.names]
    prefix = columns.free_prefix(set(added), set(given))
    before = list(map(quoting(delimiter), given)) if passed is None else [passed]
    after = [quoting(delimiter)(prefix + name) for name in added]
    return delimiter.join([*before, *after]) + "\n"


def _ours(header: Header, delimiter: str) -> list[Part]:
    if not header.task.is_loss:
        return [_numbers("log_prob" if header.log else "prob", header, "probs", delimiter)]
    parts = [_part(column, delimiter) for column in columns.losses(header)]
    if columns.by_row(header):
        more = columns.prediction(header), columns.P_TARGET, columns.CORRECT
        parts.extend(_part(column, delimiter) for column in more)
    else:
        parts.append(_numbers("loss", header, "cell_loss", delimiter, "cell_used"))
    return [*parts, Part(["status"], _statuses, _statuses_at_once)]


def _theirs(header: Header, first: Outcome, delimiter: str) -> list[Part]:
    """The input's part of each record."""
    originals = first.batch.originals
    if not originals:
        return _synthesised(header, delimiter)
    if isinstance(originals[0].cells, Mapping):
        from cecalc.views.objects import Layout

        layout = Layout.of(originals[0].cells, header)
        return [Part(layout.names, layout.records(delimiter.join, quoting(delimiter)))]
    is_same = header.schema.delimiter == delimiter
    fields = header.schema.fields or ()
    if is_same:
        return [Part(fields, _passed, _passed_at_once)]
    return [Part(fields, _requoted(delimiter))]


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
    of = attrgetter(array)
    flags = attrgetter(used) if used else lambda _: None
    is_lone = header.width == 1 and header.task in (Task.BCE, Task.SIGMOID)
    names = [f"{name}_{label}" for label in header.labels]

    def strings(outcome: Outcome) -> Any:
        from cecalc.views import bulk

        return bulk.rows(of(outcome), flags(outcome), delimiter)

    return Part(
        [name] if is_lone and not header.schema.classes else names,
        lambda outcome: list(map(delimiter.join, write_rows(of(outcome), flags(outcome)))),
        strings,
    )


def _passed(outcome: Outcome) -> list[str]:
    return [original.text for original in outcome.batch.originals or ()]


def _passed_at_once(outcome: Outcome) -> Any:
    from cecalc.views import bulk

    return bulk.lines(outcome.batch.originals)


def _requoted(delimiter: str) -> Texts:
    quote = quoting(delimiter)
    return lambda outcome: [
        delimiter.join(map(quote, original.cells)) for original in outcome.batch.originals or ()
    ]


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
