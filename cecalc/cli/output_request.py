"""The options of a command line that say what comes out, and where."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from cecalc.cli.options import Options, flag, specification
from cecalc.cli.terminal import screen_of
from cecalc.cli.values import bound
from cecalc.errors import UsageError, excerpt
from cecalc.explain import CODE
from cecalc.input.formats import member_of
from cecalc.items import Item
from cecalc.output import FORMATS, HTML, JSON, MARKDOWN, PLOTS, QUIET, SUFFIXES, TABLE, Format
from cecalc.output.figures import WORST, Bound, known
from cecalc.request import NamedFile, Request, Screen, Selection
from cecalc.terms import Reduction, Task
from cecalc.writer import STANDARD_OUTPUT


@dataclass(frozen=True)
class OutputRequest:
    """Everything the command line says about the output."""

    options: Options
    """What is said of it alone: where it goes, what else is told."""
    format: Format
    selection: Selection
    bounds: tuple[Bound, ...]
    """What has to hold for status 0."""
    screen: Screen

    @property
    def path(self) -> str | None:
        """The file that is written; None for standard output."""
        return self.options.output

    @property
    def streams(self) -> bool:
        """Whether rows are written as they are computed."""
        is_held = self.format.is_whole or self.options.quiet or not self.selection.rows
        return self.format.is_by_row and not is_held

    @property
    def has_pictures(self) -> bool:
        """Whether what pictures show is collected."""
        return self.format is HTML or self.options.plot is not None

    @property
    def passed_on(self) -> str | None:
        """`InputRequest.passed_on`, as far as it is known before the input."""
        if self.options.by:
            return specification(self.options.by)
        if not self.selection.rows or self.selection.only_added or self.format is QUIET:
            return None
        return self.selection.columns or ("" if self.format.is_by_row else None)

    def render(self, items: Iterator[Item]) -> Iterator[Any]:
        """Chunks of text or bytes, as the view for the format makes them of the items."""
        return self.format.render(items, self.screen, self.selection)


def output_of(
    options: Options, request: Request, formats: Mapping[str, Format] = FORMATS
) -> OutputRequest:
    """What the command line says about the output of a command that has these formats.

    Raises
    ------
    UsageError : the suffix is unknown, or the output is also an input
    """
    inputs = list(_read(request))
    if options.plot is not None:
        _refuse_plot(options.plot, options.output)
    is_printed = options.output is None or options.quiet
    for written in (options.output, options.plot, STANDARD_OUTPUT if is_printed else None):
        if written is not None:
            _refuse_reading(written, inputs)
    chosen = format_of(options, formats)
    is_quiet = options.quiet and options.output is None
    is_shown = options.output is None and not options.quiet and os.isatty(STANDARD_OUTPUT)
    if chosen.is_whole and is_shown:
        rule = f"--format {chosen.name} goes to a file or a pipe, not to a terminal"
        raise UsageError(rule, hint=f"name a file: -o rows{chosen.suffixes[0]}")
    task = request.input.task
    selection, bounds = _selection(options, task, chosen), _bounds(task, options)
    screen = screen_of(options.color, options.output)
    form = QUIET if is_quiet else chosen
    return OutputRequest(options, form, selection, tuple(bounds), screen)


def _refuse_plot(plot: str, output: str | None) -> None:
    """Refuse a picture that cannot be, or that takes another file's place."""
    if PurePath(plot).suffix.lower() not in PLOTS:
        hint = f"the name of a picture ends in {' or '.join(PLOTS)}"
        raise UsageError(f"--plot {excerpt(plot)}: unknown suffix", hint=hint, value=plot)
    if plot == output:
        raise UsageError(f"--plot and -o are both {excerpt(plot)}")


def format_of(options: Options, formats: Mapping[str, Format]) -> Format:
    """How the result of a command is written, which may not have every format."""
    if options.code and options.format is not None:
        raise UsageError("--code is torch code, and goes with no --format")
    if options.code:
        return CODE
    name = options.format or _suffixed(options.output).name
    name = "markdown" if name == "md" else name
    if name not in formats:
        known = ", ".join("--code" if form is CODE else form.name for form in formats.values())
        raise UsageError(f"no format {name} here", hint=f"there are {known}")
    return formats[name]


