"""Which column is what: by the names people use, or by what the user says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cecalc.errors import DataError, excerpt
from cecalc.request import ColumnChoice
from cecalc.selection import seen, select
from cecalc.terms import Kind

PREFIXES: Mapping[Kind, str] = {
    Kind.LOGITS: "logit_",
    Kind.PROBS: "prob_",
    Kind.LOG_PROBS: "log_prob_",
}
PLAIN: Mapping[Kind, tuple[str, ...]] = {
    Kind.LOGITS: ("logits", "logit"),
    Kind.PROBS: ("probs", "prob"),
    Kind.LOG_PROBS: ("log_probs", "log_prob"),
}
TOLD = ("score",)
"""Names that may mean logits or probabilities: the user says which."""
TARGETS = ("target", "label", "y")
TARGET_PREFIX = "target_"


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
    choice: ColumnChoice,
    wanted: Wanted,
    *,
    named: bool = True,
    classes: Sequence[str] | None = None,
) -> Layout:
    """The layout of a table with these column names.

    Parameters
    ----------
    fields : the names of the columns
    choice, wanted : what the user says, and what is looked for
    named : whether the fields are names at all, and not just numbers
    classes : the names of the classes, where the user says them

    Raises
    ------
    DataError : the columns cannot be told for certain, or one that was named is not there
    """
    if named:
        _refuse_duplicates(fields)
    identity = _single(fields, choice.id, ("id",), "--id-col")
    weight = _single(fields, choice.sample_weight, ("sample_weight",), "--sample-weight-col")
    rest = [i for i in range(len(fields)) if i not in (identity, weight)]
    target: tuple[int, ...] = ()
    if wanted.target:
        target = _target(fields, choice, rest, only=wanted.only and not wanted.values)
    rest = [i for i in rest if i not in target]
    if not wanted.values:
        return Layout(Kind.LOGITS, (), (), target, identity, weight)
    kind, values, notes = _values(fields, choice, wanted, rest)
    values, names = _classes(fields, values, classes, named=named)
    if _is_per_class(fields, choice, target) and named:
        in_order = bool(choice.targets and choice.values)
        target = _matched(fields, target, names, in_order=in_order)
    return Layout(kind, values, names if len(values) > 1 else (), target, identity, weight, notes)


def _classes(
    fields: Sequence[str], values: tuple[int, ...], said: Sequence[str] | None, *, named: bool
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The value columns in class order, and the names of the classes."""
    names = tuple(_class_name(fields[i]) for i in values) if named else ()
    order = _numeric_order(names)
    if order is not None:
        values, names = tuple(values[i] for i in order), tuple(names[i] for i in order)
    if said is None:
        return values, names
    are_stated = all(_is_prefixed(fields[i]) for i in values) and not numbered(names)
    if named and are_stated and len(values) > 1:
        if sorted(said) != sorted(names):
            stated = f"columns name {', '.join(names[:8])}"
            raise DataError(f"--classes names {', '.join(said[:8])}, but the {stated}")
        values = tuple(values[names.index(name)] for name in said)
    return values, tuple(said)


def _is_per_class(fields: Sequence[str], choice: ColumnChoice, target: Sequence[int]) -> bool:
    """Whether the target's columns are one for each class, each named for its class."""
    if choice.target is not None:
        return False
    return len(target) > 1 or any(fields[i].startswith(TARGET_PREFIX) for i in target)


def _refuse_duplicates(fields: Sequence[str]) -> None:
    first: dict[str, int] = {}
    for number, name in enumerate(fields, 1):
        if name in first and name:
            raise DataError(f"column {excerpt(name)} appears twice ({first[name]} and {number})")
        first[name] = number


def _single(
    fields: Sequence[str], said: str | None, names: Sequence[str], option: str
) -> int | None:
    if said is not None:
        chosen = select(fields, said, option)
        if len(chosen) > 1:
            raise DataError(f"{option} {said} names {len(chosen)} columns, expected one")
        return chosen[0]
    found = [i for i, name in enumerate(fields) if name.strip().casefold() in names]
    if len(found) > 1:
        several = ", ".join(excerpt(fields[i]) for i in found)
        raise DataError(
            f"more than one column could be meant: {several}", hint=f"name it: {option}"
        )
    return found[0] if found else None


