"""What standard error is told: errors in our words, as text or as JSON, and how to go on."""

from __future__ import annotations

import contextlib
import itertools
import re
import sys
from collections.abc import Container
from dataclasses import replace

import typer

from cecalc.errors import InputError, UsageError, as_object, suggestion
from cecalc.numbers import is_number
from cecalc.terms import Hint, Kind


def refuse_terminal(ctx: typer.Context) -> None:
    """With no input named, standard input has to be a pipe or a file: never wait at a terminal."""
    if sys.stdin is None:
        raise InputError("standard input is closed")
    if sys.stdin.isatty():
        name = ctx.command.name or ""
        usage, example = ("why VALUE", "why 0.8166") if name == "why" else (name, name)
        target = {"bce": " --target 0,0,1,0", "softmax": "", "sigmoid": ""}.get(name, " --target 2")
        raise UsageError(
            f"no input; usage: cecalc {usage} [FILE] [OPTIONS]",
            hint=f"cecalc {example} --logits 2,-3,0.8,1.2{target}; see cecalc {name} --help",
        )


def usage_error(error: typer.TyperException, arguments: list[str]) -> UsageError:
    """Typer's own errors in our words."""
    name = getattr(error, "option_name", None)
    if name is not None and re.match(r"-[0-9.]", name):
        spelled = _row_spelled(arguments)
        return UsageError(f"stray {name}: the numbers of a row are one value", hint=spelled)
    text = error.format_message().rstrip(".").replace("Value error, ", "")
    if meant := suggestion(name or "", getattr(error, "possibilities", None) or ()):
        text = f"no such option {name}{meant}"
    value = re.match(r"Invalid value for [^:]*: (['\"])(.*?)\1 is", text, re.DOTALL)
    return UsageError(text[:1].lower() + text[1:], value=value and value[2])


def _row_spelled(arguments: list[str]) -> str:
    """The right spelling of a row whose numbers stand apart."""
    option, numbers, is_value = Kind.LOGITS.option, list[str](), False
    for argument in arguments:
        if argument in [kind.option for kind in Kind]:
            option, is_value = argument, False
        elif argument.startswith("--"):
            is_value = True  # what follows belongs to another option
        elif not is_value and all(map(is_number, argument.split(","))):
            numbers.append(argument)
        else:
            is_value = False
    return f"write {option}={','.join(numbers)}"


def are_json(arguments: list[str]) -> bool:
    """Whether --errors asks for JSON, which may stand where nothing can be parsed any more."""
    pairs = itertools.pairwise([*arguments, ""])
    told = [b if a == "--errors" else a[9:] for a, b in pairs if re.match(r"--errors(=|$)", a)]
    return told[-1:] == ["json"]


def offering(hint: Hint, options: Container[str]) -> Hint:
    """The hint, whose options are those of another command where this one lacks them."""
    named = re.findall(r"--[a-z-]+", hint.fix or "")
    if all(option in options for option in named):
        return hint
    return replace(hint, fix=f"with ce or bce: {hint.fix}")


def hint_as_json(hint: Hint) -> str:
    """A hint as one JSON object on a line: what was seen and why, what to try, its entry.

    >>> hint_as_json(Hint("ln 0", "clamped", "--no-clamp", 7))
    '{"kind": "note", "rule": "ln 0: clamped", "hint": "--no-clamp", "entry": 7}'
    """
    facts = {"kind": "note", "rule": hint.rule, "hint": hint.fix, "entry": hint.entry}
    return as_object(facts)


def say(text: str) -> None:
    """Put a line on standard error; a closed one must not hide the status."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            sys.stderr.write(f"{text}\n")
