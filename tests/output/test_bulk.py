"""Records joined by Arrow, for many rows, are byte for byte those that Python joins, for few."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cecalc.items import Item
from cecalc.numbers import write_numbers
from cecalc.output import arrow_text, columns, csv
from cecalc.request import Selection
from tests.output import examples
from tests.output.examples import CELLS, LOGITS, batch

EDGES = [0.0, -0.0, 1e-7, 1e-6, 9.999999999999999e-5, 1e-4, 1e10, 9999999999.9, 1e15, 1e16, 5e-324]


@given(st.lists(st.floats(), min_size=1, max_size=50))
@example([*EDGES, *(-x for x in EDGES), np.inf, -np.inf, np.nan])
@example([10.0**e for e in range(-323, 309)])
def test_numbers_are_written_as_everywhere(values: list[float]) -> None:
    assert [text.decode() for text in arrow_text.numbers(np.asarray(values)).to_pylist()] == (
        write_numbers(values)
    )


RUNS: dict[str, Callable[[], Iterator[Item]]] = {
    "founding": examples.founding,
    "named classes, one ignored": lambda: examples.ce(
        batch(LOGITS, [2, -100]), classes=("cat", "a,b", 'q"q', "é")
    ),
    "weights": lambda: examples.ce(batch(LOGITS, [2, 1]), weight=[1, 2, 3, 4]),
    "cells": lambda: examples.bce(batch(LOGITS, CELLS)),
    "ignored cells": lambda: examples.bce(batch(LOGITS, [[0, 0, -100, 0], [-100] * 4])),
    "one cell": lambda: examples.bce(batch([[2.0], [-1.0]], [[1], [0]])),
    "ids": lambda: examples.ce(batch(LOGITS, [2, 1], ids=["a,b", "\udce9"])),
    "softmax": lambda: examples.softmax(batch(LOGITS)),
    "soft targets": examples.soft,
}


SELECTIONS = [Selection(), Selection(columns="!2"), Selection(columns="/loss|prob/,1")]


@pytest.mark.parametrize("render", [csv.render_csv, csv.render_tsv])
@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("run", RUNS.values(), ids=list(RUNS))
def test_many_rows_are_written_as_few(
    run: Callable[[], Iterator[Item]],
    render: Callable[..., Iterator[str]],
    selection: Selection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = "".join(render(run(), examples.PIPE, selection))
    monkeypatch.setattr(columns, "MANY", 1)
    assert "".join(render(run(), examples.PIPE, selection)) == few
