"""cecalc between the programs it is piped to and from: Miller, jq, DuckDB; in both directions.

The numbers have to survive every hand, the other columns too.
"""

from __future__ import annotations

import math
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.forking import asked

ROOT = Path(__file__).parent.parent
TABLE = (
    'id,note,logit_cat,logit_dog,target,"site, place"\n'
    '007,"a ""quoted"", b",2.50,-1,cat,Ulm\n'
    "8,,0.1,0.2,dog,Köln\n"
    '9,"two\nlines",-1e3,1e-3,cat,"x,y"\n'
    "10,=1+1,1,1,-100,Ulm\n"
)
LOSSES = [math.log1p(math.exp(-3.5)), math.log1p(math.exp(-0.1)), 1000.001]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with everything that quoting has to carry."""
    path = tmp_path / "x.csv"
    path.write_text(TABLE)
    return path


def piped(command: str, folder: Path, *needed: str) -> str:
    """What a pipeline prints; it is skipped where one of its programs is missing."""
    for program in needed:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("cecalc", " ".join(asked()))],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def numbers(text: str) -> list[float]:
    """The numbers on the lines of a text."""
    return [float(line) for line in text.split()]


# What is run, with which programs, and the losses that it prints.
FROM_CECALC = [
    ("cecalc ce x.csv -f csv | mlr --icsv --onidx filter '$status != \"ignored\"' then cut -f loss",
     ["mlr"], LOSSES),
    ("cecalc ce x.csv -f tsv --select '!note' | "  # Miller's TSV has no quotes
     "mlr --itsv --onidx filter 'is_not_empty($loss)' then sort -nr loss then head -n 1 then cut -f loss", ["mlr"], LOSSES[2:]),
    ("cecalc ce x.csv -f jsonl | jq 'select(.status == null) | .loss'", ["jq"], LOSSES),
    ("cecalc ce x.csv -f json | jq '.rows[] | .loss | numbers'", ["jq"], LOSSES),
    ("cecalc ce x.csv -f json --no-rows | jq .numerator", ["jq"], [math.fsum(LOSSES)]),
    ("{ cecalc ce x.csv --errors json --fail-above 1 -o y.csv || true; } 2>&1 | jq .limit",
     ["jq"], [1]),
    ("cecalc ce x.csv -f csv | duckdb -noheader -list -c "
     "\"select loss from read_csv('/dev/stdin', all_varchar=true) where loss is not null\"",
     ["duckdb"], LOSSES),
    ("cecalc ce x.csv -f jsonl | duckdb -noheader -list -c "
     "\"select sum(loss) from read_json('/dev/stdin', format='newline_delimited')\"",
     ["duckdb"], [math.fsum(LOSSES)]),
]  # fmt: skip


@pytest.mark.parametrize(("command", "needed", "losses"), FROM_CECALC)
def test_what_cecalc_hands_on(
    command: str, needed: list[str], losses: list[float], table: Path
) -> None:
    assert numbers(piped(command, table.parent, *needed)) == pytest.approx(losses, rel=1e-15)


ALL = [*LOSSES, 0.0]
INTO_CECALC = [
    ("mlr --csv sort -f id x.csv | cecalc ce -q --reduction sum", ["mlr"], [math.fsum(LOSSES)]),
    ("mlr --icsv --otsv cut -x -f note x.csv | cecalc ce - -q --reduction none", ["mlr"], ALL),
    ("mlr --icsv --ojsonl cat x.csv | cecalc ce -q --reduction none", ["mlr"], ALL),
    ("mlr --icsv --ojson cat x.csv | cecalc ce -q --reduction none", ["mlr"], ALL),
    ("mlr --icsv --ojsonl cat x.csv | jq -c '{logits: [.logit_cat, .logit_dog], target: "
     "({cat: 0, dog: 1}[.target | tostring] // -100)}' | cecalc ce -q --reduction none", ["mlr", "jq"], ALL),
    ("jq -n '{logits: [[2.5, -1], [0.1, 0.2]], target: [0, 1]}' | cecalc ce -q --reduction none",
     ["jq"], LOSSES[:2]),
    ("jq -nc '[2.5, -1], [0.1, 0.2]' | jq -s . | cecalc ce --logits - --target 0,1 -q "
     "--reduction none", ["jq"], LOSSES[:2]),
    ("duckdb -csv -c \"from read_csv('x.csv', all_varchar=true)\" | cecalc ce -q --reduction none",
     ["duckdb"], ALL),
    ("duckdb -c \"copy (select logit_cat, logit_dog, target from 'x.csv') to 'y.parquet'\" && "
     "cecalc ce y.parquet -q --reduction none", ["duckdb"], ALL),
    ("duckdb -c \"copy (from 'x.csv') to 'y.jsonl' (format json)\" && "
     "cecalc ce y.jsonl -q --reduction none", ["duckdb"], ALL),
]  # fmt: skip


@pytest.mark.parametrize(("command", "needed", "losses"), INTO_CECALC)
def test_what_cecalc_is_handed(
    command: str, needed: list[str], losses: list[float], table: Path
) -> None:
    assert numbers(piped(command, table.parent, *needed)) == pytest.approx(losses, rel=1e-15)


def test_other_columns_come_through_miller_byte_for_byte(table: Path) -> None:
    ours = "loss,prediction,p_target,correct,status"
    command = f"cecalc ce x.csv -f csv | mlr --csv cut -x -f {ours}"
    assert piped(command, table.parent, "mlr") == piped("mlr --csv cat x.csv", table.parent, "mlr")


def test_a_table_that_went_through_twice_keeps_its_first_losses(table: Path) -> None:
    command = "cecalc ce x.csv -f csv | cecalc ce -f csv | mlr --icsv --ojson head -n 1"
    out = piped(command, table.parent, "mlr")
    assert '"loss":' in out and '"cecalc_loss":' in out
