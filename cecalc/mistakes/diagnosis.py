"""What is asked about a number that was printed, and what can be said of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cecalc.items import Item, Report
from cecalc.numbers import read_number
from cecalc.terms import Task

if TYPE_CHECKING:
    from cecalc.mistakes.catalogue import Entry

SINGLE = 3e-7
"""How far float32, in which most loops compute, may be from the exact mean, of the larger of 1 and
the mean.
"""
_FINEST = 300
"""More decimals than float64 has anywhere."""


@dataclass(frozen=True)
class Typed:
    """A number as somebody typed it: its digits say how much is known of it."""

    text: str
    value: float
    decimals: int

    @classmethod
    def of(cls, text: str) -> Typed:
        """The number; a ValueError says what is wrong.

        >>> Typed.of("-0.8166").decimals, Typed.of("1.50e-3").decimals, Typed.of("12").decimals
        (4, 5, 0)
        """
        text, value, decimals = text.strip(), read_number(text), 0
        if math.isfinite(value):
            mantissa, _, exponent = text.lower().partition("e")
            decimals = len(mantissa.partition(".")[2]) - int(exponent or 0)
        return cls(text, value, max(-_FINEST, min(decimals, _FINEST)))

    @property
    def is_sure(self) -> bool:
        """Whether so many digits hardly fit by chance: four decimals, three digits."""
        digits = self.text.lower().partition("e")[0].strip("+-").replace(".", "").lstrip("0")
        return not math.isfinite(self.value) or (self.decimals >= 4 and len(digits) >= 3)

    def reach(self, value: float) -> float:
        """How far a value may be from the number and still have been typed like this; a typed 0
        is 0 to single precision, however few its digits.
        """
        if self.value == 0:
            return SINGLE
        return 0.5 * 10.0**-self.decimals * (1 + 1e-9) + SINGLE * max(1.0, abs(value))

    def fits(self, value: float) -> bool:
        """Whether a value may have been typed like this."""
        if math.isfinite(self.value) and math.isfinite(value):
            return abs(value - self.value) <= self.reach(value)
        return str(self.value) == str(value)  # of nan too

    def is_cut_from(self, value: float) -> bool:
        """Whether the number is a value whose further digits were cut off, not rounded."""
        if not (math.isfinite(value) and self.value) or self.decimals < 2:
            return False
        slack, more = SINGLE * max(1.0, abs(value)), (value - self.value) * math.copysign(1, value)
        return -slack <= more < 10.0**-self.decimals + slack

    def is_nothing_of(self, value: float) -> bool:
        """Whether the number is 0, with two decimals at least, and a value rounds to that."""
        return not self.value and self.decimals >= 2 and abs(value) <= 0.5 * 10.0**-self.decimals

    def is_outside(self, low: float, high: float) -> bool:
        """Whether no value from low to high may have been typed like this.

        >>> Typed.of("1.46").is_outside(1.4612, 2.4612), Typed.of("1.45").is_outside(1.4612, 2.4612)
        (False, True)
        """
        return not (low <= self.value <= high or self.fits(low) or self.fits(high))


@dataclass(frozen=True)
class Question:
    """What `why` is asked, and what is known of the run that printed the number."""

    typed: str
    """The number as it was typed."""
    said: Mapping[str, float | None] = field(default_factory=dict)
    """What the loop had: a batch_size, focal, temperature; None for any, also for any weight or
    label_smoothing.
    """
    framework: str | None = None
    """torch, keras, sklearn; None where it is not known."""
    deep: bool = False
    """Whether several mistakes at once are looked for."""
    each: tuple[str, ...] = ()
    """A number for each row, where that was typed."""
    task: Task | None = None
    """Which loss the rows ask for, where it was said."""


@dataclass(frozen=True)
class Match:
    """A way to the number that was asked about."""

    name: str
    says: tuple[str, ...]
    """What was done, a sentence each."""
    fix: str | None
    """A line of torch; None where nothing has to be mended."""
    entries: tuple[Entry, ...]
    """Of the catalogue."""
    value: float
    """What this way gives on these rows."""
    is_right: bool = False
    """Whether this is the loss itself."""
    is_cut: bool = False
    """Whether the number is this value with its digits cut off, not rounded."""
    alike: tuple[str, ...] = ()
    """Other ways that give the same number on these rows."""


@dataclass(frozen=True)
class Diagnosis(Item):
    """What can be said about a number and some rows. Losses are in nats."""

    typed: Typed
    report: Report
    """What cecalc says of the rows, under the loss they ask for."""
    size: str
    """What its mean divides by, in words."""
    matches: Sequence[Match]
    """The simplest first."""
    tried: int
    """How many numbers the value was compared with."""
    chance: float
    """How likely a random number between half and twice the value would have found a match."""
    also: Sequence[str] = ()
    """More that fit, because they hardly differ from a match."""
    apart: str | None = None
    """Which further number would tell the first two matches apart."""
    reasons: Sequence[str] = ()
    """Where nothing fits: what the value cannot be."""
    advice: Sequence[str] = ()
    """What would help to find out more."""
    rows: str = ""
    """Which rows agree, where a number for each was typed."""

    @property
    def holds(self) -> bool:
        """Whether something explains the number."""
        return bool(self.matches)

    @property
    def says_little(self) -> bool:
        """Whether so few digits were typed that many a random number would fit."""
        return math.isfinite(self.typed.value) and self.typed.value != 0 and self.chance > 0.3

    @property
    def verb(self) -> str:
        """What so many digits allow to say."""
        return "matches" if self.typed.is_sure else "is consistent with"
