"""Rows of typed columns, as Arrow has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa


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
        return Records(self.columns.take(indices))  # copies

    def column(self, name: str) -> Any:
        """An array of Arrow."""
        return self.columns.column(name)
