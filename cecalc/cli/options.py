"""The options: each declared once, with its type, default, help and the commands that take it."""

# Typer reads the annotations of `Options` as they are, which is why they are no strings here.
import re
from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated, Any, Literal

import typer
from typer.core import TyperCommand, TyperGroup
from typer.models import OptionInfo

from cecalc.cli import completion, values
from cecalc.cli.help import written
from cecalc.cli.terminal import VARIABLES
from cecalc.errors import UsageError, excerpt
from cecalc.numbers import is_number
from cecalc.output import FORMATS, FormatName
from cecalc.request import LOSS_OPTIONS, Arithmetic, InputRequest
from cecalc.terms import BackendName, Dtype, InputFormat, NanPolicy, Reduction, TargetAs, TargetForm

Color = Literal["auto", "always", "never"]
"""When the table is coloured."""
SummaryName = Literal["brief", "all"]
"""How much of the summary people are shown."""
Framework = Literal["torch", "keras", "sklearn", "optax"]
LossName = Literal["ce", "bce"]
"""Whose conventions a number may follow."""
Errors = Literal["text", "json"]
"""How errors are told."""


def _option(
    panel: str,
    names: str,
    metavar: str | None,
    help: str,  # noqa: A002
    read: Callable[[str, str], Any] | None = None,
    complete: Callable[..., list[str]] | None = None,
    *,
    takes_any: bool = False,
) -> OptionInfo:
    """An option as Typer takes it; `read` gets its name and each text typed after it.

    A flag has the empty metavar, or the help would name a type.
    """
    *_, name = flags = names.split()

    def parse(typed: Any) -> Any:
        if read is None or not isinstance(typed, str):  # a default is typed already
            return typed
        return values.ANY if takes_any and typed == "any" else read(name, typed)

    option: OptionInfo = typer.Option(
        *flags,
        metavar=metavar,
        help=help,
        rich_help_panel=panel,
        parser=read and parse,
        autocompletion=complete,
        envvar=VARIABLES.get(name),
    )
    return option


_in = partial(_option, "What the model gave")
_target = partial(_option, "Target")
_loss = partial(_option, "Loss")
_run = partial(_option, "What is known of the loop")
_column = partial(_option, "Columns of a table", read=values.columns, complete=completion.columns())
_reading = partial(_option, "Reading")
_out = partial(_option, "Output")
_check = partial(_option, "Checks")
_how = partial(_option, "Arithmetic")

_CHOICE = re.compile(
    r"(?s)Invalid value .*'(--[a-z-]+)'[^:]*(?:: '\w+'\))?: (.*) is not one of (.*)"
)
_Text = str | None
_Texts = list[str] | None
_Weights = Any  # Given | None: Typer knows no unions

CE, BCE, EXPLAIN, WHY, GUIDE = (
    frozenset({name}) for name in ("ce", "bce", "explain", "why", "guide")
)
ACTIVATIONS = frozenset({"softmax", "sigmoid"})
LOSSES = CE | BCE
COMPUTING = LOSSES | ACTIVATIONS
READING = COMPUTING | EXPLAIN | WHY
ALL = READING | GUIDE


