"""What is worth a word about rows that break no rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass

from cecalc.errors import count
from cecalc.terms import Hint

_CLIP = ("!--no-clamp", "--clip=float64")


@dataclass(frozen=True)
class Notices:
    """What was noticed in some rows; empty as it is made, and merged like a summary."""

    clamped: int = 0
    """Cells of bce whose ln 0 was clamped."""
    infinite: int = 0
    """Rows of ce whose class has a probability of 0."""
    drawn_in: int = 0
    """Predictions outside 0..1 that were drawn in."""
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
        pairs = zip(astuple(self), astuple(other), strict=True)
        return Notices(*(sum(pair) if type(pair[0]) is int else max(pair) for pair in pairs))

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
            fix = "--no-clamp gives inf, --clip float64 scikit-learn's value"
            yield Hint(seen, why, fix, entry=7, way=_CLIP)
        if self.infinite:
            seen = f"p = 0 for the class of {count(self.infinite, 'row')}"
            fix = "--clip float64 gives scikit-learn's value"
            yield Hint(seen, "the loss is inf", fix, entry=7, way=_CLIP)
        if self.drawn_in:
            yield Hint(f"{count(self.drawn_in, 'value')} outside 0..1, drawn in by --clip")