def _selection(options: Options, task: Task, chosen: Format) -> Selection:
    """Which rows and columns are written."""
    if options.no_rows and chosen is not JSON and not task.is_loss:
        raise UsageError(f"--no-rows: {task} has no summary")
    if options.summary != "brief" and chosen not in (TABLE, MARKDOWN, HTML):
        raise UsageError("--summary goes with --format table, markdown or html")
    for name in ("only_added", "prefix"):
        if getattr(options, name) and not chosen.is_by_row:
            raise UsageError(f"{flag(name)} goes with --format csv, tsv or jsonl")
    if options.only_added and options.by:
        raise UsageError("--only-added goes with rows, and --by has none")
    _refuse_unwritten(options)
    return Selection(
        rows=not options.no_rows,
        is_full=options.summary == "all",
        prefix=options.prefix,
        only_added=options.only_added,
        columns=specification(options.select),
    )


def _refuse_unwritten(options: Options) -> None:
    """Refuse options that choose among what is not written at all."""
    is_quiet = options.quiet and options.output is None
    silent = "--no-rows" if options.no_rows else "-q" if is_quiet else None
    refused = {"by": "writes groups", "select": "chooses columns of rows"}
    if options.no_rows or options.reduction is not Reduction.NONE:
        refused |= dict.fromkeys(("top", "bottom"), "chooses rows")
    for option, what in refused.items():
        if silent and getattr(options, option):
            raise UsageError(f"--{option} {what}, and {silent} writes none")


def _bounds(task: Task, options: Options) -> Iterator[Bound]:
    """What --fail-above and --fail-below say."""
    said = {"--fail-above": options.fail_above, "--fail-below": options.fail_below}
    for option, texts in said.items():
        for text in texts or ():
            found = bound(option, text, known(task))
            if found.figure == "loss" and options.reduction is Reduction.NONE:
                rule = f"{option} {excerpt(text)}: there is no one loss under --reduction none"
                hint = f"name another figure: {option} mean={text.rpartition('=')[2]}"
                raise UsageError(rule, hint=hint, value=text)
            if found.figure == WORST and not options.by:
                rule = f"{option} {excerpt(text)} goes with the groups of --by"
                raise UsageError(rule, value=text)
            yield found


def _suffixed(path: str | None) -> Format:
    """The format that the suffix of the output says."""
    if path is None:
        return TABLE
    suffix = PurePath(path).suffix
    found = SUFFIXES.get(suffix.lower())
    if found is None and not path.startswith("/dev/"):
        what = f"unknown suffix {excerpt(suffix)}" if suffix else "no suffix"
        hint = f"say the format with -f, or use one of {', '.join(SUFFIXES)}"
        raise UsageError(f"-o {excerpt(path)}: {what}", hint=hint, value=path)
    return found or TABLE


def _read(request: Request) -> Iterator[str]:
    """The names of everything that is read; - for standard input."""
    inputs = request.input
    of_loss = vars(inputs.options).values()
    given = (*inputs.values.values(), inputs.target, inputs.sample_weight, *of_loss)
    named = (member_of(g.path)[0] for g in given if isinstance(g, NamedFile))
    for name in (*named, *(inputs.inputs or (() if inputs.values else ("-",)))):
        yield name
        yield from glob.iglob(name, recursive=True)  # noqa: PTH207


def _refuse_reading(output: str | int, inputs: Iterable[str]) -> None:
    """Refuse an output (a name, or standard output as after >>) that is an input too."""
    written = _status(output)
    for name in inputs:
        read = _status(name)
        if written is None or read is None or not os.path.samestat(written, read):
            continue
        if isinstance(output, str) and (name != "-" or stat.S_ISREG(written.st_mode)):
            raise UsageError(f"output {excerpt(output)} is also an input")
        if stat.S_ISREG(written.st_mode):  # a pipe or a terminal may well be both
            rule = f"standard output is {excerpt(name)}, which is also an input"
            if name == "-":
                rule = "standard output is the file that standard input is read from"
            raise UsageError(rule)


def _status(file: str | int) -> os.stat_result | None:
    """What the system knows of a file, - for standard input; None where there is none."""
    try:
        return os.stat(0 if file == "-" else file)  # noqa: PTH116  # a Path is no descriptor
    except (OSError, ValueError):
        return None