# fmt: off
@dataclass(frozen=True, kw_only=True, repr=False, eq=False)
class Options:
    """What was given to a command, typed; the default of an option that it does not take.

    An annotation says which commands take the option, in the order of the help. An option of the
    loss says so in `LossOptions`, where its bounds are too.
    """

    value: Annotated[_Text, WHY, typer.Argument(
        metavar="VALUE", show_default=False,
        help="The number to be explained, as it was printed. §1 to §53 (or '#1') shows an entry of "
        "the catalogue.")]
    topic: Annotated[_Text, GUIDE, typer.Argument(
        metavar="TOPIC", show_default=False, autocompletion=completion.topics,
        help="The page to show; without it, the list of them.")] = None
    inputs: Annotated[_Texts, READING, typer.Argument(
        metavar="FILE", show_default=False,
        help="A table, JSON or arrays; - is standard input. CSV, TSV, JSON, JSON "
        "lines, Parquet, Arrow, .npz, .safetensors or .pt, compressed or not. Several tables, or "
        "a quoted pattern, are one data set.")] = None

    logits: Annotated[_Texts, READING, _in("--logits", "ROW|FILE",
        "Raw outputs: 2,-3,0.8 is one row, 2,1;4,3 are two. Repeat it, or use JSON, for more; - "
        "is a pipe.")] = None
    probs: Annotated[_Texts, LOSSES | EXPLAIN | WHY, _in("--probs", "ROW|FILE",
        "Probabilities, given in the same way.")] = None
    log_probs: Annotated[_Texts, CE | EXPLAIN | WHY, _in("--log-probs", "ROW|FILE",
        "Natural logarithms of probabilities.")] = None

    target: Annotated[_Texts, LOSSES | EXPLAIN | WHY, _target("--target", "TARGET|FILE",
        "A class for each row, by number or name; for bce 0 or 1. Or probabilities: a list "
        "as long as the row.")] = None
    classes: Annotated[_Text, READING, _target("--classes", "A,B,...",
        "The names of the classes, in order.")] = None
    target_form: Annotated[TargetForm | None, CE | EXPLAIN | WHY, _target("--target-form",
        "index|dist", "Insist on class indices, or on distributions.")] = None
    target_as: Annotated[TargetAs | None, CE | EXPLAIN | WHY, _target("--target-as",
        None, "Read integer targets as names or as numbers of classes.")] = None

    weight: Annotated[_Weights, _loss("--weight", "W,W,...|FILE",
        "A weight for each class; for bce broadcast to the cells.",
        values.weights, takes_any=True)] = None
    pos_weight: Annotated[_Weights, _loss("--pos-weight", "W,W,...|FILE",
        "Weight of the y·ln p term, broadcast to the cells.", values.weights)] = None
    sample_weight: Annotated[_Weights, LOSSES | WHY, _loss("--sample-weight", "W,W,...|FILE",
        "A weight for each row; the mean divides by their sum.", values.weights)] = None
    ignore_index: Annotated[float | None, _loss("--ignore-index", "K",
        "Leave rows (bce: cells) with this target out. For ce -100 unless given.",
        values.loss_number)] = None
    label_smoothing: Annotated[float | None, _loss("--label-smoothing", "EPS",
        "Share of the target spread evenly over the classes, 0 to 1.",
        values.loss_number, takes_any=True)] = None
    reduction: Annotated[Reduction | None, _loss("--reduction",
        None, "What becomes of the losses; mean unless given.")] = None
    log: Annotated[bool, ACTIVATIONS, _loss("--log",
        "", "Natural logarithms of the probabilities.")] = False
    no_clamp: Annotated[bool, BCE, _loss("--no-clamp",
        "", "ln 0 of a probability is -inf, where torch stops at -100.")] = False
    clip: Annotated[float | None, LOSSES, _loss("--clip", "EPS|float32|float64",
        "Keep probabilities within EPS..1-EPS; float64 as scikit-learn does.",
        values.clip)] = None
    unchecked: Annotated[bool, COMPUTING | WHY, _loss("--unchecked",
        "", "Compute as torch does where cecalc refuses.")] = False
    nan: Annotated[NanPolicy, COMPUTING, _loss("--nan",
        None, "What a NaN logit does.")] = InputRequest.nan

    logits_cols: Annotated[_Text, READING, _column("--logits-cols", "COLS",
        "Names, numbers or globs: a,b or 3-12 or logit_*. Or /regex/; ! is for all but.")] = None
    probs_cols: Annotated[_Text, LOSSES | EXPLAIN | WHY, _column("--probs-cols", "COLS",
        "The same for probabilities.")] = None
    log_probs_cols: Annotated[_Text, CE | EXPLAIN | WHY, _column("--log-probs-cols", "COLS",
        "The same for log-probabilities.")] = None
    confidence_cols: Annotated[_Text, LOSSES, _column("--confidence-cols", "P,PREDICTION",
        "The probability of the predicted class, and that class; of two.")] = None
    target_col: Annotated[_Text, LOSSES | EXPLAIN | WHY, _column("--target-col", "COL",
        "The column of targets.")] = None
    target_cols: Annotated[_Text, LOSSES | EXPLAIN | WHY, _column("--target-cols", "COLS",
        "One target column for each class.")] = None
    id_col: Annotated[_Text, READING, _column("--id-col", "COL",
        "The column that names the row.")] = None
    join: Annotated[_Text, LOSSES | EXPLAIN | WHY, _column("--join", "COL|A=B",
        "The column of ids in the values and in --target FILE, or A in the values and B there.",
        read=values.joined)] = None
    sample_weight_col: Annotated[_Text, LOSSES | WHY, _column("--sample-weight-col", "COL",
        "The column of row weights.")] = None

    input_format: Annotated[InputFormat, READING, _reading("--input-format",
        None, "The format of the input.")] = InputRequest.input_format
    no_header: Annotated[bool, READING, _reading("--no-header",
        "", "The first line is data; columns are 1, 2, ...")] = False
    delimiter: Annotated[_Text, READING, _reading("--delimiter", "CHAR",
        "What stands between the fields; tab for a tab, space for any run of blanks.",
        values.delimiter)] = None
    decimal: Annotated[str, READING, _reading("--decimal", "CHAR",
        "The decimal sign of numbers in tables of text: , where it is the comma.",
        values.decimal)] = InputRequest.decimal
    encoding: Annotated[str, READING, _reading("--encoding", "NAME",
        "The encoding of text.", values.encoding)] = InputRequest.encoding
    max_bytes: Annotated[int | None, READING, _reading("--max-bytes", "N",
        "Refuse input longer than this: 500M, 8G.", values.size)] = None
    max_columns: Annotated[int, READING, _reading("--max-columns", "N",
        "Refuse tables wider than this.", values.whole)] = InputRequest.max_columns
    transpose: Annotated[bool, READING, _reading("--transpose",
        "", "Arguments, JSON documents and arrays come as (C, N).")] = False

    format: Annotated[FormatName | None, READING, _out("-f --format",
        None, "How it is written. table unless given, or as the suffix of -o says.")] = None
    output: Annotated[_Text, READING, _out("-o --output", "FILE",
        "Write to a file instead.")] = None
    plot: Annotated[_Text, LOSSES, _out("--plot", "FILE.svg|FILE.png",
        "Draw the losses, reliability and classes too; needs matplotlib.")] = None
    quiet: Annotated[bool, COMPUTING, _out("-q --quiet",
        "", "Only the number (or numbers), in full precision.")] = False
    select: Annotated[_Texts, COMPUTING, _out("--select", "COLS",
        "Write only these columns, of the input's and of ours: loss,id or '!logit_*'.",
        values.columns,
        completion.columns("loss", "prediction", "p_target", "correct", "status"))] = None
    only_added: Annotated[bool, COMPUTING, _out("--only-added",
        "", "csv, tsv, jsonl: leave the input's own columns out.")] = False
    prefix: Annotated[_Text, COMPUTING, _out("--prefix", "TEXT",
        "csv, tsv, jsonl: what the names of our columns begin with.")] = None
    top: Annotated[int | None, LOSSES | EXPLAIN, _out("--top", "K",
        "Only the K highest losses, highest first.", values.rows_kept)] = None
    bottom: Annotated[int | None, LOSSES | EXPLAIN, _out("--bottom", "K",
        "Only the K lowest losses, lowest first.", values.rows_kept)] = None
    by: Annotated[_Texts, LOSSES | WHY, _out("--by", "COLS",
        "The loss of each group: by class, or a column. Also by prediction, correct, or "
        "several at once. For why the sequences, or whatever was averaged first.", values.columns,
        completion.columns("class", "prediction", "correct"))] = None

    batch_size: Annotated[int | None, WHY, _run("--batch-size", "B|any",
        "How many rows a batch of the loop had. any tries usual sizes; so do "
        "--label-smoothing any and --weight any.", values.rows_held, takes_any=True)] = None
    focal: Annotated[float | None, WHY, _run("--focal", "GAMMA|any",
        "The exponent of a focal loss; any tries usual ones.", values.positive,
        takes_any=True)] = None
    temperature: Annotated[float | None, WHY, _run("--temperature", "T|any",
        "What logits, or the loss, were divided by; any tries usual ones.", values.positive,
        takes_any=True)] = None
    as_: Annotated[LossName | None, WHY, _run("--as",
        None, "Which loss the rows ask for, where targets of 0 and 1 leave it open.")] = None
    framework: Annotated[Framework | None, WHY, _run("--framework",
        None, "Look only for what this library does.")] = None
    deep: Annotated[bool, WHY, _run("--deep",
        "", "Look for several mistakes at once. More fits by chance then.")] = False

    code: Annotated[bool, EXPLAIN, _out("--code",
        "", "Only the torch code that gives every number.")] = False
    no_rows: Annotated[bool, COMPUTING, _out("--no-rows",
        "", "The summary alone; in csv, tsv and jsonl one row of figures.")] = False
    summary: Annotated[SummaryName, LOSSES, _out("--summary",
        None, "What the summary of a table or of Markdown holds.")] = "brief"

    fail_above: Annotated[_Texts, LOSSES, _check("--fail-above", "[FIGURE=]X",
        "Leave with status 1 where the loss, or another figure of the summary, is above X.",
        complete=completion.figures)] = None
    fail_below: Annotated[_Texts, LOSSES, _check("--fail-below", "[FIGURE=]X",
        "The same where it is below X: accuracy=0.9.", complete=completion.figures)] = None
    no_hints: Annotated[bool, READING, _check("--no-hints",
        "", "Say nothing about what looks wrong and is no error.")] = False
    strict: Annotated[bool, READING, _check("--strict",
        "", "What looks wrong is an error: status 3.")] = False

    color: Annotated[Color, ALL, _out("--color", None, "Colour; always: in a pipe too.")] = "auto"
    backend: Annotated[BackendName, COMPUTING, _how("--backend",
        None, "What computes.")] = Arithmetic.backend
    device: Annotated[str, COMPUTING, _how("--device", "cpu|cuda|cuda:N|mps|auto",
        "Where it computes.", values.device)] = Arithmetic.device
    dtype: Annotated[Dtype, COMPUTING, _how("--dtype",
        None, "In which precision. Below float64, torch computes and rounds.")] = Arithmetic.dtype
    no_progress: Annotated[bool, READING, _how("--no-progress",
        "", "Show no progress on standard error while a long run lasts.")] = False
    time: Annotated[bool, READING, _how("--time",
        "", "Say on standard error what took how long.")] = False
    errors: Annotated[Errors, ALL, _out("--errors", None,
        "json: each error, and each note, as one JSON object on a line.")] = "text"
    debug: Annotated[bool, ALL, typer.Option("--debug", hidden=True)] = False

    def given(self) -> list[str]:
        """The names of the options that were given, and not as they are by default."""
        return [
            field.name
            for field in fields(self)
            if getattr(self, field.name) not in (None, field.default)
        ]
