"""What a training loop makes of a loss: means of batches, and arithmetic of too few bits."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from cecalc.why.loss_variants import as_bfloat16, as_float16
from cecalc.why.recipe import MISTAKES, Measured
from cecalc.why.sums import Batches
from cecalc.why.tally import Tally


def batched(
    batches: Mapping[int, Batches], count: float, *, is_of_cells: bool = False
) -> Iterator[Measured]:
    """What is printed of the means of batches, for each size there may have been."""
    for size, found in batches.items():
        done = found.finish()
        if done.whole > 1:
            for loss in _of_means(done, count, is_of_cells):
                assert loss.mistake is not None
                of_size = f"{loss.mistake.says} (batches of {size})"
                yield replace(loss, mistake=replace(loss.mistake, says=of_size))


def _of_means(done: Batches, count: float, is_of_cells: bool) -> Iterator[Measured]:
    last, first = done.ends[max(done.ends)], done.ends[min(done.ends)]
    for name, total, over in (
        ("the mean of batch means", done.means, done.whole),
        ("batch means over rows", done.means, count),
        ("the sum of batch means", done.means, 1),
        ("the last batch", last, 1),
        ("the first batch", first, 1),
        ("without the last batch", done.means - last, done.whole - 1),
    ):
        yield Measured(MISTAKES[name], total, over, is_of_cells, is_final=True)


def rounded(mean: float) -> Iterator[Measured]:
    """The loss as a type of 16 bits holds it."""
    for name, of in (("float16", as_float16), ("bfloat16", as_bfloat16)):
        value = float(of(np.asarray([mean]))[0])
        yield Measured(MISTAKES[f"the loss in {name}"], value, 1, is_final=True)


_LIMITS = {"float16": (11.09, 17.33), "float32": (88.72, 103.97), "float64": (709.78, 745.13)}
"""Beyond what exp overflows, and how far below the largest logit a probability becomes 0."""


def overflown(tally: Tally) -> Iterator[Measured]:
    """Where exp(x) / sum, and then its logarithm, leaves a floating-point type."""
    for dtype, (overflow, underflow) in _LIMITS.items():
        if tally.own > overflow:
            yield _final("softmax by hand: inf / inf", math.nan, dtype)
        elif tally.peak > overflow or tally.gap > underflow:
            yield _final("softmax by hand: ln 0", math.inf, dtype)


def undefined(tally: Tally) -> Iterator[Measured]:
    """What makes nan of any loss."""
    if tally.has_infinite:
        yield _final("0 times inf", math.nan)
    if not tally.rows_used:
        yield _final("nothing counted", math.nan)


def _final(name: str, value: float, dtype: str = "") -> Measured:
    mistake = MISTAKES[name]
    if dtype:
        says = mistake.says.replace(":", f" in {dtype}:", 1)
        mistake = replace(mistake, name=f"{name} in {dtype}", says=says)
    return Measured(mistake, value, 1, is_final=True)
