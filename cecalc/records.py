"""Rows of typed columns, as Arrow has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

OF_VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
"""The types that hold the same without views, so that rows let go of the block they were in."""


def stored(column: Any) -> Any:
    """A column without run ends, and without what gives its type another name."""
    if pa.types.is_run_end_encoded(column.type):
        from pyarrow.compute import run_end_decode

        return stored(run_end_decode(column))
    return stored(column.storage) if isinstance(column.type, pa.BaseExtensionType) else column


@dataclass(frozen=True)
class Records:
    """The rows of a record batch of Arrow."""

    ndim: ClassVar = 1
    """Rows are chosen as of an array."""

    columns: Any

    def __len__(self) -> int:
        return int(self.columns.num_rows)

    def __getitem__(self, chosen: slice | Sequence[int]) -> Records:
        if isinstance(chosen, slice):
            return Records(self.columns[chosen])
        places = pa.py_buffer(np.asarray(chosen, np.int64))
        indices = pa.Array.from_buffers(pa.int64(), len(chosen), [None, places])

        def taken(column: Any) -> Any:
            try:
                return column.take(indices)  # copies
            except pa.ArrowNotImplementedError:  # of views and run ends
                rows = pa.concat_arrays([column[:0], *(column[i : i + 1] for i in chosen)])
                return rows.cast(OF_VIEWS.get(rows.type, rows.type)).cast(rows.type)

        found = list(map(taken, self.columns.columns))
        return Records(pa.RecordBatch.from_arrays(found, names=self.columns.schema.names))

    def column(self, name: str) -> Any:
        """An array of Arrow."""
        return self.columns.column(name)
