"""`cecalc why`: which mistakes are found, in which words, and what a match is worth."""

from __future__ import annotations

import json
import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from cecalc import run
from cecalc.cli import status_of
from cecalc.mistakes.collector import diagnosing
from cecalc.mistakes.diagnosis import Diagnosis, Question, Typed
from cecalc.mistakes.recipe import NOTHING, Sums
from cecalc.mistakes.recipes import DEEP_FACTORS, FACTORS, Recipe, mistakes
from cecalc.mistakes.sums import Plan, Total
from cecalc.mistakes.tally import Tally
from cecalc.mistakes.verdict import chance
from cecalc.request import Request
from cecalc.run.collectors import Collecting
from cecalc.terms import Kind, Task
from tests.mistakes import mistaken
from tests.mistakes.unlisted import KINDS
from tests.mistakes.why_rates import measured, named_wrongly
from tests.run.running import in_blocks_of, request

_RIGHT = Total(1.0, 1.0)
MISTAKES = {
    mistake.name: mistake
    for is_of_cells in (False, True)
    for mistake in mistakes(Sums(Tally(), Plan(is_of_cells, 3, said={"batch_size": 2}), _RIGHT))
}
"""Those that are tried whatever is known."""
DIGITS = "samples/digits.csv"
TUMOURS = "samples/tumours.csv"


def asked(values: Any, target: Any, typed: str, **options: Any) -> tuple[Request, Collecting]:
    """A request, and the diagnosis of a number that is asked about."""
    names = ("framework", "deep")
    known = {name: options.pop(name) for name in names if name in options}
    said = dict.fromkeys(options.pop("free", ()))
    if "batch_size" in options:
        said["batch_size"] = options.pop("batch_size")
    collecting = partial(diagnosing, Question(typed, said, **known))
    return request(Task.CE, values, target, **options), collecting


def found(values: Any, target: Any, typed: str, **options: Any) -> Diagnosis:
    """What is found out about a number."""
    *_, diagnosis = run.run(*asked(values, target, typed, **options))
    assert isinstance(diagnosis, Diagnosis)
    return diagnosis


def rows(classes: int = 5, number: int = 60, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Logits and classes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 2, (number, classes)).round(4)
    return x, (x + rng.gumbel(size=x.shape)).argmax(1)


def test_at_four_decimals_the_mistake_is_found_and_random_numbers_are_not() -> None:
    """`python -m tests.mistakes.why_rates` measures it on thousands."""
    (rates,) = measured(300, (4,), seed=11).values()
    assert rates.listed >= 0.99 * rates.problems
    assert rates.first >= 0.97 * rates.unlike
    assert rates.false < 0.005 * rates.problems


def test_of_numbers_that_nothing_listed_makes_hardly_any_is_named() -> None:
    assert len(KINDS) >= 96
    wrong, _ = named_wrongly(300, 4, seed=5)
    assert wrong <= 0.02  # below 0.01 of thousands, which why_rates asks


def test_the_other_route_makes_every_mistake_of_the_tables() -> None:
    """Those it does not make are variants of one that it makes, or made by a test below."""
    made = mistaken.OF_CLASSES.keys() | mistaken.OF_CELLS.keys()
    assert made - {"nothing wrong"} <= MISTAKES.keys()
    unmade = MISTAKES.keys() - mistaken.OF_CLASSES.keys() - mistaken.OF_CELLS.keys()
    assert unmade == {
        "clipped at 100", "clipped at 15.425", "clipped at 34.5388", "clipped at 36.0437",
        "clipped at 15.9424",
        "smoothed targets that sum to more than 1", "smoothed targets that sum to less than 1",
        "ignored rows in the denominator", "ignored rows counted",
        "ignored cells in the denominator", "ignored cells as 0", "ignored cells as -1",
        "prediction and soft target swapped", "soft targets, divided by the weights",
        "BCE on one-hot targets, weight", "BCE on one-hot targets, pos_weight",
        "the ignored class out of the softmax", "-1 as the last class", "nothing counted",
        "nothing counted, printed as 0", "view without permute",
        "a uniform guess", "the shares of the labels",
        "pos_weight, divided by the weights", "the weight on the zeros",
        "the first batch", "without the last batch",
        "softmax by hand: inf / inf in float16", "softmax by hand: ln 0 in float16",
        "softmax by hand: inf / inf in float32", "softmax by hand: ln 0 in float32",
        "softmax by hand: inf / inf in float64", "softmax by hand: ln 0 in float64", "0 times inf",
        "the loss in float16", "the loss in bfloat16",
        "the mean of sequence means", "the sum over sequences", "padded to the longest",
        "weights of rows left out", "weights of rows, divided by rows", "rows renormalised first",
        "pos_weight as weight",
    }  # fmt: skip


