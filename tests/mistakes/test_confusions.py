"""Each of the confusions, on rows where somebody would meet it, is named by `why`.

The numbers are torch's own, or a formula of the catalogue; nothing here is computed by cecalc.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from cecalc.cli import status_of
from cecalc.mistakes.catalogue import catalogue
from tests.mistakes.mistaken import OF_CELLS, OF_CLASSES, Rows

_rng = np.random.default_rng(5)
X = _rng.normal(0, 2, (40, 4)).astype(np.float32).round(3)
T = (X + _rng.gumbel(size=X.shape)).argmax(1)
Z = _rng.normal(0, 2, (40, 1)).astype(np.float32).round(3)
Y = (_rng.random(Z.shape) < 1 / (1 + np.exp(-Z))).astype(np.float32)
Q = _rng.dirichlet(np.ones(4), 40).astype(np.float32)
MANY = (_rng.random(X.shape) < 1 / (1 + np.exp(-X))).astype(np.float32)
SQUARE = X[:4]
BIG = X * 60
MASKED = np.where(np.arange(4) == (T[:, None] + 1) % 4, -np.inf, X)
CLASSES, CELLS = Rows(torch.tensor(X), torch.tensor(T)), Rows(torch.tensor(Z), torch.tensor(Y))


def _of(name: str, x: np.ndarray, t: np.ndarray, **known: object) -> float:
    rows = Rows(torch.tensor(x), torch.tensor(t), **known)  # type: ignore[arg-type]
    return float(OF_CLASSES[name][1](rows).double().mean())


def _classes(name: str, **known: object) -> float:
    return _of(name, X, T, **known)


def _cells(name: str) -> float:
    return float(OF_CELLS[name][1](CELLS).double().mean())


def _soft(name: str) -> float:
    return _classes(name, q=torch.tensor(Q))


def _ce(x: np.ndarray, t: np.ndarray, **options: object) -> float:
    loss = F.cross_entropy(torch.tensor(x), torch.tensor(t), **options)  # type: ignore[arg-type]
    return float(loss)


@dataclass(frozen=True)
class Problem:
    """A number, the rows it was printed for, and what else is known."""

    value: float
    logits: np.ndarray
    target: np.ndarray
    known: dict[str, object] = field(default_factory=dict)
    """Keys of the file, or options."""


def _less_dice() -> float:
    p, y = torch.tensor(SURE).sigmoid(), torch.tensor(Y)
    dice = 2 * (p * y).sum() / (p + y).sum()
    return float(F.binary_cross_entropy(p, y) - dice)


def _mean_of_sequences() -> float:
    pairs = zip(torch.tensor(LONG), torch.tensor(PADDED), strict=True)
    return float(torch.stack([F.cross_entropy(x, t) for x, t in pairs]).mean())


SURE = 4 * (2 * Y - 1) + Z / 4
"""Scores that are right."""
UNIT = np.asarray(torch.tensor(X).sigmoid())
FAR = X + np.float32(2**15)
LONG, PADDED = X.reshape(8, 5, 4), T.reshape(8, 5).copy()
PADDED[np.arange(5) > np.arange(8)[:, None] % 5] = -100
"""Eight sequences, and their targets."""
UNKNOWN = np.where(np.arange(40)[:, None] % 4 == 0, -1, Y)
_KNOWN_AS_0 = F.binary_cross_entropy_with_logits(
    torch.tensor(Z), torch.tensor(UNKNOWN).clamp(min=0)
)
_WEIGHT = [1.0, 2.0, 0.5, 3.0]
_IGNORED = np.where(np.arange(40) % 5 == 0, -100, T)
PROBLEMS = {
    1: Problem(_classes("softmax before cross-entropy"), X, T),
    2: Problem(_soft("soft targets as classes"), X, Q),
    3: Problem(_classes("weighted, divided by rows", weight=torch.tensor(_WEIGHT)), X, T,
        {"weight": _WEIGHT}),
    4: Problem(_classes("the mean of batch means", batch=16), X, T, {"--batch-size": "16"}),
    5: Problem(_ce(X, _IGNORED, reduction="sum") / len(X), X, _IGNORED),
    6: Problem(_classes("targets minus 1"), X, T),
    7: Problem(float(OF_CELLS["clipped at 16.118"][1](Rows(torch.tensor(Z * 15),
        torch.tensor(Y))).mean()), Z * 15, Y),
    8: Problem(_cells("logits as probabilities"), Z, Y),
    9: Problem(_classes("BCE with logits on one-hot targets"), X, T),
    10: Problem(_cells("targets 0 and 255"), Z, Y),
    11: Problem(_ce(SQUARE.T.copy(), T[:4]), SQUARE, T[:4]),
    12: Problem(_cells("sigmoid before BCE with logits"), Z, Y),
    13: Problem(2 ** _ce(X, T), X, T),
    14: Problem(_classes("targets one row later"), X, T),
    15: Problem(float("nan"), BIG, T),
    16: Problem(_classes("label smoothing over C - 1", smoothing=0.1), X, T,
        {"label_smoothing": 0.1}),
    17: Problem(float(F.binary_cross_entropy_with_logits(torch.tensor(X), torch.tensor(MANY),
        pos_weight=torch.tensor(_WEIGHT))), X, MANY, {"weight": _WEIGHT}),
    18: Problem(_ce(MASKED, np.eye(4)[T]), MASKED, np.eye(4)[T]),
    19: Problem(float(F.cross_entropy(torch.tensor(X), torch.tensor([2, 0, 3, 1])[T])), X, T,
        {"classes": ["c", "a", "d", "b"]}),
    20: Problem(_ce(X, T), np.asarray(torch.tensor(X).log_softmax(1)), T),
    21: Problem(_ce(X, T, reduction="sum"), X, T),
    22: Problem(float(F.cross_entropy(torch.tensor(X), torch.tensor(MANY))), X, MANY),
    23: Problem(_cells("(N, 1) beside (N,)"), Z, Y),
    24: Problem(_classes("prediction and target swapped"), X, T),
    25: Problem(_classes("NLLLoss on probabilities"), X, T),
    26: Problem(_soft("KL divergence") / 4, X, Q),
    27: Problem(math.log(4), X, T),
    28: Problem(0.0, Z, Y),
    29: Problem(_cells("a symmetric pair of logits"), Z, Y),
    30: Problem(_soft("the floor of soft targets"), X, Q),
    31: Problem(_classes("focal loss: gamma 2"), X, T),
    33: Problem(_mean_of_sequences(), LONG.transpose(0, 2, 1), PADDED, {"--batch-size": "1"}),
    35: Problem(_classes("temperature 0.07"), X, T),
    37: Problem(16 * _soft("KL divergence"), X, Q),
    38: Problem(-_ce(X, T), X, T),
    39: Problem(0.0, X, np.full(40, -100)),
    40: Problem(_of("both directions", SQUARE, np.arange(4)), SQUARE, np.arange(4)),
    42: Problem(8 * _ce(X, T), X, T),
    43: Problem(_ce(X, T, reduction="sum") / 39, X, T),
    44: Problem(_of("soft cap of 30", X * 5, T), X * 5, T),
    45: Problem(_of("clipped at 18.4207", X * 8, T), X * 8, T),
    46: Problem(_classes("prediction and target swapped in Keras"), X, T),
    47: Problem(_cells("half of binary cross-entropy"), Z, Y),
    48: Problem(_classes("smoothing with the rest of 1", smoothing=0.1), X, T,
        {"label_smoothing": 0.1}),
    49: Problem(float(_KNOWN_AS_0), Z, UNKNOWN, {"ignore_index": -1}),
    50: Problem(_of("rows divided by their sums", UNIT, T), UNIT, T),
    51: Problem(_classes("z-loss of 0.001"), X, T),
    52: Problem(_of("log-sum-exp in float32", FAR, T), FAR, T),
    53: Problem(_classes("the mean of class means"), X, T),
}  # fmt: skip
"""For each entry of the catalogue that a number shows."""
POSSIBLE = {
    34: Problem(_ce(X, T) + 0.01 * float(torch.tensor(X[:5]).square().sum()), X, T),
    36: Problem(_less_dice(), SURE, Y),
    41: Problem(_ce(X, T, reduction="sum") / 97, X, T),
}
"""For each that none does."""
VOID = np.where(np.arange(40) % 5 == 0, 255, T)


def test_there_is_a_problem_for_every_entry() -> None:
    assert {*PROBLEMS, *POSSIBLE, 32} == catalogue().keys() == set(range(1, 54))


def _asked(problem: Problem, folder: Path) -> list[str]:
    """The command about a problem, whose rows are a file."""
    keys = {key: value for key, value in problem.known.items() if not key.startswith("--")}
    options = [part for key, value in problem.known.items() if key not in keys
        for part in (key, str(value))]  # fmt: skip
    document = {"logits": problem.logits.tolist(), "target": problem.target.tolist(), **keys}
    path = folder / "rows.json"
    path.write_text(json.dumps(document))
    return ["why", f"{problem.value:.5f}", str(path), *options]


@pytest.mark.parametrize("number", PROBLEMS)
def test_every_confusion_is_named(
    number: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert status_of([*_asked(PROBLEMS[number], tmp_path), "-f", "json"]) == 0
    found = json.loads(capfd.readouterr().out)
    first = found["matches"][0]
    assert number in {entry["number"] for entry in first["entries"]}
    assert all(entry["title"] == catalogue()[entry["number"]].title for entry in first["entries"])


@pytest.mark.parametrize("number", POSSIBLE)
def test_what_no_number_shows_is_said_to_be_possible(
    number: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert status_of(_asked(POSSIBLE[number], tmp_path)) == 1
    out, err = capfd.readouterr()
    assert "fits none of" in out
    assert re.search(rf"§{number}\b", out + err)


@pytest.mark.parametrize("number", [32])
def test_a_void_label_is_no_grey_level(
    number: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.json"
    path.write_text(json.dumps({"logits": X.tolist(), "target": VOID.tolist()}))
    assert status_of(["ce", str(path)]) == 3
    error = capfd.readouterr().err
    assert re.search(r"--ignore-index[ =]255", error)
    assert f"#{number}" in error  # messages are ASCII, which has no §
    assert "grey levels" not in error
