"""The files the benchmark reads: random, the same on every machine, made once and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

CHUNK = 2_000_000
"""How many logits are drawn at a time; more rows only append to the file of fewer."""
SPREAD = 3.0
"""The standard deviation of the logits."""


class Chunk(NamedTuple):
    """Some rows of a file."""

    first: int
    """The number of the first row."""
    logits: np.ndarray
    """(rows, classes), float64."""
    target: np.ndarray
    """(rows,), int64."""


@dataclass(frozen=True)
class Data:
    """Makes files on request; one that is there already is taken as it is."""

    folder: Path
    scale: float
    """The fraction of the rows to make."""

    def csv(self, rows: int, classes: int, decimals: int) -> Path:
        """Columns id, target, logit_0, logit_1, ..."""
        rows = self._scaled(rows)

        def write(path: Path) -> None:
            import pyarrow as pa
            import pyarrow.csv

            plain = pyarrow.csv.WriteOptions(include_header=False)
            columns = ["id", "target", *_names(classes)]
            with path.open("wb") as file:
                file.write(",".join(columns).encode() + b"\n")
                for first, logits, target in _chunks(rows, classes):
                    ids = np.arange(first, first + len(target))
                    values = [ids, target, *np.round(logits, decimals).T]
                    table = pa.table([np.ascontiguousarray(value) for value in values], columns)
                    pyarrow.csv.write_csv(table, file, plain)

        return self._made(f"{rows}x{classes}-{decimals}-decimals.csv", write)

    def json_lines(self, rows: int, classes: int, decimals: int) -> Path:
        """One object a line: {"id": 0, "logits": [...], "target": 3}."""
        rows = self._scaled(rows)

        def write(path: Path) -> None:
            with path.open("w") as file:
                for first, logits, target in _chunks(rows, classes):
                    lists = zip(np.round(logits, decimals).tolist(), target.tolist(), strict=True)
                    for number, (row, of_row) in enumerate(lists, first):
                        line = {"id": number, "logits": row, "target": of_row}
                        file.write(json.dumps(line) + "\n")

        return self._made(f"{rows}x{classes}-{decimals}-decimals.jsonl", write)

    def npy(self, rows: int, classes: int, dtype: str) -> tuple[Path, Path]:
        """The logits in this dtype, and the targets as int64."""
        rows = self._scaled(rows)

        def write_logits(path: Path) -> None:
            _write_npy(path, (rows, classes), dtype, (c.logits for c in _chunks(rows, classes)))

        def write_target(path: Path) -> None:
            _write_npy(path, (rows,), "int64", (c.target for c in _chunks(rows, classes)))

        return (
            self._made(f"{rows}x{classes}-{dtype}.npy", write_logits),
            self._made(f"{rows}x{classes}-target.npy", write_target),
        )

    def parquet(self, rows: int, classes: int) -> Path:
        """Columns logit_0, ... in float32, and target; written with pyarrow's defaults.

        They are also those of pandas: row groups of 1 Mi rows, so that here all rows are in one
        group, which is why they are all in memory while it is written.
        """
        rows = self._scaled(rows)

        def write(path: Path) -> None:
            import pyarrow as pa
            import pyarrow.parquet

            chunks = [(c.logits.astype("float32"), c.target) for c in _chunks(rows, classes)]
            logits, target = map(np.concatenate, zip(*chunks, strict=True))
            columns = [*np.asfortranarray(logits).T, target]
            pyarrow.parquet.write_table(pa.table(columns, [*_names(classes), "target"]), path)

        return self._made(f"{rows}x{classes}-float32.parquet", write)

    def _scaled(self, rows: int) -> int:
        return max(1, round(rows * self.scale))

    def _made(self, name: str, write: Callable[[Path], None]) -> Path:
        """The file of this name, which appears only when it is complete."""
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f"{name}.part")
            write(part)
            part.rename(path)
        return path


def _names(classes: int) -> list[str]:
    return [f"logit_{number}" for number in range(classes)]


def _chunks(rows: int, classes: int) -> Iterator[Chunk]:
    """All rows, a bounded number at a time, each chunk from a seed of its own."""
    height = max(1, CHUNK // classes)
    for number, first in enumerate(range(0, rows, height)):
        random = np.random.default_rng([number, classes])
        target = random.integers(0, classes, height)
        logits = random.normal(0, SPREAD, (height, classes))
        yield Chunk(first, logits[: rows - first], target[: rows - first])


def _write_npy(
    path: Path, shape: tuple[int, ...], dtype: str, arrays: Iterator[np.ndarray]
) -> None:
    header = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for array in arrays:
            array.astype(dtype).tofile(file)
