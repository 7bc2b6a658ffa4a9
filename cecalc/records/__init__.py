"""The nouns that travel between the rooms: frozen values, each field with its shape and unit.

N is the number of rows, C of classes, M of cells in a row of binary cross-entropy.
"""

from typing import TYPE_CHECKING

from cecalc.records.asked import (
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
from cecalc.records.diagnosis import Diagnosis, Entry, Match, Reference
from cecalc.records.hints import Hint, HintPolicy
from cecalc.records.results import Groups, Header, Item, Meter, Outcome, Report, Working
from cecalc.records.rows import Batch, Block, Original, Problem, Schema
from cecalc.records.steps import Explanation, RowSteps, SigmoidSteps, SoftmaxSteps
from cecalc.records.terms import (
    BackendName,
    Dtype,
    InputFormat,
    Kind,
    NanPolicy,
    Reduction,
    TargetAs,
    TargetForm,
    Task,
)

if TYPE_CHECKING:
    from cecalc.records.rows import Flags as Flags
    from cecalc.records.rows import Floats as Floats
    from cecalc.records.rows import Integers as Integers

__all__ = [
    "Arithmetic",
    "BackendName",
    "Batch",
    "Block",
    "ColumnChoice",
    "Diagnosis",
    "Dtype",
    "Entry",
    "Explanation",
    "Given",
    "Groups",
    "Header",
    "Hint",
    "HintPolicy",
    "Inline",
    "InputFormat",
    "InputRequest",
    "Item",
    "Kind",
    "LossOptions",
    "Match",
    "Meter",
    "NamedFile",
    "NanPolicy",
    "Original",
    "Outcome",
    "Problem",
    "Question",
    "Rank",
    "Reduction",
    "Reference",
    "Report",
    "Request",
    "RowSteps",
    "Schema",
    "Screen",
    "SigmoidSteps",
    "SoftmaxSteps",
    "TargetAs",
    "TargetForm",
    "Task",
    "Working",
]
