"""Files of arrays as inputs: whatever holds the numbers, the output is that of the same in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cecalc.errors import Status
from cecalc.input import array_problem
from tests.input.array_files import npy, npz, one_safetensor, one_tensor, pt, safetensors
from tests.shell import InProcess

RNG = np.random.default_rng(7)
VALUES = RNG.integers(-40, 40, (7, 3)) / 8
"""Numbers that every dtype holds exactly."""
INDEX = np.array([0, 2, 1, -100, 2, 0, 1])
SOFT = np.array([[0.5, 0.25, 0.25], [1, 0, 0]])[[0, 1, 0, 0, 1, 1, 0]]
CELLS = np.array([[0, 1, 1], [1, 0, 0]])[[0, 1, 0, 0, 1, 1, 0]]
DEEP = RNG.integers(-40, 40, (4, 3, 2, 5)) / 8
DEEP_INDEX = RNG.integers(0, 3, (4, 2, 5))
WEIGHTS = np.array([1, 2, 0.5, 1, 0, 3, 1])

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "class indices": ("ce", {"logits": VALUES, "target": INDEX}),
    "distributions": ("ce", {"logits": VALUES, "target": SOFT}),
    "weights of rows": ("ce", {"logits": VALUES, "target": INDEX, "sample_weight": WEIGHTS}),
    "positions": ("ce", {"logits": DEEP, "target": DEEP_INDEX}),
    "positions, soft": ("ce", {"logits": DEEP, "target": np.full_like(DEEP, 1 / 3)}),
    "one row": ("ce", {"logits": VALUES[0], "target": np.array(1)}),
    "one row, soft": ("ce", {"logits": VALUES[0], "target": SOFT[0]}),
    "cells": ("bce", {"logits": VALUES, "target": CELLS}),
    "scores": ("bce", {"logits": VALUES[:, 0], "target": CELLS[:, 0]}),
    "scores, upright": ("bce", {"logits": VALUES[:, 0], "target": CELLS[:, :1]}),
    "deep cells": ("bce", {"logits": DEEP, "target": (DEEP > 0).astype(int)}),
    "softmax": ("softmax", {"logits": VALUES}),
    "sigmoid": ("sigmoid", {"logits": VALUES}),
    "options": ("ce", {"logits": VALUES, "target": INDEX, "weight": np.array([1, 2, 0.5]),
                       "label_smoothing": np.array(0.125), "classes": np.array([0, 1, 2])}),
    "ids": ("ce", {"logits": VALUES, "target": INDEX, "ids": np.arange(7) + 100}),
}  # fmt: skip


def printed(cecalc: InProcess, line: str) -> str:
    """What a command writes to standard output."""
    status, out, err = cecalc(line)
    assert status == 0, err
    return out


def as_json(arrays: dict[str, Any]) -> str:
    return json.dumps({name: array.tolist() for name, array in arrays.items()})


def tensors(arrays: dict[str, Any]) -> bytes:
    """A .safetensors of several arrays."""
    said, data = {}, b""
    for name, array in arrays.items():
        dtype = f"{array.dtype.kind.upper()}{8 * array.itemsize}"
        offsets = [len(data), len(data) + array.nbytes]
        said[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": offsets}
        data += array.tobytes()
    return safetensors(said, data)


def torch_file(arrays: dict[str, Any]) -> bytes:
    import torch

    return pt({name: torch.tensor(array) for name, array in arrays.items()})


CONTAINERS = {"npz": lambda a: npz(**a), "safetensors": tensors, "pt": torch_file}


@pytest.mark.parametrize("window", [1, 2, 7, 2**20])
@pytest.mark.parametrize("case", CASES)
def test_every_container_gives_what_json_gives(
    case: str,
    window: int,
    monkeypatch: pytest.MonkeyPatch,
    cecalc: InProcess,
) -> None:
    command, arrays = CASES[case]
    monkeypatch.setattr(array_problem, "BATCH_VALUES", window)
    Path("x.json").write_text(as_json(arrays))
    shown = [" -f csv", " -f jsonl", " -q", " -q --reduction none"]
    shown = shown[:3] if command in ("softmax", "sigmoid") else shown
    shown = shown[:1] if window in (2, 7) else shown  # a view asks for no other window
    said = "--logits x" if command in ("softmax", "sigmoid") else "x"
    expected = [printed(cecalc, f"{command} {said}.json{view}") for view in shown]
    for suffix, written in CONTAINERS.items():
        Path(f"x.{suffix}").write_bytes(written(arrays))
        found = [printed(cecalc, f"{command} {said}.{suffix}{view}") for view in shown]
        assert found == expected
    Path("alone").mkdir()
    options = ["logits", "target", "sample_weight"]
    if arrays.keys() > set(options):
        return
    line = command
    for name in options:
        if name in arrays:
            Path(f"alone/{name}.npy").write_bytes(npy(arrays[name]))
            line += f" --{name.replace('_', '-')} alone/{name}.npy"
    if "weight" not in arrays and "ids" not in arrays:
        assert [printed(cecalc, line + view) for view in shown] == expected


@pytest.mark.parametrize("window", [1, 4, 2**20])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f4", ">f8", "bfloat16", "<i4", "|i1"])
def test_every_dtype_gives_the_digits_of_its_numbers(
    dtype: str, window: int, monkeypatch: pytest.MonkeyPatch, cecalc: InProcess
) -> None:
    monkeypatch.setattr(array_problem, "BATCH_VALUES", window)
    values = np.round(VALUES) if dtype[1:2] == "i" else VALUES
    Path("x.json").write_text(as_json({"logits": values, "target": INDEX}))
    Path("y.npy").write_bytes(npy(INDEX))
    expected = printed(cecalc, "ce x.json -f csv")
    files = {}
    if dtype == "bfloat16":
        bits = (values.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
        files = {"a.safetensors": one_safetensor(bits, dtype), "a.pt": one_tensor(bits, dtype)}
    else:
        stored = values.astype(dtype)
        files = {"a.npy": npy(stored), "b.npy": npy(np.asfortranarray(stored))}
        files["a.npz"] = npz(anything=np.asfortranarray(stored))
    for name, data in files.items():
        Path(name).write_bytes(data)
        assert printed(cecalc, f"ce --logits {name} --target y.npy -f csv") == expected
    shown = printed(cecalc, f"ce --logits {next(iter(files))} --target y.npy")
    plain = dtype if dtype == "bfloat16" else np.dtype(dtype).name
    assert f", stored as {plain}: class indices" in shown
    report = json.loads(printed(cecalc, f"ce --logits {next(iter(files))} --target y.npy -f json"))
    assert report["stored"] == plain


@pytest.mark.parametrize("window", [1, 2**20])
def test_what_stands_beside_may_come_in_any_way(
    window: int, monkeypatch: pytest.MonkeyPatch, cecalc: InProcess
) -> None:
    monkeypatch.setattr(array_problem, "BATCH_VALUES", window)
    Path("x.json").write_text(as_json({"logits": VALUES, "target": INDEX}))
    Path("x.npy").write_bytes(npy(VALUES))
    Path("x.csv").write_text("\n".join(",".join(map(str, row)) for row in ["012", *VALUES]) + "\n")
    Path("y.npy").write_bytes(npy(INDEX))
    Path("y.csv").write_text("target\n" + "\n".join(map(str, INDEX)) + "\n")
    Path("y.json").write_text(json.dumps(INDEX.tolist()))
    Path("w.npy").write_bytes(npy(WEIGHTS))
    Path("c.npy").write_bytes(npy(np.array([1.0, 2, 3])))
    expected = printed(cecalc, "ce x.json -q --reduction none")
    for target in ("y.npy", "y.csv", "y.json", ",".join(map(str, INDEX))):
        for values in ("x.npy", "x.csv"):
            line = f"ce --logits {values} --target {target} -q --reduction none"
            assert printed(cecalc, line) == expected
    weighted = "--sample-weight {} --weight {} -q"
    inline = weighted.format(",".join(map(str, WEIGHTS)), "1,2,3")
    stored = weighted.format("w.npy", "c.npy")
    for values in ("x.npy", "x.csv"):
        line = f"ce --logits {values} --target y.npy "
        assert printed(cecalc, line + stored) == printed(cecalc, line + inline)
    transposed = npy(np.ascontiguousarray(VALUES.T))
    Path("t.npy").write_bytes(transposed)
    line = "ce --logits t.npy --target y.npy --transpose -q --reduction none"
    assert printed(cecalc, line) == expected


def test_names_of_classes_that_are_integers(cecalc: InProcess) -> None:
    Path("x.npy").write_bytes(npy(VALUES[:3]))
    Path("y.npy").write_bytes(npy(np.array([7, 5, -100])))
    line = "ce --logits x.npy --target {} --classes 5,6,7 --target-as name -q --reduction none"
    found = printed(cecalc, line.format("y.npy"))
    assert found == printed(cecalc, line.format("7,5,-100"))


X, Y = npy(VALUES), npy(INDEX)
# fmt: off
# the command line, the files it finds, the status, the error, the hint
FAULTS: list[tuple[str, dict[str, bytes], int, str, str | None]] = [
    ("ce x.npy --target y.npy", {"x.npy": X, "y.npy": Y}, 3, "x.npy: a bare array does not say what its numbers are", "name it: --logits FILE, --probs FILE or --log-probs FILE"),
    ("ce x.npz --target y.npy", {"x.npz": npz(arr_0=VALUES), "y.npy": Y}, 3, "x.npz: a bare array does not say what its numbers are", "name it: --logits FILE, --probs FILE or --log-probs FILE"),
    ("ce --logits x.npy --target y.npy", {"x.npy": X, "y.npy": npy(INDEX[:2])}, 3, "x.npy: 7 rows of values, 2 targets", "give one class index for each row, or one probability for each class"),
    ("ce --logits x.npy --target y.npy", {"x.npy": X, "y.npy": npy(SOFT.T.copy())}, 3, "x.npy: values of shape (7, 3) and a target of shape (3, 7)", "one of the two looks transposed: rows come first, classes second"),
    ("ce --logits x.npy --target y.npy --sample-weight y.npy", {"x.npy": X, "y.npy": Y}, 3, "y.npy: row 3: sample weight -100 is not finite and at least 0", None),
    ("ce --logits x.npy --target y.npy --sample-weight w.npy", {"x.npy": X, "y.npy": Y, "w.npy": npy(WEIGHTS[:1])}, 3, "x.npy: 7 rows of values, 1 sample weight", None),
    ("ce --logits x.npy --target y.npy", {"x.npy": X, "y.npy": npy(abs(INDEX % 3) + 1)}, 3, "y.npy: row 1: target 3 outside 0..2 (3 such rows: 1, 3, 4)", "targets run from 1 to 3: looks 1-based, subtract 1"),
    ("ce x.npz", {"x.npz": npz(logitz=VALUES, target=INDEX)}, 3, "x.npz: unknown array 'logitz'; did you mean 'logits'?", "arrays: target, logitz"),
    ("ce --probs x.npz --target y.npy", {"x.npz": npz(logits=VALUES, target=INDEX), "y.npy": Y}, 3, "x.npz: no probs", "arrays: logits, target"),
    ("ce --logits x.npy --target y.npz", {"x.npy": X, "y.npz": npz(a=INDEX, b=INDEX)}, 3, "y.npz: no target", "arrays: a, b"),
    ("ce x.npz", {"x.npz": npz(logits=VALUES)}, 3, "x.npz: no target", "give one with --target"),
    ("ce x.npz", {"x.npz": npz(logits=VALUES[:0], target=INDEX[:0])}, 3, "x.npz: no data rows", None),
    ("ce x.npz", {"x.npz": npz(logits=VALUES, target=INDEX, classes=np.zeros(3, complex))}, 3, "x.npz: member classes.npy: dtype '<c16' is complex", None),
    ("ce x.npz", {"x.npz": npz(logits=np.full((2, 2), np.nan), target=np.array([0, 1]))}, 3, "x.npz: row 0, class 0: logit is nan (2 such rows: 0, 1)", "--nan propagate lets it through"),
    ("ce --logits x.npy --target y.npy --transpose", {"x.npy": npy(VALUES[0]), "y.npy": Y}, 3, "x.npy: --transpose: shape (3,) has no two axes to exchange", None),
    ("ce --logits x.npy --target y.npy", {"x.npy": b"hello, hello", "y.npy": Y}, 3, "x.npy: not a NumPy file (starts with 'hello, hello')", None),
    ("ce --logits x.npy --target y.npy", {"x.npy": X[:-8], "y.npy": Y}, 4, "x.npy: file ends early (20 of 21 values)", None),
    ("ce --logits x.npy --target y.npy", {"x.npy": X, "y.npy": npy(np.array(["a"] * 7))}, 3, "y.npy: row 0: cannot read 'a' as a class index; the classes have no names", None),
    ("ce --logits x.npy --target y.npy --max-bytes 20", {"x.npy": X, "y.npy": Y}, 6, "x.npy: more than --max-bytes 20", None),
    ("ce --logits x.npy --target y.npy --classes 3,2,1", {"x.npy": X, "y.npy": npy(abs(INDEX % 2) + 1)}, 3, "y.npy: row 0: target '1' could be the name of a class or its number; say which with --target-as name|index", None),
    ("bce --logits x.npy --target y.npy", {"x.npy": X, "y.npy": Y}, 3, "x.npy: values of shape (7, 3) and a target of shape (7,)", "bce needs a target for each value; a class index for each row belongs to ce"),
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
