"""The columns there are: one list, which every format reads.

A new column is an entry of `COLUMNS`: its name, its title, what its values are and where they come
from, when it is there (`when`), and its place in each of the formats that show it (`table` counts
for Markdown too, `csv` for TSV). With `is_asked` it is there only where `--select` names it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from cecalc.errors import DataError, Place, excerpt
from cecalc.items import Groups, Header, Item, Outcome, RowLosses
from cecalc.model import Schema, row_name
from cecalc.output.column import PEOPLE, Column, Role, Sort, View
from cecalc.request import Selection
from cecalc.selection import select, split
from cecalc.terms import Kind, Reduction, TargetForm, Task

PREFIX = "cecalc_"
MANY = 2**10
"""From how many rows on Arrow handles their texts."""
IGNORED = "ignored"
CLASS = "class"
"""What `--by` calls a target's class; for bce, a column of cells."""
CELLS_SHOWN = 8
"""A row with more cells shows only how many of them are right."""


def is_single(header: Header) -> bool:
    """Whether a row holds one binary decision, so that it has one target and one prediction."""
    return header.task is Task.BCE and header.width == 1


def by_row(header: Header) -> bool:
    """Whether a row has a prediction of its own: everything but bce with several cells."""
    return header.task is Task.CE or is_single(header)


def _by_cell(header: Header) -> bool:
    return header.task is Task.BCE and header.width > 1


def _is_loss(header: Header) -> bool:
    return header.task.is_loss


def _has_files(header: Header) -> bool:
    return header.schema.files > 1


def _has_shares(header: Header) -> bool:
    return header.target_form is TargetForm.DISTRIBUTION


def _row_numbers(outcome: Outcome) -> Any:
    return np.arange(outcome.batch.size) + outcome.batch.start


def _lines(outcome: Outcome) -> Any:
    lines = outcome.batch.lines
    return None if lines is None else np.asarray(lines)


def _places(outcome: Outcome) -> list[str]:
    batch = outcome.batch
    return [f"{batch.source}:{row_name(batch, row)}" for row in range(batch.size)]


def _at_target(outcome: Any) -> Any:
    # An ignored row has target class −1: any class will do, since the value is not shown.
    return outcome.batch.values[np.arange(outcome.size), outcome.target_class]


def _right_cells(outcome: Any) -> list[str]:
    right = (outcome.cell_correct & outcome.cell_used).sum(axis=1)
    pairs = zip(right.tolist(), outcome.cell_used.sum(axis=1).tolist(), strict=True)
    return [f"{part}/{whole}" for part, whole in pairs]


def _entropy(outcome: Any) -> Any:
    """Σ −p ln p of a row's softmax, or of p and 1 − p of its only cell: shape (N,), nats."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(outcome, RowLosses):
            p, surprisal = outcome.working(outcome.batch)
        else:
            p = np.concatenate([outcome.probs, 1 - outcome.probs], axis=1)
            surprisal = -np.log(p)
        return np.where(p == 0, 0.0, p * surprisal).sum(axis=1)


def _entropy_of_logits(outcome: Any) -> Any:
    """The same of one logit x: ln(1 + exp(−|x|)) + |x| / (1 + exp |x|), which loses no digits."""
    x = np.abs(outcome.batch.values[:, 0].astype(np.float64))
    with np.errstate(over="ignore", invalid="ignore"):
        share = x / (1 + np.exp(x))
    return np.log1p(np.exp(-x)) + np.where(np.isinf(x), 0.0, share)


def _statuses(outcome: Any) -> list[str]:
    """`ignored`, `inf` or `nan` where a row's loss is no ordinary number; empty elsewhere."""
    loss, used = outcome.loss, outcome.used
    status = [""] * outcome.size
    for row in np.flatnonzero(~(used & np.isfinite(loss))).tolist():
        status[row] = str(float(loss[row])) if used[row] else IGNORED
    return status


def _ignored(used: Any) -> list[str | None]:
    return [None if is_used else IGNORED for is_used in used.tolist()]


LOSS = attrgetter("loss")
_USED, _CELL_USED = attrgetter("used"), attrgetter("cell_used")
_TARGET = attrgetter("batch.target")

