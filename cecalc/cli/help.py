"""Help: for -h a screen of what is used most, for --help everything in its order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from cecalc.cli.terminal import said, screen_of
from cecalc.output.prose import paragraph

_USED = (
    *("logits", "probs", "target", "log", "code", "batch_size", "framework", "deep", "top", "by"),
    *("target_col", "format", "quiet", "logits_cols", "output", "select", "only_added", "version"),
)
"""The options that a screen shows, those used most first; of a command as many as `_MOST`."""
_MOST = 8
_WIDEST = 100
_NAMES = 30
"""How long a name may be with what goes behind it, which else goes into the words."""


def written(command: Any, ctx: Any, formatter: Any) -> None:
    """What Typer prints for -h and --help."""
    arguments = ctx.obj or ()
    screen = screen_of(said(arguments, "--color"), None)
    ctx.color = screen.color  # where not, Typer takes it out again
    room = min(screen.width or 80, _WIDEST)
    formatter.write("\n".join(_lines(command, ctx, room, is_full="--help" in arguments)))


def _lines(command: Any, ctx: Any, room: int, *, is_full: bool) -> Iterator[str]:
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    yield typer.style(f" {re.sub('[{}]', '', usage)}", dim=True)
    parts = command.help.split("\n\n")
    examples = [part for part in parts if all("cecalc " in line for line in part.split("\n"))]
    for part in parts if is_full else [parts[0], *examples[:1]]:
        bright = [typer.style(f"   {line}", bold=True) for line in part.split("\n")]
        yield from ["", *(bright if part in examples else paragraph(room, part))]
    for panel, entries in _panels(command, ctx, is_full=is_full).items():
        yield from ["", typer.style(f" {panel}", bold=True)] if is_full and panel.strip() else [""]
        width = max(len(name) for name, _ in entries)
        for name, words in entries:
            first, *rest = paragraph(room, words, f"   {name:{width}}  ", " " * (width + 5))
            yield from [first.replace(name, typer.style(name, fg="cyan"), 1), *rest]


def _panels(command: Any, ctx: Any, *, is_full: bool) -> dict[str, list[tuple[str, str]]]:
    """Names and their words, by the heading above them."""
    panels: dict[str, list[tuple[str, str]]] = {}
    others = getattr(command, "commands", {})
    if others:
        panels["Commands"] = [(name, c.help.split("\n\n")[0]) for name, c in others.items()]
    params = {param.name: param for param in command.params if not param.hidden}
    used = [name for name in _USED if name in params][:_MOST]
    for param in params.values():
        name, words = param.get_help_record(ctx)
        name, panel = re.sub("[<>]", "", name).strip(), param.rich_help_panel or "Options"
        if param.param_type_name == "argument":
            name, panel = param.metavar, ""
        elif not (is_full or param.name in used):
            continue
        if len(name) > _NAMES:
            name, _, choices = name.rpartition(" ")
            words = words.replace(".", f": {choices.replace('|', ', ')}.", 1)
        words = words if is_full else words.split(". ")[0].rstrip(".")
        panels.setdefault(panel * is_full, []).append((name, words))
    more = [("cecalc guide", "pages: concepts, which-loss, columns, output, ...")]
    if others:
        more = [("cecalc COMMAND -h", "examples and the options most used; --help: all of them")]
    elif not is_full:
        more = [(f"{ctx.command_path} --help", "every option, in order"), *more]
    return panels | {" ": more}
