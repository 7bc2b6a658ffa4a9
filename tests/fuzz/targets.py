"""What is fuzzed: each reader, the values of options, the column specifications, argv."""

from __future__ import annotations

import bz2
import functools
import gzip
import io
import itertools
import json
import lzma
import shlex
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import safetensors.numpy
import torch
import typer
from pyarrow import parquet

from cecalc import cli
from tests.fuzz import binaries, tables
from tests.fuzz.reference import Given, arranged

Reads = Callable[[bytes], Given]


@dataclass(frozen=True)
class Way:
    """One way for bytes to reach the program."""

    arguments: Callable[[bytes, Path], list[str]]
    """The command line, from the bytes and a folder to write in."""
    seeds: tuple[bytes, ...]
    reference: Reads | None = None
    """What the program has to see where it accepts the input (and prints JSON)."""
    also_refused: bool = False
    """Whether the reference is asked about what the program refuses, too."""


@dataclass(frozen=True)
class Target:
    """A reader, or a grammar."""

    name: str
    ways: tuple[Way, ...]
    statuses: frozenset[int] = frozenset({0, 2, 3, 4, 6})


def _file(
    suffix: str, command: str, data: bytes, folder: Path, wrap: Callable[[bytes], bytes] = bytes
) -> list[str]:
    path = folder / f"input{suffix}"
    path.write_bytes(wrap(data))
    return [str(path) if part == "FILE" else part for part in shlex.split(command)]


def _reader(
    suffix: str, seeds: Sequence[bytes], reads: Reads | None, command: str = "ce FILE -f json",
    wrap: Callable[[bytes], bytes] = bytes, *, text: bool = False,
) -> Way:  # fmt: skip
    arguments = partial(_file, suffix, command, wrap=wrap)
    reference = None if reads is None else lambda data: reads(wrap(data))
    return Way(arguments, tuple(seeds), reference, text)


_CSV = (
    b"id,logit_a,logit_b,target\nr1,1,2.5,a\nr2,.5,-3,b\nr3,1e1,-inf,-100\n",
    b"logit_2,logit_0,logit_1,target,sample_weight\n1,2,3,0,1\n-1.5,2e-3,7,2,.5\n9,8,7,1,0\n",
    'id,logit_é,"logit_b ",note,target\r\n"a""b",1,2,"x\r\ny",é\r\n"c,d",3,4,,b\r\n'.encode(),
    b"\xef\xbb\xbflogit_a,logit_b,target_b,target_a\n0.1,-0.2,1,0\n30,0,.25,.75\n",
    b"score,target\n1.5,1\n-2,0\n",
)
_OTHERS: dict[str, Any] = {"m": None, "n": {}, "o": [1], "p": True, "q": 0, "r": ""}
_ROWS: list[list[dict[str, Any]]] = [
    [{"id": f"r{i}", "logits": [i, 2.5, -1e-3], "target": i % 3} for i in range(3)],
    [{"logit_a": 1, "logit_b": -2.5, "target": "b", "sample_weight": 0.5, **_OTHERS}] * 2,
    [{"logits": [1, 2], "target": [0.25, 0.75], "é": "\u2028 \ud83d\ude00"}] * 3,
    [{"logit_0": 3, "logit_1": 1e2, "target": -100}, {"target": 1, "logit_1": 0, "logit_0": -1}],
]
_LINES = tuple("\n".join(map(json.dumps, rows)).encode() for rows in _ROWS)
_DOCUMENTS = (
    b'{"logits": [[2, -3.5], [0.8, 1e1]], "target": [0, 1]}',
    b'{"logits": [2, -3, 0.8], "target": 2}',
    b'{"logits": [[2, -Infinity], [0, 1]], "target": [[1, 0], [0.5, 0.5]], "sample-weight": [1, 2]}',
    *(json.dumps(rows, indent=i).encode() for i, rows in enumerate(_ROWS)),
    _LINES[0],
)
_LOGITS = np.array([[2, -3, 0.8], [1e1, 0.25, -0.5], [-1, -2, 3.5]])
_TARGET = np.array([2, 0, 1])
_BESIDE = "--target=2,0,1 -f json"


def _npy(array: Any, version: tuple[int, int] | None = None) -> bytes:
    written = io.BytesIO()
    np.lib.format.write_array(written, array, version)
    return written.getvalue()


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return written.getvalue()


