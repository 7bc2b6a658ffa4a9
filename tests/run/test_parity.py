"""Wherever `torch.nn` gives a finite value, the whole program gives the same.

Draws are valid problems by construction: torch is finite on every row, and the tests say so.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import event, given
from hypothesis import strategies as st

from cecalc.errors import DataError
from cecalc.request import Arithmetic
from cecalc.terms import Dtype, Kind, Reduction, Task
from tests import strategies
from tests.run.running import (
    BACKENDS,
    FEWER,
    NUMPY,
    TORCH,
    Ran,
    activated,
    ran,
    ran_on,
    request,
    rounding_to,
    small_blocks,
)
from tests.strategies import MAGNITUDES, Shape

CLOSE = 1e-12
"""How far from torch a row may be, in units of the larger of 1 and the row's largest |logit|."""
SMALLER = [Dtype.FLOAT32, Dtype.FLOAT16, Dtype.BFLOAT16]
TYPES = pytest.mark.parametrize("dtype", SMALLER)
EVERYWHERE = tuple(MAGNITUDES)
MODERATE = tuple(name for name in EVERYWHERE if name != "up to 1e300")  # as all dtypes can hold

Array = np.ndarray


@dataclass(frozen=True)
class Problem:
    """What torch and cecalc are both asked."""

    task: Task
    kind: Kind
    values: Array
    """(C,), (N, C) or (N, C, d1, …, dK); for bce any shape from (N,) on"""
    target: Array
    """The same shape, or without the class axis."""
    reduction: Reduction
    weight: Array | None = None
    pos_weight: Array | None = None
    sample_weight: Array | None = None
    """(N,)"""
    smoothing: float = 0.0
    ignore_index: float | None = None

    @property
    def is_index(self) -> bool:
        """Whether the target names a class."""
        return self.task is Task.CE and self.target.ndim < self.values.ndim

    @property
    def used(self) -> Array:
        """Which targets count: shape of the losses."""
        if self.task is Task.CE and not self.is_index:
            return np.ones(self.target.sum(self.class_axis).shape, dtype=bool)
        ignored = -100 if self.task is Task.CE and self.ignore_index is None else self.ignore_index
        return np.asarray(self.target != ignored)

    @property
    def class_axis(self) -> int:
        """The axis that the classes are on."""
        return min(1, self.values.ndim - 1)

    @property
    def per_loss(self) -> Array:
        """The sample weights, one for each loss."""
        one = np.ones(1) if self.sample_weight is None else self.sample_weight
        axes = (slice(None), *[None] * (self.used.ndim - 1)) if self.used.ndim else 0
        return np.broadcast_to(one[axes], self.used.shape)

    def torch(self, reduction: str = "none", dtype: str = "float64") -> Array:
        """What `torch.nn` says; sample weights are not its business."""

        def tensor(array: Array | None) -> Any:
            return (
                None
                if array is None
                else torch.tensor(np.ascontiguousarray(array)).to(getattr(torch, dtype))
            )

        options = {"weight": tensor(self.weight), "reduction": reduction}
        if self.task is Task.BCE:
            if self.kind is Kind.LOGITS:
                options["pos_weight"] = tensor(self.pos_weight)
            loss: Any = torch.nn.BCEWithLogitsLoss if self.kind is Kind.LOGITS else torch.nn.BCELoss
        else:
            options["ignore_index"] = -100 if self.ignore_index is None else int(self.ignore_index)
            if self.kind is Kind.LOGITS:
                options["label_smoothing"] = self.smoothing
            loss = torch.nn.CrossEntropyLoss if self.kind is Kind.LOGITS else torch.nn.NLLLoss
        values, target = tensor(self.values), tensor(self.target)
        if self.kind is Kind.PROBS and self.task is Task.CE:
            values = values.log()
        if self.task is Task.BCE:  # torch has no ignored cells: theirs is any target
            target = torch.where(torch.tensor(self.used), target, 0.0)
        target = torch.tensor(self.target.astype(np.int64)) if self.is_index else target
        return np.asarray(loss(**options)(values, target).to(torch.float64))

    def run(self, arithmetic: Arithmetic, *, as_document: bool = False) -> Ran:
        """What cecalc says."""
        options: dict[str, Any] = {
            "reduction": self.reduction,
            "label_smoothing": self.smoothing or None,
            "ignore_index": self.ignore_index,
        }
        arrays = {
            "target": self.target,
            "sample_weight": self.sample_weight,
            "weight": self.weight,
            "pos_weight": self.pos_weight,
        }
        if not as_document:
            more = options | arrays
            return ran(self.task, self.values, kind=self.kind, arithmetic=arithmetic, **more)
        keys = {name: array.tolist() for name, array in arrays.items() if array is not None}
        document = {self.kind.value: self.values.tolist(), **keys, **options}
        return ran_on(json.dumps(document), ".json", self.task, arithmetic=arithmetic)

    @property
    def tolerance(self) -> Array:
        """What `CLOSE` allows each loss; weights scale it as they scale the loss."""
        size = np.maximum(1, np.abs(np.where(np.isinf(self.values), 0, self.values)))
        if self.task is Task.CE:
            size = size.max(self.class_axis) * (1 if self.weight is None else self.weight.max())
        else:
            size = size * (1 if self.weight is None else self.weight)
            size = size * (1 if self.pos_weight is None else np.maximum(1, self.pos_weight))
        return np.asarray(CLOSE * size * self.per_loss)

    @property
    def row_weights(self) -> Array | None:
        """What each loss counts in the mean where torch does not simply count losses."""
        if self.is_index and self.weight is not None:
            by_class = self.weight[np.where(self.used, self.target, 0).astype(int)]
            return np.asarray(by_class * self.per_loss)
        return None if self.sample_weight is None else self.per_loss