# fmt: on


def _every_parameter() -> dict[str, Any]:
    """Typer's own reading of `Options`, once for all commands."""
    app = typer.Typer(add_completion=False)
    app.command()(Options)
    return {str(param.name): param for param in typer.main.get_command(app).params}


def _commands(name: str) -> Collection[str]:
    """The commands that take an option."""
    if name in LOSS_OPTIONS:
        return LOSS_OPTIONS[name].commands
    metadata: tuple[Any, ...] = Options.__annotations__[name].__metadata__
    return next(item for item in metadata if isinstance(item, frozenset))


PARAMETERS = _every_parameter()


class Commands(TyperGroup):
    """The program, whose help is ours."""

    format_help = written


class Command(TyperCommand):
    """A command, which takes the options that name it."""

    format_help = written

    def __init__(self, name: str, **more: Any) -> None:
        more["params"] = [p for option, p in PARAMETERS.items() if name in _commands(option)]
        super().__init__(name, **more)

    def invoke(self, ctx: Any) -> Any:
        """Call the function of the command, which reads its options as `options_of`."""
        return ctx.invoke(self.callback)


class Numbered(Command):
    """A command whose arguments may be negative numbers."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what begins with a minus and is a number for no option; a blank before it does."""
        spaced = [f" {arg}" if arg.startswith("-") and is_number(arg) else arg for arg in args]
        return super().parse_args(ctx, spaced)


