"""From Python: the same digits, checks and words as the commands, whatever holds the numbers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from pyarrow import csv

import cecalc
from tests.shell import InProcess

DIGITS = Path(__file__).parents[2] / "samples" / "digits.csv"
LOGITS = [[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]]
FRAMES: dict[str, Any] = {
    "pandas": lambda: pd.read_csv(DIGITS),
    "polars": lambda: pl.read_csv(DIGITS),
    "arrow": lambda: csv.read_csv(DIGITS),
    "a file": lambda: DIGITS,
}


@pytest.mark.parametrize("frame", FRAMES)
def test_the_digits_sample(frame: str, cecalc_: InProcess) -> None:
    """Its loss, rows, groups, an explanation and a diagnosis, as the commands have them."""
    found = cecalc.ce(FRAMES[frame]())
    told = json.loads(cecalc_(["ce", str(DIGITS), "-f", "json"]).out)
    assert found.loss == told["loss"] == float(found)
    assert (found.accuracy, found.rows_used) == (told["accuracy"], 450)
    assert found.rows["loss"].to_pylist() == [row["loss"] for row in told["rows"]]
    assert found.rows["target"].to_pylist() == pd.read_csv(DIGITS)["target"].to_list()
    assert isinstance(found.rows.to_pandas(), pd.DataFrame)
    groups = json.loads(cecalc_(["ce", str(DIGITS), "--by", "class", "-f", "json"]).out)["groups"]
    assert found.by("class").rows["loss"].to_pylist() == [group["loss"] for group in groups]
    top = json.loads(cecalc_(["ce", str(DIGITS), "--top", "3", "-f", "json"]).out)["rows"]
    assert found.top(3).rows["loss"].to_pylist() == [row["loss"] for row in top]
    explained = json.loads(cecalc_(["explain", str(DIGITS), "--top", "1", "-f", "json"]).out)
    row = explained["rows"][0]["row"]
    assert found.explain(row).to_dict()["rows"][0] == explained["rows"][0]
    why = json.loads(cecalc_(["why", "0.4463552", str(DIGITS), "-f", "json"]).out)
    assert found.why("0.4463552").to_dict()["matches"] == why["matches"]


@pytest.mark.parametrize("start", range(0, 500, 50))
def test_random_problems(start: int, cecalc_: InProcess) -> None:
    """Python and command agree to the digit."""
    for seed in range(start, start + 50):
        _agree(seed, cecalc_)


def _agree(seed: int, cecalc_: InProcess) -> None:
    random = np.random.default_rng(seed)
    n, c = random.integers(1, 9), random.integers(2, 6)
    logits = random.normal(0, 3, (n, c)).astype(random.choice(["float64", "float32", "float16"]))
    task = str(random.choice(["ce", "bce"]))
    target: Any = random.integers(0, c, n) if task == "ce" else random.integers(0, 2, (n, c))
    options: dict[str, Any] = {"reduction": str(random.choice(["mean", "sum"]))}
    words = [f"--reduction={options['reduction']}"]
    if random.random() < 0.3:
        options["weight"] = random.random(c).tolist()
        words.append(f"--weight={','.join(map(repr, options['weight']))}")
    if task == "ce" and random.random() < 0.3:
        options["label_smoothing"] = 0.1
        words.append("--label-smoothing=0.1")
    np.save("x.npy", logits)
    np.save("t.npy", target)
    command = [task, "--logits", "x.npy", "--target", "t.npy", "-f", "json", *words]
    told = json.loads(cecalc_(command).out)
    holders: list[Any] = [lambda a: a, torch.from_numpy, lambda a: a.tolist()]
    hold = holders[seed % len(holders)]
    found = getattr(cecalc, task)(hold(logits), hold(target), no_hints=True, **options)
    assert found.loss == told["loss"]
    assert found.rows["loss"].to_pylist() == [row["loss"] for row in told["rows"]]


@pytest.fixture(name="cecalc_")
def _command(cecalc: InProcess) -> InProcess:
    """The command, beside the package of its name."""
    return cecalc


def _as(values: list[list[float]]) -> dict[str, Any]:
    array = np.asarray(values)
    return {
        "list": values, "tuples": tuple(map(tuple, values)), "numpy": array,
        "float32": array.astype("float32"), "torch": torch.tensor(values, requires_grad=True),
        "bfloat16": torch.tensor(values, dtype=torch.bfloat16),
        "fortran": np.asfortranarray(array), "strided": np.repeat(array, 2, axis=0)[::2],
        "frame": pd.DataFrame(array, columns=[f"logit_{i}" for i in range(4)]),
        "arrow": pa.table({f"logit_{i}": array[:, i] for i in range(4)}),
    }  # fmt: skip


@pytest.mark.parametrize("holder", _as(LOGITS))
@pytest.mark.parametrize("target", ["list", "numpy", "torch", "series", "names", "objects"])
def test_whatever_holds_the_numbers(holder: str, target: str) -> None:
    values = _as(LOGITS)[holder]
    names = ["c", "b"]
    targets: dict[str, Any] = {
        "list": [2, 1], "numpy": np.asarray([2, 1], np.uint8), "torch": torch.tensor([2, 1]),
        "series": pd.Series([2, 1]), "names": names, "objects": np.asarray(names, object),
    }  # fmt: skip
    options: dict[str, Any] = {}
    if target in ("names", "objects"):
        options = {"classes": ["a", "b", "c", "d"]}
    found = cecalc.ce(values, targets[target], reduction="sum", **options)
    tolerance = {"float32": 1e-7, "bfloat16": 0.01}.get(holder, 1e-15)
    assert found.loss == pytest.approx(3.9579217043, rel=max(tolerance, 1e-9))


def test_what_is_wrong_is_said_with_the_call_that_works() -> None:
    table = pa.table({"p_a": [0.2, 0.3], "p_b": [0.8, 0.7], "y": ["a", "b"]})
    with pytest.raises(cecalc.CecalcError) as raised:
        cecalc.ce(table)
    assert raised.value.tries == ("cecalc.ce(..., probs_cols='p_*')",)
    assert raised.value.__notes__[-1] == "try: cecalc.ce(..., probs_cols='p_*')"
    assert "probs_cols=" in raised.value.__notes__[0]
    assert cecalc.ce(table, probs_cols="p_*").loss == pytest.approx(0.9830564281864164)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (cecalc.ce, "no values"),
        (lambda: cecalc.ce(LOGITS), "logits: no target"),
        (lambda: cecalc.ce(LOGITS, [2, 4]), "target: row 1: target 4 outside 0..3"),
        (lambda: cecalc.ce(LOGITS, [2, 1], smoothing=0.1), "ce has no option smoothing"),
        (lambda: cecalc.ce(LOGITS, [2, 1], output="x.csv"), "ce has no option output"),
        (lambda: cecalc.ce(LOGITS, 0, label_smoothing=2), "--label-smoothing '2' is outside 0..1"),
        (lambda: cecalc.ce(object(), [2, 1]), "logits: is no array and no table: object"),
        (lambda: cecalc.ce(np.asarray([1j, 2]), 0), "logits: dtype '<c16' is complex"),
        (lambda: cecalc.ce("none.csv"), "none.csv: No such file or directory"),
        (lambda: cecalc.ce(LOGITS, [2, 1]).explain(2), "no row 2: there are 2 rows"),
        (lambda: cecalc.bce([[0.5]], [[2]]), "target: row 0: target 2 outside 0..1"),
    ],
)  # fmt: skip
def test_errors_are_those_of_the_command(call: Any, rule: str) -> None:
    with pytest.raises(cecalc.CecalcError) as raised:
        call()
    assert str(raised.value) == rule


def test_hints_are_warnings() -> None:
    probs = torch.randn(30, 3, generator=torch.Generator().manual_seed(0)).softmax(1)
    target = [i % 3 for i in range(30)]
    with pytest.warns(cecalc.CecalcWarning, match="each row sums to 1"):
        cecalc.ce(probs, target)
    with pytest.raises(cecalc.CecalcError):
        cecalc.ce(probs, target, strict=True)


def test_printed_it_is_the_table(cecalc_: InProcess) -> None:
    logits = "2,-3,0.8,1.2;1.5,-0.1,0.9,-1.3"
    printed = cecalc_(["ce", "--logits", logits, "--target", "2,1"]).out
    assert str(cecalc.ce(logits=logits, target="2,1")) + "\n" == printed.rstrip("\n") + "\n"
    assert repr(cecalc.ce(LOGITS, [2, 1])).splitlines()[0] == printed.splitlines()[0]


def test_what_is_no_figure_is_no_attribute() -> None:
    found = cecalc.ce(LOGITS, [2, 1])
    assert "perplexity" in dir(found)
    with pytest.raises(AttributeError, match="there is no figure 'los'"):
        _ = found.los


def test_importing_it_costs_nothing() -> None:
    program = (
        "import sys, cecalc; assert not {'numpy', 'torch', 'pyarrow', 'typer'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
