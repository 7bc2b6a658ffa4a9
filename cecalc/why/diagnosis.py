"""What is asked about a number that was printed, and what can be said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cecalc.model import Item


@dataclass(frozen=True)
class Question:
    """What `why` is asked, and what is known of the run that printed the number."""

    typed: str
    """The number as it was typed."""
    batch_size: int | None = None
    framework: str | None = None
    """torch, keras, sklearn; None where it is not known."""
    deep: bool = False
    """Whether several mistakes at once are looked for."""
    free: frozenset[str] = frozenset()
    """What may have been anything: batch_size, label_smoothing, weight."""


@dataclass(frozen=True)
class Reference:
    """An entry of the catalogue."""

    number: int
    title: str


@dataclass(frozen=True)
class Match:
    """A way to the number that was asked about."""

    name: str
    says: tuple[str, ...]
    """What was done, a sentence each."""
    fix: str | None
    """A line of torch; None where nothing has to be mended."""
    entries: tuple[Reference, ...]
    value: float
    """What this way gives on these rows."""
    is_right: bool = False
    """Whether this is the loss itself."""
    alike: tuple[str, ...] = ()
    """Other ways that give the same number on these rows."""


@dataclass(frozen=True)
class Diagnosis(Item):
    """What can be said about a number and some rows. Losses are in nats."""

    typed: str
    """The number as it was typed."""
    value: float
    decimals: int
    """How many there are; fewer than none for 1e3."""
    is_sure: bool
    """Whether so many digits say that a way matches, not merely that it is consistent."""
    task: str
    """The loss these rows ask for: ce or bce."""
    ours: float | None
    """What cecalc says of the rows; None of nothing."""
    ours_is: str
    """What that is, in words."""
    matches: Sequence[Match]
    """The simplest first."""
    also: Sequence[str]
    """More that fit, because they hardly differ from a match."""
    tried: int
    """How many numbers the value was compared with."""
    chance: float
    """How likely a random number between half and twice the value would have found a match."""
    apart: str | None
    """Which further number would tell the first two matches apart."""
    reasons: Sequence[str]
    """Where nothing fits: what the value cannot be."""
    advice: Sequence[str]
    """What would help to find out more."""
    source: str
    backend: str
    version: str

    @property
    def holds(self) -> bool:
        """Whether something explains the number."""
        return bool(self.matches)

    @property
    def verb(self) -> str:
        """What so many digits allow to say."""
        return "matches" if self.is_sure else "is consistent with"
