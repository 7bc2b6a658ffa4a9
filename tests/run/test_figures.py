"""What a summary says besides the loss: both weighted means, the floor of soft targets, layout."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from cecalc.output import JSON
from cecalc.terms import Kind, Task
from tests.run.running import Ran, in_blocks, ran, ran_on, request

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(0, 3, (50, 4))
SOFT = RANDOM.dirichlet(np.ones(4), 50)
INDEX = RANDOM.integers(0, 4, 50)
WEIGHT = np.asarray([1.0, 2, 0.5, 4])


def figures(found: Ran) -> dict[str, object]:
    """The summary's keys."""
    summary = json.loads(found.text(JSON))
    return {key: value for key, value in summary.items() if key != "rows"}


def test_the_floor_is_the_entropy_of_soft_targets_and_the_excess_kl() -> None:
    report = ran(Task.CE, LOGITS, SOFT).report
    entropy = float(-(SOFT * np.log(SOFT)).sum(axis=1).mean())
    log_p = torch.log_softmax(torch.tensor(LOGITS), 1)
    kl = torch.nn.functional.kl_div(log_p, torch.tensor(SOFT), reduction="batchmean").item()
    assert (report.floor, report.excess) == pytest.approx((entropy, kl), rel=1e-12)


def test_the_floor_of_cells() -> None:
    report = ran(Task.BCE, LOGITS, SOFT).report
    entropy = -(SOFT * np.log(SOFT) + (1 - SOFT) * np.log1p(-SOFT)).mean()
    assert report.floor == pytest.approx(entropy, rel=1e-12)
    assert report.excess is not None and report.mean is not None and report.floor is not None
    assert report.excess == pytest.approx(report.mean - report.floor, rel=1e-12)


@pytest.mark.parametrize("task", [Task.CE, Task.BCE])
def test_predictions_that_are_the_targets_reach_the_floor(task: Task) -> None:
    report = ran(task, SOFT, SOFT, kind=Kind.PROBS).report
    assert report.mean == pytest.approx(report.floor, rel=1e-14)
    assert report.excess == pytest.approx(0, abs=1e-14)


def test_shares_of_many_soft_targets_add_up_in_any_order() -> None:
    soft = np.random.default_rng(1).dirichlet(np.ones(3), 3000)
    found = [ran(Task.CE, soft, rows).report.label_entropy for rows in (soft, soft[::-1])]
    assert found[0] == found[1]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("target", [SOFT, INDEX], ids=["soft", "index"])
@pytest.mark.parametrize("task", [Task.CE, Task.BCE])
def test_they_do_not_depend_on_how_rows_are_cut(
    task: Task, target: np.ndarray, weighted: bool
) -> None:
    shares = target if task is Task.CE or target.ndim == 2 else np.eye(4)[target]
    weight = 10 ** RANDOM.uniform(-9, 9, 50) if weighted else None
    asked = request(task, LOGITS, shares, sample_weight=weight)
    once, cut = in_blocks(asked, 10**6).report, in_blocks(asked, 7).report
    assert once.label_entropy is not None
    for name in ("floor", "excess", "label_entropy"):
        assert getattr(once, name) == getattr(cut, name)


@pytest.mark.parametrize(
    ("target", "more"),
    [
        (INDEX, {}),
        (np.eye(4)[INDEX], {}),
        (SOFT, {"weight": WEIGHT}),
        (SOFT, {"sample_weight": np.ones(50)}),
        (SOFT, {"label_smoothing": 0.1}),
    ],
)
def test_where_the_floor_is_another_one_none_is_shown(
    target: np.ndarray, more: dict[str, object]
) -> None:
    found = figures(ran(Task.CE, LOGITS, target, **more))
    assert not {"floor", "excess"} & found.keys()


def test_label_entropy_has_the_weights_of_the_loss() -> None:
    report = ran(Task.CE, [[0, 0.4]] * 3, [1, 0, 0], weight=[1, 8]).report
    assert report.label_entropy == pytest.approx(-0.2 * np.log(0.2) - 0.8 * np.log(0.8), rel=1e-15)


SAMPLE_WEIGHT = RANDOM.uniform(0, 9, 50)
BINARY = RANDOM.choice([0, 1, 9], (50, 4))


