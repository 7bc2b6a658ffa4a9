"""From the options of a command to a request free of contradictions."""

from __future__ import annotations

import glob
import os
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from cecalc.cli.options import Color, Options
from cecalc.cli.strays import ONE_VALUE, StrayNumbers, are_numbers
from cecalc.cli.values import ANY, bound, number
from cecalc.errors import UsageError, excerpt
from cecalc.explain import CODE
from cecalc.input.arguments import given
from cecalc.input.formats import given_options, member_of, pattern_of
from cecalc.model import Item
from cecalc.numbers import is_number, write_number
from cecalc.output import FORMATS, JSON, SUFFIXES, TABLE, Format
from cecalc.output.figures import Bound, known
from cecalc.request import (
    LOSS_OPTIONS,
    Arithmetic,
    ColumnChoice,
    Given,
    Inline,
    InputRequest,
    LossOptions,
    NamedFile,
    Rank,
    Request,
    Screen,
    Selection,
)
from cecalc.terms import BackendName, Dtype, HintPolicy, Kind, Reduction, TargetForm, Task
from cecalc.why.diagnosis import Question
from cecalc.writer import STANDARD_OUTPUT

if TYPE_CHECKING:
    from cecalc.why.catalogue import Entry


_EXCLUSIVE = (
    ("logits", "probs", "log_probs"),
    ("logits_cols", "probs_cols", "log_probs_cols", "confidence_cols"),
    ("target_col", "target_cols"),
    ("id_col", "join"),
    ("top", "bottom"),
    ("clip", "no_clamp"),
    ("strict", "no_hints"),
)
_OF_ENTRIES = {"value", "format", "output", "color", "errors", "no_hints", "no_progress", "debug"}
"""What may be said where no number is asked about."""


def request_of(task: Task, options: Options) -> Request:
    """The request that a command's options add up to.

    Raises
    ------
    UsageError : they contradict each other
    """
    free = _free(options)
    if free and options.value is None:
        rule = f"{_flag(min(free))}: cannot read 'any' as a number"
        raise UsageError(rule, value="any")
    unknown: dict[str, Any] = dict.fromkeys(free)
    options = replace(options, **unknown)
    _refuse_contradictions(options)
    return Request(
        input=_input(task, options),
        clamp=not options.no_clamp,
        clip=options.clip,
        unchecked=options.unchecked,
        log=options.log,
        arithmetic=_arithmetic(options),
        rank=_rank(options),
        by=_joined(options.by),
        hints=_hints(options),
    )


def entry_of(options: Options) -> Entry | None:
    """The entry of the catalogue that `why` is asked for; None where it is asked about a number.

    Raises
    ------
    UsageError : there is no such entry, or something else is given beside it
    """
    value = options.value or ""
    if not value.startswith(("§", "#")):
        return None
    from cecalc.why.catalogue import catalogue

    entries = {str(entry.number): entry for entry in catalogue().values()}
    name = value[1:]
    if name not in entries:
        raise UsageError(
            f"no entry {excerpt(name)}: there are 1 to {len(entries)}",
            hint="cecalc guide confusions shows them all",
        )
    if options.inputs:
        file = excerpt(options.inputs[0])
        raise UsageError(f"entry {name} is read alone, without the file {file}")
    for option in options.given():
        if option not in _OF_ENTRIES:
            raise UsageError(f"{_flag(option)} goes with a number, not with entry {name}")
    return entries[name]


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _joined(specifications: list[str] | None) -> str | None:
    """A specification that may have been given in several options."""
    return ",".join(specifications) if specifications else None


def _refuse_contradictions(options: Options) -> None:
    """Refuse options that exclude each other."""
    given = options.given()
    for names in _EXCLUSIVE:
        flags = [_flag(name) for name in names if name in given]
        if len(flags) > 1:
            raise UsageError(f"{' and '.join(flags)} exclude each other")


def _hints(options: Options) -> HintPolicy:
    """What becomes of hints; -q leaves them out, but not out of --strict."""
    if options.strict:
        return HintPolicy.STRICT
    return HintPolicy.SILENT if options.no_hints or options.quiet else HintPolicy.TELL


def _rank(options: Options) -> Rank | None:
    """Which rows are asked for by their loss."""
    if options.bottom is not None:
        return Rank(options.bottom, lowest=True)
    return None if options.top is None else Rank(options.top)


def _free(options: Options) -> frozenset[str]:
    """What may have been anything."""
    return frozenset(name for name in options.given() if getattr(options, name) is ANY)


def question_of(options: Options) -> Question:
    """What `why` is asked.

    Raises
    ------
    UsageError : the value is no number
    """
    text, free = options.value or "", _free(options)
    if not is_number(text):
        hint = "the number comes first: cecalc why 0.8166 predictions.csv"
        raise UsageError(f"cannot read {excerpt(text)} as a number", hint=hint, value=text)
    number("VALUE", text)
    return Question(text.strip(), options.batch_size, options.framework, options.deep, free)


