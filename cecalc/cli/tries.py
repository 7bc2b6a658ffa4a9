"""The commands that an error prints: finished, and tried on the head of the input."""

from __future__ import annotations

import contextlib
import fnmatch
import io
import itertools
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from cecalc.cli.options import parsed
from cecalc.cli.parse import request_of
from cecalc.errors import CecalcError, Status
from cecalc.numbers import is_number
from cecalc.request import Request
from cecalc.terms import Task

SHOWN = 2
"""How many commands an error prints at most."""
LONGEST = 1000
"""How many characters such a command may have."""
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
    ways = dict.fromkeys(error.ways)
    offered = (changed(arguments, way) for way in itertools.islice(ways, _TRIED))
    offered = (line for line in offered if sorted(line) != sorted(arguments))
    is_read = error.status is not Status.USAGE  # else argv alone decides, and nothing is opened
    working = (_quoted(line) for line in offered if _works(line, known, is_read=is_read))
    short = (line for line in working if len(line) <= LONGEST)
    return tuple(itertools.islice(short, SHOWN))


def command(arguments: Sequence[str], way: Sequence[str]) -> str:
    """The command that a way makes of a command line, untried."""
    return _quoted(changed(arguments, way))


def changed(arguments: Sequence[str], way: Sequence[str]) -> list[str]:
    """The command line that a way makes of one.

    Each word of it is an option with its value, a flag, another command, what goes (behind ``!``,
    an option with its value, or an argument), an argument that comes (behind ``+``), or an option
    that takes the place of another (``~--old=--new``).

    >>> changed(["bce", "x.csv", "--target", "y"], ["ce", "!--target", "--target-col=y"])
    ['ce', 'x.csv', '--target-col', 'y']
    >>> changed(["ce", "1,2", "0"], ["!1,2", "!0", "--logits=1,2", "--target=0"])
    ['ce', '--logits=1,2', '--target', '0']
    >>> changed(["ce", "x0.npz", "x1.npz"], ["!x*.npz", "--logits=x*.npz:a"])
    ['ce', '--logits', 'x*.npz:a']
    >>> changed(["bce", "--probs", "1.2", "--target=1"], ["~--probs=--logits"])
    ['bce', '--logits', '1.2', '--target=1']
    """
    name, *rest = arguments
    for word in way:
        sign, bare = (word[0], word[1:]) if word[0] in "!+~" else ("", word)
        option, _, value = bare.partition("=")
        if sign == "+":
            rest = [bare, *rest]
        elif sign == "~":
            rest = [re.sub(rf"\A{option}(?==|\Z)", value, argument) for argument in rest]
        elif sign and not re.match("--?[a-z]", bare):
            at = rest.index(bare) if bare in rest else len(rest)  # else what a shell made of it
            matched = [] if bare in rest else fnmatch.filter(rest, bare)
            rest = [word for word in rest[:at] + rest[at + 1 :] if word not in matched]
        elif not re.match("--?[a-z]", bare):
            name = bare
        else:
            rest = _without(rest, option)
            rest += [] if sign else _spelled(option, value)
    return [name, *rest]


def _quoted(line: Sequence[str]) -> str:
    r"""A command for a shell, in ASCII.

    >>> _quoted(["ce", "my file.csv", "caf\u00e9"])
    "cecalc ce 'my file.csv' $'caf\\xc3\\xa9'"
    """
    return " ".join(["cecalc", *(_word(word) for word in line)])


def _word(word: str) -> str:
    if word.isascii() and word.isprintable():
        return shlex.quote(word)
    shown = (
        chr(b) if 32 <= b < 127 and b not in b"'\\" else f"\\x{b:02x}" for b in os.fsencode(word)
    )
    return f"$'{''.join(shown)}'"


def _without(arguments: Sequence[str], option: str) -> list[str]:
    """Arguments less an option and its value."""
    found, is_value = list[str](), False
    for argument in arguments:
        if not (is_value or argument == option or argument.startswith(f"{option}=")):
            found.append(argument)
        is_value = argument == option
    return found


def _spelled(option: str, value: str) -> list[str]:
    """An option and its value, as one word where that is easier to read, or needed."""
    is_list = "," in value and is_number(value.split(",", maxsplit=1)[0])
    if not value or is_list or value.startswith("-"):
        return [f"{option}={value}" if value else option]
    return [option, value]


def _works(line: Sequence[str], known: Mapping[str, Any], *, is_read: bool) -> bool:
    """Whether a command line can be understood, and computes the head of its input."""
    name, *rest = line
    try:
        options = parsed(known[name], name, rest)
        request = request_of(Task(name) if name in list(Task) else Task.CE, options)
        return not is_read or computes(request)
    except (CecalcError, SystemExit):
        return False


def computes(request: Request) -> bool:
    """Whether the head of an input can be computed; nothing is written."""
    from cecalc.input.files import remembered
    from cecalc.run import run
    from cecalc.run.results import results

    stdin = sys.stdin
    try:
        sys.stdin = io.TextIOWrapper(io.BytesIO(remembered()))
        found: Any = run(request, results)
        with contextlib.closing(found) as items:
            return len(list(itertools.islice(items, _ITEMS))) > 1
    finally:
        sys.stdin = stdin
