"""The options of the commands: each is said once, and every command lists those it takes."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from cecalc.cli import completion
from cecalc.errors import UsageError, excerpt
from cecalc.input.sizes import Size
from cecalc.numbers import is_number, read_number
from cecalc.output import FORMATS
from cecalc.terms import (
    BackendName,
    Dtype,
    InputFormat,
    NanPolicy,
    Reduction,
    TargetAs,
    TargetForm,
    Task,
)


class Color(enum.StrEnum):
    """When the table is coloured."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class Framework(enum.StrEnum):
    """Whose conventions a number may follow."""

    TORCH = "torch"
    KERAS = "keras"
    SKLEARN = "sklearn"
    OPTAX = "optax"


class Errors(enum.StrEnum):
    """How errors are told."""

    TEXT = "text"
    JSON = "json"


_Format: Any = enum.StrEnum("_Format", [(name, name) for name in FORMATS])  # type: ignore[misc]  # the names are those of the room
"""What -f takes, of any command."""


def _option(panel: str, kind: Any, default: Any, *names: str, help: str, **more: Any) -> Any:  # noqa: A002
    if kind is bool:
        more["metavar"] = ""  # else the help names a type that takes no value
    more.setdefault("show_default", default not in (None, False))
    return Annotated[kind, typer.Option(*names, help=help, rich_help_panel=panel, **more)], default


_TEXT = str | None
_TEXTS = list[str] | None
_IN, _TARGET, _LOSS = "What the model gave", "Target", "Loss"
_COLUMNS, _READING = "Columns of a table", "Reading"
_OUT, _CHECK, _HOW = "Output", "Checks", "Arithmetic"
_RUN = "What is known of the loop"

