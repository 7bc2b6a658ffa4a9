"""Of several faults the one on the earliest row is told, and counted, however the input is cut."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cecalc.errors import CecalcError, message
from cecalc.output import CSV
from cecalc.request import NamedFile
from cecalc.run.results import results
from cecalc.terms import Task
from tests.input.array_files import npy
from tests.run.running import FEWER, in_blocks, request

SIZES = (1, 7, 40, 100, 2**20)
"""Of a block: values, or bytes of text."""


def lines(kind: str, faults: dict[int, str], rows: int) -> str:
    """A text of sound rows, but for some."""
    header = "id,logit_a,logit_b,target\n" if kind == "csv" else ""
    return header + "".join(f"{faults.get(i, SOUND[kind])}\n" for i in range(rows))


SOUND = {"csv": "r,1,2,0", "jsonl": '{"id": "r", "logits": [1, 2], "target": 0}'}
# what a row may be instead, and what is said of it
FAULTS = {
    "csv": {
        "r,1,2": "expected 4 fields, found 3",
        "r,1,x,0": "column 'logit_b' (3): cannot read 'x' as a number",
        "r,1,2,y": "column 'target' (4): no class is named 'y' (classes: a, b)",
        "r,1,2,7": "column 'target' (4): target 7 outside 0..1",
        "r,1,2,.5": "column 'target' (4): target 0.5 is not a class index",
        "r,nan,2,0": "column 'logit_a' (2): logit is nan",
        "r,1,inf,0": "column 'logit_b' (3): logit is inf",
        "r,-inf,-inf,0": "all logits are -inf",
        "r,x,2,y": "column 'logit_a' (2): cannot read 'x' as a number",
        "r,nan,2,7": "column 'target' (4): target 7 outside 0..1",
        "": "empty line",
        "r,\0,2,0": "NUL byte",
    },
    "jsonl": {
        '{"id": "r", "logits": [1, 2]': "ends inside a value",
        '{"id": "r", "logits": [1, 2]}': "no 'target' (keys: id, logits)",
        '{"id": "r", "logits": [1, 2, 3], "target": 0}': "3 logits, expected 2",
        '{"id": "r", "logits": [1, null], "target": 0}': "logits[1] is null",
        '{"id": "r", "logits": [1, 2], "target": null}': "column 'target' (3): target is null, expected a class",
        '{"id": "r", "logits": [1, 2], "target": 7}': "column 'target' (3): target 7 outside 0..1",
        '{"id": "r", "logits": [1, Infinity], "target": 0}': "column 'logits' (2): logit is inf",
    },
}  # fmt: skip


def told(path: Path, size: int, **options: Any) -> str:
    """What is said of a file read in blocks of that size."""
    with pytest.raises(CecalcError) as caught:
        in_blocks(request(Task.CE, inputs=(str(path),), **options), size)
    return message(caught.value).replace(str(path), "x")


@pytest.mark.parametrize("kind", FAULTS)
@FEWER
@given(data=st.data())
def test_the_earliest_row_is_told(
    kind: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = 12
    some = st.dictionaries(
        st.integers(0, rows - 2), st.sampled_from(list(FAULTS[kind])), min_size=2, max_size=4
    )
    faults = data.draw(some)
    first = min(faults)
    is_blank = kind == "csv" and first == 0 and not faults[first]
    path = tmp_path_factory.mktemp("x") / f"x.{kind}"
    path.write_text(lines(kind, faults, rows))
    found = {told(path, size) for size in SIZES}
    assert len(found) == 1
    place = f"x:{first + (2 if kind == 'csv' else 1)}: "
    if kind == "csv" or first > 0 or is_blank:  # the first object says what is in the others
        assert found.pop().startswith(f"cecalc: error: {place}{FAULTS[kind][faults[first]]}")


@pytest.mark.parametrize("first", [1, 5])
@pytest.mark.parametrize("size", SIZES)
def test_the_rows_before_the_fault_come_out(size: int, first: int, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for fault in FAULTS["csv"]:
        path.write_text(lines("csv", {first: fault, 7: "r,1,2"}, 9))
        came = list[str]()
        with pytest.raises(CecalcError):
            collected(path, size, came.append)
        assert "".join(came).count("\nr,1,2,0,") == first


def collected(path: Path, size: int, take: Callable[[str], None]) -> None:
    from cecalc import run
    from cecalc.input import text as blocks
    from cecalc.request import Screen

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", size)
        items = run.run(request(Task.CE, inputs=(str(path),)), results)
        for part in CSV.render(items, Screen()):
            take(part)


TABLES: dict[str, dict[str, dict[int, float | None]]] = {
    "null": {"logit_a": {6: None}, "target": {3: 9, 8: 7}},
    "nan": {"logit_a": {6: float("nan"), 9: float("nan")}, "target": {8: 7}},
    "two nulls": {"logit_a": {9: None}, "logit_b": {4: None}, "target": {5: 7}},
    "target null": {"logit_a": {9: None}, "target": {4: None, 2: 7, 3: 7, 8: 7}},
}


@pytest.mark.parametrize("name", TABLES)
def test_columns(name: str, tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "logit_a": [1.0] * 12,
        "logit_b": [2.0] * 12,
        "target": [0] * 12,
    }
    for column, cells in TABLES[name].items():
        for row, cell in cells.items():
            columns[column][row] = cell
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table(columns), path)
    first = min(row for cells in TABLES[name].values() for row in cells)
    found = {told(path, size) for size in SIZES}
    assert len(found) == 1
    assert f"row {first}: " in found.pop()


def test_lists_of_another_length(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    lists = [[1.0, 2.0]] * 5 + [[1.0, 2.0, 3.0]] * 5
    pq.write_table(pa.table({"logits": lists, "target": [0] * 10}), path)
    assert {told(path, size) for size in SIZES} == {"cecalc: error: x: row 5: 3 logits, expected 2"}


def test_windows_of_arrays(tmp_path: Path) -> None:
    logits, target = np.zeros((20, 2)), np.zeros(20)
    logits[[4, 9]], logits[11], target[[7, 13]] = np.nan, np.inf, 5
    for name, array in (("x", logits), ("t", target)):
        (tmp_path / f"{name}.npy").write_bytes(npy(array))
    given_target = NamedFile("--target", str(tmp_path / "t.npy"))
    found = set()
    for size in SIZES:
        values = tmp_path / "x.npy"
        with pytest.raises(CecalcError) as caught:
            in_blocks(request(Task.CE, values, given_target), size)
        found.add(str(caught.value).replace(str(values), "x"))
    assert found == {"x: row 4, class 0: logit is nan (2 such rows: 4, 9)"}


@pytest.mark.parametrize(
    ("targets", "hint"),
    [
        ("0,1,2", "targets up to 2: class numbers belong to ce, with a value for every class"),
        ("1,1,2", "targets are 1 and 2: subtract 1"),
        ("1,-1,1", "targets are -1 and 1: map them with (t + 1) / 2"),
        ("0,1,9,255", "targets up to 255: looks like grey levels, divide by 255"),
        ("1,-1,0", None),
    ],
)
def test_hints_know_all_targets(targets: str, hint: str | None, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("logit,target\n" + "".join(f"1,{t}\n" for t in targets.split(",")))
    for size in SIZES:
        with pytest.raises(CecalcError) as caught:
            in_blocks(request(Task.BCE, inputs=(str(path),)), size)
        assert caught.value.hint == hint


@pytest.mark.fault(39)
@pytest.mark.parametrize("size", SIZES)
def test_what_ends_early_ends_after_the_same_row(size: int, tmp_path: Path) -> None:
    chance = random.Random(0)  # noqa: S311 (numbers that compress badly)
    text = "logit_a,logit_b,target\n" + "".join(
        f"{chance.random()},{chance.random()},0\n" for _ in range(200)
    )
    written = io.BytesIO()
    with gzip.GzipFile(fileobj=written, mode="w") as stream:
        stream.write(text.encode())
    path = tmp_path / "x.csv.gz"
    path.write_bytes(written.getvalue()[:-900])
    found = told(path, size)
    assert found == told(path, 2**22)
    assert found.startswith("cecalc: error: x: compressed data ends early (after row ")
