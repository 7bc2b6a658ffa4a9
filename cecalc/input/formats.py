"""Which format an input has: from --input-format, its suffix, or its first bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from cecalc.errors import DataError, Place
from cecalc.input import csv, json
from cecalc.input.bytes import without_suffix
from cecalc.input.files import Files, Opened, open_bytes
from cecalc.input.json import Document
from cecalc.input.layout import Wanted
from cecalc.input.table import Table
from cecalc.request import ColumnChoice, InputRequest, NamedFile
from cecalc.terms import InputFormat

if TYPE_CHECKING:
    from cecalc.input.arrays import ArrayFile, Windows

SUFFIXES = {
    ".csv": InputFormat.CSV,
    ".tsv": InputFormat.TSV,
    ".json": InputFormat.JSON,
    ".jsonl": InputFormat.JSONL,
    ".ndjson": InputFormat.JSONL,
    ".npy": InputFormat.NPY,
    ".npz": InputFormat.NPZ,
    ".safetensors": InputFormat.SAFETENSORS,
    ".pt": InputFormat.PT,
    ".pth": InputFormat.PT,
    ".parquet": InputFormat.PARQUET,
    ".arrow": InputFormat.ARROW,
    ".feather": InputFormat.ARROW,
    ".ipc": InputFormat.ARROW,
}
_OF_ARRAYS = {
    InputFormat.NPY,
    InputFormat.NPZ,
    InputFormat.SAFETENSORS,
    InputFormat.PT,
}


_OF_ARROW = (b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")
"""What Parquet, and Arrow's files and streams, begin with."""
_BEGINS = {
    b"PAR1": "Parquet",
    b"ARROW1": "Arrow",
    b"\x93NUMPY": "a NumPy array",
    b"PK\x03\x04": "a zip of NumPy or torch",
    b"{": "JSON",
}
"""What an input may be that is not of the format it is said to have."""


@dataclass(frozen=True)
class Arrays:
    """A file of arrays, none of which has been read yet."""

    source: str
    file: ArrayFile

    def only(self, name: str, *, text: bool = False) -> Windows:
        """The array of that name, or the only one there is; `text` lets it hold text.

        Raises
        ------
        DataError : there are several, and none of that name
        """
        names = self.file.names
        if name not in names and len(names) > 1:
            shown = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if names[12:] else "")
            raise DataError(f"no {name}", place=Place(source=self.source), hint=f"arrays: {shown}")
        return self.file.open(name if name in names else names[0], text=text)


Found = Table | Document | Arrays


def opened(request: InputRequest, path: str, wanted: Wanted, files: Files) -> Found:
    """The input at `path`, as far as its columns, its one value or the names of its arrays.

    `files` closes it.

    Raises
    ------
    InputError, DataError, LimitError : as the format's own reader says
    """
    source = open_bytes(path, files)
    form = _said(path, request.format)
    arrays = arrays_in(source, path, files, form=form, max_bytes=request.max_bytes)
    if arrays is not None:
        return arrays
    if form is InputFormat.AUTO and source.head.startswith(_OF_ARROW):
        form = InputFormat.PARQUET if source.head.startswith(b"PAR1") else InputFormat.ARROW
    if form in (InputFormat.PARQUET, InputFormat.ARROW):
        from cecalc.input import parquet

        return parquet.open_table(source, form, request, wanted, files)
    try:
        return _text(source, form, request, wanted)
    except DataError as error:
        looks = next(
            (form for begin, form in _BEGINS.items() if source.head.startswith(begin)), None
        )
        is_json = looks == "JSON" and form not in (InputFormat.CSV, InputFormat.TSV)
        if looks is not None and not is_json:
            error.hint = f"it begins like {looks}: see --input-format"
        raise


