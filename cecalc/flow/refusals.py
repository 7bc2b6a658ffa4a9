"""A broken rule becomes an error that names its places."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from cecalc.backend import Backend
from cecalc.compute import Noted, Settings, outcome_of
from cecalc.errors import PLACES_LISTED, DataError, Place
from cecalc.losses.rules import BrokenRule
from cecalc.losses.target_checks import CLASS_INDEX, range_hint
from cecalc.records import Batch, Schema, Task


class Computation:
    """The outcomes of batches; a broken rule becomes an error that knows all its places."""

    def __init__(self, settings: Settings, arithmetic: Backend, schema: Schema) -> None:
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
            except DataError:
                break  # the first fault is the one to tell
            except BrokenRule as more:
                if more.kind == broken.kind:
                    rows += len(more.rows)
                    room = PLACES_LISTED - len(places)
                    places += [_row_name(later, row) for row in more.rows[:room]]
        rule, hint = broken.rule, broken.hint
        if rows > 1:
            listed = ", ".join(places) + (", ..." if rows > len(places) else "")
            rule += f" ({rows} such rows: {listed})"
        if broken.kind == CLASS_INDEX:
            hint = range_hint(self.low, self.high, batch.values.shape[1])
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