def _first(diagnosis: Diagnosis) -> str:
    return diagnosis.matches[0].name if diagnosis.matches else ""


X, T = rows()
XT, TT = torch.tensor(X), torch.tensor(T)
ROW_LOSSES = F.cross_entropy(XT, TT, reduction="none")
PADDED = np.where(np.arange(60) % 4 == 0, 2, T)
"""Class 2 marks what is to be ignored."""
KEPT = torch.tensor(PADDED != 2)
SCORES = np.linspace(-60, 70, 140)[:, None]
LABELS = (np.arange(140) % 3 > 0).astype(float)[:, None]
ONES = torch.tensor(LABELS)


def _clipped(low: float, rest: float, p: Any = None) -> float:
    p = torch.tensor(SCORES).sigmoid() if p is None else p
    return float((-ONES * p.clamp(low).log() - (1 - ONES) * (1 - p).clamp(rest).log()).mean())


def _twice() -> float:
    """As TensorFlow 2.2 did it: float32 probabilities clipped, and epsilon added once more."""
    p = torch.tensor(SCORES).float().sigmoid().clamp(1e-7, 1 - 1e-7)
    y = ONES.float()
    return float((-y * (p + 1e-7).log() - (1 - y) * (1 - p + 1e-7).log()).double().mean())


