"""From the parameters of a command to a request: typed, and free of contradictions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from cecalc import scalars
from cecalc.errors import UsageError, excerpt
from cecalc.numerals import is_number
from cecalc.options import DEFAULTS
from cecalc.records import (
    Arithmetic,
    BackendName,
    ColumnChoice,
    Dtype,
    Entry,
    Given,
    HintPolicy,
    Inline,
    InputRequest,
    Kind,
    LossOptions,
    NamedFile,
    Question,
    Rank,
    Request,
    TargetForm,
    Task,
)
from cecalc.selection import flaw
from cecalc.sources.inline import given

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
            ignore_index=scalars.ignore_index(task, params.get("ignore_index")),
            label_smoothing=scalars.smoothing(params.get("label_smoothing")),
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
    from cecalc.insight.catalogue import catalogue

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
    count = scalars.whole(option, text)
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
    scalars.read_option("VALUE", text)
    batch_size = params.get("batch_size")
    size = None if batch_size is None else scalars.whole("--batch-size", batch_size)
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
    ignored = scalars.ignore_index(task, params.get("ignore_index"))
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
        delimiter=scalars.delimiter(params["delimiter"]),
        encoding=scalars.encoding(params["encoding"]),
        max_bytes=scalars.size(params["max_bytes"]),
        max_columns=scalars.whole("--max-columns", params["max_columns"]),
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
