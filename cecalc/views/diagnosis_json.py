"""A diagnosis as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cecalc.records import Diagnosis, Item, Match, Screen
from cecalc.views.fragments import member, quoted


def render(items: Iterator[Item], _screen: Screen) -> Iterator[str]:
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
    matches = ",\n    ".join(f"{{{', '.join(_of_match(match))}}}" for match in found.matches)
    yield f'"matches": [\n    {matches}\n  ]' if matches else '"matches": []'
    yield _list("also", found.also)
    yield member("tried", found.tried)
    yield member("chance", found.chance)
    yield member("tell_apart", found.apart)
    yield _list("cannot_be", found.reasons)
    yield _list("would_help", found.advice)
    yield member("source", found.source)
    yield member("backend", found.backend)
    yield member("version", found.version)


def _of_match(match: Match) -> Iterator[str]:
    yield member("name", match.name)
    yield _list("what", match.says)
    yield member("value", match.value)
    yield member("fix", match.fix)
    entries = (
        f"{{{member('number', e.number)}, {member('title', e.title)}}}" for e in match.entries
    )
    yield f'"entries": [{", ".join(entries)}]'
    yield _list("alike", match.alike)


def _list(name: str, texts: Sequence[str]) -> str:
    return f"{quoted(name)}: [{', '.join(map(quoted, texts))}]"
