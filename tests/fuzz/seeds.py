"""Valid input to begin with, in every format, and values that are awkward."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from pyarrow import parquet

CSV = (
    b"id,logit_a,logit_b,target\nr1,1,2.5,a\nr2,.5,-3,b\nr3,1e1,-inf,-100\n",
    b"logit_2,logit_0,logit_1,target,sample_weight\n1,2,3,0,1\n-1.5,2e-3,7,2,.5\n9,8,7,1,0\n",
    'id,logit_é,"logit_b ",note,target\r\n"a""b",1,2,"x\r\ny",é\r\n"c,d",3,4,,b\r\n'.encode(),
    b"\xef\xbb\xbflogit_a,logit_b,target_b,target_a\n0.1,-0.2,1,0\n30,0,.25,.75\n",
    b"logit,target\n1.5,1\n-2,0\n",
)
HEADLESS = (b'r1,1,2.5,0\n"r,2",.5,-3,1\n', b"a,1e1,-inf,-100,\r\nb,3,4.,01,\r\n")
NO_HEADER = "--no-header --logits-cols 2-3 --target-col 4"
UTF_16 = (CSV[0].decode().encode("utf-16"), CSV[2].decode().encode("utf-16"))
OTHERS: dict[str, Any] = {"m": None, "n": {}, "o": [1], "p": True, "q": 0, "r": ""}
ROWS: list[list[dict[str, Any]]] = [
    [{"id": f"r{i}", "logits": [i, 2.5, -1e-3], "target": i % 3} for i in range(3)],
    [{"logit_a": 1, "logit_b": -2.5, "target": "b", "sample_weight": 0.5, **OTHERS}] * 2,
    [{"logits": [1, 2], "target": [0.25, 0.75], "é": "\u2028 \ud83d\ude00"}] * 3,
    [{"logit_0": 3, "logit_1": 1e2, "target": -100}, {"target": 1, "logit_1": 0, "logit_0": -1}],
]
LINES = tuple("\n".join(map(json.dumps, rows)).encode() for rows in ROWS)
DOCUMENTS = (
    b'{"logits": [[2, -3.5], [0.8, 1e1]], "target": [0, 1]}',
    b'{"logits": [2, -3, 0.8], "target": 2}',
    b'{"logits": [[2, -Infinity], [0, 1]], "target": [[1, 0], [0.5, 0.5]], "sample-weight": [1, 2]}',
    *(json.dumps(rows, indent=i).encode() for i, rows in enumerate(ROWS)),
    LINES[0],
)
LOGITS = np.array([[2, -3, 0.8], [1e1, 0.25, -0.5], [-1, -2, 3.5]])
TARGET = np.array([2, 0, 1])
BESIDE = "--target=2,0,1 -f json"


def npy(array: Any, version: tuple[int, int] | None = None) -> bytes:
    written = io.BytesIO()
    np.lib.format.write_array(written, array, version)
    return written.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return written.getvalue()


def npz_of(member: bytes) -> bytes:
    return zipped({"logits.npy": member, "target.npy": npy(TARGET)})


def pt(entries: Any) -> bytes:
    written = io.BytesIO()
    torch.save(entries, written)
    return written.getvalue()


def tensors(dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    return {"logits": torch.tensor(LOGITS).to(dtype), "target": torch.tensor(TARGET)}


def pickled(member: bytes) -> bytes:
    """A torch file around a pickle, its checksums right."""
    with zipfile.ZipFile(io.BytesIO(pt(tensors()))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return zipped({n: member if n.endswith("data.pkl") else part for n, part in members.items()})


def pickle() -> bytes:
    with zipfile.ZipFile(io.BytesIO(pt(tensors()))) as archive:
        return next(archive.read(n) for n in archive.namelist() if n.endswith("data.pkl"))


def columns() -> list[pa.Table]:
    logits = {f"logit_{c}": LOGITS[:, i] for i, c in enumerate("abc")}
    lists = pa.array(LOGITS.tolist())
    return [
        pa.table({"id": ["x", "y", "z"], **logits, "target": ["c", "a", "b"]}),
        pa.table({"logits": lists, "target": TARGET, "sample_weight": [1.0, 0.5, 2.0]}),
        pa.table(
            {**{n: x.astype("f4") for n, x in logits.items()},
             "target": pa.array(["c", "a", "b"]).dictionary_encode()}
        ),
    ]  # fmt: skip


def parquet_of(table: pa.Table, **options: Any) -> bytes:
    written = io.BytesIO()
    parquet.write_table(table, written, **options)
    return written.getvalue()


def arrow_of(table: pa.Table, *, is_file: bool, compression: str | None = None) -> bytes:
    written = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    make = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with make(written, table.schema, options=options) as writer:
        writer.write_table(table)
    return written.getvalue()


INLINE = (
    "2,-3,0.8\x002", "2,-3;0.8,1e1\x001,0\x001,.5", "[[1,2],[3,-inf]]\x00[0,1]\x00[2,1]",
    "[1.5, 2]\x00[0.25, 0.75]", "[ 2. -3.  0.8]\x00 0", "[[1 2]\n [3 4]]\x00[[1 0]\n [0 1]]",
    "tensor([[1., 2.]], dtype=torch.float64)\x00array([1])", "1 2 3\x000",
    "[[[1,2],[3,4]]]\x00[[0,1]]", "1;2;3\x000;1;0",
)  # fmt: skip


FIELDS = ("id", "logit_b", "logit_a", "3", "a-b", "[x]", "x*", "target", "sample_weight")
CELLS = [
    [f"r{i}", str(i), "-1.5", "2", str(i / 8), "1e1", "0.25", "0", str(i + 1)] for i in range(3)
]
SPECIFICATIONS = (
    "logit_*\x00target", "2,4\x008", "3-5\x008", "2-4\x008", "-3\x00target", "5-\x00target", "3,a-b\x00-8",
    "[x],x*,logit_?\x00target", "*\x008", " logit_a , logit_b \x00 target", "[!l]*\x007",
)  # fmt: skip


VALUES = (
    "", "-", "--", "0", "-1", "1e400", "nan", "inf", "1,2", "[1", "[[1,2]]", "a,b", "\udcff", "\x1b[31m",
    "[/foo]", "x.csv", "@x.csv", "x.npy", "none.csv", "./", "/dev/null", "*.csv", "9" * 5000, "1" * 400,
    "utf-16", "idna", "base64", "punycode", "unicode_escape", "8G", "1K", "-5", "²", "\u0661", "tab", ";",
    '"', "index", "dist", "name", "sum", "mean", "none", "csv", "json", "jsonl", "npz", "tsv", "md", "float32",
    "float16", "bfloat16", "numpy", "cuda:9", "cuda:", "auto", "propagate", "always", "1-", "-2", "0-",
    "logit_*", "[", "target", "id", "tensor(1)", "array([])", "\n", "\u202e", "é", "a=b", "-inf", "-f",
)  # fmt: skip
LINES_OF_ARGV = (
    "ce x.csv -f json", "bce --logits 1,2 --target 0,1", "ce --logits x.npy --target 2,0,1 -q",
    "softmax x.csv --log -f csv", "sigmoid --logits 1;2", "ce - --no-header -f jsonl", "", "--help",
    "ce x.csv --time --no-progress --reduction none -q", "ce x.csv --nan propagate -f md", "--version",
    "ce x.csv x.csv --label-smoothing 0.1 --weight 1,2", "ce x.csv -o out.csv", "ce x.csv --max-bytes 1K",
    "ce x.csv --max-columns 2", "ce x.csv --encoding utf-16", "ce x.csv --transpose --unchecked",
)  # fmt: skip
