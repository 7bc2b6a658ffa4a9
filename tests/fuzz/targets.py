"""What is fuzzed: each reader, the values of options, the column specifications, argv."""

from __future__ import annotations

import bz2
import functools
import gzip
import itertools
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

from cecalc.cli import commands
from tests.fuzz import binaries, seeds, spoken, tables
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


def _texts(data: bytes, count: int) -> list[str]:
    """Texts as argv could hold them: no NUL in them, but between them."""
    texts = data.decode("utf-8", "surrogateescape").split("\0")
    return (texts + [""] * count)[:count]


def _given(command: str, options: Sequence[str], data: bytes, _: Path) -> list[str]:
    texts = zip(options, _texts(data, len(options)), strict=True)
    return [*shlex.split(command), *(f"{o}={t}" for o, t in texts if t or o != options[-1])]


def _inline_read(data: bytes) -> Given:
    texts = _texts(data, 3)
    return spoken.inline(texts if texts[2] else texts[:2])


def _specified(command: str, data: bytes, folder: Path) -> list[str]:
    text = "".join(",".join(row) + "\n" for row in (seeds.FIELDS, *seeds.CELLS))
    values, target = _texts(data, 2)
    said = [f"--logits-cols={values}", f"--target-col={target}"]
    return [*_file(".csv", command, text.encode(), folder), *said]


@functools.cache
def _words() -> tuple[str, ...]:
    """The commands, their options as Typer knows them, and nasty values."""
    root: Any = typer.main.get_command(commands.app)
    every = [*root.params, *itertools.chain(*(c.params for c in root.commands.values()))]
    options = sorted({name for p in every for name in p.opts if name.startswith("-")})
    return (
        *root.commands,
        *options,
        *(f"{o}={v}" for o in options for v in seeds.VALUES),
        *seeds.VALUES,
    )


_NEVER = ("--debug", "s3://", "gs://", "http://", "--backend=torch", "--backend=auto")


def _argv(data: bytes, folder: Path) -> list[str]:
    """NUL stands between arguments; one of control characters only is a word by number."""
    for path in folder.iterdir():
        path.unlink()  # what -o left
    (folder / "x.csv").write_bytes(seeds.CSV[0])
    (folder / "x.npy").write_bytes(seeds.npy(seeds.LOGITS))
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
    plain = [b"\0".join(part.encode() for part in shlex.split(c)) for c in seeds.LINES_OF_ARGV]
    numbers = range(0, len(_words()), 5)
    return (
        *plain,
        *(b"ce\0x.csv\0\x01" + n.to_bytes(2, "big").replace(b"\0", b"\xff") for n in numbers),
    )


def _beside(data: bytes) -> Given:
    return arranged(binaries.npy(data), [2, 0, 1])


def _target_beside(data: bytes) -> Given:
    return arranged(seeds.LOGITS.tolist(), binaries.npy(data))


