"""Rows as they came, taken apart only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from cecalc.records import Original
from cecalc.sources.blocks import BLANK, TextBlock

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LazyOriginals(Sequence[Original]):
    """The rows of a block of text.

    Parameters
    ----------
    block : the rows
    cells : takes a row's text apart
    """

    def __init__(self, block: TextBlock, cells: Callable[[str], Any]) -> None:
        self._block, self._cells = block, cells

    @cached_property
    def texts(self) -> list[str]:
        """Each row's text, without its line end."""
        text = self._block.text
        if self._block.quoted and b'"' in text:
            ends = self._block.ends().tolist()
            parts = (text[a:b] for a, b in zip([0, *ends], ends, strict=False))
            return [part.rstrip(b"\r\n").decode() for part in parts]
        if b"\r" in text:
            lines = [line.decode() for line in text.splitlines()]
        else:
            lines = text.decode().split("\n")[: len(self)]
        return lines if self._block.quoted else [line.strip(BLANK) for line in lines]

    @property
    def packed(self) -> tuple[bytes, NDArray[np.int32]] | None:
        """The texts one after the other, and where each begins and the last one ends; None where
        they do not just lie between line feeds.
        """
        text = self._block.text
        if not self._block.quoted or b'"' in text or b"\r" in text:
            return None
        ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
        if not text.endswith(b"\n"):
            ends = np.append(ends, len(text))
        offsets = np.zeros(len(ends) + 1, np.int32)
        offsets[1:] = ends - np.arange(len(ends))
        return text.replace(b"\n", b""), offsets

    def __len__(self) -> int:
        return self._block.rows

    @overload
    def __getitem__(self, i: int) -> Original: ...
    @overload
    def __getitem__(self, i: slice) -> list[Original]: ...
    def __getitem__(self, i: int | slice) -> Original | list[Original]:
        if isinstance(i, int):
            return Original(self.texts[i], self._cells)
        return [Original(text, self._cells) for text in self.texts[i]]


class LazyIds(Sequence[str]):
    """One column of the rows, as text."""

    def __init__(self, originals: LazyOriginals, key: int | str) -> None:
        self._originals, self._key = originals, key

    def __len__(self) -> int:
        return len(self._originals)

    @overload
    def __getitem__(self, i: int) -> str: ...
    @overload
    def __getitem__(self, i: slice) -> list[str]: ...
    def __getitem__(self, i: int | slice) -> str | list[str]:
        if isinstance(i, int):
            return str(self._originals[i].cells[self._key])
        return [str(original.cells[self._key]) for original in self._originals[i]]
