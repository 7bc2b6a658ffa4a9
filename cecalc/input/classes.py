"""Targets that are written as class names: matched to the classes, never taken by order."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np

from cecalc.errors import DataError, Place, count, excerpt, suggestion
from cecalc.input.names import numbered
from cecalc.input.shapes import as_said, described
from cecalc.model import Array, Floats
from cecalc.numbers import as_float, is_number, write_number
from cecalc.request import InputRequest
from cecalc.terms import IGNORE_INDEX, TargetAs

HEAD = 4096
"""How many rows are looked at to tell whether targets are names or numbers."""
_TRUTHS = {"true": Decimal(1), "false": Decimal(0)}
_SAY_WHICH = "say which with --target-as name|index"
_EITHER = (("--target-as=name",), ("--target-as=index",))
_EXACT = 2.0**53
"""From here on a float may have been another integer."""


def shown_names(names: Sequence[str] | None, classes: int) -> tuple[str, ...] | None:
    """The names by which results speak of the classes; None where they are just the numbers.

    Raises
    ------
    DataError : there are more or fewer names than classes
    """
    if names is None or (numbered(names) and len(names) == classes):
        return None
    if len(names) != classes:
        raise DataError(f"{count(len(names), 'class name')} for {count(classes, 'class')}")
    return tuple(names)


@dataclass(frozen=True)
class Classes:
    """The classes of a problem, and how a target names one of them.

    Names that read as numbers compare as numbers, however they and the targets are spelled.
    """

    names: tuple[str, ...] | None = None
    target_as: TargetAs | None = None
    ignored: float = IGNORE_INDEX
    notes: tuple[str, ...] = ()
    """What is worth knowing about how targets are read."""

    def __post_init__(self) -> None:
        names = self.names or ()
        if len(self._number) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise DataError(f"class {excerpt(twice)} appears twice")

    @classmethod
    def of(cls, request: InputRequest, names: tuple[str, ...] | None) -> Classes:
        """The classes as the command line has targets read."""
        ignored = request.options.ignore_index
        return cls(names, request.target_as, IGNORE_INDEX if ignored is None else ignored)

    @property
    def are_numbers(self) -> bool:
        """Whether a target's number is the class it means."""
        if self.target_as is None:
            return self.names is None or numbered(self.names)
        return self.target_as is TargetAs.INDEX

    @property
    def pass_numbers(self) -> bool:
        """Whether a target that is a number, and no text, is that of its class."""
        return self.are_numbers or (self.target_as is None and not self.are_open)

    @cached_property
    def are_open(self) -> bool:
        """Whether only the targets can tell if they are names or numbers."""
        if self.target_as is not None or not self._valued or len(self._number) == 1:
            return False
        return list(self._valued) != [*range(len(self._number))]

    @cached_property
    def _number(self) -> dict[str, float]:
        return {name: float(i) for i, name in enumerate(self.names or ())}

    @cached_property
    def _valued(self) -> dict[Decimal, tuple[str, ...]]:
        """The names that read as numbers, by their values."""
        found: dict[Decimal, tuple[str, ...]] = {}
        for name in self._number:
            if (value := _value(name)) is not None:
                found[value] = (*found.get(value, ()), name)
        return found

    def settled(self, head: Iterable[Any]) -> Classes:
        """The classes with targets read in the way that alone fits the first target that tells.

        Where none tells, each target that could be both is refused.
        """
        for target in head if self.are_open else ():
            is_index = self._fits_index(target)
            if self._fits_name(target) == is_index:
                continue
            as_what, what, why = TargetAs.NAME, "names", "has the number"
            if is_index:
                as_what, what, why = TargetAs.INDEX, "numbers", "is named"
            note = (
                f"targets are read as class {what}: no class {why} {excerpt(_text(target))} "
                f"(--target-as {as_what} says so)"
            )
            is_told = not _is_number(target)  # a text is a name, as anybody would read it
            return replace(self, target_as=as_what, notes=() if is_told else (note,))
        return self

    def number(self, target: Any) -> float:
        """The class number that a target's text (or number) means; a number passes as it is.

        A ValueError says what is wrong.
        """
        if not isinstance(target, str) and type(target) not in (int, float):
            raise ValueError(f"target is {described(target)}, expected a class")
        if isinstance(target, str) and not (target := target.strip()):
            raise ValueError("empty")
        is_unnamed = self.names is None and not isinstance(target, str)
        if is_unnamed or self.target_as is TargetAs.INDEX:
            return as_float(target)
        value = _value(target)
        if value is None and (name := _text(target)) in self._number:
            return self._of(name)
        if self.target_as is TargetAs.NAME or not _is_number(target):
            return self._named(target)
        if value is None or not self.are_open:
            return as_float(target)
        if not self._fits_index(target):
            return self._named(target)
        index = as_float(target)
        if self._fits_name(target) and self._named(target) != index:
            raise ValueError(
                f"target {excerpt(_text(target))} could be the name of a class or its number; "
                + _SAY_WHICH
            )
        return index

    def encoded(
        self, targets: Sequence[Any], places: Array, place: Callable[[int], Place]
    ) -> Floats:
        """The class number of each row.

        Parameters
        ----------
        targets : what rows have as their targets, each once
        places : where in there each row's target is
        place : tells where a row is

        Raises
        ------
        DataError : it names the first row whose target is no class
        """
        rows, numbers = len(places), np.zeros(len(targets))
        first = np.full(len(targets), rows)
        np.minimum.at(first, places, np.arange(rows))
        for i in np.argsort(first)[: np.count_nonzero(first < rows)].tolist():
            try:
                numbers[i] = self.number(targets[i])
            except ValueError as error:
                said, where = as_said(targets[i]), place(int(first[i]))
                ways = _EITHER if (told := str(error)).endswith(_SAY_WHICH) else ()
                raise DataError(told, place=where, value=said, ways=ways) from None
        found: Floats = numbers[places]
        return found

    def numbered(self, targets: Array, place: Callable[[int], Place]) -> Floats:
        """The class numbers of an array of targets, `place` telling where a row is.

        Raises
        ------
        DataError : it names the first row that has none
        """
        has_numbers = targets.dtype.kind == "f"
        if has_numbers and self.pass_numbers:
            return targets
        known, places = np.unique(targets, return_inverse=True)
        per_row = max(1, math.prod(targets.shape[1:]))
        exact = known.tolist()
        if has_numbers:  # as integers errors write them; beyond 2^53 a float may have been another
            exact = [int(n) if n.is_integer() and abs(n) < _EXACT else n for n in exact]
        found = self.encoded(exact, places.reshape(-1), lambda i: place(i // per_row))
        return found.reshape(targets.shape)

    def _named(self, target: Any) -> float:
        """The class that is called like a target, or the number that leaves a row out."""
        text, value = _text(target), _value(target)
        names = () if value is None else self._valued.get(value, ())
        if len(names) > 1:
            several = " or ".join(map(excerpt, names[:2]))
            raise ValueError(f"target {excerpt(text)} could be the class {several}")
        if names and isinstance(target, float) and abs(target) >= _EXACT:
            raise ValueError(f"target {text} may be rounded; write names beyond 2^53 as text")
        if names:
            return self._of(names[0])
        if value == self.ignored:
            return self.ignored
        alike = [name for name in self._number if name.casefold() == text.casefold()]
        if len(alike) == 1:
            return self._of(alike[0])
        raise ValueError(self._unknown(text))

    def _of(self, name: str) -> float:
        """The number of a class; of one alone it would say that the label is off."""
        if len(self._number) == 1:
            raise ValueError("one class: a target is 0 or 1, not a name")
        return self._number[name]

    def _fits_name(self, target: Any) -> bool:
        """Whether a class is called like a target."""
        value = _value(target)
        if value is None:
            return isinstance(target, str) and target.strip() in self._number
        return value in self._valued or value == self.ignored

    def _fits_index(self, target: Any) -> bool:
        """Whether a target is the number of a class."""
        value = _value(target)
        if value is None or not _is_number(target):
            return False
        in_range = 0 <= value < len(self._number) and value == int(value)
        return in_range or value == self.ignored

    def _unknown(self, text: str) -> str:
        if self.names is None:
            return f"cannot read {excerpt(text)} as a class index; the classes have no names"
        meant = suggestion(text, self.names, excerpt)
        classes = ", ".join(self.names[:8]) + (", ..." if len(self.names) > 8 else "")
        return f"no class is named {excerpt(text)}{meant} (classes: {classes})"


def _value(target: Any) -> Decimal | None:
    """What a name or a target is as a number, exactly; None where it is none, or not finite."""
    if isinstance(target, float):
        target = repr(target)
    if not isinstance(target, str):
        return Decimal(target) if type(target) is int else None
    text = target.strip()
    if (truth := _TRUTHS.get(text.casefold())) is not None:
        return truth
    return Decimal(text) if is_number(text) and math.isfinite(float(text)) else None


def _is_number(target: Any) -> bool:
    """Whether a target can be the number of a class, by the one grammar of numbers."""
    return type(target) in (int, float) or (isinstance(target, str) and is_number(target.strip()))


def _text(target: Any) -> str:
    return write_number(target) if isinstance(target, float) else str(target).strip()
