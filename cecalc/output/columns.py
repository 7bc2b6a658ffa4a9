"""The columns there are: name, unit and formatting of each, said once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Any

from cecalc.errors import DataError, Place, excerpt
from cecalc.model import CellLosses, Groups, Header, Item, Outcome, RowLosses, Schema
from cecalc.output.column import Column, Sort
from cecalc.request import Selection
from cecalc.selection import select
from cecalc.terms import Kind, TargetForm, Task

PREFIX = "cecalc_"
MANY = 2**10
"""From how many rows on Arrow handles their texts."""
IGNORED = "ignored"
CLASS = "class"
"""What `--by` calls a target's class; for bce, a column of cells."""

_USED = attrgetter("used")
LOSS = Column("loss", "loss", Sort.NUMBER, attrgetter("loss"), "nats", _USED, IGNORED)
UNWEIGHTED = Column(
    "loss_unweighted", "unweighted", Sort.NUMBER, attrgetter("loss_unweighted"), used=_USED
)
WEIGHT = Column("weight", "weight", Sort.NUMBER, attrgetter("weight"), used=_USED)
P_TARGET = Column("p_target", "p_target", Sort.NUMBER, attrgetter("p_target"), used=_USED)
P_PREDICTION = Column("p_prediction", "p", Sort.NUMBER, attrgetter("p_prediction"), used=_USED)
CORRECT = Column("correct", "correct", Sort.FLAG, attrgetter("correct"), used=_USED)
SAMPLE_WEIGHT = Column("sample_weight", "weight", Sort.NUMBER, attrgetter("batch.sample_weight"))
ID = Column("id", "id", Sort.TEXT, attrgetter("batch.ids"))

_OF_INPUT = {
    "row", "file", "line", "place", "id", "target", CLASS, "logit", "prob", "log_prob",
    "sample_weight",
}  # fmt: skip
"""Columns of ours that say what the input says."""

FILE = Column("file", "file", Sort.TEXT, lambda rows: [rows.batch.source] * rows.batch.size)
LINE = Column("line", "line", Sort.COUNT, lambda rows: _array(rows.batch.lines))


def stream_of(items: Iterator[Item]) -> tuple[Header, Iterator[Item]]:
    """The header, and the items after it, without empty batches."""
    header = next(items)
    assert isinstance(header, Header)
    return header, (item for item in items if not isinstance(item, Outcome) or item.batch.size)


def is_single(header: Header) -> bool:
    """Whether a row holds one binary decision, so that it has one target and one prediction."""
    return header.task is Task.BCE and header.width == 1


def by_row(header: Header) -> bool:
    """Whether a row has a prediction of its own: everything but bce with several cells."""
    return header.task is Task.CE or is_single(header)


def fields(header: Header) -> list[Column]:
    """The input's own columns, where its rows pass through."""
    names = (header.schema.fields or ()) if header.has_originals else ()
    return [
        Column(name, name, Sort.CELL, partial(_cells, header.schema, position))
        for position, name in enumerate(names)
    ]


def _cells(schema: Schema, position: int, outcome: Outcome) -> Sequence[Any]:
    assert schema.fields is not None
    originals = outcome.batch.originals or ()
    if schema.delimiter and len(originals) >= MANY:
        from cecalc.output import arrow_text

        found = arrow_text.cells(originals, schema.delimiter, len(schema.fields), position)
        if found is not None:
            return found
    name = schema.fields[position]
    rows = (original.cells for original in originals)
    return [row.get(name) if isinstance(row, Mapping) else row[position] for row in rows]


def selected(own: list[Column], header: Header, selection: Selection) -> list[Column]:
    """The columns of a view that shows its own, or those that are asked for by name."""
    if selection.columns is None:
        return own
    return chosen(own, header, selection.columns, "--select")


def chosen(own: list[Column], header: Header, specification: str, option: str) -> list[Column]:
    """The columns that an option names: the input's, in its order, then our own.

    One of ours whose name is taken keeps clear of it; only the target is shown as it was read.
    """
    theirs = {column.name: column for column in fields(header)}
    targets = {name for _, name in header.schema.target_columns}
    for column in own:
        if column.name == "target" and targets == {column.name} and column.name in theirs:
            theirs[column.name] = column
    same = {*_OF_INPUT, *header.schema.coordinates}
    free = [column for column in own if not (column.name in theirs and column.name in same)]
    every = [*theirs.values(), *(_free(column, set(theirs)) for column in free)]
    names = [column.name for column in every]
    try:
        return [replace(every[i], title=names[i]) for i in select(names, specification, option)]
    except DataError as error:
        if header.schema.fields and not header.has_originals:
            error.hint = f"{error.hint}; of this format, columns are read only where they are used"
        raise


def _free(column: Column, taken: set[str]) -> Column:
    """A column of ours under a name that the input has not."""
    return replace(column, name=free_prefix({column.name}, taken) + column.name)


def class_names(header: Header) -> Mapping[float, str]:
    """The classes' names by number; none for bce, where a prediction is 0 or 1."""
    names = header.schema.classes if header.task is Task.CE else None
    return dict(enumerate(names or ()))


def prediction(header: Header) -> Column:
    """The predicted class."""
    of = attrgetter("prediction")
    return Column("prediction", "prediction", Sort.CLASS, of, used=_USED, names=class_names(header))


def losses(header: Header) -> list[Column]:
    """A row's loss, and beside it the unweighted loss where there are weights."""
    return [LOSS, UNWEIGHTED] if header.has_weights else [LOSS]


def cell(name: str, title: str, attribute: str, c: int, used: str | None = None) -> Column:
    """A column of numbers taken from column `c` of an array of shape (N, C)."""
    flags = attrgetter(used) if used else None
    return Column(
        name,
        title,
        Sort.NUMBER,
        partial(_at, attrgetter(attribute), c),
        used=flags and partial(_at, flags, c),
    )


