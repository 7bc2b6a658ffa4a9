"""The commands: parse, build a request, run it, return a status."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cecalc import __version__
from cecalc.cli.messages import hint_as_json, offering, refuse_terminal, say, teller, usage_error
from cecalc.cli.options import Command, Numbered, Options, options_of
from cecalc.cli.parse import (
    OutputRequest,
    entry_of,
    format_of,
    output_of,
    question_of,
    request_of,
    screen_of,
)
from cecalc.errors import (
    CecalcError,
    LimitError,
    OutputError,
    Status,
    UsageError,
    count,
    note,
    note_as_json,
)
from cecalc.explain import FORMATS as OF_EXPLAIN
from cecalc.model import Header, Item, Meter, Outcome
from cecalc.output import FORMATS, Format
from cecalc.process import LEAST_MEMORY, address_limit, is_of_files, is_of_memory
from cecalc.request import Request
from cecalc.terms import Hint, Task
from cecalc.why import FORMATS as OF_WHY
from cecalc.why.diagnosis import Question
from cecalc.writer import Writer

if TYPE_CHECKING:
    from cecalc.run.collectors import Collecting, Job, Setup
    from cecalc.why.catalogue import Entry

app = typer.Typer(
    name="cecalc",
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,  # a traceback of theirs could show data
)


@app.callback(invoke_without_command=True)
def root(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,
) -> None:
    """Cross-entropy and binary cross-entropy, row by row.

    cecalc ce --logits 2,-3,0.8,1.2 --target 2
    """
    if version:
        typer.echo(f"cecalc {__version__}")
    elif ctx.invoked_subcommand is None:
        raise UsageError(
            "no command",
            hint="one of ce, bce, softmax, sigmoid, explain, why, guide; see cecalc --help",
        )


@app.command(cls=Command)
def ce(ctx: typer.Context) -> int:
    """Cross-entropy: torch.nn.CrossEntropyLoss, softmax inside, one loss per row.

    cecalc ce --logits 2,-3,0.8,1.2 --target 2
    cecalc ce predictions.csv
    loss=$(cecalc ce predictions.csv -q)
    """
    return _compute(ctx, Task.CE, _results)


@app.command(cls=Command)
def bce(ctx: typer.Context) -> int:
    """Binary cross-entropy: torch.nn.BCEWithLogitsLoss, sigmoid inside, one loss per cell.

    With --probs it is torch.nn.BCELoss.

    cecalc bce --logits 2,-3,0.8,1.2 --target 0,0,1,0
    cecalc bce scores.csv
    """
    return _compute(ctx, Task.BCE, _results)


@app.command(cls=Command)
def softmax(ctx: typer.Context) -> int:
    """Logits to probabilities, a row together.

    cecalc softmax --logits 2,-3,0.8,1.2
    cecalc softmax predictions.csv -f csv
    """
    return _compute(ctx, Task.SOFTMAX, _results)


@app.command(cls=Command)
def sigmoid(ctx: typer.Context) -> int:
    """Logits to probabilities, each alone.

    cecalc sigmoid --logits 2,-3,0.8,1.2
    cecalc sigmoid scores.csv -f csv
    """
    return _compute(ctx, Task.SIGMOID, _results)


@app.command(cls=Command)
def explain(ctx: typer.Context) -> int:
    """Both losses of the same rows, step by step, where they part, and torch code that agrees.

    Targets are read as for ce; one logit per row, or several classes at once, as for bce.
    Written as table or json; --code writes the code alone.

    cecalc explain --logits 2,-3,0.8,1.2 --target 2
    cecalc explain predictions.csv --top 1
    cecalc explain --logits 1000,0 --target 1 --code | python
    """
    return _compute(ctx, Task.CE, _explaining, OF_EXPLAIN)


@app.command(cls=Numbered)
def why(ctx: typer.Context) -> int:
    """Why a training loop prints another number: the mistakes that would have made it.

    The loss is read from the rows it was printed for: as for ce, or, with one score per row or
    several labels, as for bce. Status 0 where a mistake explains the number, 1 where none does.

    cecalc why 0.8166 predictions.csv
    cecalc why -0.91 --logits 2,-3,0.8,1.2 --target 2
    cecalc why 2.31 predictions.csv --batch-size 64 --framework torch

    With §1 to §30 (or '#1') it shows an entry of the catalogue instead: what is seen, why, the
    wrong line and the right one.

    cecalc why §1
    """
    options = options_of(ctx)
    if (entry := entry_of(options)) is not None:
        return _show(entry, options)
    request, question = request_of(Task.CE, options), question_of(options)
    output = output_of(options, request, OF_WHY)
    return _execute(ctx, request, output, partial(_diagnosing, question))


@app.command(cls=Command)
def guide(ctx: typer.Context) -> int:
    """What a number means and how to ask for it: a page for each topic.

    cecalc guide
    cecalc guide which-loss
    """
    from cecalc import guide as pages

    screen, topic = screen_of("auto", None), options_of(ctx).topic
    text = pages.contents() if topic is None else pages.page(topic)
    if topic is not None and screen.width is not None:
        from cecalc.output import drawing

        text = drawing.markdown(text, screen)
    if not pages.paged(text, screen):
        with Writer(None, hold=False) as writer:
            writer.write(text)
    return Status.COMPLETE


def main() -> None:
    """Run the command line and leave with its status."""
    status = status_of(sys.argv[1:])
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    os._exit(status)  # everything is written; a failing flush at exit would only hide the status


def status_of(arguments: list[str]) -> int:
    """Run the command line; every error becomes a message on standard error and a status."""
    tell = teller(arguments)
    try:
        return _called(arguments)
    except CecalcError as error:
        return tell(error)
    except typer.TyperException as error:
        return tell(usage_error(error, arguments))
    except Exception as error:  # noqa: BLE001 (a bug, and this is the border)
        if "--debug" in arguments:
            say("".join(traceback.format_exception(error)).rstrip())
            return Status.BUG
        return tell(_unforeseen(error))


def _unforeseen(error: Exception) -> CecalcError:
    """What has run out, or a bug of ours."""
    if is_of_files(error):
        return LimitError("too many open files", hint="ulimit -n says how many may be")
    if is_of_memory(error):
        return LimitError("out of memory")
    return CecalcError(f"internal error ({type(error).__name__})", hint="rerun with --debug")


def _called(arguments: list[str]) -> int:
    """Run the command; the help that Typer prints goes out by the writer, unless to a terminal."""
    if sys.stdout is not None and sys.stdout.isatty():
        return app(arguments, prog_name="cecalc", standalone_mode=False) or Status.COMPLETE
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        try:
            status = app(arguments, prog_name="cecalc", standalone_mode=False) or Status.COMPLETE
        except SystemExit as leaving:  # completion leaves in this way
            status = int(leaving.code or 0)
    if text := printed.getvalue():
        with Writer(None, hold=False) as writer:
            writer.write(text)
    return status


def _compute(
    ctx: typer.Context,
    task: Task,
    collecting: Collecting,
    formats: Mapping[str, Format] = FORMATS,
) -> int:
    """Build the request, and run it."""
    options = options_of(ctx)
    request = request_of(task, options)
    return _execute(ctx, request, output_of(options, request, formats), collecting)


def _results(setup: Setup) -> Job[Any]:
    from cecalc.run.results import results

    return results(setup)


def _explaining(setup: Setup) -> Job[Any]:
    from cecalc.explain.collector import explaining

    return explaining(setup)


def _diagnosing(question: Question, setup: Setup) -> Job[Any]:
    from cecalc.why.collector import diagnosing

    return diagnosing(question, setup)


def _execute(
    ctx: typer.Context, request: Request, output: OutputRequest, collecting: Collecting
) -> int:
    """Run what was asked for, write what the view makes of it, say what looks wrong."""
    if not request.input.values and not request.input.paths:
        refuse_terminal(ctx)
    if address_limit() < LEAST_MEMORY:
        needed = f"{LEAST_MEMORY // 2**20} MiB"
        raise LimitError(f"out of memory: ulimit -v leaves less than {needed} of address space")
    from cecalc import progress
    from cecalc.hints.collector import hinted
    from cecalc.output.figures import Checked
    from cecalc.run import run

    hints: list[Hint] = []
    is_json = options_of(ctx).errors == "json"
    meter, start = Meter(), time.perf_counter()
    wanted = output.progress and progress.is_seen(streams=output.streams)
    checked = Checked(output.bounds)
    with progress.display(meter, wanted=wanted) as stop:
        items = run(request, hinted(collecting, hints.append), meter)
        _written(checked.of(progress.awaited(items, meter, stop)), output, meter)
    offered = {name for param in ctx.command.params for name in param.opts}
    for hint in hints:
        told = offering(hint, offered)
        say(hint_as_json(told) if is_json else note(str(told)))
    if output.time:
        timings = progress.timings(meter, time.perf_counter() - start)
        for line in timings.splitlines():
            say(note_as_json(line, "time") if is_json else line)
    for failure in checked.failures:
        say(failure.as_json() if is_json else f"cecalc: failed: {failure}")
    return Status.COMPLETE if checked.holds else Status.DOES_NOT_HOLD


def _show(entry: Entry, options: Options) -> int:
    """Write an entry of the catalogue."""
    from cecalc.why import catalogue as view

    form, screen = format_of(options, OF_WHY), screen_of(options.color, options.output)
    with Writer(options.output, hold=options.output is None) as writer:
        writer.write(view.render(entry, form, screen))
    return Status.COMPLETE


def _written(items: Iterator[Item], output: OutputRequest, meter: Meter) -> None:
    """What the format makes of the items, written where it belongs."""
    from cecalc.output import quiet

    if output.streams and output.path is None:
        _stream(items, output, meter)
    elif not output.quiet:
        _write(output.render(items), output, meter)
    elif output.path is None:
        _write(quiet.render(items, output.screen), output, meter)
    else:
        with Writer(None, hold=True) as number:
            _write(output.render(_told_to(number, items)), output, meter)


def _stream(items: Iterator[Item], output: OutputRequest, meter: Meter) -> None:
    """Rows as they are computed; an error says how many of them are out by then."""
    rows = 0

    def counted() -> Iterator[Item]:
        nonlocal rows
        for item in items:
            yield item
            # Whoever asks for the next one has written this one.
            rows += item.batch.size if isinstance(item, Outcome) else 0

    try:
        _write(output.render(counted()), output, meter)
    except CecalcError as error:
        if rows and not isinstance(error, OutputError):
            is_of_row = error.place.line is not None or error.place.row is not None
            stopped = f"; stopped at row {rows}" if is_of_row else ""
            error.rule += f"{stopped}; {count(rows, 'row')} written"
        raise


def _write(chunks: Iterator[str], output: OutputRequest, meter: Meter) -> None:
    with Writer(output.path, hold=output.path is None and not output.streams) as writer:
        for chunk in chunks:
            meter.written += len(chunk)
            writer.write(chunk)
            if output.path is None:
                writer.flush()  # whoever reads them may be waiting for these rows


def _told_to(number: Writer, items: Iterator[Item]) -> Iterator[Item]:
    """The items, as they pass; `number` gets what -q prints of them."""
    from cecalc.output import quiet

    header: Header | None = None
    for item in items:
        if isinstance(item, Header):
            header = item
        elif header is not None:
            number.write(quiet.text_of(header, item))
        yield item