def _npz_of(member: bytes) -> bytes:
    return _zip({"logits.npy": member, "target.npy": _npy(_TARGET)})


def _pt(entries: Any) -> bytes:
    written = io.BytesIO()
    torch.save(entries, written)
    return written.getvalue()


def _tensors(dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    return {"logits": torch.tensor(_LOGITS).to(dtype), "target": torch.tensor(_TARGET)}


def _pickled(member: bytes) -> bytes:
    """A torch file around a pickle, its checksums right."""
    with zipfile.ZipFile(io.BytesIO(_pt(_tensors()))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return _zip({n: member if n.endswith("data.pkl") else part for n, part in members.items()})


def _pickle() -> bytes:
    with zipfile.ZipFile(io.BytesIO(_pt(_tensors()))) as archive:
        return next(archive.read(n) for n in archive.namelist() if n.endswith("data.pkl"))


def _columns() -> list[pa.Table]:
    logits = {f"logit_{c}": _LOGITS[:, i] for i, c in enumerate("abc")}
    lists = pa.array(_LOGITS.tolist())
    return [
        pa.table({"id": ["x", "y", "z"], **logits, "target": ["c", "a", "b"]}),
        pa.table({"logits": lists, "target": _TARGET, "sample_weight": [1.0, 0.5, 2.0]}),
        pa.table(
            {**{n: x.astype("f4") for n, x in logits.items()},
             "target": pa.array(["c", "a", "b"]).dictionary_encode()}
        ),
    ]  # fmt: skip


def _parquet(table: pa.Table, **options: Any) -> bytes:
    written = io.BytesIO()
    parquet.write_table(table, written, **options)
    return written.getvalue()


def _arrow(table: pa.Table, *, is_file: bool, compression: str | None = None) -> bytes:
    written = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    make = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with make(written, table.schema, options=options) as writer:
        writer.write_table(table)
    return written.getvalue()


def _texts(data: bytes, count: int) -> list[str]:
    """Texts as argv could hold them: no NUL in them, but between them."""
    texts = data.decode("utf-8", "surrogateescape").split("\0")
    return (texts + [""] * count)[:count]


_INLINE = (
    "2,-3,0.8\x002", "2,-3;0.8,1e1\x001,0\x001,.5", "[[1,2],[3,-inf]]\x00[0,1]\x00[2,1]",
    "[1.5, 2]\x00[0.25, 0.75]", "[ 2. -3.  0.8]\x00 0", "[[1 2]\n [3 4]]\x00[[1 0]\n [0 1]]",
    "tensor([[1., 2.]], dtype=torch.float64)\x00array([1])", "1 2 3\x000",
    "[[[1,2],[3,4]]]\x00[[0,1]]", "1;2;3\x000;1;0",
)  # fmt: skip


def _given(command: str, options: Sequence[str], data: bytes, _: Path) -> list[str]:
    texts = zip(options, _texts(data, len(options)), strict=True)
    return [*shlex.split(command), *(f"{o}={t}" for o, t in texts if t or o != options[-1])]


def _inline_read(data: bytes) -> Given:
    texts = _texts(data, 3)
    return tables.inline(texts if texts[2] else texts[:2])


_FIELDS = ("id", "logit_b", "logit_a", "3", "a-b", "[x]", "x*", "target", "sample_weight")
_CELLS = [
    [f"r{i}", str(i), "-1.5", "2", str(i / 8), "1e1", "0.25", "0", str(i + 1)] for i in range(3)
]
_SPECIFICATIONS = (
    "logit_*\x00target", "2,3\x008", "2-4\x008", "-3\x00target", "5-\x00target", "3,a-b\x00-8",
    "[x],x*,logit_?\x00target", "*\x008", " logit_a , logit_b \x00 target", "[!l]*\x007",
)  # fmt: skip


def _specified(command: str, data: bytes, folder: Path) -> list[str]:
    text = "".join(",".join(row) + "\n" for row in (_FIELDS, *_CELLS))
    values, target = _texts(data, 2)
    said = [f"--logits-cols={values}", f"--target-col={target}"]
    return [*_file(".csv", command, text.encode(), folder), *said]


_VALUES = (
    "", "-", "--", "0", "-1", "1e400", "nan", "inf", "1,2", "[1", "[[1,2]]", "a,b", "\udcff", "\x1b[31m",
    "[/foo]", "x.csv", "@x.csv", "x.npy", "none.csv", "./", "/dev/null", "*.csv", "9" * 5000, "1" * 400,
    "utf-16", "idna", "base64", "punycode", "unicode_escape", "8G", "1K", "-5", "²", "\u0661", "tab", ";",
    '"', "index", "dist", "name", "sum", "mean", "none", "csv", "json", "jsonl", "npz", "tsv", "md", "float32",
    "float16", "bfloat16", "numpy", "cuda:9", "cuda:", "auto", "propagate", "always", "1-", "-2", "0-",
    "logit_*", "[", "target", "id", "tensor(1)", "array([])", "\n", "\u202e", "é", "a=b", "-inf", "-f",
)  # fmt: skip
_LINES_OF_ARGV = (
    "ce x.csv -f json", "bce --logits 1,2 --target 0,1", "ce --logits x.npy --target 2,0,1 -q",
    "softmax x.csv --log -f csv", "sigmoid --logits 1;2", "ce - --no-header -f jsonl", "", "--help",
    "ce x.csv --time --no-progress --reduction none -q", "ce x.csv --nan propagate -f md", "--version",
    "ce x.csv x.csv --label-smoothing 0.1 --weight 1,2", "ce x.csv -o out.csv", "ce x.csv --max-bytes 1K",
    "ce x.csv --max-columns 2", "ce x.csv --encoding utf-16", "ce x.csv --transpose --unchecked",
)  # fmt: skip


@functools.cache
def _words() -> tuple[str, ...]:
    """The commands, their options as Typer knows them, and nasty values."""
    root: Any = typer.main.get_command(cli.app)
    every = [*root.params, *itertools.chain(*(c.params for c in root.commands.values()))]
    options = sorted({name for p in every for name in p.opts if name.startswith("-")})
    return (*root.commands, *options, *(f"{o}={v}" for o in options for v in _VALUES), *_VALUES)


_NEVER = ("--debug", "s3://", "gs://", "http://", "--backend=torch", "--backend=auto")


def _argv(data: bytes, folder: Path) -> list[str]:
    """NUL stands between arguments; one of control characters only is a word by number."""
    for path in folder.iterdir():
        path.unlink()  # what -o left
    (folder / "x.csv").write_bytes(_CSV[0])
    (folder / "x.npy").write_bytes(_npy(_LOGITS))
    words = []
    for part in data.split(b"\0"):
        if part[:1] == b"\x01" and len(part) > 2:
            word = _words()[int.from_bytes(part[1:3], "big") % len(_words())]
        else:
            word = part.decode("utf-8", "surrogateescape")
        words.append(word)
    # What would leave the folder, or show its own traceback, is no input of ours.
    return [w for w in words if not w.startswith(_NEVER) and not (w[:1] == "/" and "dev" not in w)]


def _argv_seeds() -> tuple[bytes, ...]:
    plain = [b"\0".join(part.encode() for part in shlex.split(c)) for c in _LINES_OF_ARGV]
    numbers = range(0, len(_words()), 5)
    return (
        *plain,
        *(b"ce\0x.csv\0\x01" + n.to_bytes(2, "big").replace(b"\0", b"\xff") for n in numbers),
    )


def _beside(data: bytes) -> Given:
    return arranged(binaries.npy(data), [2, 0, 1])


def _target_beside(data: bytes) -> Given:
    return arranged(_LOGITS.tolist(), binaries.npy(data))


@functools.cache
def every() -> dict[str, Target]:
    """The targets by name."""
    arrays = [_LOGITS, _LOGITS.astype("f4"), np.asfortranarray(_LOGITS), _LOGITS.astype(">f2")]
    npys = [*map(_npy, arrays), _npy(_LOGITS.astype("i8"), (2, 0))]
    gathered = {"logits": _LOGITS, "target": _TARGET}
    members = {f"{name}.npy": _npy(array) for name, array in gathered.items()}
    plain = [_parquet(t, compression=c, write_page_checksum=c is None)
             for t, c in zip(_columns(), ("snappy", None, "zstd"), strict=True)]  # fmt: skip
    arrows = [_arrow(t, is_file=is_file, compression=c)
              for t, is_file, c in zip(_columns(), (True, False, True), (None, None, "lz4"), strict=True)]  # fmt: skip
    tsvs = [text.replace(b",", b"\t") for text in _CSV]
    binary = partial(tables.delimited, is_binary=True)
    packed = [gzip.compress(_CSV[0], mtime=0), gzip.compress(_CSV[1], mtime=0) * 1 + b"\0\0",
              bz2.compress(_CSV[0]), lzma.compress(_CSV[1]),
              pa.compress(_CSV[0], "zstd", asbytes=True)]  # fmt: skip
    found = [
        Target("csv", (
            _reader(".csv", _CSV, tables.delimited, text=True),
            _reader(".csv", [_CSV[3], _CSV[4]], binary, "bce FILE -f json", text=True),
            _reader(".csv", _CSV, None, "ce FILE -f csv"),
            _reader(".txt", _CSV, None, "ce FILE -f table"),
        )),
        Target("tsv", (
            _reader(".tsv", tsvs, partial(tables.delimited, delimiter="\t"), text=True),
            _reader(".tsv", tsvs, None, "softmax FILE -f tsv"),
        )),
        Target("json", (
            _reader(".json", _DOCUMENTS, tables.document, text=True),
            _reader(".json", _DOCUMENTS, None, "ce FILE -q --reduction none"),
        )),
        Target("jsonl", (
            _reader(".jsonl", _LINES, tables.lines, text=True),
            _reader(".jsonl", [_LINES[2]], partial(tables.lines, is_binary=True), "bce FILE -f json"),
            _reader(".jsonl", _LINES, None, "ce FILE -f jsonl"),
        )),
        Target("npy", (
            _reader(".npy", npys, _beside, f"ce --logits FILE {_BESIDE}"),
            _reader(".npy", [_npy(_TARGET), _npy(np.eye(3)), _npy(_TARGET.astype("u1"))],
                    _target_beside, 'ce --logits "2,-3,0.8;1e1,0.25,-0.5;-1,-2,3.5" --target FILE -f json'),
        )),
        Target("npz", (
            _reader(".npz", [_zip(members), _zip(members, zipfile.ZIP_DEFLATED)], binaries.npz),
            _reader(".npz", npys, binaries.npz, wrap=_npz_of),
        )),
        Target("safetensors", (
            _reader(".safetensors", [safetensors.numpy.save({n: a.astype(d) for n, a in gathered.items()})
                                     for d in ("f8", "f4", "i4")], binaries.safe),
        )),
        Target("pt", (
            _reader(".pt", [_pt(_tensors()), _pt(_tensors(torch.float16))], binaries.pt),
            _reader(".pt", [_pickle()], binaries.pt, wrap=_pickled),
        )),
        Target("parquet", (_reader(".parquet", plain, binaries.pq),)),
        Target("arrow", (_reader(".arrow", arrows, binaries.arrow),)),
        Target("compressed", (
            _reader(".csv.gz", packed, binaries.compressed),
            _reader(".csv.gz", _CSV, binaries.compressed, wrap=partial(gzip.compress, mtime=0)),
        )),
        Target("inline", (
            Way(partial(_given, "ce -f json", ("--logits", "--target", "--sample-weight")),
                tuple(t.encode() for t in _INLINE), _inline_read, also_refused=True),
            Way(partial(_given, "bce -q", ("--logits", "--target", "--weight", "--pos-weight")),
                tuple(t.encode() for t in _INLINE)),
            Way(partial(_given, "ce -f csv", ("--probs", "--target", "--classes", "--weight")),
                (b".5,.5\0a\0a,b", b"[[.25,.75]]\x000\0\x001,2")),
        )),
        Target("columns", (
            Way(partial(_specified, "ce FILE -f json"), tuple(t.encode() for t in _SPECIFICATIONS),
                lambda data: tables.columns(_texts(data, 2), _FIELDS, _CELLS), also_refused=True),
        )),
        Target("argv", (Way(_argv, _argv_seeds()),), frozenset({0, 1, 2, 3, 4, 5, 6})),
    ]  # fmt: skip
    return {target.name: target for target in found}
