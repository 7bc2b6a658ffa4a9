"""What a table whose names do not settle it may be: options that would, the likeliest first."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cecalc.input import names as known
from cecalc.input.nested import flat, parse, scores
from cecalc.numbers import read_number
from cecalc.request import InputRequest
from cecalc.selection import quoted
from cecalc.terms import Kind, Task

_TRUTHS = ("true|truth|gold|actual|target|label", "answer|outcome|response|observed|class|y")
"""Words in the name of a column that make it a likely target, the likelier first."""
_OTHERS = re.compile("fold|split|index|row|id|seed|epoch|run|weight|time|date|age|year|count|n")
"""Words in the name of a column of numbers that make it no likely score."""


@dataclass(frozen=True)
class _Column:
    """A column that has no role by its name."""

    position: int
    name: str
    texts: tuple[str, ...]
    """What it holds in the first rows."""
    numbers: tuple[float, ...] | None
    """The same where all are numbers."""
    in_lists: tuple[float, ...] = ()
    """The numbers in them where each is a list, or a score for each class."""

    @property
    def is_predicted(self) -> bool:
        """Whether its name says that a model has predicted it."""
        return known.PREDICTED.fullmatch(known.plain(self.name)) is not None

    @property
    def is_share(self) -> bool:
        """Whether all could be probabilities."""
        numbers = self.in_lists or self.numbers
        return numbers is not None and all(0 <= number <= 1 for number in numbers)

    @property
    def is_score(self) -> bool:
        """Whether it could be a model's output."""
        words = re.split("[^a-z]+", known.plain(self.name))
        is_other = any(_OTHERS.fullmatch(word) for word in words)
        return self.numbers is not None and not is_other and not self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether all are whole numbers."""
        return self.numbers is not None and all(n.is_integer() for n in self.numbers)

    @property
    def truth(self) -> int | None:
        """How likely its name is that of a target, 0 first; None where it is not."""
        words = re.split("[^a-z]+", known.plain(self.name))
        if self.is_predicted:
            return None
        found = (i for i, group in enumerate(_TRUTHS) if any(re.fullmatch(group, w) for w in words))
        return next(found, None)


def ways(
    fields: Sequence[str],
    head: Callable[[int], Sequence[Any]],
    request: InputRequest,
    *,
    values: bool,
    target: bool,
) -> tuple[tuple[str, ...], ...]:
    """Options that say which columns are the values and which the target, as far as none does.

    Parameters
    ----------
    fields, head : the names of the columns, and what they hold in the first rows
    values, target : whether they are looked for
    """
    choice = request.columns
    columns = [_column(i, name, head(i)) for i, name in enumerate(fields) if name.strip()]
    of_values = [()] if choice.values or not values else [*_of_values(columns, request.task)]
    is_said = choice.target is not None or choice.targets is not None or not target
    found = []
    of_target = [()] if is_said or _has_target(fields) else [*_of_target(columns, request.task)]
    for options in of_values[:4]:
        found += [(*options, *more) for more in of_target[:3]]
    return tuple(option for option in found if option)


def _column(position: int, name: str, cells: Sequence[Any]) -> _Column:
    texts = tuple(str(cell).strip() for cell in cells)
    try:
        numbers = tuple(map(read_number, texts)) if texts else None
    except ValueError:
        numbers = None
    return _Column(position, name, texts, numbers, _in_lists(cells))


def _in_lists(cells: Sequence[Any]) -> tuple[float, ...]:
    found = list[float]()
    with suppress(ValueError, TypeError):  # of which one is no list of numbers
        for cell in cells:
            is_text = isinstance(cell, str) and cell.lstrip().startswith("[")
            each = parse(cell) if is_text else cell
            named = scores(each)
            found += flat([score for _, score in named] if named else each)
        return tuple(found)
    return ()


def _has_target(fields: Sequence[str]) -> bool:
    return len(known.targets_among(fields, range(len(fields)))) == 1


def _of_values(columns: Sequence[_Column], task: Task) -> Iterator[tuple[str, ...]]:
    """The values: columns with a name in common, or one; probabilities where they can be."""
    if task is Task.BCE or task is Task.SIGMOID:
        scores = [c for c in columns if c.numbers and (known.is_unclear(c.name) or c.is_score)]
        scores.sort(key=lambda c: (not known.is_unclear(c.name), c.truth is not None, c.is_whole))
        groups = [[column] for column in scores]
    else:
        groups = [[column] for column in columns if column.in_lists]
        groups += _families(columns)
    for group in groups:
        names = ",".join(quoted(column.name) for column in group)
        if len(group) > 1:
            begin, end = known.in_common([column.name for column in group])
            is_all = [c for c in columns if c.name.startswith(begin) and c.name.endswith(end)]
            is_plain = re.fullmatch(r"[\w.\- ]*", begin + end)
            if (begin or end) and is_plain and is_all == group:
                names = f"{begin}*{end}"
        kinds = _kinds(group)
        yield from ((f"{kind.option}-cols={names}",) for kind in kinds)


def _kinds(group: Sequence[_Column]) -> tuple[Kind, ...]:
    worded = [known.alone(c.name, binary=True) or known.of_class(c.name) for c in group]
    said = {name.kind for name in worded if name is not None}
    if len(said) == 1:
        return tuple(said)
    shares = all(column.is_share for column in group)
    return (Kind.PROBS, Kind.LOGITS) if shares else (Kind.LOGITS, Kind.PROBS)


def _families(columns: Sequence[_Column]) -> Iterator[list[_Column]]:
    """Columns of numbers with a beginning or an end in common, the most first; else all scores."""
    by_part = defaultdict[tuple[str, str], list[_Column]](list)
    for column in columns:
        if column.numbers is None:
            continue
        for part in known.parts(column.name):
            by_part[part].append(column)
    several = [group for group in by_part.values() if len(group) > 1]
    several = [group for group in several if any(not column.is_whole for column in group)]
    several.sort(key=lambda group: -len(group))
    yield from several
    scores = [column for column in columns if column.is_score]
    if len(scores) > 1 and scores not in several:
        yield scores


def _of_target(columns: Sequence[_Column], task: Task) -> Iterator[tuple[str, ...]]:
    """The target: by words in its name, then by what it holds."""
    fitting = [column for column in columns if _may_be_target(column, task)]
    named = [column for column in fitting if column.truth is not None]
    for column in sorted(named, key=lambda column: column.truth or 0):
        yield (f"--target-col={quoted(column.name)}",)


def _may_be_target(column: _Column, task: Task) -> bool:
    different = set(column.texts)
    if not different or column.is_predicted or column.in_lists:
        return False
    if task is Task.BCE:
        return column.is_share or len(different) == 2
    is_text = column.numbers is None
    return column.is_whole or (is_text and len(different) <= max(2, len(column.texts) // 2 + 1))
