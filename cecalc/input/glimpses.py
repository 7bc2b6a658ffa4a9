"""What columns look like in the first rows, where their names do not say what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cecalc.input import names as known
from cecalc.input.nested import flat, labelled, parse
from cecalc.numbers import read_number, write_number

Head = Callable[[int], Sequence[Any]]
"""The cells of a column in the first rows, as they stand there."""
_TRUTHS = (
    "true|truth|gold|actuals?|targets?|labels?",
    "answer|correct|outcome|response|observed|obs|class|y",
)
"""Words in a name that make it likely that of a target, the likelier first."""
OTHERS = (
    "fold|split|index|row|id|seed|epoch|run|weight|time|date|age|year|count|n|std|sd|ci"
    "|loss|nll|entropy|margin|gap|error|max|min|correct|right"
)
"""Words in the name of a column of numbers that make it no likely score."""
_CHANCES = "p|probs?|probas?|probability|probabilities|conf|confidence|likelihood"
"""Words in the name of a column that holds probabilities."""
_SCORES = f"scores?|certainty|{_CHANCES}"
"""Words in the name of a column that a model's certainty may stand in."""
COMBINED = "ensemble|cal|calibrated|avg|average|mean|blend|fusion|stack(ed|ing)?|final|voting"
"""Words in the name of what is made of several scores, or of a raw one."""
_MISSING = {"", "None"}


@dataclass(frozen=True)
class Glimpse:
    """A column in the first rows."""

    position: int
    name: str
    texts: tuple[str, ...]
    """What it holds."""
    numbers: tuple[float, ...] | None
    """The same where all are numbers."""
    in_lists: tuple[float, ...] = ()
    """The numbers in them where each is a list, or a score for each class."""

    @classmethod
    def of(cls, position: int, name: str, cells: Sequence[Any]) -> Glimpse:
        """A column by its cells."""
        texts = tuple(str(cell).strip() for cell in cells)
        try:
            numbers = tuple(map(read_number, texts)) if texts else None
        except ValueError:
            numbers = None
        return cls(position, name, texts, numbers, _in_lists(cells))

    def has(self, words: str) -> bool:
        """Whether one of these is in its name."""
        return _has(self.name, words)

    @property
    def is_chance(self) -> bool:
        """Whether its name says that it is a probability."""
        return self.has(_CHANCES)

    @property
    def is_certainty(self) -> bool:
        """Whether its name says that a model may be so certain."""
        return self.has(_SCORES)

    @property
    def is_hard(self) -> bool:
        """Whether it holds 0 and 1 alone, and is not called a probability: decisions, no scores."""
        return self.classes <= {"0", "1"} and self.is_whole and not self.is_chance

    @property
    def is_share(self) -> bool:
        """Whether all could be probabilities."""
        return self.distance == 0

    @property
    def distance(self) -> float:
        """How far outside 0..1 a number is at most; infinite where not all are numbers."""
        numbers = self.in_lists or self.numbers or (float("inf"),)
        return max(0.0, -min(numbers), max(numbers) - 1)

    @property
    def is_score(self) -> bool:
        """Whether it could be a model's output."""
        return self.numbers is not None and not self.has(OTHERS) and not self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether all are whole numbers."""
        return self.numbers is not None and all(n.is_integer() for n in self.numbers)

    @cached_property
    def classes(self) -> frozenset[str]:
        """What it holds, each once, where that may be classes; numbers as we write them."""
        if self.numbers is None:
            return frozenset({*self.texts} - _MISSING)
        return frozenset(map(write_number, self.numbers)) if self.is_whole else frozenset()


def target_rank(name: str) -> int | None:
    """How likely a name is that of a target, 0 first; None where it is not."""
    if known.is_predicted(name) or re.fullmatch("(is_)?(correct|right)", known.plain(name)):
        return None
    return next((i for i, words in enumerate(_TRUTHS) if _has(name, words)), None)


def _has(name: str, words: str) -> bool:
    return any(re.fullmatch(words, word) for word in re.split("[^a-z]+", known.plain(name)))


def glimpses(
    fields: Sequence[str], head: Head, among: Iterable[int] | None = None
) -> list[Glimpse]:
    """What columns look like: some of them, or all that have a name."""
    named = (i for i, name in enumerate(fields) if name.strip())
    return [Glimpse.of(i, fields[i], head(i)) for i in (named if among is None else among)]


def _in_lists(cells: Sequence[Any]) -> tuple[float, ...]:
    found = list[Any]()
    with suppress(ValueError):  # of a text that is no list
        for cell in cells:
            is_text = isinstance(cell, str) and cell.lstrip().startswith("[")
            each = parse(cell) if is_text else cell
            if not isinstance(each, list | dict):
                return ()
            found += flat(each if (named := labelled(each)) is None else [n for _, n in named])
    return tuple(found) if all(type(item) in (int, float) for item in found) else ()
