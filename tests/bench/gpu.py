"""`python -m tests.bench.gpu`: a file's losses on a CUDA device, beside the floor of the work.

The floor is what cannot be saved: reading the file's bytes into pinned memory and copying them to
the device, block by block, one after the other. Both are timed in one process after a warm-up that
starts the device, in turn, and the median of each is shown with their ratio.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROWS, CLASSES = 4096, 131_072
BLOCK = 2**24


def main() -> int:
    """Measure, and print a line for each."""
    options = argparse.ArgumentParser(prog="python -m tests.bench.gpu", description=__doc__)
    options.add_argument("--device", default="cuda")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--rows", type=int, default=ROWS)
    chosen = options.parse_args()
    import torch

    if not torch.cuda.is_available():
        print("no CUDA device here")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        logits, target = _written(Path(folder), chosen.rows)
        works: dict[str, Callable[[], object]] = {
            "read + copy": lambda: _floor(logits, chosen.device),
            "cecalc": lambda: _losses(logits, target, chosen.device),
        }
        for work in works.values():
            work()
        seconds: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(chosen.runs):
            for name, work in works.items():
                start = time.perf_counter()
                work()
                torch.cuda.synchronize()
                seconds[name].append(time.perf_counter() - start)
        size = logits.stat().st_size
    median = {name: statistics.median(took) for name, took in seconds.items()}
    print(f"{torch.cuda.get_device_name()}, float16 {chosen.rows} × {CLASSES}, {size / 1e9:.2f} GB")
    for name, took in median.items():
        print(f"{name:12} {took:8.3f} s {size / took / 1e9:8.2f} GB/s")
    print(f"cecalc / floor: {median['cecalc'] / median['read + copy']:.2f}")
    return 0


def _written(folder: Path, rows: int) -> tuple[Path, Path]:
    rng = np.random.default_rng(0)
    logits = np.lib.format.open_memmap(
        folder / "logits.npy", mode="w+", dtype=np.float16, shape=(rows, CLASSES)
    )
    for row in range(rows):
        logits[row] = rng.normal(0, 3, CLASSES)
    logits.flush()
    np.save(folder / "target.npy", rng.integers(0, CLASSES, rows))
    return folder / "logits.npy", folder / "target.npy"


def _floor(path: Path, device: str) -> None:
    import torch

    pinned = torch.empty(BLOCK, dtype=torch.uint8, pin_memory=True)
    view: Any = pinned.numpy()
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(view):
            pinned[:size].to(device)


def _losses(logits: Path, target: Path, device: str) -> float:
    from cecalc.items import Report
    from cecalc.request import Arithmetic, InputRequest, NamedFile, Request
    from cecalc.run import run
    from cecalc.run.results import results
    from cecalc.terms import BackendName, Kind, Task

    asked = Request(
        InputRequest(
            Task.CE,
            values={Kind.LOGITS: NamedFile("--logits", str(logits))},
            target=NamedFile("--target", str(target)),
        ),
        arithmetic=Arithmetic(BackendName.TORCH, device),
    )
    *_, report = run(asked, results)
    assert isinstance(report, Report) and report.loss is not None
    return report.loss


if __name__ == "__main__":
    sys.exit(main())