def _agrees(problem: Problem, result: Ran) -> None:
    """The losses and what they are reduced to are torch's."""
    used, expected = problem.used, problem.torch() * problem.per_loss
    assert np.isfinite(expected[used]).all(), "the draw is not valid"
    name = "cell_loss" if problem.task is Task.BCE else "loss"
    got = result.rows(name).reshape(expected.shape)
    assert np.isnan(got[~used]).all()
    assert (np.abs(got - expected)[used] <= problem.tolerance[used]).all()

    # A sum is off by what its terms are off together (torch's own adding is 4 orders smaller), a
    # mean by that over the denominator.
    total, allowed = math.fsum(expected[used]), math.fsum(problem.tolerance[used])
    weights = problem.row_weights
    denominator = used.sum() if weights is None else math.fsum(weights[used])
    report = result.report
    assert abs(report.numerator - total) <= allowed
    assert report.denominator == pytest.approx(denominator, rel=1e-15)
    plain = problem.sample_weight is None and (used.all() or problem.task is Task.CE)
    if problem.reduction is Reduction.NONE:
        assert report.loss is None
    else:
        scale = denominator if problem.reduction is Reduction.MEAN else 1
        reduced: Any = problem.torch(problem.reduction) if plain else total / scale
        assert report.loss is not None
        assert abs(report.loss - reduced) <= allowed / scale
    if problem.task is Task.BCE:
        rows = result.rows("cell_used")
        cells = np.where(rows, result.rows("cell_loss"), 0).sum(-1)
        count = 1 if problem.reduction is Reduction.SUM else np.maximum(1, rows.sum(-1))
        np.testing.assert_allclose(result.rows("loss")[rows.any(-1)], (cells / count)[rows.any(-1)])


def _values(rng: np.random.Generator, shape: Shape, magnitude: str) -> Array:
    """Logits whose classes are on axis 1 and kinds differ along it."""
    last = (*shape[:1], *shape[2:], *shape[1:2])
    return np.moveaxis(MAGNITUDES[magnitude](rng, last), -1, min(1, len(shape) - 1))


@st.composite
def ce_shapes(draw: st.DrawFn) -> Shape:
    """(C,), (N, C) or (N, C, d1, …, dK), with 2 to 40 classes."""
    classes = draw(st.integers(2, 6) | st.integers(7, 40))
    extents = draw(st.lists(st.integers(1, 3), max_size=4))
    return (classes,) if not extents else (extents[0], classes, *extents[1:])


