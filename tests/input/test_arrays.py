"""Arrays read by windows: the same values from every format."""

from __future__ import annotations

import os
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cecalc.input.arrays.dtypes import widened
from cecalc.input.files import Files
from tests.input.array_files import (
    ONE,
    npy,
    npz,
    one_safetensor,
    one_tensor,
    open_arrays,
    pt,
    read,
    safetensors,
    streams,
    values,
    zipped,
)

DTYPES = ("?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f4", "bfloat16")
BIG_ENDIAN = (">i2", ">u4", ">i8", ">f2", ">f4", ">f8")
UNKNOWN = {"npy": ("bfloat16",), "npz": ("bfloat16",)}
"""What a format, by its first letters, cannot hold; by default the other order of bytes."""
SHAPES = [(7, 3), (7,), (5, 2, 3), (4, 1), (2, 3, 1, 2), (0, 3), (3, 0), ()]


@pytest.fixture
def files() -> Iterator[Files]:
    with Files() as stack:
        yield stack


FORMATS: dict[str, Callable[[Any, str], bytes]] = {
    "npy": lambda array, _: npy(array),
    "npy2": lambda array, _: npy(array, (2, 0)),
    "npy3": lambda array, _: npy(array, (3, 0)),
    "npz": lambda array, _: npz(x=array),
    "npz stored": lambda array, _: npz(zipfile.ZIP_STORED, x=array),
    "safetensors": one_safetensor,
    "pt": one_tensor,
}


CASES = [
    *((dtype, shape) for dtype in ("<f2", "<f8") for shape in SHAPES),
    *((dtype, SHAPES[0]) for dtype in (*DTYPES, *BIG_ENDIAN)),
]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_windows_are_numpys_own_answer(form: str, order: str, tmp_path: Path) -> None:
    for dtype, shape in CASES:
        if dtype in UNKNOWN.get(form[:3], BIG_ENDIAN) or (order == "F" and len(shape) < 2):
            continue
        array = values(dtype, shape, order)
        wide = as_float64(array, dtype)
        data = FORMATS[form](array, dtype)
        for entries in (1, 2, 7, 1000):
            with Files() as files:
                for stream in streams(tmp_path, data, files):
                    opened = open_arrays(stream, "x", files)
                    raw, widths = read(opened, opened.names[0], entries)
                    assert raw.dtype == array.dtype
                    assert raw.shape == (array.shape or (1,))
                    assert raw.tobytes() == array.tobytes()
                    np.testing.assert_array_equal(widths.reshape(array.shape), wide)


def as_float64(array: Any, dtype: str) -> Any:
    """The values by other means."""
    if dtype == "bfloat16":
        return torch.tensor(array).view(torch.bfloat16).double().numpy()
    with np.errstate(invalid="ignore"):
        return array.astype(np.float64)


def test_every_half_is_widened_as_numpy_does() -> None:
    bits = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    for halves in (bits.view(np.float16), bits.view(np.float16).T, bits.view(np.float16)[::3, ::2]):
        wide = widened(halves, "float16")
        np.testing.assert_array_equal(wide, halves.astype(np.float64))
        assert np.array_equal(np.signbit(wide), np.signbit(halves))
        assert wide.flags.fnc == (halves.flags.fnc and not halves.flags.c_contiguous)


def test_a_pipe_is_read_in_order(files: Files) -> None:
    for array in (ONE, np.asfortranarray(ONE)):
        source, sink = os.pipe()
        os.write(sink, npy(array))
        os.close(sink)
        stream = files.enter_context(os.fdopen(source, "rb"))
        raw, _ = read(open_arrays(stream, "standard input", files), "", 1)
        assert np.array_equal(raw, ONE)


def test_arrays_of_a_file_are_read_side_by_side(tmp_path: Path, files: Files) -> None:
    a, b = ONE.astype("f4"), np.asfortranarray(ONE)
    extents = {"shape": [2, 3], "dtype": "F32", "data_offsets": [0, 24]}, {
        "shape": [2, 3], "dtype": "F64", "data_offsets": [24, 72]}  # fmt: skip
    safe = safetensors({"b": extents[1], "a": extents[0]}, a.tobytes() + b.tobytes("C"))
    together = pt(OrderedDict(n=1, a=torch.tensor(a, requires_grad=True), b=torch.tensor(b.T).T))
    for data in (zipped({"note": b"text", "a.npy": npy(a), "b.npy": npy(b)}), safe, together):
        opened = open_arrays(streams(tmp_path, data, files)[0], "x", files)
        assert sorted(opened.names) == ["a", "b"]
        one, other = opened.open("a"), opened.open("b")
        rows = [(one.read(1).tolist(), other.read(1).tolist()) for _ in range(2)]
        assert rows == [([row], [row]) for row in ONE.tolist()]


def test_class_major_windows_stay_class_major(tmp_path: Path, files: Files) -> None:
    data = npy(np.asfortranarray(values("<f2", (5, 2, 3))))
    array = open_arrays(streams(tmp_path, data, files)[0], "x", files).open("")
    raw = array.read(2)
    assert raw.flags.f_contiguous
    assert widened(raw, array.dtype).flags.f_contiguous


def test_a_torch_file_without_checksums_is_read(tmp_path: Path, files: Files) -> None:
    computed = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(compute_crc32=False)
    try:
        data = pt(torch.tensor(ONE))
    finally:
        torch.serialization.set_crc32_options(compute_crc32=computed)
    stream = streams(tmp_path, data, files)[0]
    assert np.array_equal(read(open_arrays(stream, "x", files), "", 1)[1], ONE)


def test_other_libraries_files_are_read(tmp_path: Path, files: Files) -> None:
    library = pytest.importorskip("safetensors.torch")
    halves = torch.arange(6).reshape(2, 3).to(torch.bfloat16)
    stream = streams(tmp_path, library.save({"x": halves}), files)[0]
    assert np.array_equal(read(open_arrays(stream, "x", files), "x", 1)[1], ONE)
