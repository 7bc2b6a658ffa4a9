"""What the ordinary suite runs of many cases; `--long` runs them all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], every: int) -> list[Any]:
    """The cases, all but each `every`-th of them only for `--long`."""
    return [
        pytest.param(
            *(case if isinstance(case, tuple) else (case,)),
            marks=[] if i % every == 0 else [pytest.mark.long],
        )
        for i, case in enumerate(cases)
    ]


def longer(*case: Any) -> Any:
    """A case only for `--long`."""
    return pytest.param(*case, marks=pytest.mark.long)
