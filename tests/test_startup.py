"""What is imported when: promises about start-up, read from `sys.modules` and not from a clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {"numpy", "pyarrow", "torch"}
PROBE = """
import json, os, sys
from cecalc.cli import status_of
for arguments in json.loads(sys.argv[1]):
    if pid := os.fork():
        os.waitpid(pid, 0)
        continue
    status = status_of(arguments)
    heavy = sorted({"numpy", "pyarrow", "torch", "rich"} & set(sys.modules))
    print(json.dumps([arguments, status, heavy]), file=sys.stderr, flush=True)
    os._exit(0)
"""
"""One start, whose imports are those of every run after it; the runs know nothing of each other."""


def loaded(*runs: tuple[str, ...]) -> dict[tuple[str, ...], tuple[int, set[str]]]:
    """The status of each run, and which of the heavy packages had been imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps(runs)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("[")]
    assert len(told) == len(runs)
    return {tuple(arguments): (status, set(heavy)) for arguments, status, heavy in told}


LIGHT: dict[tuple[str, ...], int] = {
    ("--help",): 0,
    ("--version",): 0,
    ("ce", "--help"): 0,
    ("bce", "--help"): 0,
    ("why", "--help"): 0,
    ("why", "§1"): 0,
    ("why", "#7", "-f", "json"): 0,
    ("why", "§54"): 2,
    ("guide",): 0,
    ("guide", "concepts"): 0,
    ("guide", "--help"): 0,
    ("guide", "concept"): 2,
    ("why", "x", "x.csv"): 2,
    ("why", "0.5", "x.csv", "--batch-size", "0"): 2,
    ("why", "0.5", "x.csv", "-f", "csv"): 2,
    ("explain", "--help"): 0,
    (): 2,
    ("cee",): 2,
    ("ce", "--logit", "1,2"): 2,
    ("ce", "--logits", "1,x", "--target", "0"): 2,
    ("ce", "--logits", "1,2", "--probs", "1,2", "--target", "0"): 2,
    ("ce", "--logits", "1,2", "3", "--target", "0"): 2,
    ("ce", "--logits", "1,2", "--target", "0", "--label-smoothing", "2"): 2,
    ("ce", "--logits", "1,2", "--target", "0", "--device", "tpu"): 2,
    ("ce", "--logits", "1,2", "--target", "0", "-o", "x.docx"): 2,
    ("bce", "--probs", ".5,.2", "--target", "0,1", "--pos-weight", "2"): 2,
    ("explain", "--logits", "1,2", "--target", "0", "-f", "csv"): 2,
    ("ce", "--backend", "numpy", "--device", "cuda", "--logits", "1,2"): 2,
}
"""What `argv` alone decides, and its status."""


def test_what_argv_decides_imports_nothing_heavy() -> None:
    found = {line: (status, heavy & HEAVY) for line, (status, heavy) in loaded(*LIGHT).items()}
    assert found == {line: (status, set()) for line, status in LIGHT.items()}


SMALL = [
    ("ce", "--logits", "2,-3,0.8,1.2", "--target", "2"),
    ("bce", "samples/tumours.csv", "-f", "csv"),
    ("ce", "samples/digits.csv", "-f", "json"),
    ("softmax", "--logits", "1,2"),
    ("why", "0.2232", "samples/digits.csv", "-f", "json"),
    ("explain", "--logits", "2,-3,0.8,1.2", "--target", "2"),
    ("explain", "samples/digits.csv", "--code"),
]


def test_a_small_problem_imports_numpy_alone() -> None:
    found = {line: (status, heavy & HEAVY) for line, (status, heavy) in loaded(*SMALL).items()}
    assert found == dict.fromkeys(SMALL, (0, {"numpy"}))


def test_only_a_drawing_imports_rich() -> None:
    found = loaded(("ce", "samples/digits.csv", "-f", "csv"), ("guide",), ("guide", "concepts"))
    assert all("rich" not in heavy for _, heavy in found.values())


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_no_bulk_reader_or_writer_imports_pandas(suffix: str, tmp_path: Path) -> None:
    """Arrow does so by itself in some of its calls, at 0.2 s; here it would find one that fails."""
    import pyarrow as pa
    from pyarrow import parquet

    (tmp_path / "pandas.py").write_text("raise SystemError('imported')")
    path = tmp_path / f"x.{suffix}"
    rows = range(5000)
    match suffix:
        case "csv":
            lines = ["id,logit_a,logit_b,target", *(f"{r},{r / 7},{r % 9},a" for r in rows)]
            path.write_text("\n".join(lines) + "\n")
        case "jsonl":
            one = '{{"id": "{}", "logits": [{}, 2.5], "target": 1, "n": {}}}\n'
            path.write_text("".join(one.format(r, r / 7, "null" if r else 1) for r in rows))
        case "parquet":
            columns = {"logit_a": [r / 7 for r in rows], "logit_b": [1.0] * 5000}
            parquet.write_table(pa.table(columns | {"target": [1] * 5000}), path)
    for output in ("csv", "table"):
        run = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "cecalc", "ce", str(path), "-f", output],
            env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
            capture_output=True,
            text=True,
            check=True,
        )
        imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
        assert "pyarrow" in imported and "pandas" not in imported


def test_importing_the_package_costs_nothing() -> None:
    probe = "import sys, cecalc; print({'numpy', 'typer', 'rich', 'torch'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout == "set()\n"
