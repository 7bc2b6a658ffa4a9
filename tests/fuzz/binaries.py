"""Binary formats as their own libraries read them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import warnings
import zipfile
import zlib
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import safetensors.numpy
import torch
from pyarrow import parquet

from tests.fuzz.reference import Abstains, Given, Refused, arranged
from tests.fuzz.tables import delimited, table

_KNOWN = {"logits", "target", "sample_weight"}


def npy(data: bytes) -> Any:
    """An array as nested lists, nothing behind it."""
    stream = io.BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of headers by Python 2
            array = np.lib.format.read_array(stream, allow_pickle=False)
    except Exception as error:  # NumPy raises anything on a damaged header
        raise Refused(f"no array: {error}") from None
    if stream.read(1):
        raise Refused("bytes behind the array")
    return _listed(array)


def npz(data: bytes) -> Given:
    """An archive whose checksums hold."""
    members = _members(data)
    if not all(name.endswith(".npy") for name in members):
        raise Abstains
    return _from({name.removesuffix(".npy"): npy(part) for name, part in members.items()})


def safe(data: bytes) -> Given:
    """The format's own library."""
    try:
        found = safetensors.numpy.load(data)
    except (KeyError, TypeError, AttributeError):
        raise Abstains from None  # bfloat16 and its like
    except Exception as error:
        raise Refused(f"no safetensors: {error}") from None
    return _from({name: _listed(array) for name, array in found.items()})


def pt(data: bytes) -> Given:
    """A dictionary of tensors in an archive whose checksums hold."""
    _members(data)
    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:
        raise Refused(f"no torch file: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(t, torch.Tensor) for t in found.values()):
        raise Abstains
    return _from({name: _tensor(t) for name, t in found.items()})


def pq(data: bytes) -> Given:
    """Parquet, its checksums compared."""
    try:
        file = parquet.ParquetFile(io.BytesIO(data), page_checksum_verification=True)
        return _table(file.read())
    except (pa.ArrowException, OSError) as error:
        raise Refused(f"no Parquet: {error}") from None


def arrow(data: bytes) -> Given:
    """An Arrow file or stream that is valid throughout."""
    is_file = data.startswith(b"ARROW1")
    try:
        reader = (pa.ipc.open_file if is_file else pa.ipc.open_stream)(pa.BufferReader(data))
        return _table(reader.read_all())
    except (pa.ArrowException, OSError) as error:
        raise Refused(f"no Arrow: {error}") from None


def compressed(data: bytes) -> Given:
    """CSV that is compressed, or after all is not."""
    expand = next((do for magic, do in _EXPANDERS.items() if data.startswith(magic)), bytes)
    try:
        return delimited(expand(data))
    except (OSError, EOFError, zlib.error, lzma.LZMAError, struct.error) as error:
        raise Refused(f"compressed data is damaged: {error}") from None


def _frames(data: bytes) -> bytes:
    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        return bytes(stream.read())


_EXPANDERS = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ\0": lzma.decompress,
    b"\x28\xb5\x2f\xfd": _frames,
}


def _members(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if max(Counter(names).values(), default=0) > 1:
                raise Refused("a name twice")
            return {name: archive.read(name) for name in names}
    except Refused:
        raise
    except Exception as error:  # zipfile raises anything on a damaged directory
        raise Refused(f"no archive: {error}") from None


def _table(found: pa.Table) -> Given:
    found.validate(full=True)
    columns = [column.to_pylist() for column in found.columns]
    if any(isinstance(cell, bytes | dict) for column in columns for cell in column):
        raise Abstains
    rows = [list(row) for row in zip(*columns, strict=True)]
    return table(list(found.column_names), rows)


def _from(arrays: dict[str, Any]) -> Given:
    if not arrays.keys() <= _KNOWN or "logits" not in arrays:
        raise Abstains
    return arranged(arrays["logits"], arrays.get("target"), arrays.get("sample_weight"))


def _listed(array: Any) -> Any:
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise Refused(f"dtype {array.dtype}")
    if array.size > 10**6:
        raise Abstains
    return array.astype(np.float64).tolist()


def _tensor(tensor: Any) -> Any:
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.numel() > 10**6:
        raise Abstains
    return tensor.double().tolist()
