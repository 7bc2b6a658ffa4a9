"""What a mean divides by, what stands beside it, and where what is ignored has no part."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from cecalc.errors import CecalcError, message
from cecalc.terms import Dtype, Task
from tests.run.running import NUMPY, TORCH, Ran, activated, in_blocks, ran, request, rounding_to

RANDOM = np.random.default_rng(5)
LOGITS = RANDOM.normal(0, 2, (7, 3))
INDEX = np.asarray([2, 0, -100, 1, 1, -100, 0])
SOFT = RANDOM.dirichlet(np.ones(3), 7)
CELLS = np.asarray(
    [[1, 0, -1], [0, 1, 1], [-1, -1, -1], [1, -1, 0], [0, 0, 1], [1, 1, 1], [-1, 0, 1]], float
)
CLASSES = np.asarray([1.0, 2.5, 0.25])
SAMPLES = np.asarray([0.5, 0.0, 2.0, 1.0, 3.0, 4.0, 1.5])
"""One of them is 0: such a row counts, and weighs nothing."""
OF_CELLS = RANDOM.uniform(0.5, 2, (7, 3))
"""A weight for each cell: another one in each row."""
CE, BCE = Task.CE, Task.BCE


@dataclass(frozen=True)
class Case:
    """A weighted problem, and what its mean divides by."""

    task: Task
    target: np.ndarray
    options: dict[str, Any]
    denominator: float
    denominator_is: str
    has_count: bool = True
    """Whether the mean over rows or cells, however they are weighted, is another one."""
    used: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        ignored = -1 if self.task is BCE else -100
        object.__setattr__(self, "used", self.target != ignored)

    def request(self, **more: Any) -> Any:
        """The request for it."""
        ignored: dict[str, Any] = {"ignore_index": -1.0} if self.task is BCE else {}
        return request(self.task, LOGITS, self.target, **self.options, **ignored, **more)

    def terms(self, *, is_weighted: bool) -> np.ndarray:
        """The loss of each row, or cell, as torch has it; times the weight of its row."""
        tensors: dict[str, Any] = {
            n: torch.tensor(v) for n, v in self.options.items() if n.endswith("weight")
        }
        sample = tensors.pop("sample_weight", None)
        x = torch.tensor(LOGITS)
        options: dict[str, Any] = tensors if is_weighted else {}
        if self.task is BCE:
            target = torch.tensor(np.where(self.used, self.target, 0.0))
            losses = F.binary_cross_entropy_with_logits(x, target, reduction="none", **options)
        else:
            smoothing = self.options.get("label_smoothing", 0.0)
            losses = F.cross_entropy(
                x, torch.tensor(self.target), reduction="none", label_smoothing=smoothing, **options
            )
        if sample is not None and is_weighted:
            losses = losses * (sample[:, None] if self.task is BCE else sample)
        return losses.numpy()

    def rows(self, *, is_weighted: bool) -> np.ndarray:
        """The loss of each row: of its cells, the mean of those that count."""
        terms = np.where(self.is_term, self.terms(is_weighted=is_weighted), np.nan)
        if self.task is CE:
            return terms
        counted = self.used.sum(axis=1)
        total = np.where(self.used, terms, 0).sum(axis=1)
        return np.where(counted > 0, total / np.maximum(counted, 1), np.nan)

    @property
    def is_term(self) -> np.ndarray:
        """Which terms count."""
        return np.ones(7, bool) if self.target is SOFT else self.used

    def agrees(self, found: Ran, rel: float = 1e-12) -> None:
        """The figures of a run are torch's."""
        report, terms = found.report, self.terms(is_weighted=True)[self.is_term]
        assert report.denominator == pytest.approx(self.denominator, rel=1e-14)
        assert report.header.denominator_is == self.denominator_is
        assert report.loss == pytest.approx(terms.sum() / self.denominator, rel=rel)
        by_count = pytest.approx(terms.mean(), rel=rel) if self.has_count else None
        assert report.mean_by_count == by_count
        for name, is_weighted in (("loss", True), ("loss_unweighted", False)):
            expected = self.rows(is_weighted=is_weighted)
            np.testing.assert_allclose(found.rows(name), expected, rtol=rel)
        if self.task is BCE:
            plain = np.where(self.used, self.terms(is_weighted=False), np.nan)
            np.testing.assert_allclose(found.rows("cell_unweighted"), plain, rtol=rel)


