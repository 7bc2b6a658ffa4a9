"""What a function was called with, as the command of its name understands it."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from cecalc.cli import commands, parse
from cecalc.cli.options import Options, flag, parsed
from cecalc.errors import CecalcError, UsageError
from cecalc.input.memory import is_table, kept
from cecalc.request import Held, Request
from cecalc.selection import quoted
from cecalc.terms import Task

PATH = (str, os.PathLike)
DATA = ("logits", "probs", "log_probs", "target", "sample_weight", "weight", "pos_weight")
"""The options that take numbers."""
_OF_TEXT = frozenset({
    *("format", "output", "plot", "quiet", "select", "only_added", "prefix", "no_rows", "inputs"),
    *("fail_above", "fail_below", "color", "no_progress", "time", "errors", "debug"),
})  # fmt: skip
"""Those that say what is written, which here is up to the caller."""


class Call:
    """A call of a function, which has the name of its command."""

    def __init__(self, name: str, values: Any, target: Any, given: Mapping[str, Any]) -> None:
        self.name, self.values, self.target = name, kept(values), kept(target)
        self.given = {option: kept(value) for option, value in given.items()}

    @property
    def options(self) -> Options:
        """The options of the command.

        Raises
        ------
        UsageError : it has no such option, or cannot read what was given
        """
        given = {n: v for n, v in {**self.given, "target": self.target}.items() if v is not None}
        arguments = [str(_plain(given.pop("value")))] if "value" in given else list[str]()
        if isinstance(self.values, PATH):
            arguments.append(os.fspath(self.values))  # a file
        elif self.values is not None and not is_table(self.values):
            given = {"logits": self.values} | given
        if others := [name for name in given if name not in _parameters(self.name) - _OF_TEXT]:
            raise UsageError(f"{self.name} has no option {others[0]}")
        held: Any = {n: Held(n, given[n]) for n in DATA if not isinstance(given.get(n, ""), PATH)}
        words = [word for n, v in given.items() if n not in held for word in _words(n, v)]
        command = commands.program().commands[self.name]
        return replace(parsed(command, self.name, [*words, "--", *arguments]), **held)

    @property
    def request(self) -> Request:
        """What is asked for.

        Raises
        ------
        UsageError : nothing is given, or options contradict each other
        """
        task = Task(self.name) if self.name in list(Task) else Task.CE
        request = parse.request_of(task, self.options)
        held = Held("data", self.values) if is_table(self.values) else None
        if held is not None and request.input.values:
            raise UsageError(f"both the table and {min(request.input.values)} give values")
        asked = replace(request.input, held=held, passed_on=request.by)
        if isinstance(names := _plain(self.given.get("classes")), list):
            asked = replace(asked, classes=tuple(map(str, names)))
        if not (held or asked.values or asked.inputs):
            raise UsageError("no values", hint="give logits, a table or the name of a file")
        return replace(request, input=asked)

    def tries(self, error: CecalcError) -> Iterator[str]:
        """The calls that do what this one could not, of the ways that its error offers."""
        from cecalc.cli.tries import computes

        for way in itertools.islice(dict.fromkeys(error.ways), 8):
            with contextlib.suppress(CecalcError):
                if (call := self._changed(way)) is not None and computes(call.request):
                    yield str(call)

    def _changed(self, way: tuple[str, ...]) -> Call | None:
        """The call that a way makes of this one; None where that takes more than options."""
        name, given = self.name, dict(self.given)
        for word in way:
            if (match := re.fullmatch(r"--([a-z-]+)(?:=(.*))?", word, re.DOTALL)) is not None:
                given[match[1].replace("-", "_")] = True if match[2] is None else match[2]
            elif word in ("ce", "bce"):
                name = word
            else:
                return None
        return Call(name, self.values, self.target, given)

    def but(self, **given: Any) -> Call:
        """The same call with further options."""
        return Call(self.name, self.values, self.target, {**self.given, **given})

    def named(self, name: str) -> Call:
        """The call of another function, with the options that it has too."""
        given = {n: value for n, value in self.given.items() if n in _parameters(name)}
        return Call(name, self.values, self.target, given)

    def __str__(self) -> str:
        positional = ["..."] * (self.values is not None or self.target is not None)
        named = [f"{n}={v!r}" if isinstance(v, str | bool | int | float) else f"{n}=..."
                 for n, v in self.given.items()]  # fmt: skip
        return f"cecalc.{self.name}({', '.join(positional + named)})"


def _parameters(name: str) -> set[str]:
    """The names of a command's options."""
    return {param.name for param in commands.program().commands[name].params}


def _plain(value: Any) -> Any:
    """An option's value as Python has it: numbers with all their digits, names as a list."""
    value = value.tolist() if hasattr(value, "tolist") and not isinstance(value, type) else value
    return [*value] if isinstance(value, Collection) and not isinstance(value, str) else value


def _words(name: str, value: Any) -> list[str]:
    """An option as it would be typed."""
    value = _plain(value)
    if isinstance(value, list):
        value = ",".join(quoted(str(item)) for item in value)
    return [flag(name)] * value if isinstance(value, bool) else [f"{flag(name)}={value}"]
