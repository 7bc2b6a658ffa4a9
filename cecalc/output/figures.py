"""The figures of a summary: under their keys for programs, in words for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal

from cecalc.errors import Status, as_object, count, excerpt
from cecalc.items import Groups, Item, Report
from cecalc.numbers import aligned, brief, rounded, write_number
from cecalc.terms import Reduction, Task

Value = float | str | None


_BOTH = (Task.CE, Task.BCE)


@dataclass(frozen=True)
class Figure:
    """One figure of a summary: where it comes from, and who shows it."""

    name: str
    """Its key in JSON, its name as a bound; empty for what only people are told."""
    title: str = ""
    """What people call it."""
    words: str = ""
    """What people are told beside it; `_words` says what stands in its braces."""
    of: Callable[[Report], Value] | None = None
    """Where it comes from, if not from the attribute of its name."""
    tasks: Collection[Task] = _BOTH
    """Whose figure it is."""
    json: int = 0
    """Its place in JSON, 0 where it is not there."""
    line: int = 0
    """The same in the summary for people, of the table and of Markdown."""
    is_brief: bool = False
    """Whether it is there unless all of the summary is asked for."""
    when: Callable[[Report], bool] = lambda _: True
    """Where the summary has it, since it says something."""
    is_words: bool = False
    """Whether it is no number, which `--fail-above` could take."""
    is_optional: bool = False
    """Whether JSON leaves it out where there is none."""

    def value(self, report: Report) -> Value:
        """The figure of a report; None where there is none."""
        found: Value = self.of(report) if self.of else attrgetter(self.name)(report)
        return found


def _perplexity(report: Report) -> float | None:
    if report.mean is None:
        return None
    try:
        return math.exp(report.mean)
    except OverflowError:
        return math.inf


def _share(part: int | None, whole: int | None) -> float | None:
    return None if part is None or not whole else part / whole


def _square(report: Report) -> str | None:
    """What is to be said where nothing tells that rows of ce are not columns: there are as many of
    both, and the input is one that may come transposed.
    """
    header = report.header
    may_be = not (header.has_originals or header.schema.fields or header.schema.columns)
    is_ce = header.task is Task.CE and not header.schema.coordinates
    if not (is_ce and may_be and report.rows_given == header.width > 1):
        return None
    return "as many rows as classes: its shape cannot tell a transposed input"


def _read_as(report: Report) -> str:
    """How the input was understood."""
    schema = report.header.schema
    target = f", target {schema.target_in}" if schema.target_in else ""
    return f"{schema.kind.words} {schema.values_in or f'of {schema.source}'}{target}"


def _meaning(report: Report) -> str:
    """What the loss is the mean (or the sum) of."""
    header, of, ignored = report.header, count(report.rows_used, "row"), report.rows_ignored
    if _has_cells(report):
        of, ignored = f"{count(report.cells_used or 0, 'cell')} in {of}", report.cells_ignored or 0
    weighted = "weighted, " if header.has_weights else ""
    if header.has_row_weight and header.reduction is Reduction.MEAN:
        weighted = f"over the {header.denominator_is}, "
    how = {Reduction.NONE: "one for each"}.get(header.reduction, header.reduction.value)
    left_out = f"; {ignored} ignored" if ignored else ""
    return f"{how} of {of}, {weighted}nats{left_out}"


def _has_cells(report: Report) -> bool:
    """Whether a row has several cells, which are not counted as rows are."""
    return report.header.task is Task.BCE and report.header.width > 1


_BY_COUNT = attrgetter("mean_by_count")

FIGURES = (
    Figure("loss", "loss", "{meaning}", json=1, line=1, is_optional=True, is_brief=True),
    Figure("", "loss", "{meaning}", line=1, is_brief=True,
           of=lambda r: "" if r.loss is None else None),
    Figure("reduction", of=attrgetter("header.reduction.value"), json=2, is_words=True),
    Figure("numerator", "numerator", "nats, sum of the {weighted}losses", json=3, line=2),
    Figure("denominator", "denominator", "{r.header.denominator_is}", json=4, line=3),
    Figure("denominator_is", of=attrgetter("header.denominator_is"), json=5, is_words=True),
    Figure("rows_given", json=6),
    Figure("rows_used", json=7),
    Figure("rows_ignored", json=8),
    Figure("", "rows", "{r.rows_given} given, {r.rows_used} used, {r.rows_ignored} ignored",
           of=lambda _: "", line=5),
    Figure("mean", json=12),
    Figure("perplexity", "perplexity", "exp of the mean loss", of=_perplexity, json=17, line=10),
    Figure("bits", "bits", "the mean loss / ln 2", json=18, line=11,
           of=lambda r: None if r.mean is None else r.mean / math.log(2)),
    Figure("accuracy", "accuracy", "({r.correct} of {r.rows_used} rows)", json=19, line=12,
           of=lambda r: _share(r.correct, r.rows_used), is_brief=True,
           when=lambda r: r.rows_used > 1),
    Figure("chance", "uniform guess", "nats, {guess}", json=21, line=14, is_brief=True),
    Figure("label_entropy", "label shares", "nats, a guess by the {weighted}shares of labels",
           json=22, line=15, is_brief=True,
           when=lambda r: bool(r.label_entropy) and (r.cells_used or r.rows_used) > 1),
    Figure("floor", "floor", "nats, the entropy of the soft targets: no loss is lower",
           json=15, line=16, is_optional=True, is_brief=True),
    Figure("excess", "excess", "nats above it, the KL divergence",
           json=16, line=17, is_optional=True, is_brief=True),
    Figure("cells_given", tasks={Task.BCE}, json=9),
    Figure("cells_used", tasks={Task.BCE}, json=10),
    Figure("cells_ignored", tasks={Task.BCE}, json=11),
    Figure("", "cells", "{r.cells_given} given, {r.cells_used} used, {r.cells_ignored} ignored",
           of=lambda _: "", tasks={Task.BCE}, line=7, when=_has_cells),
    Figure("cell_accuracy", "", "({r.cells_correct} of {r.cells_used} cells)",
           of=lambda r: _share(r.cells_correct, r.cells_used), tasks={Task.BCE}, json=20, line=13,
           when=_has_cells, is_brief=True),
    Figure("mean_over_cells", "by count", "nats, numerator / cells: the other weighted mean",
           of=_BY_COUNT, tasks={Task.BCE}, json=13, line=4, is_optional=True),
    Figure("mean_over_rows", "by count", "nats, numerator / rows: the other weighted mean",
           of=_BY_COUNT, tasks={Task.CE}, json=13, line=4, is_optional=True),
    Figure("target_form", json=23, is_words=True),
    Figure("layout", "", "{square}", of=_square, json=24, line=19, is_words=True, is_optional=True,
           is_brief=True),
    Figure("input", of=attrgetter("header.schema.kind.value"), json=25, is_words=True),
    Figure("read_as", "read as", "{read_as}{stored}: {r.target_form}", of=_read_as, json=26,
           line=18, is_words=True, is_brief=True),
    Figure("source", of=attrgetter("header.schema.source"), json=27, is_words=True),
    Figure("stored", of=attrgetter("header.schema.stored"),
           json=28, is_words=True, is_optional=True),
    Figure("signature", json=29, is_words=True),
    Figure("backend", "backend", "{r.backend}", json=30, line=20, is_words=True),
    Figure("version", json=31, is_words=True),
)  # fmt: skip
"""Bounds are told in this order."""


def members(report: Report) -> Iterator[tuple[str, Value]]:
    """Every figure by its key, losses in nats."""
    for figure in _ordered(report, "json"):
        value = figure.value(report)
        if value is not None or not figure.is_optional:
            yield figure.name, value


def _ordered(report: Report, place: Literal["json", "line"]) -> list[Figure]:
    task, order = report.header.task, attrgetter(place)
    return sorted((f for f in FIGURES if order(f) and task in f.tasks), key=order)


def lines(report: Report, *, is_full: bool) -> Iterator[tuple[str, str, str]]:
    """The summary for people: of each line its name, its number and its words.

    Numbers are padded so that their decimal points meet; empty where the line consists of words.
    """
    pairs = [(f, f.value(report)) for f in _ordered(report, "line") if f.is_brief or is_full]
    there = [(f, value) for f, value in pairs if value is not None and f.when(report)]
    numbers = aligned([_number(figure, value) for figure, value in there])
    widest, words = max(map(len, numbers)), _words(report)
    for (figure, _), number in zip(there, numbers, strict=True):
        padded = number.rjust(widest) if number else ""
        yield figure.title, padded, figure.words.format(**words)


def _number(figure: Figure, value: float | str) -> str:
    if isinstance(value, str):
        return ""
    return brief(value) if figure.name == "denominator" else rounded(value)


def _words(report: Report) -> dict[str, Any]:
    """What stands in the braces of the figures' words: the report itself, and what it is about."""
    header, stored = report.header, report.header.schema.stored
    return {
        "r": report,
        "weighted": "weighted " if header.has_weights else "",
        "guess": f"ln {header.width}" if header.task is Task.CE else "ln 2",
        "square": _square(report),
        "read_as": _read_as(report),
        "stored": f", stored as {stored}" if stored else "",
        "meaning": _meaning(report),
    }


