"""An explanation as GitHub's Markdown: a table and a block of formulas for each row."""

from __future__ import annotations

from collections.abc import Iterator

from cecalc.explain import conclusion, table
from cecalc.explain.steps import Explanation
from cecalc.output.markdown import line, literal
from cecalc.request import Screen


def render(explanation: Explanation, _screen: Screen) -> str:
    """The whole text."""
    return "\n".join(_sections(explanation))


def _sections(explanation: Explanation) -> Iterator[str]:
    style, _ = table.fitted(explanation, Screen())
    for block, lines in table.rows(style):
        if block:
            heading, *cells = (line([*map(literal, texts)]) for texts in block)
            yield heading + line([":--", *["--:"] * (len(block[0]) - 1)]) + "".join(cells)
        yield "```text\n" + "".join(f"{text}\n" for text in lines) + "```\n"
    yield from (f"{literal(note)}\n" for note in table.notes(style))
    for title, pairs in conclusion.sections(explanation):
        told = "".join(line([name, literal(words)]) for name, words in pairs)
        yield f"**{title}**\n\n| | |\n| :-- | :-- |\n{told}"
    yield f"{conclusion.CODE}\n"
