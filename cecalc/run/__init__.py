"""Where the rooms meet: an input is read in blocks, computed, and collected, in one direction."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from cecalc.errors import DataError, Place
from cecalc.input import open_problem
from cecalc.input.files import Files
from cecalc.items import Item
from cecalc.model import Problem
from cecalc.progress import Meter
from cecalc.request import Request
from cecalc.run.blocks import Computation
from cecalc.run.collectors import Collecting, Setup
from cecalc.summary import Summary


def run(request: Request, collecting: Collecting, meter: Meter | None = None) -> Iterator[Item]:
    """Everything a view needs, in order: a header, and what the collectors pass on.

    Parameters
    ----------
    request : what the command line says
    collecting : what is computed of the input, and who collects it
    meter : is told how far the run has come, and how long its stages took

    Raises
    ------
    CecalcError : the input cannot be read, or breaks a rule; its place is in it
    """
    with Files(meter) as files:
        meter, start = files.meter, time.perf_counter()
        problem = open_problem(request.input, files)
        meter.spend("read", time.perf_counter() - start)
        job, total = collecting(_setup(problem, request)), Summary()
        yield job.header
        for batch, summed in Computation(job, meter).over(job.setup.blocks):
            total = total.merge(summed.summary)
            meter.rows += batch.size
            for collector in job.collectors:
                yield from collector.add(summed, batch)
        for weighted in job.settings.rows_weighted(job.setup.first):
            if weighted != total.rows_given:
                raise DataError(f"weights for {weighted} rows, but there are {total.rows_given}")
        for collector in job.collectors:
            yield from collector.finish(total)


def _setup(problem: Problem, request: Request) -> Setup:
    """The first batch, and all blocks."""
    block = next(problem.blocks, None)
    if block is None:
        raise DataError("no data rows", place=Place(source=problem.schema.source))
    first = block()
    blocks = itertools.chain([lambda: first], problem.blocks)
    return Setup(request, problem.schema, first, blocks)
