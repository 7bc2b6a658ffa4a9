"""An input as commands read it that look at both losses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cecalc.compute.both import sums_to_one
from cecalc.records import Batch, Block, Hint, Problem


def left_out(command: str, names: Sequence[str], problem: Problem, first: Batch) -> Iterator[Hint]:
    """A hint where the input says more of the loss than the command looks at."""
    options = problem.schema.options
    named = [name for name in names if getattr(options, name) not in (None, 0)]
    named += ["sample_weight"] if first.sample_weight is not None else []
    if named:
        yield Hint(f"{command} looks at the loss without the input's {', '.join(named)}")


def without(names: Sequence[str], problem: Problem) -> Problem:
    """The problem without these options and without weights of rows."""
    options = replace(problem.schema.options, **dict.fromkeys(names))

    def plain(block: Block) -> Block:
        return lambda: replace(block(), sample_weight=None)

    schema = replace(problem.schema, options=options)
    return Problem(schema, map(plain, problem.blocks))


def scores_as_rows(problem: Problem, first: Batch) -> tuple[Problem, Batch]:
    """An array (N,) of scores with a target (N,) as N rows of one score, as `bce` reads it.

    Cross-entropy takes such an array for one row of N classes. It is none if its targets are no
    distribution, and if nothing names the classes.
    """
    is_several = problem.schema.is_flat and problem.schema.classes is None
    if not is_several or first.values.shape[1] == 1 or first.target is None:
        return problem, first
    if first.target.ndim == 1 or first.coordinates is not None or sums_to_one(first.target).all():
        return problem, first
    blocks = iter(problem.blocks)
    alone, more = next(blocks), next(blocks, None)
    if more is not None:
        return replace(problem, blocks=itertools.chain([alone, more], blocks)), first
    rows = replace(first, values=first.values.T, target=first.target[0], sample_weight=None)
    return replace(problem, blocks=iter([lambda: rows])), rows
