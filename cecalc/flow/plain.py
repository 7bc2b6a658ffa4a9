"""An input without what a command does not look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

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
