"""From the parameters of a command to a request: typed, and free of contradictions."""

from __future__ import annotations

import difflib
import glob
import math
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from cecalc.cli import options
from cecalc.cli.options import DEFAULTS, Color, read_option
from cecalc.diagnosis import Entry
from cecalc.errors import UsageError, excerpt
from cecalc.input.arguments import given
from cecalc.model import Item
from cecalc.numbers import is_number
from cecalc.output import SUFFIXES, Explaining, Finding, Format, Selection
from cecalc.output.figures import Bound, known
from cecalc.request import (
    Arithmetic,
    ColumnChoice,
    Given,
    Inline,
    InputRequest,
    LossOptions,
    NamedFile,
    Question,
    Rank,
    Request,
    Screen,
)
from cecalc.selection import flaw
from cecalc.terms import BackendName, Dtype, HintPolicy, Kind, Reduction, TargetForm, Task
from cecalc.writer import STANDARD_OUTPUT

_FREE = ("batch_size", "label_smoothing", "weight")
"""What `why` takes `any` for."""
_OF_FILES = (
    *("delimiter", "no_header", "encoding", "logits_cols", "probs_cols", "log_probs_cols"),
    *("target_col", "target_cols", "id_col", "sample_weight_col"),
)
"""Options that say how a file is read."""
_BESIDE_ENTRIES = {
    "value",
    "format",
    "output",
    "color",
    "errors",
    "no_hints",
    "no_progress",
    "debug",
}
"""What may be said where no number is asked about."""


def request_of(task: Task, params: Mapping[str, Any], *, explains: bool = False) -> Request:
    """The request that a command's parameters add up to.

    Raises
    ------
    UsageError : they contradict each other, or a value cannot be read
    """
    free = frozenset(name for name in _FREE if _asks(params) and params.get(name) == "any")
    params = {**params, **dict.fromkeys(free)}
    return Request(
        input=_input(task, params),
        options=LossOptions(
            reduction=params.get("reduction"),
            ignore_index=options.ignore_index(task, params.get("ignore_index")),
            label_smoothing=options.smoothing(params.get("label_smoothing")),
            weight=given("--weight", _listed(params.get("weight"))),
            pos_weight=given("--pos-weight", _listed(params.get("pos_weight"))),
        ),
        clamp=not params.get("no_clamp", False),
        unchecked=params.get("unchecked", False),
        log=params.get("log", False),
        arithmetic=_arithmetic(params),
        rank=_rank(params),
        by=_by(params),
        explains=explains,
        question=_question(params, free),
        hints=_hints(params),
    )


def entry_of(params: Mapping[str, Any]) -> Entry | None:
    """The entry of the catalogue that `why` is asked for; None where it is asked about a number.

    Raises
    ------
    UsageError : there is no such entry, or something else is given beside it
    """
    sign, number = params["value"][:1], params["value"][1:]
    if sign not in ("§", "#"):
        return None
    from cecalc.why.catalogue import catalogue

    entries = {str(entry.number): entry for entry in catalogue().values()}
    if number not in entries:
        raise UsageError(
            f"no entry {excerpt(number)}: there are 1 to {len(entries)}",
            hint="cecalc guide confusions shows them all",
        )
    if params["inputs"]:
        file = excerpt(params["inputs"][0])
        raise UsageError(f"entry {number} is read alone, without the file {file}")
    for name, default in DEFAULTS.items():
        if name not in _BESIDE_ENTRIES and params[name] not in (default, (), []):
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} goes with a number, not with entry {number}")
    return entries[number]


def joined(given: Sequence[str] | None) -> str | None:
    """A specification that may have been given in several options."""
    return ",".join(given) if given else None


def refuse_flawed(option: str, specification: str) -> None:
    """Refuse what no table could answer."""
    if (fault := flaw(specification)) is not None:
        rule = f"{option} {excerpt(specification)}: {fault}"
        raise UsageError(rule, value=specification)


def _hints(params: Mapping[str, Any]) -> HintPolicy:
    """What becomes of hints; -q leaves them out, but not out of --strict."""
    if params["strict"] and params["no_hints"]:
        raise UsageError("--strict and --no-hints exclude each other")
    if params["strict"]:
        return HintPolicy.STRICT
    return HintPolicy.SILENT if params["no_hints"] or params["quiet"] else HintPolicy.TELL


def _rank(params: Mapping[str, Any]) -> Rank | None:
    """Which rows are asked for by their loss."""
    found = [option for option in ("top", "bottom") if params.get(option) is not None]
    if not found:
        return None
    if len(found) > 1:
        raise UsageError("--top and --bottom exclude each other")
    option, text = f"--{found[0]}", params[found[0]]
    count = options.whole(option, text)
    if count < 1:
        raise UsageError(f"{option} {text} keeps no row", value=text)
    return Rank(count, lowest=option == "--bottom")


def _by(params: Mapping[str, Any]) -> str | None:
    """The columns that make groups."""
    specification = joined(params.get("by"))
    if specification is not None:
        refuse_flawed("--by", specification)
    return specification


def _asks(params: Mapping[str, Any]) -> bool:
    """Whether a number is asked about."""
    return params.get("value") is not None


def _question(params: Mapping[str, Any], free: frozenset[str]) -> Question | None:
    """What `why` is asked."""
    if not _asks(params):
        return None
    text = params["value"]
    if not is_number(text):
        hint = "the number comes first: cecalc why 0.8166 predictions.csv"
        raise UsageError(f"cannot read {excerpt(text)} as a number", hint=hint, value=text)
    options.read_option("VALUE", text)
    batch_size = params.get("batch_size")
    size = None if batch_size is None else options.whole("--batch-size", batch_size)
    if size == 0:
        raise UsageError("--batch-size 0 holds no row", value=batch_size)
    framework = params.get("framework")
    return Question(text.strip(), size, framework and framework.value, params["deep"], free)