@st.composite
def ce_problems(
    draw: st.DrawFn, magnitudes: tuple[str, ...] = EVERYWHERE, *, soft: bool = True
) -> Problem:
    """Cross-entropy of logits: at least one row counts, and the used classes have weight."""
    shape, rng = draw(ce_shapes()), draw(strategies.generators())
    values = _values(rng, shape, draw(st.sampled_from(magnitudes)))
    axis = min(1, len(shape) - 1)
    rows: Shape = shape[:axis] + shape[axis + 1 :]
    smoothing = strategies.draw_smoothing(rng) if soft and draw(st.booleans()) else 0.0
    weight = strategies.draw_weights(rng, shape[axis]) if draw(st.booleans()) else None
    common: dict[str, Any] = {
        "task": Task.CE,
        "kind": Kind.LOGITS,
        "reduction": draw(st.sampled_from(Reduction)),
    }
    if draw(st.booleans()) and len(shape) > 1:
        common["sample_weight"] = 10.0 ** rng.uniform(-3, 3, shape[0])
    if soft and draw(st.booleans()):
        flat = strategies.draw_distributions(rng, (max(1, math.prod(rows)), shape[axis]))
        shares = np.moveaxis(flat.reshape(*rows, shape[axis]), -1, axis)
        return Problem(values=values, target=shares, weight=weight, smoothing=smoothing, **common)
    index = np.asarray(rng.integers(0, shape[axis], rows))
    weight = None if weight is None else np.where(weight == 0, 2.0**-20, weight)
    if smoothing == 0 and draw(st.booleans()):  # −inf anywhere but at the target
        truth = np.expand_dims(index, axis) == np.arange(shape[axis]).reshape(
            [-1 if i == axis else 1 for i in range(len(shape))]
        )
        values = np.where(truth | (rng.random(shape) < 2 / 3), values, -np.inf)
        event("masked")
    ignore_index = draw(st.sampled_from([None, -100, -1, 255, int(index.flat[0])]))
    if index.size > 1:
        leave_out = rng.random(rows) < 0.3
        leave_out.flat[int(rng.integers(leave_out.size))] = False
        if ignore_index is not None and 0 <= ignore_index < shape[axis]:
            kept = (index.flat[0] + 1) % shape[axis]
            index = np.where(leave_out, ignore_index, np.where(index == ignore_index, kept, index))
            values = np.where(values == -np.inf, -50.0, values)  # the targets have changed
        else:
            index = np.where(leave_out, -100 if ignore_index is None else ignore_index, index)
    elif ignore_index == index:
        ignore_index = None
    return Problem(
        values=values,
        target=index,
        weight=weight,
        smoothing=smoothing,
        ignore_index=ignore_index,
        **common,
    )


@st.composite
def normalised(draw: st.DrawFn, kind: Kind) -> Problem:
    """Cross-entropy of probabilities or their logarithms: index targets, as NLLLoss has them."""
    mild = tuple(name for name in MODERATE if kind is Kind.LOG_PROBS or name != "±700")
    problem = draw(ce_problems(mild, soft=False))
    logs = torch.log_softmax(torch.tensor(problem.values), dim=problem.class_axis)
    values = np.asarray(logs if kind is Kind.LOG_PROBS else logs.exp().clamp(1e-300, 1))
    return replace(problem, kind=kind, values=values)


@st.composite
def broadcastable(draw: st.DrawFn, shape: Shape) -> Shape:
    """A shape that broadcasts to this one."""
    kept = shape[draw(st.integers(0, len(shape))) :]
    return tuple(1 if draw(st.booleans()) else n for n in kept)


@st.composite
def bce_problems(
    draw: st.DrawFn, kind: Kind, magnitudes: tuple[str, ...] = EVERYWHERE, *, extras: bool = True
) -> Problem:
    """Binary cross-entropy over any shape of cells; at least one cell counts."""
    extents = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    shape, rng = tuple(extents), draw(strategies.generators())
    values = MAGNITUDES[draw(st.sampled_from(magnitudes))](rng, shape)
    if kind is Kind.PROBS:
        values = strategies.draw_probs(rng, shape)
    hard = (rng.random(shape) < 0.5).astype(float)
    target = hard if draw(st.booleans()) else np.where(rng.random(shape) < 0.5, hard, rng.random())

    def weights() -> Array:
        return np.asarray(10.0 ** rng.uniform(-3, 3, draw(broadcastable(shape))))

    problem = Problem(
        Task.BCE,
        kind,
        values,
        target,
        draw(st.sampled_from(Reduction)),
        weight=weights() if draw(st.booleans()) else None,
        pos_weight=weights() if kind is Kind.LOGITS and draw(st.booleans()) else None,
    )
    if extras and draw(st.booleans()):
        problem = replace(problem, sample_weight=10.0 ** rng.uniform(-3, 3, shape[0]))
    if extras and draw(st.booleans()):
        leave_out = rng.random(shape) < 0.3
        leave_out.flat[int(rng.integers(leave_out.size))] = False
        problem = replace(problem, target=np.where(leave_out, -1, target), ignore_index=-1)
    return problem


