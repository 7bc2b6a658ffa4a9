"""One JSON object: rows first, then the summary."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cecalc.items import Item, Outcome, Report
from cecalc.output import JSON
from cecalc.request import Screen, Selection
from cecalc.terms import Reduction
from tests.output.examples import LOGITS, batch, bce, ce, founding, many, soft, softmax, text

FOUNDING = """\
{
  "rows": [
    {"row": 0, "target": 2, "loss": 1.763756416846708, "p_target": 0.17139980391367007, "prediction": 0, "correct": false},
    {"row": 1, "target": 1, "loss": 2.1941652874514244, "p_target": 0.11145155269865095, "prediction": 0, "correct": false}
  ],
  "loss": 1.9789608521490663,
  "reduction": "mean",
  "numerator": 3.9579217042981325,
  "denominator": 2,
  "denominator_is": "rows",
  "rows_given": 2,
  "rows_used": 2,
  "rows_ignored": 0,
  "mean": 1.9789608521490663,
  "perplexity": 7.235220613458217,
  "bits": 2.855037007508855,
  "accuracy": 0,
  "chance": 1.3862943611198906,
  "label_entropy": 0.6931471805599453,
  "target_form": "class indices",
  "input": "logits",
  "read_as": "logits of --logits",
  "source": "--logits",
  "signature": "cecalc:0.2|ce|mean|N=2",
  "backend": "NumPy, float64",
  "version": "0.2.0"
}
"""  # noqa: E501


def test_whole_text() -> None:
    assert text(JSON, founding()) == FOUNDING


def test_without_rows_the_summary_stays() -> None:
    summary = "".join(JSON.render(founding(), Screen(), Selection(rows=False)))
    start, end = FOUNDING.index('  "rows"'), FOUNDING.index('  "loss": 1.97')
    assert summary == FOUNDING[:start] + FOUNDING[end:]


def read(items: Iterable[Item]) -> Any:
    def refuse(literal: str) -> None:
        raise AssertionError(literal)

    return json.loads(text(JSON, items), parse_constant=refuse)


def test_rows_of_several_batches_make_one_list() -> None:
    assert [row["row"] for row in read(many(7))["rows"]] == list(range(7))


def test_cells_of_a_row() -> None:
    found = read(bce(batch([[0, 2]], [[1, -1]]), classes=("cat", "dog")))
    assert found["rows"] == [
        {
            "row": 0,
            "loss": pytest.approx(math.log(2)),
            "correct": True,
            "cells": [
                {
                    "class": "cat",
                    "target": 1,
                    "p": 0.5,
                    "loss": pytest.approx(math.log(2)),
                    "correct": True,
                },
                {
                    "class": "dog",
                    "target": -1,
                    "p": pytest.approx(0.8807970779778823),
                    "loss": None,
                    "correct": None,
                    "status": "ignored",
                },
            ],
        }
    ]
    assert (found["cells_given"], found["cells_used"], found["cells_ignored"]) == (2, 1, 1)
    assert (found["accuracy"], found["cell_accuracy"]) == (1, 1)


def test_a_lone_unnamed_cell_has_no_class() -> None:
    (row,) = read(bce(batch([[0]], [[1]])))["rows"]
    assert list(row["cells"][0]) == ["target", "p", "loss", "correct"]


def test_names_weights_coordinates_and_an_ignored_row() -> None:
    places = np.array([[0, 4], [1, 5]])
    rows = batch([[1, 2]] * 2, [0, -100], coordinates=places, ids=["x", "y"])
    used, ignored = read(ce(rows, weight=[2, 1], classes=("cat", "dog"), coordinates=("n", "d1")))[
        "rows"
    ]
    assert list(used)[:5] == ["row", "n", "d1", "id", "target"]
    assert (used["d1"], used["id"], used["target"], used["prediction"]) == (4, "x", "cat", "dog")
    assert used["loss"] == pytest.approx(2 * used["loss_unweighted"])
    assert used["weight"] == 2
    assert ignored["target"] == -100
    assert ignored["status"] == "ignored"
    assert ignored["loss"] is None


def test_soft_targets_are_lists() -> None:
    assert read(soft())["rows"][0]["target"] == [0, 0.5, 0.5, 0]


def test_values_have_no_summary() -> None:
    assert read(softmax(batch([[0, 0]]), log=True)) == {
        "rows": [{"row": 0, "values": [pytest.approx(-math.log(2))] * 2}],
        "values": "log_probs",
        "input": "logits",
        "source": "--logits",
    }


@pytest.mark.parametrize("reduction", Reduction)
def test_loss_is_absent_where_nothing_is_reduced(reduction: Reduction) -> None:
    found = read(founding(reduction=reduction))
    assert found["reduction"] == reduction
    assert ("loss" in found) is (reduction is not Reduction.NONE)
    assert found["mean"] == pytest.approx(1.9789608521490663)


def test_figures_that_are_no_numbers() -> None:
    head, outcome, report = founding()
    assert isinstance(outcome, Outcome) and isinstance(report, Report)
    undefined = replace(report, loss=math.inf, mean=math.inf, label_entropy=None)
    found = read([head, outcome, undefined])
    for key in ("loss", "mean", "perplexity", "bits"):
        assert (found[key], found[f"{key}_status"]) == (None, "inf")
    assert found["label_entropy"] is None
    assert "label_entropy_status" not in found


def test_perplexity_beyond_float64_is_inf() -> None:
    head, outcome, report = founding()
    assert isinstance(report, Report)
    assert read([head, outcome, replace(report, mean=800.0)])["perplexity_status"] == "inf"


def test_a_mean_of_nothing_is_null() -> None:
    head, outcome, report = founding()
    assert isinstance(report, Report)
    found = read([head, outcome, replace(report, mean=None, rows_used=0)])
    assert (found["mean"], found["perplexity"], found["bits"], found["accuracy"]) == (None,) * 4


def test_the_founding_rows_stream() -> None:
    chunks = list(JSON.render(ce(batch(LOGITS, [2, 1])), Screen()))
    assert chunks[0] == '{\n  "rows": ['
    assert chunks[1].count("\n") == 2
