"""The blocks of an input become outcomes; a broken rule becomes an error that names its places."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cecalc.backend import Backend
from cecalc.compute import Noted, Settings, outcome_of
from cecalc.errors import PLACES_LISTED, DataError, Place
from cecalc.flow.pool import cores, in_order
from cecalc.losses.rules import BrokenRule
from cecalc.losses.target_checks import CLASS_INDEX, range_hint
from cecalc.numerals import write_number
from cecalc.records import Batch, Block, Header, Meter, Schema, Task
from cecalc.summary import Summary


@dataclass(frozen=True)
class Done:
    """A block that was computed, or the rule that its rows break."""

    batch: Batch
    noted: Noted | None = None
    summary: Summary | None = None
    broken: BrokenRule | None = None
    low: float = math.inf
    high: float = -math.inf
    """The lowest and highest class index, for what one out of range looks like."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """How long each stage took."""


@dataclass(frozen=True)
class Computation:
    """What is done to every block."""

    settings: Settings
    arithmetic: Backend
    header: Header
    meter: Meter

    def over(self, blocks: Iterator[Block]) -> Iterator[Done]:
        """Each block computed, in order.

        Raises
        ------
        DataError : rows break a rule; the error knows all their places
        """
        self.meter.threads = cores()
        results = in_order(self._timed(blocks), self._done, self.meter.threads)
        for done in results:
            for stage, seconds in done.seconds.items():
                self.meter.spend(stage, seconds)
            if done.broken is not None:
                raise self._refusal(done.broken, done, results)
            yield done

    def _timed(self, blocks: Iterator[Block]) -> Iterator[Block]:
        start = time.perf_counter()
        for block in blocks:
            self.meter.spend("read", time.perf_counter() - start)
            yield block
            start = time.perf_counter()

    def _done(self, block: Block) -> Done:
        start = time.perf_counter()
        batch = block()
        parsed = time.perf_counter()
        done = self._computed(batch)
        whole, transfer = time.perf_counter() - parsed, self.arithmetic.transferred()
        seconds = {"parse": parsed - start, "transfer": transfer, "compute": whole - transfer}
        return replace(done, seconds=seconds)

    def _computed(self, batch: Batch) -> Done:
        low, high = self._range(batch)
        try:
            noted = outcome_of(batch, self.settings, self.arithmetic)
        except BrokenRule as broken:
            return Done(batch, broken=broken, low=low, high=high)
        except DataError as error:
            raise error.at(source=_source(batch, self.header.schema)) from None
        is_loss = self.settings.task.is_loss
        summary = Summary.of(noted.outcome, self.header) if is_loss else None
        return Done(batch, noted, summary, low=low, high=high)

    def _range(self, batch: Batch) -> tuple[float, float]:
        target = batch.target
        if self.settings.task is not Task.CE or target is None or target.ndim != 1:
            return math.inf, -math.inf
        used = target[target != self.settings.ignored]
        return float(used.min(initial=math.inf)), float(used.max(initial=-math.inf))

    def _refusal(self, broken: BrokenRule, first: Done, rest: Iterator[Done]) -> DataError:
        """The error for a broken rule, with the first rows that break it and how many do.

        The rest of the input is looked through too, so that one run tells all.
        """
        batch = first.batch
        places = [_row_name(batch, row) for row in broken.rows[:PLACES_LISTED]]
        rows, low, high = len(broken.rows), first.low, first.high
        try:
            for done in rest:
                low, high = min(low, done.low), max(high, done.high)
                if done.broken is not None and done.broken.kind == broken.kind:
                    rows += len(done.broken.rows)
                    room = PLACES_LISTED - len(places)
                    places += [_row_name(done.batch, row) for row in done.broken.rows[:room]]
        except DataError:
            pass  # the first fault is the one to tell
        rule, hint = broken.rule, broken.hint
        if rows > 1:
            listed = ", ".join(places) + (", ..." if rows > len(places) else "")
            rule += f" ({rows} such rows: {listed})"
        if broken.kind == CLASS_INDEX:
            hint = range_hint(low, high, batch.values.shape[1])
        place, value = _place(broken, batch, self.header.schema), _value(broken, batch)
        return DataError(rule, place=place, hint=hint, value=value)


def _value(broken: BrokenRule, batch: Batch) -> str | None:
    """The number that breaks the rule, where it is one number."""
    array = batch.target if broken.of_target else batch.values
    if array is None or (broken.column is None and array.ndim > 1):
        return None
    row = array[int(broken.rows[0])]
    return write_number(float(row if array.ndim == 1 else row[broken.column]))


def _row_name(batch: Batch, row: int) -> str:
    if batch.lines is not None:
        return str(batch.lines[row])
    if batch.coordinates is not None:
        return "(" + ",".join(map(str, batch.coordinates[row])) + ")"
    return str(batch.start + row)


def _source(batch: Batch, schema: Schema) -> str:
    return schema.source if batch.source is None else batch.source


def _place(broken: BrokenRule, batch: Batch, schema: Schema) -> Place:
    row = int(broken.rows[0])
    source, lines, columns = _source(batch, schema), batch.lines, schema.columns
    if broken.of_target:
        columns = schema.target_columns
        if schema.target_source is not None:
            source, lines = schema.target_source, batch.target_lines
    line = None if lines is None else int(lines[row])
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