OTHERS: list[tuple[str, float, Any, Any, dict[str, Any]]] = [
    ("ignored rows in the denominator",
        float(F.cross_entropy(XT, torch.tensor(PADDED), ignore_index=2, reduction="sum") / 60),
        X, PADDED, {"ignore_index": 2.0}),
    ("ignored rows counted", float(F.cross_entropy(XT, torch.tensor(PADDED))), X, PADDED,
        {"ignore_index": 2.0}),
    ("the ignored class out of the softmax",
        float(F.cross_entropy(torch.where(torch.arange(5) == 2, -torch.inf, XT)[KEPT],
            torch.tensor(PADDED)[KEPT])), X, PADDED, {"ignore_index": 2.0}),
    ("-1 as the last class", float(F.cross_entropy(XT, torch.where(KEPT, TT, 4))), X,
        np.where(KEPT, T, -1), {"ignore_index": -1.0}),
    ("nothing counted", math.nan, X, np.full(60, -100), {}),
    ("nothing counted, printed as 0", 0.0, X, np.full(60, -100), {}),
    *((f"ignored cells as {mark}", float(F.binary_cross_entropy_with_logits(torch.tensor(X),
        torch.where(torch.tensor(X > 2), mark, torch.tensor(X > 1).double()))), X,
        np.where(X > 2, -1.0, X > 1), {"ignore_index": -1.0}) for mark in (0, -1)),
    ("the first batch", float(ROW_LOSSES[:16].mean()), X, T, {"batch_size": 16}),
    ("without the last batch", float(ROW_LOSSES[:48].reshape(3, 16).mean()), X, T,
        {"batch_size": 16}),
    ("smoothed targets that sum to more than 1",
        float(F.cross_entropy(XT, (F.one_hot(TT, 5) + 0.04 * (1 - F.one_hot(TT, 5))).double())),
        X, T, {"label_smoothing": 0.2}),
    ("smoothed targets that sum to less than 1",
        float(F.cross_entropy(XT, 0.8 * F.one_hot(TT, 5) + 0.04 * (1 - F.one_hot(TT, 5)).double())),
        X, T, {"label_smoothing": 0.2}),
    ("a uniform guess", math.log(5), X, T, {}),
    ("the shares of the labels",
        -sum(n / 60 * math.log(n / 60) for n in np.bincount(T).tolist()), X, T, {}),
    ("clipped at 36.0437", _clipped(2**-52, 2**-52), SCORES, LABELS, {}),
    ("clipped at 34.5388", _clipped(1e-15, 1 - (1 - 1e-15)), SCORES, LABELS, {}),
    ("clipped at 15.9424",
        _clipped(2**-23, 2**-23, torch.tensor(SCORES).float().sigmoid().double()),
        SCORES, LABELS, {}),
    ("clipped at 15.425", _twice(), SCORES, LABELS, {}),
    ("clipped at 100",
        float(F.binary_cross_entropy(torch.tensor(SCORES).float().sigmoid(), ONES.float())),
        SCORES, LABELS, {}),
    ("prediction and target swapped in Keras",
        float((ONES * (1 - torch.tensor(SCORES).sigmoid()) * 15.942385
            + (1 - ONES) * torch.tensor(SCORES).sigmoid() * 16.118096).mean()),
        SCORES, LABELS, {}),
    ("pos_weight, divided by the weights",
        float(F.binary_cross_entropy_with_logits(torch.tensor(SCORES), ONES, reduction="sum",
            pos_weight=torch.tensor(3.0)) / (3 * ONES + 1 - ONES).sum()),
        SCORES, LABELS, {"weight": [3.0]}),
    ("the weight on the zeros",
        float(F.binary_cross_entropy_with_logits(torch.tensor(SCORES), ONES,
            weight=3 * (1 - ONES) + ONES)),
        SCORES, LABELS, {"weight": [3.0]}),
    ("0 times inf", math.nan, np.where(np.arange(5) == (T[:, None] + 1) % 5, -np.inf, X), T, {}),
    ("softmax by hand: inf / inf in float32", math.nan, X + 90, T, {}),
    ("softmax by hand: ln 0 in float16", math.inf, [[0.0, 0.0, -30.0]], [2], {}),
    ("the loss in bfloat16", float(F.cross_entropy(XT, TT).bfloat16()), X, T, {}),
    ("the mean of class means",
        float(F.cross_entropy(XT, TT, weight=12 / torch.bincount(TT).double())), X, T,
        {"free": frozenset({"weight"})}),
    ("label smoothing: label_smoothing=0.1", float(F.cross_entropy(XT, TT, label_smoothing=0.1)),
        X, T, {"free": frozenset({"label_smoothing"})}),
    ("weights: pos_weight=4",
        float(F.binary_cross_entropy_with_logits(torch.tensor(SCORES), ONES,
            pos_weight=torch.tensor(4.0))),
        SCORES, LABELS, {"free": frozenset({"weight"})}),
    ("the mean of batch means",
        float((ROW_LOSSES[:32].mean() + ROW_LOSSES[32:].mean()) / 2), X, T,
        {"free": frozenset({"batch_size"})}),
]  # fmt: skip
"""What is found, the number, the rows, what else is known."""


@pytest.mark.parametrize(("name", "value", "x", "t", "known"), OTHERS, ids=[o[0] for o in OTHERS])
def test_other_mistakes_are_found_too(
    name: str, value: float, x: Any, t: Any, known: dict[str, Any]
) -> None:
    diagnosis = found(x, t, f"{value:.6f}", **known)
    names = [n for match in diagnosis.matches for n in (match.name, *match.alike)]
    assert name in names


def test_a_view_without_permute_is_found() -> None:
    x, t = rows(4, 3 * 6)
    stacked = torch.tensor(x).reshape(3, 6, 4).transpose(1, 2)  # (N, C, T)
    value = float(F.cross_entropy(stacked.reshape(-1, 4), torch.tensor(t)))
    diagnosis = found(stacked.numpy(), t.reshape(3, 6), f"{value:.5f}")
    assert _first(diagnosis) == "view without permute"
    total = float(F.cross_entropy(stacked, torch.tensor(t).reshape(3, 6), reduction="sum"))
    summed = found(stacked.numpy(), t.reshape(3, 6), f"{total / 3:.5f}")
    assert _first(summed) == "summed over positions"


