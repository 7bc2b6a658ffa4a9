"""The whole program on a CUDA device: the digits of NumPy, and no poisoned device."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cecalc.compute import backend
from cecalc.errors import DataError
from cecalc.request import Arithmetic
from cecalc.terms import BackendName, Task
from tests.run.running import NUMPY, ran

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def _device() -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")


CUDA = Arithmetic(BackendName.TORCH, "cuda")
CLOSE = 4 * np.finfo(np.float64).eps


def _table(folder: Path, rows: int, classes: int) -> Path:
    rng = np.random.default_rng(rows)
    path = folder / "x.csv"
    table = np.column_stack([rng.integers(0, classes, rows), rng.normal(0, 9, (rows, classes))])
    names = ",".join(["target", *(f"logit_{c}" for c in range(classes))])
    np.savetxt(path, table, delimiter=",", header=names, comments="", fmt="%.17g")
    return path


@pytest.mark.parametrize(("rows", "classes"), [(1, 2), (50_000, 10), (500, 1000)])
def test_a_file_costs_what_it_costs_on_numpy(tmp_path: Path, rows: int, classes: int) -> None:
    path = _table(tmp_path, rows, classes)
    here = ran(Task.CE, inputs=(str(path),), arithmetic=NUMPY)
    there = ran(Task.CE, inputs=(str(path),), arithmetic=CUDA)
    np.testing.assert_allclose(there.rows("loss"), here.rows("loss"), rtol=CLOSE)
    np.testing.assert_array_equal(there.rows("prediction"), here.rows("prediction"))
    assert there.report.numerator == pytest.approx(here.report.numerator, rel=CLOSE)


@pytest.mark.fault(126)
def test_a_target_out_of_range_leaves_the_device_sound() -> None:
    logits = np.zeros((3, 4))
    with pytest.raises(DataError, match=r"target 4 outside 0\.\.3"):
        ran(Task.CE, logits, np.asarray([0, 4, 1]), arithmetic=CUDA)
    assert ran(Task.CE, logits, np.asarray([0, 3, 1]), arithmetic=CUDA).quiet() == (
        ran(Task.CE, logits, np.asarray([0, 3, 1]), arithmetic=NUMPY).quiet()
    )


def test_cells_cost_what_they_cost_on_numpy() -> None:
    rng = np.random.default_rng(1)
    logits, target = rng.normal(0, 9, (3000, 7)), rng.integers(0, 2, (3000, 7)) * 1.0
    here, there = (ran(Task.BCE, logits, target, arithmetic=a) for a in (NUMPY, CUDA))
    np.testing.assert_allclose(there.rows("cell_loss"), here.rows("cell_loss"), rtol=CLOSE)


def test_a_device_without_room_gets_smaller_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    logits = np.random.default_rng(2).normal(size=(64, 1000))
    target = np.arange(64) % 1000
    expected = ran(Task.CE, logits, target, arithmetic=CUDA).rows("loss")
    whole = backend.TorchBackend.array

    def cramped(self: backend.TorchBackend, array: np.ndarray) -> Any:
        if array.size > 20_000:
            raise torch.OutOfMemoryError
        return whole(self, array)

    monkeypatch.setattr(backend.TorchBackend, "array", cramped)
    found = ran(Task.CE, logits, target, arithmetic=CUDA).rows("loss")
    np.testing.assert_array_equal(found, expected)
