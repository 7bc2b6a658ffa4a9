"""The first rows of a table, which tell whether targets are names of classes or their numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from cecalc.errors import CecalcError
from cecalc.input.cells import columns_of
from cecalc.input.classes import HEAD, Classes
from cecalc.input.table import Reading, Table, TableBlock


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
        met = _Met()
        try:
            columns = columns_of(block, replace(reading, layout=layout, classes=met))
        except CecalcError:  # told with its place when the row is read
            return
        assert columns.target is not None
        codes = columns.target.reshape(-1).tolist()
        yield from (met.targets[int(code)] for code in codes) if met.targets else codes
        if columns.fault is not None:
            return


class _Met(Classes):
    """Takes each target for a class of its own."""

    def __init__(self) -> None:
        super().__init__(())
        self.targets = list[Any]()

    @property
    def are_numbers(self) -> bool:
        """False: each target is to be seen as it stands."""
        return False

    def number(self, target: Any) -> float:
        """The number under which it is kept."""
        self.targets.append(target)
        return float(len(self.targets) - 1)
