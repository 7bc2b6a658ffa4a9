"""Which column is what: by the names people use, or by what the user says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cecalc.errors import DataError, Place, excerpt
from cecalc.request import ColumnChoice, InputRequest
from cecalc.selection import seen, select
from cecalc.terms import Kind


@dataclass(frozen=True)
class ColumnRole:
    """What the columns of a role are called."""

    option: str
    """The option that says which they are."""
    names: tuple[str, ...]
    """What its only column is called, in any case."""
    prefix: str = ""
    """What the name of each begins with, where there may be several."""

    def called(self, fields: Sequence[str], among: Iterable[int]) -> tuple[int, ...]:
        """The columns that have one of the names."""
        return tuple(i for i in among if fields[i].strip().casefold() in self.names)

    def prefixed(self, fields: Sequence[str], among: Iterable[int]) -> tuple[int, ...]:
        """The columns whose names begin with the prefix."""
        return tuple(i for i in among if fields[i].startswith(self.prefix))

    def single(self, fields: Sequence[str], text: str | None) -> int | None:
        """The one column that the user says, or that has one of the names; None where none has."""
        if text is not None:
            found = select(fields, text, self.option)
            if len(found) > 1:
                raise DataError(f"{self.option} {text} names {len(found)} columns, expected one")
        else:
            found = self.called(fields, range(len(fields)))
            if len(found) > 1:
                raise self.ambiguous(fields, found)
        return found[0] if found else None

    def ambiguous(self, fields: Sequence[str], found: Iterable[int]) -> DataError:
        """Each of the columns found could be the one."""
        several = ", ".join(excerpt(fields[i]) for i in found)
        rule = f"more than one column could be meant: {several}"
        return DataError(rule, hint=f"name it: {self.option}")


ID = ColumnRole("--id-col", ("id",))
SAMPLE_WEIGHT = ColumnRole("--sample-weight-col", ("sample_weight",))
TARGET = ColumnRole("--target-col", ("target", "label", "y"), "target_")
VALUES = {
    kind: ColumnRole(
        f"{kind.option}-cols", (kind, kind.removesuffix("s")), kind.removesuffix("s") + "_"
    )
    for kind in Kind
}
EITHER = ("score",)
"""Names that may mean logits or probabilities: the user says which."""
_PREFIX = re.compile(f"^(?:{'|'.join(role.prefix for role in VALUES.values())})")


@dataclass(frozen=True)
class Layout:
    """Where in a row things are; positions are 0-based."""

    kind: Kind
    values: tuple[int, ...]
    names: tuple[str, ...]
    """The class name of each value column, as far as columns have names."""
    target: tuple[int, ...]
    """One position for a class index, or one per class."""
    id: int | None
    sample_weight: int | None
    notes: tuple[str, ...] = ()

    @property
    def used(self) -> list[int]:
        """Every position that is read, in order."""
        every = (self.id, self.sample_weight, *self.values, *self.target)
        return sorted({i for i in every if i is not None})


@dataclass(frozen=True)
class Wanted:
    """What is looked for in a table."""

    kind: Kind | None = None
    """The kind of value, where it is said; the columns' names say it otherwise."""
    values: bool = True
    target: bool = True
    only: bool = False
    """The table was given to one option: columns without another role belong to that."""


def understand(
    fields: Sequence[str],
    request: InputRequest,
    wanted: Wanted,
    place: Place,
    *,
    named: bool = True,
) -> Layout:
    """The layout of a table with these column names.

    Parameters
    ----------
    fields : the names of the columns
    request, wanted : what the user says, and what is looked for
    place : where they are written
    named : whether the fields are names at all, and not just numbers

    Raises
    ------
    DataError : the columns cannot be told for certain, or one that was named is not there
    """
    try:
        return _Header(fields, request.columns, request.classes, wanted, named).layout()
    except DataError as error:
        raise error.at(source=place.source, line=place.line, row=place.row) from None


