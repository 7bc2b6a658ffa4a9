"""Traces of how a file was made: padding, rounding, weights of other names, marks of masks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cecalc.cli import status_of

_rng = np.random.default_rng(7)
SEQUENCES, LENGTH, CLASSES = 24, 20, 5
LOGITS = _rng.normal(0, 2, (SEQUENCES, CLASSES, LENGTH)).round(3)
DRAWN = (LOGITS + _rng.gumbel(size=LOGITS.shape)).argmax(1)
ENDS = np.arange(LENGTH) >= _rng.integers(5, LENGTH, SEQUENCES)[:, None]


@pytest.fixture
def told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """What standard error is told of a document."""

    def ask(document: dict[str, Any], *options: str) -> str:
        path = tmp_path / "x.json"
        whole = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in document.items()}
        path.write_text(json.dumps(whole))
        status_of(
            ["ce", str(path), "-q", *options]
            if "-f" not in options
            else ["ce", str(path), *options]
        )
        return capfd.readouterr().err

    return ask


@pytest.mark.parametrize("pad", [0, 3])
def test_padding_that_is_counted(pad: int, told: Any) -> None:
    target = np.where(ENDS, pad, np.where(pad == DRAWN, (pad + 1) % CLASSES, DRAWN))
    text = told({"logits": LOGITS, "target": target}, "-f", "csv")
    assert f"sequences end in targets {pad}, " in text and "padding that is counted?" in text
    assert f"--ignore-index {pad}" in text.partition("try: ")[2]
    ignoring = told({"logits": LOGITS, "target": target}, "-f", "csv", f"--ignore-index={pad}")
    assert "padding" not in ignoring


def test_sound_sequences_have_no_padding(told: Any) -> None:
    assert told({"logits": LOGITS, "target": DRAWN}, "-f", "csv") == ""
    learnt = np.where(ENDS[:, None], 9.0 * (np.arange(CLASSES) == 0)[:, None], LOGITS)
    ended = np.where(ENDS, 0, np.where(DRAWN == 0, 1, DRAWN))
    assert "padding" not in told({"logits": learnt, "target": ended}, "-f", "csv")  # or states


def test_probabilities_that_were_rounded_too_far(told: Any) -> None:
    rounded = np.asarray([[0.9821, 0.0179, 0], [0.3333, 0.3333, 0.3333], [0, 0.9, 0.1]])
    text = told({"probs": rounded, "target": [2, 0, 1]}, "-f", "csv")
    assert (
        "4 decimals at most: rounded so far that -ln 0 is the loss of 1 row; write them in full"
        in text
    )
    votes = np.asarray([[0.8, 0.2, 0], [0.4, 0.4, 0.2], [0, 0.9, 0.1]])
    assert "decimals" not in told({"probs": votes, "target": [2, 0, 1]}, "-f", "csv")
    hard = np.eye(3)
    assert "decimals" not in told({"probs": hard, "target": [2, 0, 1]}, "-f", "csv")
    assert "decimals" not in told({"probs": rounded, "target": [0, 0, 1]}, "-f", "csv")


def test_weights_in_the_order_of_the_names(told: Any) -> None:
    classes, rows = ["cat", "ant", "bee"], np.asarray([60, 30, 10])
    target = np.repeat([0, 1, 2], rows)
    logits = 4 * np.eye(3)[target] + _rng.normal(0, 1, (100, 3))
    balanced = 100 / (3 * rows)
    document = {"logits": logits, "target": target, "classes": classes}
    assert "in the order of their names" not in told(document | {"weight": balanced}, "-f", "csv")
    by_name = balanced[np.argsort(classes)]
    text = told(document | {"weight": by_name}, "-f", "csv")
    assert "the weights balance the classes in the order of their names, not of the columns" in text


def test_rows_that_do_not_sum_to_one(told: Any) -> None:
    off = {"probs": [[0.8, 0.1, 0.1], [0.6, 0.9, 0.5]], "target": [0, 1]}
    text = told(off, "-f", "csv", "--unchecked")
    assert "rows of probabilities sum to 1 to 2: -ln p is taken of them as they are" in text


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ([0, 2, 255, 1], "255 beside classes marks what is not labelled in masks"),
        ([0, 2, 254, 1], "254 beside classes marks what is not labelled in masks"),
        ([0, 0, 255, 0], "targets are 0 and 255: looks like a mask of grey levels"),
        ([0, 2, 77, 1], ""),
    ],
)
def test_a_mark_beside_classes(target: list[int], said: str, told: Any) -> None:
    text = told({"logits": [[2, 1, 0], [0, 1, 2], [1, 1, 3], [0, 2, 1]], "target": target})
    assert said in text and ("masks" in text) == ("masks" in said)
    assert (f"--ignore-index {max(target)}" in text) == ("masks" in said)


def test_a_mark_beside_cells(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    for marks, said in (("1\n2,255", "--ignore-index 255"), ("0\n2,255", "divide by 255")):
        path.write_text(f"logit,target\n1,0\n3,{marks}\n")
        assert status_of(["bce", str(path), "-q"]) == 3
        assert said in capfd.readouterr().err
