"""Input of any size in bounded memory, limits that end in a status, and bombs."""

from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.shell import CECALC, ROOT, check, environment, shell
from tests.torture.sampling import longer, sampled

MEGA = 2**20
BOUND = 600 * MEGA
"""What no run may take, whatever its input holds."""
LONGEST = 64 * MEGA
"""How many characters a line may have."""
WATCH = """
import os, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
with open(sys.argv[1], "w") as file:
    file.write(str(peak * (1 if sys.platform == "darwin" else 1024)))
sys.exit(status if status >= 0 else 128 - status)
"""
"""Runs a command and writes down its peak memory; small itself, as a child begins with ours."""


def watched(arguments: list[str], folder: Path, feed: str | None = None) -> tuple[int, str, int]:
    """Status, standard error and peak memory of a run that reads what a bash command writes."""
    peak = folder / "peak"
    with subprocess.Popen(["bash", "-c", feed or ":"], stdout=subprocess.PIPE) as source:
        run = subprocess.Popen(
            [sys.executable, "-c", WATCH, str(peak), *CECALC, *arguments],
            cwd=folder,
            env=environment(),
            stdin=source.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert source.stdout and run.stderr
        source.stdout.close()
        err = run.stderr.read().decode()
        run.stderr.close()
        status = run.wait(3600)
        source.kill()
    check(status, err)
    return status, err, int(peak.read_text())


STREAMS = {
    "csv": ("logit_a,logit_b,target,note", "-0.25,1.5,0," + "x" * 240),
    "jsonl": ("", '{"logits":[-0.25,1.5],"target":0,"note":"' + "x" * 240 + '"}'),
    "tsv": ("logit_a\tlogit_b\ttarget\tnote", "-0.25\t1.5\t0\t" + "x" * 240),
}


@pytest.mark.parametrize("form", ["csv", longer("jsonl"), longer("tsv")])
@pytest.mark.parametrize("output", ["-q", longer("-f"), longer("table")])
@pytest.mark.parametrize("size", [100 * MEGA, longer(1000 * MEGA)])
@pytest.mark.fault(44)
def test_a_stream_takes_no_more_memory_when_it_is_longer(
    form: str, output: str, size: int, tmp_path: Path
) -> None:
    _stream(form, output, size, tmp_path)


@pytest.mark.long
def test_a_very_long_stream(tmp_path: Path) -> None:
    _stream("csv", "-q", 10_000 * MEGA, tmp_path)


def _stream(form: str, output: str, size: int, folder: Path) -> None:
    header, line = STREAMS[form]
    first = f"echo '{header}';" if header else ""
    feed = f"{first} yes -- '{line}' | head -{size // (len(line) + 1)}"
    more = {"-q": ["-q"], "-f": ["-f", form], "table": []}[output]
    status, err, peak = watched(["ce", "--input-format", form, *more], folder, feed)
    assert (status, err) == (0, "")
    print(f"{form} {output} of {size // MEGA} MiB: at most {peak // MEGA} MiB")  # noqa: T201
    assert peak < BOUND


SPACES = [*range(100, 700, 60), 1000, 2000, 4000]
"""How many MiB a process may address."""


@pytest.mark.parametrize("space", sampled(SPACES, every=5))
@pytest.mark.parametrize(
    "command",
    [
        "ce rows.csv -q",
        longer("ce rows.csv -f json"),
        longer("ce x.npz -q"),
        longer("ce rows.csv.gz -o out.csv"),
    ],
)
@pytest.mark.fault(45)
def test_too_little_memory_is_a_status(space: int, command: str, tmp_path: Path) -> None:
    lines = ["logit_a,logit_b,target", *(f"{i % 7},{i % 5},0" for i in range(300_000))]
    (tmp_path / "rows.csv").write_text("\n".join(lines) + "\n")
    with gzip.open(tmp_path / "rows.csv.gz", "wb", 1) as file:
        file.write((tmp_path / "rows.csv").read_bytes())
    np.savez(tmp_path / "x.npz", logits=np.zeros((10**6, 20)), target=np.zeros(10**6, int))
    limited = f"ulimit -v {space * 1024}; timeout -s ABRT 120 cecalc {command}"
    status, _, err = shell(limited, tmp_path, fresh=True)
    assert (status, err == "") in [(0, True), (6, False)], err
    assert status == 0 or "memory" in err
    assert status == 6 or space >= 256


FILES_NEEDED = [
    "ce x.csv -q -o o.csv",
    "ce x.parquet -q -o o.csv",
    "ce x.pt -q -o o.csv",
    longer("ce x.csv -f json"),
    longer("ce x.csv.gz -q -o o.csv"),
    longer("ce x.csv y.csv -f csv"),
    longer("ce '[xy].csv' -o o.csv"),
    longer("ce x.npz -q"),
    longer("ce x.csv --backend torch -q"),
    longer("why 0.5 x.csv"),
    longer("explain x.csv"),
    longer("ce --logits 1,2 --target 0"),
]


@pytest.mark.parametrize("command", FILES_NEEDED)
def test_too_few_open_files_are_a_status(command: str, tmp_path: Path) -> None:
    for name in ("x.csv", "y.csv"):
        (tmp_path / name).write_text("logit_a,logit_b,target\n1,2,0\n")
    with gzip.open(tmp_path / "x.csv.gz", "wb") as file:
        file.write((tmp_path / "x.csv").read_bytes())
    np.savez(tmp_path / "x.npz", logits=np.zeros((2, 2)), target=np.zeros(2, int))
    for name in ("example.parquet", "example.pt"):
        shutil.copy(ROOT / "samples" / name, tmp_path / name.replace("example", "x"))
    starts = f"{sys.executable} -c 'import cecalc.cli'"
    least = next(n for n in range(3, 30) if _runs(f"ulimit -n {n}; {starts}", tmp_path))
    for n in range(least, least + 5):
        status, _, err = shell(f"ulimit -n {n}; cecalc {command}", tmp_path)
        assert status in (0, 4, 5, 6), err
        assert (status == 0) == (err == "") and (not err or "oo many open files" in err), err
        assert status or not command.endswith("o.csv") or (tmp_path / "o.csv").exists()
        (tmp_path / "o.csv").unlink(missing_ok=True)


def _runs(command: str, folder: Path) -> bool:
    run = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment(), capture_output=True, check=False
    )
    return run.returncode == 0


