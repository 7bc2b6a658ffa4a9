"""Hints come where something is wrong, and only there: a small run of the measurement."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.hints import hint_rates
from tests.hints.problems import Mistake, mistakes
from tests.hints.real import real


def test_sound_problems_get_no_hint() -> None:
    assert hint_rates.on_sound(300, seed=0).total() == 0


@pytest.mark.parametrize(("name", "entry", "made"), [pytest.param(*m, id=m[0]) for m in mistakes()])
def test_each_mistake_is_hinted_at(
    name: str, entry: int | None, made: Mistake, tmp_path: Path
) -> None:
    for rows in (100, 250):
        for seed in range(3):
            hints = made(np.random.default_rng([seed, rows]), rows).run(tmp_path).hints
            assert entry in [hint.entry for hint in hints], (name, rows, seed)


def test_real_models_get_a_hint_only_where_a_guess_does_better(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    for name, given in real():
        ran = given.run(tmp_path)
        assert ran.report.mean is not None
        if ran.report.mean < ran.report.chance:
            assert ran.hints == [], name
