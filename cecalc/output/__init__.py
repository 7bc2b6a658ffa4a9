"""What comes out: each view turns a stream of records into chunks of text, and prints nothing."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from cecalc.model import Item
from cecalc.request import Screen


@dataclass(frozen=True)
class Selection:
    """Which of the rows and columns that a view has are written, and under which names."""

    rows: bool = True
    """Whether a JSON object holds its rows, and not the summary alone."""
    prefix: str | None = None
    """What our columns' names begin with; None for nothing, or `columns.PREFIX` where a name would
    stand twice."""
    only_added: bool = False
    """Whether the input's own columns are left out."""
    columns: str | None = None
    """A specification as `cecalc.selection` reads it, of the columns the view would have."""


EVERYTHING = Selection()


class Format(enum.StrEnum):
    """How a result is written; a member loads its view only when it renders."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    MARKDOWN = "markdown"

    @classmethod
    def of_suffix(cls, suffix: str) -> Format | None:
        """The format that a file name's suffix asks for; None where the suffix is unknown.

        >>> Format.of_suffix(".ndjson"), Format.of_suffix(".xyz")
        (<Format.JSONL: 'jsonl'>, None)
        """
        return SUFFIXES.get(suffix.lower())

    @property
    def is_by_row(self) -> bool:
        """Whether each row of the result can be written, and used, before the next is known."""
        return self in (Format.JSONL, Format.CSV, Format.TSV)

    def render(
        self, items: Iterator[Item], screen: Screen, selection: Selection = EVERYTHING
    ) -> Iterator[str]:
        """Chunks of whole lines."""
        chunks: Iterator[str] = _view(_VIEWS[self])(items, screen, selection)
        return chunks


class Whole(enum.StrEnum):
    """How a result is written that is whole only when the last row is known."""

    @property
    def is_by_row(self) -> bool:
        """Never."""
        return False

    def render(
        self, items: Iterator[Item], screen: Screen, _selection: Selection = EVERYTHING
    ) -> Iterator[str]:
        """Chunks of whole lines."""
        view = _view(_WHOLE[type(self), self.value])
        chunks: Iterator[str] = view(items, screen)
        return chunks


class Explaining(Whole):
    """How an explanation is written."""

    TABLE = "table"
    JSON = "json"
    CODE = "code"


class Finding(Whole):
    """How a diagnosis is written."""

    TABLE = "table"
    JSON = "json"


SUFFIXES = {
    ".csv": Format.CSV,
    ".tsv": Format.TSV,
    ".json": Format.JSON,
    ".jsonl": Format.JSONL,
    ".ndjson": Format.JSONL,
    ".md": Format.MARKDOWN,
    ".markdown": Format.MARKDOWN,
    ".txt": Format.TABLE,
}

_VIEWS = {
    Format.TABLE: "output.table:render",
    Format.JSON: "output.json:render",
    Format.JSONL: "output.json:render_lines",
    Format.CSV: "output.csv:render_csv",
    Format.TSV: "output.csv:render_tsv",
    Format.MARKDOWN: "output.markdown:render",
}
_WHOLE = {
    (Explaining, "table"): "explain.table:render",
    (Explaining, "json"): "explain.json:render",
    (Explaining, "code"): "explain.torch_code:render",
    (Finding, "table"): "why.report:render",
    (Finding, "json"): "why.report:render_json",
}
"""The view of each; members of two enums are equal where their texts are."""


def _view(name: str) -> Any:
    module, _, function = name.partition(":")
    return getattr(import_module(f"cecalc.{module}"), function)
