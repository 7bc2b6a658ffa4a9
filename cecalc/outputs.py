"""From the parameters of a command to what is written, and where; free of contradictions."""

from __future__ import annotations

import difflib
import glob
import math
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from cecalc.errors import UsageError, excerpt
from cecalc.options import Color
from cecalc.records import Item, NamedFile, Reduction, Request, Screen, Task
from cecalc.requests import joined, refuse_flawed
from cecalc.scalars import read_option
from cecalc.views import SUFFIXES, Explaining, Finding, Format, Selection
from cecalc.views.bounds import Bound, known
from cecalc.writer import STANDARD_OUTPUT


@dataclass(frozen=True)
class OutputRequest:
    """Everything the command line says about the output."""

    format: Format | Explaining | Finding
    path: str | None
    quiet: bool
    selection: Selection
    bounds: tuple[Bound, ...]
    """What has to hold for status 0."""
    screen: Screen
    progress: bool
    """Whether progress may be shown."""
    time: bool
    """Whether to say what took how long."""

    @property
    def streams(self) -> bool:
        """Whether rows are written as they are computed."""
        return self.format.is_by_row and not self.quiet

    def render(self, items: Iterator[Item]) -> Iterator[str]:
        """Chunks of text, as the view for the format makes them of the items."""
        return self.format.render(items, self.screen, self.selection)


def output_of(params: Mapping[str, Any], request: Request) -> OutputRequest:
    """What the command line says about the output.

    Raises
    ------
    UsageError : the suffix is unknown, or the output is also an input
    """
    path, chosen = params["output"], params["format"]
    inputs = list(_read(request))
    if path is not None:
        _refuse_overwriting(path, inputs)
        if chosen is None and not params["code"]:
            chosen = _format_of(path)
    if path is None or params["quiet"]:
        _refuse_appending(inputs)
    chosen = chosen or Format.TABLE
    return OutputRequest(
        format=_form(params, request, chosen),
        path=path,
        quiet=params["quiet"],
        selection=_selection(params, chosen),
        bounds=tuple(_bounds(request.input.task, params)),
        screen=screen_of(params["color"], path),
        progress=not params["no_progress"],
        time=params["time"],
    )


def entry_output_of(params: Mapping[str, Any]) -> tuple[Finding, Screen]:
    """How an entry of the catalogue is written, and where it is seen."""
    path, chosen = params["output"], params["format"]
    if path is not None and chosen is None:
        chosen = _format_of(path)
    return _finding(chosen or Format.TABLE), screen_of(params["color"], path)


def _form(
    params: Mapping[str, Any], request: Request, chosen: Format
) -> Format | Explaining | Finding:
    """How the result of the command is written, which has not every format."""
    if request.explains:
        return _explaining(params, chosen)
    if request.question is None:
        return chosen
    return _finding(chosen)


def _finding(chosen: Format) -> Finding:
    """How what `why` says is written."""
    if chosen not in (Format.TABLE, Format.JSON):
        raise UsageError(f"why has no format {chosen}", hint="there are table and json")
    return Finding(chosen.value)


def _explaining(params: Mapping[str, Any], chosen: Format) -> Explaining:
    """How an explanation is written."""
    if params["code"]:
        if params["format"] is not None:
            raise UsageError("--code is torch code, and goes with no --format")
        return Explaining.CODE
    if chosen not in (Format.TABLE, Format.JSON):
        rule = f"explain has no format {chosen}"
        raise UsageError(rule, hint="there are table and json, and --code for torch code")
    return Explaining(chosen.value)


def _selection(params: Mapping[str, Any], chosen: Format) -> Selection:
    """Which rows and columns are written."""
    if params["no_rows"] and chosen is not Format.JSON:
        raise UsageError("--no-rows goes with --format json")
    for option in ("--only-added", "--prefix"):
        if params[option[2:].replace("-", "_")] and not chosen.is_by_row:
            raise UsageError(f"{option} goes with --format csv, tsv or jsonl")
    if params["only_added"] and params.get("by"):
        raise UsageError("--only-added goes with rows, and --by has none")
    _refuse_unwritten(params)
    specification = joined(params["select"])
    if specification is not None:
        refuse_flawed("--select", specification)
    return Selection(
        rows=not params["no_rows"],
        prefix=params["prefix"],
        only_added=params["only_added"],
        columns=specification,
    )


