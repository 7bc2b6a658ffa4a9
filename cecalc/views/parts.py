"""Neighbouring columns of delimited text: how their cells are written, and some of them picked."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cecalc.records import Outcome
from cecalc.selection import select
from cecalc.views.digits import write_rows

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
        from cecalc.views import bulk

        return bulk.rows(of(outcome), flags(outcome), delimiter)

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
        from cecalc.views import bulk

        return bulk.lines(outcome.batch.originals)

    titles = None if header_text is None else split(header_text, delimiter)
    return Part(fields, texts, strings, partial(_passed_columns, fields, delimiter), titles)


def _passed_columns(fields: Sequence[str], delimiter: str, positions: Sequence[int]) -> Part:
    """Some of the input's columns, each cell as it came."""

    def texts(outcome: Outcome) -> list[str]:
        rows = (split(original.text, delimiter) for original in outcome.batch.originals or ())
        return [delimiter.join([row[i] for i in positions]) for row in rows]

    def strings(outcome: Outcome) -> Any:
        from cecalc.views import bulk

        found = bulk.columns(outcome.batch.originals, delimiter, len(fields), positions)
        return bulk.strings(texts(outcome)) if found is None else found

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
