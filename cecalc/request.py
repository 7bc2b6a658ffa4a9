"""What is asked for: the command line, understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cecalc.terms import (
    BackendName,
    Dtype,
    HintPolicy,
    InputFormat,
    Kind,
    NanPolicy,
    Reduction,
    TargetAs,
    TargetForm,
    Task,
)


@dataclass(frozen=True)
class Inline:
    """Numbers (or class names) given on the command line or under a key of a JSON object."""

    option: str
    """The option or key they were given to, for messages."""
    nested: Any
    """A float, a string, or nested lists of them."""


@dataclass(frozen=True)
class NamedFile:
    """A file given to an option that takes values."""

    option: str
    path: str


Given = Inline | NamedFile


@dataclass(frozen=True)
class LossOptions:
    """The options of the loss itself; None where neither the command line nor the file says."""

    reduction: Reduction | None = None
    ignore_index: float | None = None
    label_smoothing: float | None = None
    weight: Given | None = None
    """Class weights, shape (C,); for bce broadcastable to the cells."""
    pos_weight: Given | None = None
    """Weights of the positive term of bce, broadcastable to the cells."""

    def over(self, other: LossOptions) -> LossOptions:
        """These options, and the other's where these are silent."""
        return LossOptions(
            **{
                name: theirs if (ours := getattr(self, name)) is None else ours
                for name, theirs in vars(other).items()
            }
        )


@dataclass(frozen=True)
class Arithmetic:
    """What the command line says about who computes, where and how precisely."""

    backend: BackendName = BackendName.AUTO
    device: str = "cpu"
    """cpu, cuda, cuda:N, mps or auto."""
    dtype: Dtype = Dtype.FLOAT64


@dataclass(frozen=True)
class ColumnChoice:
    """Which columns hold what, where the user says so; None leaves it to the names."""

    values: Mapping[Kind, str] = field(default_factory=dict)
    """Column specification of each kind of value."""
    target: str | None = None
    """The one column of class indices or names (or of 0/1)."""
    targets: str | None = None
    """One column per class."""
    id: str | None = None
    sample_weight: str | None = None


@dataclass(frozen=True)
class Rank:
    """Which rows (or groups) are asked for, by their loss."""

    count: int
    lowest: bool = False
    """The lowest losses instead of the highest."""


@dataclass(frozen=True)
class InputRequest:
    """Everything the command line says about the input."""

    task: Task
    paths: tuple[str, ...] = ()
    """The files or patterns that were named, `-` for standard input; together one data set."""
    values: Mapping[Kind, Given] = field(default_factory=dict)
    """At most one: what was given to --logits, --probs or --log-probs."""
    target: Given | None = None
    sample_weight: Given | None = None
    classes: tuple[str, ...] | None = None
    columns: ColumnChoice = field(default_factory=ColumnChoice)
    target_form: TargetForm | None = None
    target_as: TargetAs | None = None
    ignored: float | None = None
    """The target that leaves a row out, where the command line says it; else −100, as in torch."""
    format: InputFormat = InputFormat.AUTO
    has_header: bool = True
    delimiter: str | None = None
    encoding: str = "utf-8"
    max_bytes: int | None = None
    max_columns: int = 1_000_000
    transpose: bool = False
    nan: NanPolicy = NanPolicy.ERROR

    @property
    def wants_target(self) -> bool:
        """Whether the input's own columns are asked for a target."""
        return self.task.is_loss and self.target is None


@dataclass(frozen=True)
class Request:
    """Everything the command line says."""

    input: InputRequest
    options: LossOptions = field(default_factory=LossOptions)
    clamp: bool = True
    """Whether ln 0 of bce on probabilities stops at −100, as in torch."""
    unchecked: bool = False
    """Whether to compute as torch does where the rules refuse."""
    log: bool = False
    """Whether softmax and sigmoid give logarithms."""
    arithmetic: Arithmetic = field(default_factory=Arithmetic)
    rank: Rank | None = None
    by: str | None = None
    """A specification of columns, as `cecalc.selection` reads it."""
    hints: HintPolicy = HintPolicy.TELL


@dataclass(frozen=True)
class Screen:
    """What a table is drawn for."""

    width: int | None = None
    """Columns of the terminal; None where there is no terminal and natural width is right."""
    color: bool = False


@dataclass(frozen=True)
class Selection:
    """Which of the rows and columns that a view has are written, and under which names."""

    rows: bool = True
    """Whether a JSON object holds its rows, and not the summary alone."""
    prefix: str | None = None
    """What our columns' names begin with; None for nothing, or `columns.PREFIX` where a name would
    stand twice."""
    only_added: bool = False
    """Whether the input's own columns are left out."""
    columns: str | None = None
    """A specification as `cecalc.selection` reads it, of the columns the view would have."""


EVERYTHING = Selection()
