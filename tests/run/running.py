"""The whole program in-process: from what a person gives to everything a view would see."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

import cecalc.input
from cecalc import run as flow
from cecalc.hints.collector import hinted
from cecalc.input import text as blocks
from cecalc.items import Header, Item, Outcome, Report
from cecalc.output import Format, quiet
from cecalc.request import (
    Arithmetic,
    Given,
    Inline,
    InputRequest,
    LossOptions,
    NamedFile,
    Request,
    Screen,
)
from cecalc.run.collectors import Collecting
from cecalc.run.results import results
from cecalc.terms import BackendName, Dtype, Hint, Kind, Task

ROOM = [import_module(m.name) for m in walk_packages(cecalc.input.__path__, "cecalc.input.")]
SIZED = [module for module in [flow, *ROOM] if hasattr(module, "BATCH_VALUES")]
"""The modules that know how much a batch holds."""
NUMPY, TORCH = Arithmetic(BackendName.NUMPY), Arithmetic(BackendName.TORCH)
BACKENDS = pytest.mark.parametrize("arithmetic", [NUMPY, TORCH], ids=["numpy", "torch"])

ARITHMETICS = st.sampled_from([NUMPY, NUMPY, TORCH])
"""For laws of the flow: every third example asks torch, to show that it goes the same way."""

FEWER = settings(max_examples=max(1, settings().max_examples // 3))
"""For laws that many ways have to keep."""


def rounding_to(dtype: Dtype) -> Arithmetic:
    """Torch's own arithmetic in a dtype."""
    return Arithmetic(dtype=dtype)


def given(option: str, value: Any) -> Given | None:
    """Numbers or names as an option holds them once parsed; a path stands for its file."""
    if value is None or isinstance(value, Inline | NamedFile):
        return value
    if isinstance(value, Path):
        return NamedFile(option, str(value))
    return Inline(option, value.tolist() if isinstance(value, np.ndarray) else value)


def request(
    task: Task,
    values: Any = None,
    target: Any = None,
    *,
    kind: Kind = Kind.LOGITS,
    sample_weight: Any = None,
    arithmetic: Arithmetic = NUMPY,
    **options: Any,
) -> Request:
    """A request as the command line would make it; options go wherever they belong."""
    for name in options.keys() & {"weight", "pos_weight"}:
        options[name] = given(f"--{name.replace('_', '-')}", options[name])

    def of(record: type) -> dict[str, Any]:
        return {f.name: options.pop(f.name) for f in fields(record) if f.name in options}

    numbers = given(f"--{kind.replace('_', '-')}", values)
    return Request(
        input=InputRequest(
            task=task,
            values={} if numbers is None else {kind: numbers},
            target=given("--target", target),
            sample_weight=given("--sample-weight", sample_weight),
            options=LossOptions(**of(LossOptions)),
            **of(InputRequest),
        ),
        arithmetic=arithmetic,
        **options,
    )


@dataclass(frozen=True)
class Ran:
    """All that a run yields."""

    header: Header
    outcomes: list[Outcome]
    report: Report
    hints: list[Hint]

    @property
    def items(self) -> list[Item]:
        """What a view is handed."""
        return [self.header, *self.outcomes, self.report]

    def rows(self, name: str) -> np.ndarray:
        """One field of the outcomes over all rows; the batch's own where it begins with `batch.`"""
        _, in_batch, field = name.rpartition("batch.")
        return np.concatenate(
            [getattr(o.batch if in_batch else o, field) for o in self.outcomes], axis=0
        )

    @property
    def entries(self) -> int:
        """How many entries the input had along axis 0: with K dimensions, each is several rows."""
        if self.outcomes[0].batch.coordinates is None:
            return self.report.rows_given
        return int(self.rows("batch.coordinates")[:, 0].max()) + 1

    def text(self, view: Format) -> str:
        """What `-f` prints."""
        chunks: list[str | bytes] = list(view.render(iter(self.items), Screen()))
        return "".join(c.decode("latin-1") if isinstance(c, bytes) else c for c in chunks)

    def quiet(self) -> str:
        """What `-q` prints."""
        return "".join(quiet.render(iter(self.items), Screen()))

    def same(self) -> tuple[Any, ...]:
        """The report without what names the input: what must not depend on how rows came in."""
        return tuple(getattr(self.report, f.name) for f in fields(Report) if f.name != "header")


def run(request: Request) -> Ran:
    """Run the program to its end."""
    hints: list[Hint] = []
    header, *outcomes, report = flow.run(request, hinted(results, hints.append))
    assert isinstance(header, Header) and isinstance(report, Report)
    return Ran(header, [o for o in outcomes if isinstance(o, Outcome)], report, hints)


def activated(request: Request) -> np.ndarray:
    """What softmax or sigmoid make of the input: shape (N, C)."""
    _, *items = flow.run(request, results)
    parts = [i.probs for i in items if isinstance(i, Outcome) and i.probs is not None]
    return np.concatenate(parts)


def ran(task: Task, values: Any = None, target: Any = None, **options: Any) -> Ran:
    """`run` of a `request`."""
    return run(request(task, values, target, **options))


def ran_on(text: str, suffix: str, task: Task, **options: Any) -> Ran:
    """`ran` on a file of this text; its name's suffix is all that tells its format."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"input{suffix}")
        path.write_text(text, encoding="utf-8", newline="")
        return ran(task, inputs=(str(path),), **options)


def ran_on_files(task: Task, texts: dict[str, str], suffix: str, **options: Any) -> Ran:
    """`ran` with a file of each text given to the option (or `values`) that names it."""
    with TemporaryDirectory() as folder:
        for name, text in texts.items():
            options[name] = Path(folder, f"{name}{suffix}")
            options[name].write_text(text, encoding="utf-8", newline="")
        return ran(task, **options)


def ran_on_pipe(text: str, task: Task, **options: Any) -> Ran:
    """`ran` with this text on standard input and nothing that tells its format."""
    raw = io.BytesIO(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(raw)))
        return ran(task, **options)


def in_blocks(request: Request, values: int) -> Ran:
    """The same run, read in blocks of at most so many values (or bytes of text)."""
    with small_blocks(values):
        return run(request)


def in_blocks_of(request: Request, values: int, collecting: Collecting) -> list[Item]:
    """All that a run yields that is read in such blocks."""
    with small_blocks(values):
        return list(flow.run(request, collecting))


@contextmanager
def small_blocks(values: int) -> Iterator[None]:
    """While blocks hold at most so many values (or bytes of text)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", values)
        for module in SIZED:
            patch.setattr(module, "BATCH_VALUES", values)
        yield


def joined(rows: Iterable[Sequence[object]], delimiter: str) -> str:
    """Delimited text; floats are written so that they read back as the same."""
    return "".join(delimiter.join(map(_cell, row)) + "\n" for row in rows)


def _cell(value: object) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)