def _target(
    fields: Sequence[str], choice: ColumnChoice, rest: Sequence[int], *, only: bool
) -> tuple[int, ...]:
    if choice.targets is not None:
        return select(fields, choice.targets, "--target-cols", rest)
    single = _single(fields, choice.target, TARGETS, "--target-col")
    if choice.target is not None and single is not None:
        return (single,)
    several = tuple(i for i in rest if fields[i].startswith(TARGET_PREFIX))
    if single is not None and several:
        raise DataError(
            f"both {excerpt(fields[single])} and {excerpt(fields[several[0]])} could be the target",
            hint="name it: --target-col or --target-cols",
        )
    if single is None and not several and only:
        return tuple(rest)
    return several if single is None else (single,)


def _values(
    fields: Sequence[str], choice: ColumnChoice, wanted: Wanted, rest: Sequence[int]
) -> tuple[Kind, tuple[int, ...], tuple[str, ...]]:
    for kind, text in choice.values.items():
        return kind, select(fields, text, f"{kind.option}-cols", rest), ()
    found = {kind: by_name for kind in Kind if (by_name := _by_name(fields, kind, rest))}
    if wanted.kind is not None:
        if wanted.kind in found:
            return wanted.kind, found[wanted.kind], ()
        others = tuple(i for i in rest if not _is_target(fields[i]))
        if wanted.only and not found and others:
            return wanted.kind, others, ()
        option = f"{wanted.kind.option}-cols"
        raise DataError(f"no {wanted.kind} among the columns", hint=f"{option}; {seen(fields)}")
    if not found:
        if told := [fields[i] for i in rest if fields[i].strip().casefold() in TOLD]:
            raise DataError(
                f"column {excerpt(told[0])} may hold logits or probabilities",
                hint=f"say which: --logits-cols {told[0]} or --probs-cols {told[0]}",
            )
        raise DataError(
            "no column is named logit_*, prob_* or log_prob_*",
            hint=f"say which with --logits-cols, --probs-cols or --log-probs-cols; {seen(fields)}",
        )
    kind = next(iter(found))  # logits first: what is derived from them stands behind
    derived = " and ".join(other for other in found if other != kind)
    notes = (f"read the {kind} columns; the {derived} columns were left alone",) if derived else ()
    return kind, found[kind], notes


def _is_target(field: str) -> bool:
    return field.strip().casefold() in TARGETS or field.startswith(TARGET_PREFIX)


def _by_name(fields: Sequence[str], kind: Kind, rest: Sequence[int]) -> tuple[int, ...]:
    prefixed = tuple(i for i in rest if fields[i].startswith(PREFIXES[kind]))
    plain = [i for i in rest if fields[i].strip().casefold() in PLAIN[kind]]
    if (prefixed and plain) or len(plain) > 1:
        several = ", ".join(excerpt(fields[i]) for i in (*prefixed[:1], *plain))
        option = f"{kind.option}-cols"
        raise DataError(
            f"more than one column could be meant: {several}", hint=f"name it: {option}"
        )
    return prefixed or tuple(plain)


def _class_name(field: str) -> str:
    prefix = next((p for p in PREFIXES.values() if field.startswith(p)), "")
    return field.removeprefix(prefix)


def _is_prefixed(field: str) -> bool:
    return field.startswith(tuple(PREFIXES.values()))


def numbered(names: Sequence[str] | None) -> bool:
    """Whether names are just the numbers of the classes, in order."""
    return names is not None and list(names) == [str(i) for i in range(len(names))]


def _numeric_order(names: Sequence[str]) -> list[int] | None:
    """The order that sorts names that are exactly 0…C−1; None where they are not."""
    if not names or not all(re.fullmatch(r"0|[1-9]\d{0,8}", name) for name in names):
        return None
    order = sorted(range(len(names)), key=lambda i: int(names[i]))
    return order if numbered([names[i] for i in order]) else None


def _matched(
    fields: Sequence[str], target: Sequence[int], names: Sequence[str], *, in_order: bool
) -> tuple[int, ...]:
    """The target's columns in class order: matched by name.

    Where the user has named both the columns of the values and those of the target, and no name of
    the one appears among the other, the two lists pair up as they were given.
    """
    by_name = {fields[i].removeprefix(TARGET_PREFIX): i for i in target}
    missing = [name for name in names if name not in by_name]
    extra = [name for name in by_name if name not in names]
    if in_order and len(missing) == len(names) == len(target):
        return tuple(target)
    if not (missing or extra):
        return tuple(by_name[name] for name in names)
    fault = f"a target for {excerpt(extra[0])}, which is no class" if extra else ""
    if missing:
        fault = f"no target for class {excerpt(missing[0])}"
    hint = "name both in class order: --logits-cols (or --probs-cols) and --target-cols; "
    raise DataError(f"target columns do not match the classes: {fault}", hint=hint + seen(fields))