def _text(source: Opened, form: InputFormat, request: InputRequest, wanted: Wanted) -> Found:
    """An input of text."""
    stream = source.text(request.encoding, request.max_bytes)
    head = stream.head()
    if form is InputFormat.AUTO and head.lstrip()[:1] in (b"{", b"["):
        form = InputFormat.JSON
    if form in (InputFormat.JSON, InputFormat.JSONL):
        return json.open_json(stream, request, wanted, is_lines=form is InputFormat.JSONL)
    sniffed = csv.sniff_delimiter(head.split(b"\n")[0])
    delimiter = {InputFormat.TSV: "\t", InputFormat.CSV: ","}.get(form, sniffed)
    return csv.open_table(stream, request.delimiter or delimiter, request, wanted)


def _said(path: str, form: InputFormat) -> InputFormat:
    """The format that the option or the suffix says."""
    if form is not InputFormat.AUTO:
        return form
    return SUFFIXES.get(PurePath(without_suffix(path)).suffix.lower(), form)


def arrays_in(
    source: Opened,
    path: str,
    files: Files,
    *,
    form: InputFormat = InputFormat.AUTO,
    max_bytes: int | None = None,
) -> Arrays | None:
    """The arrays of a file that holds some; None of any other.

    Raises
    ------
    DataError, InputError, LimitError : as `arrays.open_arrays`
    """
    form, head = _said(path, form), source.head
    is_text = head.isascii() and b"\0" not in head and not head.startswith(b"PK")
    if form not in _OF_ARRAYS and (is_text or form is not InputFormat.AUTO):
        return None  # before anything is imported that knows more
    from cecalc.input import arrays

    if form is InputFormat.AUTO and arrays.sniff(head) is None:
        return None
    container = None if form is InputFormat.AUTO else arrays.Container(form)
    file = arrays.open_arrays(
        source.binary(files), source.name, files, container=container, max_bytes=max_bytes
    )
    return Arrays(source.name, file)


_LINES, _OBJECTS, _COLUMNS, _DOCUMENT, _ARRAYS = "lines", "objects", "columns", "document", "arrays"
_DELIMITED = (_LINES,), "CSV and TSV"
_TEXT = (_LINES, _OBJECTS, _DOCUMENT), "text"
_TABLE = (_LINES, _OBJECTS, _COLUMNS), "tables: CSV, TSV, JSON lines, Parquet, Arrow"
_WHOLE = (_DOCUMENT, _ARRAYS), "values as arguments, JSON documents and arrays"


def refuse_idle(found: Found, request: InputRequest) -> None:
    """Refuse an option that says nothing of this input; it may be meant for a file beside it.

    Raises
    ------
    DataError : it goes with other formats
    """
    beside = any(isinstance(given, NamedFile) for given in (request.target, request.sample_weight))
    for option, (forms, what) in _given_options(request):
        if _form(found) not in forms and (option == "--transpose" or not beside):
            raise DataError(f"{option} goes with {what}", place=Place(source=found.source))


def _form(found: Found) -> str:
    if isinstance(found, Table):
        return found.form or _COLUMNS
    return _DOCUMENT if isinstance(found, Document) else _ARRAYS


def _given_options(request: InputRequest) -> Iterator[tuple[str, tuple[tuple[str, ...], str]]]:
    """The options that were given, and what each goes with."""
    if request.delimiter is not None:
        yield "--delimiter", _DELIMITED
    if not request.has_header:
        yield "--no-header", _DELIMITED
    if request.encoding != "utf-8":
        yield "--encoding", _TEXT
    for option in _columns(request.columns):
        yield option, _TABLE
    if request.transpose:
        yield "--transpose", _WHOLE


def _columns(choice: ColumnChoice) -> Iterator[str]:
    yield from (f"{kind.option}-cols" for kind in choice.values)
    for name, option in (
        ("target", "--target-col"),
        ("targets", "--target-cols"),
        ("id", "--id-col"),
        ("sample_weight", "--sample-weight-col"),
    ):
        if getattr(choice, name) is not None:
            yield option