KEPT = INDEX != -100
BY_CLASS = CLASSES[INDEX[KEPT]]
BOTH = {"weight": CLASSES, "sample_weight": SAMPLES}
ITS_OWN = {"weight": OF_CELLS, "pos_weight": 3 - OF_CELLS}
IN_CELLS = (SAMPLES[:, None] * (CELLS != -1)).sum()
N_CELLS = (CELLS != -1).sum()
CASES = {
    "classes": Case(CE, INDEX, {"weight": CLASSES}, BY_CLASS.sum(), "sum of class weights"),
    "smoothed classes": Case(
        CE,
        INDEX,
        {"weight": CLASSES, "label_smoothing": 0.3},
        BY_CLASS.sum(),
        "sum of class weights",
    ),
    "samples": Case(
        CE, INDEX, {"sample_weight": SAMPLES}, SAMPLES[KEPT].sum(), "sum of sample weights"
    ),
    "classes and samples": Case(
        CE,
        INDEX,
        BOTH,
        (BY_CLASS * SAMPLES[KEPT]).sum(),
        "sum of class weights times sample weights",
    ),
    "soft, samples": Case(
        CE, SOFT, {"sample_weight": SAMPLES}, SAMPLES.sum(), "sum of sample weights"
    ),
    "soft, classes and samples": Case(CE, SOFT, BOTH, SAMPLES.sum(), "sum of sample weights"),
    "soft, classes": Case(CE, SOFT, {"weight": CLASSES}, 7, "rows", has_count=False),
    "cells, samples": Case(
        BCE, CELLS, {"sample_weight": SAMPLES}, IN_CELLS, "sum of sample weights"
    ),
    "cells, columns and samples": Case(BCE, CELLS, BOTH, IN_CELLS, "sum of sample weights"),
    "cells, columns": Case(BCE, CELLS, {"weight": CLASSES}, N_CELLS, "cells", has_count=False),
    "cells, each its own": Case(
        BCE,
        CELLS,
        {"weight": OF_CELLS, "pos_weight": 3 - OF_CELLS},
        N_CELLS,
        "cells",
        has_count=False,
    ),
}


@pytest.mark.parametrize("values", [3, 6, 10**6])
@pytest.mark.parametrize("name", CASES)
def test_weighted_means_and_what_stands_beside_them(name: str, values: int) -> None:
    """Whatever the blocks: a row's weight is its own, not that of its place in a block."""
    CASES[name].agrees(in_blocks(CASES[name].request(), values))


@pytest.mark.parametrize("name", CASES)
def test_torch_and_its_float32_weigh_alike(name: str) -> None:
    case = CASES[name]
    case.agrees(in_blocks(case.request(arithmetic=TORCH), 6))
    case.agrees(in_blocks(case.request(arithmetic=rounding_to(Dtype.FLOAT32)), 6), rel=1e-5)


@pytest.mark.parametrize(
    ("task", "target", "shares"),
    [
        (CE, [0, 1, 1, -100, -100], [1 / 3, 2 / 3]),
        (CE, [1, 1, -100, 1, 1], [1]),
        (BCE, [[1, -1], [0, -1], [0, -1], [-1, -1], [1, 1]], [3 / 5, 2 / 5]),
        (BCE, [[-1, -1], [0, 1], [-1, 0], [-1, 0], [-1, -1]], [1 / 4, 3 / 4]),
    ],
)
def test_the_entropy_of_labels_is_of_those_that_count(
    task: Task, target: Any, shares: list[float]
) -> None:
    ignored = {"ignore_index": -1.0} if task is BCE else {}
    report = ran(task, np.zeros((5, 2)), target, **ignored).report
    expected = -sum(share * math.log(share) for share in shares)
    assert report.label_entropy == pytest.approx(expected, rel=1e-14, abs=1e-15)
    assert report.label_entropy is not None and not np.signbit(report.label_entropy)


@pytest.mark.parametrize("values", [2, 10**6])
@pytest.mark.parametrize("arithmetic", [NUMPY, TORCH], ids=["numpy", "torch"])
def test_ignored_cells_are_neither_right_nor_wrong(values: int, arithmetic: Any) -> None:
    """Not in their row, not among cells; and the row's loss is the mean of the others."""
    logits = [[3.0, 2.0], [1.0, 4.0], [5.0, -2.0], [1.0, -1.0]]
    target = [[1, -1], [-1, 0], [0, -1], [-1, -1]]
    asked = request(BCE, logits, target, ignore_index=-1.0, arithmetic=arithmetic)
    found = in_blocks(asked, values)
    report = found.report
    assert found.rows("correct").tolist() == [True, False, False, False]
    assert found.rows("used").tolist() == [True, True, True, False]
    assert found.rows("cell_correct").tolist() == [[True, False], *[[False, False]] * 3]
    expected = [
        math.log1p(math.exp(-3)),
        math.log1p(math.exp(4)),
        math.log1p(math.exp(5)),
        math.nan,
    ]
    np.testing.assert_allclose(found.rows("loss"), expected, rtol=1e-12)
    assert (report.correct, report.rows_used) == (1, 3)
    assert (report.cells_correct, report.cells_used, report.cells_given) == (1, 3, 8)


INF = math.inf


def test_a_masked_class_is_no_masked_row() -> None:
    """Where some row is looked at closely, one logit of -inf is still no fault of another."""
    logits, ignoring = [[-INF, 1.0], [-INF, -INF], [2.0, -INF]], [1, -100, 0]
    assert ran(CE, logits, ignoring).rows("loss")[[0, 2]].tolist() == [0, 0]
    assert activated(request(Task.SOFTMAX, [[-INF, 2.0]])).tolist() == [[0, 1]]
    for values in (2, 10**6):
        with pytest.raises(CecalcError) as caught:
            in_blocks(request(CE, logits, [1, 0, 0]), values)
        assert message(caught.value) == "cecalc: error: --logits: row 1: all logits are -inf"


@pytest.mark.parametrize(
    ("target", "is_told"), [([[1, 0]], False), ([[0, 1]], True), ([0], False), ([1], False)]
)
def test_a_masked_class_is_told_where_torch_prints_nan(target: Any, is_told: bool) -> None:
    told = [hint.entry for hint in ran(CE, [[-INF, 2.0]], target).hints]
    assert told == ([18] if is_told else [])
