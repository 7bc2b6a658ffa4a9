"""The formats of inputs, a record each; to add one, write what opens it, and its record.

Which format an input has is told by --input-format, its suffix, or its first bytes.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

from cecalc.errors import DataError, InputError, Place, excerpt, suggestion
from cecalc.input.bytes import not_a, without_suffix
from cecalc.input.files import STANDARD_INPUT, Files, Opened, open_bytes, remembered
from cecalc.input.nested import parse
from cecalc.request import Held, InputRequest, NamedFile
from cecalc.terms import InputFormat

if TYPE_CHECKING:
    from cecalc.input.arrays.windows import ArrayFile
    from cecalc.input.layout import Wanted
    from cecalc.input.members import Document
    from cecalc.input.table import Table

Found: TypeAlias = "Table | Document | ArrayFile"
Opener: TypeAlias = "Callable[[InputFormat, Opened, InputRequest, Wanted, Files], Found]"

_COLUMNS = "--*-col"
"""Stands for every option that names columns."""
_DELIMITED = ("--delimiter", "--decimal", "--no-header", "--encoding", _COLUMNS)
_OBJECTS = ("--encoding", _COLUMNS)
_DOCUMENT = ("--encoding", "--transpose")
_ARRAYS = ("--transpose",)


@dataclass(frozen=True)
class FileFormat:
    """How the bytes of an input are laid out."""

    name: InputFormat
    """What --input-format calls it; AUTO where only the bytes tell."""
    title: str
    """What messages call it."""
    suffixes: tuple[str, ...]
    open: Opener
    """Reads as far as the columns, the one value or the names of the arrays."""
    options: tuple[str, ...]
    """Those that say something of it, but not of every format."""
    begins: bytes | None = None
    """A pattern of the first bytes; what is no text has to begin so."""
    alias: str | None = None
    """What a file of text may rather be that begins so, in a hint."""

    @property
    def is_text(self) -> bool:
        """Whether it has an encoding."""
        return "--encoding" in self.options

    @property
    def is_of_arrays(self) -> bool:
        """Whether it holds arrays by their names."""
        return self.options == _ARRAYS

    def fits(self, head: bytes) -> bool:
        """Whether an input that begins with `head` can be of it."""
        return self.begins is not None and re.match(self.begins, head, re.DOTALL) is not None


def _text(
    name: InputFormat, source: Opened, request: InputRequest, wanted: Wanted, _: Files
) -> Found:
    from cecalc.input import json

    stream = source.text(request.encoding, request.max_bytes)
    head = stream.head()
    if name is InputFormat.AUTO and head.lstrip()[:1] in (b"{", b"["):
        name = InputFormat.JSON
    if name in (InputFormat.JSON, InputFormat.JSONL):
        return json.open_json(stream, request, wanted, is_lines=name is InputFormat.JSONL)
    from cecalc.input import csv

    usual = {InputFormat.CSV: ",", InputFormat.TSV: "\t"}.get(name)
    line = head.split(b"\n")[0]
    delimiter = request.delimiter or csv.sniff_delimiter(line, usual, request.decimal)
    return csv.open_table(stream, delimiter, request, wanted)


def _arrow(
    _: InputFormat, source: Opened, request: InputRequest, wanted: Wanted, files: Files
) -> Table:
    from cecalc.input import parquet

    return parquet.open_table(source, request, wanted, files)


def _arrays(
    name: InputFormat, source: Opened, request: InputRequest, _: Wanted, files: Files
) -> ArrayFile:
    from cecalc.input.arrays import npy, safetensors, torch

    if name is InputFormat.NPY:
        return npy.open_npy(source, files, request.max_bytes)
    if name is InputFormat.SAFETENSORS:
        found = safetensors.open_safetensors(source, files, request.max_bytes)
    else:
        found = torch.open_zip(name, source, files, request.max_bytes)
    if not found.names:
        raise DataError("holds no arrays", place=source.place)
    return found


FORMATS = (
    FileFormat(InputFormat.CSV, "CSV", (".csv",), _text, _DELIMITED),
    FileFormat(InputFormat.TSV, "TSV", (".tsv",), _text, _DELIMITED),
    FileFormat(InputFormat.JSONL, "JSON lines", (".jsonl", ".ndjson"), _text, _OBJECTS),
    FileFormat(InputFormat.PARQUET, "Parquet", (".parquet",), _arrow, (_COLUMNS,),
        b"PAR1", "Parquet"),
    FileFormat(InputFormat.ARROW, "Arrow", (".arrow", ".feather", ".ipc"), _arrow, (_COLUMNS,),
        rb"ARROW1|\xff{4}", "Arrow"),
    FileFormat(InputFormat.NPY, "NumPy", (".npy",), _arrays, _ARRAYS,
        rb"\x93NUMPY|\x93.{0,4}\Z", "a NumPy array"),
    FileFormat(InputFormat.AUTO, "zip", (), _arrays, _ARRAYS, rb"PK(\x03\x04|\x05\x06)",
        "a zip of NumPy or torch"),
    FileFormat(InputFormat.NPZ, "NumPy .npz", (".npz",), _arrays, _ARRAYS,
        rb"PK(\x03\x04|\x05\x06)"),
    FileFormat(InputFormat.PT, "torch", (".pt", ".pth"), _arrays, _ARRAYS,
        rb"PK(\x03\x04|\x05\x06)|\x80[\x02-\x05]"),
    FileFormat(InputFormat.SAFETENSORS, "safetensors", (".safetensors",), _arrays, _ARRAYS,
        rb".{3}[\x00-\x05]\x00{4}\{"),
    FileFormat(InputFormat.JSON, "JSON", (".json",), _text, _DOCUMENT, rb"\{", "JSON"),
    FileFormat(InputFormat.AUTO, "text", (".txt",), _text, _DELIMITED + _DOCUMENT, b""),
)  # fmt: skip
"""In the order in which they are looked for; text is what is nothing else."""


def opened(request: InputRequest, path: str, wanted: Wanted, files: Files) -> Found:
    """The input at `path`, as far as its columns, its one value or the names of its arrays.

    `files` closes it.

    Raises
    ------
    InputError, DataError, LimitError : as the format's own reader says
    """
    path, member = member_of(path)
    source = open_bytes(path, files)
    form = format_of(path, source.head, request.input_format)
    found = open_as(form, source, request, wanted, files)
    return found if member is None else _member(found, member)


def member_of(path: str) -> tuple[str, str | None]:
    """The file that a value names, and its member behind a colon, where it names one."""
    before, _, member = path.rpartition(":")
    is_one = before and member and "://" not in path and not os.path.exists(path)  # noqa: PTH110
    return (before, member) if is_one else (path, None)


def pattern_of(files: Sequence[str]) -> str | None:
    """The pattern that matches these files in this order and nothing else; None where none does."""
    start = os.path.commonprefix(files)  # noqa: RUF071
    end = os.path.commonprefix([file[len(start) :][::-1] for file in files])[::-1]  # noqa: RUF071
    pattern = f"{start}*{end}" if files[1:] else start
    return pattern if sorted(glob.glob(pattern)) == list(files) else None  # noqa: PTH207


def _member(found: Found, member: str) -> Found:
    """One member of a document or a file of arrays, as if it were alone.

    Raises
    ------
    DataError : there is none of that name
    """
    from cecalc.input.table import Table

    names: tuple[str, ...] = ()
    if not isinstance(found, Table):
        names = found.names
        if member in names:
            return found.member(member)
    rule, hint = f"has no members, such as {excerpt(member)}", None
    if any(names):
        rule = f"no member {excerpt(member)}{suggestion(member, names)}"
        hint = f"members: {', '.join(names)}"
    raise DataError(rule, place=Place(source=found.source), hint=hint)


def open_as(
    form: FileFormat, source: Opened, request: InputRequest, wanted: Wanted, files: Files
) -> Found:
    """An input in a format that is known.

    Raises
    ------
    InputError, DataError, LimitError : as the format's own reader says
    """
    head = source.head
    try:
        if not form.is_text and not form.fits(head):
            raise not_a(form.title, head, source.place)
        return form.open(form.name, source, request, wanted, files)
    except (DataError, InputError) as error:
        is_given = source.name == STANDARD_INPUT and (wanted.only or not wanted.values)
        is_told = form.name is not InputFormat.AUTO or any(given_options(request))
        if is_given and not is_told and form.is_text and (typed := _typed(source, wanted)):
            return typed
        from cecalc.input import foreign

        if found := foreign.explained(source.name):
            raise found from None
        other = next((other for other in FORMATS if other.alias and other.fits(head)), form)
        is_json = other.name is InputFormat.JSON and "--delimiter" not in form.options
        if form.is_text and other.alias and not is_json:
            error.hint = f"it begins like {other.alias}: see --input-format"
        raise


def _typed(source: Opened, wanted: Wanted) -> Document | None:
    """Numbers that a pipe gives to an option as they could be typed: on one line, or in brackets;
    of several lines, the first may as well hold names.
    """
    from cecalc.input.members import Document

    text = remembered().decode(errors="replace").strip()
    try:
        nested = parse(text)
        if wanted.values:  # a list is one row
            nested = nested if isinstance(nested, list) else [nested]
            nested = nested if isinstance(nested[0], list) else [nested]
    except (ValueError, IndexError):
        return None
    is_all = not source.source.read(1) and ("[" in text or "\n" not in text)
    return Document(source.name, nested) if is_all else None


def format_of(path: str, head: bytes, said: InputFormat = InputFormat.AUTO) -> FileFormat:
    """The format that is said, else that of the suffix, else that of the first bytes."""
    suffix = _suffix(path)
    for form in FORMATS:
        is_it = suffix in form.suffixes if said is InputFormat.AUTO else form.name is said
        if is_it and form.name is not InputFormat.AUTO:
            return form
    return next(form for form in FORMATS if form.fits(head))


def is_file_name(text: str) -> bool:
    """Whether a value names a file: `@x`, a slash, or a known suffix.

    >>> is_file_name("logits.csv"), is_file_name("@x"), is_file_name("1,.5")
    (True, True, False)
    """
    if "[" in text or "\n" in text:
        return False
    is_path = text == "-" or text.startswith("@") or "/" in text
    suffixes = {_suffix(text), _suffix(text.rpartition(":")[0])}
    return is_path or any(not suffixes.isdisjoint(form.suffixes) for form in FORMATS)


def _suffix(path: str) -> str:
    return PurePath(without_suffix(path)).suffix.lower()


def refuse_idle(found: Found, request: InputRequest) -> None:
    """Refuse an option that says nothing of this input; it may be meant for a file beside it.

    Raises
    ------
    DataError : it goes with other formats
    """
    from cecalc.input.members import Document
    from cecalc.input.table import Table

    if isinstance(found, Table):
        options = {"lines": _DELIMITED, "objects": _OBJECTS}.get(found.form, (_COLUMNS,))
    else:
        options = _DOCUMENT if isinstance(found, Document) else _ARRAYS
    beside = any(
        isinstance(given, NamedFile | Held) for given in (request.target, request.sample_weight)
    )
    for option, of_formats in given_options(request):
        if of_formats not in options and (option == "--transpose" or not beside):
            rule = f"{option} goes with {_fitting(of_formats)}"
            raise DataError(rule, place=Place(source=found.source))


def given_options(request: InputRequest) -> Iterator[tuple[str, str]]:
    """The options that were given, and what `FileFormat.options` call them."""
    for name, text in vars(request.columns).items():
        if text is not None:
            yield f"--{name.replace('_', '-')}", _COLUMNS
    for name in ("delimiter", "decimal", "no_header", "encoding", "transpose"):
        if getattr(request, name) != getattr(InputRequest, name):
            option = f"--{name.replace('_', '-')}"
            yield option, option


def _fitting(option: str) -> str:
    """What an option goes with, for people."""
    if option == "--encoding":
        return "text"
    if option == "--transpose":
        return "values as arguments, JSON documents and arrays"
    titles = [f.title for f in FORMATS if option in f.options and f.name is not InputFormat.AUTO]
    return f"tables: {', '.join(titles)}" if option == _COLUMNS else " and ".join(titles)
