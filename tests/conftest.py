"""What every test may ask for: the array libraries, and how hard hypothesis tries."""

from __future__ import annotations

import os
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis.configuration import set_hypothesis_home_dir

from cecalc.process import DEADLY
from tests.shell import InProcess

set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "cecalc-hypothesis")
MODEST = settings(max_examples=100, derandomize=True, database=None, deadline=None)
settings.register_profile("modest", MODEST)
settings.register_profile("thorough", MODEST, max_examples=3_000, derandomize=False)
settings.register_profile("brief", MODEST, max_examples=12)
settings.load_profile("modest")  # `--hypothesis-profile thorough` comes later, and wins

for _name in [name for name in os.environ if name.startswith("CECALC_")]:
    del os.environ[_name]  # somebody's own defaults
for _number in DEADLY:  # what is started in the background ignores some, and so would its children
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

LIBRARIES = ("numpy", "strict", "torch", pytest.param("torch-cuda", marks=pytest.mark.gpu))


@dataclass(frozen=True)
class Arrays:
    """One array library, able to take NumPy's arrays and to give them back."""

    name: str
    xp: Any
    """Its array-API namespace."""
    device: str | None = None
    """torch's name of the device; None for libraries that have but one."""

    @classmethod
    def of(cls, name: str) -> Arrays:
        """The library called `name`, imported only now; skips the test where it cannot run."""
        if name == "numpy":
            return cls(name, np)
        if name == "strict":
            return cls(name, pytest.importorskip("array_api_strict"))
        torch = pytest.importorskip("torch")
        torch.set_num_threads(1)  # on a busy machine, waiting for the others took ten times as long
        device = name.partition("-")[2] or "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            pytest.skip("no CUDA device")
        return cls(name, pytest.importorskip("array_api_compat.torch"), device)

    def array(self, values: Any) -> Any:
        """Numbers as float64; the strides of a NumPy array are kept."""
        return self._put(np.asarray(values, dtype=np.float64))

    def index(self, values: Any) -> Any:
        """Class indices as int64."""
        return self._put(np.asarray(values, dtype=np.int64))

    def numpy(self, array: Any) -> np.ndarray:
        """Back on the host."""
        return np.asarray(array if self.device is None else array.cpu())

    def _put(self, host: np.ndarray) -> Any:
        if self.device is None:
            return self.xp.asarray(host)
        import torch

        return torch.from_numpy(host).to(self.device)


@pytest.fixture(scope="session", params=LIBRARIES)
def xp(request: pytest.FixtureRequest) -> Arrays:
    """Runs the test once per array library."""
    return Arrays.of(request.param)


@pytest.fixture
def cecalc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> InProcess:
    """Runs a command line; `tests.shell` tells when it is to be a fork or a start instead."""
    monkeypatch.chdir(tmp_path)
    return InProcess(tmp_path, capfd)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="torture in full, not in samples")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--long"):
        left = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if not item.get_closest_marker("long")]
