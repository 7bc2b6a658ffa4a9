"""Arrays in several files: the output is that of one array, wherever it was cut."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cecalc.errors import Status
from cecalc.input import array_problem
from tests.input.array_files import npy, npz
from tests.input.test_windowed import (
    CASES,
    CONTAINERS,
    DEEP,
    DEEP_INDEX,
    INDEX,
    SOFT,
    VALUES,
    WEIGHTS,
    printed,
)
from tests.shell import InProcess, shell

SHARED = {"weight", "label_smoothing", "classes"}
WHOLE = {name: case for name, case in CASES.items() if not name.startswith("one row")} | {
    "names": ("ce", {"logits": VALUES, "target": np.array([*"acbcaab"]), "classes": np.array([*"abc"])}),
    "explain": ("explain", {"logits": VALUES, "target": INDEX}),
    "why": ("why 1.5", {"logits": VALUES, "target": abs(INDEX % 3)}),
}  # fmt: skip
UNNAMED = {"explain": "one", "why": "one", "softmax": "--logits", "sigmoid": "--logits"}


def cut(rng: Any, rows: int, files: int) -> list[slice]:
    """Places where an array is cut; some parts are empty."""
    ends = [0, *sorted(rng.integers(0, rows + 1, files - 1).tolist()), rows]
    return [slice(*pair) for pair in itertools.pairwise(ends)]


def parts(rng: Any, arrays: dict[str, Any], files: int) -> list[dict[str, Any]]:
    """The arrays of each file; numbers in one of several dtypes."""
    rows = len(next(iter(arrays.values())))
    found = []
    for part in cut(rng, rows, files):
        one = {name: array if name in SHARED else array[part] for name, array in arrays.items()}
        for name in sorted(one.keys() & {"logits", "target", "sample_weight"}):
            if one[name].dtype.kind in "if":
                is_exact = (one[name].astype("f2") == one[name]).all()
                is_whole = name != "logits" and (one[name] == one[name].round()).all()
                dtypes = ["f2", "f4", "f8"] + ["i2", "i8"] * int(is_whole)
                one[name] = one[name].astype(rng.choice(dtypes) if is_exact else "f8")
        found.append(one)
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("case", WHOLE)
def test_shards_are_one_array(
    case: str, seed: int, monkeypatch: pytest.MonkeyPatch, cecalc: InProcess
) -> None:
    command, arrays = WHOLE[case]
    suffix, files = [*CONTAINERS, "npy"][seed], seed + 2
    has_names = any(array.dtype.kind == "U" for array in arrays.values())
    if suffix == "npy" and arrays.keys() & (SHARED | {"ids"}):
        return
    suffix = "npz" if has_names else suffix
    monkeypatch.setattr(array_problem, "BATCH_VALUES", int(2 ** (20 * (seed % 2))))
    rng, task = np.random.default_rng(seed), command.split()[0]
    cecalc(["--version"], {"whole.npz": npz(**arrays)})
    for number, one in enumerate(parts(rng, arrays, files)):
        if suffix == "npy":
            for name, array in one.items():
                Path(f"{name}-{number}.npy").write_bytes(npy(array))
        else:
            Path(f"part-{number}.{suffix}").write_bytes(CONTAINERS[suffix](one))
    given, pattern = "whole.npz", f"part-*.{suffix}"
    if task in ("softmax", "sigmoid"):
        given, pattern = "--logits whole.npz", f"--logits part-*.{suffix}"
    if suffix == "npy":
        pattern = " ".join(f"--{name.replace('_', '-')} {name}-*.npy" for name in arrays)
    views = ["-f csv", "-f json"] + ["-f json --by class"] * (command == "ce")
    for view in views if task not in ("explain", "why") else ["-f json"]:
        expected, found = (printed(cecalc, f"{command} {x} {view}") for x in (given, pattern))
        if view != "-f csv":
            expected, found = (_told(json.loads(text)) for text in (expected, found))
        if task == "why":  # whose sums depend on the blocks in their last digits
            expected, found = (re.sub(r"(\.\d{12})\d+", r"\1", str(x)) for x in (expected, found))
        assert found == expected


def _told(document: Any) -> Any:
    """A document without the names of files and dtypes."""
    if isinstance(document, list):
        return [_told(item) for item in document]
    if not isinstance(document, dict):
        return document
    beside = {"source", "stored", "read_as", "file", "line"}
    return {name: _told(value) for name, value in document.items() if name not in beside}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("window", [1000, 2**20])
def test_totals_are_exact_whatever_the_cut(
    seed: int, window: int, monkeypatch: pytest.MonkeyPatch, cecalc: InProcess
) -> None:
    monkeypatch.setattr(array_problem, "BATCH_VALUES", window)
    rng = np.random.default_rng(seed)
    logits, target = rng.normal(0, 8, (5000, 7)), rng.integers(0, 7, 5000)
    every = []
    for number, part in enumerate(cut(rng, len(logits), int(rng.integers(2, 40)))):
        one = logits[part].astype(rng.choice(["f2", "f4", "f8"]))
        Path(f"x-{number:02}.npy").write_bytes(npy(one))
        Path(f"y-{number:02}.npy").write_bytes(npy(target[part].astype(rng.choice(["u1", "f8"]))))
        every.append(one.astype("f8"))
    Path("whole.npz").write_bytes(npz(logits=np.concatenate(every), target=target))
    wanted = [
        f"{line} -f json --no-rows" for line in ("whole.npz", "--logits x-*.npy --target y-*.npy")
    ]
    expected, found = (_told(json.loads(printed(cecalc, f"ce {line}"))) for line in wanted)
    assert found == expected
    Path("y.npy").write_bytes(npy(target))  # which may be one file beside several
    alone = printed(cecalc, "ce --logits x-*.npy --target y.npy -f json --no-rows")
    assert _told(json.loads(alone)) == expected


def test_bfloat16_beside_another_dtype(cecalc: InProcess) -> None:
    import torch

    for number, dtype in enumerate((torch.float16, torch.bfloat16, torch.float64)):
        part = torch.tensor(VALUES[number * 2 : number * 2 + 3 - number % 2]).to(dtype)
        torch.save({"logits": part, "target": torch.zeros(len(part))}, f"p{number}.pt")
    rows = np.concatenate([VALUES[:3], VALUES[2:4], VALUES[4:7]])
    Path("whole.npz").write_bytes(npz(logits=rows, target=np.zeros(8)))
    assert printed(cecalc, "ce p*.pt -f csv") == printed(cecalc, "ce whole.npz -f csv")
    status, out, _ = cecalc("ce p*.pt")
    assert (status, "stored as float16, bfloat16, float64:" in out) == (0, True)


@pytest.mark.parametrize("names", ["10,20,30", "0,1,2"])
def test_names_are_told_by_the_rows_of_all_files(names: str, cecalc: InProcess) -> None:
    """The head of the target that is looked at goes on from file to file."""
    target = np.array([*map(int, names.split(","))])[[0, 1, 2, 0, 2, 1, 0]]
    for number, part in enumerate((slice(0, 1), slice(1, 1), slice(1, 4), slice(4, 7))):
        Path(f"p{number}.npz").write_bytes(npz(logits=VALUES[part], target=target[part]))
    Path("whole.npz").write_bytes(npz(logits=VALUES, target=target))
    lines = [f"ce {x} --classes {names} -f csv" for x in ("whole.npz", "p*.npz", "p*.npz:logits")]
    lines[2] = lines[2].replace("p*", "--logits p*", 1) + " --target p*.npz:target"
    expected, *found = [printed(cecalc, line) for line in lines]
    assert found == [expected, expected]


# fmt: off
X = {f"x-{i}.npy": npy(VALUES[3 * i : 3 * i + 3]) for i in range(3)}
Y = {f"y-{i}.npy": npy(abs(INDEX[3 * i : 3 * i + 3]) % 3) for i in range(3)}
P = {f"p{i}.npz": npz(logits=VALUES[3 * i : 3 * i + 3], target=abs(INDEX[3 * i : 3 * i + 3]) % 3) for i in range(3)}
PAIRS = "ce --logits x-*.npy --target y-*.npy"
FAULTS: list[tuple[str, dict[str, bytes], int, str, str | None]] = [
    (PAIRS, X | {"y-0.npy": Y["y-0.npy"], "y-1.npy": Y["y-1.npy"]}, 3, "x-0.npy: 3 files of values, 2 of targets", "they go one by one in the order of their names: x-2.npy has none beside it"),
    ("ce --logits x-0.npy --target y-*.npy", X | Y, 3, "y-*.npy: several files of targets go with several files of arrays", None),
    ("ce x.csv --sample-weight w-*.npy", {"x.csv": b"logit_a,logit_b,target\n1,2,0\n", "w-0.npy": npy(WEIGHTS[:1]), "w-1.npy": npy(WEIGHTS[:0])}, 3, "w-*.npy: several files of sample weights go with several files of arrays", None),
    (PAIRS, X | Y | {"y-1.npy": npy(INDEX[:2])}, 3, "x-1.npy: 3 rows of values, 2 targets in y-1.npy", None),
    ("ce p0.npz p1.npz", P | {"p1.npz": npz(logits=VALUES[:3], target=INDEX[:2])}, 3, "p1.npz: 3 rows of values, 2 targets", None),
    ("ce p*.npz --sample-weight w-*.npy", P | {f"w-{i}.npy": npy(WEIGHTS[:2]) for i in range(3)}, 3, "p0.npz: 3 rows of values, 2 sample weights in w-0.npy", None),
    ("ce --logits x-*.npy --target y.npy", X | {"y.npy": npy(INDEX[:6])}, 3, "x-*.npy: 7 rows of values, 6 targets", "give one class index for each row, or one probability for each class"),
    (PAIRS, X | Y | {"x-1.npy": npy(VALUES[:3, :2])}, 3, "x-1.npy: its array has the shape (3, 2), that of x-0.npy (3, 3): only the first axis may differ", None),
    (PAIRS, X | Y | {"y-2.npy": npy(SOFT[:1])}, 3, "y-2.npy: its array has the shape (1, 3), that of y-0.npy (3,): only the first axis may differ", None),
    (PAIRS + " --classes a,b,c", X | Y | {"y-2.npy": npy(np.array(["a"]))}, 3, "y-2.npy: its array has the dtype '<U1', that of y-0.npy 'int64'", None),
    (PAIRS, X | Y | {"y-1.npy": npy(np.array([0, 3, 4]))}, 3, "y-1.npy: row 1: target 3 outside 0..2 (2 such rows: 1, 2)", None),
    (PAIRS, X | Y | {"y-1.npy": npy(np.array([0, 1, 4])), "y-2.npy": npy(np.array([4]))}, 3, "y-1.npy: row 2: target 4 outside 0..2 (2 such rows: 2, y-2.npy:0)", None),
    ("ce --logits x-*.npy --target y.npy", X | {"y.npy": npy(np.array([0, 1, 1, 1, 4, 1, 0]))}, 3, "y.npy: row 4: target 4 outside 0..2", None),
    (PAIRS, X | Y | {"x-1.npy": npy(VALUES[:3] * np.nan)}, 3, "x-1.npy: row 0, class 0: logit is nan (3 such rows: 0, 1, 2)", "--nan propagate lets it through"),
    (PAIRS + " --sample-weight w-*.npy", X | Y | {f"w-{i}.npy": npy(WEIGHTS[3 * i : 3 * i + 3] - i) for i in range(3)}, 3, "w-1.npy: row 1: sample weight -1 is not finite and at least 0 (2 such rows: 1, w-2.npy:0)", None),
    (PAIRS + " --classes a,b,c", X | {f"y-{i}.npy": npy(np.array([*"abq"[: 3 if i < 2 else 1]])) for i in range(3)}, 3, "y-0.npy: row 2: no class is named 'q' (classes: a, b, c)", None),
    (PAIRS + " --classes 5,6,7", X | Y | {f"y-{i}.npy": npy(np.array([5, 6, 7 + i][: 3 if i < 2 else 1])) for i in range(3)}, 3, "y-1.npy: row 2: no class is named '8' (classes: 5, 6, 7)", None),
    ("ce --logits d-*.npy --target e-*.npy", {f"d-{i}.npy": npy(DEEP[2 * i : 2 * i + 2]) for i in range(2)} | {f"e-{i}.npy": npy(DEEP_INDEX[2 * i : 2 * i + 2] + i * (DEEP_INDEX[2 * i : 2 * i + 2] == 2)) for i in range(2)}, 3, "e-1.npy: row (0,0,1): target 3 outside 0..2 (6 such rows: (0,0,1), (0,0,2), (0,1,3), (0,1,4), (1,1,0), (1,1,4))", "targets run from 0 to 3: 4 labels, and 3 classes"),
    ("ce x-*.npy --target y-*.npy", X | Y, 3, "x-*.npy: a bare array does not say what its numbers are", "name it: --logits FILE, --probs FILE or --log-probs FILE"),
    ("ce --logits v-*.npy --target y-*.npy", Y | {f"v-{i}.npy": npy(VALUES[i]) for i in range(3)}, 3, "v-*.npy: values of shape (9,) in several files: one row, or one for each?", "rows come first: save them with the shape (N, C)"),
    (PAIRS, X | {f"y-{i}.npy": npy(np.array(i)) for i in range(3)}, 3, "y-2.npy: its array is a single number: several files are joined along their rows", None),
    ("ce p0.npz p1.npz", P | {"p1.npz": npz(logits=VALUES, labels=INDEX)}, 3, "p1.npz: its arrays are not those of p0.npz", "arrays: labels, logits here, logits, target there"),
    ("ce p0.npz x.csv", P | {"x.csv": b"logit_a,logit_b,target\n1,2,0\n"}, 3, "x.csv: holds no arrays, as p0.npz does", None),
    ("ce x.csv p0.npz", P | {"x.csv": b"logit_a,logit_b,target\n1,2,0\n"}, 3, "p0.npz: one of several files has to hold rows, not arrays", "JSON lines, CSV, TSV and Parquet hold rows"),
    ("ce a0.npz a1.npz", {f"a{i}.npz": npz(logits=VALUES, target=abs(INDEX % 3), weight=np.array([1, 2, i])) for i in range(2)}, 3, "a1.npz: 'weight' is not that of a0.npz", None),
    ("ce p*.npz --transpose", P, 3, "p0.npz: --transpose: several files are joined along their rows, which come first", None),
    ("ce p0.npz -", P, 3, "standard input: a pipe cannot be one of several files of arrays: each is opened twice", None),
    ("ce --logits x-*.npy --target q-*.npy", X, 4, "q-*.npy: no file matches", None),
    ("ce --logits x-0.npy x-1.npy --target y-0.npy", X | Y, 2, "both the file 'x-1.npy' and --logits give values", "several files: a quoted pattern"),
    ("ce --logits x-0.npy --logits x-1.npy --target y-0.npy", X | Y, 2, "--logits takes one file, not 2 values", "several files: a quoted pattern"),
    (PAIRS.replace("npy --", "csv --").replace("y-*.npy", "y-*.csv"), {"x-0.csv": b"logit_a,logit_b\n1,2\n", "y-0.csv": b"target\n0\n", "y-1.csv": b"target\n0\n"}, 3, "y-0.csv: several files of a target have to hold arrays, not rows", None),
    ("ce z-*.npz", {f"z-{i}.npz": npz(logits=VALUES[:0], target=INDEX[:0]) for i in range(2)}, 3, "z-*.npz: no data rows", None),
    ("ce p*.npz", P | {"p2.npz": P["p2.npz"][:-30]}, 4, "p2.npz: file ends early (its zip directory is missing)", None),
]
# fmt: on


@pytest.mark.parametrize("window", [1, 2**20])
@pytest.mark.parametrize(("line", "files", "status", "error", "hint"), FAULTS)
def test_fault(
    line: str,
    files: dict[str, bytes],
    status: int,
    error: str,
    hint: str | None,
    window: int,
    monkeypatch: pytest.MonkeyPatch,
    cecalc: InProcess,
) -> None:
    monkeypatch.setattr(array_problem, "BATCH_VALUES", window)
    ended = cecalc(line, files)
    expected = f"cecalc: error: {error}\n" + (f"cecalc: hint: {hint}\n" if hint else "")
    assert (Status(ended.status), ended.said, ended.out) == (status, expected, "")


TEN = (1, 2, 10)
APART = {f"x{i}.npy": npy(VALUES[:2] + i) for i in TEN}
SAME = {f"y{i}.npy": npy(INDEX[:2] % 3) for i in TEN}
PADDED = {f"y{i:02}.npy": npy(INDEX[:2] % 3) for i in TEN}
ROWS = {f"c{i}.csv": f"logit_a,logit_b,target\n{i},2,0\n".encode() for i in TEN}
ORDER = "files in the order of their names as text: {0}10.{1} before {0}2.{1}; zeros before the numbers would sort them"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--logits x*.npy --target y*.npy", "hint: " + ORDER.format("x", "npy")),
        ("c*.csv", "hint: " + ORDER.format("c", "csv")),
        ("c1.csv c10.csv c2.csv", "hint: " + ORDER.format("c", "csv")),
        ("c1.csv c2.csv c10.csv", ""),
        ("c?.csv", ""),
        ("c1.csv p.csv", ""),
        ("c1.csv ./c1.csv", "hint: 'c1.csv' is there more than once: 1 file read again"),
        ("c?.csv c1.csv c2.csv", "hint: 'c1.csv' is there more than once: 2 files read again"),
        ("p1.npz p1.npz", "hint: 'p1.npz' is there more than once: 1 file read again"),
    ],
)
def test_what_files_are_read_and_in_which_order(line: str, said: str, cecalc: InProcess) -> None:
    cecalc("--version", APART | SAME | ROWS | P | {"p.csv": ROWS["c2.csv"]})
    ended = cecalc(f"ce {line} -f csv")
    assert ended.said == (said and f"cecalc: {said}\n")


def test_numbers_in_two_patterns_have_to_agree(cecalc: InProcess) -> None:
    """Or x10 would go with y02, which may have as many rows."""
    ended = cecalc("ce --logits x*.npy --target y*.npy", APART | PADDED)
    rule = "x10.npy: y02.npy stands beside it, whose number is another"
    hint = "they go one by one, in the order of their names as text: 02, not 2, sorts both"
    assert (ended.status, ended.said) == (3, f"cecalc: error: {rule}\ncecalc: hint: {hint}\n")


def test_a_row_has_its_file_and_its_number_there(cecalc: InProcess) -> None:
    lines = printed(cecalc, "ce p*.npz --top 7") if cecalc("--version", P).status == 0 else ""
    places = [line.split()[0] for line in lines.splitlines() if ".npz:" in line]
    assert sorted(places) == [
        "p0.npz:0",
        "p0.npz:1",
        "p0.npz:2",
        "p1.npz:0",
        "p1.npz:1",
        "p1.npz:2",
        "p2.npz:0",
    ]
    rows = [json.loads(line) for line in printed(cecalc, "ce p*.npz -f jsonl").splitlines()]
    assert [(row["row"], row["file"]) for row in rows[2:5]] == [
        (2, "p0.npz"),
        (3, "p1.npz"),
        (4, "p1.npz"),
    ]


def test_a_shard_that_changes_is_refused(tmp_path: Path) -> None:
    from cecalc.errors import InputError
    from cecalc.input import dataset
    from cecalc.input.files import Files
    from cecalc.input.layout import Wanted
    from cecalc.request import InputRequest
    from cecalc.terms import Task

    names = [str(tmp_path / name) for name in ("a.npy", "b.npy")]
    for name in names:
        Path(name).write_bytes(npy(VALUES))
    with Files() as files:
        found: Any = dataset.opened(names, InputRequest(Task.CE), Wanted(), files)
        array = found.open("")
        assert np.array_equal(array.read(9), VALUES[[*range(7), 0, 1]])
        again = found.open("")
        Path(names[1]).write_bytes(npy(VALUES[:5]))
        again.read(7)
        with pytest.raises(InputError, match="changed while being read"):
            again.read(1)


def test_a_shard_that_is_opened_too_late_is_closed(tmp_path: Path) -> None:
    """A run that has failed does not wait for the thread that reads, which may open the next."""
    from cecalc.errors import DataError
    from cecalc.input.files import Files, open_bytes

    path = tmp_path / "y.npy"
    path.write_bytes(npy(VALUES))
    with Files() as files:
        inner = files.enter_context(files.inner())
        open_bytes(str(path), inner)
        inner.close()  # which is not the end: the next of several is opened
        open_bytes(str(path), inner)
    with pytest.raises(DataError, match="empty"):
        open_bytes(str(path), inner)
    assert all(watched._file.closed for watched in inner.watched)


def test_one_file_is_open_at_a_time_and_torch_is_not_loaded(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"x-{number:03}.npy").write_bytes(npy(VALUES))
        (tmp_path / f"y-{number:03}.npy").write_bytes(npy(abs(INDEX % 3)))
    line = "ulimit -n 40; cecalc ce --logits 'x-*.npy' --target 'y-*.npy' -q 2> trace"
    status, out, _ = shell(line, tmp_path, fresh=True, PYTHONPROFILEIMPORTTIME="1")
    assert (status, out) == (0, "2.2756564585647165\n"), (tmp_path / "trace").read_text()[-900:]
    assert not re.search(r"\|\s+torch$", (tmp_path / "trace").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("ce u*.npz", "cecalc ce --logits 'u*.npz:scores' --target 'u*.npz:labels'"),
        ("ce 'u*.npz'", "cecalc ce --logits 'u*.npz:scores' --target 'u*.npz:labels'"),
    ],
)
def test_what_a_shell_made_of_a_pattern_is_told_in_quotes(
    line: str, command: str, tmp_path: Path
) -> None:
    for name, data in (X | Y).items():
        (tmp_path / name).write_bytes(data)
    for number in range(2):
        arrays: dict[str, Any] = {"scores": VALUES + 1, "labels": abs(INDEX % 3)}
        (tmp_path / f"u{number}.npz").write_bytes(npz(**arrays))
    _, out, _ = shell(f"cecalc {line} 2> said; grep -h try: said", tmp_path)
    assert out == f"cecalc: try: {command}\n"
    assert shell(f"{command} -q", tmp_path)[0] == 0