OPTIONS: dict[str, tuple[Any, Any]] = {
    "value": (
        Annotated[
            str,
            typer.Argument(
                metavar="VALUE",
                show_default=False,
                help="The number to be explained, with the digits that are known of it; or §1 to "
                "§30 (or '#1'), an entry of the catalogue.",
            ),
        ],
        inspect.Parameter.empty,
    ),
    "topic": (
        Annotated[
            _TEXT,
            typer.Argument(
                metavar="TOPIC",
                show_default=False,
                autocompletion=completion.topics,
                help="The page to show; without it, the list of them.",
            ),
        ],
        None,
    ),
    "inputs": (
        Annotated[
            _TEXTS,
            typer.Argument(
                metavar="FILE",
                show_default=False,
                help="CSV, TSV, JSON, JSON lines, Parquet, Arrow, .npz, .safetensors or .pt, "
                "compressed or not; - or a pipe for standard input. Several tables, or a quoted "
                "pattern, are one data set.",
            ),
        ],
        None,
    ),
    "logits": _option(_IN, _TEXTS, None, "--logits", metavar="ROW|FILE",
        help="Raw outputs: 2,-3,0.8 is one row; repeat, or use ; or JSON, for more rows."),
    "probs": _option(_IN, _TEXTS, None, "--probs", metavar="ROW|FILE",
        help="Probabilities, given in the same way."),
    "log_probs": _option(_IN, _TEXTS, None, "--log-probs", metavar="ROW|FILE",
        help="Natural logarithms of probabilities."),
    "target": _option(_TARGET, _TEXTS, None, "--target", metavar="TARGET|FILE",
        help="ce: a class number or name for each row, or a list as long as the row. "
        "bce: 0/1 (or a probability) for each value."),
    "classes": _option(_TARGET, _TEXT, None, "--classes", metavar="A,B,...",
        help="The names of the classes, in order."),
    "target_form": _option(_TARGET, TargetForm | None, None, "--target-form",
        metavar="index|dist", help="Insist on class indices, or on distributions."),
    "target_as": _option(_TARGET, TargetAs | None, None, "--target-as",
        help="Read integer targets as names or as numbers of classes."),
    "weight": _option(_LOSS, _TEXT, None, "--weight", metavar="W,W,...|FILE",
        help="ce: a weight for each class. bce: broadcast to the cells."),
    "pos_weight": _option(_LOSS, _TEXT, None, "--pos-weight", metavar="W,W,...|FILE",
        help="Weight of the y·ln p term, broadcast to the cells."),
    "sample_weight": _option(_LOSS, _TEXT, None, "--sample-weight", metavar="W,W,...|FILE",
        help="A weight for each row; the mean divides by their sum."),
    "ignore_index": _option(_LOSS, _TEXT, None, "--ignore-index", metavar="K",
        help="Leave rows (bce: cells) with this target out. ce: -100 unless given."),
    "label_smoothing": _option(_LOSS, _TEXT, None, "--label-smoothing", metavar="EPS",
        help="Share of the target spread evenly over the classes, 0 to 1."),
    "reduction": _option(_LOSS, Reduction | None, None, "--reduction",
        help="What becomes of the losses; mean unless given."),
    "log": _option(_LOSS, bool, False, "--log", help="Natural logarithms of the probabilities."),
    "no_clamp": _option(_LOSS, bool, False, "--no-clamp",
        help="ln 0 of a probability is -inf, where torch stops at -100."),
    "unchecked": _option(_LOSS, bool, False, "--unchecked",
        help="Compute as torch does where cecalc refuses."),
    "nan": _option(_LOSS, NanPolicy, NanPolicy.ERROR, "--nan", help="What a NaN logit does."),
    "logits_cols": _option(_COLUMNS, _TEXT, None, "--logits-cols", metavar="COLS",
        autocompletion=completion.columns(),
        help="Names, numbers, ranges, globs or /regex/, by comma, ! for all but: a,b or logit_* "
        "or 3-12."),
    "probs_cols": _option(_COLUMNS, _TEXT, None, "--probs-cols", metavar="COLS",
        autocompletion=completion.columns(),
        help="The same for probabilities."),
    "log_probs_cols": _option(_COLUMNS, _TEXT, None, "--log-probs-cols", metavar="COLS",
        autocompletion=completion.columns(),
        help="The same for log-probabilities."),
    "target_col": _option(_COLUMNS, _TEXT, None, "--target-col", metavar="COL",
        autocompletion=completion.columns(),
        help="The column of targets."),
    "target_cols": _option(_COLUMNS, _TEXT, None, "--target-cols", metavar="COLS",
        autocompletion=completion.columns(),
        help="One target column for each class."),
    "id_col": _option(_COLUMNS, _TEXT, None, "--id-col", metavar="COL",
        autocompletion=completion.columns(),
        help="The column that names the row."),
    "sample_weight_col": _option(_COLUMNS, _TEXT, None, "--sample-weight-col", metavar="COL",
        autocompletion=completion.columns(),
        help="The column of row weights."),
    "input_format": _option(_READING, InputFormat, InputFormat.AUTO, "--input-format",
        help="The format of the input."),
    "no_header": _option(_READING, bool, False, "--no-header",
        help="The first line is data; columns are 1, 2, ..."),
    "delimiter": _option(_READING, _TEXT, None, "--delimiter", metavar="CHAR",
        help="What stands between the fields; tab for a tab."),
    "encoding": _option(_READING, str, "utf-8", "--encoding", metavar="NAME",
        help="The encoding of text."),
    "max_bytes": _option(_READING, _TEXT, None, "--max-bytes", metavar="N",
        help="Refuse input longer than this: 500M, 8G."),
    "max_columns": _option(_READING, str, "1000000", "--max-columns", metavar="N",
        help="Refuse tables wider than this."),
    "transpose": _option(_READING, bool, False, "--transpose",
        help="Arguments, JSON documents and arrays come as (C, N)."),
    "format": _option(_OUT, _Format | None, None, "-f", "--format",
        help="table unless given, or the suffix of -o."),
    "output": _option(_OUT, _TEXT, None, "-o", "--output", metavar="FILE",
        help="Write to a file instead."),
    "quiet": _option(_OUT, bool, False, "-q", "--quiet",
        help="Only the number (or numbers), in full precision."),
    "select": _option(_OUT, _TEXTS, None, "--select", metavar="COLS",
        autocompletion=completion.columns("loss", "prediction", "p_target", "correct", "status"),
        help="Write only these columns, of the input's and of ours: loss,id or '!logit_*'."),
    "only_added": _option(_OUT, bool, False, "--only-added",
        help="csv, tsv, jsonl: leave the input's own columns out."),
    "prefix": _option(_OUT, _TEXT, None, "--prefix", metavar="TEXT",
        help="csv, tsv, jsonl: what the names of our columns begin with."),
    "top": _option(_OUT, _TEXT, None, "--top", metavar="K",
        help="Only the K highest losses, highest first."),
    "bottom": _option(_OUT, _TEXT, None, "--bottom", metavar="K",
        help="Only the K lowest losses, lowest first."),
    "by": _option(_OUT, _TEXTS, None, "--by", metavar="COLS",
        autocompletion=completion.columns("class", "prediction", "correct"),
        help="Loss, rows and accuracy of each group instead of rows: a column of the input, class, "
        "prediction, ..."),
    "batch_size": _option(_RUN, _TEXT, None, "--batch-size", metavar="B|any",
        help="How many rows a batch of the loop had. any tries usual sizes; so do "
        "--label-smoothing any and --weight any."),
    "framework": _option(_RUN, Framework | None, None, "--framework",
        help="Look only for what this library does."),
    "deep": _option(_RUN, bool, False, "--deep",
        help="Look for several mistakes at once; more fits by chance then."),
    "code": _option(_OUT, bool, False, "--code",
        help="Only the torch code that gives every number."),
    "no_rows": _option(_OUT, bool, False, "--no-rows", help="JSON without its rows."),
    "fail_above": _option(_CHECK, _TEXTS, None, "--fail-above", metavar="[FIGURE=]X",
        autocompletion=completion.figures,
        help="Leave with status 1 where the loss, or another figure of the summary, is above X."),
    "fail_below": _option(_CHECK, _TEXTS, None, "--fail-below", metavar="[FIGURE=]X",
        autocompletion=completion.figures,
        help="The same where it is below X: accuracy=0.9."),
    "no_hints": _option(_CHECK, bool, False, "--no-hints",
        help="Say nothing about what looks wrong and is no error."),
    "strict": _option(_CHECK, bool, False, "--strict",
        help="What looks wrong is an error: status 3."),
    "color": _option(_OUT, Color, Color.AUTO, "--color", help="Colour in tables."),
    "backend": _option(_HOW, BackendName, BackendName.AUTO, "--backend", help="What computes."),
    "device": _option(_HOW, str, "cpu", "--device", metavar="cpu|cuda|cuda:N|mps|auto",
        help="Where it computes."),
    "dtype": _option(_HOW, Dtype, Dtype.FLOAT64, "--dtype",
        help="In which precision; below float64, torch computes and rounds."),
    "no_progress": _option(_HOW, bool, False, "--no-progress",
        help="Show no progress on standard error while a long run lasts."),
    "time": _option(_HOW, bool, False, "--time",
        help="Say on standard error what took how long."),
    "errors": _option(_OUT, Errors, Errors.TEXT, "--errors",
        help="json: each error, and each note, as one JSON object on a line."),
    "debug": (Annotated[bool, typer.Option("--debug", hidden=True)], False),
}  # fmt: skip
"""Annotation and default of every parameter, in the order of the help."""

