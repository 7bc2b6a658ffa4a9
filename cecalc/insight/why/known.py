"""What is known of the run that printed a number, and what may have been anything."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """What narrows the search, or widens it."""

    label_smoothing: float = 0.0
    batch_sizes: tuple[int, ...] = ()
    framework: str | None = None
    deep: bool = False
    """Whether several mistakes at once are looked for."""
    smoothings: tuple[float, ...] = ()
    """Where the smoothing is not known: which ones are tried."""
    is_weight_free: bool = False
    """Whether there may have been weights that are not known."""

    @property
    def smooths(self) -> bool:
        """Whether targets may have been smoothed."""
        return bool(self.label_smoothing or self.smoothings)


SMOOTHINGS = tuple(percent / 100 for percent in (1, 2, 5, *range(10, 60, 5), 90))
BATCH_SIZES = (*(2**k for k in range(1, 13)), 10, 20, 50, 100, 200, 500, 1000)
POS_WEIGHTS = (0.1, 0.2, 0.25, 0.5, 0.75, 1.5, 2, 3, 4, 5, 8, 10, 20, 25, 50, 100)
"""The usual ones, tried where they are not known."""