def _gzipped(head: bytes, body: bytes) -> Callable[[Path], None]:
    """Half a GiB from half a MiB."""

    def put(path: Path) -> None:
        with gzip.open(path, "wb", 1) as file:
            file.write(head)
            for _ in range(512):
                file.write(body * (MEGA // len(body)))

    return put


def _npz(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        with file.open("logits.npy", "w", force_zip64=True) as member:
            header = {"descr": "<f8", "fortran_order": False, "shape": (2**25, 2)}
            np.lib.format.write_array_header_1_0(member, header)
            for _ in range(512):
                member.write(bytes(MEGA))
        with file.open("target.npy", "w") as member:
            np.lib.format.write_array(member, np.zeros(2, int))


def _saved(path: Path, *, is_deflated: bool) -> None:
    torch = pytest.importorskip("torch")
    values = torch.zeros(2**21, 16) if is_deflated else torch.zeros(1).expand(10**6, 10**6)
    plain = io.BytesIO()
    torch.save({"logits": values, "target": torch.zeros(2**21, dtype=torch.long)}, plain)
    if not is_deflated:
        path.write_bytes(plain.getvalue())
        return
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, zipfile.ZipFile(plain) as old:
        for member in old.infolist():
            file.writestr(member.filename, old.read(member))


def _text(text: str) -> Callable[[Path], None]:
    def put(path: Path) -> None:
        path.write_text(text)

    return put


DEEP = 10**6
WIDE = ",".join(f"logit_{i}" for i in range(10**6)) + ",target\n" + "1," * 10**6 + "0\n"
LONG_LINE = "line is longer than "
FILES: list[tuple[str, Callable[[Path], None], str, int, str]] = [
    ("deep.json", _text("[" * DEEP + "]" * DEEP), "", 3, "nested deeper than 100"),
    ("deep.json", _text('{"a":' * DEEP + "1" + "}" * DEEP), "", 3, "nested deeper than 100"),
    ("deep.jsonl", _text('{"logits":[1,2],"target":0,"x":' + "[" * DEEP + "]" * DEEP + "}\n" + '{"logits":[1,2],"target":0}\n'), "", 3, ":1: nested deeper than 100"),  # noqa: E501
    ("wide.csv", _text(WIDE), "", 6, ":1: header has more than 1000000 columns"),
    ("stride.pt", lambda path: _saved(path, is_deflated=False), "", 6, "repeats 4 bytes of values"),
    ("x.pt", lambda path: _saved(path, is_deflated=True), "--max-bytes 10M", 6, "--max-bytes"),
    ("x.npz", _npz, "", 3, "rows of values, 2 targets"),
    ("x.npz", _npz, "--max-bytes 100M", 6, "expands past --max-bytes 100M"),
    ("long.csv.gz", _gzipped(b"logit_a,logit_b,target\n1,", b"1"), "", 6, f":2: {LONG_LINE}"),
    ("head.csv.gz", _gzipped(b"logit_a,", b"a"), "", 6, f":1: {LONG_LINE}"),
    ("long.jsonl.gz", _gzipped(b'{"logits":[1,2],"target":0}\n{"logits":[', b"1"), "", 6, LONG_LINE),  # noqa: E501
    ("rows.csv.gz", _gzipped(b"logit_a,logit_b,target\n", b"1.00000,2.00000,0\n"), "--max-bytes 20M", 6, "more than --max-bytes"),  # noqa: E501
    ("blank.csv.gz", _gzipped(b"logit_a,logit_b,target\n1,2,0\n", b"\n"), "", 6, ":3: more than"),
    ("blank.jsonl.gz", _gzipped(b'{"logits":[1,2],"target":0}\n', b"\n"), "", 0, ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "put", "options", "status", "said"), sampled(FILES, every=4))
@pytest.mark.fault(43, 44)
def test_a_bomb_is_refused_in_bounded_memory(
    name: str, put: Callable[[Path], None], options: str, status: int, said: str, tmp_path: Path
) -> None:
    put(tmp_path / name)
    found, err, peak = watched(["ce", name, *options.split()], tmp_path)
    assert (found, said in err) == (status, True), err
    assert peak < BOUND, peak // MEGA


MUCH = "head -c 2G /dev/zero | tr '\\0'"
PIPES = [
    ("yes logit_a | head -1000000000 | tr '\\n' ,", f":1: {LONG_LINE}"),
    ("yes logit_a | head -10000000 | tr '\\n' ,; echo target; echo 1", f":1: {LONG_LINE}"),
    ("yes a | head -10000000 | tr '\\n' ,; echo target; echo 1", "header has more than 1000000"),
    (f"echo logit_a,logit_b,target; echo -n 1,; {MUCH} 1", f":2: {LONG_LINE}"),
    (f"echo logit_a,logit_b,target; echo 1,2,0; echo -n '1,\"'; {MUCH} 1", f":3: {LONG_LINE}"),
    (
        f'echo \'{{"logits":[1,2],"target":0}}\'; echo -n \'{{"logits":[1,\'; {MUCH} 1',
        f":2: {LONG_LINE}",
    ),
    (f"echo -n '{{\"logits\":[[1,'; {MUCH} 1", f":1: {LONG_LINE}"),
    (f"{MUCH} 1", f":1: {LONG_LINE}"),
    (f"{MUCH} '['", ""),
    ("head -c 2G /dev/zero", f":1: {LONG_LINE}"),
]


LINES = f"echo logit_a,logit_b,target; echo 1,2,0; echo -n '1,\"'; {MUCH} '\\n'"


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        *sampled(PIPES, every=6),
        pytest.param(LINES, "quoted field is never", marks=pytest.mark.long),
    ],
)
@pytest.mark.fault(43, 44)
def test_a_stream_without_an_end_of_line(feed: str, said: str, tmp_path: Path) -> None:
    status, err, peak = watched(["ce", "-q"], tmp_path, feed)
    assert status in (3, 6) and said in err, err
    assert peak < 4 * LONGEST + BOUND, peak // MEGA
