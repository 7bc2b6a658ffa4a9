"""The terminal and the environment: how wide, whether coloured, and defaults."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import TextIO

from cecalc.request import Screen

VARIABLES = {f"--{n}": f"CECALC_{n.upper()}" for n in ("format", "color", "errors", "device")}
"""Options whose defaults stand in variables: what is shown and where it runs, not what it is."""


def said(arguments: Sequence[str], name: str) -> str:
    """What an option or its variable says, where nothing may be parsed any more.

    >>> said(["ce", "--errors", "json", "--errors=text"], "--errors")
    'text'
    """
    pairs = pairwise([*arguments, ""])
    told = [b if a == name else a[len(name) + 1 :] for a, b in pairs if a.split("=")[0] == name]
    return told[-1] if told else os.environ.get(VARIABLES[name], "")


def blamed(rule: str, arguments: Sequence[str]) -> str:
    """A rule that is broken, which names the variable where nobody typed the option."""
    for option, variable in VARIABLES.items():
        typed = re.compile(rf"{option}(=|$)|-[a-z]*{option[2]}")
        if os.environ.get(variable) and not any(map(typed.match, arguments)):
            rule = rule.replace(option, variable)
    return rule


def is_colored(stream: TextIO | None, color: str) -> bool:
    """Whether a stream is a terminal that is sent colours."""
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    wanted = color == "always" or not (color == "never" or is_plain)
    return wanted and stream is not None and stream.isatty()


def screen_of(color: str, path: str | None) -> Screen:
    """What a drawing is made for: the terminal, if that is where it goes."""
    is_terminal = path is None and sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if is_terminal else None
    wanted = color == "always" or (is_terminal and is_colored(sys.stdout, color))
    return Screen(width=width, color=wanted)
