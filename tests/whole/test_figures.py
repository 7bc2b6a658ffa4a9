"""What a summary says besides the loss: both weighted means, the floor of soft targets, layout."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from cecalc.records import Kind, Task
from cecalc.views import Format
from tests.whole.running import Ran, in_blocks, ran, ran_on, request

RANDOM = np.random.default_rng(0)
LOGITS = RANDOM.normal(0, 3, (50, 4))
SOFT = RANDOM.dirichlet(np.ones(4), 50)
INDEX = RANDOM.integers(0, 4, 50)
WEIGHT = np.asarray([1.0, 2, 0.5, 4])


def figures(found: Ran) -> dict[str, object]:
    """The summary's keys."""
    summary = json.loads(found.text(Format.JSON))
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


@pytest.mark.parametrize("task", [Task.CE, Task.BCE])
def test_they_do_not_depend_on_how_rows_are_cut(task: Task) -> None:
    asked = request(task, LOGITS, SOFT)
    once, cut = in_blocks(asked, 10**6).report, in_blocks(asked, 7).report
    assert (once.floor, once.excess) == (cut.floor, cut.excess)


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
