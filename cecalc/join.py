"""Rows that belong together by their ids: those of a table beside the values are looked up."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cecalc.errors import DataError, Place, count, excerpt

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANOTHER = "ids tell rows apart; name another column with --join"
_NONE = np.iinfo(np.int64).max
"""Stands where no row of the values has asked."""


class IdJoin:
    """The ids of a table that is held, and which rows of the values have asked for them.

    Blocks ask in any order, from several threads; what is said does not depend on it.

    Parameters
    ----------
    title, source : what messages call an entry of the table, and the table
    ids, lines : of its rows

    Raises
    ------
    DataError : an id stands twice
    """

    def __init__(
        self, title: str, source: str | None, ids: Sequence[str], lines: Sequence[int] | None
    ) -> None:
        self._title, self._source, self._ids = title, source, ids
        self._positions = dict(zip(ids, range(len(ids)), strict=True))
        if len(self._positions) < len(ids):
            self._refuse_doubled(lines)
        self._asked_by = np.full(len(ids), _NONE)
        self._again, self._lock = dict[int, int](), threading.Lock()

    def _refuse_doubled(self, lines: Sequence[int] | None) -> None:
        first = dict[str, int]()
        row, name = next((i, x) for i, x in enumerate(self._ids) if first.setdefault(x, i) != i)
        before = f"in row {first[name]}" if lines is None else f"on line {lines[first[name]]}"
        place = Place(self._source, None if lines is None else lines[row], row=row)
        rule = f"id {excerpt(name)} stands twice, first {before}"
        raise DataError(rule, place=place, value=name, hint=ANOTHER)

    def found(self, ids: Sequence[str], start: int) -> tuple[NDArray[np.int64], DataError | None]:
        """Where rows of the values, the first of which is `start`, stand in the table: shape (n,).

        They are those before the first that does not; what is wrong with that comes with them.
        """
        asked, fault = ids[:], None
        rows = places = np.arange(start, start + len(asked))
        if asked != self._ids[start : start + len(asked)]:
            places = np.asarray([self._positions.get(name, -1) for name in asked], np.int64)
            if (fits := int(np.argmin(places))) >= 0 > places[fits]:
                fault, places = self._missing(asked[fits], start + fits), places[:fits]
        rows = rows[: len(places)]
        with self._lock:
            before = self._asked_by[places]
            np.minimum.at(self._asked_by, places, rows)
            first = np.tile(self._asked_by[places], 2)
            later = np.append(rows, before)
            is_again = (first < later) & (later < _NONE)
            self._again.update(zip(later[is_again].tolist(), first[is_again].tolist(), strict=True))
        return places, fault

    def _missing(self, name: str, row: int) -> DataError:
        few = ", ".join(map(excerpt, self._ids[:3])) + (", ..." if len(self._ids) > 3 else "")
        rule = f"no {self._title} for id {excerpt(name)}"
        hint = f"ids compare as texts; those of {self._source}: {few}"
        return DataError(rule, place=Place(row=row), hint=hint, value=name)

    def doubled(self, rows: range) -> tuple[int, int] | None:
        """The first of these rows whose id has come before, and the row that had it first.

        It is known once all rows before them have been looked up.
        """
        return min(((row, self._again[row]) for row in [*self._again] if row in rows), default=None)

    @property
    def notes(self) -> Iterator[str]:
        """What is worth knowing, once all rows have been read."""
        is_asked = self._asked_by < _NONE
        if (np.diff(self._asked_by[is_asked]) < 0).any():
            yield f"{self._title}s joined by id: {self._source} has another order"
        if surplus := int(np.count_nonzero(~is_asked)):
            yield f"{count(surplus, self._title)} of {self._source} beside no row of values"
