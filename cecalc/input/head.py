"""The first rows of a table, which tell whether targets are names of classes or their numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cecalc.errors import CecalcError, Place
from cecalc.input.cells import columns_of
from cecalc.input.classes import HEAD, Classes
from cecalc.input.table import Reading, Table, TableBlock
from cecalc.model import Floats
from cecalc.terms import TargetAs

if TYPE_CHECKING:
    from numpy.typing import NDArray


def settled(table: Table, reading: Reading) -> tuple[Reading, Iterator[TableBlock]]:
    """How the table is to be read, and its blocks, of which those of its head have been looked at.

    What follows the head changes nothing, whatever the blocks.
    """
    if not (reading.has_names and reading.classes.are_open):
        return reading, table.blocks
    looked_at = list[TableBlock]()
    head = itertools.islice(_targets(table.blocks, reading, looked_at), HEAD)
    classes = reading.classes.settled(head)
    return replace(reading, classes=classes), itertools.chain(looked_at, table.blocks)


def _targets(
    blocks: Iterator[TableBlock], reading: Reading, looked_at: list[TableBlock]
) -> Iterator[Any]:
    """The targets as they stand, up to the first that cannot be read."""
    layout = replace(reading.layout, values=(), names=(), id=None, sample_weight=None)
    for block in blocks:
        looked_at.append(block)
        unread = _Unread()
        try:
            fault = columns_of(block, replace(reading, layout=layout, classes=unread)).fault
        except CecalcError:  # told with its place when the row is read
            return
        yield from unread.targets
        if fault is not None:
            return


@dataclass(frozen=True)
class _Unread(Classes):
    """Keeps targets as they stand."""

    target_as: TargetAs | None = TargetAs.NAME
    targets: list[Any] = field(default_factory=list)

    def encoded(
        self,
        targets: Sequence[Any],
        places: NDArray[np.integer],
        place: Callable[[int], Place],  # noqa: ARG002  (none is at fault)
    ) -> Floats:
        """Nothing."""
        self.targets[:] = [targets[i] for i in places.tolist()]
        return np.zeros(len(places))
