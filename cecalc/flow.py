"""Where the rooms meet: sources, backend, losses and summary, in one direction."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cecalc import __version__, backend
from cecalc.compute import Noted, Settings, outcome_of
from cecalc.compute.cells import has_row_axis
from cecalc.errors import PLACES_LISTED, DataError, Place, UsageError, count
from cecalc.losses import checks
from cecalc.losses.checks import BrokenRule, Leniency
from cecalc.records import (
    Batch,
    Given,
    Header,
    Item,
    Kind,
    LossOptions,
    NanPolicy,
    Problem,
    Reduction,
    Report,
    Request,
    Schema,
    TargetForm,
    Task,
)
from cecalc.sources import open_problem
from cecalc.sources.beside import read_numbers
from cecalc.sources.tables import BATCH_VALUES
from cecalc.summary import Summary

if TYPE_CHECKING:
    from cecalc.records import Floats

Listener = Callable[[str], None]


def run(request: Request, tell: Listener) -> Iterator[Item]:
    """Everything a view needs, in order: a header, outcomes, and for losses a report.

    Parameters
    ----------
    request : what the command line says
    tell : hears what is worth knowing, each thing once

    Raises
    ------
    CecalcError : the input cannot be read, or breaks a rule; its place is in it
    """
    with ExitStack() as files:
        yield from _items(open_problem(request.input, files), request, tell)


def _items(problem: Problem, request: Request, tell: Listener) -> Iterator[Item]:
    first, batches = _peeked(problem)
    settings = _settings(request, problem.schema, first)
    header = _header(problem, first, settings)
    is_large = first.values.size >= BATCH_VALUES // 2
    arithmetic = backend.choose(request.arithmetic, large=is_large)
    told = _Told(tell, problem.schema.notes)
    yield header
    summary = Summary()
    for noted in _Computation(settings, arithmetic, problem.schema).over(batches):
        told.all(noted.notes)
        if settings.task.is_loss:
            summary = summary.merge(Summary.of(noted.outcome, header))
        yield noted.outcome
    _check_row_weights(settings, first, summary.rows_given)
    if settings.task.is_loss:
        yield _report(summary, header, settings, first, arithmetic.label)


def _report(
    summary: Summary, header: Header, settings: Settings, first: Batch, label: str
) -> Report:
    try:
        return summary.finish(
            header,
            denominator_is=_denominator(header, settings),
            target_form=_in_words(header, first),
            backend=label,
            version=__version__,
        )
    except DataError as error:
        raise error.at(source=header.schema.source) from None


class _Told:
    """Tells each thing once."""

    def __init__(self, tell: Listener, notes: Iterable[str]) -> None:
        self._tell, self._said = tell, set[str]()
        self.all(notes)

    def all(self, notes: Iterable[str]) -> None:
        for note in notes:
            if note not in self._said:
                self._said.add(note)
                self._tell(note)


def _peeked(problem: Problem) -> tuple[Batch, Iterator[Batch]]:
    """The first batch, which shows the shapes, and all batches."""
    first = next(problem.batches, None)
    if first is None:
        raise DataError("no data rows", place=Place(source=problem.schema.source))
    return first, itertools.chain([first], problem.batches)


def _settings(request: Request, schema: Schema, first: Batch) -> Settings:
    """The options with their defaults, checked against the input."""
    task = request.input.task
    source = Place(source=schema.source)
    if task.is_loss and first.target is None:
        raise DataError("no target", place=source, hint="give one with --target")
    _check_combination(request.options, schema, first, task)
    options = request.options.over(schema.options)
    smoothing = options.label_smoothing or 0.0
    if not 0 <= smoothing <= 1:
        raise DataError(f"label_smoothing {smoothing:g} outside 0..1", place=source)
    weight, pos_weight = (
        None if given is None else _weight(given, task, first)
        for given in (options.weight, options.pos_weight)
    )
    return Settings(
        task=task,
        kind=schema.kind,
        reduction=options.reduction or Reduction.MEAN,
        ignore_index=options.ignore_index,
        label_smoothing=smoothing,
        weight=weight,
        pos_weight=pos_weight,
        clamp=request.clamp,
        log=request.log,
        lenient=Leniency(request.unchecked, request.input.nan is NanPolicy.PROPAGATE),
    )


def _check_combination(said: LossOptions, schema: Schema, first: Batch, task: Task) -> None:
    """Refuse what torch has no meaning for; what the command line said is a usage error."""
    options = said.over(schema.options)
    if task is Task.BCE and schema.kind is Kind.LOG_PROBS:
        raise DataError(
            "bce takes logits or probabilities, not log-probabilities",
            place=Place(source=schema.source),
        )
    if task is Task.BCE and schema.kind is Kind.PROBS and options.pos_weight is not None:
        error = UsageError if said.pos_weight is not None else DataError
        raise error("pos_weight goes with logits; torch's BCELoss on probabilities has none")
    is_soft = task is Task.CE and first.target is not None and first.target.ndim == 2
    if is_soft and options.ignore_index is not None:
        error = UsageError if said.ignore_index is not None else DataError
        raise error("ignore_index goes with class indices; this target is a distribution")


def _weight(given: Given, task: Task, first: Batch) -> Floats:
    """Weights as an array: shape (C,) for ce, broadcastable to the cells for bce."""
    weight = read_numbers(given)
    place = Place(source=given.option)
    if not (np.isfinite(weight).all() and (weight >= 0).all()):
        raise DataError("weights must be finite and at least 0", place=place)
    if task is not Task.BCE:
        classes = first.values.shape[1]
        if weight.shape != (classes,):
            rule = f"{count(weight.size, 'weight')} for {count(classes, 'class')}"
            raise DataError(rule, place=place)
        return weight
    cells = first.cell_shape
    if cells == (1,) and weight.ndim == 1 and weight.size > 1:
        weight = weight[:, None]  # values (N,) take weights (N,)
    trailing = weight.shape[1:] if weight.ndim == len(cells) + 1 else weight.shape
    try:
        fits = np.broadcast_shapes(trailing, cells) == cells
    except ValueError:
        fits = False
    if not fits:
        rule = f"weights of shape {weight.shape} do not fit rows of {cells} cells"
        raise DataError(rule, place=place)
    return weight


def _check_row_weights(settings: Settings, first: Batch, rows: int) -> None:
    for weight in (settings.weight, settings.pos_weight):
        if weight is not None and has_row_axis(weight, first) and weight.shape[0] != rows:
            raise DataError(f"weights for {weight.shape[0]} rows, but there are {rows}")


def _header(problem: Problem, first: Batch, settings: Settings) -> Header:
    weights = (settings.weight, settings.pos_weight, first.sample_weight)
    form = None
    if settings.task is Task.BCE:
        form = TargetForm.CELLS
    elif settings.task is Task.CE and first.target is not None:
        form = TargetForm.INDEX if first.target.ndim == 1 else TargetForm.DISTRIBUTION
    return Header(
        task=settings.task,
        schema=problem.schema,
        target_form=form,
        reduction=settings.reduction,
        has_weights=any(weight is not None for weight in weights),
        has_sample_weight=first.sample_weight is not None,
        has_row_weight=first.sample_weight is not None
        or (settings.weight is not None and form is TargetForm.INDEX),
        label_smoothing=settings.label_smoothing,
        width=first.values.shape[1],
        cell_shape=first.cell_shape,
        log=settings.log,
        has_ids=first.ids is not None,
    )


def _denominator(header: Header, settings: Settings) -> str:
    by_row = header.has_sample_weight
    if header.task is Task.BCE:
        return "sum of sample weights" if by_row else "cells"
    by_class = settings.weight is not None and header.target_form is TargetForm.INDEX
    if by_class and by_row:
        return "sum of class weights × sample weights"
    if by_class:
        return "sum of class weights"
    return "sum of sample weights" if by_row else "rows"


def _in_words(header: Header, first: Batch) -> str:
    """How the target was understood."""
    assert first.target is not None
    is_binary = bool(np.isin(first.target, (0, 1)).all())
    axes = header.schema.coordinates[1:]
    if header.target_form is TargetForm.CELLS:
        return "0/1 for each cell" if is_binary else "a probability for each cell"
    if header.target_form is TargetForm.INDEX:
        named = ", matched to the class names" if header.schema.classes else ""
        return f"class indices, shape ({', '.join(('N', *axes))}){named}"
    form = "one-hot" if is_binary else "class probabilities"
    return f"{form}, shape ({', '.join(('N', 'C', *axes))})"


class _Computation:
    """The outcomes of batches; a broken rule becomes an error that knows all its places."""

    def __init__(self, settings: Settings, arithmetic: backend.Backend, schema: Schema) -> None:
        self.settings, self.arithmetic, self.schema = settings, arithmetic, schema
        self.low, self.high = math.inf, -math.inf
        """The lowest and highest class index seen, for what one out of range looks like."""

    def over(self, batches: Iterator[Batch]) -> Iterator[Noted]:
        """Each batch's outcome, in order."""
        for batch in batches:
            try:
                yield self._outcome(batch)
            except BrokenRule as broken:
                raise self._refusal(broken, batch, batches) from None
            except DataError as error:
                raise error.at(source=self.schema.source) from None

    def _outcome(self, batch: Batch) -> Noted:
        is_index = self.settings.task is Task.CE and batch.target is not None
        if is_index and batch.target is not None and batch.target.ndim == 1:
            used = batch.target[batch.target != self.settings.ignored]
            self.low = min(self.low, float(used.min(initial=math.inf)))
            self.high = max(self.high, float(used.max(initial=-math.inf)))
        return outcome_of(batch, self.settings, self.arithmetic)

    def _refusal(self, broken: BrokenRule, batch: Batch, rest: Iterator[Batch]) -> DataError:
        """The error for a broken rule, with the first rows that break it and how many do.

        The rest of the input is looked through too, so that one run tells all.
        """
        places = [_row_name(batch, row) for row in broken.rows[:PLACES_LISTED]]
        rows = len(broken.rows)
        for later in rest:
            try:
                self._outcome(later)
            except BrokenRule as more:
                if more.kind == broken.kind:
                    rows += len(more.rows)
                    room = PLACES_LISTED - len(places)
                    places += [_row_name(later, row) for row in more.rows[:room]]
        rule, hint = broken.rule, broken.hint
        if rows > 1:
            listed = ", ".join(places) + (", ..." if rows > len(places) else "")
            rule += f" ({rows} such rows: {listed})"
        if broken.kind == checks.CLASS_INDEX:
            hint = checks.range_hint(self.low, self.high, batch.values.shape[1])
        return DataError(rule, place=_place(broken, batch, self.schema), hint=hint)


def _row_name(batch: Batch, row: int) -> str:
    if batch.lines is not None:
        return str(batch.lines[row])
    if batch.coordinates is not None:
        return "(" + ",".join(map(str, batch.coordinates[row])) + ")"
    return str(batch.start + row)


def _place(broken: BrokenRule, batch: Batch, schema: Schema) -> Place:
    row = int(broken.rows[0])
    source, lines, columns = schema.source, batch.lines, schema.columns
    if broken.of_target:
        columns = schema.target_columns
        if schema.target_source is not None:
            source, lines = schema.target_source, batch.target_lines
    line = None if lines is None else lines[row]
    known = Place(source=source, line=line, row=None if line is not None else _row_name(batch, row))
    if len(columns) == 1:
        number, name = columns[0]
    elif broken.column is not None and len(columns) == batch.values.shape[1]:
        number, name = columns[broken.column]
    elif broken.column is not None and batch.values.shape[1] > 1:
        names = schema.classes or range(batch.values.shape[1])
        return replace(known, row=f"{known.row}, class {names[broken.column]}")
    else:
        return known
    return replace(known, column=name, number=number)