def _refuse_unwritten(params: Mapping[str, Any]) -> None:
    """Refuse options that choose among what is not written at all."""
    is_quiet = params["quiet"] and params["output"] is None
    silent = "--no-rows" if params["no_rows"] else "-q" if is_quiet else None
    prints_rows = silent == "-q" and params.get("reduction") is Reduction.NONE
    ranks = "chooses rows"
    for option, what in (
        ("by", "writes groups"),
        ("top", ranks),
        ("bottom", ranks),
        ("select", "chooses columns of rows"),
    ):
        if silent and params.get(option) and not (what == ranks and prints_rows):
            raise UsageError(f"--{option} {what}, and {silent} writes none")


def _bounds(task: Task, params: Mapping[str, Any]) -> Iterator[Bound]:
    """What --fail-above and --fail-below say."""
    for option, is_ceiling in (("--fail-above", True), ("--fail-below", False)):
        for text in params.get(option[2:].replace("-", "_")) or ():
            figure, sign, number = text.rpartition("=")
            figure = figure.strip().replace("-", "_") if sign else "loss"
            if figure not in known(task):
                near = [name for name in known(task) if figure and name.startswith(figure)]
                near = near or difflib.get_close_matches(figure, known(task), 1)
                meant = f"; did you mean {near[0]}?" if near else ""
                raise UsageError(
                    f"{option} {excerpt(text)}: no figure is named {excerpt(figure)}{meant}",
                    hint=f"figures: {', '.join(known(task))}",
                    value=text,
                )
            if figure == "loss" and params.get("reduction") is Reduction.NONE:
                rule = f"{option} {excerpt(text)}: there is no one loss under --reduction none"
                hint = f"name another figure: {option} mean={number}"
                raise UsageError(rule, hint=hint, value=text)
            limit = read_option(option, number)
            if math.isnan(limit):
                rule = f"{option} {excerpt(text)}: nothing is above or below nan"
                raise UsageError(rule, value=text)
            yield Bound(figure, limit, is_ceiling)


def _format_of(path: str) -> Format:
    suffix = PurePath(path).suffix
    found = Format.of_suffix(suffix)
    if found is None and not path.startswith("/dev/"):
        known = ", ".join(SUFFIXES)
        what = f"unknown suffix {excerpt(suffix)}" if suffix else "no suffix"
        raise UsageError(
            f"-o {excerpt(path)}: {what}",
            hint=f"say the format with -f, or use one of {known}",
            value=path,
        )
    return found or Format.TABLE


def _read(request: Request) -> Iterator[str]:
    """The names of everything that is read; - for standard input."""
    options, inputs = request.options, request.input
    given = (*inputs.values.values(), inputs.target, inputs.sample_weight)
    yield from (
        g.path for g in (*given, options.weight, options.pos_weight) if isinstance(g, NamedFile)
    )
    for name in inputs.paths or (() if inputs.values else ("-",)):
        yield name
        yield from glob.iglob(name, recursive=True)  # noqa: PTH207


def _refuse_overwriting(path: str, inputs: Iterable[str]) -> None:
    for name in inputs:
        if _is_same(_status(path), _status(name), only_regular=name == "-"):
            raise UsageError(f"output {excerpt(path)} is also an input")


def _refuse_appending(inputs: Iterable[str]) -> None:
    """Refuse a file as standard output, as after >>, that is an input too."""
    try:
        written = os.fstat(STANDARD_OUTPUT)
    except OSError:
        return
    for name in inputs:
        if _is_same(written, _status(name), only_regular=True):
            rule = f"standard output is {excerpt(name)}, which is also an input"
            if name == "-":
                rule = "standard output is the file that standard input is read from"
            raise UsageError(rule)


def screen_of(color: Color, path: str | None) -> Screen:
    """What a drawing is made for: the terminal, if that is where it goes."""
    is_terminal = path is None and sys.stdout is not None and sys.stdout.isatty()
    wanted = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = None
    if is_terminal:
        import shutil

        width = shutil.get_terminal_size().columns
    return Screen(width=width, color=color is Color.ALWAYS or (color is Color.AUTO and wanted))


def _status(name: str) -> os.stat_result | None:
    """What the system knows of a file, or of standard input for -; None where there is none."""
    try:
        return os.fstat(0) if name == "-" else Path(name).stat()
    except (OSError, ValueError):
        return None


def _is_same(
    one: os.stat_result | None, other: os.stat_result | None, *, only_regular: bool
) -> bool:
    """Whether both are one file; a pipe or a terminal may well be both."""
    if one is None or other is None or (only_regular and not stat.S_ISREG(one.st_mode)):
        return False
    return os.path.samestat(one, other)
