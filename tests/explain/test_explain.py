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


def test_options_of_the_input_are_those_of_the_line(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Weights of rows alone are left out, with a word."""
    text = {"logits": [[2, 1], [0, 3]], "target": [0, 1]}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(text | {"weight": [1, 2], "sample_weight": [1, 2]}))
    out, err = printed(capfd, str(path))
    assert err == "cecalc: hint: explain looks at the loss without the input's sample_weight\n"
    path.write_text(json.dumps(text))
    assert printed(capfd, str(path), "--weight", "1,2") == (out, "")


WEIGHTED = ("--logits", "2,-3,0.8;1,0,2", "--target", "2,1", "--weight", "1,2,5")


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (
            WEIGHTED,
            [
                " CE loss = w[2]·(−ln p[2]) = 5·1.468447 = 7.3422",
                " BCE loss = −[w·y·ln p + w·(1 − y)·ln(1 − p)], p = 1 / (1 + exp(−x))",
                (
                    " CE        sum 12.1574 / 7 = mean 1.7368   "
                    "N = 2 rows, divided by Σ w of their classes"
                ),
                " mean  nn.CrossEntropyLoss(weight=w)(x, t) = 1.7368",
            ],
        ),
        (
            (*WEIGHTED, "--label-smoothing", "0.1"),
            [
                " smoothed y = (1 − 0.1)·y + 0.1 / 3",
                " mean  nn.CrossEntropyLoss(weight=w, label_smoothing=0.1)(x, t) = 1.6889",
            ],
        ),
        (
            ("--logits", "2,-3,0.8", "--target", "1,0,1", "--pos-weight", "1,1,3"),
            [
                "     loss[2] = −[3·1·ln 0.68997 + 0·ln 0.31003] = 1.1133",
                " BCE   torch.nn.BCEWithLogitsLoss: a row has several classes, or none",
                " mean  nn.BCEWithLogitsLoss(pos_weight=pos)(x, y) = 0.4296",
            ],
        ),
        (
            ("--probs", "0.7,0.2,0.1", "--target", "1"),
            [
                " CE loss = −ln p[1] = −ln 0.2 = 1.6094",
                " mean  nn.NLLLoss()(p.log(), t) = 1.6094",
            ],
        ),
        (
            ("--log-probs=-0.3566749439,-1.6094379124,-2.302585093", "--target", "0.5,0.5,0"),
            [
                " CE loss = Σ y·(−ln p) = 0.5·0.3567 + 0.5·1.6094 = 0.9831",
                " CE    torch.nn.CrossEntropyLoss: the shares of every row sum to 1",
                " mean  nn.CrossEntropyLoss()(log_p, y) = 0.9831",
            ],
        ),
        (
            ("--probs", "0;0.5", "--target", "1,0"),
            [
                "     loss = min(−ln 0, 100) = 100.0000",
                " ! ln 0 of the cell stops at −100 in torch's BCELoss; cecalc bce --no-clamp: inf",
                " BCE   torch.nn.BCELoss: one probability for each row is a yes or no",
            ],
        ),
        (
            ("--logits", "2,-3", "--target", "0,1", "--reduction", "sum"),
            [
                " CE           sum 5.0067   N = 1 row, one loss each",
                ' sum  nn.CrossEntropyLoss(reduction="sum")(x, y) = 5.0067',
            ],
        ),
        (
            ("--logits", "2,-3"),
            [
                " softmax p[0] = exp x / Σ exp x = 7.3891 / 7.4388 = 0.9933",
                " sigmoid p[0] = 1 / (1 + exp(−x)) = 1 / (1 + 0.1353) = 0.8808",
            ],
        ),
    ],
)
def test_options_kinds_and_the_verdict(
    given: tuple[str, ...], lines: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    out, _ = printed(capfd, *given)
    found = out.split("\n")
    assert [line for line in lines if line not in found] == []
    assert "/ 1 = " not in out or "sum" not in given


POSITIVE = ("--logits", "2,-3,0.8,1.2", "--target", "2", "--pos-weight", "2,3,4,5")


def test_what_only_one_of_the_losses_takes_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    """And what is said of weights and of p − y is said where it holds."""
    found, _ = printed(capfd, *POSITIVE)
    assert (
        " pos_weight  is of binary cross-entropy alone: "
        "nn.BCEWithLogitsLoss(pos_weight=pos)(x, y) = 1.2808\n"
    ) in found
    assert "Σ w" not in found
    for options in (POSITIVE[4:], ("--weight", "1,2,1,1"), ("--label-smoothing", "0.1")):
        found, _ = printed(capfd, *POSITIVE[:4], *options)
        assert "\n gradient     the slope of the loss in each logit;" in found
        assert "p − y for the sum" not in found
    assert "\n smoothed y " in found.split("\n BCE\n")[0]
    assert "\n p − y " not in found.split("\n BCE\n")[0]


def test_what_has_no_meaning_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    for given, error in (
        (("--logits", "1,2", "--target", "1,1", "--label-smoothing", "0.1"), "one class for each"),
        (("--probs", "0.3,0.7", "--target", "1,1", "--pos-weight", "2"), "goes with logits"),
        (("--logits", "1,2", "--weight", "1,2"), "no target"),
        (("--probs", "0.3,0.7"), "no target"),
    ):
        assert status_of(["explain", *given]) in (2, 3)
        assert error in capfd.readouterr().err


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.csv", "logit_a,logit_b\n0.25,0.75\n0.5,0.5\n"),
        ("x.json", '{"logits": [[0.25, 0.75], [0.5, 0.5]]}'),
    ],
)
def test_a_file_without_a_target_shows_softmax_and_sigmoid(
    name: str, text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """And says that there is none; a target that nobody gave gets no hints."""
    path = tmp_path / name
    path.write_text(text)
    out, err = printed(capfd, str(path))
    assert err == "" and "\n softmax p " in out and "\n sigmoid p " in out
    assert "\n no target: --target, or --target-col of a table, has the losses explained\n" in out
    path.write_text(text.replace("logit", "prob"))
    assert status_of(["explain", str(path)]) == 3
    assert "no target" in capfd.readouterr().err


def test_markdown_has_a_table_and_a_block(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.md"
    given = ("--logits", "2,-3,0.8;1,0,2", "--target", "2,1", "--classes", "a|b,c,d")
    assert printed(capfd, *given, "-o", str(path)) == ("", "")
    text = path.read_text()
    assert printed(capfd, *given, "-f", "markdown") == (text, "")
    assert text.startswith("| row 0 | a\\|b | c | ▸d | Σ |\n| :-- | --: | --: | --: | --: |\n")
    assert "\n```text\n CE loss = −ln p[d] = " in text


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
