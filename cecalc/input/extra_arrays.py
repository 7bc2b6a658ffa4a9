"""Arrays given to options beside the values: a target, sample weights, class weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cecalc.errors import DataError, Place, Ways, count, excerpt
from cecalc.input.arrays.windows import HeldWindows, Windows
from cecalc.input.files import numbers_of
from cecalc.input.names import pattern
from cecalc.input.table import Table
from cecalc.join import IdJoin
from cecalc.model import Columns, Floats
from cecalc.request import InputRequest, NamedFile


@dataclass(frozen=True)
class ExtraArray:
    """A target or sample weights, an entry beside each of the values."""

    name: str
    """target or sample_weight, as in `Columns`."""
    array: Windows
    """Numbers: those of their classes, where it is of classes."""
    source: str | None = None
    """What messages call it."""
    notes: tuple[str, ...] = ()
    """What is worth knowing about how it was read."""
    columns: tuple[tuple[int, str], ...] = ()
    """The numbers and names of its columns in a table."""
    ids: Sequence[str] | None = None
    """The identifiers in its file."""
    lines: Sequence[int] | None = None
    """The lines of its file."""
    member: str = ""
    """What it is called among the values' own members."""
    table: Table | None = None
    """Where it stands, if in a table."""
    ways: Ways = ()
    """What may settle that its rows are not those of the values."""
    join: IdJoin | None = None
    """Finds its entries by the identifiers, where both it and the values have them."""
    files: tuple[tuple[str, int], ...] = ()
    """Where there are several: their names, and how many entries each holds."""

    @property
    def title(self) -> str:
        """What messages call an entry."""
        return self.name.replace("_", " ")

    @property
    def stands_in(self) -> str:
        """Where it was found, in a few words."""
        if self.member:
            return self.member
        names = pattern([name for _, name in self.columns])
        by = "" if self.join is None else " by id"
        return f"{names if names != '1' else ''} of {self.source}{by}".strip()

    @property
    def is_placed(self) -> bool:
        """Whether messages can name the places of its entries from the rows of the values."""
        return self.source is not None and (self.join is None or self.lines is not None)

    def place(self, number: int = 0, before: int = 0) -> tuple[str, int]:
        """What messages call its file beside a file of values, and how many entries are before."""
        return (self.files[number][0], before) if self.files else (self.source or "", 0)

    def held(self) -> Floats:
        """All of its entries as numbers: shape (N,), or (N, C) for a target of distributions."""
        numbers = self.array.floats()
        return numbers.reshape(-1) if self.name == "sample_weight" else numbers

    def beside(self, columns: Columns, numbers: Floats, start: int) -> Columns:
        """Columns with those of its numbers that go with their rows, the first of which is `start`.

        Raises
        ------
        DataError : that is the first of all
        """
        rows, fits = len(columns.values), len(numbers) - start
        if self.join is not None:
            places = self.join.places(columns.ids or (), start)
            return self.put(columns, numbers[places], places)
        if fits < rows:
            rule = f"{count(len(numbers), self.title)}, but more rows of values"
            fault = DataError(rule, ways=self.ways)
            if fits <= 0:
                raise fault
            columns = replace(columns.rows(slice(fits)), fault=fault)
        part = slice(start, start + rows)
        return self.put(columns, numbers[part], part)

    def put(self, columns: Columns, numbers: Floats, places: Any) -> Columns:
        """Columns with these numbers, which stand at these places."""
        lines = self.lines
        if lines is not None:
            is_run = isinstance(places, slice)
            lines = lines[places] if is_run else [lines[i] for i in places.tolist()]
        parts: dict[str, Any] = {self.name: numbers, f"{self.name}_lines": lines}
        return replace(columns, **parts)

    def joined(self) -> ExtraArray:
        """The same, to be found by identifiers where it has some.

        Raises
        ------
        DataError : one stands twice, or they are not one for each entry
        """
        if self.ids is None:
            return self
        if len(self.ids) != self.array.length:
            rule = f"{count(len(self.ids), 'id')}, {count(self.array.length, self.title)}"
            raise DataError(rule, place=Place(source=self.source))
        return replace(self, join=IdJoin(self.title, self.source, self.ids, self.lines))

    def in_order_of(self, ids: Sequence[str] | None) -> ExtraArray:
        """Its entries beside all the values, which have these identifiers.

        Raises
        ------
        DataError : there is none for one of them
        """
        found = self if ids is None else self.joined()
        if ids is None or found.join is None:
            return self
        places = found.join.places(ids, 0)
        if misfit := found.join.misfit(range(len(ids))):
            raise found.join.counted(misfit[1])
        lines = self.lines and [self.lines[i] for i in places.tolist()]
        return replace(found, array=HeldWindows.of(self.array.floats()[places]), lines=lines)


def left_alone(
    request: InputRequest, source: str, targets: Sequence[str], weights: Sequence[str]
) -> Iterator[str]:
    """What is worth a word about targets and weights of the source where options give others."""
    for what, given, own in (
        ("target", request.target, targets),
        ("sample weight", request.sample_weight, weights),
    ):
        of = given and (given.path if isinstance(given, NamedFile) else given.option)
        if of and own and not of.startswith(f"{source}:"):
            yield f"read the {what} of {of}, left {', '.join(map(excerpt, own))} alone"


def check_length(
    what: str, given: int, rows: int, source: str | None = None, ways: Ways = ()
) -> None:
    """Refuse what is not one for each row of the values."""
    if given != rows:
        rule = f"{count(rows, 'row')} of values, {count(given, what)}"
        raise DataError(rule, place=Place(source=source), ways=ways)


def refuse_unpaired(
    values: tuple[tuple[str, int], ...], extras: Iterable[ExtraArray | None]
) -> None:
    """Refuse several files that do not go one by one with those of the values."""
    for extra in extras:
        if extra is None or not extra.files:
            continue
        if not values:
            rule = f"several files of {extra.title}s go with several files of arrays"
            raise DataError(rule, place=Place(source=extra.source))
        if len(values) != len(extra.files):
            rule = f"{len(values)} files of values, {len(extra.files)} of {extra.title}s"
            alone = max(values, extra.files, key=len)[min(len(values), len(extra.files))][0]
            hint = f"they go one by one in the order of their names: {alone} has none beside it"
            raise DataError(rule, place=Place(source=values[0][0]), hint=hint)
        for (ours, rows), (theirs, given) in zip(values, extra.files, strict=True):
            beside = "" if ours == theirs else f" in {theirs}"
            if rows != given:
                rule = f"{count(rows, 'row')} of values, {count(given, extra.title)}{beside}"
                raise DataError(rule, place=Place(source=ours))
        here, there = (numbers_of([name for name, _ in files]) for files in (values, extra.files))
        if here != there and sorted(here) == sorted(there):
            i = next(i for i, number in enumerate(here) if number != there[i])
            rule = f"{extra.files[i][0]} stands beside it, whose number is another"
            hint = "they go one by one, in the order of their names as text: 02, not 2, sorts both"
            raise DataError(rule, place=Place(source=values[i][0]), hint=hint)