def _input(task: Task, options: Options) -> InputRequest:
    inputs = options.inputs or []
    _refuse_strays(options, inputs)
    values = _values(task, options)
    target = given("--target", options.target or (), names=task is Task.CE)
    beside = (target, options.sample_weight)
    _refuse_second_dash(inputs, *values.values(), *beside)
    if task.is_loss and target is None and any(isinstance(v, Inline) for v in values.values()):
        raise UsageError("no target", hint="give one with --target")
    if options.join and not any(isinstance(g, NamedFile) for g in beside):
        raise UsageError("--join goes with --target FILE or --sample-weight FILE")
    if options.target_form is TargetForm.CELLS:
        raise UsageError("--target-form is index or dist")
    classes = options.classes
    asked = InputRequest(
        task=task,
        paths=tuple(inputs),
        values=values,
        target=target,
        sample_weight=options.sample_weight,
        classes=None if classes is None else tuple(c.strip() for c in classes.split(",")),
        columns=_columns(options),
        target_form=options.target_form,
        target_as=options.target_as,
        options=_loss_options(task, options),
        format=options.input_format,
        has_header=not options.no_header,
        delimiter=options.delimiter,
        decimal=options.decimal,
        encoding=options.encoding,
        max_bytes=options.max_bytes,
        max_columns=options.max_columns,
        transpose=options.transpose,
        nan=options.nan,
    )
    if values and not any(isinstance(v, NamedFile) for v in (*values.values(), *beside)):
        for option, _ in given_options(asked):
            if option != "--transpose":
                raise UsageError(f"{option} goes with a file")
    return asked


def _loss_options(task: Task, options: Options) -> LossOptions:
    found = LossOptions(**{name: getattr(options, name) for name in LOSS_OPTIONS})
    if task is Task.CE and not found.ignores_a_class:
        text = write_number(found.ignore_index or 0)
        raise UsageError(f"--ignore-index {excerpt(text)} is not a class index", value=text)
    return found


def _values(task: Task, options: Options) -> dict[Kind, Given]:
    """What was given to one of --logits, --probs and --log-probs."""
    every = {kind: given(kind.option, getattr(options, kind) or ()) for kind in Kind}
    values = {kind: value for kind, value in every.items() if value is not None}
    for kind in (Kind.LOGITS, Kind.LOG_PROBS):
        if options.clip is not None and (kind in values or getattr(options, f"{kind}_cols")):
            raise UsageError(f"--clip goes with probabilities, not with {kind.option}")
    if task is Task.BCE and Kind.PROBS in values and options.pos_weight is not None:
        raise UsageError(
            "--pos-weight goes with --logits; torch's BCELoss on probabilities has none"
        )
    return values


def _columns(options: Options) -> ColumnChoice:
    ours, _, theirs = (options.join or "").partition("=")
    return ColumnChoice(
        values={kind: text for kind in Kind if (text := getattr(options, f"{kind}_cols"))},
        target=options.target_col,
        targets=options.target_cols,
        confidence=options.confidence_cols,
        id=ours or options.id_col,
        join=theirs or ours or None,
        sample_weight=options.sample_weight_col,
    )


def _refuse_strays(options: Options, inputs: list[str]) -> None:
    """Refuse numbers that stand alone, and files beside values."""
    kind = next((kind for kind in Kind if getattr(options, kind)), None)
    numbers = [text for text in inputs if are_numbers(text)]
    if numbers and not os.path.exists(inputs[0]):  # noqa: PTH110  # a Path raises on long names
        raise StrayNumbers(f"stray {excerpt(numbers[0])}: {ONE_VALUE}", value=numbers[0])
    if kind and inputs:
        rule = f"both the file {excerpt(inputs[0])} and {kind.option} give values"
        ways = _as_patterns(options, kind, inputs)
        raise UsageError(rule, hint="several files: a quoted pattern" if ways else None, ways=ways)


def _as_patterns(
    options: Options, kind: Kind, inputs: Sequence[str]
) -> tuple[tuple[str, ...], ...]:
    """Where a shell made files of the patterns that options were given: those in quotes."""
    given = {kind.option: getattr(options, kind), "--target": options.target}
    files = {option: texts[:1] for option, texts in given.items() if texts}
    for text in inputs:
        max(files.values(), key=lambda f: len(os.path.commonprefix([f[0], text]))).append(text)  # noqa: RUF071
    patterns = {option: pattern_of(found) for option, found in files.items()}
    way = [*(f"!{text}" for text in inputs), *(f"{o}={found}" for o, found in patterns.items())]
    return (tuple(way),) if all(patterns.values()) else ()


def _refuse_second_dash(inputs: list[str], *given: Given | None) -> None:
    dashes = inputs.count("-") + sum(isinstance(g, NamedFile) and g.path == "-" for g in given)
    if dashes > 1:
        raise UsageError("standard input (-) can be read only once")


