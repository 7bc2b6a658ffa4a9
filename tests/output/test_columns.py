"""The one list of columns: no name twice in a format, and what stands there only on demand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import attrgetter
from typing import Any, get_args

import mpmath
import numpy as np
import pytest

from cecalc.items import Header, Item
from cecalc.output import CSV, FORMATS, JSON, JSONL, Format, columns
from cecalc.output.column import Column, Role, Sort, View
from cecalc.request import Selection
from tests.output import examples
from tests.output.examples import CELLS, LOGITS, batch
from tests.shell import InProcess

PLACES = np.array([[0, 4], [1, 5]])
RUNS: dict[str, Callable[[], Iterator[Item]]] = {
    "rows": examples.founding,
    "ids, coordinates, weights": lambda: examples.ce(
        batch(LOGITS, [2, 1], ids=["x", "y"], coordinates=PLACES),
        weight=[1, 2, 3, 4],
        coordinates=("n", "d1"),
    ),
    "files": lambda: examples.ce(batch(LOGITS, [2, 1], source="a", lines=[1, 2]), files=2),
    "shares": examples.soft,
    "cells": lambda: examples.bce(batch(LOGITS, CELLS)),
    "one cell": lambda: examples.bce(batch([[2.0], [-1.0]], [[1], [0]])),
    "softmax": lambda: examples.softmax(batch(LOGITS), log=True),
}


@pytest.mark.parametrize("view", get_args(View))
@pytest.mark.parametrize("run", RUNS.values(), ids=list(RUNS))
def test_a_name_stands_once_in_a_format(run: Callable[[], Iterator[Item]], view: View) -> None:
    header = next(run())
    assert isinstance(header, Header)
    names = [column.name for column in columns.of(header, view)]
    assert len(set(names)) == len(names) > 0


@pytest.mark.parametrize("view", get_args(View))
def test_weights_are_no_columns_of_what_has_no_loss(view: View) -> None:
    rows = batch(LOGITS, sample_weight=np.array([1.0, 2.0]))
    header = next(examples.softmax(rows, has_weights=True))
    assert isinstance(header, Header)
    results = [c.name for c in columns.of(header, view) if c.role is Role.RESULT]
    numbers = [f"prob_{label}" for label in header.labels] if view == "table" else ["values"]
    assert results == ([*numbers, "status"] if view == "jsonl" else numbers)


EXTRA = Column(
    "extra", "extra", Sort.NUMBER, attrgetter("loss"),
    table=99, csv=99, jsonl=99, json=99, is_asked=True,
)  # fmt: skip


@pytest.fixture
def _extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "COLUMNS", (*columns.COLUMNS, EXTRA))


def written(form: Format, asked: str | None, **known: Any) -> str:
    rows = examples.from_text(["9,2", "9,1"], ",") if known else batch(LOGITS, [2, 1])
    selection = Selection(columns=asked)
    chunks: list[str | bytes] = list(
        form.render(examples.ce(rows, **known), examples.PIPE, selection)
    )
    return "".join(c.decode("latin-1") if isinstance(c, bytes) else c for c in chunks)


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize("form", FORMATS.values())
def test_a_column_on_demand_is_there_only_by_its_name(form: Format) -> None:
    for asked in (None, "!loss", "/./", "1-"):
        assert "extra" not in written(form, asked)
    assert "extra" in written(form, "loss,extra")


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize("form", [CSV, JSONL, JSON])
def test_a_name_on_demand_that_the_input_has_means_the_inputs(form: Format) -> None:
    fields = {"fields": ("extra", "target"), "delimiter": ",", "has_originals": True}
    theirs, ours = written(form, "extra,loss", **fields), written(form, "cecalc_extra", **fields)
    assert "9" in theirs and "cecalc_" not in theirs
    assert "cecalc_extra" in ours and "1.763756416846708" in ours


def test_numbers_have_a_field_each_and_a_lone_one_no_label() -> None:
    numbers = replace(EXTRA, name="cells", each="loss", sort=Sort.NUMBERS, labels=("a", "b"))
    assert numbers.field_names == ["loss_a", "loss_b"]
    assert replace(numbers, is_lone=True).field_names == ["loss"]


@pytest.mark.parametrize(
    ("line", "shares"),
    [
        ("ce --logits 2,-3,0.8,1.2 --target 2", lambda: _softmax(2, -3, 0.8, 1.2)),
        ("ce --logits 37,0,-inf --target 0", lambda: _softmax(37, 0, -mpmath.inf)),
        ("ce --probs 0.25,0,0.75 --target 0", lambda: [0.25, 0, 0.75]),
        ("bce --logits 37 --target 1", lambda: _softmax(37, 0)),
        ("bce --logits=-800 --target 1", lambda: [1, 0]),
        ("bce --probs 0.3 --target 1", lambda: [mpmath.mpf(0.3), 1 - mpmath.mpf(0.3)]),
        ("bce --probs 1 --target 1", lambda: [1]),
    ],
)
@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_entropy_is_that_of_the_predicted_distribution(
    line: str, shares: Callable[[], list[Any]], form: str, cecalc: InProcess
) -> None:
    with mpmath.workdps(50):
        expected = float(-sum(share * mpmath.log(share) for share in shares() if share))
    status, out, _ = cecalc([*line.split(), "-f", form, "--select", "entropy"])
    found = re.findall(r'^([\d.e-]+)$|"entropy": ([\d.e-]+)', out, re.MULTILINE)
    assert status == 0
    assert float("".join(found[0])) == pytest.approx(expected, rel=1e-15, abs=1e-300)


@pytest.mark.parametrize(("dtype", "rel"), [("float32", 1e-6), ("float16", 2e-3)])
def test_entropy_rounds_as_the_loss_does(dtype: str, rel: float, cecalc: InProcess) -> None:
    line = f"ce --logits 2,-3,0.8,1.2 --target 2 -f csv --select entropy --dtype {dtype}"
    status, out, _ = cecalc(line)
    expected = float(-sum(p * mpmath.log(p) for p in _softmax(2, -3, 0.8, 1.2)))
    assert status == 0
    assert 0 < abs(float(out.split()[1]) - expected) < rel * expected


def _softmax(*logits: float) -> list[Any]:
    powers = [mpmath.exp(x) for x in logits]
    return [power / sum(powers) for power in powers]
