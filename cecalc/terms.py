"""The words of the field, as the command line and messages spell them."""

from __future__ import annotations

import enum
from dataclasses import dataclass

UNCLIPPED = "clip before the logarithm is taken, numpy.log(p.clip(1e-15, 1)); or give --probs"
NEAR = 0.05
"""How far outside 0..1 the probabilities of a linear model may be, to be drawn in."""
IGNORE_INDEX = -100.0
"""The class index that leaves a row out unless another one is given, as in torch."""


class Task(enum.StrEnum):
    """What is asked for; the names of the commands."""

    CE = "ce"
    BCE = "bce"
    SOFTMAX = "softmax"
    SIGMOID = "sigmoid"

    @property
    def is_loss(self) -> bool:
        """Whether there are targets and a loss."""
        return self in (Task.CE, Task.BCE)


class Kind(enum.StrEnum):
    """What the numbers of a model are; said by whoever gives them, never guessed."""

    LOGITS = "logits"
    PROBS = "probs"
    LOG_PROBS = "log_probs"

    @property
    def words(self) -> str:
        """What people call them."""
        return self.replace("log_", "log-").replace("probs", "probabilities")

    @property
    def option(self) -> str:
        """The option that takes them."""
        return f"--{self.replace('_', '-')}"


class TargetForm(enum.StrEnum):
    """How a target is understood."""

    INDEX = "index"
    DISTRIBUTION = "dist"
    CELLS = "cells"


class TargetAs(enum.StrEnum):
    """How an integer target is read where the class names are integers too."""

    NAME = "name"
    INDEX = "index"


class Reduction(enum.StrEnum):
    """What becomes of the losses, as in torch."""

    MEAN = "mean"
    SUM = "sum"
    NONE = "none"


class NanPolicy(enum.StrEnum):
    """What a NaN among the logits does."""

    ERROR = "error"
    PROPAGATE = "propagate"


class BackendName(enum.StrEnum):
    """Who does the arithmetic."""

    AUTO = "auto"
    NUMPY = "numpy"
    TORCH = "torch"


class Dtype(enum.StrEnum):
    """The precision of the arithmetic of a row; sums are exact whatever it is."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"


class InputFormat(enum.StrEnum):
    """How the bytes of an input are laid out."""

    AUTO = "auto"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    NPY = "npy"
    NPZ = "npz"
    SAFETENSORS = "safetensors"
    PT = "pt"
    PARQUET = "parquet"
    ARROW = "arrow"


class HintPolicy(enum.StrEnum):
    """What becomes of hints."""

    TELL = "tell"
    """A line each on standard error."""
    SILENT = "silent"
    """They are not even looked for."""
    STRICT = "strict"
    """The first one is an error."""


@dataclass(frozen=True)
class Hint:
    """One thing that looks wrong; it changes no number.

    >>> str(Hint("ln 0 in 1 cell", "clamped at -100, as torch does", "--no-clamp gives inf", 7))
    'ln 0 in 1 cell: clamped at -100, as torch does; --no-clamp gives inf'
    """

    seen: str
    """What was seen in the input."""
    why: str | None = None
    """Why it matters."""
    fix: str | None = None
    """What to try, an option where one helps."""
    entry: int | None = None
    """Its number in `cecalc.mistakes.catalogue`, where it is one of those."""
    way: tuple[str, ...] = ()
    """What makes the command line that would do it: see `cecalc.cli.tries`."""

    @property
    def rule(self) -> str:
        """What was seen and why it matters, in the place of an error's rule."""
        return self.seen if self.why is None else f"{self.seen}: {self.why}"

    def __str__(self) -> str:
        return self.rule if self.fix is None else f"{self.rule}; {self.fix}"
