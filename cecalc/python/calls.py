"""What a function was called with, as the command of its name understands it."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cecalc.cli import commands, parse
from cecalc.cli.options import Options, flag, parsed
from cecalc.errors import CecalcError, UsageError
from cecalc.input.dataset import is_table
from cecalc.request import Held, Request
from cecalc.selection import quoted
from cecalc.terms import Task

_DATA = ("logits", "probs", "log_probs", "target", "sample_weight", "weight", "pos_weight")
"""The options that take numbers."""
_OF_TEXT = frozenset({
    *("format", "output", "plot", "quiet", "select", "only_added", "prefix", "no_rows"),
    *("fail_above", "fail_below", "color", "no_progress", "time", "errors", "code", "debug"),
    *("topic", "inputs"),
})  # fmt: skip
"""Those that say what is written, which here is up to the caller."""
_TRIED = 8


@dataclass(frozen=True)
class Call:
    """A call of a function."""

    name: str
    """The command."""
    values: Any
    target: Any
    given: Mapping[str, Any]

    @property
    def options(self) -> Options:
        """The options of the command.

        Raises
        ------
        UsageError : it has no such option, or cannot read what was given
        """
        given = {name: value for name, value in self.given.items() if value is not None}
        words = [str(given.pop("value"))] if "value" in given else list[str]()
        if _is_path(self.values):
            words.append(os.fspath(self.values))  # a file
        elif self.values is not None and not is_table(self.values):
            given = {"logits": self.values} | given
        if self.target is not None:
            given["target"] = self.target
        held = {n: v for n, v in given.items() if n in _DATA and not _is_path(v)}
        for name, value in given.items():
            words += [] if name in held else _words(name, value)
        known = _parameters(self.name)
        for name in given:
            if name in _OF_TEXT or name not in known:
                raise UsageError(f"{self.name} has no option {name}")
        options = parsed(commands.program().commands[self.name], self.name, words)
        handed: dict[str, Any] = {name: Held(name, value) for name, value in held.items()}
        return replace(options, **handed)

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
            kind = next(iter(request.input.values))
            raise UsageError(f"both the table and {kind} give values")
        asked = replace(request.input, held=held)
        if not (held or asked.values or asked.paths):
            raise UsageError("no values", hint="give logits, a table or the name of a file")
        return replace(request, input=asked)

    def tries(self, error: CecalcError) -> Iterator[str]:
        """The calls that do what this one could not, of the ways that its error offers."""
        from cecalc.cli.tries import computes

        for way in itertools.islice(dict.fromkeys(error.ways), _TRIED):
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
        return replace(self, name=name, given=given)

    def but(self, **given: Any) -> Call:
        """The same call with further options."""
        return replace(self, given={**self.given, **given})

    def named(self, name: str) -> Call:
        """The call of another function, with the options that it has too."""
        given = {n: value for n, value in self.given.items() if n in _parameters(name)}
        return replace(self, name=name, given=given)

    def __str__(self) -> str:
        positional = ["..."] * (self.values is not None or self.target is not None)
        named = [f"{n}={v!r}" if isinstance(v, str | bool | int | float) else f"{n}=..."
                 for n, v in self.given.items()]  # fmt: skip
        return f"cecalc.{self.name}({', '.join(positional + named)})"


def _parameters(name: str) -> set[str]:
    """The names of a command's options."""
    return {param.name for param in commands.program().commands[name].params}


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike)


def _words(name: str, value: Any) -> list[str]:
    """An option as it would be typed."""
    if isinstance(value, bool):
        return [flag(name)] * value
    if isinstance(value, list | tuple):
        value = ",".join(quoted(str(item)) for item in value)
    return [f"{flag(name)}={value}"]
