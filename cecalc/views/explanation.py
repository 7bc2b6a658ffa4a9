"""Both losses of the same rows on the whiteboard, where they part, and the code that agrees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cecalc.errors import count
from cecalc.records import Explanation, Item, Screen
from cecalc.views import columns, comparison, formulas, torch_code, whiteboard
from cecalc.views.drawing import draw, flush, styled, width
from cecalc.views.prose import paragraph
from cecalc.views.working import Block, tables

_ROOM = 100
"""Columns to fill where there is no terminal."""
_CODE = 64
"""Up to how many logits the code stands below; it holds them all."""
_STRONG, _WARNING, _DIM = "bold", "yellow", "dim"


def render(items: Iterator[Item], screen: Screen) -> Iterator[str]:
    """The whole text, when all rows are known."""
    for item in items:
        if isinstance(item, Explanation):
            yield "\n".join(_parts(item, screen))


def _parts(explanation: Explanation, screen: Screen) -> Iterator[str]:
    yield from _rows(explanation, screen)
    if not explanation.is_all:
        yield _text(screen, _which(explanation), _DIM)
    yield _titled(screen, "where the two part", comparison.apart(explanation))
    yield _titled(screen, "in a word", comparison.words(explanation))
    title = _text(screen, "the same numbers from torch", _STRONG)
    if torch_code.size(explanation) <= _CODE:
        yield title + "\n" + torch_code.text_of(explanation)
    else:
        yield title + _text(screen, "--code prints the code, which holds all these logits")


def _rows(explanation: Explanation, screen: Screen) -> Iterator[str]:
    """Each row's table, with the formulas below it."""
    style = _fitted(explanation, screen)
    blocks = [whiteboard.blocks(style, row) for row in explanation.rows]
    drawn = iter(_drawn([block for found in blocks for block in found], screen))
    for row, found in zip(explanation.rows, blocks, strict=True):
        title = whiteboard.name(explanation.header, row)
        if row.sigmoid is None:
            yield _text(screen, f"{title} is {columns.IGNORED}: it counts in neither loss")
            continue
        of_rest = formulas.of_others(style, row.sigmoid, row.softmax)
        of_cells = formulas.of_sigmoid(style, row.sigmoid)
        of_row = (
            formulas.none_of_softmax(style, row.sigmoid)
            if row.softmax is None
            else formulas.of_softmax(style, row.softmax)
        )
        if len(found) == 1:
            yield next(drawn) + _below(screen, of_rest, of_row, of_cells)
        else:
            yield next(drawn) + _below(screen, of_cells)
            yield next(drawn) + _below(screen, of_row)


def _fitted(explanation: Explanation, screen: Screen) -> whiteboard.Style:
    """As many classes as the screen has room for."""
    header, rows = explanation.header, explanation.rows
    classes = header.width if header.width <= whiteboard.ALL else whiteboard.FEW
    room, is_mild = screen.width or _ROOM, whiteboard.is_mild(rows)
    while True:
        style = whiteboard.Style(header, is_mild, classes, room)
        blocks = [block for row in rows for block in whiteboard.blocks(style, row)]
        widest = max(map(width, _drawn(blocks, screen)), default=0)
        if classes <= 2 or screen.width is None or widest <= screen.width:
            return style
        classes -= 1


def _drawn(blocks: Sequence[Block], screen: Screen) -> list[str]:
    """The tables, those of as many columns aligned with each other."""
    drawn: dict[int, str] = {}
    for columns_ in {len(block.heading.texts) for block in blocks}:
        alike = [i for i, block in enumerate(blocks) if len(block.heading.texts) == columns_]
        for i, table in zip(alike, tables([blocks[i] for i in alike]), strict=True):
            drawn[i] = draw(table, screen)
    return [drawn[i] for i in range(len(blocks))]


def _below(screen: Screen, *parts: Iterator[str]) -> str:
    """The lines below a table, after a blank one; what is extreme stands out."""
    lines = [line for part in parts for line in part]
    return "\n" + "".join(
        draw(styled(line, _WARNING if line.startswith(" !") else ""), screen) for line in lines
    )


def _which(explanation: Explanation) -> str:
    rows, rank = len(explanation.rows), explanation.header.rank
    which = "lowest" if rank is not None and rank.lowest else "highest"
    of = "BCE" if explanation.ce is None else "CE"
    number = "three" if rows == 3 else str(rows)
    losses = f"the {which} loss" if rows == 1 else f"the {number} {which} losses"
    more = "; --top K or --bottom K shows others" if rank is None else ""
    if rank is not None and rows > 1:
        more = f", {which} first"
    return f"{losses} ({of}) of {count(explanation.bce.rows_given, 'row')}{more}"


def _titled(screen: Screen, title: str, found: Iterator[tuple[str, str]]) -> str:
    """A title, and lines of a name and what is to be said of it."""
    pairs = list(found)
    names = flush([name for name, _ in pairs], "left")
    room = screen.width or _ROOM
    lines = [_text(screen, title, _STRONG)]
    for name, (_, words) in zip(names, pairs, strict=True):
        first, *rest = paragraph(room - len(name) - 3, words, "", "")
        lines.append(draw(styled("").append(f" {name}  ", _DIM).append(first), screen))
        lines += [_text(screen, " " * (len(name) + 2) + line) for line in rest]
    return "".join(lines)


def _text(screen: Screen, text: str, style: str = "") -> str:
    return draw(styled(f" {text}", style), screen)
