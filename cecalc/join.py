"""Rows that belong together by their ids: those of a table beside the values are looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cecalc.errors import PLACES_LISTED, DataError, Place, count, excerpt

if TYPE_CHECKING:
    from numpy.typing import NDArray

ANOTHER = "ids tell rows apart; name another column with --join"
_NONE = np.iinfo(np.int64).max
"""Stands where no row of the values has asked."""


class IdJoin:
    """The ids of a table that is held, and which rows of the values have asked for them.

    Blocks ask in any order, from several threads; what does not fit is told in that of the rows.

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
        self._asked_by = np.full(len(ids) + 1, _NONE)  # the last one for ids that are missing
        self._asked: dict[int, tuple[Sequence[str], NDArray[np.int64]]] = {}
        self._misfits = list[str](), list[str]()

    def _refuse_doubled(self, lines: Sequence[int] | None) -> None:
        first = dict[str, int]()
        row, name = next((i, x) for i, x in enumerate(self._ids) if first.setdefault(x, i) != i)
        before = f"in row {first[name]}" if lines is None else f"on line {lines[first[name]]}"
        place = Place(self._source, None if lines is None else lines[row], row=row)
        rule = f"id {excerpt(name)} stands twice, first {before}"
        raise DataError(rule, place=place, value=name, hint=ANOTHER)

    def places(self, ids: Sequence[str], start: int) -> NDArray[np.int64]:
        """Where rows of the values, the first of which is `start`, stand in the table: shape (n,).

        Those that stand nowhere are at -1, and `misfit` tells.
        """
        asked = ids[:]  # made once
        places = np.arange(start, start + len(asked))
        if [*asked] != [*self._ids[start : start + len(asked)]]:  # of a table, or a document
            places = np.asarray([self._positions.get(name, -1) for name in asked], np.int64)
        self._asked[start] = asked, places
        return places

    def misfit(self, rows: range) -> tuple[int, DataError] | None:
        """The first of these rows whose id is missing or has come before, and what is wrong.

        It is asked of all rows in their order, once their places are known.
        """
        asked, places = self._asked.pop(rows.start, ((), np.empty(0, np.int64)))
        places, numbers = places[: len(rows)], np.arange(rows.start, rows.stop)[: len(places)]
        np.minimum.at(self._asked_by, places, numbers)
        first = self._asked_by[places]
        misfits = np.flatnonzero((places < 0) | (first < numbers)).tolist()
        for i in misfits:
            names = self._misfits[bool(places[i] < 0)]
            names.append(asked[i] if len(names) < PLACES_LISTED else "")
        for i in misfits[:1]:
            rule = f"id {excerpt(asked[i])} stands twice, first in row {first[i]} of the values"
            hint = ANOTHER
            if places[i] < 0:
                few = ", ".join(map(excerpt, self._ids[:3]))
                rule = f"no {self._title} for id {excerpt(asked[i])}"
                hint = f"ids compare as texts; those of {self._source}: {few}"
                hint += ", ..." if len(self._ids) > 3 else ""
            return rows[i], DataError(rule, place=Place(row=rows[i]), value=asked[i], hint=hint)
        return None

    def counted(self, fault: DataError) -> DataError:
        """A misfit that says how many more there are, once all rows have been looked through."""
        names = self._misfits[fault.hint != ANOTHER]
        if len(names) > 1:
            more = ", ..." if len(names) > PLACES_LISTED else ""
            few = ", ".join(map(excerpt, names[:PLACES_LISTED]))
            fault.rule += f" ({len(names)} such rows: {few}{more})"
        return fault

    @property
    def notes(self) -> Iterator[str]:
        """What is worth knowing, once all rows have been read."""
        asked_by = self._asked_by[:-1]
        is_asked = asked_by < _NONE
        if (np.diff(asked_by[is_asked]) < 0).any():
            yield f"{self._title}s joined by id: {self._source} has another order"
        if surplus := int(np.count_nonzero(~is_asked)):
            yield f"{count(surplus, self._title)} of {self._source} beside no row of values"
