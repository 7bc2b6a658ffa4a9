"""The quick readers against the strict ones, on damaged texts, for as long as one likes.

    python -m tests.input.fuzz_quick SECONDS [FIRST_SEED]

A quick reader may always leave a block to the strict one; what it reads itself, the strict one has
to read exactly so. Each seed that shows something else is printed with its text, and the status
is 1.
"""

from __future__ import annotations

import io
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from cecalc.errors import CecalcError
from cecalc.input import cells, csv, json, table, text
from cecalc.input.bytes import Stream
from cecalc.input.classes import Classes
from cecalc.input.table import Reading, Table, TableBlock
from cecalc.model import Columns, Original
from tests.input.damaged_texts import Case, case


def compared(tried: Case) -> Iterator[str | None]:
    """For each block that the quick reader takes, what it gets wrong; None where it is right."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "MIN_ARROW_BYTES", 0)
        patch.setattr(text, "BLOCK_BYTES", tried.block_bytes)
        try:
            found = _opened(tried)
            names = tried.request.classes or found.layout.names or None
            reading = found.reading(tried.request.task, Classes.of(tried.request, names))
            every = list(found.blocks)
        except CecalcError:
            return
        for block in every:
            try:
                quick = block.arrays(reading)
                if quick is not None:
                    yield _difference(block, quick, reading)
            except Exception as error:  # noqa: BLE001 (whatever it is, it is a fault)
                yield f"fails: {error!r}"


def _opened(tried: Case) -> Table:
    stream = Stream("text", io.BytesIO(tried.text))
    if tried.delimiter is not None:
        return csv.open_table(stream, tried.delimiter, tried.request, tried.wanted)
    found = json.open_json(stream, tried.request, tried.wanted, is_lines=True)
    assert isinstance(found, Table)
    return found


def _difference(block: TableBlock, quick: Columns, reading: Reading) -> str | None:
    try:
        strict = cells.columns(list(block.records()), reading)
    except CecalcError as error:
        return f"read, though {error}"
    if block.count != len(strict.values):
        return f"{block.count} rows counted, not {len(strict.values)}"
    for name, expected in vars(strict).items():
        found, wanted = _plain(getattr(quick, name)), _plain(expected)
        if found != wanted:
            return f"{name}: {found}, not {wanted}"
    return None


def _plain(part: Any) -> Any:
    """A column as lists, in which equal numbers are equal, NaN too."""
    if isinstance(part, np.ndarray):
        return part.shape, [str(number + 0.0) for number in part.ravel().tolist()]
    if isinstance(part, Sequence):
        return [(i.text, i.cells) if isinstance(i, Original) else i for i in part]
    return part


def _main(seconds: float, first: int) -> int:
    end, taken, wrong = time.monotonic() + seconds, 0, 0
    for seed in itertools.count(first):
        if time.monotonic() > end:
            break
        for difference in compared(case(seed)):
            taken += 1
            if difference is not None:
                wrong += 1
                print(f"seed {seed}: {difference}\n  {case(seed)}")  # noqa: T201
    print(f"{seed - first} texts, {taken} blocks read quickly, {wrong} of them wrongly")  # noqa: T201
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(_main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
