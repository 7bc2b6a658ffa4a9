"""Bounds that a figure of the summary has to keep: `--fail-above`, `--fail-below`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from cecalc.errors import Status
from cecalc.numerals import write_number
from cecalc.records import Diagnosis, Item, Report, Task
from cecalc.views import figures

FIGURES = (
    "loss", "numerator", "denominator", "rows_given", "rows_used", "rows_ignored", "mean",
    "perplexity", "bits", "accuracy", "chance", "label_entropy", "floor", "excess",
)  # fmt: skip
OF_ROWS = ("mean_over_rows",)
OF_CELLS = ("cells_given", "cells_used", "cells_ignored", "cell_accuracy", "mean_over_cells")


def known(task: Task) -> tuple[str, ...]:
    """The figures that can be bounded."""
    return FIGURES + (OF_CELLS if task is Task.BCE else OF_ROWS)


@dataclass(frozen=True)
class Bound:
    """What a figure may be at most (or at least); nats where it is a loss."""

    figure: str
    limit: float
    is_ceiling: bool
    """Whether a figure above it fails, not one below it."""


@dataclass(frozen=True)
class Failure:
    """A bound that does not hold."""

    bound: Bound
    value: float | None
    """The figure; None where there is none."""

    @property
    def by(self) -> float | None:
        """How far the figure is beyond the bound."""
        return None if self.value is None else abs(self.value - self.bound.limit)

    def __str__(self) -> str:
        bound = self.bound
        limit = write_number(bound.limit)
        side = "above" if bound.is_ceiling else "below"
        if self.value is None:
            return f"{bound.figure} is undefined, and has to be known not to be {side} {limit}"
        if math.isnan(self.value):
            return f"{bound.figure} is nan, and has to be known not to be {side} {limit}"
        return f"{bound.figure} {write_number(self.value)} is {side} {limit} by {self.by:.6g}"

    def as_json(self) -> str:
        """The same facts as one JSON object on a line."""
        bound, value = self.bound, self.value
        facts = {
            "kind": "check",
            "status": int(Status.DOES_NOT_HOLD),
            "rule": str(self),
            "figure": bound.figure,
            "value": value if value is not None and math.isfinite(value) else None,
            "limit": bound.limit if math.isfinite(bound.limit) else None,
            "side": "above" if bound.is_ceiling else "below",
        }
        return json.dumps(facts)


def broken(bounds: tuple[Bound, ...], report: Report) -> list[Failure]:
    """The bounds that the figures do not keep; one without a figure counts among them."""
    values = dict(figures.members(report))
    failures = []
    for bound in bounds:
        value = values.get(bound.figure)
        if not isinstance(value, float | int):
            failures.append(Failure(bound, None))
        elif not (value <= bound.limit if bound.is_ceiling else value >= bound.limit):
            failures.append(Failure(bound, float(value)))
    return failures


@dataclass
class Checked:
    """Looks at the report, or the diagnosis, as it passes."""

    bounds: tuple[Bound, ...]
    failures: list[Failure] = field(default_factory=list)
    is_unexplained: bool = False
    """Whether a number was asked about that nothing explains."""

    def of(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items, as they are."""
        for item in items:
            if isinstance(item, Report):
                self.failures = broken(self.bounds, item)
            elif isinstance(item, Diagnosis):
                self.is_unexplained = not item.matches
            yield item