CELLS = (X > 1).astype(float)
SOFT = np.random.default_rng(2).dirichlet(np.ones(5), 60)
SIGMOIDS = np.asarray([[1.0, 0.9, 0.0], [0.5, 1.0, 0.2]])
OWN: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "classes": (X, T, {}),
    "classes, weights": (X, T, {"weight": [1.0, 2, 3, 4, 5]}),
    "classes, smoothing": (X, T, {"label_smoothing": 0.2}),
    "classes, both": (X, T, {"label_smoothing": 0.2, "weight": [1.0, 2, 3, 4, 5]}),
    "classes, ignored": (X, PADDED, {"ignore_index": 2.0}),
    "classes, masked": (np.where(X < -3, -np.inf, X), X.argmax(1), {}),
    "soft": (X, SOFT, {}),
    "soft, weights": (X, SOFT, {"weight": [1.0, 2, 3, 4, 5]}),
    "soft, smoothing": (X, SOFT, {"label_smoothing": 0.2}),
    "cells": (X, CELLS, {}),
    "cells, weights": (X, CELLS, {"weight": [1.0, 2, 3, 4, 5]}),
    "cells, smoothing told": (X, CELLS, {"label_smoothing": 0.2}),
    "one cell, infinite": (np.where(np.abs(SCORES) > 50, SCORES * np.inf, SCORES), LABELS, {}),
    "cells, ignored": (X, np.where(X > 2, -1, CELLS), {"ignore_index": -1.0}),
    "one cell, ignored": (X[:, :1], np.where(X > 2, -1, CELLS)[:, :1], {"ignore_index": -1.0}),
    "positions": (X.reshape(6, 5, 10), T.reshape(6, 10), {}),
    "certain probabilities": (SIGMOIDS, np.asarray([[1.0, 1, 0], [0, 1, 0]]), {"kind": Kind.PROBS}),
    "log-probabilities": (np.log(SOFT), T, {"kind": Kind.LOG_PROBS}),
}


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("name", OWN)
def test_the_loss_that_cecalc_prints_is_right(name: str, deep: bool) -> None:
    values, target, known = OWN[name]
    ours = found(values, target, "0", **known).report.mean
    assert ours is not None
    diagnosis = found(values, target, f"{ours:.6f}", deep=deep, **known)
    assert diagnosis.matches[0].is_right
    assert diagnosis.matches[0].value == pytest.approx(ours, rel=1e-15)


def _batch_means(losses: Any, size: int) -> float:
    return float(torch.stack([part.mean() for part in losses.split(size)]).mean())


