"""Signals at any moment: one silent death, at once, and nothing left behind."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cecalc.process import DEADLY
from tests.shell import (
    CECALC,
    computed,
    environment,
    settle,
    shell,
    started,
    wait_until_computed,
)
from tests.torture.sampling import longer, sampled

AT_ONCE = 0.3
"""How many seconds of a processor a signal may cost until the process is gone."""
LAST = {"numpy": 1.2, "torch": 3.0}
"""After how many seconds of a processor everything is imported, and rows are computed."""
RUNS = [
    (backend, output)
    for backend in ("numpy", "torch")
    for output in (
        ["-f", "csv", "-o", "out.csv"],
        ["-o", "out.txt"],
        ["-f", "csv"],
        ["-o", "x.parquet"],
    )
]


@contextmanager
def endless(folder: Path, arguments: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A run whose input has no end; the file that it will write is there, and old."""
    for name in ("out.csv", "out.txt"):
        (folder / name).write_text("old")
    script = "echo logit_a,logit_b,target; exec yes 1,2,0 2>/dev/null"
    with subprocess.Popen(["bash", "-c", script], stdout=subprocess.PIPE) as feed:
        assert feed.stdout
        with started(
            ["ce", *arguments], folder, fresh=True, stdin=feed.stdout, stdout=subprocess.DEVNULL
        ) as run:
            feed.stdout.close()
            try:
                yield run
            finally:
                run.kill()
                feed.kill()


@pytest.mark.parametrize(
    ("number", "backend", "output"),
    sampled(((n, *run) for n in DEADLY for run in RUNS), every=5),
)
@pytest.mark.parametrize("times", [1, longer(12)])
@pytest.mark.fault(11, 12, 13, 14, 16)
def test_a_signal_at_any_moment(
    number: int, times: int, backend: str, output: list[str], tmp_path: Path
) -> None:
    moments = random.Random(f"{number} {times} {backend} {output}")  # noqa: S311
    for _ in range(times):
        with endless(tmp_path, ["--backend", backend, *output]) as run:
            wait_until_computed(run, moments.uniform(0, LAST[backend]))
            if number == signal.SIGINT:
                settle(run)  # a moment earlier it is the interpreter's own to tell
            run.send_signal(number)
            status = run.wait(600)
            assert run.stderr
            assert (status, run.stderr.read()) == (-number, b"")
        left = {path.name: path.read_text() for path in tmp_path.iterdir()}
        assert left == {"out.csv": "old", "out.txt": "old"}


@pytest.mark.skipif(sys.platform != "linux", reason="who knows what it computed?")
@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.fault(11, 12)
def test_nothing_is_computed_after_a_signal(backend: str, tmp_path: Path) -> None:
    with endless(tmp_path, ["--backend", backend, "-o", "out.csv"]) as run:
        wait_until_computed(run, LAST[backend])
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        at_signal = computed(run)
        run.send_signal(signal.SIGINT)
        assert run.wait(600) == -signal.SIGINT
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    in_all = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert in_all - at_signal <= AT_ONCE


@pytest.mark.parametrize("number", sampled(DEADLY, every=3))
@pytest.mark.parametrize("backend", ["numpy", longer("torch")])
@pytest.mark.fault(15)
def test_signals_that_the_parent_ignores_change_nothing(
    number: int, backend: str, tmp_path: Path
) -> None:
    rows = "".join(f"{i % 7},{i % 5},0\n" for i in range(50_000))
    (tmp_path / "rows.csv").write_text("logit_a,logit_b,target\n" + rows)
    command = f"ce rows.csv --no-hints --backend {backend} -o".split()
    assert shell(f"cecalc {' '.join(command)} plain.csv", tmp_path)[0] == 0
    name = signal.Signals(number).name
    script = f"trap '' {name}; echo; exec \"$@\""
    with subprocess.Popen(
        ["bash", "-c", script, "-", *CECALC, *command, "out.csv"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as run:
        assert run.stdout and run.stdout.readline() == b"\n"  # from now on it is ignored
        while run.poll() is None:
            run.send_signal(number)
            time.sleep(0.01)
        assert run.stderr
        assert (run.returncode, run.stderr.read()) == (0, b"")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["out.csv", "plain.csv", "rows.csv"]
    assert (tmp_path / "out.csv").read_bytes() == (tmp_path / "plain.csv").read_bytes()


@pytest.mark.parametrize("times", [4, longer(200)])
@pytest.mark.fault(16)
def test_a_kill_leaves_the_old_file_or_the_new(times: int, tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{i % 5},0\n" for i in range(30_000))
    (tmp_path / "rows.csv").write_text("logit_a,logit_b,target\n" + rows)
    out, moments = tmp_path / "out.csv", random.Random(times)  # noqa: S311
    start = time.monotonic()
    assert shell("cecalc ce rows.csv -o out.csv", tmp_path, fresh=True)[0] == 0
    needed = time.monotonic() - start
    new = out.read_bytes()
    for _ in range(times):
        out.write_text("old")
        with started(["ce", "rows.csv", "-o", "out.csv"], tmp_path, fresh=True) as run:
            time.sleep(moments.uniform(0.5, 1.05) * needed)
            run.kill()
            assert run.wait() in (-signal.SIGKILL, 0)
        assert out.read_bytes() in ((b"old", new) if run.returncode else (new,))
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "rows.csv"]
