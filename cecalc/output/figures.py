"""The figures of a summary: under their keys for programs, in words for people."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from cecalc.errors import Status
from cecalc.model import Item, Report
from cecalc.numbers import aligned, brief, rounded, write_number
from cecalc.terms import Task

Value = float | str | None


@dataclass(frozen=True)
class SummaryLine:
    """One line of a summary for people."""

    name: str
    number: str
    """Empty where the line consists of words."""
    words: str


def members(report: Report) -> Iterator[tuple[str, Value]]:
    """Every figure by its key, losses in nats."""
    header = report.header
    if report.loss is not None:
        yield "loss", report.loss
    yield "reduction", header.reduction.value
    yield "numerator", report.numerator
    yield "denominator", report.denominator
    yield "denominator_is", report.denominator_is
    for unit in ("rows", "cells") if report.cells_given is not None else ("rows",):
        for what in ("given", "used", "ignored"):
            yield f"{unit}_{what}", getattr(report, f"{unit}_{what}")
    yield "mean", report.mean
    if report.mean_by_count is not None:
        yield f"mean_over_{_counted(report)}", report.mean_by_count
    if report.floor is not None:
        yield "floor", report.floor
        yield "excess", report.excess
    yield "perplexity", perplexity(report)
    yield "bits", bits(report)
    yield "accuracy", share(report.correct, report.rows_used)
    if report.cells_correct is not None:
        yield "cell_accuracy", share(report.cells_correct, report.cells_used)
    yield "chance", report.chance
    yield "label_entropy", report.label_entropy
    yield "target_form", report.target_form
    if is_square(report):
        yield "layout", _SQUARE
    yield "input", header.schema.kind.value
    yield "source", header.schema.source
    if header.schema.stored is not None:
        yield "stored", header.schema.stored
    yield "backend", report.backend
    yield "version", report.version


def lines(report: Report) -> list[SummaryLine]:
    """The summary in words, its numbers padded so that their decimal points meet."""
    found = [
        *_loss(report),
        *_counts(report),
        SummaryLine("target", "", report.target_form),
        *_readings(report),
        *_orientation(report),
    ]
    numbers = aligned([line.number for line in found])
    widest = max(len(number) for number in numbers)
    return [
        SummaryLine(line.name, number.rjust(widest) if line.number else "", line.words)
        for line, number in zip(found, numbers, strict=True)
    ]


def arithmetic(report: Report) -> str:
    """What computed the numbers, and from what, where the input has a dtype of its own."""
    schema = report.header.schema
    if schema.stored is None:
        return report.backend
    return f"{report.backend} · {schema.kind.replace('_', '-')} stored as {schema.stored}"


def is_square(report: Report) -> bool:
    """Whether nothing tells that rows of ce are not columns: there are as many of both, and the
    input is one that may come transposed.
    """
    header = report.header
    may_be = not (header.has_originals or header.schema.fields or header.schema.columns)
    is_ce = header.task is Task.CE and not header.schema.coordinates
    return is_ce and may_be and report.rows_given == header.width > 1


_SQUARE = "as many rows as classes: its shape cannot tell a transposed input"


def _counted(report: Report) -> str:
    return "rows" if report.cells_given is None else "cells"


def perplexity(report: Report) -> float | None:
    """Exp of the mean loss, whatever the reduction."""
    if report.mean is None:
        return None
    try:
        return math.exp(report.mean)
    except OverflowError:
        return math.inf


def bits(report: Report) -> float | None:
    """The mean loss in bits."""
    return None if report.mean is None else report.mean / math.log(2)


def share(part: int, whole: int | None) -> float | None:
    """Part / whole; None of nothing."""
    return part / whole if whole else None


def _loss(report: Report) -> Iterator[SummaryLine]:
    reduction = report.header.reduction.value
    if report.loss is None:
        yield SummaryLine("loss", "", "one for each row (reduction none)")
    else:
        yield SummaryLine("loss", rounded(report.loss), f"nats, {reduction}")
    weighted = "weighted " if report.header.has_weights else ""
    yield SummaryLine("numerator", rounded(report.numerator), f"nats, sum of the {weighted}losses")
    yield SummaryLine("denominator", brief(report.denominator), report.denominator_is)
    if report.mean_by_count is not None:
        words = f"nats, numerator / {_counted(report)}: the other weighted mean"
        yield SummaryLine("by count", rounded(report.mean_by_count), words)


def _counts(report: Report) -> Iterator[SummaryLine]:
    rows = report.rows_given, report.rows_used, report.rows_ignored
    yield SummaryLine("rows", "", "{} given, {} used, {} ignored".format(*rows))
    if is_square(report):
        yield SummaryLine("", "", _SQUARE)
    if report.cells_given is not None:
        cells = report.cells_given, report.cells_used, report.cells_ignored
        yield SummaryLine("cells", "", "{} given, {} used, {} ignored".format(*cells))


def _readings(report: Report) -> Iterator[SummaryLine]:
    if (power := perplexity(report)) is not None:
        yield SummaryLine("perplexity", rounded(power), "exp of the mean loss")
    if (mean := bits(report)) is not None:
        yield SummaryLine("bits", rounded(mean), "the mean loss / ln 2")
    yield from _accuracy("accuracy", report.correct, report.rows_used, "rows")
    if report.cells_correct is not None:
        yield from _accuracy("", report.cells_correct, report.cells_used, "cells")


def _accuracy(name: str, correct: int, used: int | None, unit: str) -> Iterator[SummaryLine]:
    part = share(correct, used)
    if part is not None:
        yield SummaryLine(name, rounded(part), f"({correct} of {used} {unit})")


def _orientation(report: Report) -> Iterator[SummaryLine]:
    is_ce = report.header.task is Task.CE
    guess = f"ln {report.header.width}" if is_ce else "ln 2"
    yield SummaryLine(guess, rounded(report.chance), "nats, a uniform guess")
    if report.floor is not None and report.excess is not None:
        words = "nats, the entropy of the soft targets: no loss is lower"
        yield SummaryLine("floor", rounded(report.floor), words)
        yield SummaryLine("excess", rounded(report.excess), "nats above it, the KL divergence")
    if report.label_entropy is not None:
        weighted = "weighted " if report.header.has_weights else ""
        words = f"nats, knowing only the {weighted}shares of labels"
        yield SummaryLine("label entropy", rounded(report.label_entropy), words)


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
    values = dict(members(report))
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
    """Looks at the items as they pass: whether what was asked for holds, and the bounds."""

    bounds: tuple[Bound, ...]
    failures: list[Failure] = field(default_factory=list)
    holds: bool = True

    def of(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items, as they are."""
        for item in items:
            if isinstance(item, Report):
                self.failures = broken(self.bounds, item)
            self.holds &= item.holds and not self.failures
            yield item
