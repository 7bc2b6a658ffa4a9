"""What a run looks at for hints: its first rows, and what was noticed in all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from cecalc.compute import Settings
from cecalc.errors import DataError, Place, count
from cecalc.hints import hints
from cecalc.hints.evidence import Head, Totals, head_rows
from cecalc.model import (
    Batch,
    CellLosses,
    Floats,
    Header,
    Losses,
    Outcome,
    RowLosses,
    row_name,
)
from cecalc.notices import Notices
from cecalc.summary import Summary
from cecalc.terms import Dtype, Hint, HintPolicy, Task


@dataclass
class Noticing:
    """Takes outcomes, and tells what looks wrong when the last one is known."""

    header: Header
    settings: Settings
    dtype: Dtype
    policy: HintPolicy = HintPolicy.TELL
    notices: Notices = field(default_factory=Notices)
    rows: int = 0
    has_overflown: bool = False
    """Whether a loss is infinite that finite values have, which the dtype does."""
    _heads: list[Head] = field(default_factory=list)

    def add(self, outcome: Outcome, given: Batch) -> None:
        """Take the next outcome; what is kept of it are copies.

        Parameters
        ----------
        given : its batch as it was read, before any rounding
        """
        if self.policy is HintPolicy.SILENT:
            return
        self.notices = self.notices.merge(outcome.notices)
        self.has_overflown |= self.dtype is not Dtype.FLOAT64 and _overflows(outcome, given)
        room = head_rows(self.header) - self.rows
        if room > 0:
            self._heads.append(_head(outcome, self.header, room))
        self.rows += outcome.size

    def hints(self, summary: Summary) -> Iterator[Hint]:
        """Every hint, each once; what it says does not depend on how the rows were cut."""
        if self.policy is HintPolicy.SILENT:
            return
        head = replace(_joined(self._heads), is_all=self.rows <= head_rows(self.header))
        yield from hints(head, self._totals(summary) if self.settings.task.is_loss else None)
        yield from self.notices.hints()
        yield from (Hint(note) for note in self.header.schema.notes)

    def _totals(self, summary: Summary) -> Totals:
        header, is_bce = self.header, self.settings.task is Task.BCE
        is_plain = header.is_plain and summary.is_binary
        if self.dtype not in (Dtype.FLOAT64, Dtype.FLOAT32) or self.settings.lenient.unchecked:
            is_plain = False
        labels, numerator = summary.label_counts(is_bce=is_bce), summary.numerator.value()
        return Totals(
            header=header,
            loss=numerator if is_plain else None,
            counted=summary.cells_used if is_bce else summary.rows_used,
            labels=labels,
            chance=float(np.log(2 if is_bce else header.width)),
            dtype=self.dtype.value,
            has_overflown=self.has_overflown,
        )


def _overflows(outcome: Outcome, given: Batch) -> bool:
    if not isinstance(outcome, Losses):
        return False
    lost = outcome.used & ~np.isfinite(outcome.loss)
    return bool(np.isfinite(given.values[lost]).all(axis=1).any())


def refusal(found: list[Hint], source: str) -> DataError:
    """The error that hints are under --strict."""
    first, *others = found
    more = f" (and {count(len(others), 'more hint')})" if others else ""
    return DataError(f"{first.rule}{more}", place=Place(source=source), hint=first.fix)


def _head(outcome: Outcome, header: Header, room: int) -> Head:
    """The first rows of an outcome, at most so many."""
    batch = outcome.batch
    rows = min(room, batch.size)
    used = outcome.cell_used if isinstance(outcome, CellLosses) else outcome.used
    ids = None if batch.ids is None else [str(name) for name in batch.ids[:rows]]
    file = "" if batch.source is None else f"{batch.source}:"
    is_position = batch.coordinates is not None and batch.coordinates.shape[1] > 1

    def part(array: Floats | None) -> Floats | None:
        return None if array is None else array[:rows].copy()

    return Head(
        header=header,
        values=batch.values[:rows].copy(),
        target=part(batch.target),
        used=used[:rows].copy(),
        target_class=outcome.target_class[:rows].copy() if isinstance(outcome, RowLosses) else None,
        sequence=batch.coordinates[:rows, 0].copy()
        if batch.coordinates is not None and is_position
        else None,
        ids=ids,
        names=() if ids is None else [f"{file}{row_name(batch, row)}" for row in range(rows)],
    )


def _joined(heads: list[Head]) -> Head:
    """The parts of a head as one."""
    if len(heads) == 1:
        return heads[0]
    joined: dict[str, object] = {}
    for name in ("values", "target", "used", "target_class", "sequence"):
        parts = [getattr(head, name) for head in heads]
        joined[name] = None if parts[0] is None else np.concatenate(parts)
    for name in ("ids", "names"):
        parts = [getattr(head, name) for head in heads]
        joined[name] = None if parts[0] is None else [text for part in parts for text in part]
    return replace(heads[0], **joined)  # type: ignore[arg-type]
