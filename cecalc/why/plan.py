"""What is known of the run that printed a number, and what is therefore summed of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cecalc.model import Floats, Integers
from cecalc.why.loss_variants import BCE, CE, Variant

SMOOTHINGS = tuple(percent / 100 for percent in (1, 2, 5, *range(10, 60, 5), 90))
BATCH_SIZES = (*(2**k for k in range(1, 13)), 10, 20, 50, 100, 200, 500, 1000)
POS_WEIGHTS = (0.1, 0.2, 0.25, 0.5, 0.75, 1.5, 2, 3, 4, 5, 8, 10, 20, 25, 50, 100)
"""The usual ones, tried where they are not known."""


@dataclass(frozen=True)
class Plan:
    """What is known, what is tried of the rest, and what is therefore summed."""

    is_of_cells: bool
    """Whether each cell has a label of its own; else each row has a class or a distribution."""
    classes: int
    label_smoothing: float = 0.0
    batch_sizes: tuple[int, ...] = ()
    framework: str | None = None
    deep: bool = False
    """Whether several mistakes at once are looked for."""
    smoothings: tuple[float, ...] = ()
    """Where the smoothing is not known: which ones are tried."""
    is_weight_free: bool = False
    """Whether there may have been weights that are not known."""
    forms: tuple[Variant, ...] = ()
    """Every form, the right one first."""
    weight: Floats | None = None
    """Shape (C,), of classes or of columns of cells."""
    order: tuple[int, ...] | None = None
    """Where each class's name stands when the names are sorted; None where that changes nothing."""
    ignored: int | None = None
    """The class that leaves a row out."""
    has_positions: bool = False
    """Whether an entry of axis 0 is many rows."""

    def weights(self, index: Integers) -> Floats:
        """The weight of each class of shape (n,); 1 where there are none."""
        return np.ones(len(index)) if self.weight is None else self.weight[index]

    @property
    def right(self) -> Variant:
        """The loss as it should be computed."""
        return BCE if self.is_of_cells else CE

    @property
    def smoothing(self) -> float:
        """Epsilon of the right loss: torch's binary cross-entropy has none."""
        return 0.0 if self.is_of_cells else self.label_smoothing