W = torch.tensor([1.0, 2, 3, 4, 5], dtype=torch.float64)
WEIGHTED = F.cross_entropy(XT, TT, weight=W, reduction="none")
SMOOTHED = F.cross_entropy(XT, TT, label_smoothing=0.2, reduction="none")
CT = torch.tensor(CELLS)
CELL_LOSSES = F.binary_cross_entropy_with_logits(XT, CT, reduction="none")
SEEN = torch.tensor(X <= 2)
OPTIONED: list[tuple[str, float, Any, Any, dict[str, Any]]] = [
    ("the mean of batch means", _batch_means(SMOOTHED, 25), X, T,
        {"label_smoothing": 0.2, "batch_size": 25}),
    ("the last batch", float(SMOOTHED[50:].mean()), X, T,
        {"label_smoothing": 0.2, "batch_size": 25}),
    ("targets one row later", float(F.cross_entropy(XT[:-1], TT[1:], label_smoothing=0.2)), X, T,
        {"label_smoothing": 0.2}),
    ("targets plus 1", float(F.cross_entropy(XT, (TT + 1) % 5, label_smoothing=0.2)), X, T,
        {"label_smoothing": 0.2}),
    ("ignored rows in the denominator",
        float(F.cross_entropy(XT, torch.tensor(PADDED), ignore_index=2, label_smoothing=0.2,
            reduction="sum")) / 60, X, PADDED, {"label_smoothing": 0.2, "ignore_index": 2.0}),
    ("weighted, divided by rows",
        float(F.cross_entropy(XT, TT, weight=W, label_smoothing=0.2, reduction="sum")) / 60, X, T,
        {"label_smoothing": 0.2, "weight": W.tolist()}),
    ("weights left out", float(SMOOTHED.mean()), X, T,
        {"label_smoothing": 0.2, "weight": W.tolist()}),
    ("softmax before cross-entropy",
        float(F.cross_entropy(XT.softmax(1), TT, weight=W, label_smoothing=0.2)), X, T,
        {"label_smoothing": 0.2, "weight": W.tolist()}),
    ("the mean of batch means",
        float(torch.stack([a.sum() / W[b].sum() for a, b in
            zip(torch.tensor_split(WEIGHTED, [25, 50]), torch.tensor_split(TT, [25, 50]),
                strict=True)]).mean()),
        X, T, {"weight": W.tolist(), "batch_size": 25}),
    ("the mean of batch means",
        float(torch.stack([(part * W).mean() for part in
            torch.tensor_split(CELL_LOSSES, [25, 50])]).mean()),
        X, CELLS, {"weight": W.tolist(), "batch_size": 25}),
    ("ignored cells in the denominator", float((CELL_LOSSES * SEEN).sum() / SEEN.numel()), X,
        np.where(X > 2, -1, CELLS), {"ignore_index": -1.0}),
    ("the mean of batch means",
        float(torch.stack([(a * s).sum() / s.sum() for a, s in
            zip(torch.tensor_split(CELL_LOSSES, [25, 50]), torch.tensor_split(SEEN, [25, 50]),
                strict=True)]).mean()),
        X, np.where(X > 2, -1, CELLS), {"ignore_index": -1.0, "batch_size": 25}),
    ("BCE with logits on one-hot targets",
        float(F.binary_cross_entropy_with_logits(XT, F.one_hot(TT, 5).double())), X, T,
        {"weight": W.tolist()}),
    ("BCE on one-hot targets, weight",
        float(F.binary_cross_entropy_with_logits(XT, F.one_hot(TT, 5).double(), weight=W)), X, T,
        {"weight": W.tolist()}),
    ("BCE on one-hot targets, pos_weight",
        float(F.binary_cross_entropy_with_logits(XT, F.one_hot(TT, 5).double(), pos_weight=W)),
        X, T, {"weight": W.tolist()}),
    ("KLDivLoss on logits",
        float(F.kl_div(XT, torch.tensor(SOFT), reduction="batchmean")), X, SOFT, {}),
    ("prediction and soft target swapped", float(F.cross_entropy(torch.tensor(SOFT), XT)), X, SOFT,
        {}),
    ("soft targets, divided by the weights",
        float(F.cross_entropy(XT, torch.tensor(SOFT), weight=W, reduction="sum")
            / (torch.tensor(SOFT) @ W).sum()), X, SOFT, {"weight": W.tolist()}),
    ("softmax before BCE with logits",
        float(F.binary_cross_entropy_with_logits(XT.softmax(1), CT)), X, CELLS, {}),
    ("the loss divided by 4", float(ROW_LOSSES.mean()) / 4, X, T, {}),
    ("the mean of batch means",
        _batch_means(F.cross_entropy(torch.tensor(X.reshape(6, 5, 10)),
            torch.tensor(T.reshape(6, 10)), reduction="none").flatten(), 40),
        X.reshape(6, 5, 10), T.reshape(6, 10), {"batch_size": 4}),
]  # fmt: skip
"""The same where options are told too."""


@pytest.mark.parametrize(
    ("name", "value", "x", "t", "known"), OPTIONED, ids=[f"{o[0]} {[*o[4]]}" for o in OPTIONED]
)
def test_mistakes_are_found_beside_options(
    name: str, value: float, x: Any, t: Any, known: dict[str, Any]
) -> None:
    diagnosis = found(x, t, f"{value:.6f}", **known)
    names = [n for match in diagnosis.matches[:2] for n in (match.name, *match.alike)]
    assert name in names


@pytest.mark.parametrize(
    ("shift", "name"),
    [
        (1, "targets one row later"),
        (-1, "targets one row earlier"),
        (2, "targets two rows later"),
        (-2, ""),
    ],
)
def test_each_shift_is_its_own_direction(shift: int, name: str) -> None:
    """Two rows earlier is no mistake that is known: it fits nothing, not the other direction."""
    x, t = (XT[:-shift], TT[shift:]) if shift > 0 else (XT[-shift:], TT[:shift])
    assert _first(found(X, T, f"{float(F.cross_entropy(x, t)):.6f}")) == name


