"""The commands: parse, build a request, run it, return a status."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cecalc import progress
from cecalc.cli import parse
from cecalc.cli.messages import hint_lines, offering, refuse_terminal, say, usage_error
from cecalc.cli.options import Command, Commands, Numbered, Options, options_of
from cecalc.cli.output_request import OutputRequest, format_of, output_of
from cecalc.cli.strays import StrayNumbers, settled
from cecalc.cli.terminal import blamed, said, screen_of
from cecalc.errors import (
    CecalcError,
    LimitError,
    OutputError,
    Status,
    UsageError,
    as_json,
    as_object,
    count,
    line,
    message,
)
from cecalc.explain import FORMATS as OF_EXPLAIN
from cecalc.items import Item, Outcome
from cecalc.mistakes import FORMATS as OF_WHY
from cecalc.output import FORMATS, PLOTS, Format
from cecalc.output.figures import Checked
from cecalc.process import LEAST_MEMORY, address_limit, is_of_files, is_of_memory
from cecalc.progress import Meter
from cecalc.request import Request
from cecalc.terms import Hint, HintPolicy, Task
from cecalc.version import __version__
from cecalc.writer import Writer

if TYPE_CHECKING:
    from cecalc.mistakes.catalogue import Entry
    from cecalc.run.collectors import Collecting

app = typer.Typer(
    name="cecalc",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # a traceback of theirs could show data
)


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("-V", "--version", help="The version.")] = False,
) -> None:
    """Computes and explains cross-entropy and binary cross-entropy, row by row.

    cecalc ce --logits 2,-3,0.8,1.2 --target 2
    cecalc ce predictions.csv --top 5
    cecalc why 0.8166 predictions.csv

    Defaults of what is shown and where it runs, never of what is computed, are read from the
    environment: CECALC_FORMAT, CECALC_COLOR (and NO_COLOR), CECALC_ERRORS, CECALC_DEVICE.
    """
    if version:
        typer.echo(f"cecalc {__version__}")
    elif ctx.invoked_subcommand is None:
        known = ", ".join(program().commands)
        raise UsageError("no command", hint=f"one of {known}; see cecalc --help")


@app.command(cls=Command)
def ce(ctx: typer.Context) -> int:
    """Cross-entropy, softmax inside: nn.CrossEntropyLoss.

    A loss for each row, and their mean.

    cecalc ce --logits 2,-3,0.8,1.2 --target 2
    cecalc ce predictions.csv
    loss=$(cecalc ce predictions.csv -q)
    """
    return _compute(ctx, Task.CE)


@app.command(cls=Command)
def bce(ctx: typer.Context) -> int:
    """Binary cross-entropy, sigmoid inside: nn.BCEWithLogitsLoss.

    A loss for each cell; with --probs it is nn.BCELoss.

    cecalc bce --logits 2,-3,0.8,1.2 --target 0,0,1,0
    cecalc bce scores.csv
    loss=$(cecalc bce scores.csv -q)
    """
    return _compute(ctx, Task.BCE)


@app.command(cls=Command)
def softmax(ctx: typer.Context) -> int:
    """Logits to probabilities, a row together.

    cecalc softmax --logits 2,-3,0.8,1.2
    cecalc softmax --logits 2,-3,0.8,1.2 --log
    cecalc softmax predictions.csv -f csv
    """
    return _compute(ctx, Task.SOFTMAX)


@app.command(cls=Command)
def sigmoid(ctx: typer.Context) -> int:
    """Logits to probabilities, each alone.

    cecalc sigmoid --logits 2,-3,0.8,1.2
    cecalc sigmoid --logits 2,-3,0.8,1.2 --log
    cecalc sigmoid scores.csv -f csv
    """
    return _compute(ctx, Task.SIGMOID)


@app.command(cls=Command)
def explain(ctx: typer.Context) -> int:
    """Both losses, step by step, and which of them is this problem's.

    Targets are read as for ce; one logit per row, or several classes at once, as for bce; without
    one, softmax and sigmoid. Written as table, markdown, html or json; --code writes torch code
    instead.

    cecalc explain --logits 2,-3,0.8,1.2 --target 2
    cecalc explain predictions.csv --top 1
    cecalc explain --logits 1000,0 --target 1 --code | python
    """
    given = options_of(ctx)
    task = Task.CE if given.target or not given.logits else Task.SOFTMAX
    request, output = _asked(ctx, task, OF_EXPLAIN)
    request = replace(request, input=replace(request.input, target_optional=True))
    from cecalc.explain.collector import explaining

    return _execute(ctx, request, output, explaining)


@app.command(cls=Numbered)
def why(ctx: typer.Context) -> int:
    """Which mistakes would make a training loop print another number.

    The loss is read from the rows it was printed for: as for ce, or, with one score per row or
    several labels, as for bce. Status 0 where a mistake explains the number, 1 where none does.

    cecalc why 0.8166 predictions.csv
    cecalc why -0.91 --logits 2,-3,0.8,1.2 --target 2
    cecalc why 2.31 predictions.csv --batch-size 64

    With §1 to §53 (or '#1') it shows an entry of the catalogue instead: what is seen, why, the
    wrong line and the right one.

    cecalc why §1
    """
    options = options_of(ctx, OF_WHY)
    if (entry := parse.entry_of(options)) is not None:
        return _show(entry, options)
    question, asked = parse.question_of(options), _asked(ctx, Task.CE, OF_WHY)
    from cecalc.mistakes.collector import diagnosing

    return _execute(ctx, *asked, partial(diagnosing, question))


@app.command(cls=Command)
def guide(ctx: typer.Context) -> int:
    """What a number means and how to ask for it: a page for each topic.

    cecalc guide
    cecalc guide which-loss
    """
    from cecalc import guide as pages

    options = options_of(ctx)
    screen, topic = screen_of(options.color, None), options.topic
    text = pages.contents() if topic is None else pages.page(topic)
    if topic is not None and screen.width is not None:
        from cecalc.output import drawing

        text = drawing.markdown(text, screen)
    if not pages.paged(text, screen):
        _print(text)
    return Status.COMPLETE


def main() -> None:
    """Run the command line and leave with its status."""
    status = status_of(sys.argv[1:])
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    os._exit(status)  # everything is written; a failing flush at exit would only hide the status


def status_of(arguments: list[str]) -> int:
    """Run the command line; every error becomes a message on standard error and a status."""
    try:
        return _called(arguments)
    except StrayNumbers as error:
        return _told(settled(error, arguments), arguments)
    except CecalcError as error:
        return _told(error, arguments)
    except typer.TyperException as error:
        return _told(usage_error(error, arguments), arguments)
    except Exception as error:  # noqa: BLE001 (a bug, and this is the border)
        if "--debug" in arguments:
            say("".join(traceback.format_exception(error)).rstrip())
            return Status.BUG
        return _told(_unforeseen(error), arguments)


def _told(error: CecalcError, arguments: list[str]) -> int:
    """The status of an error that standard error is told."""
    if error.ways:
        from cecalc.cli import tries

        error.tries = tries.commands(error, arguments, program().commands)
        if error.tries and isinstance(error, StrayNumbers):
            error.hint = None  # the command says it
    error.rule = blamed(error.rule, arguments)
    told = as_json(error) if said(arguments, "--errors") == "json" else message(error)
    say(told, said(arguments, "--color"))
    return error.status


def _unforeseen(error: Exception) -> CecalcError:
    """What has run out, or a bug of ours."""
    if is_of_files(error):
        return LimitError("too many open files", hint="ulimit -n says how many may be")
    if is_of_memory(error):
        return LimitError("out of memory")
    return CecalcError(f"internal error ({type(error).__name__})", hint="rerun with --debug")


@cache
def program() -> Any:
    """The program, as Typer makes it of its commands."""
    return typer.main.get_command(app)


def _called(arguments: list[str]) -> int:
    """Run the command; the help that Typer prints goes out by the writer, unless to a terminal."""
    printed = io.StringIO()
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    with contextlib.redirect_stdout(sys.stdout if is_terminal else printed):
        try:
            ended = program()(arguments, prog_name="cecalc", standalone_mode=False, obj=arguments)
            status = ended or Status.COMPLETE
        except SystemExit as leaving:  # completion leaves in this way
            status = int(leaving.code or 0)
    if text := printed.getvalue():
        _print(text)
    return status


def _compute(ctx: typer.Context, task: Task) -> int:
    """Rows or groups of a loss or an activation."""
    request, output = _asked(ctx, task)
    from cecalc.run.results import picturing, results

    return _execute(ctx, request, output, picturing if output.has_pictures else results)


def _asked(
    ctx: typer.Context, task: Task, formats: Mapping[str, Format] = FORMATS
) -> tuple[Request, OutputRequest]:
    """What is asked for; what can be refused is refused before anything large is imported."""
    options = options_of(ctx, formats)
    request = parse.request_of(task, options)
    output = output_of(options, request, formats)
    request = replace(request, input=replace(request.input, passed_on=output.passed_on))
    if not request.input.values and not request.input.inputs:
        refuse_terminal(ctx)
    if address_limit() < LEAST_MEMORY:
        leaves = f"ulimit -v leaves less than {LEAST_MEMORY // 2**20} MiB of address space"
        raise LimitError(f"out of memory: {leaves}")
    return request, output


def _execute(
    ctx: typer.Context, request: Request, output: OutputRequest, collecting: Collecting
) -> int:
    """Run what was asked for, write what the view makes of it, say what looks wrong."""
    from cecalc.hints.collector import hinted
    from cecalc.run import run

    hints: list[Hint] = []
    is_json = output.options.errors == "json"
    meter, start = Meter(), time.perf_counter()
    wanted = not output.options.no_progress and progress.is_seen(streams=output.streams)
    checked = Checked(output.bounds)
    found = run(request, hinted(collecting, hints.append), meter)
    with contextlib.closing(progress.awaited(found, meter, wanted=wanted)) as items:
        _written(checked.of(items), output, meter)
    is_loose = request.by and any(bound.figure == "loss" for bound in output.bounds)
    if is_loose and request.hints is HintPolicy.TELL:
        hints.append(
            Hint("the bound is on the whole", fix="--fail-above worst=X bounds every group")
        )
    offered = {name for param in ctx.command.params for name in param.opts}
    for hint in hints:
        for told in hint_lines(offering(hint, offered), ctx.obj, is_json=is_json):
            say(told, output.options.color)
    if output.options.time:
        for stage in progress.timings(meter, time.perf_counter() - start):
            say(as_object({"kind": "time", "rule": stage}) if is_json else stage)
    for failed in checked.failures:
        say(failed.as_json() if is_json else line("failed", str(failed)), output.options.color)
    return Status.COMPLETE if checked.holds else Status.DOES_NOT_HOLD


def _show(entry: Entry, options: Options) -> int:
    """Write an entry of the catalogue."""
    from cecalc.mistakes import catalogue as view

    form, screen = format_of(options, OF_WHY), screen_of(options.color, options.output)
    _print(view.render(entry, form, screen), options.output)
    return Status.COMPLETE


def _print(text: str | bytes, path: str | None = None) -> None:
    with Writer(path, hold=False) as writer:
        writer.write(text)


def _written(items: Iterator[Item], output: OutputRequest, meter: Meter) -> None:
    """What the format makes of the items, and their picture, written where they belong."""
    if (plot := output.options.plot) is not None:
        from cecalc.output.pictures import plotted

        items = plotted(items, PLOTS[PurePath(plot).suffix.lower()], partial(_print, path=plot))
    if output.options.quiet and output.path is not None:
        with Writer(None, hold=True) as number:
            _write(_told_to(number, items), output, meter)
    else:
        _write(items, output, meter)


def _write(items: Iterator[Item], output: OutputRequest, meter: Meter) -> None:
    """The items, in their format; an error says how many rows of a stream are out by then."""
    is_stream, rows = output.path is None and output.streams, 0

    def counted() -> Iterator[Item]:
        nonlocal rows
        for item in items:
            yield item
            # Whoever asks for the next one has written this one.
            rows += item.batch.size if isinstance(item, Outcome) else 0

    try:
        with Writer(output.path, hold=output.path is None and not is_stream) as writer:
            for chunk in output.render(counted()):
                meter.written += len(chunk)
                writer.write(chunk)
    except CecalcError as error:
        if is_stream and rows and not isinstance(error, OutputError):
            is_of_row = error.place.line is not None or error.place.row is not None
            stopped = f"; stopped at row {rows}" if is_of_row else ""
            error.rule += f"{stopped}; {count(rows, 'row')} written"
        raise


def _told_to(number: Writer, items: Iterator[Item]) -> Iterator[Item]:
    """The items, as they pass; `number` gets what -q prints of them."""
    from cecalc.output import columns, quiet

    header, rest = columns.stream_of(items)
    yield header
    for item in rest:
        number.write(quiet.text_of(header, item))
        yield item
