"""Outputs of every size into streams of every kind."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.shell import FOUNDING, SIGPIPE, shell
from tests.torture.sampling import sampled

ROWS = 20_000
WIDE = 30_000
COMMANDS = {"small": FOUNDING, "large": "ce rows.csv", "long": "softmax line.csv"}
SINKS = (
    "| head -1", "| true", "> /dev/full", ">&-", "2>&-", "<&-", "> disk/x", "> limited",
    "> /dev/full 2>&-",
)  # fmt: skip
FORMATS = ("csv", "table", "json", "jsonl")
CANNOT = "cecalc: error: cannot write output: "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Inputs, and a disk of 64 KiB where one can be had."""
    path = tmp_path_factory.mktemp("streams")
    lines = (f"{i % 7},{i % 5},a\n" for i in range(ROWS))
    (path / "rows.csv").write_text("logit_a,logit_b,target\n" + "".join(lines))
    names = ",".join(f"logit_{i}" for i in range(WIDE))
    (path / "line.csv").write_text(f"{names}\n{','.join(['-1.5'] * WIDE)}\n")
    (path / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(path / "disk")]
    is_mounted = os.geteuid() == 0 and subprocess.run(mount, check=False).returncode == 0
    if is_mounted:
        (path / "disk" / ".mounted").touch()
    yield path
    if is_mounted:
        subprocess.run(["umount", str(path / "disk")], check=True)


@pytest.fixture(scope="module")
def plain() -> dict[tuple[str, str], str]:
    """What each command writes where nothing is wrong, once it has been asked for."""
    return {}


CASES = [
    (size, sink, form, unbuffered)
    for sink, size, form, unbuffered in itertools.product(SINKS, COMMANDS, FORMATS, ("", "1"))
]


@pytest.mark.parametrize(("size", "sink", "form", "unbuffered"), sampled(CASES, every=29))
@pytest.mark.fault(1, 2, 3, 4, 5, 7, 8, 9)
def test_a_stream_gets_all_or_the_status_tells(
    size: str,
    sink: str,
    form: str,
    unbuffered: str,
    folder: Path,
    plain: dict[tuple[str, str], str],
) -> None:
    command = f"cecalc {COMMANDS[size]} -f {form}"
    if (size, form) not in plain:
        plain[size, form] = shell(command, folder)[1]
    whole = plain[size, form]
    if sink == "> disk/x" and not (folder / "disk" / ".mounted").exists():
        pytest.skip("needs root, and leave to mount a disk of 64 KiB")
    before = "ulimit -f 64; " if sink == "> limited" else ""
    more: dict[str, Any] = {"fresh": True, "PYTHONUNBUFFERED": "1"} if unbuffered else {}
    status, out, err = shell(f"{before}{command} {sink}", folder, **more)
    match sink:
        case "| head -1":
            assert out == whole[: whole.index("\n") + 1]
            first = len(out.encode())
            may_end = len(whole.encode()) - first <= 2**16  # the pipe takes the rest in
            assert (status, err) in [(SIGPIPE, ""), (0, "") if may_end else (SIGPIPE, "")]
        case "| true":
            assert (status, out, err) in [(SIGPIPE, "", ""), (0, "", "")]
            assert status == SIGPIPE or len(whole) <= 2**16
        case "> /dev/full":
            assert (status, err) == (5, f"{CANNOT}No space left on device\n")
        case ">&-":
            assert (status, err) == (5, f"{CANNOT}standard output is closed\n")
        case "2>&-" | "<&-":
            assert (status, out, err) == (0, whole, "")
        case "> /dev/full 2>&-":
            assert (status, err) == (5, "")
        case _:
            path = folder / sink[2:]
            found = path.read_bytes()
            path.unlink()
            is_full = len(whole.encode()) > 2**16
            reason = "File too large" if before else "No space left on device"
            assert whole.encode().startswith(found)
            assert (found == whole.encode()) != is_full
            assert (status, err) == ((5, f"{CANNOT}{reason}\n") if is_full else (0, ""))
