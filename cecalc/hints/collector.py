"""What a run looks at for hints: its first rows, and what was noticed in all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cecalc.errors import DataError, Place, count
from cecalc.hints.alternatives import misread
from cecalc.hints.evidence import Head, head_rows
from cecalc.hints.values import (
    echo,
    guess,
    head_hints,
    not_normalised,
    probable,
    weights_by_name,
)
from cecalc.items import CellLosses, Item, Losses, Outcome, RowLosses
from cecalc.model import Batch, row_name
from cecalc.notices import Notices
from cecalc.run.collectors import Collecting, Collector, Job, Setup, Summed
from cecalc.summary import Summary
from cecalc.terms import Dtype, Hint, HintPolicy

_GUESSING = 27
_OTHER_NUMBERS = {1, 11, 12}
"""What values look like is told once, whether by their sums or by how they fit."""
_EXPLAINS = _OTHER_NUMBERS | {9}
"""What explains a loss above that of guessing, beside another reading of the rows."""


def hinted(collecting: Collecting, tell: Callable[[Hint], None]) -> Collecting:
    """The same job, and hints.

    Parameters
    ----------
    tell : hears what looks wrong, each thing once, when the last row is known
    """

    def job_of(setup: Setup) -> Job[Any]:
        job = collecting(setup)
        return replace(job, collectors=[*job.collectors, _Noticing(job, tell)])

    return job_of


@dataclass
class _Noticing(Collector[Summed]):
    """Looks at what became of the rows; under --strict, what looks wrong is an error."""

    job: Job[Any]
    tell: Callable[[Hint], None]
    notices: Notices = field(default_factory=Notices)
    rows: int = 0
    has_overflown: bool = False
    """Whether a loss is infinite that finite values have, which the dtype does."""
    _heads: list[dict[str, Any]] = field(default_factory=list)

    def add(self, summed: Summed, given: Batch) -> Iterable[Item]:
        if self.job.setup.request.hints is HintPolicy.SILENT:
            return ()
        outcome, dtype = summed.outcome, self.job.setup.arithmetic.dtype
        self.notices = self.notices.merge(outcome.notices)
        self.has_overflown |= dtype is not Dtype.FLOAT64 and _overflows(outcome, given)
        room = head_rows(self.job.header) - self.rows
        if room > 0:
            self._heads.append(_head(outcome, room))
        self.rows += outcome.size
        return ()

    def finish(self, total: Summary) -> Iterable[Item]:
        found = [*self.job.setup.remarks, *self._hints(total)]
        if found and self.job.setup.request.hints is HintPolicy.STRICT:
            more = f" (and {count(len(found) - 1, 'more hint')})" if found[1:] else ""
            place = Place(source=self.job.setup.schema.source)
            ways = (found[0].way,) if found[0].way else ()
            rule = f"{found[0].rule}{more}"
            raise DataError(rule, place=place, hint=found[0].fix, ways=ways)
        for hint in found:
            self.tell(hint)
        return ()

    def _hints(self, total: Summary) -> Iterator[Hint]:
        """Every hint, each once, the causes before what follows from them; what it says does not
        depend on how the rows were cut.
        """
        header = self.job.header
        if self.job.setup.request.hints is HintPolicy.SILENT:
            return
        head = Head(header, **_joined(self._heads), is_all=self.rows <= head_rows(header))
        found = list(head_hints(head))
        yield from found
        if header.task.is_loss:
            yield from self._of_losses(head, {hint.entry for hint in found}, total)
        yield from self.notices.hints()
        yield from map(Hint, header.schema.notes)
        for join in header.schema.joins:
            yield from map(Hint, join.notes)

    def _of_losses(self, head: Head, told: set[int | None], total: Summary) -> Iterator[Hint]:
        """What losses show, where what the values look like has not told it."""
        other, dtype = misread(head), self.job.setup.arithmetic.dtype
        for hint in (other, probable(head)):
            if hint is not None and not (told & _OTHER_NUMBERS and hint.entry in _OTHER_NUMBERS):
                yield hint
                told = told | {hint.entry}
        unchecked = self.job.settings.request.unchecked
        yield from weights_by_name(head.header, total, self.job.settings.weight)
        if self.has_overflown:
            seen, why = f"the loss is not finite in {dtype}", "it ends where a value overflows"
            yield Hint(seen, why, "--dtype float64, which is the default", 15)
        if unchecked:
            yield from not_normalised(head)
        if dtype not in (Dtype.FLOAT64, Dtype.FLOAT32) or unchecked:
            return
        guessed = guess(head.header, total) or echo(head.header, total)
        is_explained = other is not None or told & _EXPLAINS
        if guessed is not None and not (is_explained and guessed.entry == _GUESSING):
            yield guessed


def _overflows(outcome: Outcome, given: Batch) -> bool:
    if not isinstance(outcome, Losses):
        return False
    lost = outcome.used & ~np.isfinite(outcome.loss)
    return bool(np.isfinite(given.values[lost]).all(axis=1).any())


def _head(outcome: Outcome, room: int) -> dict[str, Any]:
    """The parts of a head that the first rows of an outcome make, at most so many; copies."""
    batch, ids, places = outcome.batch, outcome.batch.ids, outcome.batch.coordinates
    file = "" if batch.source is None else f"{batch.source}:"
    rows = range(0 if ids is None else min(room, batch.size))
    parts = {
        "values": batch.values,
        "target": batch.target,
        "used": outcome.cell_used if isinstance(outcome, CellLosses) else outcome.used,
        "target_class": outcome.target_class if isinstance(outcome, RowLosses) else None,
        "sequence": None if places is None or places.shape[1] == 1 else places[:, 0],
        "ids": None if ids is None else np.asarray([str(ids[row]) for row in rows], object),
        "names": np.asarray([f"{file}{row_name(batch, row)}" for row in rows], object),
    }
    return {name: None if part is None else part[:room].copy() for name, part in parts.items()}


def _joined(heads: list[dict[str, Any]]) -> dict[str, Any]:
    """The parts of several as one."""
    return {
        name: None if part is None else np.concatenate([head[name] for head in heads])
        for name, part in heads[0].items()
    }
