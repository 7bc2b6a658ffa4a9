"""What a command makes of a run: what it computes of every batch, and who collects it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

from cecalc.compute import Settings, backend
from cecalc.compute.backend import Backend
from cecalc.items import Header, Item, Outcome
from cecalc.model import Batch, Block, Schema
from cecalc.request import Request
from cecalc.summary import Summary
from cecalc.terms import Hint


@dataclass(frozen=True)
class Setup:
    """An input that is open, and what is asked of it."""

    request: Request
    schema: Schema
    first: Batch
    """The first batch, which shows the shapes."""
    blocks: Iterator[Block]
    """All of them, the first one too."""
    remarks: tuple[Hint, ...] = ()
    """What is worth a word before any row is computed."""

    @cached_property
    def arithmetic(self) -> Backend:
        """Who computes."""
        return backend.choose(self.request.arithmetic, values=self.first.values.size)

    def changed(self, change: Callable[[Batch], Batch], **known: Any) -> Setup:
        """The same with each batch changed, and what else is known to differ."""

        def changed(block: Block) -> Block:
            return lambda: change(block())

        blocks = map(changed, self.blocks)
        return replace(self, first=change(self.first), blocks=blocks, **known)


@dataclass(frozen=True)
class Summed:
    """What became of a batch under the loss (or the activation) of the run, and its sums."""

    outcome: Outcome
    summary: Summary


Work = TypeVar("Work", bound=Summed)
Collected_contra = TypeVar("Collected_contra", bound=Summed, contravariant=True)


class Collector(Generic[Collected_contra]):
    """Takes what became of each batch, in order; what it passes on, a view gets."""

    def add(self, summed: Collected_contra, given: Batch) -> Iterable[Item]:  # noqa: ARG002
        """What is passed on at once.

        Parameters
        ----------
        given : the batch as it was read, before any rounding; what is kept of either are copies
        """
        return ()

    def finish(self, total: Summary) -> Iterable[Item]:  # noqa: ARG002
        """What is passed on when the last row is known.

        Parameters
        ----------
        total : the sums of all batches
        """
        return ()


@dataclass(frozen=True)
class Job(Generic[Work]):
    """What is computed of every batch, and who collects it."""

    setup: Setup
    header: Header
    """What a view knows before the first row: the loss of the run."""
    settings: Settings
    """By which the rows are checked."""
    compute: Callable[[Batch], Work]
    """What becomes of a batch, in any thread; raises BrokenRule where rows break one."""
    collectors: Sequence[Collector[Work]]
    """They finish in this order."""


Collecting: TypeAlias = Callable[[Setup], Job[Any]]
"""The job that a command makes of an open input."""