COLUMNS = (
    Column("row", "row", Sort.COUNT, _row_numbers, Role.NAME, table=1, jsonl=1, json=1,
           in_table=lambda h: not (h.has_ids or h.schema.coordinates or h.schema.files > 1)),
    Column("place", "place", Sort.TEXT, _places, Role.NAME, when=_has_files, table=1),
    Column("file", "file", Sort.TEXT, lambda rows: [rows.batch.source] * rows.size, Role.NAME,
           when=_has_files, jsonl=2, json=2),
    Column("line", "line", Sort.COUNT, _lines, Role.NAME, when=_has_files, jsonl=3, json=3),
    Column("", "", Sort.COUNTS, attrgetter("batch.coordinates"), Role.NAME,
           when=lambda h: bool(h.schema.coordinates), table=2, csv=4, jsonl=4, json=4),
    Column("id", "id", Sort.TEXT, attrgetter("batch.ids"), Role.NAME, when=lambda h: h.has_ids,
           in_table=lambda h: not h.schema.coordinates, table=3, csv=5, jsonl=5, json=5),
    Column("{kind}", "", Sort.NUMBERS, attrgetter("batch.values"), Role.GIVEN, each="{value}",
           csv=10, jsonl=10),
    Column("target", "target", Sort.CLASS, _TARGET, Role.GIVEN, table=10, csv=11, jsonl=11, json=10,
           when=lambda h: h.target_form is TargetForm.INDEX, need=1),
    Column("target", "largest target", Sort.CLASS, attrgetter("target_class"), Role.GIVEN,
           used=_USED, when=_has_shares, table=10, need=1),
    Column("target", "target", Sort.COUNT, lambda rows: rows.batch.target[:, 0], Role.GIVEN,
           when=is_single, table=10, json=10, need=1),
    Column("target", "", Sort.NUMBERS, _TARGET, Role.GIVEN, each="target", when=_has_shares,
           csv=11, jsonl=11, json=10),
    Column("target", "", Sort.NUMBERS, _TARGET, Role.GIVEN, each="target", csv=11, jsonl=11,
           when=lambda h: h.target_form is TargetForm.CELLS),
    Column("sample_weight", "weight", Sort.NUMBER, attrgetter("batch.sample_weight"), Role.GIVEN,
           when=lambda h: h.has_sample_weight, csv=12, jsonl=12),
    Column("{value}", "{value}", Sort.NUMBER, _at_target, Role.GIVEN, used=_USED, table=11,
           when=lambda h: h.task is Task.CE and h.schema.kind is not Kind.PROBS),
    Column("{value}", "{value}", Sort.NUMBER, lambda rows: rows.batch.values[:, 0], Role.GIVEN,
           used=_USED, when=is_single, table=11),
    Column("loss", "loss", Sort.NUMBER, LOSS, unit="nats", used=_USED, blank=IGNORED,
           when=_is_loss, table=32, need=0, csv=20, jsonl=20, json=20),
    Column("loss_unweighted", "unweighted", Sort.NUMBER, attrgetter("loss_unweighted"), used=_USED,
           when=lambda h: _is_loss(h) and h.has_weights, table=31, csv=21, jsonl=21, json=21),
    Column("weight", "weight", Sort.NUMBER, attrgetter("weight"), used=_USED,
           when=lambda h: _is_loss(h) and h.has_row_weight, in_table=by_row, table=30, json=22),
    Column("p_target", "p_target", Sort.NUMBER, attrgetter("p_target"), used=_USED, when=by_row,
           table=23, need=3, csv=24, jsonl=24, json=23),
    Column("prediction", "prediction", Sort.CLASS, attrgetter("prediction"), used=_USED,
           when=by_row, table=24, need=2, csv=23, jsonl=23, json=24),
    Column("p_prediction", "p_pred", Sort.NUMBER, attrgetter("p_prediction"), used=_USED,
           when=by_row, table=25, need=6),
    Column("entropy", "entropy", Sort.NUMBER, _entropy, unit="nats", used=_USED, is_asked=True,
           when=lambda h: h.task is Task.CE or (is_single(h) and h.schema.kind is Kind.PROBS),
           table=29, csv=29, jsonl=29, json=29),
    Column("entropy", "entropy", Sort.NUMBER, _entropy_of_logits, unit="nats", used=_USED,
           is_asked=True, when=lambda h: is_single(h) and h.schema.kind is Kind.LOGITS,
           table=29, csv=29, jsonl=29, json=29),
    Column("correct", "correct", Sort.FLAG, attrgetter("correct"), used=_USED, when=by_row,
           table=26, need=4, csv=26, jsonl=26, json=26),
    Column("correct", "correct", Sort.FLAG, attrgetter("correct"), used=_USED, when=_by_cell,
           json=26),
    Column("cells", "", Sort.NUMBERS, attrgetter("cell_loss"), each="loss", used=_CELL_USED,
           when=_by_cell, in_table=lambda h: h.width <= CELLS_SHOWN, table=27, csv=27, jsonl=27),
    Column("cells", "cells", Sort.OBJECTS, attrgetter("cell_loss"), json=27,
           when=lambda h: h.task is Task.BCE),
    Column("right", "right", Sort.TEXT, _right_cells, used=_USED, when=_by_cell, table=28,
           need=4),
    Column("values", "", Sort.NUMBERS, attrgetter("probs"), each="{activation}",
           when=lambda h: not h.task.is_loss, csv=20, jsonl=20, json=20),
    Column("values", "", Sort.NUMBERS, attrgetter("probs"), each="prob", table=20,
           when=lambda h: not h.task.is_loss),
    Column("status", "status", Sort.TEXT, _statuses, when=_is_loss, csv=40),
    Column("status", "status", Sort.CELL, lambda rows: _ignored(rows.used), is_sparse=True,
           when=_is_loss, json=40),
    Column("status", "status", Sort.CELL, lambda rows: _ignored(rows.used), is_sparse=True,
           jsonl=40),
)  # fmt: skip
"""Of one name there may be several, never two in one format."""