@pytest.mark.parametrize(
    ("typed", "values", "covered"),
    [
        ("1.00", [0.6, 1.9], 4 * 0.005),  # each reaches so far to both sides
        ("1.00", [0.4, 2.2, 0.49, 2.1], 0.0),  # less than half, more than twice
        ("1.00", [0.5, 2.0], 2 * 0.005),  # of these, one side
        ("1.00", [0.7, 0.705, 0.7], 3 * 0.005),  # what they share counts once
        ("1.00", [math.inf, math.nan, -1.0], 0.0),
        ("-2.0", [-1.5, -3.0, 2.0], 4 * 0.05),
        ("1", [1.0, 1.4], 1.4 + 0.5 - 0.5),
        ("1e1", list(range(30)), 15.0),
    ],
)
def test_the_chance_of_a_fit_is_the_share_of_half_to_twice_that_fits(
    typed: str, values: list[float], covered: float
) -> None:
    number = Typed.of(typed)
    by_chance = chance(number, [Recipe(NOTHING, FACTORS[0], value) for value in values])
    assert by_chance == pytest.approx(covered / (1.5 * abs(number.value)), rel=1e-3, abs=1e-12)


def test_floors_and_guesses_are_told_where_they_hold() -> None:
    """Weights move both, and smoothing the floor."""

    def entries(**known: Any) -> set[int]:
        ours = found(X, SOFT, "0", **known).report.mean
        return {e.number for e in found(X, SOFT, f"{ours:.6f}", **known).matches[0].entries}

    assert entries() == {27, 30}
    assert entries(label_smoothing=0.2) == {27}
    assert entries(weight=W.tolist()) == set()


def test_nothing_counted_is_the_only_cause() -> None:
    for x, t in ((X, np.full(60, -100)), (X[:1, :2], [-100])):
        assert [m.name for m in found(x, t, "nan").matches] == ["nothing counted"]
    gone = found([[1.0], [2.0]], [[-1.0], [-1.0]], "nan", ignore_index=-1.0)
    assert _first(gone) == "nothing counted"


def test_a_number_that_says_nothing_is_no_cause_of_nan() -> None:
    assert not found(X, SOFT, "nan").matches
    assert not found([[12.0]], [[1.0]], "inf").matches


def test_an_array_of_scores_is_rows_of_one(tmp_path: Path) -> None:
    z, y = SCORES[:, 0] / 10, LABELS[:, 0]
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", y)
    crossed = F.binary_cross_entropy_with_logits(
        torch.tensor(z)[:, None].expand(140, 140), torch.tensor(y).expand(140, 140)
    )
    files = {"values": tmp_path / "z.npy", "target": tmp_path / "y.npy"}
    assert _first(found(typed=f"{float(crossed):.5f}", **files)) == "(N, 1) beside (N,)"


def test_every_line_of_torch_is_python() -> None:
    """And none of a mistake about cells is one of cross-entropy."""
    for mistake in MISTAKES.values():
        compile((mistake.fix or "").format(f="F.loss", n="1"), "fix", "exec")
    for factor in (*FACTORS[1:], *DEEP_FACTORS):
        compile((factor.fix or "").format(f="F.loss", n="1"), "fix", "exec")
        assert factor.fix
    assert "binary" in (found(X, CELLS, f"{float(CELL_LOSSES.sum()):.4f}").matches[0].fix or "")


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("smoothing", [None, 0.1])
@pytest.mark.parametrize("form", ["index", "soft", "cells", "cells, ignored", "positions"])
def test_blocks_make_no_difference(form: str, smoothing: float | None, deep: bool) -> None:
    x, t = rows(4, 57)
    target: Any = {
        "index": np.where(np.arange(57) % 7 == 3, -100, t),
        "soft": np.random.default_rng(4).dirichlet(np.ones(4), 57),
        "cells": (x > 1).astype(float),
        "cells, ignored": np.where(x > 2, -1.0, x > 1),
        "positions": t.reshape(19, 3),
    }[form]
    if form == "positions":
        x = x.reshape(19, 4, 3)
    typed = "1.234"
    weight = [1.0, 2.0, 0.5, 3.0]
    known: dict[str, Any] = {"ignore_index": -1.0} if form == "cells, ignored" else {}
    known |= {"batch_size": 10, "deep": deep, "weight": weight, "label_smoothing": smoothing}
    whole, collecting = asked(x, target, typed, **known)
    *_, reference = run.run(whole, collecting)
    assert isinstance(reference, Diagnosis)
    for values in (13,) if deep else (4, 40):
        *_, cut = in_blocks_of(whole, values, collecting)
        assert isinstance(cut, Diagnosis)
        assert (cut.tried, cut.report.mean) == (reference.tried, reference.report.mean)
        assert cut.chance == pytest.approx(reference.chance, abs=1e-9)
        assert [m.name for m in cut.matches] == [m.name for m in reference.matches]
        ours, theirs = ([m.value for m in d.matches] for d in (cut, reference))
        assert ours == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("kind", ["probs", "log_probs"])
