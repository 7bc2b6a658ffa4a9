"""What looks wrong and is no error: a hint, and what becomes of hints."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class HintPolicy(enum.StrEnum):
    """What becomes of hints."""

    TELL = "tell"
    """A line each on standard error."""
    SILENT = "silent"
    """They are not even looked for."""
    STRICT = "strict"
    """The first one is an error."""


@dataclass(frozen=True)
class Hint:
    """One thing that looks wrong; it changes no number.

    >>> str(Hint("ln 0 in 1 cell", "clamped at -100, as torch does", "--no-clamp gives inf", 7))
    'ln 0 in 1 cell: clamped at -100, as torch does; --no-clamp gives inf'
    """

    seen: str
    """What was seen in the input."""
    why: str | None = None
    """Why it matters."""
    fix: str | None = None
    """What to try, an option where one helps."""
    entry: int | None = None
    """Its number in `cecalc.insight.catalogue`, where it is one of those."""

    @property
    def rule(self) -> str:
        """What was seen and why it matters, in the place of an error's rule."""
        return self.seen if self.why is None else f"{self.seen}: {self.why}"

    def __str__(self) -> str:
        return self.rule if self.fix is None else f"{self.rule}; {self.fix}"
