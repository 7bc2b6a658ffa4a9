"""The nouns of the benchmark: a piece of work, who does it, what it took."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

FLOAT64 = 1e-9
FLOAT32 = 1e-4


@dataclass(frozen=True)
class Contender:
    """One process that does the work."""

    who: str
    command: tuple[str, ...]
    precision: float | None = FLOAT64
    """How far its answer, the last line it prints, may be off, relatively; None: it has none."""
    time: float | None = None
    """A promise: the first contender takes at most this many times its seconds."""
    memory: float | None = None
    """A promise: the first contender takes at most this many times its peak memory."""

    @property
    def is_ours(self) -> bool:
        """Whether it is cecalc, which has to do its work; peers may be missing."""
        return "cecalc" in self.who


@dataclass(frozen=True)
class Work:
    """What all contenders do, cecalc first."""

    contenders: tuple[Contender, ...]
    peak: float | None = None
    """A promise: the first contender takes at most this many MiB."""
    more_runs: int = 0
    """Runs beyond those asked for, where a promise is tight."""

    @classmethod
    def of(cls, *contenders: Contender, peak: float | None = None, more_runs: int = 0) -> Work:
        """The work of these."""
        return cls(contenders, peak, more_runs)


@dataclass(frozen=True)
class Sample:
    """What one process took."""

    seconds: float
    peak: float
    """The most memory it held at once, in MiB; of a pipeline, its largest process."""
    printed: str
    """The last line it printed."""


@dataclass
class Outcome:
    """All runs of one contender."""

    contender: Contender
    samples: list[Sample] = field(default_factory=list)
    failure: str | None = None
    """Why it did not do the work."""

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def peak(self) -> float:
        """The median, in MiB."""
        return statistics.median(sample.peak for sample in self.samples)


@dataclass(frozen=True)
class Figure:
    """The first contender beside another one, or by itself."""

    measured: float
    unit: str
    bound: float | None
    """What is promised, if anything is."""

    @property
    def is_over(self) -> bool:
        """Whether a promise is broken."""
        return self.bound is not None and self.measured > self.bound


def figures(work: Work, first: Outcome, other: Outcome) -> Iterator[Figure]:
    """What there is to say of the first contender beside `other`, which may be itself."""
    if first.failure or other.failure:
        return
    promised = other.contender
    if other is not first:
        yield Figure(first.seconds / other.seconds, "×", promised.time)
    elif work.peak is not None:
        yield Figure(first.peak, "MiB", work.peak)
    if promised.memory is not None:
        yield Figure(first.peak / other.peak, "× MiB", promised.memory)


def disagreement(outcomes: list[Outcome]) -> str | None:
    """Two answers that are further apart than their precision, if there are such."""
    answers = [
        (outcome.contender, sample.printed, outcome.contender.precision)
        for outcome in outcomes
        for sample in outcome.samples
        if outcome.contender.precision is not None
    ]
    for (one, this, fine), (other, that, coarse) in itertools.combinations(answers, 2):
        if not _is_close(this, that, max(fine, coarse)):
            return f"{one.who} says {this}, {other.who} {that}"
    return None


def _is_close(this: str, that: str, precision: float) -> bool:
    try:
        return math.isclose(float(this), float(that), rel_tol=precision)
    except ValueError:
        return False
