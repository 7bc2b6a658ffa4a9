"""The pieces of work, with what is promised of each."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.bench.data import Data
from tests.bench.work import FLOAT32, Contender, Work

EXAMPLE = ("--logits", "[[2,-3,0.8,1.2],[1.5,-0.1,0.9,-1.3]]", "--target", "2,1")
NARROW = (1_000_000, 10, 5)
"""Rows, classes, decimals: about 93 MB of CSV."""
TWICE = (2_000_000, 10, 5)
WIDE = (60_000, 1_000, 6)
"""About 564 MB of CSV."""
TIGHT = 2
"""More runs where a promise leaves little room for noise."""


def first_example(_: Data) -> Work:
    """What the calculator costs before it calculates; the peer only imports torch."""
    imports = (sys.executable, "-c", "import torch")
    return Work.of(
        Contender("cecalc", _cecalc(*EXAMPLE), precision=None),
        Contender("import torch", imports, precision=None, time=0.25),
    )


def csv_narrow(data: Data) -> Work:
    """Many rows of few classes."""
    path = str(data.csv(*NARROW))
    return Work.of(
        Contender("cecalc", _cecalc(path, "-q")),
        Contender("pandas + torch", _peer("pandas_torch", path), time=0.45),
        Contender("polars + torch", _peer("polars_torch", path)),
        Contender("DuckDB, SQL", _peer("duckdb_case", path), time=1.7),
        Contender("pandas + scikit-learn", _peer("sklearn_log_loss", path)),
        Contender("polars scan, no loss", _peer("polars_scan", path), precision=None),
        peak=250,
    )


def csv_wide(data: Data) -> Work:
    """Fewer rows of many classes."""
    path = str(data.csv(*WIDE))
    return Work.of(
        Contender("cecalc", _cecalc(path, "-q")),
        Contender("pandas + torch", _peer("pandas_torch", path), time=0.55),
        Contender("polars + torch", _peer("polars_torch", path)),
        Contender("DuckDB, SQL", _peer("duckdb_list", path)),
        Contender("pandas + scikit-learn", _peer("sklearn_log_loss", path)),
        Contender("polars scan, no loss", _peer("polars_scan", path), precision=None, time=1.8),
        peak=300,
    )


def pipe_narrow(data: Data) -> Work:
    """The same from a pipe; the whole pipeline is timed."""
    return _piped(data.csv(*NARROW))


def pipe_wide(data: Data) -> Work:
    """The same from a pipe; the whole pipeline is timed."""
    return _piped(data.csv(*WIDE))


def twice_the_rows(data: Data) -> Work:
    """Memory does not grow with the rows."""
    more = Contender("cecalc, twice the rows", _cecalc(str(data.csv(*TWICE)), "-q"), precision=None)
    once = Contender(
        "cecalc, once",
        _cecalc(str(data.csv(*NARROW)), "-q"),
        precision=None,
        time=2.1,
        memory=1.1,
    )
    return Work.of(more, once, more_runs=TIGHT)


def csv_to_csv(data: Data) -> Work:
    """Every row written again with its loss, into a file beside the input; the mean printed."""
    path = data.csv(*NARROW)
    losses = str(path.with_suffix(".losses.csv"))
    return Work.of(
        Contender("cecalc -f csv -o FILE", _cecalc(str(path), "-q", "-f", "csv", "-o", losses)),
        Contender("cecalc, summary alone", _cecalc(str(path), "-q"), time=2.2),
    )


def why_narrow(data: Data) -> Work:
    """Every recipe tried beside the loss; ln 10 is always one, so that it ends with status 0."""
    path = str(data.csv(*NARROW))
    why = (sys.executable, "-m", "cecalc", "why", "2.3026", path)
    return Work.of(
        Contender("cecalc why", why, precision=None),
        Contender("cecalc ce", _cecalc(path, "-q"), precision=None, time=5.0, memory=1.5),
    )


def json_lines(data: Data) -> Work:
    """An object with a list on each line."""
    path = str(data.json_lines(*NARROW))
    return Work.of(
        Contender("cecalc", _cecalc(path, "-q")),
        Contender("orjson + torch", _peer("orjson_torch", path), FLOAT32, time=0.5),
    )


def npy_float32(data: Data) -> Work:
    """A validation set as an array."""
    logits, target = map(str, data.npy(60_000, 1_000, "float32"))
    return Work.of(
        Contender("cecalc", _cecalc("--logits", logits, "--target", target, "-q")),
        Contender("NumPy + torch", _peer("numpy_torch", logits, target), FLOAT32, time=0.45),
    )


def npy_float16(data: Data) -> Work:
    """The tokens of a language model."""
    logits, target = map(str, data.npy(4_096, 131_072, "float16"))
    return Work.of(
        Contender("cecalc", _cecalc("--logits", logits, "--target", target, "-q")),
        Contender("NumPy + torch", _peer("numpy_torch", logits, target), FLOAT32, time=0.4),
        peak=500,
    )


def parquet(data: Data) -> Work:
    """All rows in one row group, as pandas and pyarrow write them unless told otherwise."""
    path = str(data.parquet(60_000, 1_000))
    return Work.of(
        Contender("cecalc", _cecalc(path, "-q")),
        Contender("pandas + torch", _peer("parquet_torch", path), FLOAT32, time=0.5),
    )


def backends_csv(data: Data) -> Work:
    """Whether `auto` chooses well."""
    return _backends(str(data.csv(*NARROW)))


def backends_npy(data: Data) -> Work:
    """Whether `auto` chooses well."""
    logits, target = map(str, data.npy(60_000, 1_000, "float32"))
    return _backends("--logits", logits, "--target", target)


WORKS: dict[str, Callable[[Data], Work]] = {
    "first example": first_example,
    "CSV 1M × 10": csv_narrow,
    "CSV 60k × 1000": csv_wide,
    "pipe 1M × 10": pipe_narrow,
    "pipe 60k × 1000": pipe_wide,
    "twice the rows, CSV 2M × 10": twice_the_rows,
    "losses as CSV, 1M × 10": csv_to_csv,
    "why, CSV 1M × 10": why_narrow,
    "JSON lines 1M × 10": json_lines,
    "npy float32 60k × 1000": npy_float32,
    "npy float16 4096 × 131072": npy_float16,
    "Parquet 60k × 1000": parquet,
    "backends, CSV 1M × 10": backends_csv,
    "backends, npy 60k × 1000": backends_npy,
}
"""Each makes its files when it is called."""


def _cecalc(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "cecalc", "ce", *arguments)


def _peer(name: str, *paths: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.bench.peers", name, *paths)


def _piped(path: Path) -> Work:
    pipeline = ("sh", "-c", 'cat "$1" | "$0" -m cecalc ce -q', sys.executable, str(path))
    return Work.of(
        Contender("cat FILE | cecalc", pipeline),
        Contender("cecalc FILE", _cecalc(str(path), "-q"), time=1.15),
        more_runs=TIGHT,
    )


def _backends(*arguments: str) -> Work:
    """The bound holds beside both, and so beside the better of the two."""
    auto, *others = (
        Contender(
            f"cecalc --backend {name}", _cecalc(*arguments, "-q", "--backend", name), time=1.1
        )
        for name in ("auto", "numpy", "torch")
    )
    return Work.of(replace(auto, time=None), *others, more_runs=TIGHT)
