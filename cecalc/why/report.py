"""What explains a number: the simplest ways first, each with its mend, and what they are worth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from cecalc.model import Item
from cecalc.numbers import rounded
from cecalc.output.drawing import draw, paragraph, styled, unbroken
from cecalc.output.json import member
from cecalc.request import Screen, Selection
from cecalc.why.diagnosis import Diagnosis, Match

IN_FULL = 5
"""Up to how many matches are."""
_ROOM = 100
"""Columns to fill where there is no terminal."""
_STRONG, _DIM = "bold", "dim"
Pair = tuple[str, str]
"""The name of a line, and what it says."""


def render(items: Iterator[Item], screen: Screen, _selection: Selection) -> Iterator[str]:
    """The whole text."""
    for item in items:
        if isinstance(item, Diagnosis):
            yield "\n".join(_paragraphs(item, screen))


def _paragraphs(found: Diagnosis, screen: Screen) -> Iterator[str]:
    yield _text(_verdict(found), screen, _STRONG)
    is_alone = len(found.matches) == 1
    for number, match in enumerate(found.matches[:IN_FULL], start=1):
        title = "" if is_alone else _text(f"{number}  {match.name}", screen, _STRONG)
        yield title + _lines(list(_of_match(match, found)), screen, 1 if is_alone else 4)
    if len(found.matches) > IN_FULL:
        more = ", ".join(match.name for match in found.matches[IN_FULL:])
        yield _lines([(f"and {len(found.matches) - IN_FULL} more", more)], screen)
    for title, texts in (("what it cannot be", found.reasons), ("what may help", found.advice)):
        if texts:
            dashed = [("-", text) for text in texts]
            yield _text(title, screen, _STRONG) + _lines(dashed, screen, 3)
    yield _lines(list(_facts(found)), screen) + "\n" + _text(found.backend, screen, _DIM)


def _verdict(found: Diagnosis) -> str:
    if not found.matches:
        return f"{found.typed} fits none of {found.tried} ways to compute a loss of these rows"
    first = found.matches[0]
    if first.is_right and found.is_sure:
        return f"{found.typed} is the loss of these rows: nothing is wrong"
    if first.is_right:
        return f"{found.typed} is consistent with the loss of these rows: nothing need be wrong"
    if len(found.matches) == 1:
        return f"{found.typed} {found.verb} {first.name}"
    return f"{found.typed} {found.verb} {len(found.matches)} explanations, the simplest first"


def _of_match(match: Match, found: Diagnosis) -> Iterator[Pair]:
    for number, words in enumerate(match.says):
        yield ("and" if number else "what"), words
    yield "gives", _precise(match.value, found.decimals)
    if match.fix is not None:
        yield "fix", match.fix
    if match.entries:
        entries = ", ".join(f"§{entry.number} ({entry.title})" for entry in match.entries)
        yield "see", unbroken("cecalc why ") + entries
    if match.alike:
        yield "alike", f"the same number on these rows: {', '.join(match.alike)}"


def _precise(value: float, decimals: int) -> str:
    """A value with two decimals more than were typed, six at least."""
    if not math.isfinite(value) or abs(value) >= 1e9:
        return f"{value:.10g}"
    return f"{value:.{max(6, min(decimals + 2, 12))}f}"


def _facts(found: Diagnosis) -> Iterator[Pair]:
    ours = "nothing: every row is ignored"
    if found.ours is not None:
        ours = f"{rounded(found.ours)} nats, {found.ours_is}"
    yield f"cecalc {found.task}", ours
    if found.also:
        yield "also", f"no difference in these digits: {', '.join(found.also)}"
    if found.apart is not None:
        yield "tell apart", found.apart
    if found.matches and found.chance:
        low, high = sorted((found.value / 2, found.value * 2))
        share = f"{100 * found.chance:.2g} % of the numbers from {low:.4g} to {high:.4g}"
        yield "by chance", f"{share} would fit one of the {found.tried} ways tried as closely"


def _lines(pairs: Sequence[Pair], screen: Screen, indent: int = 1) -> str:
    """A line for each pair, the words below each other; long ones go on below."""
    widest = max(len(name) for name, _ in pairs)
    room = (screen.width or _ROOM) - indent - widest - 3
    drawn = []
    for name, words in pairs:
        code = name == "fix"  # a line of code stays one
        first, *rest = [words] if code else paragraph(room, words, "", "")
        head = styled(" " * indent).append(f"{name:{widest}}  ", _DIM).append(first)
        drawn.append(draw(head, screen))
        drawn += [_text(" " * (indent + widest + 1) + line, screen) for line in rest]
    return "".join(drawn)


def _text(text: str, screen: Screen, style: str = "") -> str:
    return draw(styled(f" {text}", style), screen)


def render_json(items: Iterator[Item], _screen: Screen, _selection: Selection) -> Iterator[str]:
    """The object."""
    for item in items:
        if isinstance(item, Diagnosis):
            yield "{\n  " + ",\n  ".join(_members(item)) + "\n}\n"


def _members(found: Diagnosis) -> Iterator[str]:
    yield member("value", found.value)
    yield member("typed", found.typed)
    yield member("decimals", found.decimals)
    yield member("verdict", found.verb if found.matches else "fits nothing")
    yield member("task", found.task)
    yield member("loss", found.ours)
    yield member("loss_is", found.ours_is)
    matches = ",\n    ".join(map(_object, found.matches))
    yield f'"matches": [\n    {matches}\n  ]' if matches else '"matches": []'
    yield member("also", found.also)
    yield member("tried", found.tried)
    yield member("chance", found.chance)
    yield member("tell_apart", found.apart)
    yield member("cannot_be", found.reasons)
    yield member("would_help", found.advice)
    yield member("source", found.source)
    yield member("backend", found.backend)
    yield member("version", found.version)


def _object(match: Match) -> str:
    members = (
        member("name", match.name),
        member("what", match.says),
        member("value", match.value),
        member("fix", match.fix),
        member("entries", [asdict(entry) for entry in match.entries]),
        member("alike", match.alike),
    )
    return f"{{{', '.join(members)}}}"
