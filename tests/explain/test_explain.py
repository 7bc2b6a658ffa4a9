"""`cecalc explain` from the command line to its output."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cecalc.cli import status_of
from tests.input.array_files import npy
from tests.shell import InProcess

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"


@pytest.fixture(autouse=True)
def _at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def printed(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """Standard output and standard error of a run that succeeds."""
    assert status_of(["explain", *arguments]) == 0
    out, err = capfd.readouterr()
    return out, err


FORMS = [
    "example.csv",
    "example.tsv",
    "example.json",
    "example-rows.json",
    "example.jsonl",
    "example.npz",
    "example.safetensors",
    "example.pt",
    "example.parquet",
    "example.feather",
    "example.csv.gz",
]


def steps(text: str) -> object:
    """The rows of a JSON object, without the names of their classes."""
    return json.loads(text)["rows"]


@pytest.mark.parametrize("name", FORMS)
def test_input_is_read_as_for_ce(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    given = ("--logits", "[[2,-3,0.8,1.2],[1.5,-0.1,0.9,-1.3]]", "--target", "2,1")
    out, _ = printed(capfd, f"samples/{name}", "-f", "json")
    assert steps(out) == steps(printed(capfd, *given, "-f", "json")[0])


@pytest.mark.parametrize("name", ["example-bce.csv", "example-bce.jsonl"])
def test_one_hot_rows_have_both_losses(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capfd, f"samples/{name}", "-f", "json")[0])
    sums = [round(found[loss]["numerator"], 4) for loss in ("ce", "bce")]
    assert sums == [3.9579, 7.9379]


def test_rows_are_named_as_elsewhere(capfd: pytest.CaptureFixture[str]) -> None:
    out, _ = printed(capfd, "samples/digits.csv", "--top", "1")
    assert out.startswith(" id digit-1727 ")
    assert "CE loss = −ln p[three] = " in out
    cube = "[[[1,2],[3,5],[0,-1]]]"
    assert printed(capfd, "--logits", cube, "--target", "[[0,1]]")[0].startswith(" n 0, d1 0 ")


def test_weights_of_the_input_are_left_out_with_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = {"logits": [[2, 1], [0, 3]], "target": [0, 1]}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(text | {"weight": [1, 2], "sample_weight": [1, 2]}))
    out, err = printed(capfd, str(path))
    named = "weight, sample_weight"
    assert err == f"cecalc: hint: explain looks at the loss without the input's {named}\n"
    path.write_text(json.dumps(text))
    assert printed(capfd, str(path)) == (out, "")


def test_ignore_index_of_one_logit(capfd: pytest.CaptureFixture[str]) -> None:
    out, _ = printed(capfd, "--logits", "1;2", "--target=-1,1", "--ignore-index=-1")
    assert out.startswith(" row 0 is ignored: it counts in neither loss\n\n row 1 ")


def test_output_goes_to_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """--code into any, the others by the suffix."""
    given = ("--logits", "2,-3", "--target", "1")
    for name, options in (("x.py", ["--code"]), ("x.txt", []), ("x.json", ["-f", "json"])):
        written = tmp_path / name
        code = ["--code"] if name == "x.py" else []
        assert printed(capfd, *given, *code, "-o", str(written)) == ("", "")
        assert printed(capfd, *given, *options) == (written.read_text(), "")


def test_colour_is_only_colour(capfd: pytest.CaptureFixture[str]) -> None:
    import re

    given = ("--logits", "1000,0", "--target", "1")
    plain, _ = printed(capfd, *given)
    coloured, _ = printed(capfd, *given, "--color", "always")
    assert "\x1b[33m ! " in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize("suffix", [".json", ".npz", ".pt", ".rows.json"])
def test_one_row_of_cells(suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An array of shape (1, C) is one row, as `bce` reads it; only one of shape (N,) is N rows."""
    import numpy as np
    import torch

    logits, target = [[2, -3, 0.8]], [[1, 1, 0]]
    whole = {"logits": logits, "target": target}
    path = tmp_path / f"x{suffix}"
    if suffix == ".npz":
        np.savez(path, logits=np.array(logits), target=np.array(target))
    elif suffix == ".pt":
        tensors = {
            "logits": torch.tensor(logits, dtype=torch.float64),
            "target": torch.tensor(target),
        }
        torch.save(tensors, path)
    else:
        row = {"logits": logits[0], "target": target[0]}
        path.write_text(json.dumps([row] if suffix == ".rows.json" else whole))
    table = tmp_path / "x.csv"
    table.write_text("logit_a,logit_b,logit_c,target_a,target_b,target_c\n2,-3,0.8,1,1,0\n")
    found, expected = (json.loads(printed(capfd, str(p), "-f", "json")[0]) for p in (path, table))
    assert [len(row["bce"]) for row in found["rows"]] == [len(r["bce"]) for r in expected["rows"]]
    assert found["bce"]["numerator"] == expected["bce"]["numerator"]
    asked = []
    for source in (path, table):
        assert status_of(["why", "1.4489", str(source), "-f", "json"]) == 0
        asked.append(json.loads(capfd.readouterr().out)["matches"])
    assert asked[0] == asked[1]


def test_scores_beside_a_table_of_targets(cecalc: InProcess) -> None:
    """(N,) and N lines: a fault is of a row, whose line is not known."""
    files: dict[str, str | bytes] = {"x.npy": npy(np.arange(3.0)), "t.csv": "y\n2\n3\n1\n"}
    ended = cecalc("explain --logits x.npy --target t.csv", files)
    assert ended.status == 3 and "target 2 outside 0..1" in ended.err
