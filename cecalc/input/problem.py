"""Problems: batches of rows made of what an input holds and what options gave beside it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from cecalc.errors import CecalcError, DataError, Place, excerpt
from cecalc.input.cells import columns_of, settled
from cecalc.input.classes import Classes, shown_names
from cecalc.input.extra_arrays import ExtraArray, check_length, left_alone
from cecalc.input.glimpses import glimpses
from cecalc.input.layout import Layout
from cecalc.input.names import flags, is_negative, kind_of, numbered, pattern, targets_among
from cecalc.input.pairing import Held, beside
from cecalc.input.shapes import aligned
from cecalc.input.table import Reading, Table, TableBlock
from cecalc.input.target_reader import TargetReader
from cecalc.join import IdJoin
from cecalc.model import Batch, Block, Columns, Floats, Problem, Schema
from cecalc.numbers import is_number
from cecalc.request import Inline, InputRequest
from cecalc.terms import TargetAs, Task


def stated(
    schema: Schema,
    extras: Iterable[ExtraArray | None],
    blocks: Iterator[Block],
    notes: tuple[str, ...] = (),
) -> Problem:
    """The problem of these blocks; the first one tells what the schema leaves open.

    Parameters
    ----------
    schema : what is known already
    extras : what stands beside the values
    blocks : there is one at least
    notes : what is worth knowing about how the rest was read

    Raises
    ------
    DataError : a row of the first block breaks a rule, or the classes have more or fewer names
    """
    first, parts, every = next(blocks)(), dict[str, Any](), list(schema.notes)
    joins: tuple[IdJoin, ...] = ()
    for extra in extras:
        if extra is not None:
            parts[f"{extra.name}_columns"] = extra.columns
            parts[f"{extra.name}_source"] = extra.source
            every += extra.notes
            joins += () if extra.join is None else (extra.join,)
            if extra.name == "target":
                parts["target_in"] = extra.stands_in
    axes = [f"d{i}" for i, _ in enumerate(first.extents, 1)]
    schema = replace(
        schema,
        classes=shown_names(schema.classes, first.values.shape[1]),
        coordinates=("n", *axes) if axes else (),
        notes=(*every, *notes),
        joins=joins,
        **parts,
    )
    return Problem(schema, itertools.chain([lambda: first], blocks))


def batch_of(columns: Columns, start: int, request: InputRequest) -> Batch:
    """Some entries of axis 0 from `start` on, laid out in rows.

    Parameters
    ----------
    columns : values of shape (C,), (N, C) or (N, C, d1, …, dK), for bce and sigmoid (N,), (N, M) or
        more; a target of the same shape, or one dimension fewer
    start : the number of the first entry
    request : decides whether axis 1 is the class or every value is a cell

    Raises
    ------
    DataError : the shapes do not go together
    """
    given = None if columns.target is None else columns.target.shape
    shape, target_shape = aligned(request.task, columns.values.shape, given, request.target_form)
    values = columns.values.reshape(shape)
    target = None if columns.target is None else columns.target.reshape(target_shape)
    n, classes, *rest = shape
    if not rest or request.task in (Task.BCE, Task.SIGMOID):
        if rest and target is not None:
            target = target.reshape(n, -1)
        parts = vars(columns) | {"values": values.reshape(n, -1), "target": target}
        return Batch(**parts, start=start, cell_shape=shape[1:])
    per_row = math.prod(rest)
    if target is not None:
        target = target.reshape(-1) if target.ndim < values.ndim else _class_last(target)
    coordinates = np.indices((n, *rest)).reshape(len(rest) + 1, -1).T
    coordinates[:, 0] += start
    laid: dict[str, Any] = {"values": _class_last(values), "target": target, "fault": columns.fault}
    beside = {k: _spread(v, per_row) for k, v in vars(columns).items() if k not in laid}
    return Batch(
        **laid,
        **beside,
        start=start * per_row,
        coordinates=coordinates,
        extents=tuple(rest),
        cell_shape=(classes,),
    )


def _class_last(array: Floats) -> Floats:
    return np.moveaxis(array, 1, -1).reshape(-1, array.shape[1])


def _spread(items: Any, times: int) -> Any:
    """What stands beside entries, for each of the rows that one of them became."""
    if items is None or hasattr(items, "ndim"):
        return items if items is None else items[np.repeat(np.arange(len(items)), times)]
    return [item for item in items for _ in range(times)]


def from_table(table: Table, request: InputRequest) -> Problem:
    """The problem a table holds; its first block is read to learn the shapes.

    Raises
    ------
    DataError : a row of the first block breaks a rule
    """
    _refuse_misread(table, request)
    table = _noted(table, request)
    layout, fields = table.layout, table.fields
    if request.sample_weight is not None:  # which wins over the table's own
        layout = replace(layout, sample_weight=None)
        table = replace(table, layout=layout)
    names = None if layout.binary else request.classes or layout.names or None
    if request.target_as is None and _has_names(layout):
        request = replace(request, target_as=TargetAs.NAME)
    reading = table.reading(request.task, Classes.of(request, layout.binary or names))
    held = beside(table, TargetReader(request, names, (-1, *reading.row_shape)))
    reading = settled(reading)
    columns, targets = table.named(layout.values), table.named(layout.target)
    of = f" of the class in {fields[i]}" if (i := layout.prediction) is not None else ""
    schema = Schema(
        source=table.source,
        kind=layout.kind,
        classes=names,
        fields=tuple(fields),
        delimiter=table.delimiter,
        header_text=table.header_text,
        types=table.types,
        columns=columns,
        target_columns=targets,
        values_in=pattern([name for _, name in columns]) + of,
        target_in=pattern([name for _, name in targets]),
        sample_weight_columns=table.named([i for i in [layout.sample_weight] if i is not None]),
        says_kind=all(kind_of(name) is layout.kind for _, name in columns),
        files=table.files,
        notes=layout.notes,
    )
    blocks = _blocks(reading, held, request)
    try:
        return stated(schema, (extra for extra, _ in held), blocks, reading.classes.notes)
    except DataError as error:
        is_open = (names is None or numbered(names)) and bool(layout.target)
        if is_open and not error.ways and error.hint is None:
            _offer_names(error, table)
        raise error.at(source=table.source) from None


def _noted(table: Table, request: InputRequest) -> Table:
    """The same, with notes about columns that are left alone: beside what options give, or where
    targets were compared in the first of the rows alone.
    """
    layout, fields, blocks = table.layout, table.fields, table.blocks
    truths = targets_among(fields, set(range(len(fields))) - set(layout.used))
    weights = () if layout.sample_weight is None else (layout.sample_weight,)
    own = ([fields[i] for i in positions] for positions in (truths, weights))
    notes = [*layout.notes, *left_alone(request, table.source, *own)]
    if layout.alike:
        first = list(itertools.islice(blocks, 2))
        blocks, rows = itertools.chain(first, blocks), len(table.head(layout.alike[0]))
        if rows < sum(block.count for block in first):
            name, *others = (excerpt(fields[i]) for i in (*layout.target, *layout.alike))
            few = ", ".join(others)
            notes.append(f"read {name}, left {few} alone: the same in the first {rows} rows")
    return replace(table, layout=replace(layout, notes=tuple(notes)), blocks=blocks)


def _has_names(layout: Layout) -> bool:
    """Whether targets are names, whatever those are: found among them, or said of 0 and 1."""
    is_found = layout.prediction is not None and bool(layout.names)
    return is_found or bool(layout.binary and all(map(is_number, layout.binary)))


def _offer_names(error: DataError, table: Table) -> None:
    """Let an error say how names in the target are those of classes that have none."""
    from cecalc.input.suggestions import orders

    layout, fields = table.layout, [""] * len(table.fields)
    truth, *scores = glimpses(fields, table.head, (*layout.target[:1], *layout.values))
    names, is_one = sorted(truth.classes), layout.is_single and not table.lists
    if truth.numbers is None and len(names) == max(2, len(scores)):
        error.hint = "of one score, that is bce" if is_one else "name the classes with --classes"
        found = orders(names, truth, scores[-1]) if len(names) == 2 else [names]
        ways = [(f"--classes={','.join(each)}",) for each in found]
        error.ways = (("bce",), *(("bce", *each) for each in ways)) if is_one else tuple(ways)


def _refuse_misread(table: Table, request: InputRequest) -> None:
    """Refuse a row for each class, a target that is the name of a column, and numbers beside what
    is the case before what is not.
    """
    layout, source = table.layout, table.source
    if layout.is_single and not (request.no_header or table.lists):
        from cecalc.input.foreign import refuse_long

        refuse_long(table.fields, table.head, layout.values, request.task, source)
    is_open = request.task is Task.CE and request.classes is None and request.target_as is None
    if is_open and len(layout.target) < 2:
        _refuse_turned(table)
    name = request.target.nested if isinstance(request.target, Inline) else None
    if isinstance(name, str) and name in table.fields:
        raise DataError(
            f"--target {name} is a column, not a target",
            place=Place(source=source),
            hint=f"name the column with --target-col {name}",
            ways=(("!--target", f"--target-col={name}"),),
        )


def _refuse_turned(table: Table) -> None:
    """Refuse numbers as targets of two classes of which the first is called the positive one."""
    names, cells = table.layout.names, (cell for i in table.layout.target for cell in table.head(i))
    is_other = any(is_number(name) or flags([name]) for name in names)  # which has its own rule
    are_turned = not is_other and [*map(is_negative, names)] == [False, True]
    if are_turned and all(is_number(str(cell)) for cell in cells):
        a, b = names
        raise DataError(
            f"class 0 is {excerpt(a)} by its column, and {excerpt(b)} by its name",
            place=Place(source=table.source),
            hint="say the order of the names with --classes, or that columns count",
            ways=((f"--classes={b},{a}",), ("--target-as=index",)),
        )


def _blocks(reading: Reading, extras: Sequence[Held], request: InputRequest) -> Iterator[Block]:
    rows = 0
    for block in reading.blocks:
        rows = block.start + block.count
        yield partial(_parsed, block, reading, extras, request)
    for extra, numbers in extras:
        if extra.join is None:
            check_length(extra.title, len(numbers), rows, reading.source, extra.ways)


def _parsed(
    block: TableBlock, reading: Reading, extras: Sequence[Held], request: InputRequest
) -> Batch:
    """The batch of a block; every error names the table."""
    source = block.source or reading.source
    try:
        columns = columns_of(block, replace(reading, source=source))
        for extra, numbers in extras:
            columns = extra.beside(columns, numbers, block.start)
        batch = batch_of(columns, block.start, request)
    except CecalcError as error:
        raise error.at(source=source) from None
    if batch.fault is not None:
        batch.fault.at(source=source)
    sources = {extra.name: extra.place() for extra, _ in extras if extra.is_placed}
    return replace(batch, source=block.source, earlier=block.earlier, sources=sources)
