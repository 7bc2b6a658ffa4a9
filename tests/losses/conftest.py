"""What surrounds the losses when a command computes them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def ieee_answers() -> Iterator[None]:
    """As in `cecalc.compute`: −inf masks and overflow have their answers, and are no warnings."""
    with np.errstate(over="ignore", invalid="ignore"):
        yield