@BACKENDS
@given(problem=ce_problems())
def test_ce_is_cross_entropy_loss(arithmetic: Arithmetic, problem: Problem) -> None:
    """Indices and distributions, weights, smoothing, ignored rows, K dimensions, any logits."""
    _agrees(problem, problem.run(arithmetic, as_document=problem.values.ndim % 2 == 0))


@BACKENDS
@pytest.mark.parametrize("kind", [Kind.LOG_PROBS, Kind.PROBS])
@given(data=st.data())
def test_ce_of_probabilities_is_nll_loss(
    arithmetic: Arithmetic, kind: Kind, data: st.DataObject
) -> None:
    """`--log-probs` is NLLLoss, `--probs` NLLLoss of the logarithms."""
    problem = data.draw(normalised(kind))
    _agrees(problem, problem.run(arithmetic))


@BACKENDS
@pytest.mark.parametrize("kind", [Kind.LOGITS, Kind.PROBS])
@given(data=st.data())
def test_bce_is_bce_loss(arithmetic: Arithmetic, kind: Kind, data: st.DataObject) -> None:
    """Any shape of cells, weight and pos_weight of any shape that broadcasts to it; on logits
    BCEWithLogitsLoss, on probabilities BCELoss with its clamp.
    """
    problem = data.draw(bce_problems(kind))
    # As arguments (N,) is one row of N cells, which torch cannot tell from N rows of one.
    as_document = problem.values.ndim == 1 or data.draw(st.booleans())
    _agrees(problem, problem.run(arithmetic, as_document=as_document))


@BACKENDS
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(
    ("target", "weight"), [([-100.0, -100.0], None), ([1.0, -100.0], [1.0, 0.0])]
)
def test_a_mean_of_nothing_is_refused_where_torch_says_nan(
    arithmetic: Arithmetic, target: list[float], weight: list[float] | None, smoothing: float
) -> None:
    """All rows ignored, or no weight left: the mean is an error, the sum is torch's."""
    problem = Problem(
        Task.CE,
        Kind.LOGITS,
        np.asarray([[2.0, -3.0], [0.5, 1.0]]),
        np.asarray(target),
        Reduction.MEAN,
        weight=None if weight is None else np.asarray(weight),
        smoothing=smoothing,
    )
    if smoothing == 0 or weight is None:
        assert math.isnan(problem.torch("mean"))
    with pytest.raises(DataError, match="the mean is undefined"):
        problem.run(arithmetic)
    report = replace(problem, reduction=Reduction.SUM).run(arithmetic).report
    assert report.loss == pytest.approx(float(problem.torch("sum")), rel=1e-14)


def _equals(problem: Problem, dtype: Dtype) -> None:
    """Row losses are the very numbers torch gives in a dtype, non-finite ones too."""
    bare = replace(problem, sample_weight=None, reduction=Reduction.NONE)
    expected = bare.torch(dtype=dtype.value)
    result = bare.run(rounding_to(dtype), as_document=bare.values.ndim == 1)
    got = result.rows("cell_loss" if bare.task is Task.BCE else "loss").reshape(expected.shape)
    np.testing.assert_array_equal(got[bare.used], expected[bare.used])


@TYPES
@given(data=st.data())
def test_ce_in_a_dtype_is_torch_in_that_dtype(dtype: Dtype, data: st.DataObject) -> None:
    """`--dtype` rounds the numbers and computes as torch does on the same layout, to the last bit:
    classes that do not lie last in memory are added in another order.
    """
    _equals(data.draw(ce_problems(MODERATE)), dtype)


