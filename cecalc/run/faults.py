"""Rows that break a rule, each named by the first rule it breaks; the earliest row is told.

So which fault is told, and how many rows share it, depends on the rows alone: not on how they were
cut into blocks, and not on how they came.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from cecalc.compute import Settings
from cecalc.errors import PLACES_LISTED, DataError, Place, Ways
from cecalc.input.names import specification
from cecalc.losses import checks
from cecalc.losses.checks import BrokenRule, are_one
from cecalc.model import Batch, Floats, Schema, row_name
from cecalc.numbers import write_number
from cecalc.request import InputRequest
from cecalc.terms import NEAR, Kind, Task

_DRAWN_IN = f"--clip draws in what is up to {NEAR} outside, as of a linear model"
_FAR = 1.1
"""A larger mean of the sums is no rounding."""
_VOID = (254, 255)
"""What masks have where nothing is labelled."""
_SIGMOIDS = "a sigmoid for each class? they belong to bce, with a target of 0 or 1 for each"


@dataclass(frozen=True)
class Seen:
    """What targets look like, for what one out of range may mean."""

    low: float = math.inf
    high: float = -math.inf
    signs: bool = True
    """Whether all are -1 or 1."""
    from_one: bool = True
    """Whether all are 1 or 2."""
    columns: Floats = field(default_factory=lambda: np.zeros(1))
    """Shape (C,): the sum of each column, where rows are probabilities of classes."""
    rows: int = 0
    inner: float = -math.inf
    """The highest below 254."""

    @classmethod
    def of(cls, batch: Batch, settings: Settings, *, is_sound: bool) -> Seen:
        """The targets of a batch; where that is `is_sound`, those of cells are known to be 0..1."""
        if not settings.task.is_loss:
            return cls()
        seen = cls._of_target(batch.truth, settings, is_sound=is_sound)
        if settings.task is Task.CE and settings.kind is Kind.PROBS:
            with np.errstate(all="ignore"):  # it may be out of all bounds
                columns = batch.values.sum(axis=0, dtype=np.float64)
            return replace(seen, columns=columns, rows=batch.size)
        return seen

    @classmethod
    def _of_target(cls, target: Floats, settings: Settings, *, is_sound: bool) -> Seen:
        ignored = settings.ignored
        if settings.task is Task.CE and target.ndim == 1:
            used = target[target != ignored]
            ends = float(used.min(initial=math.inf)), float(used.max(initial=-math.inf))
            return cls(*ends, inner=_inner(used))
        if settings.task is Task.BCE and settings.ignore_index is not None:
            target = target[target != ignored]
        low = float(target.min(initial=math.inf))
        if is_sound:
            inner = float(target.max(initial=-math.inf))
            return cls(low, 1.0, low >= 1, low >= 1, inner=inner)
        signs, from_one = (bool(np.isin(target, both).all()) for both in ((-1, 1), (1, 2)))
        high = float(target.max(initial=-math.inf))
        return cls(low, high, signs, from_one, inner=_inner(target))

    def and_then(self, other: Seen) -> Seen:
        """What both look like together."""
        return Seen(
            float(np.fmin(self.low, other.low)),
            float(np.fmax(self.high, other.high)),
            self.signs and other.signs,
            self.from_one and other.from_one,
            self.columns + other.columns,
            self.rows + other.rows,
            float(np.fmax(self.inner, other.inner)),
        )

    def index_hint(self, classes: int) -> str | None:
        """What targets out of range look like, as class numbers."""
        if self.low < 0:
            return f"negative targets: leave rows out with --ignore-index {write_number(self.low)}"
        labels = f"{classes + 1} labels, and {classes} classes"
        if self._has_void(classes):
            return self._void_hint()
        ends: dict[tuple[float, float], str] = {
            (0, classes): f"targets run from 0 to {classes}: {labels}",
            (0, 255): "targets are 0 and 255: looks like a mask of grey levels",
            (1, classes): f"targets run from 1 to {classes}: looks 1-based, subtract 1",
        }
        return ends.get((self.low, self.high))

    def _has_void(self, classes: int) -> bool:
        """Whether all but the mark of what is not labelled are class numbers."""
        return self.low >= 0 and self.high in _VOID and 0 < self.inner < classes

    def _void_hint(self) -> str:
        mark = write_number(self.high)
        return f"{mark} beside classes marks what is not labelled in masks (cecalc why '#32')"

    def cell_hint(self) -> str | None:
        """What targets of cells out of range look like."""
        if self.signs:
            return "targets are -1 and 1: map them with (t + 1) / 2"
        if self.from_one:
            return "targets are 1 and 2: subtract 1"
        if self._has_void(2):
            return self._void_hint()
        if self.low >= 0 and self.high == 255:
            return "targets up to 255: looks like grey levels, divide by 255"
        if self.low >= 0 and 2 <= self.high < 255:
            what = "class numbers belong to ce, with a value for every class"
            what += "; grey levels are divided by 255" if self.high > 2 else ""
            return f"targets up to {write_number(self.high)}: {what}"
        return None

    def classes(self, kind: str, classes: int) -> Ways:
        """What says that targets which are no class numbers are names."""
        names = list[float]()
        if self._has_void(2 if kind == checks.CELL else classes):
            return ((f"--ignore-index={write_number(self.high)}",),)
        if kind == checks.CELL and (self.signs or self.from_one):
            names = [self.low, self.high]
        elif kind == checks.CLASS_INDEX and (self.low, self.high) == (1, classes):
            names = [*range(1, classes + 1)]
        listed = ",".join(map(write_number, names))
        return ((f"--classes={listed}",),) if 0 < len(names) <= PLACES_LISTED else ()

    def sum_hint(self) -> str | None:
        """What rows of probabilities that do not sum to 1 look like."""
        columns = self.columns
        if self.rows < 2 or columns.size < 2 or not np.isfinite(columns).all():
            return None
        if are_one(columns).all():
            what = "a softmax over the rows, or rows that are columns: --transpose"
            return f"each column sums to 1: {what}"
        if are_one(columns.sum()):
            return "all of them together sum to 1: a softmax over the whole array"
        if columns.sum() > _FAR * self.rows and (columns <= self.rows).all():
            return _SIGMOIDS
        return None


def _inner(target: Floats) -> float:
    """The highest target that is no mark."""
    return float(target[target < min(_VOID)].max(initial=-math.inf))


def all_broken(
    batch: Batch, first: BrokenRule, check: Callable[[Batch], object]
) -> list[BrokenRule]:
    """Every rule that rows of a batch break: each row is among those of the first it breaks."""
    broken, found, rest = first, list[BrokenRule](), np.arange(batch.size)
    while True:
        broken.rows = rest[broken.rows]
        found.append(broken)
        rest = np.setdiff1d(rest, broken.rows)
        try:
            if rest.size:
                check(batch.rows(rest.tolist()))
        except BrokenRule as another:
            broken = another
        else:
            return found


@dataclass
class Refusal:
    """The rule that the earliest row breaks, and the rows of all blocks that share its fault."""

    broken: BrokenRule
    batch: Batch
    rows: int = 0
    places: list[str] = field(default_factory=list)
    far: float = 0.0
    """How far outside 0..1 predictions are at most."""

    @classmethod
    def of(cls, every: Sequence[BrokenRule], batch: Batch) -> Refusal:
        """The refusal of a batch."""
        refusal = cls(min(every, key=lambda broken: broken.rows[0]), batch)
        refusal.count(every, batch)
        return refusal

    @property
    def row(self) -> int:
        """The earliest row, as an index into its batch."""
        return int(self.broken.rows[0])

    def count(self, every: Iterable[BrokenRule], batch: Batch) -> None:
        """Count the rows of a batch that share the fault."""
        same = [broken for broken in every if broken.kind == self.broken.kind]
        rows = np.sort(np.concatenate([np.empty(0, int), *(broken.rows for broken in same)]))
        self.far = float(np.max([self.far, *(broken.far for broken in same)]))  # NaN stays
        self.rows += len(rows)
        room = PLACES_LISTED - len(self.places)
        home, other = _home(self.broken, batch), _home(self.broken, self.batch).source
        file = "" if home.source == other else f"{home.source}:"
        self.places += [f"{file}{row_name(home, row)}" for row in rows[:room].tolist()]

    def error(self, schema: Schema, seen: Seen, dtype: str, request: InputRequest) -> DataError:
        """The error: the rule, the place of the earliest row, and how many there are."""
        rule, classes = self.broken.rule, self.batch.values.shape[1]
        if self.rows > 1:
            listed = ", ".join(self.places) + (", ..." if self.rows > len(self.places) else "")
            rule += f" ({self.rows} such rows: {listed})"
        hints = {
            checks.CLASS_INDEX: seen.index_hint(classes),
            checks.CELL: seen.cell_hint(),
            checks.INFINITE: _infinite_hint(schema.stored, dtype),
            checks.PREDICTED_SUM: seen.sum_hint(),
        }
        hint = hints.get(self.broken.kind, self.broken.hint)
        ways = seen.classes(self.broken.kind, classes) if request.classes is None else ()
        if self.broken.kind == checks.PREDICTED_SUM and not ways:
            ways = self._without_one(schema)
        if self.broken.kind == checks.OUTSIDE and hint is None:
            hint, ways = self._outside(schema, request)
        place, value = _place(self.broken, self.batch, schema)
        return DataError(rule, place=place, hint=hint, value=value, ways=ways)

    def _without_one(self, schema: Schema) -> Ways:
        """The columns without the one but for which all rows sum to 1."""
        values = self.batch.values.astype(np.float64, copy=False)
        rests = values.sum(axis=1, keepdims=True) - values
        odd = [i for i, rest in enumerate(rests.T) if np.all(are_one(rest))]
        names = [name for _, name in schema.columns]
        if len(odd) != 1 or len(names) != values.shape[1] or len(names) < 3:
            return ()
        rest = [name for i, name in enumerate(names) if i not in odd]
        kind = f"{schema.kind.option}-cols"
        return ((f"{kind}={specification(rest, schema.fields or ())}",),)

    def _outside(self, schema: Schema, request: InputRequest) -> tuple[str | None, Ways]:
        """What predictions outside 0..1 look like, and what settles it."""
        if self.far <= NEAR:
            return f"{_DRAWN_IN} (here {self.far:.2g})", (("--clip=float64",),)
        if self.far > NEAR:
            way = ("!--clip", *as_logits(schema, request))
            ways = () if request.columns.confidence_cols else (way,)
            return checks.ARE_LOGITS, ways
        return None, ()


def as_logits(schema: Schema, request: InputRequest) -> tuple[str, ...]:
    """What names the same probabilities as logits, however they were named before."""
    if request.values:
        return (f"~{Kind.PROBS.option}={Kind.LOGITS.option}",)
    if request.columns.values:
        return (f"~{Kind.PROBS.option}-cols={Kind.LOGITS.option}-cols",)
    if schema.columns:
        names = specification([name for _, name in schema.columns], schema.fields or ())
        return (f"{Kind.LOGITS.option}-cols={names}",)
    values = f"{Kind.LOGITS.option}={schema.source}:{schema.values_in}"
    target = f"--target={schema.source}:{schema.target_in}"
    return (f"!{schema.source}", values, *([target] if request.wants_target else []))


def _infinite_hint(stored: str | None, dtype: str) -> str | None:
    """What a logit of inf comes from, given the dtypes it is stored and computed in."""
    if stored in ("float16", "bfloat16"):
        return f"stored as {stored}, where it overflowed: store logits in float32"
    if dtype == "float16":
        return "float16 ends at 65504: --dtype float32 or float64"
    return None


def source_of(batch: Batch, schema: Schema) -> str:
    """What messages call the input of a batch."""
    return schema.source if batch.source is None else batch.source


def _what(broken: BrokenRule) -> str:
    """What of `Columns` breaks a rule, where it may stand beside the values."""
    what = "target" if broken.of_target else ""
    return "sample_weight" if broken.kind == checks.SAMPLE_WEIGHT else what


def _home(broken: BrokenRule, batch: Batch) -> Batch:
    """A batch with the file and the lines of what breaks a rule, where that stands beside it."""
    what = _what(broken)
    if what not in batch.sources:
        return batch
    source, earlier = batch.sources[what]
    lines = getattr(batch, f"{what}_lines")
    return replace(batch, source=source, earlier=earlier, lines=lines)


def _place(broken: BrokenRule, batch: Batch, schema: Schema) -> tuple[Place, str | None]:
    """Where the earliest row breaks the rule, and the number there, where it is one number."""
    row, column, width = int(broken.rows[0]), broken.column, batch.values.shape[1]
    what, home = _what(broken), _home(broken, batch)
    array, columns = getattr(batch, what or "values"), schema.columns
    if what:
        columns = getattr(schema, f"{what}_columns")
        if home is batch and getattr(schema, f"{what}_source"):
            columns = ()  # of another table, and the row is one of the values
    cell = array[row] if column is None or array.ndim == 1 else array[row, column]
    value = None if cell.ndim else write_number(float(cell))
    line = None if home.lines is None else int(home.lines[row])
    named = None if line is not None else row_name(home, row)
    known = Place(source=source_of(home, schema), line=line, row=named)
    if len(columns) == 1:
        number, name = columns[0]
    elif column is not None and len(columns) == width:
        number, name = columns[column]
    elif column is not None and width > 1:
        names = schema.classes or range(width)
        return replace(known, label=str(names[column])), value
    else:
        return known, value
    return replace(known, column=name, number=number), value
