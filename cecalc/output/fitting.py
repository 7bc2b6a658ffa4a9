"""Tables that fit their screen: the gaps narrow, long names lose their middle, columns go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.cells import cell_len, set_cell_size

from cecalc.errors import count

Side = Literal["left", "right"]

_WIDE, _NARROW = 3, 2
"""Blanks between columns, where there is room and where there is little."""
_SHORT = 10
"""No name gets shorter while a column can go instead."""
_TOLD = 4
"""No more columns are named that there is no room for."""


@dataclass(frozen=True, eq=False)
class Strip:
    """A column of a table, as it is drawn."""

    heading: str
    cells: Sequence[str]
    name: str = ""
    """What it is called where it is left out."""
    side: Side = "right"
    need: int = 0
    """How soon it goes where there is no room: 0 for never, else the highest first."""
    shrinks: Literal["", "heading", "all"] = ""
    """What of it is shortened before that."""
    styles: Sequence[str] = ()
    """That of the heading, then of each cell."""
    lengths: Sequence[float] = ()
    """Those of a bar beside each cell, where there may be bars."""

    @property
    def width(self) -> int:
        """Its natural width."""
        return max(map(cell_len, (self.heading, *self.cells)))

    def floor(self, short: int) -> int:
        """The width it may shrink to, where a name of `short` columns still says something."""
        whole = {"": self.width, "heading": max(map(cell_len, self.cells), default=0), "all": 0}
        return min(self.width, max(short, whole[self.shrinks]))

    def at(self, width: int) -> Strip:
        """The same at that width."""
        cells = shortened(self.cells, width) if self.shrinks == "all" else self.cells
        headings = shortened([self.heading.strip()], width)
        heading, *cells = flush([*headings, *cells], self.side, width)
        return replace(self, heading=heading, cells=cells)


@dataclass(frozen=True)
class Ruled:
    """A table with one thin rule under its headings, which is drawn as it fits its screen."""

    strips: Sequence[Strip]
    is_told: bool = True
    """Whether a line says what there is no room for."""

    def fitted(self, width: int | None) -> Fitted:
        """The table on a screen of that width, at its natural width where there is none."""
        left, short = list(self.strips), _SHORT
        natural = [strip.width for strip in left]
        if width is None or _total(natural, _WIDE) < width:
            return self._at(left, natural, _WIDE, fits=True)
        while _total(widths := _shrunk(left, width, short), _NARROW) > width and short > 1:
            last = max(reversed(left), key=lambda strip: strip.need)
            if last.need:
                left.remove(last)
            else:
                short = 1
        return self._at(left, widths, _NARROW, fits=short > 1 and len(left) == len(self.strips))

    def _at(self, left: Sequence[Strip], widths: Sequence[int], gap: int, *, fits: bool) -> Fitted:
        there = set(left)
        lost = [strip.name for strip in self.strips if strip not in there]
        told = lost if len(lost) <= _TOLD else [count(len(lost), "column")]
        if any(width < strip.width for strip, width in zip(left, widths, strict=True)):
            told = [*told, "long names"]
        strips = [strip.at(width) for strip, width in zip(left, widths, strict=True)]
        return Fitted(strips, gap, _total(widths, gap), fits, ", ".join(told))


@dataclass(frozen=True)
class Fitted:
    """A table as it is drawn."""

    strips: Sequence[Strip]
    gap: int
    width: int
    """With the blank before it."""
    fits: bool
    """Whether there is room for every column, and its name still says something."""
    lost: str
    """What there is no room for."""


def flush(texts: Sequence[str], side: Side = "right", least: int = 0) -> list[str]:
    """The texts at one width."""
    widest = max(least, *map(cell_len, texts))
    blanks = [" " * (widest - cell_len(text)) for text in texts]
    pairs = zip(texts, blanks, strict=True)
    return [text + blank if side == "left" else blank + text for text, blank in pairs]


def _total(widths: Sequence[int], gap: int) -> int:
    return 1 + sum(widths) + gap * (len(widths) - 1)


def _shrunk(strips: Sequence[Strip], width: int, short: int) -> list[int]:
    """The widths of columns, of which the widest that can shrinks until they fit."""
    widths, floors = [s.width for s in strips], [s.floor(short) for s in strips]
    for _ in range(_total(widths, _NARROW) - width):
        pairs = enumerate(zip(widths, floors, strict=True))
        loose = [(now, i) for i, (now, floor) in pairs if now > floor]
        if not loose:
            break
        widths[max(loose)[1]] -= 1
    return widths


def shortened(texts: Sequence[str], width: int) -> Sequence[str]:
    """The texts, long ones cut in the middle, or else where more of them stay apart.

    >>> shortened(["a long name", "another"], 8)
    ['a lo…ame', 'another']
    """
    if all(cell_len(text) <= width for text in texts):
        return texts
    heads = sorted(range(width), key=lambda head: abs(2 * head - width))
    pairs = zip(min(texts), max(texts), strict=False)
    shared = next((place for place, (a, b) in enumerate(pairs) if a != b), 0)
    ends = [f"…{text[shared:]}" for text in texts]
    cuts = ([_cut(text, head, width) for text in each] for each in (texts, ends) for head in heads)
    return max(cuts, key=lambda cut: len(set(cut)))


def _cut(text: str, head: int, width: int) -> str:
    if cell_len(text) <= width:
        return text
    tails = (text[start:] for start in range(max(0, len(text) - width), len(text) + 1))
    tail = next(tail for tail in tails if cell_len(tail) < width - head)
    return f"{set_cell_size(text, head).rstrip()}…{tail}"
