"""Where the arithmetic happens: a device too small for a batch gets it in halves."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from cecalc.compute import backend as backends
from cecalc.compute.backend import Backend, TorchBackend, in_pieces
from cecalc.errors import LimitError
from cecalc.terms import Task
from tests.run.running import TORCH, ran
from tests.shell import ROOT, shell


class Sums(NamedTuple):
    """The sum of each row."""

    sums: NDArray[np.float64]


class Small(Backend):
    """A device with room for so many rows."""

    piece = 64
    out_of_memory = (ArithmeticError,)

    def __init__(self, room: int) -> None:
        self.room, self.tried, self.forgot = room, list[int](), 0

    def forget(self) -> None:
        """Count how often it is asked."""
        self.forgot += 1

    def sums(self, rows: NDArray[np.float64]) -> Sums:
        """The sums, where there is room."""
        self.tried.append(len(rows))
        if len(rows) > self.room:
            raise ArithmeticError
        return Sums(rows.sum(axis=1))


ABSENT = "raise ModuleNotFoundError(name='torch')"
BROKEN = "raise OSError('libcudart.so.12: cannot open shared object file\\nmore')"
NEEDING = [
    ("ce --logits 2,1 --target 0 --device cuda", 2, "--device cuda"),
    ("ce --logits 2,1 --target 0 --dtype float32", 2, "--dtype or --backend torch"),
    ("ce --logits 2,1 --target 0 --backend torch", 2, "--dtype or --backend torch"),
    ("ce x.pt", 4, "x.pt: a .pt file"),
]


@pytest.mark.parametrize(("line", "status", "what"), NEEDING)
@pytest.mark.parametrize(
    ("torch", "why"),
    [
        (ABSENT, "is not installed"),
        (BROKEN, "cannot be loaded: libcudart.so.12: cannot open shared object file"),
    ],
)
def test_torch_that_is_absent_or_broken_is_a_message(
    line: str, status: int, what: str, torch: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "torch.py").write_text(torch)
    shutil.copy(ROOT / "samples" / "example.pt", tmp_path / "x.pt")
    path = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
    found = shell(f"cecalc {line}", tmp_path, fresh=True, **path)
    error, hint, rest = found[2].split("\n")
    assert found[:2] == (status, "")
    assert (error, rest) == (f"cecalc: error: {what} needs torch, which {why}", "")
    assert hint.startswith("cecalc: hint: pip install torch, or ")
    auto = "cecalc ce --logits 2,1 --target 0 --device auto -q"
    assert shell(auto, tmp_path, fresh=True, **path)[0] == 0


@pytest.mark.parametrize(
    ("room", "tried"),
    [(99, [16, 4]), (16, [16, 4]), (7, [16, 8, 4, 4, 4, 4, 4]), (1, [16, 8, 4, 2, *[1] * 20])],
)
def test_out_of_memory_halves_the_piece(room: int, tried: list[int]) -> None:
    rows = np.arange(80.0).reshape(20, 4)
    device = Small(room)
    np.testing.assert_array_equal(in_pieces(device.sums, (rows,), device).sums, rows.sum(axis=1))
    assert device.tried == tried
    assert device.forgot == sum(n > room for n in tried)


def test_a_row_too_large_for_the_device_is_a_limit() -> None:
    device = Small(0)
    with pytest.raises(LimitError, match="out of memory on cpu for one row"):
        in_pieces(device.sums, (np.ones((3, 4)),), device)


@pytest.mark.parametrize("target", [[2, 0, 1] * 4, np.full((12, 3), 1 / 3)], ids=["index", "soft"])
def test_rows_too_many_for_the_device_cost_what_they_do(
    target: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cramped(TorchBackend):
        out_of_memory = (ArithmeticError,)

        def array(self, array: Any) -> Any:
            if array.size > 6:
                raise ArithmeticError
            return super().array(array)

    logits = np.random.default_rng(0).normal(size=(12, 3))
    expected = ran(Task.CE, logits, target, arithmetic=TORCH).rows("loss")
    monkeypatch.setattr(backends, "TorchBackend", Cramped)
    found = ran(Task.CE, logits, target, arithmetic=TORCH).rows("loss")
    np.testing.assert_array_equal(found, expected)


def test_handing_over_to_a_device_is_timed() -> None:
    device = TorchBackend("meta")  # tensors without memory: all there is of it is the way there
    device.array(np.ones(3))
    assert device.transferred() > 0
    assert device.transferred() == 0
    assert TorchBackend("cpu").transferred() == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("backend", [Backend(), TorchBackend("cpu")], ids=["numpy", "torch"])
def test_stored_values_are_widened(backend: Backend, dtype: type) -> None:
    stored: NDArray[Any] = np.asarray([[0.1, -2.5], [np.inf, 6e-8]], dtype=dtype)
    array = backend.numpy(backend.array(stored))
    assert array.dtype == np.float64
    np.testing.assert_array_equal(array, stored.astype(np.float64))
