"""The summary without its rows, and what it is quoted with."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from pyarrow import feather, parquet

from cecalc.cli import status_of


@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl", "parquet", "arrow", "json"])
def test_without_rows_there_is_one_row_of_figures(
    form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"x.{form}"
    line = ["ce", "--logits", "1,2;3,1", "--target", "1,1", "--no-rows", "-f", form]
    assert status_of([*line, "-o", str(path)]) == 0
    if form in ("csv", "tsv"):
        with path.open(newline="") as file:
            names, *rows = csv.reader(file, delimiter="\t" if form == "tsv" else ",")
        found = [dict(zip(names, row, strict=True)) for row in rows]
    elif form in ("json", "jsonl"):
        found = [json.loads(path.read_text())]
    else:
        read = parquet.read_table if form == "parquet" else feather.read_table
        found = read(path).to_pylist()
    assert len(found) == 1
    assert float(found[0]["loss"]) == pytest.approx(1.2200948492805976, abs=1e-15)
    assert found[0]["signature"].startswith("cecalc:0.2|ce|mean|N=2|C=2|target=index|weight=no")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", "--weight 1,2"),
        ("--weight 1,2", "--weight 2,1"),
        ("--sample-weight 1,2", "--sample-weight 1,3"),
        ("", "--label-smoothing 0.1"),
        ("", "--reduction sum"),
        ("", "--dtype float32"),
        ("", "--unchecked"),
    ],
)
def test_what_changes_the_loss_changes_the_signature(
    one: str, other: str, capfd: pytest.CaptureFixture[str]
) -> None:
    line = "ce --logits 1,2;3,1 --target 1,1 --no-rows -f json --no-hints"
    for more in (one, one, other):
        assert status_of([*line.split(), *more.split()]) == 0
    signatures = re.findall(r'"signature": "(.*?)"', capfd.readouterr().out)
    assert signatures[0] == signatures[1] != signatures[2]