def test_probabilities_are_looked_at_as_logits_would_be(kind: str, tmp_path: Path) -> None:
    log_p = torch.tensor(X).log_softmax(1)
    values = log_p if kind == "log_probs" else log_p.exp()
    path = tmp_path / "x.json"
    path.write_text(json.dumps({kind: values.tolist(), "target": T.tolist()}))
    value = float(F.cross_entropy(log_p.exp(), TT))
    diagnosis = found(None, None, f"{value:.5f}", inputs=(str(path),))
    assert _first(diagnosis) == "softmax before cross-entropy"


@pytest.mark.parametrize(
    ("text", "decimals", "is_sure", "inside", "outside"),
    [
        ("0.8166", 4, True, 0.81664, 0.81666),
        ("-0.8166", 4, True, -0.81664, -0.81666),
        ("0.82", 2, False, 0.8249, 0.8251),
        ("0.0001", 4, False, 0.00014, 0.00016),
        ("1.50e-3", 5, True, 0.001504, 0.001506),
        ("12", 0, False, 12.49, 12.51),
        ("1e3", -3, False, 1499, 1501),
        ("0.8165891766548157", 16, True, 0.81658936, 0.81659),
        ("inf", 0, True, math.inf, 1e308),
        ("nan", 0, True, math.nan, 0.0),
    ],
)
def test_the_digits_typed_say_how_close_is_close(
    text: str, decimals: int, is_sure: bool, inside: float, outside: float
) -> None:
    typed = Typed.of(text)
    assert (typed.decimals, typed.is_sure) == (decimals, is_sure)
    assert typed.fits(inside) and not typed.fits(outside)


def test_which_number_tells_two_ways_apart_is_said() -> None:
    mean = float(F.cross_entropy(XT, TT))
    near = found(X, T, f"{mean:.3f}")
    assert near.matches[0].is_right and near.also
    assert near.apart is not None and "decimals it is" in near.apart


def test_ways_to_one_number_are_told_apart_by_another() -> None:
    x, t = rows(3, 2, seed=8)
    weight = [1.0, 1.0, 1.0]
    value = float(F.cross_entropy(torch.tensor(x), torch.tensor(t), reduction="sum")) / 4
    diagnosis = found(x, t, f"{value:.5f}", weight=weight, batch_size=1)
    names = {diagnosis.matches[0].name, *diagnosis.matches[0].alike}
    assert {"averaged twice", "batch means over rows, averaged twice"} & names


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("-0.5", "negative"),
        ("0.0001", "below the smallest loss of any row"),
        ("30.5", "above the largest loss of any row"),
        ("0.0001", "not the mean after a softmax of each row before cross-entropy"),
        ("nan", "none of these rows makes nan"),
        ("inf", "none of these rows costs inf"),
    ],
)
def test_what_a_number_cannot_be_is_said(value: str, reason: str) -> None:
    x, t = rows()
    diagnosis = found(x / 2, t, value)
    assert not diagnosis.matches
    assert any(reason in said for said in diagnosis.reasons)
    assert bool(diagnosis.advice) == math.isfinite(float(value))


