"""Each of the confusions, on rows where somebody would meet it, is named by `why`.

The numbers are torch's own, or a formula of the catalogue; nothing here is computed by cecalc.
"""

from __future__ import annotations

import json
import math
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


def _classes(name: str, **known: object) -> float:
    rows = Rows(torch.tensor(X), torch.tensor(T), **known)  # type: ignore[arg-type]
    return float(OF_CLASSES[name][1](rows).double().mean())


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
}  # fmt: skip
"""For each entry of the catalogue."""


def test_there_is_a_problem_for_every_entry() -> None:
    assert PROBLEMS.keys() == catalogue().keys() == set(range(1, 31))


@pytest.mark.parametrize("number", PROBLEMS)
def test_every_confusion_is_named(
    number: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    problem = PROBLEMS[number]
    keys = {key: value for key, value in problem.known.items() if not key.startswith("--")}
    options = [part for key, value in problem.known.items() if key not in keys
        for part in (key, str(value))]  # fmt: skip
    document = {"logits": problem.logits.tolist(), "target": problem.target.tolist(), **keys}
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(document))
    line = ["why", f"{problem.value:.5f}", str(path), "-f", "json", *options]
    assert status_of(line) == 0
    found = json.loads(capfd.readouterr().out)
    first = found["matches"][0]
    assert number in {entry["number"] for entry in first["entries"]}
    assert all(entry["title"] == catalogue()[entry["number"]].title for entry in first["entries"])