@pytest.mark.parametrize(
    ("task", "target", "more"),
    [
        (Task.CE, INDEX, {}),
        (Task.CE, INDEX, {"weight": WEIGHT}),
        (Task.CE, INDEX, {"sample_weight": SAMPLE_WEIGHT}),
        (Task.CE, INDEX, {"weight": WEIGHT, "sample_weight": SAMPLE_WEIGHT, "ignore_index": 2}),
        (Task.CE, SOFT, {"weight": WEIGHT}),
        (Task.CE, SOFT, {"weight": WEIGHT, "sample_weight": SAMPLE_WEIGHT}),
        (Task.BCE, SOFT, {}),
        (Task.BCE, BINARY, {"sample_weight": SAMPLE_WEIGHT, "ignore_index": 9}),
        (Task.BCE, SOFT, {"weight": WEIGHT, "pos_weight": WEIGHT[::-1]}),
        (Task.BCE, BINARY, {"pos_weight": WEIGHT, "weight": WEIGHT, "ignore_index": 9}),
    ],
)
def test_no_model_that_ignores_the_rows_is_below_the_label_entropy(
    task: Task, target: np.ndarray, more: dict[str, Any]
) -> None:
    """One that says the weighted shares of the labels has exactly this loss."""
    logits = torch.zeros(4 if task is Task.CE else 1, dtype=torch.float64, requires_grad=True)

    def loss() -> torch.Tensor:
        rows = logits.expand(50, 4)
        total, weights = _weighted(task, rows, torch.tensor(target), **more)
        return total / weights

    search = torch.optim.LBFGS(
        [logits],
        max_iter=500,
        tolerance_grad=1e-9,  # of which the square is what the loss is off
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def step() -> torch.Tensor:
        search.zero_grad()
        value = loss()
        torch.autograd.backward(value, inputs=[logits])
        return value

    search.step(step)  # type: ignore[no-untyped-call]
    report = ran(task, LOGITS, target, **more).report
    assert report.label_entropy == pytest.approx(loss().item(), rel=1e-12)
    rows = logits.detach().expand(50, 4).numpy()
    assert ran(task, rows, target, **more).report.loss == pytest.approx(loss().item(), rel=1e-12)


def _weighted(
    task: Task,
    rows: torch.Tensor,
    target: torch.Tensor,
    sample_weight: np.ndarray | None = None,
    ignore_index: int = -100,
    **weights: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Numerator and denominator by torch."""
    more: dict[str, Any] = {name: torch.tensor(w.copy()) for name, w in weights.items()}
    each = torch.ones(50) if sample_weight is None else torch.tensor(sample_weight)
    if task is Task.BCE:
        used = (target != ignore_index) * each[:, None]
        cells = torch.nn.functional.binary_cross_entropy_with_logits(
            rows, target.double(), reduction="none", **more
        )
        return (cells * used).sum(), used.sum()
    if target.ndim == 2:
        losses = torch.nn.functional.cross_entropy(rows, target, reduction="none", **more)
        return (losses * each).sum(), each.sum()
    losses = torch.nn.functional.cross_entropy(
        rows, target, reduction="none", ignore_index=ignore_index, **more
    )
    by_class = more.get("weight", torch.ones(4))[target] * (target != ignore_index)
    return (losses * each).sum(), (by_class * each).sum()


def test_both_weighted_means_are_shown() -> None:
    found = figures(ran(Task.CE, LOGITS, INDEX, weight=WEIGHT))
    losses = torch.nn.functional.cross_entropy(
        torch.tensor(LOGITS), torch.tensor(INDEX), torch.tensor(WEIGHT), reduction="none"
    )
    assert found["mean_over_rows"] == pytest.approx(losses.mean().item(), rel=1e-12)
    assert found["mean"] == pytest.approx(losses.sum().item() / WEIGHT[INDEX].sum(), rel=1e-12)
    assert "mean_over_rows" not in figures(ran(Task.CE, LOGITS, INDEX))
    assert "mean_over_rows" not in figures(ran(Task.CE, LOGITS, SOFT, weight=WEIGHT))
    cells = figures(ran(Task.BCE, LOGITS, SOFT, sample_weight=np.arange(50.0)))
    assert cells["mean_over_cells"] == pytest.approx(float(np.asarray(cells["numerator"])) / 200)


def test_as_many_rows_as_classes_is_said_where_a_transposed_input_is_possible() -> None:
    square = [[1.0, 2.0], [2.0, 1.0]]
    assert "layout" in figures(ran(Task.CE, square, [0, 1]))
    assert "layout" not in figures(ran(Task.CE, [*square, [0.0, 1.0]], [0, 1, 1]))
    assert "layout" not in figures(ran(Task.BCE, square, square, kind=Kind.PROBS, unchecked=True))
    table = "logit_a,logit_b,target\n1,2,a\n2,1,b\n"
    assert "layout" not in figures(ran_on(table, ".csv", Task.CE))
    lines = '{"logits":[1,2],"target":0}\n{"logits":[2,1],"target":0}\n'
    assert "layout" not in figures(ran_on(lines, ".jsonl", Task.CE))
