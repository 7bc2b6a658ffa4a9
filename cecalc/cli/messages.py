"""What standard error is told: errors in our words, as text or as JSON, and how to go on."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import sys
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from typing import Any

import typer

from cecalc.cli.options import refusal
from cecalc.cli.strays import ONE_VALUE, StrayNumbers, are_numbers, settled
from cecalc.cli.terminal import is_colored
from cecalc.errors import UsageError, as_object, excerpt, line, nearest
from cecalc.output.prose import filled
from cecalc.terms import Hint, Kind

_VALUES = ("--probs", "--logits")
_OF_COLUMNS = {"--target": "--target-col", **{option: f"{option}-cols" for option in _VALUES}}
"""What names columns, where the option itself takes numbers."""
_MEANT = {
    **dict.fromkeys(("label", "labels", "y", "targets", "truth", "y-true", "true"), ("--target",)),
    **dict.fromkeys(("label-col", "y-col", "truth-col", "targets-col"), ("--target-col",)),
    **dict.fromkeys(("pred", "preds", "scores", "score", "predictions", "output", "x"), _VALUES),
    **dict.fromkeys(("y-pred", "y-prob", "y-proba", "proba", "probabilities"), ("--probs",)),
    **dict.fromkeys(("weights", "class-weight", "class-weights"), ("--weight",)),
    **dict.fromkeys(("smoothing", "epsilon"), ("--label-smoothing",)),
    **dict.fromkeys(("ignore", "pad", "padding"), ("--ignore-index",)),
    **dict.fromkeys(("sep", "separator"), ("--delimiter",)),
    **dict.fromkeys(("names", "labels-names", "class-names"), ("--classes",)),
    **dict.fromkeys(("out", "outfile", "save"), ("--output",)),
    **dict.fromkeys(("groupby", "group-by", "group"), ("--by",)),
}
"""Options by what others call them."""
_COMMANDS = {name: name for name in ("ce", "bce", "softmax", "sigmoid", "explain", "why", "guide")}
_CALLED = _COMMANDS | {"cross-entropy": "ce", "binary-cross-entropy": "bce"}
"""The commands, by what they may be called."""


_PAINTED = re.compile("(?s)(?<=^cecalc: )(error|failed|hint):|(?<=^cecalc: try: ).+")
"""What of a line on standard error is coloured at a terminal; a command is bold."""
_COLORS = {"error": "red", "failed": "red", "hint": "cyan"}


def refuse_terminal(ctx: typer.Context) -> None:
    """With no input named, standard input has to be a pipe or a file: never wait at a terminal."""
    if sys.stdin is not None and sys.stdin.isatty():
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
        return settled(StrayNumbers(f"stray {name}: {ONE_VALUE}"), arguments)
    if name is not None and hasattr(error, "possibilities"):
        context: Any = getattr(error, "ctx", None)
        known = [option for param in context.command.params for option in param.opts]
        others = (context.parent or context).command.commands.items()
        has_it = [c for c, other in others if any(name in param.opts for param in other.params)]
        if has_it:
            rule = f"no such option {name} of {context.command.name}"
            return UsageError(rule, hint=f"{has_it[0]} takes it")
        return _no_option(name, known, arguments)
    if unknown := re.match("No such command '(.*?)'", error.format_message(), re.DOTALL):
        return _no_command(unknown[1], arguments)
    return refusal(error.format_message())


def _no_option(name: str, known: Sequence[str], arguments: Sequence[str]) -> UsageError:
    """An option that there is not, and the one that means it."""
    if not (meant := _meant(name, known)):
        return UsageError(f"no such option {name}")
    parts = [part for word in arguments for part in re.split("(?<=[a-z])=", word, maxsplit=1)]
    after = {o: text for o, text in itertools.pairwise(parts) if not re.match("--?[a-z]", text)}
    every = {o: _meant(o, known) for o in parts if o.startswith("--") and o not in known}
    if not {kind.option for kind in Kind} & {*parts}:
        for option, new in every.items():  # of a file whose column it is, by its name
            if re.match("[A-Za-z_][^.,/]*$", after.get(option, "")):
                every[option] = tuple(_OF_COLUMNS.get(each, each) for each in new)
    renamed = ([f"~{old}={new}" for new in meant] for old, meant in every.items())
    ways = tuple(itertools.product(*renamed)) if all(map(after.get, every)) else ()
    rule = f"no such option {name}; did you mean {' or '.join(every.get(name, meant))}?"
    return UsageError(rule, ways=ways)


def _meant(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """The options that a name may mean."""
    near = nearest(name.lstrip("-"), [option.lstrip("-") for option in known])
    meant = _MEANT.get(name.lstrip("-").replace("_", "-").lower(), ())
    return meant or (() if near is None else (f"--{near}",))


def _no_command(name: str, arguments: Sequence[str]) -> UsageError:
    """A command that there is not, and the one that means it."""
    if are_numbers(name):
        error = settled(StrayNumbers(f"no command before {excerpt(name)}"), ["ce", *arguments])
        error.ways = (("ce", *(word for word in error.ways[0] if word != f"!{name}")),)
        return error
    near = nearest(name.lower().replace("_", "-"), _CALLED)
    if near is None:
        known = ", ".join(_COMMANDS)
        return UsageError(f"no such command {excerpt(name)}", hint=f"there are {known}")
    meant = _CALLED[near]
    return UsageError(f"no such command {excerpt(name)}; did you mean {meant}?", ways=((meant,),))


def offering(hint: Hint, options: Container[str]) -> Hint:
    """The hint, whose options are those of another command where this one lacks them."""
    named = re.findall(r"--[a-z-]+", hint.fix or "")
    if all(option in options for option in named):
        return hint
    return replace(hint, fix=f"with ce or bce: {hint.fix}", way=())


def hint_lines(hint: Hint, arguments: Sequence[str], *, is_json: bool) -> Iterator[str]:
    """A hint and its command, on a line each; or as one JSON object: what was seen and why, what
    to try, its entry.

    >>> list(hint_lines(Hint("ln 0", "clamped", "--no-clamp", 7), [], is_json=True))
    ['{"kind": "note", "rule": "ln 0: clamped", "hint": "--no-clamp", "entry": 7}']
    """
    tries = []
    if hint.way:
        from cecalc.cli.tries import command

        tries = [command(arguments, hint.way)]
    if is_json:
        facts: dict[str, Any]
        facts = {"kind": "note", "rule": hint.rule, "hint": hint.fix, "entry": hint.entry}
        yield as_object(facts | ({"try": tries} if tries else {}))
        return
    yield line("hint", str(hint))
    yield from (f"cecalc: try: {each}" for each in tries)


def folded(text: str, room: int) -> str:
    r"""A line as it fits a terminal: at words, and a command so that it can still be pasted.

    >>> folded("cecalc: try: cecalc ce 'a b.csv' -q", 34).splitlines()
    ["cecalc: try: cecalc ce 'a b.csv' \\", ' -q']
    """
    if not text.startswith("cecalc: "):
        return text
    is_command = text.startswith("cecalc: try: ")
    words = re.findall(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+""" if is_command else r"\S+", text)
    return "\n".join(filled(words, room, end=" \\" if is_command else ""))


def _painted(text: str) -> str:
    r"""A message in colour: the word before it, or the whole of a command.

    >>> _painted("cecalc: hint: y")
    'cecalc: \x1b[36mhint:\x1b[0m y'
    """
    return _PAINTED.sub(
        lambda m: typer.style(m[0], fg=_COLORS.get(m[1]), bold=not m[1] or None), text
    )


def say(text: str, color: str = "auto") -> None:
    """Put lines on standard error; a closed one must not hide the status."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            if sys.stderr.isatty():
                size = os.get_terminal_size(sys.stderr.fileno())
                room = shutil.get_terminal_size(size).columns or 80  # COLUMNS has the first word
                lines = [folded(part, room) for part in text.split("\n")]
                is_plain = not is_colored(sys.stderr, color)
                text = "\n".join(lines if is_plain else map(_painted, lines))
            sys.stderr.write(f"{text}\n")
