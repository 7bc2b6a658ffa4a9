"""What a shell is offered when Tab is pressed: columns of the file already typed, figures, topics.

A shell evaluates what it is offered, so a name out of a file is offered only where no shell reads
anything into it.
"""

from __future__ import annotations

import csv
import itertools
import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from cecalc.output.figures import known
from cecalc.terms import Task

_HEADER_BYTES = 2**16
"""How much of a file is looked at."""
_is_plain = re.compile(r"[A-Za-z0-9_.@%+][A-Za-z0-9_.@%+-]*").fullmatch
Complete = Callable[[typer.Context, str], list[str]]


def columns(*ours: str) -> Complete:
    """Offers the columns of the input, and of ours, for the last part of what is typed."""

    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        before, comma, part = incomplete.rpartition(",")
        typed = before.split(",")
        if part.startswith("!"):
            comma, part = comma + "!", part[1:]
        added = ours if _task(ctx).is_loss else ()
        names = dict.fromkeys([*_of_files(ctx), *added])
        return [before + comma + n for n in names if n.startswith(part) and n not in typed]

    return complete


def figures(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offers the figures that can be bounded."""
    names = known(_task(ctx))
    return [f"{name}=" for name in names if name.startswith(incomplete)]


def topics(incomplete: str) -> list[str]:
    """Offers the pages of the guide."""
    from cecalc import guide

    return [topic for topic in guide.topics() if topic.startswith(incomplete)]


def _task(ctx: typer.Context) -> Task:
    """The task of the command that is typed; other commands read what `ce` reads."""
    return {task.value: task for task in Task}.get(ctx.info_name or "", Task.CE)


def _of_files(ctx: typer.Context) -> Iterator[str]:
    given = (ctx.params.get(option) or () for option in ("inputs", "logits", "probs", "log_probs"))
    # While the last option has no value yet, what cannot be parsed is left in `args`.
    for name in itertools.chain(*given, ctx.args):
        try:
            names = _header(Path(name.removeprefix("@")))
        except (OSError, ValueError, csv.Error):
            continue
        yield from filter(_is_plain, names)
        return


def _header(path: Path) -> list[str]:
    """The names of the columns of a text file; no other kind of file is opened, none is waited for.

    Raises
    ------
    OSError, ValueError : there is no such text
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return []
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    line = re.split(rb"\r?\n", head)[0].decode("utf-8-sig") if b"\n" in head else ""
    if line.lstrip().startswith(("{", "[")):
        first = json.loads(line)
        return list(first) if isinstance(first, dict) else []
    delimiter = "\t" if line.count("\t") > line.count(",") else ","
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
