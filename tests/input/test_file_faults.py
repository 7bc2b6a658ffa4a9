"""Files that cannot be read, end early, are damaged, change or have no end: built, and refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as pf
import pyarrow.parquet as pq
import pytest

from cecalc import run as flow
from cecalc.cli import status_of
from cecalc.errors import InputError
from cecalc.input import files
from cecalc.input import text as blocks
from cecalc.items import Outcome
from cecalc.run.results import results
from cecalc.terms import Task
from tests.faults import of_row
from tests.input.array_files import npy, npz, one_safetensor, pt
from tests.run.running import SIZED, TORCH, request

ROWS = 40_000
TEXT = "logit_a,logit_b,target\n" + "".join(f"{i},{i * 0.37:.6f},{i % 2}\n" for i in range(ROWS))
FEW = TEXT[: TEXT.index("\n20,") + 1]
VALUES = np.stack([np.arange(ROWS), np.arange(ROWS) * 0.37], axis=1)
TABLE = pa.table({"logit_a": VALUES[:, 0], "logit_b": VALUES[:, 1], "target": np.zeros(ROWS, int)})
EARLY, DAMAGED = "compressed data ends early", "compressed data is damaged"


def zstd(data: bytes) -> bytes:
    written = pa.BufferOutputStream()
    with pa.CompressedOutputStream(written, "zstd") as stream:
        stream.write(data)
    compressed: bytes = written.getvalue().to_pybytes()
    return compressed


def parquet(table: Any, **options: Any) -> bytes:
    written = io.BytesIO()
    pq.write_table(table, written, **options)
    return written.getvalue()


def feather(table: Any) -> bytes:
    written = io.BytesIO()
    pf.write_feather(table, written)
    return written.getvalue()


def arrow_stream(table: Any) -> bytes:
    written = io.BytesIO()
    with pa.ipc.new_stream(written, table.schema) as stream:
        stream.write_table(table)
    return written.getvalue()


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, mtime=0),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstd,
}
PACKED = {name: compress(FEW.encode()) for name, compress in COMPRESS.items()}
TWICE = [pa.array([1.0]), pa.array([1.0]), pa.array([1.0]), pa.array([0])]


def cut(data: bytes, less: int = 100) -> bytes:
    return data[:-less]


def wrong(data: bytes, at: int) -> bytes:
    """The data with a bit flipped."""
    place = at % len(data)
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


# fmt: off
# the row of tests/faults.py, the file, its bytes, the status, the message after the file's name
CASES: list[tuple[int, str, bytes, int, str]] = [
    *((39, f"x.csv.{name}", data[:-2], 4, EARLY + " (after row 20)" * (name != "zst")) for name, data in PACKED.items()),
    *((39, f"x.csv.{name}", data[:12], 4, EARLY) for name, data in PACKED.items()),
    (39, "x.npy.gz", cut(gzip.compress(npy(VALUES), mtime=0)), 4, EARLY),
    (40, "x.csv.gz", wrong(PACKED["gz"], -6), 4, "checksum mismatch"),
    (40, "x.csv.bz2", wrong(PACKED["bz2"], -6), 4, DAMAGED),
    (40, "x.csv.xz", wrong(PACKED["xz"], -6), 4, DAMAGED),
    (40, "x.csv.zst", wrong(PACKED["zst"], -6), 4, DAMAGED),
    *((41, f"x.csv.{name}", data + b"garbage", 4, "unexpected data after the compressed stream") for name, data in PACKED.items()),
    (33, "x.csv.gz", gzip.compress(b"", mtime=0), 3, "file is empty"),
    (34, "x.parquet", parquet(TABLE.slice(0, 0)), 3, "no data rows"),
    (34, "x.feather", feather(TABLE.slice(0, 0)), 3, "no data rows"),
    (34, "x.arrow", arrow_stream(TABLE.slice(0, 0)), 3, "no data rows"),
    (34, "x.npz", npz(logits=np.zeros((0, 3)), target=np.zeros(0)), 3, "no data rows"),
    (103, "x.parquet", cut(parquet(TABLE)), 4, "file ends early (its footer is missing)"),
    (103, "x.feather", cut(feather(TABLE)), 4, "file ends early (its footer is missing)"),
    (103, "x.feather", feather(TABLE)[:30], 4, "file ends early (its footer is missing)"),
    (103, "x.arrow", cut(arrow_stream(TABLE)), 4, "file ends early"),
    (103, "x.arrow", arrow_stream(TABLE)[:30], 4, "file ends early"),
    (104, "x.arrow", arrow_stream(TABLE) + b"x", 3, "bytes after the data"),
    (105, "x.parquet", wrong(parquet(TABLE, compression="none", use_dictionary=False, write_page_checksum=True), 3000), 4, "its data is damaged"),
    (106, "x.npz", npz(8, logits=np.zeros((2, 2)), target=np.array(["cat", "cow"]), classes=np.array(["cat", "dog"])), 3, "row 1: no class is named 'cow' (classes: cat, dog)"),
    (106, "x.npz", npz(8, logits=np.array([["a", "b"]]), target=np.zeros(1)), 3, "member logits.npy: dtype '<U1' is not numeric"),
    (109, "x.parquet", parquet(pa.table(TWICE, names=["logit_a", "logit_a", "logit_b", "target"])), 3, "column 'logit_a' appears twice (1 and 2)"),
]
# fmt: on


def told(line: list[str], capfd: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The status and the error, where nothing comes out."""
    status = status_of(line)
    out, err = capfd.readouterr()
    assert out == ""
    error, *hints = err.splitlines()
    assert len(hints) <= 1 and error.isprintable() and len(error) <= 400
    return status, error.removeprefix("cecalc: error: ")


