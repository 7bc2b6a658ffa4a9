"""Sizes as they were said, so that a refusal names the limit in the words of who set it."""

from __future__ import annotations

from typing import Self


class Size(int):
    """A number of bytes.

    >>> size = Size(10240, "10K")
    >>> f"{size}", size + 1
    ('10K', 10241)
    """

    said: str

    def __new__(cls, value: int, said: str) -> Self:
        """A number and how it was written."""
        size = super().__new__(cls, value)
        size.said = said
        return size

    def __str__(self) -> str:
        return self.said
