"""What is summed of the rows, decided before the first one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cecalc.insight.why.forms import BCE, CE, Form

if TYPE_CHECKING:
    from cecalc.records import Floats, Integers


@dataclass(frozen=True)
class Plan:
    """What is summed."""

    is_of_cells: bool
    """Whether each cell has a label of its own; else each row has a class or a distribution."""
    classes: int
    forms: tuple[Form, ...]
    """Every form, the right one first."""
    every_reading: bool = False
    """Whether all forms are tried with all readings of the target, not the right one alone."""
    weight: Floats | None = None
    """Shape (C,), of classes or of columns of cells."""
    order: tuple[int, ...] | None = None
    """Where each class's name stands when the names are sorted; None where that changes nothing."""
    ignored: int | None = None
    """The class that leaves a row out."""
    batch_sizes: tuple[int, ...] = ()

    smooths: bool = False
    """Whether targets may have been smoothed."""
    splits: bool = False
    """Whether what cells cost is summed apart for the targets 1 and 0."""

    def weights(self, index: Integers) -> Floats:
        """The weight of each class of shape (n,); 1 where there are none."""
        return np.ones(len(index)) if self.weight is None else self.weight[index]

    @property
    def right(self) -> Form:
        """The loss as it should be computed."""
        return BCE if self.is_of_cells else CE