def _arithmetic(options: Options) -> Arithmetic:
    """Who computes, refused where it contradicts itself."""
    choice = Arithmetic(options.backend, options.device, options.dtype)
    kind = choice.device.partition(":")[0]
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
        return self.format.is_by_row and not (self.format.is_whole or self.options.quiet)

    @property
    def passed_on(self) -> str | None:
        """`InputRequest.passed_on`, as far as it is known before the input."""
        if self.options.by:
            return _joined(self.options.by)
        if self.selection.only_added or (self.options.quiet and self.path is None):
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
    if options.output is not None:
        _refuse_reading(options.output, inputs)
    if options.output is None or options.quiet:
        _refuse_reading(STANDARD_OUTPUT, inputs)
    chosen = format_of(options, formats)
    is_shown = options.output is None and not options.quiet and os.isatty(STANDARD_OUTPUT)
    if chosen.is_whole and is_shown:
        rule = f"--format {chosen.name} goes to a file or a pipe, not to a terminal"
        raise UsageError(rule, hint=f"name a file: -o rows{chosen.suffixes[0]}")
    selection, bounds = _selection(options, chosen), _bounds(request.input.task, options)
    screen = screen_of(options.color, options.output)
    return OutputRequest(options, chosen, selection, tuple(bounds), screen)


def format_of(options: Options, formats: Mapping[str, Format]) -> Format:
    """How the result of a command is written, which may not have every format."""
    if options.code and options.format is not None:
        raise UsageError("--code is torch code, and goes with no --format")
    if options.code:
        return CODE
    name = options.format or _suffixed(options.output).name
    if name not in formats:
        has_code = CODE.name in formats
        more = ", and --code for torch code" if has_code else ""
        rule = f"{'explain' if has_code else 'why'} has no format {name}"
        raise UsageError(rule, hint=f"there are table and json{more}")
    return formats[name]


def _selection(options: Options, chosen: Format) -> Selection:
    """Which rows and columns are written."""
    if options.no_rows and chosen is not JSON:
        raise UsageError("--no-rows goes with --format json")
    for name in ("only_added", "prefix"):
        if getattr(options, name) and not chosen.is_by_row:
            raise UsageError(f"{_flag(name)} goes with --format csv, tsv or jsonl")
    if options.only_added and options.by:
        raise UsageError("--only-added goes with rows, and --by has none")
    _refuse_unwritten(options)
    return Selection(
        rows=not options.no_rows,
        prefix=options.prefix,
        only_added=options.only_added,
        columns=_joined(options.select),
    )


def _refuse_unwritten(options: Options) -> None:
    """Refuse options that choose among what is not written at all."""
    is_quiet = options.quiet and options.output is None
    silent = "--no-rows" if options.no_rows else "-q" if is_quiet else None
    prints_rows = silent == "-q" and options.reduction is Reduction.NONE
    ranks = "chooses rows"
    for option, what in (
        ("by", "writes groups"),
        ("top", ranks),
        ("bottom", ranks),
        ("select", "chooses columns of rows"),
    ):
        if silent and getattr(options, option) and not (what == ranks and prints_rows):
            raise UsageError(f"--{option} {what}, and {silent} writes none")


def _bounds(task: Task, options: Options) -> Iterator[Bound]:
    """What --fail-above and --fail-below say."""
    said = {"--fail-above": options.fail_above, "--fail-below": options.fail_below}
    for option, texts in said.items():
        for text in texts or ():
            found = bound(option, text, known(task))
            if found.figure == "loss" and options.reduction is Reduction.NONE:
                raise UsageError(
                    f"{option} {excerpt(text)}: there is no one loss under --reduction none",
                    hint=f"name another figure: {option} mean={text.rpartition('=')[2]}",
                    value=text,
                )
            yield found


def _suffixed(path: str | None) -> Format:
    """The format that the suffix of the output says."""
    if path is None:
        return TABLE
    suffix = PurePath(path).suffix
    found = SUFFIXES.get(suffix.lower())
    if found is None and not path.startswith("/dev/"):
        what = f"unknown suffix {excerpt(suffix)}" if suffix else "no suffix"
        raise UsageError(
            f"-o {excerpt(path)}: {what}",
            hint=f"say the format with -f, or use one of {', '.join(SUFFIXES)}",
            value=path,
        )
    return found or TABLE


def _read(request: Request) -> Iterator[str]:
    """The names of everything that is read; - for standard input."""
    inputs = request.input
    of_loss = vars(inputs.options).values()
    given = (*inputs.values.values(), inputs.target, inputs.sample_weight, *of_loss)
    named = (member_of(g.path)[0] for g in given if isinstance(g, NamedFile))
    for name in (*named, *(inputs.paths or (() if inputs.values else ("-",)))):
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


def screen_of(color: Color, path: str | None) -> Screen:
    """What a drawing is made for: the terminal, if that is where it goes."""
    is_terminal = path is None and sys.stdout is not None and sys.stdout.isatty()
    wanted = is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns if is_terminal else None
    return Screen(width=width, color=color == "always" or (color == "auto" and wanted))
