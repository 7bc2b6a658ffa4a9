"""System calls that fail, one after the other: output is whole or old, the status tells."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.shell import ROOT, check, shell
from tests.torture.sampling import longer, sampled

STRACE = shutil.which("strace")
WORKS = STRACE and not subprocess.run([STRACE, "-o", "/dev/null", "true"], check=False).returncode
pytestmark = pytest.mark.skipif(not WORKS, reason="needs strace, and leave to trace")

ROWS = 6_000
TO_FILE, TO_STREAM = "-f json -o out.json", "-f json > out.json"
TARGETS = pytest.mark.parametrize("target", [TO_FILE, TO_STREAM], ids=["file", "stream"])


@dataclass(frozen=True)
class Failed:
    """A run of which system calls were made to fail."""

    status: int
    err: str
    calls: list[str]
    """The calls that failed."""


def failing(rule: str, command: str, folder: Path, *more: str) -> Failed:
    """Run a command with a rule of strace on which calls fail."""
    calls = rule.partition(":")[0]
    log = folder / "strace.log"
    wrapped = f"strace -f -y -qq -o {log} -e trace={calls} -e inject={rule} {' '.join(more)}"
    status, _, err = shell(f"{wrapped} cecalc {command}", folder, fresh=True)
    check(status, err)
    lines = log.read_text(errors="replace").splitlines()
    log.unlink()
    return Failed(status, err, [line for line in lines if "(INJECTED)" in line])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the command writes where nothing fails."""
    folder = tmp_path_factory.mktemp("whole")
    _put_rows(folder)
    assert shell(f"cecalc ce rows.csv {TO_STREAM}", folder)[0] == 0
    return (folder / "out.json").read_bytes()


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    _put_rows(tmp_path)
    (tmp_path / "out.json").write_text("old")


def _put_rows(folder: Path) -> None:
    lines = (f"{i % 7},{i % 5},{i % 2}\n" for i in range(ROWS))
    (folder / "rows.csv").write_text("logit_a,logit_b,target\n" + "".join(lines))


def _leaves(folder: Path, target: str, whole: bytes, *, is_done: bool = False) -> None:
    """A file is old or complete, and alone; a stream got the beginning."""
    assert sorted(path.name for path in folder.iterdir()) == ["out.json", "rows.csv"]
    found = (folder / "out.json").read_bytes()
    if target == TO_FILE:
        assert found == (whole if is_done else b"old")
    else:
        assert whole.startswith(found) and (found == whole or not is_done)


@TARGETS
@pytest.mark.parametrize("error", ["ENOSPC", longer("EIO"), longer("EDQUOT")])
@pytest.mark.parametrize("number", sampled([1, 2, 3, 5, 8], every=4))
@pytest.mark.fault(3, 5, 16)
def test_a_write_fails(target: str, error: str, number: int, whole: bytes, tmp_path: Path) -> None:
    run = failing(f"write:error={error}:when={number}", f"ce rows.csv {target}", tmp_path)
    if not run.calls:  # it writes less often
        assert run.status == 0
        return _leaves(tmp_path, target, whole, is_done=True)
    assert run.status == 5 and "cannot write output: " in run.err
    return _leaves(tmp_path, target, whole)


@TARGETS
@pytest.mark.fault(5)
def test_an_interrupted_write_is_repeated(target: str, whole: bytes, tmp_path: Path) -> None:
    run = failing("write:error=EINTR:when=1+2", f"ce rows.csv --no-hints {target}", tmp_path)
    assert (run.status, run.err) == (0, "") and run.calls
    _leaves(tmp_path, target, whole, is_done=True)


