"""The commands that an error prints: finished, and tried on the head of the input."""

from __future__ import annotations

import contextlib
import io
import itertools
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from cecalc.cli.options import options_of
from cecalc.cli.parse import request_of
from cecalc.errors import CecalcError
from cecalc.terms import Task

SHOWN = 2
"""How many commands an error prints at most."""
_TRIED = 8
"""How many are tried at most."""
_ITEMS = 3
"""How much of a run is looked at: its header, and two blocks."""


def commands(
    error: CecalcError, arguments: Sequence[str], known: Mapping[str, Any]
) -> tuple[str, ...]:
    """The commands that do what the error could not, of the ways it offers, that work.

    Parameters
    ----------
    error : its ways say what to change
    arguments : the command line
    known : the commands that there are, by their names
    """
    offered = (changed(arguments, way) for way in error.ways[:_TRIED])
    working = (line for line in offered if _works(line, known))
    return tuple(f"cecalc {shlex.join(line)}" for line in itertools.islice(working, SHOWN))


def changed(arguments: Sequence[str], way: Sequence[str]) -> list[str]:
    """The command line that a way makes of one.

    Each word of it is an option with its value, a flag, an option that goes (behind ``!``), or the
    command to be taken instead.

    >>> changed(["bce", "x.csv", "--target", "y"], ["ce", "!--target", "--target-col=y"])
    ['ce', 'x.csv', '--target-col', 'y']
    """
    name, *rest = arguments
    for word in way:
        option, sign, value = word.lstrip("!").partition("=")
        if not option.startswith("-"):
            name = word
            continue
        rest = _without(rest, option)
        if word.startswith("!"):
            continue
        rest += [word] if not sign or value.startswith("-") else [option, value]
    return [name, *rest]


def _without(arguments: Sequence[str], option: str) -> list[str]:
    """Arguments less an option and its value."""
    found, is_value = list[str](), False
    for argument in arguments:
        if not (is_value or argument == option or argument.startswith(f"{option}=")):
            found.append(argument)
        is_value = argument == option
    return found


def _works(line: Sequence[str], known: Mapping[str, Any]) -> bool:
    """Whether a command line computes the head of its input; nothing is written."""
    from cecalc.input.files import remembered
    from cecalc.run import run
    from cecalc.run.results import results

    name, *rest = line
    stdin = sys.stdin
    try:
        sys.stdin = io.TextIOWrapper(io.BytesIO(remembered()))
        options = options_of(known[name].make_context(name, rest))
        task = Task(name) if name in list(Task) else Task.CE
        found = run(request_of(task, options), results)
        with contextlib.closing(found) as items:
            return len(list(itertools.islice(items, _ITEMS))) > 1
    except (CecalcError, typer.TyperException, SystemExit):
        return False
    finally:
        sys.stdin = stdin
