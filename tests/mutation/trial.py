"""A module with a fault in it under its tests, in a process of its own."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import pytest

from tests.mutation.places import ROOT

HEAVY = (
    "numpy", "torch", "pyarrow", "pyarrow.csv", "pyarrow.parquet", "pyarrow.feather", "rich.table",
    "rich.markdown", "typer", "pytest", "hypothesis", "hypothesis.extra.numpy", "mpmath",
    "array_api_strict", "array_api_compat.numpy", "array_api_compat.torch",
)  # fmt: skip
"""What every trial would import anew."""
_MEMORY = 6 * 2**30
"""How much a fault may take beyond what is taken already."""
_PATIENCE = 3
"""How many times the CPU time of sound code a fault may take at most: it may never end."""


@dataclass(frozen=True)
class Trial:
    """What became of a fault."""

    status: str
    """`killed`, `survived`, or `unfit` where the tests themselves did not run."""
    by: str
    """The test that saw it, or what else ended it."""
    seconds: float
    """CPU seconds."""


class _Planted(importlib.machinery.SourceFileLoader):
    """Loads a module from a text that is in no file."""

    def __init__(self, name: str, path: Path, text: str) -> None:
        super().__init__(name, str(path))
        self._text = text

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 (one module has one text)
        return compile(self._text, self.path, "exec", dont_inherit=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module; as a plugin, before pytest's own finder does, and before a conftest."""

    def __init__(self, path: Path, text: str) -> None:
        parts = path.relative_to(ROOT).with_suffix("").parts
        self.path, self.text, self.is_package = path, text, parts[-1] == "__init__"
        self.is_found = False
        self.name = ".".join(parts[:-1] if self.is_package else parts)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        if fullname != self.name:
            return None
        self.is_found = True
        return importlib.util.spec_from_file_location(
            fullname,
            self.path,
            loader=_Planted(fullname, self.path, self.text),
            submodule_search_locations=[str(self.path.parent)] if self.is_package else None,
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self) -> None:
        """Nothing of cecalc has been imported yet."""
        sys.meta_path.insert(0, self)


def warm() -> None:
    """Import what trials share; cecalc is not among it."""
    for name in HEAVY:
        importlib.import_module(name)
    assert not [name for name in sys.modules if name.split(".")[0] == "cecalc"]


def tried(path: Path, text: str, tests: Sequence[str], limit: float | None = None) -> Trial:
    """Run tests on a module of another text.

    Parameters
    ----------
    limit : CPU seconds that sound code takes
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        child = os.fork()
        if not child:
            _run(path, text, tests, limit, log)
        status, used = _awaited(child, start + 60 + 10 * _PATIENCE * (limit or 60))
        said = log.read_text(errors="replace") if log.exists() else ""
    return Trial(*_verdict(status, said), used)


def _awaited(child: int, end: float) -> tuple[int, float]:
    """The status of a trial and its CPU seconds; one that waits for ever is ended."""
    while True:
        found, status, used = os.wait4(child, os.WNOHANG)
        if found:
            return status, used.ru_utime + used.ru_stime
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.02)


def _verdict(status: int, said: str) -> tuple[str, str]:
    if os.WIFSIGNALED(status):
        return "killed", signal.Signals(os.WTERMSIG(status)).name
    match os.WEXITSTATUS(status):
        case 0:
            return "survived", ""
        case 1 | 2:  # a test failed, or could not even be imported
            failed = re.search(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", said, re.MULTILINE)
            return "killed", failed[1] if failed else said[-200:]
        case code:
            return "unfit", f"pytest ended with {code}: {said[-500:]}"


def _run(path: Path, text: str, tests: Sequence[str], limit: float | None, log: Path) -> None:
    """What the fork does; it never returns."""
    os.setsid()
    try:
        _bound(limit)
        os.chdir(ROOT)
        for stream in (1, 2):
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
        sys.path.insert(0, str(ROOT))
        finder = _Finder(path, text)
        folder = ["--basetemp", str(log.with_name("temp"))]
        quick = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "brief", *folder]
        quick += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is there already
        code = int(pytest.main([*quick, *tests], plugins=[finder]))
        if not finder.is_found:
            raise ImportError(f"no test imports {path}")
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 (whatever it is, the parent goes on)
        log.open("a").write(traceback.format_exc())
        code = 3
    os._exit(code)


def _bound(limit: float | None) -> None:
    """Ends what would take for ever, or all memory."""
    if limit is not None:
        seconds = int(10 + _PATIENCE * limit)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    taken = Path("/proc/self/statm")
    if taken.exists():
        pages = int(taken.read_text().split()[0])
        most = pages * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