_SHARED = {
    "inputs", "logits", "classes", "unchecked", "nan", "logits_cols", "id_col", "input_format",
    "no_header", "delimiter", "encoding", "max_bytes", "max_columns", "transpose", "format",
    "output", "quiet", "select", "only_added", "prefix", "no_rows", "color", "backend", "device",
    "dtype", "no_progress", "time", "errors", "no_hints", "strict", "debug",
}  # fmt: skip
_OF_LOSSES = _SHARED | {
    "probs", "target", "weight", "sample_weight", "ignore_index", "reduction", "probs_cols",
    "target_col", "target_cols", "sample_weight_col", "top", "bottom", "by", "fail_above",
    "fail_below",
}  # fmt: skip

ACTIVATION = _SHARED | {"log"}
CE = _OF_LOSSES | {"log_probs", "target_form", "target_as", "label_smoothing", "log_probs_cols"}
BCE = _OF_LOSSES | {"pos_weight", "no_clamp"}

EXPLAIN = {
    "inputs", "logits", "target", "classes", "target_form", "target_as", "ignore_index",
    "logits_cols", "target_col", "target_cols", "id_col", "input_format", "no_header", "delimiter",
    "encoding", "max_bytes", "max_columns", "transpose", "format", "output", "top", "bottom",
    "code", "color", "no_progress", "time", "errors", "no_hints", "strict", "debug",
}  # fmt: skip