@dataclass(frozen=True)
class _Header:
    """The names of columns, and what is said and asked of them."""

    fields: Sequence[str]
    choice: ColumnChoice
    classes: Sequence[str] | None
    wanted: Wanted
    is_named: bool
    """Whether the fields are names at all."""

    def layout(self) -> Layout:
        if self.is_named:
            self._refuse_duplicates()
        fields, choice, wanted = self.fields, self.choice, self.wanted
        identity = ID.single(fields, choice.id)
        weight = SAMPLE_WEIGHT.single(fields, choice.sample_weight)
        rest = [i for i in range(len(fields)) if i not in (identity, weight)]
        if not (wanted.values or wanted.target) and weight is None and len(rest) == 1:
            weight = rest[0]
        target = self._target(rest) if wanted.target else ()
        if not wanted.values:
            return Layout(Kind.LOGITS, (), (), target, identity, weight)
        kind, values, notes = self._values([i for i in rest if i not in target])
        values, names = self._classes(values)
        is_prefixed = len(target) > 1 or TARGET.prefixed(fields, target)
        if self.is_named and choice.target is None and is_prefixed:
            target = self._matched(target, names)
        names = names if len(values) > 1 else ()
        return Layout(kind, values, names, target, identity, weight, notes)

    def _refuse_duplicates(self) -> None:
        first: dict[str, int] = {}
        for number, name in enumerate(self.fields, 1):
            if name and name in first:
                twice = f"({first[name]} and {number})"
                raise DataError(f"column {excerpt(name)} appears twice {twice}")
            first[name] = number

    def _target(self, rest: Sequence[int]) -> tuple[int, ...]:
        fields, choice = self.fields, self.choice
        if choice.targets is not None:
            return select(fields, choice.targets, "--target-cols", rest)
        single = TARGET.single(fields, choice.target)
        several = () if choice.target is not None else TARGET.prefixed(fields, rest)
        if single is not None and several:
            both = f"both {excerpt(fields[single])} and {excerpt(fields[several[0]])}"
            hint = "name it: --target-col or --target-cols"
            raise DataError(f"{both} could be the target", hint=hint)
        if single is not None:
            return (single,)
        takes_all = self.wanted.only and not self.wanted.values and not several
        return tuple(rest) if takes_all else several

    def _values(self, rest: Sequence[int]) -> tuple[Kind, tuple[int, ...], tuple[str, ...]]:
        """The kind of the values, their columns, and what is worth a word about them."""
        fields, said = self.fields, self.wanted.kind
        for kind, text in self.choice.values.items():
            return kind, select(fields, text, VALUES[kind].option, rest), ()
        found = {kind: named for kind in Kind if (named := self._by_name(VALUES[kind], rest))}
        if said in found:
            return said, found[said], ()
        if said is not None:
            targets = {*TARGET.called(fields, rest), *TARGET.prefixed(fields, rest)}
            others = tuple(i for i in rest if i not in targets)
            if self.wanted.only and not found and others:
                return said, others, ()
            hint = f"{VALUES[said].option}; {seen(fields)}"
            raise DataError(f"no {said} among the columns", hint=hint)
        if not found:
            raise self._no_values(rest)
        kind, *others_found = found  # logits first: what is derived from them stands behind
        derived = " and ".join(others_found)
        note = f"read the {kind} columns; the {derived} columns were left alone"
        return kind, found[kind], (note,) if derived else ()

    def _by_name(self, role: ColumnRole, rest: Sequence[int]) -> tuple[int, ...]:
        several, single = role.prefixed(self.fields, rest), role.called(self.fields, rest)
        if (several and single) or len(single) > 1:
            raise role.ambiguous(self.fields, (*several[:1], *single))
        return several or single

    def _no_values(self, rest: Sequence[int]) -> DataError:
        unclear = [self.fields[i] for i in rest if self.fields[i].strip().casefold() in EITHER]
        if unclear:
            rule = f"column {excerpt(unclear[0])} may hold logits or probabilities"
            hint = f"say which: --logits-cols {unclear[0]} or --probs-cols {unclear[0]}"
            return DataError(rule, hint=hint)
        options = "--logits-cols, --probs-cols or --log-probs-cols"
        hint = f"say which with {options}; {seen(self.fields)}"
        return DataError("no column is named logit_*, prob_* or log_prob_*", hint=hint)

    def _classes(self, values: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """The value columns in class order, and the names of the classes."""
        fields, classes = self.fields, self.classes
        if not self.is_named:
            return values, tuple(classes or ())
        names = tuple(_PREFIX.sub("", fields[i]) for i in values)
        position, numbers = dict(zip(names, values, strict=True)), _numbers(len(names))
        if position.keys() == set(numbers):
            return tuple(position[number] for number in numbers), tuple(classes or numbers)
        if classes is None:
            return values, names
        if len(values) > 1 and all(_PREFIX.match(fields[i]) for i in values):
            if sorted(classes) != sorted(names):
                stated = f"columns name {', '.join(names[:8])}"
                raise DataError(f"--classes names {', '.join(classes[:8])}, but the {stated}")
            values = tuple(position[name] for name in classes)
        return values, tuple(classes)

    def _matched(self, target: Sequence[int], names: Sequence[str]) -> tuple[int, ...]:
        """The target's columns in class order: matched by name.

        Where the user has named both the columns of the values and those of the target, and no
        name of the one appears among the other, the two lists pair up as they were given.
        """
        by_name = {self.fields[i].removeprefix(TARGET.prefix): i for i in target}
        missing = [name for name in names if name not in by_name]
        extra = [name for name in by_name if name not in names]
        in_order = self.choice.targets and self.choice.values
        if in_order and len(missing) == len(names) == len(target):
            return tuple(target)
        if not (missing or extra):
            return tuple(by_name[name] for name in names)
        fault = f"no target for class {excerpt(missing[0])}" if missing else ""
        fault = fault or f"a target for {excerpt(extra[0])}, which is no class"
        hint = "name both in class order: --logits-cols (or --probs-cols) and --target-cols; "
        rule = f"target columns do not match the classes: {fault}"
        raise DataError(rule, hint=hint + seen(self.fields))


def _numbers(classes: int) -> list[str]:
    return [str(i) for i in range(classes)]


def numbered(names: Sequence[str] | None) -> bool:
    """Whether names are just the numbers of the classes, in order."""
    return names is not None and list(names) == _numbers(len(names))
