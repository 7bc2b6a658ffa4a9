"""How columns are named everywhere: by name, number, range, glob or /regex/, and all but those."""

from __future__ import annotations

import fnmatch
import re
import warnings
from collections.abc import Sequence

from cecalc.errors import DataError, excerpt, suggestion

_PART = re.compile(r'\s*(!?)\s*("(?:[^"]|"")*"|/(?:\\.|[^/\\])*/i?|[^,]*?)\s*(?:,|\Z)')
_NUMBERS = re.compile(r"([0-9]{1,9})(-?)([0-9]{0,9})|-([0-9]{1,9})")


def select(
    fields: Sequence[str], specification: str, option: str, among: Sequence[int] | None = None
) -> tuple[int, ...]:
    r"""The columns that `specification` names, in its order, each once; positions are 0-based.

    Parts stand between commas. A part is a name (in double quotes where it holds a comma), a
    1-based number, a range of either (``3-``, ``-4``, ``2-5``, ``a-c``, ``a-``), a glob, or a
    regular expression between slashes. A name that is there wins over any other reading, and
    numbers are all names or all positions. A leading ``!`` turns the whole specification around;
    before a later part it takes that part away again.

    Parameters
    ----------
    fields : the names of the columns
    specification : what a person wrote
    option : who is told when it does not fit
    among : the columns that globs, ranges and ``!`` keep to, where others have a role already

    Raises
    ------
    DataError : it names a column that is not there, or is no specification

    Examples
    --------
    >>> select(["id", "a", "b", "c"], "a,3-", "--logits-cols")
    (1, 2, 3)
    >>> select(["id", "a", "b", "c"], "!/^[ab]$/", "--select")
    (0, 3)
    """
    parts = split(specification)
    _refuse_mixture(fields, [part for _, part in parts], f"{option} {specification}")
    is_inverted = bool(parts) and parts[0][0]
    open_to = range(len(fields)) if among is None else dict.fromkeys(among)
    chosen: dict[int, None] = {}
    for is_excluded, part in parts:
        found = _found(fields, part, option)
        free = [i for i in found if i in open_to]
        if not free and not is_inverted:
            taken = excerpt(fields[found[0]])
            raise DataError(f"{option} {part}: column {taken} has another role already")
        if is_excluded and not is_inverted:
            dropped = set(free)
            chosen = {i: None for i in chosen if i not in dropped}
        else:
            chosen |= dict.fromkeys(free)
    if is_inverted:
        chosen = {i: None for i in open_to if i not in chosen}
    if not chosen:
        raise DataError(f"{option} {specification} leaves no column", hint=seen(fields))
    return tuple(chosen)


def split(specification: str) -> list[tuple[bool, str]]:
    """The parts of a specification, and whether each stands behind a ``!``.

    >>> split('!/a,b/, "c,d"')
    [(True, '/a,b/'), (False, '"c,d"')]
    """
    found = _PART.finditer(specification)  # one part after the other: each ends at a comma
    parts = [(bool(m[1]), m[2]) for m in found if m.start() < len(specification)]
    return parts or [(False, "")]


def quoted(name: str) -> str:
    """A name as a part of a specification.

    >>> quoted("a"), quoted("a,b"), quoted("!x")
    ('a', '"a,b"', '"!x"')
    """
    is_plain = re.fullmatch(r"[^,!/\s\"][^,\"]*(?<!\s)", name)
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def flaw(specification: str) -> str | None:
    """What is wrong with a specification whatever the columns are; None where nothing is."""
    for _, part in split(specification):
        if not part:
            return "a part is empty"
        try:
            _expression(part)
        except (re.error, OverflowError, RecursionError) as error:
            return f"{part} is no regular expression: {error}"
    return None


def seen(fields: Sequence[str]) -> str:
    """The columns, for a hint."""
    shown = ", ".join(f'"{name}"' if "," in name else name for name in fields[:12])
    more = f", ... ({len(fields)} in all)" if len(fields) > 12 else ""
    return f"columns: {shown}{more}"


def _refuse_mixture(fields: Sequence[str], parts: Sequence[str], said: str) -> None:
    """Refuse numbers of which some are names and others can only be positions."""
    numbers = [n for part in parts if _NUMBERS.fullmatch(part) for n in part.split("-") if n]
    names = [number for number in numbers if number in fields]
    if others := [number for number in numbers if names and number not in names]:
        rule = f"{said}: column {excerpt(names[0])} is called so, and none {excerpt(others[0])}"
        raise DataError(rule, hint=f"name all of them; {seen(fields)}")


def _found(fields: Sequence[str], part: str, option: str) -> Sequence[int]:
    for reading in (_named, _ranged, _numbered, _matching):
        try:
            found = reading(fields, part)
        except IndexError:
            numbers = f"columns are numbered 1 to {len(fields)}"
            raise DataError(f"{option} {part}: {numbers}", value=part) from None
        if found is not None:
            return found
    rule = f"{option}: no column {excerpt(part)}{suggestion(part, fields, excerpt)}"
    raise DataError(rule, hint=seen(fields), value=part)


def _named(fields: Sequence[str], part: str) -> Sequence[int] | None:
    if part not in fields and len(part) > 1 and part[0] == part[-1] == '"':
        part = part[1:-1].replace('""', '"')
    return [fields.index(part)] if part in fields else None


def _numbered(fields: Sequence[str], part: str) -> Sequence[int] | None:
    match = _NUMBERS.fullmatch(part)
    if match is None:
        return None
    first = int(match[1] or 1)
    last = int(match[3] or match[4] or (len(fields) if match[2] else first))
    if not (1 <= first <= len(fields) and 1 <= last <= len(fields)):
        raise IndexError
    return _through(first - 1, last - 1)


def _ranged(fields: Sequence[str], part: str) -> Sequence[int] | None:
    if part.endswith("-") and part[:-1] in fields:
        return _through(fields.index(part[:-1]), len(fields) - 1)
    if part.startswith("-") and part[1:] in fields:
        return _through(0, fields.index(part[1:]))
    dashes = (i for i, character in enumerate(part) if character == "-")
    ends = ((part[:i], part[i + 1 :]) for i in dashes)
    ranges = [(a, b) for a, b in ends if a in fields and b in fields]
    if len(ranges) != 1:
        return None
    first, last = ranges[0]
    return _through(fields.index(first), fields.index(last))


def _through(first: int, last: int) -> Sequence[int]:
    """From one column to the other, backwards where the last stands first."""
    return range(first, last + 1) if first <= last else range(first, last - 1, -1)


def _matching(fields: Sequence[str], part: str) -> Sequence[int] | None:
    pattern = _expression(part) or re.compile(rf"\A{fnmatch.translate(part)}")
    return [i for i, name in enumerate(fields) if pattern.search(name)] or None


def _expression(part: str) -> re.Pattern[str] | None:
    """The regular expression between the slashes of a part."""
    match = re.fullmatch(r"/(.*)/(i?)", part, re.DOTALL)
    if match is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of what Python may read otherwise one day
        return re.compile(match[1], re.IGNORECASE if match[2] else 0)