@TYPES
@FEWER
@given(
    rng=strategies.generators(),
    extents=st.lists(st.integers(1, 40), min_size=1, max_size=2),
    values=st.sampled_from([40, 2**10, 2**17]),
    form=st.sampled_from(["index", "weighted", "smoothed", "soft"]),
)
def test_where_a_row_lies_rounds_it_as_in_torch(
    dtype: Dtype, rng: np.random.Generator, extents: list[int], values: int, form: str
) -> None:
    """However positions are cut into blocks: at the end of a sample kernels take another way."""
    samples, classes = int(rng.integers(1, 4)), int(rng.integers(2, 12))
    logits = _values(rng, (samples, classes, *extents), "±5")
    target = rng.integers(0, classes, (samples, *extents))
    problem = Problem(Task.CE, Kind.LOGITS, logits, target, Reduction.NONE)
    if form == "soft":
        flat = strategies.draw_distributions(rng, (target.size, classes))
        problem = replace(problem, target=_class_second(flat, target.shape))
    if form in ("weighted", "soft"):
        problem = replace(problem, weight=rng.uniform(0.1, 3, classes))
    if form in ("smoothed", "soft"):
        problem = replace(problem, smoothing=0.1)
    with small_blocks(values):
        found = problem.run(rounding_to(dtype))
    expected = problem.torch(dtype=dtype.value).reshape(-1)
    np.testing.assert_array_equal(found.rows("loss"), expected)
    logs = torch.log_softmax(torch.tensor(logits).to(getattr(torch, dtype)), 1).double().numpy()
    np.testing.assert_array_equal(-found.rows("surprisal"), _class_last(logs, 1))


def _class_second(rows: Array, shape: tuple[int, ...]) -> Array:
    return np.moveaxis(rows.reshape(*shape, -1), -1, 1)


def test_three_classes_of_one_position_in_float16() -> None:
    """As a row of three torch makes 0.00097609 of them."""
    logits, target = np.asarray([[[2.0], [9.0], [0.5]]]), np.asarray([[1]])
    problem = Problem(Task.CE, Kind.LOGITS, logits, target, Reduction.NONE)
    assert problem.run(rounding_to(Dtype.FLOAT16)).rows("loss").tolist() == [0.0011148452758789062]


def _class_last(values: Array, axis: int) -> Array:
    return np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis])


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("task", [Task.SOFTMAX, Task.SIGMOID])
@FEWER
@given(rng=strategies.generators(), shape=ce_shapes(), name=st.sampled_from(MODERATE))
def test_activations_are_torch_s(
    task: Task, log: bool, rng: np.random.Generator, shape: Shape, name: str
) -> None:
    """Softmax over axis 1, sigmoid of each value, and their logarithms: close to torch in float64
    on both backends, and torch's own in smaller dtypes.
    """
    values = _values(rng, shape, name)
    axis = min(1, len(shape) - 1)

    def rows(array: Array) -> Array:
        if task is Task.SIGMOID:
            return array.reshape(1 if len(shape) == 1 else shape[0], -1)
        return _class_last(array, axis)

    apply: Any = {
        (Task.SOFTMAX, False): lambda x: torch.softmax(x, axis),
        (Task.SOFTMAX, True): lambda x: torch.log_softmax(x, axis),
        (Task.SIGMOID, False): torch.sigmoid,
        (Task.SIGMOID, True): torch.nn.functional.logsigmoid,
    }[task, log]
    for arithmetic in (NUMPY, TORCH, *map(rounding_to, SMALLER)):
        applied = apply(
            torch.tensor(np.ascontiguousarray(values)).to(getattr(torch, arithmetic.dtype))
        )
        expected = rows(np.asarray(applied.to(torch.float64)))
        got = activated(request(task, values, log=log, arithmetic=arithmetic))
        if arithmetic.dtype is Dtype.FLOAT64:
            near = CLOSE * np.maximum(1, np.abs(rows(values)).max(-1, keepdims=True) if log else 1)
            assert (np.abs(got - expected) <= near).all()
        else:
            np.testing.assert_array_equal(got, expected)


@TYPES
@pytest.mark.parametrize("kind", [Kind.LOGITS, Kind.PROBS])
@given(data=st.data())
def test_bce_in_a_dtype_is_torch_in_that_dtype(
    dtype: Dtype, kind: Kind, data: st.DataObject
) -> None:
    """The same of cells, weighted ones too."""
    problem = data.draw(bce_problems(kind, MODERATE, extras=False))
    _equals(problem, dtype)