WHY = {
    "value", "inputs", "logits", "probs", "log_probs", "target", "classes", "target_form",
    "target_as", "weight", "ignore_index", "label_smoothing", "batch_size", "framework", "deep",
    "logits_cols", "probs_cols", "log_probs_cols", "target_col", "target_cols", "id_col",
    "input_format", "no_header", "delimiter", "encoding", "max_bytes", "max_columns", "transpose",
    "format", "output", "color", "no_progress", "time", "errors", "no_hints", "strict", "debug",
}  # fmt: skip

GUIDE = {"topic", "errors", "debug"}

DEFAULTS = {"value": None} | {
    name: default for name, (_, default) in OPTIONS.items() if name != "value"
}
"""What holds for a command that does not take an option."""


class Numbered(TyperCommand):
    """A command whose arguments may be negative numbers."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what begins with a minus and is a number for no option; a blank before it does."""
        spaced = [f" {arg}" if arg.startswith("-") and is_number(arg) else arg for arg in args]
        return super().parse_args(ctx, spaced)


def takes(names: set[str]) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command function these options; Typer reads them from its signature."""
    parameters = [
        inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    ]
    for name, (annotation, default) in OPTIONS.items():
        if name in names:
            kind = inspect.Parameter.KEYWORD_ONLY
            parameters.append(inspect.Parameter(name, kind, annotation=annotation, default=default))

    def signed(command: Callable[..., int]) -> Callable[..., int]:
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in parameters}
        return command

    return signed


def read_option(option: str, text: str) -> float:
    """The number given to an option."""
    try:
        return read_number(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", value=text) from None


def _is_whole(text: str) -> bool:
    """Whether a text is a whole number that a file could have as many bytes or rows of."""
    return text.isascii() and text.isdigit() and len(text) < 19


def whole(option: str, text: str) -> int:
    """The whole number given to an option."""
    if not _is_whole(text):
        rule = f"{option}: cannot read {excerpt(text)} as a whole number"
        raise UsageError(rule, value=text)
    return int(text)


def ignore_index(task: Task, text: str | None) -> float | None:
    """The target that leaves rows or cells out."""
    if text is None:
        return None
    number = read_option("--ignore-index", text)
    if task is Task.CE and not number.is_integer():
        raise UsageError(f"--ignore-index {excerpt(text)} is not a class index", value=text)
    return number


def smoothing(text: str | None) -> float | None:
    """The epsilon of label smoothing."""
    if text is None:
        return None
    number = read_option("--label-smoothing", text)
    if not 0 <= number <= 1:
        raise UsageError(f"--label-smoothing {excerpt(text)} is outside 0..1", value=text)
    return number


def delimiter(text: str | None) -> str | None:
    """The character between fields."""
    if text is None:
        return None
    character = {"tab": "\t", "\\t": "\t", "space": " "}.get(text, text)
    if len(character) != 1 or character in '"\r\n':
        raise UsageError(f"--delimiter {excerpt(text)} is not one character", value=text)
    return character


def encoding(name: str) -> str:
    """The encoding of text, as Python calls it."""
    import codecs

    try:
        "".encode(name)  # some codecs are none of text
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise UsageError(f"--encoding {excerpt(name)} is not known", value=name) from None


def size(text: str | None) -> int | None:
    """A number of bytes: 500M, 8G."""
    if text is None:
        return None
    scale = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}.get(text[-1:].lower())
    digits = text[:-1] if scale else text
    if not _is_whole(digits):
        rule = f"--max-bytes {excerpt(text)} is not a size such as 500M or 8G"
        raise UsageError(rule, value=text)
    return Size(int(digits) * (scale or 1), text)