def options_of(ctx: Any, formats: Container[str] = FORMATS) -> Options:
    """The options of the command that is run; a format that its variable alone asks for gives way
    to -o, to --code, and where the command does not have it.
    """
    given = {name: value for name, value in ctx.params.items() if value != ()}
    if getattr(ctx.get_parameter_source("format"), "name", "") == "ENVIRONMENT":
        name = {"md": "markdown"}.get(given["format"], given["format"])
        if given.get("output") or given.get("code") or name not in formats:
            given["format"] = None
    return Options(**{"value": None} | given)


def parsed(command: Any, name: str, words: Sequence[str]) -> Options:
    """The options that words say to a command, which is not run.

    Raises
    ------
    UsageError : it has no such option, or cannot read what was given to one
    """
    try:
        return options_of(command.make_context(name, [*words]))
    except typer.TyperException as error:
        raise refusal(error.format_message()) from None


def refusal(text: str) -> UsageError:
    """What Typer says of a value, in our words."""
    text = text.rstrip(".").replace("Value error, ", "")
    if choice := _CHOICE.match(text):
        option, of, names = (part.replace("'", "") for part in choice.groups())
        return UsageError(f"{option} {excerpt(of)} is none of {names}", value=of)
    return UsageError(text[:1].lower() + text[1:])


def flag(name: str) -> str:
    """An option as it is typed."""
    return f"--{name.rstrip('_').replace('_', '-')}"


def specification(parts: list[str] | None) -> str | None:
    """A specification of columns that may have been given in several options."""
    return ",".join(parts) if parts else None
