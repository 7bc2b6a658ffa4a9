"""What comes out: each view turns a stream of records into chunks of text, and prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cecalc.model import Item
from cecalc.request import EVERYTHING, Screen, Selection

Renderer: TypeAlias = Callable[[Iterator[Item], Screen, Selection], Iterator[str]]
"""Makes chunks of whole lines of a run's items."""


@dataclass(frozen=True)
class Format:
    """How a result is written; the view's module is imported only when it is used."""

    name: str
    """What `--format` calls it."""
    view: Callable[[], Renderer]
    """Imports the view."""
    suffixes: tuple[str, ...] = ()
    """Those of file names that ask for it."""
    is_by_row: bool = False
    """Whether each row of the result can be written, and used, before the next is known."""

    def render(
        self, items: Iterator[Item], screen: Screen, selection: Selection = EVERYTHING
    ) -> Iterator[str]:
        """Chunks of whole lines."""
        return self.view()(items, screen, selection)


def _table() -> Renderer:
    from cecalc.output import table

    return table.render


def _json() -> Renderer:
    from cecalc.output import json

    return json.render


def _json_lines() -> Renderer:
    from cecalc.output import json

    return json.render_lines


def _csv() -> Renderer:
    from cecalc.output import csv

    return csv.render_csv


def _tsv() -> Renderer:
    from cecalc.output import csv

    return csv.render_tsv


def _markdown() -> Renderer:
    from cecalc.output import markdown

    return markdown.render


TABLE = Format("table", _table, (".txt",))
JSON = Format("json", _json, (".json",))
JSONL = Format("jsonl", _json_lines, (".jsonl", ".ndjson"), is_by_row=True)
CSV = Format("csv", _csv, (".csv",), is_by_row=True)
TSV = Format("tsv", _tsv, (".tsv",), is_by_row=True)
MARKDOWN = Format("markdown", _markdown, (".md", ".markdown"))
FormatName = Literal["table", "json", "jsonl", "csv", "tsv", "markdown"]
"""What `--format` takes of any command."""
FORMATS = {form.name: form for form in (TABLE, JSON, JSONL, CSV, TSV, MARKDOWN)}
SUFFIXES = {
    suffix: form for form in (CSV, TSV, JSON, JSONL, MARKDOWN, TABLE) for suffix in form.suffixes
}