def _input(task: Task, params: Mapping[str, Any]) -> InputRequest:
    inputs: list[str] = params["inputs"] or []
    _refuse_strays(params, inputs)
    values = _values(task, params)
    target = given("--target", params.get("target") or (), names=task is Task.CE)
    sample_weight = given("--sample-weight", _listed(params.get("sample_weight")))
    _refuse_second_dash(inputs, *values.values(), target, sample_weight)
    if task.is_loss and target is None and any(isinstance(v, Inline) for v in values.values()):
        raise UsageError("no target", hint="give one with --target")
    if params.get("target_form") is TargetForm.CELLS:
        raise UsageError("--target-form is index or dist")
    classes = params.get("classes")
    ignored = options.ignore_index(task, params.get("ignore_index"))
    request = InputRequest(
        task=task,
        paths=tuple(inputs),
        values=values,
        target=target,
        sample_weight=sample_weight,
        classes=None if classes is None else tuple(c.strip() for c in classes.split(",")),
        columns=_columns(params),
        target_form=params.get("target_form"),
        target_as=params.get("target_as"),
        ignored=ignored,
        format=params["input_format"],
        has_header=not params["no_header"],
        delimiter=options.delimiter(params["delimiter"]),
        encoding=options.encoding(params["encoding"]),
        max_bytes=options.size(params["max_bytes"]),
        max_columns=options.whole("--max-columns", params["max_columns"]),
        transpose=params["transpose"],
        nan=params["nan"],
    )
    _refuse_idle(params, values, target, sample_weight)
    return request


def _values(task: Task, params: Mapping[str, Any]) -> dict[Kind, Given]:
    """What was given to one of --logits, --probs and --log-probs."""
    every = {kind: given(kind.option, params.get(kind) or ()) for kind in Kind}
    values = {kind: value for kind, value in every.items() if value is not None}
    if len(values) > 1:
        raise UsageError(f"{' and '.join(kind.option for kind in values)} exclude each other")
    if task is Task.BCE and Kind.PROBS in values and params.get("pos_weight") is not None:
        raise UsageError(
            "--pos-weight goes with --logits; torch's BCELoss on probabilities has none"
        )
    return values


def _columns(params: Mapping[str, Any]) -> ColumnChoice:
    said = {kind: params.get(f"{kind}_cols") for kind in Kind}
    values = {kind: text for kind, text in said.items() if text is not None}
    if len(values) > 1:
        raise UsageError("--logits-cols, --probs-cols and --log-probs-cols exclude each other")
    for name, text in params.items():
        if name.endswith(("_col", "_cols")) and text is not None:
            refuse_flawed(f"--{name.replace('_', '-')}", text)
    if params.get("target_col") is not None and params.get("target_cols") is not None:
        raise UsageError("--target-col and --target-cols exclude each other")
    return ColumnChoice(
        values=values,
        target=params.get("target_col"),
        targets=params.get("target_cols"),
        id=params.get("id_col"),
        sample_weight=params.get("sample_weight_col"),
    )


def _refuse_strays(params: Mapping[str, Any], inputs: list[str]) -> None:
    kind = next((kind for kind in Kind if params.get(kind)), None)
    option = (kind or Kind.LOGITS).option
    before = params[kind][-1].split(",") if kind else []
    numbers = [text for text in inputs if all(map(is_number, text.split(",")))]
    if numbers and not os.path.exists(inputs[0]):  # noqa: PTH110  # a Path raises on long names
        spelled = ",".join([*before, *numbers])
        raise UsageError(
            f"stray {excerpt(numbers[0])}: the numbers of a row are one value",
            hint=f"write {option}={spelled}",
            value=numbers[0],
        )
    if kind and inputs:
        raise UsageError(f"both the file {excerpt(inputs[0])} and {option} give values")


def _refuse_idle(
    params: Mapping[str, Any], values: Mapping[Kind, Given], *beside: Given | None
) -> None:
    """Refuse options that say how a file is read where none is."""
    if not values or any(isinstance(given, NamedFile) for given in (*values.values(), *beside)):
        return
    for name in _OF_FILES:
        if params.get(name) not in (None, False, "utf-8"):
            raise UsageError(f"--{name.replace('_', '-')} goes with a file")


def _refuse_second_dash(inputs: list[str], *given: Given | None) -> None:
    dashes = inputs.count("-") + sum(isinstance(g, NamedFile) and g.path == "-" for g in given)
    if dashes > 1:
        raise UsageError("standard input (-) can be read only once")


def _listed(text: str | None) -> Sequence[str]:
    return () if text is None else (text,)


def _arithmetic(params: Mapping[str, Any]) -> Arithmetic:
    """Who computes, refused where it contradicts itself."""
    choice = Arithmetic(params["backend"], params["device"], params["dtype"])
    kind, colon, number = choice.device.partition(":")
    known = kind in ("auto", "cpu", "cuda", "mps") and not colon
    if not known and not (kind == "cuda" and number.isascii() and number.isdigit()):
        raise UsageError(
            f"--device {excerpt(choice.device)} is none of cpu, cuda, cuda:N, mps, auto",
            value=choice.device,
        )
    if choice.backend is BackendName.NUMPY and kind in ("cuda", "mps"):
        raise UsageError(f"--backend numpy has no device {choice.device}")
    if choice.backend is BackendName.NUMPY and choice.dtype is not Dtype.FLOAT64:
        raise UsageError(f"--dtype {choice.dtype} runs on torch, not on --backend numpy")
    if kind == "mps" and choice.dtype is Dtype.FLOAT64:
        raise UsageError("--device mps has no float64", hint="add --dtype float32")
    return choice


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
