"""Where the rooms meet: sources, compute and summary, in one direction."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from cecalc.compute import backend
from cecalc.errors import DataError, Place
from cecalc.hints.collector import Noticing, refusal
from cecalc.input import open_problem
from cecalc.input.files import Files
from cecalc.model import Batch, Block, Item, Meter, Problem
from cecalc.request import Inline, Request
from cecalc.run.blocks import Computation, summed
from cecalc.run.collectors import gathering
from cecalc.run.settings import check_row_weights, header_of, report_of, settings_of
from cecalc.summary import Summary
from cecalc.terms import Hint, HintPolicy

Listener = Callable[[Hint], None]


def run(request: Request, tell: Listener, meter: Meter | None = None) -> Iterator[Item]:
    """Everything a view needs, in order: a header, outcomes (or groups), and for losses a report.

    Parameters
    ----------
    request : what the command line says
    tell : hears what looks wrong, each thing once, when the last row is known
    meter : is told how far the run has come, and how long its stages took

    Raises
    ------
    CecalcError : the input cannot be read, or breaks a rule; its place is in it
    """
    with Files(meter) as files:
        start = time.perf_counter()
        problem = open_problem(request.input, files)
        files.meter.spend("read", time.perf_counter() - start)
        yield from _items(problem, request, tell, files.meter)


def _items(problem: Problem, request: Request, tell: Listener, meter: Meter) -> Iterator[Item]:
    first, blocks = _peeked(problem)
    hear = partial(_tell, policy=request.hints, source=problem.schema.source, tell=tell)
    if request.explains or request.question is not None:
        yield from _of_both(replace(problem, blocks=blocks), first, request, hear, meter)
        return
    settings = settings_of(request, problem.schema, first)
    header = header_of(problem, first, settings, request.rank)
    arithmetic = backend.choose(request.arithmetic, values=first.values.size)
    gathered = gathering(request, header)
    noticing = Noticing(header, settings, arithmetic.dtype, request.hints)
    yield replace(header, by=gathered.names)
    summary = Summary()
    compute = partial(summed, header=header)
    for done in Computation(settings, arithmetic, header, meter, compute).over(blocks):
        assert done.result is not None
        noticing.add(done.result.outcome, done.batch)
        summary = summary.merge(done.result.summary)
        meter.rows += done.batch.size
        yield from gathered.add(done.result.outcome)
    check_row_weights(settings, first, summary.rows_given)
    yield from gathered.finish()
    report = None
    if settings.task.is_loss:
        report = report_of(summary, header, settings, arithmetic.label)
    hear(list(noticing.hints(summary)))
    if report is not None:
        yield report


def _of_both(
    problem: Problem,
    first: Batch,
    request: Request,
    hear: Callable[[list[Hint]], None],
    meter: Meter,
) -> Iterator[Item]:
    """What commands yield that look at both losses."""
    from cecalc.explain.collector import explained
    from cecalc.run.both_losses import scores_as_rows
    from cecalc.why.collector import diagnosed

    if not any(isinstance(given, Inline) for given in request.input.values.values()):
        problem, first = scores_as_rows(problem, first)
    yield from (explained if request.explains else diagnosed)(problem, first, request, hear, meter)


def _tell(found: list[Hint], policy: HintPolicy, source: str, tell: Listener) -> None:
    """Tell the hints; under --strict they are an error."""
    if found and policy is HintPolicy.STRICT:
        raise refusal(found, source)
    for hint in found:
        tell(hint)


def _peeked(problem: Problem) -> tuple[Batch, Iterator[Block]]:
    """The first batch, which shows the shapes, and all blocks."""
    block = next(problem.blocks, None)
    if block is None:
        raise DataError("no data rows", place=Place(source=problem.schema.source))
    first = block()
    return first, itertools.chain([lambda: first], problem.blocks)
