"""Targets that are written as class names: matched to the classes, never taken by order."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import DataError, count, excerpt
from cecalc.numerals import is_number, read_number, write_number
from cecalc.records import TargetAs
from cecalc.sources.columns import numbered

if TYPE_CHECKING:
    from cecalc.records import Floats

_INTEGER = re.compile(r"[+-]?[0-9]+")


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


class Classes:
    """The classes of a problem, and how a target names one of them."""

    def __init__(
        self, names: Sequence[str] | None, target_as: TargetAs | None, ignored: float
    ) -> None:
        self.names = None if names is None else tuple(names)
        self.target_as = target_as
        self.ignored = ignored
        self._number = {name: float(i) for i, name in enumerate(self.names or ())}
        if len(self._number) < len(self.names or ()):
            twice = next(n for n in self.names or () if (self.names or ()).count(n) > 1)
            raise DataError(f"class {excerpt(twice)} appears twice")
        self._integers = (
            bool(self.names)
            and not numbered(self.names)
            and all(map(_INTEGER.fullmatch, self._number))
        )

    @property
    def are_numbers(self) -> bool:
        """Whether a target's number is the class it means."""
        return self.target_as is not TargetAs.NAME and (self.names is None or numbered(self.names))

    def number(self, target: Any) -> float:
        """The class number that a target's text (or number) means; a number passes as it is.

        A ValueError says what is wrong.
        """
        if not isinstance(target, str):
            return self._of_number(target)
        text = target.strip()
        if not text:
            raise ValueError("empty")
        if text not in self._number and is_number(text) and float(text) == self.ignored:
            return self.ignored
        if self.target_as is None and self._is_ambiguous(text):
            raise ValueError(
                f"target {excerpt(text)} could be the name of a class or its number; "
                "say which with --target-as name|index"
            )
        if text in self._number and self.target_as is not TargetAs.INDEX:
            return self._number[text]
        if self.target_as is TargetAs.INDEX or (self.target_as is None and is_number(text)):
            return read_number(text)
        raise ValueError(self._unknown(text))

    def numbers(self, targets: Floats) -> Floats:
        """`number` of each; a ValueError says what is wrong with the first that has none."""
        if self.are_numbers:
            return targets
        known, places = np.unique(targets, return_inverse=True)
        return np.asarray([self.number(target) for target in known.tolist()])[places]

    def _of_number(self, target: Any) -> float:
        if type(target) not in (int, float):
            kind = {type(None): "null", list: "a list", dict: "an object"}.get(type(target))
            raise ValueError(f"target is {kind or str(target).lower()}, expected a class")
        if self.names is None or self.target_as is TargetAs.INDEX:
            return float(target)
        return self.number(write_number(float(target)))

    def _is_ambiguous(self, text: str) -> bool:
        if not _INTEGER.fullmatch(text):
            return False
        return self._integers or self._number.get(text, float(text)) != float(text)

    def _unknown(self, text: str) -> str:
        if self.names is None:
            return f"cannot read {excerpt(text)} as a class index; the classes have no names"
        near = difflib.get_close_matches(text, self.names, 1)
        meant = f"; did you mean {excerpt(near[0])}?" if near else ""
        return f"no class is named {excerpt(text)}{meant} (classes: {', '.join(self.names[:8])}" + (
            ", ...)" if len(self.names) > 8 else ")"
        )
