"""What is asked for: the command line, understood."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
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


@dataclass(frozen=True)
class Held:
    """An array or a table that a Python program hands over."""

    option: str
    """What it was given as, for messages."""
    data: Any


Given = Inline | NamedFile | Held


@dataclass(frozen=True)
class LossOption:
    """What holds of an option of the loss wherever it is given.

    Its name is that of its field in `LossOptions`: the key in a document, and with two dashes the
    option of the command line.
    """

    type: type[float | Reduction | Inline]
    """What it is in a document; `Inline` are weights."""
    commands: Collection[str]
    """The commands that take it; a loss that does not has no such key either."""
    bounds: tuple[float, float] | None = None

    def fault(self, value: float) -> str | None:
        """What is wrong with a number; None where it is within the bounds, which NaN never is."""
        if self.bounds is None or self.bounds[0] <= value <= self.bounds[1]:
            return None
        return f"outside {self.bounds[0]:g}..{self.bounds[1]:g}"


@dataclass(frozen=True)
class LossOptions:
    """The options of the loss itself; None where neither the command line nor the file says."""

    weight: Given | None = None
    """Class weights, shape (C,); for bce broadcastable to the cells."""
    pos_weight: Given | None = None
    """Weights of the positive term of bce, broadcastable to the cells."""
    ignore_index: float | None = None
    """The target that leaves a row (for bce a cell) out; for ce `IGNORE_INDEX` where it is None."""
    label_smoothing: float | None = None
    reduction: Reduction | None = None

    @property
    def ignores_a_class(self) -> bool:
        """Whether what leaves a row out could be a class index."""
        return self.ignore_index is None or float(self.ignore_index).is_integer()

    def over(self, other: LossOptions) -> LossOptions:
        """These options, and the other's where these are silent."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return replace(other, **said)


LOSS_OPTIONS: Mapping[str, LossOption] = {
    "weight": LossOption(Inline, {"ce", "bce", "explain", "why"}),
    "pos_weight": LossOption(Inline, {"bce", "explain", "why"}),
    "ignore_index": LossOption(float, {"ce", "bce", "explain", "why"}),
    "label_smoothing": LossOption(float, {"ce", "explain", "why"}, bounds=(0, 1)),
    "reduction": LossOption(Reduction, {"ce", "bce", "explain"}),
}
"""Each option of the loss, by its name."""


@dataclass(frozen=True)
class Arithmetic:
    """What the command line says about who computes, where and how precisely."""

    backend: BackendName = BackendName.AUTO
    device: str = "cpu"
    """cpu, cuda, cuda:N, mps or auto."""
    dtype: Dtype = Dtype.FLOAT64


@dataclass(frozen=True)
class ColumnChoice:
    """Which columns hold what, where the user says so; None leaves it to the names.

    Each field is called as its option.
    """

    logits_cols: str | None = None
    probs_cols: str | None = None
    log_probs_cols: str | None = None
    confidence_cols: str | None = None
    """The column of the probability of the predicted class, and that of the prediction."""
    target_col: str | None = None
    """The one column of class indices or names (or of 0/1)."""
    target_cols: str | None = None
    """One column per class."""
    id_col: str | None = None
    join: str | None = None
    """The one of identifiers; A=B where it is B in the files beside the values."""
    sample_weight_col: str | None = None

    @property
    def values(self) -> dict[Kind, str]:
        """Column specification of each kind of value."""
        every = {kind: getattr(self, f"{kind}_cols") for kind in Kind}
        return {kind: text for kind, text in every.items() if text is not None}

    @property
    def id(self) -> str | None:
        """The column of identifiers."""
        return self.id_col if self.join is None else self.join.partition("=")[0]

    @property
    def beside(self) -> ColumnChoice:
        """The choice in the files beside the values."""
        return replace(self, join=self.join and (self.join.partition("=")[2] or self.join))


@dataclass(frozen=True)
class Rank:
    """Which rows (or groups) are asked for, by their loss."""

    count: int
    lowest: bool = False
    """The lowest losses instead of the highest."""


@dataclass(frozen=True)
class InputRequest:
    """Everything the command line says about the input; what it says as it stands is called as its
    option.
    """

    task: Task
    inputs: tuple[str, ...] = ()
    """The files or patterns that were named, `-` for standard input; together one data set."""
    held: Held | None = None
    """A table instead of files."""
    values: Mapping[Kind, Given] = field(default_factory=dict)
    """At most one: what was given to --logits, --probs or --log-probs."""
    target: Given | None = None
    sample_weight: Given | None = None
    classes: tuple[str, ...] | None = None
    columns: ColumnChoice = field(default_factory=ColumnChoice)
    target_form: TargetForm | None = None
    target_as: TargetAs | None = None
    options: LossOptions = field(default_factory=LossOptions)
    """What is said of the loss; a file may say more."""
    input_format: InputFormat = InputFormat.AUTO
    no_header: bool = False
    delimiter: str | None = None
    """A space stands for any run of blanks."""
    decimal: str = "."
    encoding: str = "utf-8"
    max_bytes: int | None = None
    max_columns: int = 1_000_000
    transpose: bool = False
    target_optional: bool = False
    """Whether input without a target will do."""
    nan: NanPolicy = NanPolicy.ERROR
    passed_on: str | None = None
    """Which columns go into the output, of the input's and of ours, as `cecalc.selection` reads it;
    "" for all, None for none.
    """

    @property
    def wants_target(self) -> bool:
        """Whether the input's own columns are asked for a target."""
        return self.task.is_loss and self.target is None


@dataclass(frozen=True)
class Request:
    """Everything the command line says; what it says as it stands is called as its option."""

    input: InputRequest
    no_clamp: bool = False
    """Whether ln 0 of bce on probabilities is −∞, where torch stops at −100."""
    clip: float | None = None
    """How far from 0 and 1 probabilities stay at least."""
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
    """Whether rows are written, and not the summary alone."""
    is_full: bool = False
    """Whether the summary for people holds every figure."""
    prefix: str | None = None
    """What our columns' names begin with; None for nothing, or `columns.PREFIX` where a name would
    stand twice."""
    only_added: bool = False
    """Whether the input's own columns are left out."""
    columns: str | None = None
    """A specification as `cecalc.selection` reads it, of the columns the view would have."""


EVERYTHING = Selection()