OF_CELL = (
    Column("target", "target", Sort.NUMBER, lambda rows: rows.batch.target.ravel()),
    Column("p", "p", Sort.NUMBER, lambda rows: rows.probs.ravel()),
    Column("loss", "loss", Sort.NUMBER, lambda rows: rows.cell_loss.ravel(),
           used=lambda rows: rows.cell_used.ravel()),
    Column("correct", "correct", Sort.FLAG, lambda rows: rows.cell_correct.ravel(),
           used=lambda rows: rows.cell_used.ravel()),
    Column("status", "status", Sort.CELL, lambda rows: _ignored(rows.cell_used.ravel()),
           is_sparse=True),
)  # fmt: skip
"""The same of `Sort.OBJECTS`, with a value for each cell of each row."""


def _with_rows(groups: Groups) -> Any:
    return groups.rows > 0


OF_GROUP = (
    Column("loss", "loss", Sort.NUMBER, LOSS, unit="nats, {how}", used=_with_rows, need=0),
    Column("rows", "rows", Sort.COUNT, attrgetter("rows"), need=1),
    Column("accuracy", "accuracy", Sort.NUMBER, attrgetter("accuracy"), used=_with_rows, need=2),
    Column("cell_accuracy", "cell accuracy", Sort.NUMBER, attrgetter("cell_accuracy"),
           used=_with_rows),
    Column("share", "of all loss", Sort.NUMBER, attrgetter("share"),
           used=lambda groups: ~np.isnan(groups.share)),
)  # fmt: skip
"""The same of groups, in every format, each where its figure is there."""


def of(header: Header, view: View) -> list[Column]:
    """The columns that a format has, in its order."""
    found: list[Column] = []
    for column in sorted(COLUMNS, key=attrgetter(view)):
        is_there = getattr(column, view) and column.when(header)
        if is_there and (view != "table" or column.in_table(header)):
            known = _known(column, header)
            is_split = view == "table" and known.sort is Sort.NUMBERS
            found += known.split() if is_split or known.sort is Sort.COUNTS else [known]
    return found


