"""Every form against the exact values, against torch.nn.functional, and against itself."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cecalc.losses import cross_entropy
from tests import oracle, strategies
from tests.losses.forms import FORMS, Problem, draw_problem, problems

if TYPE_CHECKING:
    from tests.conftest import Arrays

MOST_ULPS = 4.0


@given(problem=problems())
def test_within_4_ulps_of_the_exact_value(xp: Arrays, problem: Problem) -> None:
    """Where a value is 1e-300 or more it is within 4 units in the last place; below, within those
    of 1e-300; and infinite exactly where the exact one is, or where float64 ends.
    """
    errors = {form.name: form.ulps(form.on(xp, problem), form.expected(problem)) for form in FORMS}
    assert {name: ulps for name, ulps in errors.items() if not ulps <= MOST_ULPS} == {}


@given(problem=problems())
def test_no_zero_is_negative(xp: Arrays, problem: Problem) -> None:
    """A loss, or a logarithm of a probability of 1, is 0 as in torch, not −0."""
    values = {form.name: form.on(xp, problem) for form in FORMS}
    assert [name for name, got in values.items() if (np.signbit(got) & (got == 0)).any()] == []


@given(logits=strategies.logits(magnitudes=("±50", "±300", "±700", "1e-20 to 1000")))
def test_large_losses_are_rounded_once(xp: Arrays, logits: np.ndarray) -> None:
    """From 20 nats on a loss is within 0.6 ulps: the rounding error of peak − logit is put back."""
    got = xp.numpy(cross_entropy.surprisal_from_logits(xp.array(logits)))
    exact = [oracle.surprisal_from_logits(row) for row in logits]
    pairs = zip(got.ravel().tolist(), chain.from_iterable(exact), strict=True)
    assert max((oracle.ulps(value, e) for value, e in pairs if e >= 20), default=0.0) <= 0.6


@given(problem=problems())
def test_equals_torch_where_torch_is_finite(xp: Arrays, problem: Problem) -> None:
    """Within 1e-12 of the largest logit of the row, of the largest weight, or of 1."""
    finite = np.where(np.isfinite(problem.logits), problem.logits, 0.0)
    with np.errstate(over="ignore"):
        scale = np.maximum(1.0, np.abs(finite).max(-1)) * max(1.0, problem.weight.max())
    apart = {}
    torch = type(xp).of("torch")
    for form in FORMS:
        if form.torch is None:
            continue
        reference = torch.numpy(form.torch(problem.on(torch)))
        known = np.isfinite(reference)
        got = form.on(xp, problem)
        tolerance = 1e-12 * np.broadcast_to(scale.reshape(-1, *[1] * (got.ndim - 1)), got.shape)
        far = ~(np.abs(got[known] - reference[known]) <= tolerance[known])
        if far.any():
            apart[form.name] = (got, reference)
    assert apart == {}


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "class-major": np.asfortranarray,
    "every other class of a wider array": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "every third row of a longer array": lambda a: np.repeat(a, 3, axis=0)[::3],
    "an odd offset": lambda a: np.pad(a, [(1, 0)] * a.ndim)[tuple([slice(1, None)] * a.ndim)],
}

larger_problems = st.builds(
    lambda rng, shape, magnitude: draw_problem(rng, strategies.MAGNITUDES[magnitude](rng, shape)),
    strategies.generators(),
    strategies.shapes(5, 40),
    st.sampled_from(list(strategies.MAGNITUDES)),
)


def differing(xp: Arrays, problem: Problem, other: Callable[[Any], np.ndarray]) -> list[str]:
    """The forms whose bits change when they are computed the other way."""
    return [
        form.name
        for form in FORMS
        if form.on(xp, problem).tobytes() != np.ascontiguousarray(other(form)).tobytes()
    ]


@given(problem=larger_problems, layout=st.sampled_from(list(LAYOUTS)))
def test_memory_layout_changes_no_bit(xp: Arrays, problem: Problem, layout: str) -> None:
    """The same numbers in another order in memory give the same bits."""
    moved = problem.each(lambda _, array: LAYOUTS[layout](array))
    assert differing(xp, problem, lambda form: form.on(xp, moved)) == []


@given(problem=larger_problems)
def test_a_row_alone_equals_the_row_in_a_batch(xp: Arrays, problem: Problem) -> None:
    """Neither the rows beside it nor their number changes a bit of a row."""
    alone = [problem.rows(slice(n, n + 1)) for n in range(len(problem.logits))]
    assert (
        differing(xp, problem, lambda form: np.concatenate([form.on(xp, row) for row in alone]))
        == []
    )