def per_class(prefix: str, header: Header, attribute: str, used: str | None = None) -> list[Column]:
    """A column of numbers for each class, taken from an array of shape (N, C)."""
    labels = enumerate(header.labels)
    return [cell(f"{prefix}_{label}", label, attribute, c, used) for c, label in labels]


def _at(array: Callable[[Outcome], Any], c: int, outcome: Outcome) -> Any:
    return array(outcome)[:, c]


def coordinates(header: Header) -> list[Column]:
    """The coordinates of a row of K-dimensional input."""
    array = attrgetter("batch.coordinates")
    return [
        Column(name, name, Sort.COUNT, partial(_at, array, k))
        for k, name in enumerate(header.schema.coordinates)
    ]


def identity(header: Header) -> list[Column]:
    """What tells rows apart: number, file and line where there are several, coordinates, id."""
    number = Column("row", "row", Sort.COUNT, row_numbers)
    origin = [FILE, LINE] if header.schema.files > 1 else []
    return [number, *origin, *coordinates(header), *([ID] if header.has_ids else [])]


def _array(lines: Sequence[int] | None) -> Any:
    import numpy as np

    return None if lines is None else np.asarray(lines)


def place(header: Header) -> list[Column]:
    """The file and line of a row, where the input has several files."""
    return [Column("place", "place", Sort.TEXT, _places)] if header.schema.files > 1 else []


def _places(outcome: Outcome) -> list[str]:
    batch = outcome.batch
    if batch.lines is None:
        return [batch.source or ""] * batch.size
    return [f"{batch.source}:{line}" for line in batch.lines]


def row_numbers(outcome: Outcome) -> Any:
    """The number of each row in the whole input."""
    import numpy as np

    return np.arange(outcome.batch.size) + outcome.batch.start


def target(header: Header) -> Column:
    """A row's target as it was given: a class, or a list of shares."""
    of = attrgetter("batch.target")
    if header.target_form is TargetForm.INDEX:
        return Column("target", "target", Sort.CLASS, of, names=class_names(header))
    return Column("target", "target", Sort.NUMBERS, of)


def value_name(header: Header) -> str:
    """The singular of what the input's numbers are: logit, prob or log_prob."""
    return {Kind.LOGITS: "logit", Kind.PROBS: "prob", Kind.LOG_PROBS: "log_prob"}[
        header.schema.kind
    ]


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
        row=outcome.batch.start + row,
    )
    return DataError(rule, place=place, hint=hint)


CELLS_SHOWN = 8
"""A row with more cells shows only how many of them are right."""
CLASSES_SHOWN = 12


def loss_columns(header: Header) -> list[Column]:
    """The columns of a loss, from what a row is to what it costs."""
    losses = [UNWEIGHTED, LOSS] if header.has_weights else [LOSS]
    if not by_row(header):
        cells = per_class("loss", header, "cell_loss", "cell_used")
        few = cells if header.width <= CELLS_SHOWN else []
        return [*shown_identity(header), *few, right_cells(), *losses]
    return [
        *shown_identity(header),
        shown_target(header),
        *_given(header),
        P_TARGET,
        prediction(header),
        P_PREDICTION,
        CORRECT,
        *([WEIGHT] if header.has_row_weight else []),
        *losses,
    ]


def shown_identity(header: Header) -> list[Column]:
    """What names a row: its coordinates, else its identifier, else its number."""
    places = place(header)
    if header.schema.coordinates:
        return [*places, *coordinates(header)]
    return [*places, ID] if header.has_ids else places or identity(header)[:1]


def shown_target(header: Header) -> Column:
    """One class per row: the target, or its largest share."""
    if header.target_form is TargetForm.DISTRIBUTION:
        return Column(
            "target",
            "largest target",
            Sort.CLASS,
            attrgetter("target_class"),
            used=attrgetter("used"),
            names=class_names(header),
        )
    if header.target_form is TargetForm.CELLS:
        return Column("target", "target", Sort.COUNT, _only_target)
    return target(header)


def _only_target(outcome: Outcome) -> Any:
    return outcome.batch.truth[:, 0]


def right_cells() -> Column:
    """How many of the cells that count are right."""
    return Column("right", "right", Sort.TEXT, _right_cells, used=attrgetter("used"))


def _right_cells(outcome: CellLosses) -> list[str]:
    correct, used = outcome.cell_correct, outcome.cell_used
    right = (correct & used).sum(axis=1)
    pairs = zip(right.tolist(), used.sum(axis=1).tolist(), strict=True)
    return [f"{part}/{whole}" for part, whole in pairs]


def _given(header: Header) -> list[Column]:
    """The target's number in the input, where it is not the target's probability itself."""
    if header.schema.kind is Kind.PROBS and not is_single(header):
        return []
    name = value_name(header)
    at = _first if is_single(header) else _at_target
    return [Column(name, name, Sort.NUMBER, at, used=attrgetter("used"))]


def _first(outcome: Outcome) -> Any:
    return outcome.batch.values[:, 0]


def _at_target(outcome: RowLosses) -> Any:
    import numpy as np

    # An ignored row has target class −1: any class will do, since the value is not shown.
    return outcome.batch.values[np.arange(outcome.batch.size), outcome.target_class]


def activation_columns(header: Header) -> list[Column]:
    """The columns of softmax and sigmoid: a probability per class."""
    return [*shown_identity(header), *per_class("prob", header, "probs")]


def all_texts(column: Column, rows: Sequence[Outcome | Groups]) -> list[str]:
    """A column's texts over several outcomes."""
    return [text for outcome in rows for text in column.shown(outcome)]