def _known(column: Column, header: Header) -> Column:
    """A column as it is in a run: what its names leave open, and the classes."""
    kind = header.schema.kind.value
    words = {
        "kind": kind,
        "value": kind.removesuffix("s"),
        "activation": "log_prob" if header.log else "prob",
    }
    classes = header.schema.classes
    is_lone = header.width == 1 and header.task in (Task.BCE, Task.SIGMOID)
    names = enumerate(classes or ()) if header.task is Task.CE else ()
    return replace(
        column,
        name=column.name.format(**words),
        title=column.title.format(**words),
        each=column.each.format(**words),
        labels=header.schema.coordinates if column.sort is Sort.COUNTS else header.labels,
        is_lone=is_lone and not classes,
        names=dict(names) if column.sort is Sort.CLASS else {},
    )


def of_groups(header: Header, groups: Groups, selection: Selection) -> list[Column]:
    """The columns of groups, or those that are asked for: what a group is, then its figures."""
    by = header.by or ()
    how = "sum" if header.reduction is Reduction.SUM else "mean"
    keys = [Column(n, n, Sort.CELL, partial(_key, k), need=0) for k, n in enumerate(by)]
    ours = [column for column in OF_GROUP if column.of(groups) is not None]
    prefix = prefix_of({column.name for column in ours}, set(by), selection)
    ours = [replace(c, name=prefix + c.name, unit=c.unit.format(how=how)) for c in ours]
    every = [*keys, *ours]
    return every if selection.columns is None else picked(every, selection.columns)


def _key(k: int, groups: Groups) -> list[str]:
    return [key[k] for key in groups.keys]


def stream_of(items: Iterator[Item]) -> tuple[Header, Iterator[Item]]:
    """The header, and the items after it, without empty batches."""
    header: Any = next(items)
    return header, (item for item in items if not isinstance(item, Outcome) or item.batch.size)


def given(header: Header, every: Iterable[Column]) -> list[Column]:
    """Those of a format that say what the input says, for input that had no text to pass on."""
    found = [column for column in every if column.role is not Role.RESULT]
    if (types := header.schema.types) is None:
        return found
    # Columns of lists are a value for each class, as ours are.
    schema, known = header.schema, {column.name: column for column in found}
    target = schema.target_columns if schema.target_source is None else ()
    lists = {
        columns[0][1]: known[name]
        for columns, name in ((schema.columns, schema.kind.value), (target, "target"))
        if len(columns) == 1 and name in known and types[columns[0][1]].num_fields
    }
    theirs = [replace(lists.get(c.name, c), name=c.name) for c in fields(header)]
    return [*(known[name] for name in schema.coordinates if name not in types), *theirs]


def identity(header: Header) -> list[Column]:
    """What tells rows apart: number, file and line where there are several, coordinates, id."""
    return [column for column in of(header, "json") if column.role is Role.NAME]


def row_title(header: Header, outcome: Outcome) -> str:
    """What a table calls a row: its coordinates, else its identifier, else its number."""
    names = [column for column in of(header, "table") if column.role is Role.NAME]
    return ", ".join(f"{name.title} {name.texts(outcome, PEOPLE)[0]}" for name in names)


def keys(header: Header) -> list[Column]:
    """What `--by` takes beside the columns of the input."""
    if not by_row(header):
        return identity(header)
    found = {column.name: column for column in of(header, "table")}
    target = found["target"]
    parts = target, found["prediction"], found["correct"], replace(target, name=CLASS)
    return [*identity(header), *parts]


def results(header: Header) -> set[str]:
    """The names of what is computed."""
    return {column.name for column in of(header, "csv") if column.role is Role.RESULT}


def fields(header: Header) -> list[Column]:
    """The input's own columns, where its rows pass through."""
    names = (header.schema.fields or ()) if header.has_originals else ()
    if header.schema.types is not None:
        from cecalc.output.typed_columns import column_of

        return list(itertools.starmap(column_of, header.schema.types.items()))
    return [
        Column(name, name, Sort.CELL, partial(_cells, header.schema, position))
        for position, name in enumerate(distinct(names))
    ]