SOFTMAX, LARGEST = "not the mean after a softmax", "above the largest"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1.46", set()),
        ("1.45", {SOFTMAX}),
        ("1.46114", {SOFTMAX}),
        ("2.466", {SOFTMAX}),
        ("5.77", {SOFTMAX}),
        ("5.7667", {SOFTMAX}),
        ("5.78", {SOFTMAX, LARGEST}),
        ("5.7668", {SOFTMAX, LARGEST}),
        ("5.767e0", {SOFTMAX}),
        ("5.76672", {SOFTMAX, LARGEST}),
        ("36.044", {SOFTMAX, LARGEST}),
        ("4e1", {SOFTMAX, LARGEST}),
        ("-0.00000001", {SOFTMAX, "below the smallest"}),
        ("-0.00001", {SOFTMAX, "negative"}),
    ],
)
def test_what_a_number_cannot_be_looks_at_the_digits_typed(typed: str, said: set[str]) -> None:
    """Of digits.csv, whose largest loss is 5.766712; a softmax costs 1.461150 to 2.461150."""
    diagnosis = found(None, None, typed, inputs=(DIGITS,))
    assert not diagnosis.matches
    every = (SOFTMAX, LARGEST, "negative", "below the smallest")
    assert {words for words in every if any(words in r for r in diagnosis.reasons)} == said


@pytest.mark.parametrize(
    ("typed", "window"), [("2.97", "1.4612 to 2.4612"), ("2.46117", "1.4612 to 2.46115")]
)
def test_a_bound_is_shown_on_its_side_of_the_number(typed: str, window: str) -> None:
    assert f"outside {window}: {SOFTMAX}" in found(None, None, typed, inputs=(DIGITS,)).reasons[0]


def test_deep_finds_two_mistakes_and_says_what_that_is_worth() -> None:
    value = float(F.cross_entropy(XT.softmax(1), (TT + 1) % 5))
    shallow, deep = (found(X, T, f"{value:.5f}", deep=deep) for deep in (False, True))
    assert not shallow.matches
    assert {entry.number for entry in deep.matches[0].entries} == {1, 6}
    assert deep.tried > 10 * shallow.tried
    assert deep.chance > shallow.chance


def test_a_framework_rules_out_the_habits_of_others() -> None:
    singles = torch.tensor(SCORES).float().sigmoid().double()
    value = f"{_clipped(1e-7, 2.0**-23, singles):.5f}"
    assert _first(found(SCORES, LABELS, value, framework="keras")) == "clipped at 16.118"
    assert not found(SCORES, LABELS, value, framework="torch").matches


def test_the_same_for_programs(capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(["why", "-0.8852", DIGITS, "-f", "json"]) == 0
    facts = json.loads(capfd.readouterr().out)
    (match,) = facts.pop("matches")
    assert match["name"] == "NLLLoss on probabilities"
    assert match["entries"] == [{"number": 25, "title": "NLLLoss without log_softmax"}]
    assert match["value"] == pytest.approx(-0.8851543104852938, rel=1e-12)
    assert (facts["value"], facts["decimals"], facts["verdict"]) == (-0.8852, 4, "matches")
    assert facts["loss"] == 0.22317760673938095
    assert status_of(["why", "7.77", TUMOURS, "-f", "json"]) == 1
    facts = json.loads(capfd.readouterr().out)
    assert (facts["matches"], facts["verdict"], facts["task"]) == ([], "fits nothing", "bce")
    assert status_of(["why", "nan", DIGITS, "-f", "json"]) == 0
    assert json.loads(capfd.readouterr().out)["value_status"] == "nan"


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("why 1.5668 samples/digits.csv", 0),
        ("why -.8852 samples/digits.csv", 0),
        ("why -8.852e-1 samples/digits.csv", 0),
        ("why §1", 0),
        ("why #30 -f json", 0),
        ("why §54", 2),
        ("why samples/digits.csv", 2),
        ("why x samples/digits.csv", 2),
        ("why 0.5 samples/digits.csv --batch-size 0", 2),
        ("why 0.5 samples/digits.csv --batch-size x", 2),
        ("why 0.5 samples/digits.csv -f csv", 2),
        ("why 0.5 samples/digits.csv --label-smoothing 2", 2),
        ("why 0.5 samples/digits.csv --framework jax", 2),
        ("why 0.5 missing.csv", 4),
        ("why 123.4567 samples/digits.csv", 1),
        ("why -1 --logits 1,2 --target 5", 3),
        ("why 1.3133 --logits -1,-2 --target 1", 0),
    ],
)
def test_status(line: str, status: int, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(line.split()) == status
    out, err = capfd.readouterr()
    assert bool(out) == (status < 2) and bool(err) == (status >= 2)
