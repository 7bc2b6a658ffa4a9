"""Targets beside classes whose names read as numbers: the same in every layout and block size."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from cecalc.cli import status_of
from cecalc.errors import Status
from cecalc.input import array_problem
from cecalc.input import parquet as arrow_tables
from cecalc.input import table as tables
from cecalc.input import text as blocks
from tests.input.array_files import npy, npz

REFUSED, UNKNOWN = "--target-as name|index", "no class is named"
# names, targets as they are written, the classes meant or what is said
CASES: list[tuple[str, str, list[int] | str]] = [
    ("1 2 3", "1 2", REFUSED),
    ("1 2 3", "1.0 2.0", REFUSED),
    ("1.0 2.0", "1", REFUSED),
    ("01 02", "1", REFUSED),
    ("one 0", "0", REFUSED),
    ("one 0", "0.0", REFUSED),
    ("True False", "1", REFUSED),
    ("true false", "0.0", REFUSED),
    ("1 2 3", "1 2 0", [1, 2, 0]),
    ("1 2 3", "1 2e0 3", [0, 1, 2]),
    ("1 2 3", "1.0 -100 3.0", [0, -100, 2]),
    ("1.0 2.0", "2", [1]),
    ("5 7", "7 5", [1, 0]),
    ("5 7", "1 0.0", [1, 0]),
    ("0.0 1.0", "1 0", [1, 0]),
    ("0 1 cat", "0 1", [0, 1]),
    ("0.5 1.5", "1.5", [1]),
    ("5 7", "5 8", UNKNOWN),
    ("1 2 3", "3 0", UNKNOWN),
    ("1 2 3", "0 3", "target 3 outside 0..2"),
    ("1 01", "1", "could be the class '1' or '01'"),
    ("a b", "1 0", [1, 0]),
]
TEXTS: list[tuple[str, str, list[int] | str]] = [
    ("one 0", "one 0", [0, 1]),
    ("True False", "True False", [0, 1]),
    ("1 0", "True False", [0, 1]),
    ("nan 1", "nan 1", [0, 1]),
    ("one 0", "0 two one", "no class is named 'two'"),
    ("a b", "b 0", [1, 0]),
]


def _values(rows: int, classes: int) -> np.ndarray:
    return np.arange(1.0, rows * classes + 1).reshape(rows, classes) ** 2 % 7


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _delimited(names: list[str], targets: list[str], values: np.ndarray, delimiter: str) -> bytes:
    rows = [[*(f"logit_{name}" for name in names), "target"]]
    rows += [[*map(str, row), target] for row, target in zip(values, targets, strict=True)]
    return "".join(delimiter.join(row) + "\n" for row in rows).encode()


def _csv(names: list[str], targets: list[str], values: np.ndarray) -> str:
    Path("x.csv").write_bytes(_delimited(names, targets, values, ","))
    return "x.csv"


def _tsv(names: list[str], targets: list[str], values: np.ndarray) -> str:
    Path("x.tsv").write_bytes(_delimited(names, targets, values, "\t"))
    return "x.tsv"


def _scores(targets: list[str]) -> str:
    """A file of one score per row."""
    rows = zip(_values(len(targets), 1)[:, 0], targets, strict=True)
    Path("x.csv").write_text("logit,target\n" + "".join(f"{x},{y}\n" for x, y in rows))
    return "x.csv"


def _lines(names: list[str], targets: list[str], values: np.ndarray) -> str:
    keys = [f"logit_{name}" for name in names]
    with Path("x.jsonl").open("w") as file:
        file.writelines(
            json.dumps(dict(zip(keys, row, strict=True)) | {"target": target}) + "\n"
            for row, target in zip(values.tolist(), targets, strict=True)
        )
    return "x.jsonl"


def _lines_of_numbers(names: list[str], targets: list[str], values: np.ndarray) -> str:
    return _lines(names, [_number(target) for target in targets], values)


def _lists(names: list[str], targets: list[str], values: np.ndarray) -> str:
    rows = [
        {"logits": row, "target": target}
        for row, target in zip(values.tolist(), targets, strict=True)
    ]
    Path("x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"x.jsonl --classes {','.join(names)}"


def _document(names: list[str], targets: list[str], values: np.ndarray) -> str:
    whole = {"logits": values.tolist(), "target": targets, "classes": names}
    Path("x.json").write_text(json.dumps(whole))
    return "x.json"


def _positions(names: list[str], targets: list[str], values: np.ndarray) -> str:
    whole = {"logits": [values.T.tolist()], "target": [list(map(_number, targets))]}
    Path("x.json").write_text(json.dumps(whole))
    return f"x.json --classes {','.join(names)}"


def _inline(names: list[str], targets: list[str], values: np.ndarray) -> str:
    rows = ";".join(",".join(map(str, row)) for row in values)
    return f"--logits {rows} --target={','.join(targets)} --classes {','.join(names)}"


def _table(kind: pa.DataType) -> Callable[[list[str], list[str], np.ndarray], str]:
    def written(names: list[str], targets: list[str], values: np.ndarray) -> str:
        columns = {f"logit_{name}": values[:, i] for i, name in enumerate(names)}
        items = list(map(_number, targets)) if kind == pa.float64() else targets
        target = pa.array(items, kind)
        parquet.write_table(pa.table(columns | {"target": target}), "x.parquet")
        return "x.parquet"

    return written


def _own_file(suffix: str) -> Callable[[list[str], list[str], np.ndarray], str]:
    def written(names: list[str], targets: list[str], values: np.ndarray) -> str:
        np.save("x.npy", values)
        data = {
            ".csv": "\n".join(["target", *targets, ""]).encode(),
            ".json": json.dumps(list(map(_number, targets))).encode(),
            ".npy": npy(np.array(list(map(_number, targets)))),
        }
        Path("y" + suffix).write_bytes(data[suffix])
        return f"--logits x.npy --target y{suffix} --classes {','.join(names)}"

    return written


def _archive(names: list[str], targets: list[str], values: np.ndarray) -> str:
    items = np.array(list(map(_number, targets)))
    Path("x.npz").write_bytes(npz(logits=values, target=items, classes=np.array(names)))
    return "x.npz"


def _turned(names: list[str], targets: list[str], values: np.ndarray) -> str:
    return _archive(names, targets, np.ascontiguousarray(values.T)) + " --transpose"


LAYOUTS = [
    _csv, _tsv, _lines, _lists, _document, _inline, _own_file(".csv"), _table(pa.string()),
    _table(pa.dictionary(pa.int32(), pa.string())),
]  # fmt: skip
OF_NUMBERS = [
    _lines_of_numbers, _positions, _table(pa.float64()), _own_file(".json"), _own_file(".npy"),
    _archive, _turned,
]  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def _row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 16)
    for module in (arrow_tables, array_problem):
        monkeypatch.setattr(module, "BATCH_VALUES", 1)
    monkeypatch.setattr(tables, "MIN_ARROW_BYTES", 0)


EVERY = [
    *((layout, *case) for layout in (*LAYOUTS, *OF_NUMBERS) for case in CASES),
    *((layout, *case) for layout in LAYOUTS for case in TEXTS),
]


@pytest.mark.usefixtures("_row_by_row")
@pytest.mark.parametrize(("layout", "names", "targets", "expected"), EVERY)
def test_names_that_are_numbers(
    layout: Callable[[list[str], list[str], np.ndarray], str],
    names: str,
    targets: str,
    expected: list[int] | str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """What alone fits is taken, what fits twice and differs is refused; spelling never decides."""
    values = _values(len(targets.split()), len(names.split()))
    line = layout(names.split(), targets.split(), values)
    status = status_of(["ce", *line.split(), "-q", "--reduction", "none"])
    out, err = capfd.readouterr()
    if isinstance(expected, str):
        assert (status, out) == (Status.DATA, "")
        assert expected in err
        return
    losses = [
        0.0 if c < 0 else np.log(np.exp(row - row[c]).sum())
        for row, c in zip(values, expected, strict=True)
    ]
    assert (status, err) == (0, "")
    np.testing.assert_allclose(list(map(float, out.split())), losses, rtol=1e-12)


def _long(first: list[str], at: int, last: str) -> list[str]:
    return [*first, *["1"] * (at - len(first)), last]


@pytest.mark.parametrize("size", [2**12, 2**22])
@pytest.mark.parametrize("suffix", [".csv", ".npy"])
@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        (_long([], 4095, "0"), 0),
        (_long([], 4096, "0"), REFUSED),
        (_long(["0"], 5000, "2"), 0),
        (_long(["0"], 5000, "3"), "target 3 outside 0..2"),
        (_long(["3"], 5000, "0"), UNKNOWN),
    ],
)
def test_head(
    suffix: str,
    targets: list[str],
    expected: int | str,
    size: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """4,096 rows decide, in blocks of any size."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
    monkeypatch.setattr(array_problem, "BATCH_VALUES", size)
    layout = _own_file(suffix) if suffix == ".npy" else _csv
    line = layout(["1", "2", "3"], targets, np.zeros((len(targets), 3)))
    status = status_of(["ce", *line.split(), "-q"])
    out, err = capfd.readouterr()
    assert status == (Status.DATA if isinstance(expected, str) else 0)
    assert str(expected or "") in err
    assert (out == "") == (status != 0)


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (
            "5",
            "targets are read as class names: no class has the number 5 (--target-as name",
        ),
        ("0", "targets are read as class numbers: no class is named 0 (--target-as index says so)"),
    ],
)
def test_the_reading_is_said(targets: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    status_of(f"ce --logits 1,2 --target {targets} --classes 5,7".split())
    assert said in capfd.readouterr().err.replace("'", "")


def test_a_distribution_has_no_names(capfd: pytest.CaptureFixture[str]) -> None:
    for target in ("0,1", "y.json", "y.csv", "y.npy"):
        Path("y.json").write_text("[0,1]")
        Path("y.csv").write_text("target\n0\n1\n")
        Path("y.npy").write_bytes(npy(np.array([0.0, 1.0])))
        line = f"ce --logits 1,2 --target {target} --classes 1,0 --target-as name -q"
        assert status_of(line.split()) == 0
        assert float(capfd.readouterr().out) == pytest.approx(np.log1p(np.exp(-1)))


@pytest.mark.parametrize("suffix", [".json", ".npz"])
@pytest.mark.parametrize("said", ["--target-as name", ""])
def test_the_inputs_own_ignore_index(
    suffix: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It counts beside names; the command line's wins."""
    whole = {"logits": [[1, 2], [3, 4]], "classes": ["5", "7"], "target": ["5", "-1"]}
    Path("x.json").write_text(json.dumps({**whole, "ignore_index": -1}))
    stored: dict[str, Any] = {key: np.array(value) for key, value in whole.items()}
    Path("x.npz").write_bytes(npz(**stored, ignore_index=np.array(-1)))
    line = f"ce x{suffix} {said} -q".split()
    assert status_of(line) == 0
    assert capfd.readouterr().out == "1.3132616875182228\n"
    assert status_of([*line, "--ignore-index", "-2"]) == Status.DATA
    assert "no class is named '-1'" in capfd.readouterr().err


def test_from_a_pipe(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    text = io.TextIOWrapper(io.BytesIO(_delimited(["5", "7"], ["7"], np.zeros((1, 2)), ",")))
    monkeypatch.setattr("sys.stdin", text)
    assert status_of(["ce", "-q"]) == 0
    assert float(capfd.readouterr().out) == pytest.approx(np.log(2))


@pytest.mark.parametrize("command", ["explain", "why 1.5"])
@pytest.mark.parametrize("targets", ["1 1", "1 0", "1.0 1", "0.25 0.75"])
@pytest.mark.parametrize("name", ["1", "0", "pos", "True"])
def test_one_score_has_no_class_to_name(
    command: str, targets: str, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its target is 0 or 1, whatever the column is called: what bce prints of the same file."""
    path = _scores(targets.split())
    assert status_of(["bce", path, "-q"]) == 0
    loss = float(capfd.readouterr().out)
    status_of([*command.split(), path, "--classes", name, "-f", "json"])
    out, err = capfd.readouterr()
    found = json.loads(out)
    assert (found["bce"]["loss"] if command == "explain" else found["loss"], err) == (loss, "")


@pytest.mark.parametrize(("name", "target"), [("pos", "pos"), ("True", "true"), ("1", "1")])
def test_one_class_is_not_named(name: str, target: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The name would be class 0, and so mean that the label is off."""
    path = _scores([target] * 2)
    line = ["explain", path, "--classes", name, "--target-as", "name"]
    assert status_of(line) == Status.DATA
    assert "one class: a target is 0 or 1, not a name" in capfd.readouterr().err
