"""From the options of a command to a request free of contradictions."""

from __future__ import annotations

import os
import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from cecalc.cli.options import Options, flag, specification
from cecalc.cli.strays import ONE_VALUE, StrayNumbers, are_numbers
from cecalc.cli.values import ANY, number
from cecalc.errors import UsageError, excerpt
from cecalc.input.arguments import given
from cecalc.input.formats import given_options
from cecalc.mistakes.diagnosis import Question
from cecalc.numbers import is_number, write_number
from cecalc.request import (
    Arithmetic,
    ColumnChoice,
    Given,
    Inline,
    InputRequest,
    LossOptions,
    NamedFile,
    Rank,
    Request,
)
from cecalc.terms import UNCLIPPED, BackendName, Dtype, HintPolicy, Kind, TargetForm, Task

if TYPE_CHECKING:
    from cecalc.mistakes.catalogue import Entry


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
        rule = f"{flag(min(free))}: cannot read 'any' as a number"
        raise UsageError(rule, value="any")
    unknown: dict[str, Any] = dict.fromkeys(free)
    options = replace(options, **unknown)
    _refuse_contradictions(options)
    said = _copied(Request, options) | {
        "arithmetic": _arithmetic(options),
        "rank": _rank(options),
        "by": specification(options.by),
        "hints": _hints(options),
    }
    return Request(_input(task, options), **said)


def entry_of(options: Options) -> Entry | None:
    """The entry of the catalogue that `why` is asked for; None where it is asked about a number.

    Raises
    ------
    UsageError : there is no such entry, or something else is given beside it
    """
    value = options.value or ""
    if not value.startswith(("§", "#")):
        return None
    from cecalc.mistakes.catalogue import catalogue

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
            raise UsageError(f"{flag(option)} goes with a number, not with entry {name}")
    return entries[name]


def _refuse_contradictions(options: Options) -> None:
    """Refuse options that exclude each other."""
    given = options.given()
    for names in _EXCLUSIVE:
        flags = [flag(name) for name in names if name in given]
        if len(flags) > 1:
            raise UsageError(f"{' and '.join(flags)} exclude each other")


def _hints(options: Options) -> HintPolicy:
    """What becomes of hints; -q leaves them out, but not out of --strict."""
    if options.strict:
        return HintPolicy.STRICT
    return HintPolicy.SILENT if options.no_hints or options.quiet else HintPolicy.TELL


def _rank(options: Options) -> Rank | None:
    """Which rows are asked for by their loss."""
    number = options.top if options.bottom is None else options.bottom
    return None if number is None else Rank(number, lowest=options.bottom is not None)


def _free(options: Options) -> frozenset[str]:
    """What may have been anything."""
    return frozenset(name for name in options.given() if getattr(options, name) is ANY)


_OF_LOOPS = ("batch_size", "focal", "temperature")
"""What only a question holds."""
_OPEN = (None, ANY)
"""What says no value."""


def question_of(options: Options) -> Question:
    """What `why` is asked.

    Raises
    ------
    UsageError : the value is no number
    """
    text = options.value or ""
    listed = re.fullmatch(r"\s*(?:tensor|array)?\(?\[([^][]*)\].*", text, re.DOTALL)
    each = tuple(re.findall(r"[^\s,'\"]+", listed[1])) if listed else ()
    for part in each or (text,):
        if is_number(part):
            number("VALUE", part)
            continue
        hint = "the number comes first: cecalc why 0.8166 predictions.csv"
        raise UsageError(f"cannot read {excerpt(part)} as a number", hint=hint, value=part)
    known = {name: value for name in _OF_LOOPS if (value := getattr(options, name)) not in _OPEN}
    return Question(
        text.strip(),
        said=dict.fromkeys(_free(options)) | known,
        framework=options.framework,
        deep=options.deep,
        each=each,
        task=options.as_ and Task(options.as_),
    )


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
    names = options.classes
    said = _copied(InputRequest, options) | {
        "inputs": tuple(inputs),
        "values": values,
        "target": target,
        "classes": None if names is None else tuple(map(str.strip, names.split(","))),
        "columns": ColumnChoice(**_copied(ColumnChoice, options)),
        "options": _loss_options(task, options),
    }
    asked = InputRequest(task, **said)
    if values and not any(isinstance(v, NamedFile) for v in (*values.values(), *beside)):
        for option, _ in given_options(asked):
            if option != "--transpose":
                raise UsageError(f"{option} goes with a file")
    return asked


def _loss_options(task: Task, options: Options) -> LossOptions:
    found = LossOptions(**_copied(LossOptions, options))
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
            rule = f"--clip goes with probabilities, not with {kind.option}"
            hint = UNCLIPPED if kind is Kind.LOG_PROBS else None
            raise UsageError(rule, hint=hint, ways=(("!--clip",),))
    if task is Task.BCE and Kind.PROBS in values and options.pos_weight is not None:
        raise UsageError(
            "--pos-weight goes with --logits; torch's BCELoss on probabilities has none"
        )
    return values


def _copied(record: type, options: Options) -> dict[str, Any]:
    """What the options say that are called as fields of a record."""
    names = {field.name for field in fields(record)} & vars(options).keys()
    return {name: getattr(options, name) for name in names}


def _refuse_strays(options: Options, inputs: list[str]) -> None:
    """Refuse numbers that stand alone, and files beside values."""
    kind = next((kind for kind in Kind if getattr(options, kind)), None)
    numbers = [text for text in inputs if are_numbers(text)]
    if numbers and not os.path.exists(inputs[0]):  # noqa: PTH110  # a Path raises on long names
        raise StrayNumbers(f"stray {excerpt(numbers[0])}: {ONE_VALUE}", value=numbers[0])
    if kind and inputs:
        rule = f"both the file {excerpt(inputs[0])} and {kind.option} give values"
        is_inline = are_numbers(getattr(options, kind)[0])
        raise UsageError(rule, hint=None if is_inline else "several files: a quoted pattern")


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