@functools.cache
def every() -> dict[str, Target]:
    """The targets by name."""
    arrays = [
        seeds.LOGITS,
        seeds.LOGITS.astype("f4"),
        np.asfortranarray(seeds.LOGITS),
        seeds.LOGITS.astype(">f2"),
    ]
    npys = [*map(seeds.npy, arrays), seeds.npy(seeds.LOGITS.astype("i8"), (2, 0))]
    gathered = {"logits": seeds.LOGITS, "target": seeds.TARGET}
    members = {f"{name}.npy": seeds.npy(array) for name, array in gathered.items()}
    plain = [seeds.parquet_of(t, compression=c, write_page_checksum=c is None)
             for t, c in zip(seeds.columns(), ("snappy", None, "zstd"), strict=True)]  # fmt: skip
    arrows = [seeds.arrow_of(t, is_file=is_file, compression=c)
              for t, is_file, c in zip(seeds.columns(), (True, False, True), (None, None, "lz4"), strict=True)]  # fmt: skip
    tsvs = [text.replace(b",", b"\t") for text in seeds.CSV]
    binary = partial(tables.delimited, is_binary=True)
    packed = [gzip.compress(seeds.CSV[0], mtime=0), gzip.compress(seeds.CSV[1], mtime=0) + b"\0\0",
              bz2.compress(seeds.CSV[0]), lzma.compress(seeds.CSV[1]),
              pa.compress(seeds.CSV[0], "zstd", asbytes=True)]  # fmt: skip
    found = [
        Target("csv", (
            _reader(".csv", seeds.CSV, tables.delimited, text=True),
            _reader(".csv", [seeds.CSV[3], seeds.CSV[4]], binary, "bce FILE -f json", text=True),
            _reader(".csv", seeds.CSV, None, "ce FILE -f csv"),
            _reader("", [*seeds.CSV, *tsvs], tables.sniffed, "ce - -f json", text=True),
            _reader(".csv", seeds.HEADLESS, tables.headless, f"ce FILE -f json {seeds.NO_HEADER}", text=True),
            _reader(".csv", seeds.UTF_16, tables.utf_16, "ce FILE -f json --encoding utf-16"),
            _reader(".txt", seeds.CSV, None, "ce FILE -f table"),
        )),
        Target("tsv", (
            _reader(".tsv", tsvs, partial(tables.delimited, delimiter="\t"), text=True),
            _reader(".tsv", tsvs, None, "softmax FILE -f tsv"),
        )),
        Target("json", (
            _reader(".json", seeds.DOCUMENTS, tables.document, text=True),
            _reader(".json", seeds.DOCUMENTS, None, "ce FILE -q --reduction none"),
        )),
        Target("jsonl", (
            _reader(".jsonl", seeds.LINES, tables.lines, text=True),
            _reader(".jsonl", [seeds.LINES[2]], partial(tables.lines, is_binary=True), "bce FILE -f json"),
            _reader(".jsonl", seeds.LINES, None, "ce FILE -f jsonl"),
        )),
        Target("npy", (
            _reader(".npy", npys, _beside, f"ce --logits FILE {seeds.BESIDE}"),
            _reader(".npy", [seeds.npy(seeds.TARGET), seeds.npy(np.eye(3)), seeds.npy(seeds.TARGET.astype("u1"))],
                    _target_beside, 'ce --logits "2,-3,0.8;1e1,0.25,-0.5;-1,-2,3.5" --target FILE -f json'),
        )),
        Target("npz", (
            _reader(".npz", [seeds.zipped(members), seeds.zipped(members, zipfile.ZIP_DEFLATED)], binaries.npz),
            _reader(".npz", npys, binaries.npz, wrap=seeds.npz_of),
        )),
        Target("safetensors", (
            _reader(".safetensors", [safetensors.numpy.save({n: a.astype(d) for n, a in gathered.items()})
                                     for d in ("f8", "f4", "i4")], binaries.safe),
        )),
        Target("pt", (
            _reader(".pt", [seeds.pt(seeds.tensors()), seeds.pt(seeds.tensors(torch.float16))], binaries.pt),
            _reader(".pt", [seeds.pickle()], binaries.pt, wrap=seeds.pickled),
        )),
        Target("parquet", (_reader(".parquet", plain, binaries.pq),)),
        Target("arrow", (_reader(".arrow", arrows, binaries.arrow),)),
        Target("compressed", (
            _reader(".csv.gz", packed, binaries.compressed),
            _reader(".csv.gz", seeds.CSV, binaries.compressed, wrap=partial(gzip.compress, mtime=0)),
        )),
        Target("inline", (
            Way(partial(_given, "ce -f json", ("--logits", "--target", "--sample-weight")),
                tuple(t.encode() for t in seeds.INLINE), _inline_read, also_refused=True),
            Way(partial(_given, "bce -q", ("--logits", "--target", "--weight", "--pos-weight")),
                tuple(t.encode() for t in seeds.INLINE)),
            Way(partial(_given, "ce -f csv", ("--probs", "--target", "--classes", "--weight")),
                (b".5,.5\0a\0a,b", b"[[.25,.75]]\x000\0\x001,2")),
        )),
        Target("columns", (
            Way(partial(_specified, "ce FILE -f json"), tuple(t.encode() for t in seeds.SPECIFICATIONS),
                lambda data: spoken.columns(_texts(data, 2), seeds.FIELDS, seeds.CELLS), also_refused=True),
        )),
        Target("argv", (Way(_argv, _argv_seeds()),), frozenset({0, 1, 2, 3, 4, 5, 6})),
    ]  # fmt: skip
    return {target.name: target for target in found}
