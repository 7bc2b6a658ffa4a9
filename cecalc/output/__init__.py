"""What comes out: each view turns a stream of records into chunks of text, and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cecalc.model import Header, Item
from cecalc.request import EVERYTHING, Screen, Selection


@dataclass(frozen=True)
class Format:
    """How a result is written."""

    name: str
    """What `--format` calls it."""
    view: str
    """`module:function`, imported only when it is used."""
    suffixes: tuple[str, ...] = ()
    """Those of file names that ask for it."""
    is_by_row: bool = False
    """Whether each row of the result can be written, and used, before the next is known."""

    def render(
        self, items: Iterator[Item], screen: Screen, selection: Selection = EVERYTHING
    ) -> Iterator[str]:
        """Chunks of whole lines."""
        chunks: Iterator[str] = self.function(items, screen, selection)
        return chunks

    @property
    def function(self) -> Any:
        """What makes the text."""
        from pkgutil import resolve_name

        return resolve_name(self.view)


class SingleFormat(Format):
    """How the one item is written that a run hands on after its header."""

    def render(
        self,
        items: Iterator[Item],
        screen: Screen,
        selection: Selection = EVERYTHING,  # noqa: ARG002 (the item is written whole)
    ) -> Iterator[str]:
        """The whole text."""
        function = self.function
        return (function(item, screen) for item in items if not isinstance(item, Header))


TABLE = Format("table", "cecalc.output.table:render", (".txt",))
JSON = Format("json", "cecalc.output.json:render", (".json",))
JSONL = Format("jsonl", "cecalc.output.json:render_lines", (".jsonl", ".ndjson"), is_by_row=True)
CSV = Format("csv", "cecalc.output.csv:render_csv", (".csv",), is_by_row=True)
TSV = Format("tsv", "cecalc.output.csv:render_tsv", (".tsv",), is_by_row=True)
MARKDOWN = Format("markdown", "cecalc.output.markdown:render", (".md", ".markdown"))
FormatName = Literal["table", "json", "jsonl", "csv", "tsv", "markdown"]
"""What `--format` takes of any command."""
FORMATS = {form.name: form for form in (TABLE, JSON, JSONL, CSV, TSV, MARKDOWN)}
SUFFIXES = {
    suffix: form for form in (CSV, TSV, JSON, JSONL, MARKDOWN, TABLE) for suffix in form.suffixes
}
