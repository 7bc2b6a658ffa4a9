"""The columns of a row that people read, in tables and in markdown."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from cecalc.records import Groups, Header, Kind, Outcome, TargetForm
from cecalc.views import columns
from cecalc.views.column import Column, Sort

CELLS_SHOWN = 8
"""A row with more cells shows only how many of them are right."""
CLASSES_SHOWN = 12


def of(header: Header) -> list[Column]:
    """The columns of a loss, from what a row is to what it costs."""
    losses = [columns.UNWEIGHTED, columns.LOSS] if header.has_weights else [columns.LOSS]
    if not columns.by_row(header):
        cells = columns.per_class("loss", header, "cell_loss", "cell_used")
        few = cells if header.width <= CELLS_SHOWN else []
        return [*identity(header), *few, right_cells(), *losses]
    return [
        *identity(header),
        target(header),
        *_given(header),
        columns.P_TARGET,
        columns.prediction(header),
        columns.P_PREDICTION,
        columns.CORRECT,
        *([columns.WEIGHT] if header.has_row_weight else []),
        *losses,
    ]


def identity(header: Header) -> list[Column]:
    """What names a row: its coordinates, else its identifier, else its number."""
    places = columns.place(header)
    if header.schema.coordinates:
        return [*places, *columns.coordinates(header)]
    return [*places, columns.ID] if header.has_ids else places or columns.identity(header)[:1]


def target(header: Header) -> Column:
    """One class per row: the target, or its largest share."""
    if header.target_form is TargetForm.DISTRIBUTION:
        return Column(
            "target",
            "largest target",
            Sort.CLASS,
            attrgetter("target_class"),
            used=attrgetter("used"),
            names=columns.class_names(header),
        )
    if header.target_form is TargetForm.CELLS:
        return Column("target", "target", Sort.COUNT, _only_target)
    return columns.target(header)


def _only_target(outcome: Outcome) -> Any:
    assert outcome.batch.target is not None
    return outcome.batch.target[:, 0]


def right_cells() -> Column:
    """How many of the cells that count are right."""
    return Column("right", "right", Sort.TEXT, _right_cells, used=attrgetter("used"))


def _right_cells(outcome: Outcome) -> list[str]:
    correct, used = outcome.cell_correct, outcome.cell_used
    assert correct is not None and used is not None
    right = (correct & used).sum(axis=1)
    pairs = zip(right.tolist(), used.sum(axis=1).tolist(), strict=True)
    return [f"{part}/{whole}" for part, whole in pairs]


def _given(header: Header) -> list[Column]:
    """The target's number in the input, where it is not the target's probability itself."""
    if header.schema.kind is Kind.PROBS and not columns.is_single(header):
        return []
    name = columns.value_name(header)
    at = _first if columns.is_single(header) else _at_target
    return [Column(name, name, Sort.NUMBER, at, used=attrgetter("used"))]


def _first(outcome: Outcome) -> Any:
    return outcome.batch.values[:, 0]


def _at_target(outcome: Outcome) -> Any:
    import numpy as np

    assert outcome.target_class is not None
    # An ignored row has target class −1: any class will do, since the value is not shown.
    return outcome.batch.values[np.arange(outcome.batch.size), outcome.target_class]


def of_values(header: Header) -> list[Column]:
    """The columns of softmax and sigmoid: a probability per class."""
    return [*identity(header), *columns.per_class("prob", header, "probs")]


def gathered(column: Column, rows: Sequence[Outcome | Groups]) -> list[str]:
    """A column's texts over several outcomes."""
    return [text for outcome in rows for text in column.shown(outcome)]
