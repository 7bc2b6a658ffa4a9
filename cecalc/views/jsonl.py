"""JSON lines: an object per row, the input's own members first, then ours; no summary."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from cecalc.records import Groups, Header, Item, Outcome, Screen
from cecalc.selection import select
from cecalc.views import Selection, columns, fragments, groups
from cecalc.views.column import Column, Sort

Members = Mapping[str, str]
"""A row's members by their keys, each as it is written: ``"loss": 1.5``."""


@dataclass(frozen=True)
class Theirs:
    """What the input gives each object."""

    names: set[str]
    """The keys of the first one."""
    bodies: Callable[[Outcome], list[str]]
    """All its members, joined, for each row of a batch."""
    members: Callable[[Outcome, Collection[str]], list[Members]]
    """Those with certain keys, apart."""


def render(items: Iterator[Item], _screen: Screen, selection: Selection) -> Iterator[str]:
    """One object per line and row."""
    header, rest = columns.stream_of(items)
    added = _added(header)
    reserved = _reserved(added)
    theirs: Theirs | None = None
    prefix = ""
    chosen: list[str] | None = None
    for outcome in rest:
        if isinstance(outcome, Groups):
            yield "".join(
                map("{}\n".format, objects(groups.of(header, outcome, selection), outcome))
            )
        if not isinstance(outcome, Outcome):
            continue
        if theirs is None:
            theirs = _theirs(header, outcome)
            prefix = columns.prefix_of(reserved, theirs.names, selection)
            chosen = _chosen(theirs, outcome, added, prefix, selection)
        if not selection.only_added:
            _check(header, outcome, {prefix + name for name in reserved})
        parts = [fragments.members(column, outcome, prefix) for column in added]
        ends = fragments.ignored(outcome.used, prefix)
        if chosen is None:
            bodies = [] if selection.only_added else [theirs.bodies(outcome)]
            ours = map(", ".join, zip(*bodies, *parts, strict=True))
            yield "".join(f"{{{our}{end}}}\n" for our, end in zip(ours, ends, strict=True))
        else:
            yield "".join(_picked(theirs, outcome, prefix, added, parts, ends, chosen))


def objects(members: list[Column], rows: Outcome | Groups) -> list[str]:
    """An object for each row, of one member for each column."""
    parts = [fragments.members(column, rows) for column in members]
    return [f"{{{', '.join(row)}}}" for row in zip(*parts, strict=True)]


def _added(header: Header) -> list[Column]:
    if not header.task.is_loss:
        return [Column("values", "values", Sort.NUMBERS, attrgetter("probs"))]
    losses = columns.losses(header)
    if columns.by_row(header):
        return [*losses, columns.prediction(header), columns.P_TARGET, columns.CORRECT]
    used = attrgetter("cell_used")
    return [*losses, Column("cells", "cells", Sort.NUMBERS, attrgetter("cell_loss"), used=used)]


def _reserved(added: list[Column]) -> set[str]:
    names = {column.name for column in added}
    return names | {f"{name}_status" for name in names} | {"status"}


def _check(header: Header, outcome: Outcome, reserved: set[str]) -> None:
    """A later object must not bring a key that the first one left to us."""
    for row, original in enumerate(outcome.batch.originals or ()):
        if not isinstance(original.cells, Mapping):
            return
        if not reserved.isdisjoint(original.cells):
            key = min(reserved.intersection(original.cells))
            rule = f"the key '{key}', which the first row has not, would stand twice"
            hint = f"give the first row '{key}' too, and ours get the prefix {columns.PREFIX}"
            raise columns.row_error(header, outcome, row, rule, hint)


def _chosen(
    theirs: Theirs, outcome: Outcome, added: list[Column], prefix: str, selection: Selection
) -> list[str] | None:
    """The keys that are asked for, of those that the first row has or ours may have."""
    if selection.columns is None:
        return None
    first = theirs.members(outcome, theirs.names)[0]
    ours = [prefix + name for name in (*(column.name for column in added), "status")]
    names = ours if selection.only_added else [*first, *ours]
    return [names[i] for i in select(names, selection.columns, "--select")]


def _picked(
    theirs: Theirs,
    outcome: Outcome,
    prefix: str,
    added: list[Column],
    parts: list[list[str]],
    ends: list[str],
    chosen: list[str],
) -> Iterator[str]:
    names = [prefix + column.name for column in added]
    given = theirs.members(outcome, set(chosen))
    for body, end, *ours in zip(given, ends, *parts, strict=True):
        members = {**body, **dict(zip(names, ours, strict=True))}
        if end:
            members[f"{prefix}status"] = end.removeprefix(", ")
        yield f"{{{', '.join(members[name] for name in chosen if name in members)}}}\n"


def _theirs(header: Header, first: Outcome) -> Theirs:
    originals = first.batch.originals
    if not originals:
        return _synthesised(header)
    if isinstance(originals[0].cells, Mapping):
        return Theirs(set(originals[0].cells), _spliced, _apart)
    return _fields(_keys(header.schema.fields or ()))


def _keys(names: tuple[str, ...]) -> tuple[str, ...]:
    """A key for each column; of several without a name, their numbers."""
    if names.count("") < 2:
        return names
    prefix = "column_"
    while any(name.startswith(prefix) for name in names):
        prefix = f"_{prefix}"
    return tuple(name or f"{prefix}{number}" for number, name in enumerate(names, 1))


def _spliced(outcome: Outcome) -> list[str]:
    # A line end inside an object can only stand between its members, where a blank does as well.
    return [
        original.text.strip()[1:-1].rstrip().replace("\r", " ").replace("\n", " ")
        for original in outcome.batch.originals or ()
    ]


def _apart(outcome: Outcome, keys: Collection[str]) -> list[Members]:
    members = (fragments.apart(original.text) for original in outcome.batch.originals or ())
    return [{key: text for key, text in row if key in keys} for row in members]


def _fields(names: tuple[str, ...]) -> Theirs:
    keys = [fragments.quoted(name) + ": " for name in names]

    def texts(outcome: Outcome) -> Iterator[list[str]]:
        for original in outcome.batch.originals or ():
            pairs = zip(keys, original.cells, strict=True)
            yield [key + fragments.cell(text) for key, text in pairs]

    def members(outcome: Outcome, wanted: Collection[str]) -> list[Members]:
        places = [(i, name) for i, name in enumerate(names) if name in wanted]
        rows = (original.cells for original in outcome.batch.originals or ())
        return [{name: keys[i] + fragments.cell(row[i]) for i, name in places} for row in rows]

    return Theirs(set(names), lambda outcome: list(map(", ".join, texts(outcome))), members)


def _synthesised(header: Header) -> Theirs:
    """Objects as our own reader would read them, for input that had no rows of text."""
    given = _given(header)
    names = [column.name for column in given]

    def rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
        return zip(*(fragments.members(column, outcome) for column in given), strict=True)

    return Theirs(
        set(names),
        lambda outcome: list(map(", ".join, rows(outcome))),
        lambda outcome, _: [dict(zip(names, row, strict=True)) for row in rows(outcome)],
    )


def _given(header: Header) -> list[Column]:
    kind = header.schema.kind.value
    return [
        *columns.identity(header),
        Column(kind, kind, Sort.NUMBERS, attrgetter("batch.values")),
        *([columns.target(header)] if header.target_form is not None else []),
        *([columns.SAMPLE_WEIGHT] if header.has_sample_weight else []),
    ]