def distinct(names: Sequence[str]) -> list[str]:
    """A key for each column; of several without a name, their numbers."""
    if names.count("") < 2:
        return list(names)
    prefix = "column_"
    while any(name.startswith(prefix) for name in names):
        prefix = f"_{prefix}"
    return [name or f"{prefix}{number}" for number, name in enumerate(names, 1)]


def _cells(schema: Schema, position: int, outcome: Outcome) -> Sequence[Any]:
    names = schema.fields or ()
    originals = outcome.batch.originals or ()
    if schema.delimiter and len(originals) >= MANY:
        from cecalc.output import arrow_text

        found = arrow_text.cells(originals, schema.delimiter, len(names), position)
        if found is not None:
            return found
    name, rows = names[position], input_cells(outcome)
    return [row.get(name) if isinstance(row, Mapping) else row[position] for row in rows]


def input_cells(outcome: Outcome) -> Iterator[Any]:
    """The cells of each row of the input, or the row's object."""
    return (original.cells for original in outcome.batch.originals or ())


def offered(found: Iterable[Column], given: Iterable[str], selection: Selection) -> list[Column]:
    """Without those that have to be asked for and are not, or whose name means one of the input."""
    asked = {part for _, part in split(selection.columns or "")} - set(given)
    prefix = selection.prefix or ""
    return [
        column
        for column in found
        if not column.is_asked or asked & {prefix + column.name, PREFIX + column.name}
    ]


def selected(header: Header, view: View, selection: Selection) -> list[Column]:
    """The columns of a format that shows its own, or those that are asked for by name."""
    theirs = [column.name for column in fields(header)]
    own = offered(of(header, view), theirs, selection)
    asked = selection.columns
    return own if asked is None else chosen(own, header, asked, "--select")


def chosen(own: list[Column], header: Header, specification: str, option: str) -> list[Column]:
    """The columns that an option names: the input's, in its order, then our own.

    One of ours whose name is taken keeps clear of it; only the target is shown as it was read.
    """
    theirs = fields(header)
    if {name for _, name in header.schema.target_columns} == {"target"}:
        read = {column.name: column for column in own if column.name == "target"}
        theirs = [read.get(column.name, column) for column in theirs]
    taken = {column.name for column in theirs}
    free = [column for column in own if column.role is Role.RESULT or column.name not in taken]
    ours = [replace(c, name=free_prefix({c.name}, taken) + c.name) for c in free]
    found = picked([*theirs, *ours], specification, option)
    return [
        replace(column, title=column.name, is_sparse=False, need=place)
        for place, column in enumerate(found)
    ]


def picked(every: Sequence[Column], specification: str, option: str = "--select") -> list[Column]:
    """Those that a specification names, in its order."""
    return [every[i] for i in select([column.name for column in every], specification, option)]


def prefix_of(ours: set[str], theirs: set[str], selection: Selection) -> str:
    """What to put before our names: what is asked for, or what keeps them apart.

    Raises
    ------
    DataError : with the prefix that is asked for, a name is already one of the input
    """
    if selection.only_added:
        return selection.prefix or ""
    if selection.prefix is None:
        return free_prefix(ours, theirs)
    if taken := sorted(theirs & {selection.prefix + name for name in ours}):
        option = f"--prefix {excerpt(selection.prefix)}"
        rule = f"{option}: the input has a column {excerpt(taken[0])} already"
        raise DataError(rule, hint="choose another prefix, or leave the choice to cecalc")
    return selection.prefix


def free_prefix(ours: set[str], theirs: set[str]) -> str:
    """What to put before our names so that none is already a name in the input.

    >>> free_prefix({"loss"}, {"id", "loss"})
    'cecalc_'
    """
    prefix = ""
    while theirs & {prefix + name for name in ours}:
        prefix += PREFIX
    return prefix


def row_error(header: Header, outcome: Outcome, row: int, rule: str, hint: str) -> DataError:
    """An error about the `row`-th row of a batch."""
    lines = outcome.batch.lines
    place = Place(
        source=outcome.batch.source or header.schema.source,
        line=None if lines is None else lines[row],
        row=outcome.batch.start - outcome.batch.earlier + row,
    )
    return DataError(rule, place=place, hint=hint)