@pytest.mark.parametrize(("name", "data", "status", "message"), [*map(of_row, CASES)])
def test_refused(
    name: str,
    data: bytes,
    status: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(data)
    line = ["softmax", "--logits", name] if ".npy" in name else ["ce", name]
    assert told(line, capfd) == (status, f"{name}: {message}")
    assert [str(path) for path in Path().iterdir()] == [name]


@pytest.mark.fault(42)
@pytest.mark.parametrize("suffix", COMPRESS)
def test_members_follow_each_other(
    suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    compress, data = COMPRESS[suffix], FEW.encode()
    path = tmp_path / f"x.csv.{suffix}"
    path.write_bytes(compress(data[:50]) + compress(data[50:100]) + compress(data[100:]))
    (tmp_path / "x.csv").write_bytes(data)
    found = []
    for name in (path, tmp_path / "x.csv"):
        assert status_of(["ce", str(name), "-q"]) == 0
        found.append(capfd.readouterr().out)
    assert found[0] == found[1]


OBJECTS = "".join(f'{{"logits": [{i}, 1], "target": 0}}\n' for i in range(ROWS))
CHANGING = {
    "x.csv": TEXT.encode(),
    "x.jsonl": OBJECTS.encode(),
    "x.csv.gz": gzip.compress(TEXT.encode(), compresslevel=0),
    "x.csv.bz2": bz2.compress(TEXT.encode()),
    "x.npz": npz(0, logits=VALUES, target=np.zeros(ROWS)),
    "x.npy": npy(VALUES),
    "x.npy.gz": gzip.compress(npy(VALUES), compresslevel=0),
    "x.safetensors": one_safetensor(VALUES, "<f8"),
    "x.parquet": parquet(TABLE, row_group_size=100),
    "x.feather": feather(TABLE),
    "x.arrow": arrow_stream(TABLE),
}


def _change(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "shrunk":
        os.truncate(path, len(data) // 2)
    elif how == "grown":
        with path.open("ab") as file:
            file.write(data[-100:])
    else:
        path.touch()


@pytest.mark.fault(35, 36)
@pytest.mark.parametrize("how", ["shrunk", "grown", "touched"])
@pytest.mark.parametrize("name", CHANGING)
def test_a_file_that_changes_while_it_is_read(
    name: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(CHANGING[name])
    os.utime(path, (1, 1))
    is_array = "npy" in name or "safe" in name
    given = {"values": path, "target": np.zeros(ROWS)} if is_array else {"inputs": (str(path),)}
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**12)
    for module in SIZED:
        monkeypatch.setattr(module, "BATCH_VALUES", 2**10)
    items = flow.run(request(Task.CE, **given), results)
    next(item for item in items if isinstance(item, Outcome))
    _change(path, how)
    rows = 0
    with pytest.raises(InputError, match=f"{path}: changed while being read"):
        rows = sum(item.batch.size for item in items if isinstance(item, Outcome))
    assert rows < ROWS


@pytest.mark.fault(35, 36)
@pytest.mark.parametrize("data", [b'{"logits": [[1, 2]],\n "target": [0]}', pt(None)])
def test_a_file_held_as_a_whole_that_changes(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    is_json = data.startswith(b"{")
    path = tmp_path / ("x.json" if is_json else "x.pt")
    path.write_bytes(data if is_json else pt({"logits": torch.eye(2), "target": torch.arange(2)}))
    os.utime(path, (1, 1))
    read = files._Watched.read if is_json else torch.load

    def meanwhile(*args: Any, **options: Any) -> Any:
        path.touch()
        return read(*args, **options)

    if is_json:
        monkeypatch.setattr(files._Watched, "read", meanwhile)
    else:
        monkeypatch.setattr(torch, "load", meanwhile)
    with pytest.raises(InputError, match=f"{path}: changed while being read"):
        list(flow.run(request(Task.CE, inputs=(str(path),)), results))


@pytest.mark.fault(30)
def test_permission(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(FEW)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    assert told(["ce", str(path)], capfd) == (4, f"{path}: Permission denied")


@pytest.mark.fault(30)
def test_permission_as_the_system_says_it(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied", "x.csv")

    monkeypatch.setattr(Path, "open", refuse)
    assert told(["ce", "x.csv"], capfd) == (4, "x.csv: Permission denied")


@pytest.mark.fault(46)
def test_an_error_in_the_middle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TEXT)
    read, calls = files._Watched.read, 0

    def fail(*args: Any) -> bytes:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise OSError(5, "Input/output error")
        return read(*args)

    monkeypatch.setattr(blocks, "BLOCK_BYTES", 2**12)
    monkeypatch.setattr(files._Watched, "read", fail)
    assert told(["ce", str(path)], capfd) == (4, f"{path}: Input/output error")


@pytest.mark.fault(47)
def test_the_first_bad_file_stops(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, text in (("a.csv", FEW), ("b.csv", FEW[:-3]), ("c.csv", "not read")):
        (tmp_path / name).write_text(text)
    status, error = told(["ce", *(str(tmp_path / f"{n}.csv") for n in "abc")], capfd)
    assert (status, error) == (3, f"{tmp_path / 'b.csv'}:21: expected 3 fields, found 2")


@pytest.mark.fault(44, 45, 95)
def test_what_is_held_as_a_whole_has_to_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    import torch

    monkeypatch.setattr(files, "room", lambda: 1000)
    monkeypatch.chdir(tmp_path)
    document = '{"logits":\n[' + ",\n".join(["[1, 2]"] * 100) + '],\n"target": 0}'
    Path("x.json").write_text(document)
    Path("x.json.gz").write_bytes(gzip.compress(document.encode()))
    Path("x.pt").write_bytes(pt(torch.zeros(100, 2, dtype=torch.float64)))
    Path("x.npy").write_bytes(npy(np.zeros((1, 200))))
    for name in ("x.json", "x.json.gz"):
        whole = f"{name}: out of memory: a JSON document is read as a whole"
        assert told(["ce", name], capfd) == (6, whole)
    for name, start in (("x.pt", "out of memory while reading x.pt (needs "),
                        ("x.npy", "out of memory while reading x.npy (needs 1.6 kB)")):  # fmt: skip
        status, error = told(["ce", "--logits", name, "--target", "0"], capfd)
        assert (status, error[: len(start)]) == (6, start)


@pytest.mark.fault(45)
def test_a_header_that_claims_it_all(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.npy"
    sound = npy(np.zeros((1, 10**6)))
    header = sound[:128].replace(b"(1, 1000000)", b"(1, 500000000000)")
    path.write_bytes(header[:128])
    os.truncate(path, 128 + 8 * 5 * 10**11)  # a hole: it takes no room on the disk
    found = told(["ce", "--logits", str(path), "--target", "0"], capfd)
    assert found == (6, f"out of memory while reading {path} (needs 4 TB)")


LINE = b"1.00000000000000000000000000000000000000000000000000000000,2,0\n"
BOMBS = {
    "x.csv.gz": lambda: gzip.compress(b"logit_a,logit_b,target\n" + LINE * 6_000_000, 1),
    "x.npz": lambda: npz(logits=np.zeros((6_000_000, 2)), target=np.zeros(6_000_000)),
    "x.parquet": lambda: parquet(pa.table(dict.fromkeys(("logit_a", "logit_b", "target"), pa.array(np.zeros(6_000_000))))),
}  # fmt: skip
PEAK = """
import sys
from cecalc.cli import status_of
status = status_of(sys.argv[1:])
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(status, int(peak.split()[1]) // 1024)
"""


@pytest.mark.fault(43)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="who knows the peak?")
@pytest.mark.parametrize("name", BOMBS)
def test_what_expands_is_read_in_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    assert path.stat().st_size < 5_000_000
    line = [sys.executable, "-c", PEAK, "ce", str(path), "-q"]
    run = subprocess.run(line, capture_output=True, text=True, check=True)
    number, (status, megabytes) = run.stdout.splitlines()[0], run.stdout.split()[-2:]
    assert (status, float(number) > 0) == ("0", True)
    assert int(megabytes) < 600


@pytest.mark.fault(126)
def test_nothing_bad_reaches_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    from cecalc.compute.backend import TorchBackend

    def refuse(*_: Any) -> Any:
        raise AssertionError("a target out of range was moved")

    monkeypatch.setattr(TorchBackend, "array", refuse)
    with pytest.raises(ValueError, match=r"target 3 outside 0\.\.2"):
        list(flow.run(request(Task.CE, [[1, 2, 3]] * 2, [3, 4], arithmetic=TORCH), results))


@pytest.mark.fault(127)
def test_no_piece_is_beyond_what_a_kernel_counts() -> None:
    from cecalc.compute.backend import Backend, TorchBackend

    pieces = [Backend.piece, TorchBackend("cpu").piece]
    batches = [module.BATCH_VALUES for module in SIZED]
    assert max(pieces + batches) < 2**31
