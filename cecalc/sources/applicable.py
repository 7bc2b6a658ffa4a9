"""Which options of reading say something of which inputs; one that says nothing is refused."""

from __future__ import annotations

from collections.abc import Iterator

from cecalc.errors import DataError, Place
from cecalc.records import ColumnChoice, InputRequest, NamedFile
from cecalc.sources.documents import Document
from cecalc.sources.formats import Found
from cecalc.sources.tables import Table

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
    for option, (forms, what) in _said(request):
        if _form(found) not in forms and (option == "--transpose" or not beside):
            raise DataError(f"{option} goes with {what}", place=Place(source=found.source))


def _form(found: Found) -> str:
    if isinstance(found, Table):
        return found.form or _COLUMNS
    return _DOCUMENT if isinstance(found, Document) else _ARRAYS


def _said(request: InputRequest) -> Iterator[tuple[str, tuple[tuple[str, ...], str]]]:
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