WORST = "worst"
"""What bounds the loss of every group."""


def known(task: Task) -> tuple[str, ...]:
    """The figures that can be bounded."""
    numbers = (figure for figure in FIGURES if figure.json and not figure.is_words)
    return (*(figure.name for figure in numbers if task in figure.tasks), WORST)


@dataclass(frozen=True)
class Bound:
    """What a figure may be at most (or at least); nats where it is a loss."""

    figure: str
    side: Literal["above", "below"]
    """Where a figure fails."""
    limit: float

    def holds(self, value: float | None) -> bool:
        """Whether a figure keeps to it; nan never does, nor one that is not there."""
        is_above = self.side == "above"
        return value is not None and (value <= self.limit if is_above else value >= self.limit)


@dataclass(frozen=True)
class Failure:
    """A bound that does not hold."""

    bound: Bound
    value: float | None
    """The figure; None where there is none."""
    group: str | None = None
    """Whose loss it is, where it is the highest of the groups."""

    def __str__(self) -> str:
        figure, side, value = self.bound.figure, self.bound.side, self.value
        figure = figure if self.group is None else f"loss of {excerpt(self.group)}"
        limit = write_number(self.bound.limit)
        if value is None or math.isnan(value):
            what = "undefined" if value is None else "nan"
            return f"{figure} is {what}, and has to be known not to be {side} {limit}"
        by = abs(value - self.bound.limit)
        return f"{figure} {write_number(value)} is {side} {limit} by {by:.6g}"

    def as_json(self) -> str:
        """The same facts as one JSON object on a line."""
        bound, value = self.bound, self.value
        facts: dict[str, str | float | None] = {
            "kind": "check",
            "status": int(Status.DOES_NOT_HOLD),
            "rule": str(self),
            "figure": bound.figure,
            "value": value if value is not None and math.isfinite(value) else None,
            "limit": bound.limit if math.isfinite(bound.limit) else None,
            "side": bound.side,
        }
        return as_object(facts)


@dataclass
class Checked:
    """Looks at the items as they pass: whether what was asked for holds, and the bounds."""

    bounds: tuple[Bound, ...]
    failures: list[Failure] = field(default_factory=list)
    holds: bool = True
    worst: tuple[str, float] | None = None

    def of(self, items: Iterator[Item]) -> Iterator[Item]:
        """The items, as they are."""
        for item in items:
            if isinstance(item, Groups):
                self.worst = item.worst
            if isinstance(item, Report):
                found = {k: float(v) for k, v in members(item) if isinstance(v, float | int)}
                group, found[WORST] = self.worst or (None, math.nan)
                pairs = [(bound, found.get(bound.figure)) for bound in self.bounds]
                self.failures += [
                    Failure(bound, value, group if bound.figure == WORST else None)
                    for bound, value in pairs
                    if not bound.holds(value)
                ]
            self.holds &= item.holds and not self.failures
            yield item
