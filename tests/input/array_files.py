"""Files of arrays as bytes, right and wrong, and how they are read in the tests."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cecalc.errors import Place
from cecalc.input.arrays.dtypes import widened
from cecalc.input.arrays.windows import ArrayFile
from cecalc.input.bytes import HEAD, Rejoined, not_a
from cecalc.input.files import Files, Opened
from cecalc.input.formats import format_of, open_as
from cecalc.input.layout import Wanted
from cecalc.request import InputRequest
from cecalc.terms import InputFormat, Task

ONE = np.arange(6.0).reshape(2, 3)
_SAFETENSORS = {"?": "BOOL", "bfloat16": "BF16"}


def values(dtype: str, shape: tuple[int, ...], order: str = "C") -> Any:
    """Some values of a dtype, edges included; bfloat16 as its bits."""
    rng = np.random.default_rng(0)
    stored = np.dtype("<u2" if dtype == "bfloat16" else dtype)
    size = int(np.prod(shape))
    flat = np.frombuffer(rng.bytes(size * stored.itemsize), stored)
    if stored == np.bool_:
        flat = rng.random(size) < 0.5
    return flat.reshape(shape, order=order)  # type: ignore[call-overload]


def npy(array: Any, version: tuple[int, int] | None = None) -> bytes:
    written = io.BytesIO()
    np.lib.format.write_array(written, array, version)
    return written.getvalue()


def npz(method: Any = zipfile.ZIP_DEFLATED, **arrays: Any) -> bytes:
    return zipped({f"{name}.npy": npy(array) for name, array in arrays.items()}, method)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return written.getvalue()


def safetensors(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def one_safetensor(array: Any, dtype: str) -> bytes:
    name = _SAFETENSORS.get(dtype, f"{array.dtype.kind.upper()}{8 * array.itemsize}")
    said = {"dtype": name, "shape": array.shape, "data_offsets": [0, array.nbytes]}
    return safetensors({"__metadata__": {"format": "pt"}, "x": said}, array.tobytes())


def pt(entries: Any) -> bytes:
    written = io.BytesIO()
    torch.save(entries, written)
    return written.getvalue()


def one_tensor(array: Any, dtype: str) -> bytes:
    tensor = torch.tensor(array.astype(array.dtype.newbyteorder("=")))
    return pt(tensor.view(torch.bfloat16) if dtype == "bfloat16" else tensor)


def header(said: str, data: bytes = b"", version: int = 1) -> bytes:
    """An .npy file whose header says anything."""
    size = struct.pack("<H" if version == 1 else "<I", len(said))
    return b"\x93NUMPY" + bytes([version, 0]) + size + said.encode() + data


def claim(descr: str = "'<f8'", shape: str = "(2, 3)", data: bytes = b"", **more: Any) -> bytes:
    return header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n", data, **more)


def streams(tmp_path: Path, data: bytes, files: Files) -> list[Any]:
    """The same bytes from a file, and from what can only be read in order."""
    path = tmp_path / "x"
    path.write_bytes(data)
    raw = io.BytesIO(data)
    raw.seekable = lambda: False  # type: ignore[method-assign]
    return [files.enter_context(path.open("rb")), io.BufferedReader(raw)]


def open_arrays(
    stream: Any,
    name: str,
    files: Files,
    form: InputFormat = InputFormat.AUTO,
    max_bytes: int | None = None,
) -> ArrayFile:
    """The arrays in a buffered stream, opened as those of an input of that name."""
    head = stream.raw.read(HEAD)
    source = Opened(name, Rejoined(head, stream.raw, name), head, stream.raw)
    found = format_of(name, head, form)
    if not found.is_of_arrays:
        raise not_a("known", head, Place(source=name))
    request = InputRequest(Task.CE, max_bytes=max_bytes)
    opened = open_as(found, source, request, Wanted(), files)
    assert isinstance(opened, ArrayFile)
    return opened


def read(opened: Any, name: str, entries: int) -> tuple[Any, Any]:
    """All windows of an array put together, as stored and as float64."""
    array = opened.open(name)
    parts = [array.read(entries)]
    while len(parts[-1]):
        parts.append(array.read(entries))
    raw = np.concatenate(parts, dtype=parts[0].dtype)
    return raw, np.concatenate([widened(part, array.dtype) for part in parts])