@TARGETS
@pytest.mark.fault(6)
def test_closing_fails(target: str, whole: bytes, tmp_path: Path) -> None:
    log = tmp_path / "close.log"
    shell(
        f"strace -y -qq -e trace=close -o {log} cecalc ce rows.csv {target}", tmp_path, fresh=True
    )
    calls = [line for line in log.read_text(errors="replace").splitlines() if "close(" in line]
    log.unlink()
    ours = [i for i, call in enumerate(calls, 1) if re.search(r"\(deleted\)|out\.json", call)]
    assert ours
    (tmp_path / "out.json").write_text("old")
    run = failing(f"close:error=EIO:when={ours[-1]}", f"ce rows.csv {target}", tmp_path)
    assert re.search(r"\(deleted\)|out\.json", "".join(run.calls))
    assert run.status == 5 and run.err.endswith("cannot write output: Input/output error\n")
    _leaves(tmp_path, target, whole)


@pytest.mark.parametrize("call", ["fsync", "linkat", "rename"])
@pytest.mark.parametrize("error", ["EIO", longer("EDQUOT")])
@pytest.mark.fault(16)
def test_taking_the_place_fails(call: str, error: str, whole: bytes, tmp_path: Path) -> None:
    run = failing(f"{call}:error={error}:when=1", f"ce rows.csv {TO_FILE}", tmp_path)
    assert run.calls and run.status == 5
    _leaves(tmp_path, TO_FILE, whole)


@pytest.mark.fault(16)
def test_the_directory_cannot_be_made_durable(whole: bytes, tmp_path: Path) -> None:
    run = failing("fsync:error=EIO:when=2", f"ce rows.csv {TO_FILE}", tmp_path)
    assert run.calls and run.status == 5
    _leaves(tmp_path, TO_FILE, whole, is_done=True)


@pytest.mark.parametrize("error", ["EOPNOTSUPP", longer("EISDIR"), longer("ENOENT")])
@pytest.mark.fault(16)
def test_a_file_system_without_nameless_files(error: str, whole: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    rule, target = f"openat:error={error}:when=1", TO_FILE.replace("out", "x/out")
    run = failing(rule, f"ce rows.csv {target}", tmp_path, "-P", str(tmp_path / "x"))
    assert "O_TMPFILE" in "".join(run.calls)
    assert [path.read_bytes() for path in (tmp_path / "x").iterdir()] == [whole]


@pytest.mark.parametrize("call", ["linkat", "rename"])
@pytest.mark.parametrize("name", ["TERM", longer("INT"), longer("HUP")])
@pytest.mark.fault(14, 16)
def test_a_signal_while_the_place_is_taken(
    call: str, name: str, whole: bytes, tmp_path: Path
) -> None:
    log = tmp_path / "strace.log"
    wrapped = f"strace -f -qq -o {log} -e trace={call} -e inject={call}:signal={name}"
    command = f"exec {wrapped} cecalc ce rows.csv {TO_FILE}"
    status, _, err = shell(command, tmp_path, fresh=True)
    log.unlink()
    assert (status, err) == (128 + getattr(signal, f"SIG{name}"), "")
    is_done = (tmp_path / "out.json").read_bytes() == whole
    _leaves(tmp_path, TO_FILE, whole, is_done=is_done)


SAMPLES = [
    "example.csv", "example.tsv", "example.json", "example.jsonl", "example.npz", "example.csv.gz",
    "example.parquet", "example.feather", "example.pt", "example.safetensors",
]  # fmt: skip


@pytest.mark.parametrize("name", sampled(SAMPLES, every=4))
@pytest.mark.parametrize("number", [1, longer(2), longer(3), longer(5)])
@pytest.mark.fault(46)
def test_reading_fails(name: str, number: int, tmp_path: Path) -> None:
    path = tmp_path / name
    shutil.copy(ROOT / "samples" / name, path)
    rule = f"read,pread64:error=EIO:when={number}"
    run = failing(rule, f"ce {path} {TO_FILE}", tmp_path, "-P", str(path))
    assert (tmp_path / "out.json").exists()
    if not run.calls:
        assert run.status == 0
        return
    assert (tmp_path / "out.json").read_bytes() == b"old"
    assert run.status == 4
    said = "Input/output error"
    if path.suffix in (".npz", ".pt"):  # zipfile swallows the error where it looks for a directory
        said = f"({said}|file ends early.*|its zip directory is damaged)"
    assert re.fullmatch(f"cecalc: error: {re.escape(str(path))}: {said}\n", run.err)
