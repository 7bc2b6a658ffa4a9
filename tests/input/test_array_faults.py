"""Every array file that is no good gets one message, its status, and runs no code."""

from __future__ import annotations

import io
import os
import pickle
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cecalc.cli.values import Size
from cecalc.errors import CecalcError, InputError, LimitError
from cecalc.input.files import Files
from cecalc.terms import InputFormat
from tests.faults import of_row
from tests.input.array_files import (
    ONE,
    claim,
    npy,
    npz,
    one_safetensor,
    open_arrays,
    pt,
    read,
    safetensors,
    streams,
    zipped,
)


def flipped(data: bytes, what: bytes) -> bytes:
    """The data with one bit of a value wrong."""
    at = data.index(what)
    return data[:at] + bytes([data[at] ^ 64]) + data[at + 1 :]


def twice(name: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(2):
            archive.writestr(name, npy(ONE))
    return written.getvalue()


def deflated(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped({name: archive.read(name) for name in archive.namelist()})


def quantized() -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pt(torch.quantize_per_tensor(torch.eye(2), 0.1, 0, torch.quint8))


class Canary:
    """A pickle that leaves a file behind where it is loaded."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("canary", "w"))


def tensor_header(**changes: Any) -> dict[str, Any]:
    return {"x": {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]} | changes}


HELD = ONE.tobytes()
MANY = torch.zeros(1).expand(10**6, 10**6)
ONLY = "only plain tensors are read"
NEVER = "is a pickle, which may run code and is never loaded"

IN_ORDER = {
    "x: 40 bytes after the data": ("x: bytes after the data", 3),
    "x: header claims 4 TB, file has 16 bytes": ("x: more than --max-bytes 1M", 6),
}
"""What is said instead where the end of the file is not known beforehand."""

# fmt: off
# the row of tests/faults.py (0: none), what it is said to be, its bytes, the status, the message
FAULTS: list[tuple[int | str, str | None, bytes, int, str]] = [
    (38, "npy", b"hello", 3, "x: not a NumPy file (starts with 'hello')"),
    (38, "npz", b"hello", 3, "x: not a NumPy .npz file (starts with 'hello')"),
    (38, "pt", b"hello", 3, "x: not a torch file (starts with 'hello')"),
    (38, "safetensors", b"hello", 3, "x: not a safetensors file (starts with 'hello')"),
    # .npy
    (103, "npy", b"\x93NUM", 4, "x: file ends early (in its header)"),
    (103, "npy", npy(ONE)[:50], 4, "x: file ends early (in its header)"),
    (103, "npy", npy(ONE)[:-1], 4, "x: file ends early (5 of 6 values)"),
    (103, "npy", npy(ONE)[:-48], 4, "x: file ends early (0 of 6 values)"),
    (104, "npy", npy(ONE) + bytes(40), 3, "x: 40 bytes after the data"),
    (101, "npy", claim(shape="(500000000, 1000)", data=bytes(16)), 4, "x: header claims 4 TB, file has 16 bytes"),
    (97, "npy", claim(shape="(-1, 3)"), 3, "x: header is not valid: no array has its shape"),
    (97, "npy", claim(shape=f"({2**62}, 2, 0)"), 3, "x: header is not valid: no array has its shape"),
    (97, "npy", claim(shape="(1,) * 3"), 3, "x: header is not valid"),
    (38, "npy", npy(ONE)[:7] + b"\x10" + npy(ONE)[8:], 3, "x: version 1.16 of the .npy format is not read"),
    (97, "npy", claim(descr="__import__('os').system('touch canary')"), 3, "x: header is not valid"),
    (97, "npy", claim(descr="()"), 3, "x: header is not valid"),
    (97, "npy", claim(descr="["), 3, "x: header is not valid"),
    (97, "npy", claim(descr="'<f8', []: 1"), 3, "x: header is not valid"),
    (97, "npy", claim(descr="(" * 5000), 3, "x: header is not valid"),
    (97, "npy", claim(descr="'" + 60000 * " " + "'"), 3, "x: header is too long"),
    (97, "npy", claim(version=2)[:10] + b"\xff\xff" + claim(version=2)[12:], 3, "x: header is too long"),
    (97, "npy", claim(version=4), 3, "x: version 4 of the .npy format is not read"),
    (96, "npy", claim(descr="'|O'") + pickle.dumps(Canary()), 3, "x: holds Python objects; not loaded"),
    (106, "npy", npy(np.array(["2020-01-01"], "<M8[ns]")), 3, "x: dtype '<M8[ns]' is not numeric"),
    (106, "npy", npy(np.array(["a"])), 3, "x: dtype '<U1' is not numeric"),
    (106, "npy", npy(np.zeros(2, "f8,f8")), 3, "x: dtype '|V16' is not numeric"),
    (106, "npy", npy(np.zeros(2, complex)), 3, "x: dtype '<c16' is complex"),
    (106, "npy", npy(np.zeros(2, np.longdouble)), 3, "x: dtype '<f16' is wider than float64"),
    # .npz
    (103, None, npz(x=ONE)[:-30], 4, "x: file ends early (its zip directory is missing)"),
    (109, "npz", npz(), 3, "x: holds no arrays"),
    (38, None, zipped({"a.txt": b"text"}), 3, "x: not a torch file (a zip without data.pkl)"),
    (109, "npz", zipped({"a.txt": b"text"}), 3, "x: holds no arrays"),
    (105, "npz", flipped(npz(zipfile.ZIP_STORED, x=ONE), HELD), 4, "x: member x.npy: checksum mismatch"),
    (105, "npz", flipped(npz(zipfile.ZIP_STORED, x=np.asfortranarray(ONE)), ONE.tobytes("F")), 4, "x: member x.npy: checksum mismatch"),
    (38, "npz", zipped({"x.npy": b"text"}), 3, "x: member x.npy: not a NumPy file (starts with 'text')"),
    (103, "npz", zipped({"x.npy": npy(ONE)[:-8]}), 4, "x: member x.npy: file ends early (5 of 6 values)"),
    (104, "npz", zipped({"x.npy": npy(ONE) + b"."}), 3, "x: member x.npy: 1 byte after the data"),
    (96, "npz", zipped({"x.npy": claim(descr="'|O'")}), 3, "x: member x.npy: holds Python objects; not loaded"),
    (109, "npz", npz(zipfile.ZIP_BZIP2, x=ONE), 3, "x: member x.npy: compression method 12 is not read"),
    (104, "npz", npz(x=ONE) + bytes(39), 3, "x: 39 bytes after the data"),
    (104, None, pt(torch.tensor(ONE)) + b".", 3, "x: 1 byte after the data"),
    (109, "npz", twice("x.npy"), 3, "x: holds two members named 'x.npy'"),
    (43, "npz", npz(x=np.zeros(10**6)), 6, "x: expands past --max-bytes 1M"),
    # .safetensors
    (103, None, safetensors(tensor_header(), HELD)[:-1], 4, "x: file ends early (47 of 48 bytes)"),
    (103, None, safetensors(tensor_header(), HELD)[:20], 4, "x: file ends early (in its header)"),
    (104, None, safetensors(tensor_header(), HELD + b".."), 3, "x: 2 bytes after the data"),
    (101, None, safetensors(tensor_header(shape=[10**6, 10**6], data_offsets=[0, 8 * 10**12]), HELD), 4, "x: header claims 8 TB, file has 48 bytes"),
    (0, None, safetensors(tensor_header(shape=[2, 2]), HELD), 3, "x: tensor 'x': its shape does not fit its bytes"),
    (0, None, safetensors(tensor_header(shape=[-2, -3]), HELD), 3, "x: tensor 'x': no array has its shape"),
    (97, None, safetensors(tensor_header(shape=[True]), HELD), 3, "x: header is not valid"),
    (97, None, safetensors(tensor_header(shape=6), HELD), 3, "x: header is not valid"),
    (97, None, safetensors(tensor_header(more=1), HELD), 3, "x: header is not valid"),
    (97, None, safetensors({"x": [1]}), 3, "x: header is not valid"),
    (97, None, safetensors(b"{" * 10000), 3, "x: header is not valid"),
    (97, None, safetensors(b'{"\xff": 1}'), 3, "x: header is not valid"),
    (97, None, safetensors(b'{"x": {}, "x": {}}'), 3, "x: key 'x' appears twice"),
    (0, None, safetensors(tensor_header(data_offsets=[8, 56]), HELD + HELD[:8]), 3, "x: tensor 'x': its bytes overlap another's or leave a gap"),
    (0, None, safetensors(tensor_header() | {"y": tensor_header()["x"]}, HELD), 3, "x: tensor 'y': its bytes overlap another's or leave a gap"),
    (106, None, safetensors(tensor_header(dtype="F8_E4M3", shape=[48]), HELD), 3, "x: tensor 'x': dtype 'F8_E4M3' is not read"),
    (109, None, safetensors({"__metadata__": {}}), 3, "x: holds no arrays"),
    # .pt
    (100, None, pickle.dumps(ONE), 3, f"x: {NEVER}"),
    (98, None, pickle.dumps(Canary()), 3, f"x: {NEVER}"),
    (98, None, pt(Canary()), 3, f"x: {ONLY}"),
    (100, None, pt({"x": ONE}), 3, f"x: {ONLY}"),
    (100, None, pt([torch.zeros(2)]), 3, f"x: {ONLY}"),
    (109, None, pt({"epoch": 3, 1: torch.zeros(2)}), 3, "x: holds no arrays"),
    (105, None, flipped(pt(torch.tensor(ONE)), HELD), 4, "x: member archive/data/0: checksum mismatch"),
    (103, None, pt(torch.tensor(ONE))[:-30], 4, "x: file ends early (its zip directory is missing)"),
    (100, None, zipped({"x/data.pkl": b"\x80\x02.", "x/version": b"3"}), 3, f"x: {ONLY}"),
    (43, None, deflated(pt(torch.zeros(10**6))), 6, "x: expands past --max-bytes 1M"),
    (102, None, pt({"x": MANY}), 6, "x: entry x: tensor of 4 TB repeats 4 bytes of values"),
    (106, None, pt(torch.zeros(2, dtype=torch.complex64)), 3, "x: dtype '<c8' is complex"),
    (106, None, pt(torch.zeros(2, dtype=torch.float8_e4m3fn)), 3, "x: a tensor of float8_e4m3fn, strided, device cpu is not read"),
    ("109b", None, pt(torch.zeros(2, device="meta")), 3, "x: a tensor of float32, strided, device meta is not read"),
    ("109b", None, pt(torch.eye(2).to_sparse()), 3, "x: a tensor of float32, sparse_coo, device cpu is not read"),
    (106, None, quantized(), 3, "x: a tensor of quint8, strided, device cpu is not read"),
]
# fmt: on


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    monkeypatch.chdir(tmp_path)


@pytest.mark.fault(99)
@pytest.mark.parametrize(("container", "data", "status", "message"), [*map(of_row, FAULTS)])
def test_faults(
    container: str | None, data: bytes, status: int, message: str, tmp_path: Path
) -> None:
    said = InputFormat.AUTO if container is None else InputFormat(container)
    with Files() as files:
        file, pipe = streams(tmp_path, data, files)
        assert _refused(file, files, said) == (message, status)
        assert _refused(pipe, files, said) == IN_ORDER.get(message, (message, status))
    assert not Path("canary").exists()


def _refused(stream: Any, files: Files, form: InputFormat) -> tuple[str, int]:
    """The message and the status for a file that has to be refused."""
    with pytest.raises(CecalcError) as caught:
        _read_all(stream, files, form)
    assert caught.value.hint is None or "weights" not in caught.value.hint
    return str(caught.value), caught.value.status


def _read_all(stream: Any, files: Files, form: InputFormat) -> None:
    opened = open_arrays(stream, "x", files, form, max_bytes=Size(2**20, "1M"))
    for name in opened.names:
        read(opened, name, 1)


def _torn(path: Path, change: str) -> None:
    """Change a file while it is read."""
    data = path.read_bytes()
    if change == "touched":
        os.utime(path, ns=(1, 1))
    else:
        path.write_bytes(data[:-48] if change == "shrunk" else data + data)


@pytest.mark.fault(35, 36)
@pytest.mark.parametrize("change", ["touched", "shrunk", "grown"])
@pytest.mark.parametrize("form", ["npy", "npz"])
def test_a_file_that_changes_is_refused(form: str, change: str, tmp_path: Path) -> None:
    array = np.zeros((100, 1000))
    data = npz(zipfile.ZIP_STORED, x=array) if form == "npz" else npy(array)
    with Files() as files:
        stream = streams(tmp_path, data, files)[0]
        opened = open_arrays(stream, "x", files)
        windows = opened.open(opened.names[0])
        windows.read(1)
        _torn(tmp_path / "x", change)
        with pytest.raises(InputError, match="x: changed while being read"):
            windows.read(99)


@pytest.mark.fault(45)
@pytest.mark.parametrize("is_fortran", [False, True])
def test_what_has_no_room_is_a_limit(*, is_fortran: bool) -> None:
    data = claim(shape="(1, 1000000000000)")
    data = data.replace(b"False", b"True ") if is_fortran else data
    stream: Any = io.BufferedReader(io.BytesIO(data))
    with Files() as files, pytest.raises(LimitError) as caught:
        open_arrays(stream, "x", files).open("").read(1)
    assert str(caught.value) == "out of memory while reading x (needs 8 TB)"


@pytest.mark.parametrize("data", [
    npy(ONE), npz(x=ONE, y=ONE.T), one_safetensor(ONE, "<f8"), pt({"x": torch.tensor(ONE)}),
])  # fmt: skip
def test_damage_anywhere_is_an_error_of_ours_or_other_values(data: bytes) -> None:
    for at in range(0, len(data), 5):
        damaged = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        stream: Any = io.BufferedReader(io.BytesIO(damaged))
        with Files() as files, suppress(CecalcError):
            _read_all(stream, files, InputFormat.AUTO)
