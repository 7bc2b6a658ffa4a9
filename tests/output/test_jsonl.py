"""JSON lines: each object keeps its own members and gains ours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

import pytest

from cecalc.errors import DataError
from cecalc.items import Item, Losses
from cecalc.output import JSONL
from tests.output.examples import (
    batch,
    bce,
    ce,
    founding,
    from_objects,
    from_text,
    soft,
    softmax,
    text,
)

OURS = [
    f'"loss": {loss}, "prediction": 0, "p_target": {p}, "correct": false'
    for loss, p in (
        (1.763756416846708, 0.17139980391367007),
        (2.1941652874514244, 0.11145155269865095),
    )
]
OBJECTS = ['{"logits":[2, -3.0,0.80,1.2],"target":2 , "ü":1e2 }  ', '{"logits":[1],"target":1}']


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        pytest.param(
            founding(),
            f'{{"row": 0, "logits": [2, -3, 0.8, 1.2], "target": 2, {OURS[0]}}}\n'
            f'{{"row": 1, "logits": [1.5, -0.1, 0.9, -1.3], "target": 1, {OURS[1]}}}\n',
            id="arguments",
        ),
        pytest.param(
            ce(from_objects(OBJECTS)),
            f'{{"logits":[2, -3.0,0.80,1.2],"target":2 , "ü":1e2, {OURS[0]}}}\n'
            f'{{"logits":[1],"target":1, {OURS[1]}}}\n',
            id="objects keep their text",
        ),
        pytest.param(
            ce(from_objects(['{\n "a": "\\n",\r\n "b": 1\n}', '{"a": 1}'])),
            f'{{  "a": "\\n",   "b": 1, {OURS[0]}}}\n{{"a": 1, {OURS[1]}}}\n',
            id="an object over several lines becomes one",
        ),
        pytest.param(
            ce(
                from_text(['-0.50,007,"ü ""q""",', "1e3, 2,+1,nan"], ","),
                fields=("a", "b", "c", "d"),
                delimiter=",",
            ),
            f'{{"a": -0.50, "b": "007", "c": "ü \\"q\\"", "d": "", {OURS[0]}}}\n'
            f'{{"a": 1e3, "b": " 2", "c": "+1", "d": "nan", {OURS[1]}}}\n',
            id="fields",
        ),
        pytest.param(
            ce(from_text(["1,2,3", "4,5,6"], ","), fields=("", "column_1", ""), delimiter=","),
            f'{{"_column_1": 1, "column_1": 2, "_column_3": 3, {OURS[0]}}}\n'
            f'{{"_column_1": 4, "column_1": 5, "_column_3": 6, {OURS[1]}}}\n',
            id="fields without names",
        ),
        pytest.param(
            ce(batch([[1, 2]] * 2, [0, -100], ids=["x", "y"]), weight=[2, 1], classes=("u", 'v"')),
            '{"row": 0, "id": "x", "logits": [1, 2], "target": "u", "loss": 2.6265233750364456,'
            ' "loss_unweighted": 1.3132616875182228, "prediction": "v\\"",'
            ' "p_target": 0.2689414213699951, "correct": false}\n'
            '{"row": 1, "id": "y", "logits": [1, 2], "target": -100, "loss": null,'
            ' "loss_unweighted": null, "prediction": null, "p_target": null, "correct": null,'
            ' "status": "ignored"}\n',
            id="weights, names and an ignored row",
        ),
        pytest.param(
            bce(batch([[0, 0], [0, 0]], [[1, -1], [-1, -1]])),
            '{"row": 0, "logits": [0, 0], "target": [1, -1], "loss": 0.6931471805599453,'
            ' "cells": [0.6931471805599453, null]}\n'
            '{"row": 1, "logits": [0, 0], "target": [-1, -1], "loss": null,'
            ' "cells": [null, null], "status": "ignored"}\n',
            id="cells",
        ),
        pytest.param(
            softmax(batch([[0, 0]], start=5)),
            '{"row": 5, "logits": [0, 0], "values": [0.5, 0.5]}\n',
            id="softmax",
        ),
    ],
)
def test_whole_text(items: Iterable[Item], expected: str) -> None:
    assert text(JSONL, items) == expected


def rows_of(items: Iterable[Item]) -> list[Any]:
    def refuse(literal: str) -> None:
        raise AssertionError(literal)

    lines = text(JSONL, items).splitlines()
    return [json.loads(line, parse_constant=refuse) for line in lines]


@pytest.mark.parametrize("loss", [math.inf, -math.inf, math.nan])
def test_a_loss_that_is_no_number_is_null_with_a_status(loss: float) -> None:
    head, outcome, *_ = founding()
    assert isinstance(outcome, Losses)
    outcome.loss[1] = loss
    first, second = rows_of([head, outcome])
    assert "loss_status" not in first
    assert second["loss"] is None
    assert second["loss_status"] == str(loss)


def test_a_list_with_what_is_no_number_says_so() -> None:
    (row,) = rows_of(ce(batch([[0.0, -math.inf]], [0])))
    assert row["logits"] == [0, None]
    assert row["logits_status"] == "non-finite"


def test_soft_targets_are_lists() -> None:
    assert [row["target"] for row in rows_of(soft())] == [[0, 0.5, 0.5, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("key", ["loss", "loss_status", "status", "correct"])
def test_our_names_give_way_to_the_inputs(key: str) -> None:
    rows = rows_of(ce(from_objects([f'{{"{key}": "mine"}}'] * 2)))
    assert [row[key] for row in rows] == ["mine"] * 2
    assert list(rows[0])[1:] == [
        f"cecalc_{name}" for name in ("loss", "prediction", "p_target", "correct")
    ]


def test_fields_make_ours_give_way_too() -> None:
    rows = rows_of(ce(from_text(["1", "2"], ","), fields=("loss",), delimiter=","))
    assert rows[0]["loss"] == 1
    assert rows[0]["cecalc_loss"] == pytest.approx(1.7637564)


def test_a_later_object_may_not_bring_a_name_of_ours() -> None:
    items = ce(from_objects(['{"a": 1}', '{"a": 1, "loss": 3}']), source="x.jsonl")
    with pytest.raises(DataError, match="'loss'") as raised:
        text(JSONL, items)
    assert str(raised.value.place) == "x.jsonl:2"
