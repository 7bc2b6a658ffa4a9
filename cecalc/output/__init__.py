"""What comes out: each view turns a stream of records into chunks of text, and prints nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cecalc.items import Header, Item
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
    is_whole: bool = False
    """Whether it is of no use before all of it is there."""
    is_by_row: bool = False
    """Whether each row of the result can be written, and used, before the next is known."""
    is_of_one: bool = False
    """Whether the function takes the one item that the run hands on after its header."""

    def render(
        self, items: Iterator[Item], screen: Screen, selection: Selection = EVERYTHING
    ) -> Iterator[Any]:
        """Chunks of whole lines; of a format that has none, of bytes."""
        from pkgutil import resolve_name

        function: Any = resolve_name(self.view)
        if self.is_of_one:
            return (function(item, screen) for item in items if not isinstance(item, Header))
        chunks: Iterator[str] | Iterator[bytes] = function(items, screen, selection)
        return chunks


TABLE = Format("table", "cecalc.output.table:render", (".txt",))
JSON = Format("json", "cecalc.output.json:render", (".json",))
JSONL = Format("jsonl", "cecalc.output.json:render_lines", (".jsonl", ".ndjson"), is_by_row=True)
CSV = Format("csv", "cecalc.output.csv:render_csv", (".csv",), is_by_row=True)
TSV = Format("tsv", "cecalc.output.csv:render_tsv", (".tsv",), is_by_row=True)
MARKDOWN = Format("markdown", "cecalc.output.markdown:render", (".md", ".markdown"))
PARQUET = Format(
    "parquet", "cecalc.output.parquet:render_parquet", (".parquet",), is_by_row=True, is_whole=True
)
ARROW = Format(
    "arrow", "cecalc.output.parquet:render_arrow", (".arrow", ".feather"), is_by_row=True,
    is_whole=True,
)  # fmt: skip
HTML = Format("html", "cecalc.output.page:render", (".html",), is_whole=True)
QUIET = Format("quiet", "cecalc.output.quiet:render")
"""What -q prints in the place of any of them."""
FormatName = Literal[
    "table", "json", "jsonl", "csv", "tsv", "markdown", "md", "html", "parquet", "arrow"
]
"""What `--format` takes of any command; `md` is Markdown."""
_EVERY = (TABLE, JSON, JSONL, CSV, TSV, MARKDOWN, HTML, PARQUET, ARROW)
FORMATS = {form.name: form for form in _EVERY}
SUFFIXES = {suffix: form for form in _EVERY for suffix in form.suffixes}
PLOTS = {".svg": "svg", ".png": "png"}
"""What pictures are written as, by the suffix."""
