"""What explains a number: the simplest ways first, each with its mend, and what they are worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cecalc.errors import count
from cecalc.records import Diagnosis, Item, Match, Screen
from cecalc.views.digits import rounded
from cecalc.views.drawing import draw, grid, styled
from cecalc.views.figures import Line

SHOWN = 5
"""Up to how many matches are told in full."""


def render(items: Iterator[Item], screen: Screen) -> Iterator[str]:
    """The whole text."""
    for item in items:
        if isinstance(item, Diagnosis):
            yield "\n".join(_parts(item, screen))


def _parts(found: Diagnosis, screen: Screen) -> Iterator[str]:
    yield _text(_verdict(found), screen, "bold")
    for number, match in enumerate(found.matches[:SHOWN], start=1):
        yield _match(number, match, found, screen)
    if len(found.matches) > SHOWN:
        more = ", ".join(match.name for match in found.matches[SHOWN:])
        yield _text(f"and {len(found.matches) - SHOWN} more: {more}", screen)
    if found.reasons:
        yield _text("what it cannot be", screen, "bold") + _list(found.reasons, screen)
    if found.advice:
        yield _text("what would narrow it down", screen, "bold") + _list(found.advice, screen)
    yield _facts(found, screen) + "\n" + _text(found.backend, screen, "dim")


def _verdict(found: Diagnosis) -> str:
    if not found.matches:
        return f"{found.typed} fits none of {found.tried} ways to compute a loss of these rows"
    if len(found.matches) == 1:
        return f"{found.typed} {found.verb} {found.matches[0].name}"
    return f"{found.typed} {found.verb} {len(found.matches)} explanations, the simplest first"


def _match(number: int, match: Match, found: Diagnosis, screen: Screen) -> str:
    title = match.name if len(found.matches) == 1 else f"{number}  {match.name}"
    table = grid()
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for name, words in _lines(match, found):
        table.add_row(styled(f" {name}", "dim"), styled(words))
    heading = "" if len(found.matches) == 1 else _text(title, screen, "bold")
    return heading + draw(table, screen)


def _lines(match: Match, found: Diagnosis) -> Iterator[tuple[str, str]]:
    yield from zip(("what", "and"), match.says, strict=False)
    decimals = max(6, min(found.decimals + 2, 12))
    yield "gives", f"{match.value:.{decimals}f}" if abs(match.value) < 1e9 else f"{match.value:g}"
    if match.fix is not None:
        yield "mend", match.fix
    if match.entries:
        yield "see", ", ".join(f"§{entry.number} {entry.title}" for entry in match.entries)
    if match.alike:
        yield "alike", f"the same number on these rows: {', '.join(match.alike)}"


def _facts(found: Diagnosis, screen: Screen) -> str:
    lines = []
    ours = "nothing: every row is ignored" if found.ours is None else f"nats, {found.ours_is}"
    number = "" if found.ours is None else rounded(found.ours)
    lines.append(Line(f"cecalc {found.task}", number, ours))
    if found.also:
        lines.append(Line("also", "", f"{', '.join(found.also)}: no difference in these digits"))
    if found.apart is not None:
        lines.append(Line("tell apart", "", found.apart))
    if found.matches and found.chance:
        lines.append(Line("by chance", f"{100 * found.chance:.2g} %", _worth(found)))
    table = grid()
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for line in lines:
        text = " ".join(filter(None, (line.number, line.words)))
        table.add_row(styled(f" {line.name}", "dim"), styled(text))
    return draw(table, screen)


def _worth(found: Diagnosis) -> str:
    low, high = sorted((found.value / 2, found.value * 2))
    digits = count(found.decimals, "decimal") if found.decimals > 0 else "no decimals"
    return (
        f"of the numbers from {low:.4g} to {high:.4g} with {digits} "
        f"fit one of the {found.tried} ways tried"
    )


def _list(lines: Sequence[str], screen: Screen) -> str:
    return "".join(_text(f"  {line}", screen) for line in lines)


def _text(text: str, screen: Screen, style: str = "") -> str:
    return draw(styled(f" {text}", style), screen)
