"""What explains a number: the simplest ways first, each with its mend, and what they are worth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from cecalc.mistakes.diagnosis import Diagnosis, Match
from cecalc.numbers import rounded
from cecalc.output import json, page
from cecalc.output.drawing import line, named
from cecalc.output.prose import unbroken
from cecalc.request import Screen

IN_FULL = 5
"""Up to how many matches are."""
Pair = tuple[str, str]
"""The name of a line, and what it says."""


def render(found: Diagnosis, screen: Screen) -> str:
    """The whole text."""
    return "\n".join(_paragraphs(found, screen))


def render_page(found: Diagnosis, _screen: Screen) -> str:
    """The same as a page."""
    source = found.report.header.schema.source
    return page.document(
        f"Why {found.typed.text}?", source, page.drawn_text(render(found, page.NATURAL))
    )


def _paragraphs(found: Diagnosis, screen: Screen) -> Iterator[str]:
    yield line(_verdict(found), screen, "bold")
    is_alone = len(found.matches) == 1
    for number, match in enumerate(found.matches[:IN_FULL], start=1):
        title = "" if is_alone else line(f"{number}  {match.name}", screen, "bold")
        yield title + named(_of_match(match, found), screen, 1 if is_alone else 4)
    if len(found.matches) > IN_FULL:
        others = [match.name for match in found.matches[IN_FULL:]]
        yield named([(f"and {len(others)} more", _few(others))], screen)
    for title, texts in (("what it cannot be", found.reasons), ("what may help", found.advice)):
        if texts:
            dashed = [("-", text) for text in texts]
            yield line(title, screen, "bold") + named(dashed, screen, 3)
    yield named(_facts(found), screen) + "\n" + line(found.report.backend, screen, "dim")


def _verdict(found: Diagnosis) -> str:
    typed, number = found.typed.text, len(found.matches)
    if not found.matches:
        return f"{typed} fits none of {found.tried} ways to compute a loss of these rows"
    first = found.matches[0]
    if first.is_cut:
        return f"{typed} is the loss of these rows, its digits cut, not rounded"
    if found.says_little:
        share = f"{100 * found.chance:.0f} % of all numbers near it would fit one"
        return f"{typed} has too few digits: {share} of {found.tried} ways"
    if first.is_right and found.typed.is_sure and math.isfinite(found.typed.value):
        return f"{typed} is the loss of these rows: nothing is wrong"
    if first.is_right:
        return f"{typed} is consistent with the loss of these rows: nothing need be wrong"
    what = first.name if number == 1 else f"{number} explanations, the simplest first"
    return f"{typed} {found.verb} {what}"


def _of_match(match: Match, found: Diagnosis) -> Iterator[Pair]:
    for number, words in enumerate(match.says):
        yield ("and" if number else "what"), words
    row = " for the first row" if found.rows else ""
    yield "gives", _precise(match.value, found.typed.decimals) + row
    if match.fix is not None:
        yield "fix", unbroken(match.fix)
    if match.entries:
        entries = ", ".join(f"§{entry.number} ({entry.title})" for entry in match.entries)
        yield "see", unbroken("cecalc why ") + entries
    if match.alike:
        yield "alike", f"the same number on these rows: {_few(match.alike)}"


def _few(names: Sequence[str]) -> str:
    """The first names, and how many there are besides."""
    more = [f"and {len(names) - IN_FULL} more"] if names[IN_FULL:] else []
    return "; ".join([*names[:IN_FULL], *more])


def _precise(value: float, decimals: int) -> str:
    """A value with two decimals more than were typed, six at least."""
    if not math.isfinite(value) or abs(value) >= 1e9:
        return f"{value:.10g}"
    return f"{value:.{max(6, min(decimals + 2, 12))}f}"


def _facts(found: Diagnosis) -> Iterator[Pair]:
    ours = "nothing: every row is ignored"
    if found.report.mean is not None:
        ours = f"{rounded(found.report.mean)} nats, mean over {found.size}"
    yield f"cecalc {found.report.header.task}", ours + _ratio(found)
    if found.rows:
        yield "rows", found.rows
    is_right = bool(found.matches) and found.matches[0].is_right
    if found.also and not is_right:
        yield "also", f"no difference in these digits: {_few(found.also)}"
    if found.apart is not None:
        yield "tell apart", found.apart
    if found.matches and found.rows:
        yield "by chance", f"{_percent(max(found.chance, 1e-6))} of random lists, or fewer"
    elif found.matches and not (math.isfinite(found.typed.value) and found.typed.value):
        ways = f"{round(found.chance * found.tried)} of the {found.tried} ways tried"
        yield "by chance", f"{ways} give {found.typed.value:g} for these rows, which tells little"
    elif found.matches and found.chance:
        low, high = sorted((found.typed.value / 2, found.typed.value * 2))
        share = f"{_percent(found.chance)} of the numbers from {low:.4g} to {high:.4g}"
        yield "by chance", f"{share} would fit one of the {found.tried} ways tried as closely"


def _percent(share: float) -> str:
    """A share with two digits; 99.9 % is 100 %."""
    return f"{float(f'{100 * share:.2g}'):g} %"


def _ratio(found: Diagnosis) -> str:
    """How a number that nothing explains compares with the loss."""
    mean, value = found.report.mean, found.typed.value
    if found.matches or found.rows or not mean or not math.isfinite(value) or not value:
        return ""
    return f"; {found.typed.text} is {value / mean:.5g} times that"


def render_json(found: Diagnosis, _screen: Screen) -> str:
    """The object."""
    typed, report = found.typed, found.report
    members = {
        "value": typed.value,
        "typed": typed.text,
        "decimals": typed.decimals,
        "verdict": found.verb if found.matches else "fits nothing",
        "task": report.header.task,
        "loss": report.mean,
        "loss_is": f"mean over {found.size}",
        "also": found.also,
        "tried": found.tried,
        "chance": found.chance,
        "tell_apart": found.apart,
        "cannot_be": found.reasons,
        "would_help": found.advice,
        "rows": found.rows or None,
        "source": report.header.schema.source,
        "backend": report.backend,
        "version": report.version,
    }
    matches = json.listed("matches", [_object(match) for match in found.matches])
    return json.document(*json.each(members), matches)


def _object(match: Match) -> str:
    members: dict[str, Any] = {
        "name": match.name,
        "what": match.says,
        "value": match.value,
        "fix": match.fix,
        "entries": [{"number": e.number, "title": e.title} for e in match.entries],
        "alike": match.alike,
    }
    return f"{{{', '.join(json.each(members))}}}"
