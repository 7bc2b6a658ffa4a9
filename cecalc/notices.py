"""What is worth a word about rows that break no rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from cecalc.errors import count
from cecalc.terms import Hint


@dataclass(frozen=True)
class Notices:
    """What was noticed in some rows; empty as it is made, and merged like a summary."""

    clamped: int = 0
    """Cells of bce whose ln 0 was clamped."""
    masked: bool = False
    """Whether a logit is −inf where the target is 0, and torch prints nan."""
    smoothed: bool = False
    """Whether a logit is −inf where smoothing gives its class a share."""
    target_off: float = 0.0
    """How far at most a row of target probabilities is from a sum of 1, if worth a word."""
    predicted_off: float = 0.0
    """The same for predicted probabilities."""

    def merge(self, other: Notices) -> Notices:
        """What was noticed in the rows of both."""
        clamped, *worst = zip(astuple(self), astuple(other), strict=True)
        return Notices(sum(clamped), *map(max, worst))

    def hints(self) -> Iterator[Hint]:
        """What is said about them."""
        for what, off in (("target", self.target_off), ("predicted", self.predicted_off)):
            if off:
                yield Hint(
                    f"{what} probabilities sum to 1 only within {off:.1g}; used as they are",
                    entry=22 if what == "target" else None,
                )
        if self.smoothed:
            seen = "-inf logits and label smoothing conflict"
            yield Hint(seen, "the loss of such a row is inf", entry=18)
        if self.masked:
            seen = "a -inf logit where the target is 0 costs nothing here; torch prints nan"
            yield Hint(seen, entry=18)
        if self.clamped:
            seen, why = f"ln 0 in {count(self.clamped, 'cell')}", "clamped at -100, as torch does"
            yield Hint(seen, why, "--no-clamp gives inf", entry=7)
