"""What `why` says is true: each kind of false statement that it once made, and the properties that
keep others away.

The numbers are torch's, or formulas written out here; nothing is computed by cecalc.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812

from cecalc.cli import status_of
from cecalc.mistakes.diagnosis import Typed
from tests.mistakes import mistaken
from tests.mistakes.test_why import found, rows

X, T = rows(4, 24)
XT, TT = torch.tensor(X), torch.tensor(T)
CE = float(F.cross_entropy(XT, TT))
Z = np.linspace(-2, 2, 12).reshape(-1, 1).round(2)
Y = (np.arange(12) % 3 == 0).astype(float)[:, None]
Q = np.random.default_rng(4).dirichlet(np.ones(4), 16)
KL = float(F.kl_div(torch.tensor(X[:16]).log_softmax(1), torch.tensor(Q), reduction="batchmean"))
PROBS = np.asarray([[0.3, 0.7], [0.8, 0.2], [0.6, 0.4], [0.1, 0.9]])
OF_PROBS = -(math.log(0.3) + math.log(0.2) + math.log(0.6) + math.log(0.9)) / 4


@pytest.fixture
def said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """What is said of a number and rows, its blanks made one."""

    def ask(number: str, values: Any, target: Any, *options: str, kind: str = "logits") -> str:
        path = tmp_path / "rows.json"
        path.write_text(
            json.dumps({kind: np.asarray(values).tolist(), "target": np.asarray(target).tolist()})
        )
        status_of(["why", number, str(path), *options])
        out, err = capfd.readouterr()
        return " ".join((out + err).split())

    return ask


@pytest.mark.parametrize("typed", ["0", "0.0", "0.00", "-0.0"])
def test_a_typed_zero_is_zero(typed: str, said: Any) -> None:
    text = said(typed, X, T)
    assert f"{typed} fits none of" in text
    assert "nothing of these rows is 0: loops print 0 where no label counts" in text


def test_a_match_of_zero_has_its_price(said: Any) -> None:
    text = said("0.0", [[23.1]], [0])
    assert "0.0 is consistent with" in text and "1 softmax of one column" in text
    assert "ways tried give 0 for these rows" in text
    text = said("0.0", X[:4], [-100] * 4)
    assert "0.0 is consistent with nothing counted, printed as 0" in text and "§39" in text


def test_a_weighted_mean_may_be_above_every_loss(said: Any) -> None:
    loss = F.binary_cross_entropy_with_logits
    value = float(loss(torch.tensor(Z), torch.tensor(Y), pos_weight=torch.tensor(37.0)))
    text = said(f"{value:.4f}", Z, Y)
    assert "however weighted" not in text
    assert "no mean of some of them, nor one weighted and divided by the weights" in text
    assert "pos_weight = 37 would make it (cecalc why §17)" in text
    value = float(loss(torch.tensor(Z), torch.tensor(Y), pos_weight=torch.tensor(20.0)))
    assert "matches weights: pos_weight=20" in said(f"{value:.4f}", Z, Y, "--weight", "any")


@pytest.mark.parametrize("eps", [1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16, 1e-20, 2.0**-126])
def test_no_cap_is_the_last(eps: float, said: Any) -> None:
    probs = [[0.9, 0.1, 0], [0.2, 0.8, 0], [1, 0, 0], [0.3, 0.3, 0.4]]
    value = -(math.log(0.9) + math.log(0.8) + math.log(eps) + math.log(0.4)) / 4
    text = said(f"{value:.4f}", probs, [0, 1, 2, 2], kind="probs")
    assert f"clipped at {-math.log(eps):.6g}" in text.partition("gives")[0]
    assert "the most that a clipped probability costs" not in said("9999.5", X, T)


def test_two_classes_have_changed_places(said: Any) -> None:
    two, target = X[:, :2], T % 2
    value = F.cross_entropy(torch.tensor(two), torch.tensor(1 - target))
    text = said(f"{float(value):.4f}", two, target)
    assert "matches the two classes exchanged" in text and "counts classes from 1" not in text


@pytest.mark.parametrize(("factor", "name"), [(-1, "the sign"), (-24, "the sign of the sum")])
def test_a_turned_sign_is_called_so(factor: int, name: str, said: Any) -> None:
    assert f"matches {name} what its sign is turned" in said(f"{factor * CE:.4f}", X, T)
    assert all(entry in said("-9.123456", X, T) for entry in ("§38", "§36"))


def test_distillation_beside_a_sum(said: Any) -> None:
    for value, names in (
        (16 * KL, ("KL divergence + the sum", "KL divergence + times T² = 16")),
        (16 * KL / 4, ("KL divergence + times T² = 16 / C", "KL divergence + times T² = 4")),
    ):
        text = said(f"{value:.5f}", X[:16], Q)
        assert all(name in text for name in names)


def test_what_was_declared_is_not_doubted_first(said: Any) -> None:
    text = said(f"{OF_PROBS:.4f}", PROBS, [0, 1, 0, 1])
    assert "matches the values are probabilities" in text
    keras = float(mistaken.OF_CLASSES["logits as probabilities"][1](mistaken.Rows(
        torch.tensor(np.log(PROBS)), torch.tensor([0, 1, 0, 1]))).mean())  # fmt: skip
    assert "raw logits were taken" not in said(f"{keras:.4f}", PROBS, [0, 1, 0, 1], kind="probs")


@pytest.mark.parametrize("steps", [2, 3, 5, 16])
def test_a_factor_has_examples_and_no_cause(steps: int, said: Any) -> None:
    for value, name in ((CE / steps, f"divided by {steps}"), (CE * steps, f"times {steps}")):
        text = said(f"{value:.6f}", X, T)
        assert f"the loss {name}" in text and "for example" in text
    assert "it is 37 times the loss (cecalc why §42)" in said(f"{37 * CE:.4f}", X, T)
    assert "it is the loss divided by 37 (cecalc why §42)" in said(f"{CE / 37:.6f}", X, T)
    assert "the sum divided by 55: words or bytes (cecalc why §41)" in said(
        f"{24 * CE / 55:.6f}", X, T
    )
    assert f"; 99.9 is {99.9 / CE:.5g} times that" in said("99.9", X, T)


def test_what_the_catalogue_names_can_be_asked(said: Any) -> None:
    off = [[0.8, 0.1, 0.1], [0.6, 0.9, 0.5], [0.1, 0.1, 0.8]]
    value = -(2 * math.log(0.8) + math.log(0.9 / 2)) / 3
    text = said(f"{value:.4f}", off, [0, 1, 2], "--unchecked", kind="probs")
    assert "1 rows renormalised first" in text and "§50" in text
    own = -(2 * math.log(0.8) + math.log(0.9)) / 3
    assert "nothing is wrong" in said(f"{own:.4f}", off, [0, 1, 2], "--unchecked", kind="probs")
    one_hot = np.eye(4)[T]
    assert "matches BCE with logits" in said(
        f"{float(F.binary_cross_entropy_with_logits(XT, torch.tensor(one_hot))):.4f}", X, one_hot,
        "--as", "ce")  # fmt: skip
    weight = ",".join(str(1 + n % 3) for n in range(24))
    numbers = torch.tensor([1.0 + n % 3 for n in range(24)])
    losses = F.cross_entropy(XT, TT, reduction="none")
    right = float((numbers * losses).sum() / numbers.sum())
    asked = ("--sample-weight", weight)
    assert "nothing is wrong" in said(f"{right:.4f}", X, T, *asked)
    assert "weights of rows left out" in said(f"{CE:.4f}", X, T, *asked)
    by_rows = float((numbers * losses).mean())
    assert "weights of rows, divided by rows" in said(f"{by_rows:.4f}", X, T, *asked)
    bce, z, y = F.binary_cross_entropy_with_logits, torch.tensor(Z), torch.tensor(Y)
    for loss, name in (
        (bce(z, y, pos_weight=torch.tensor(3.0)), "nothing is wrong"),
        (bce(z, y, weight=torch.tensor(3.0)), "pos_weight as weight"),
        (bce(z, y), "BCE without the weights"),
    ):
        assert name in said(f"{float(loss):.4f}", Z, Y, "--pos-weight", "3")


def test_keras_adds_up_the_means_of_rows(said: Any) -> None:
    y = (X > 0.3).astype(float)
    y[0] = 1
    loss = F.binary_cross_entropy_with_logits(XT, torch.tensor(y), reduction="none")
    assert "row means added up" in said(f"{float(loss.mean(1).sum()):.4f}", X, y)


def test_digits_that_were_cut_are_the_loss(said: Any) -> None:
    text = f"{CE + 1e-9:.12f}"
    cut = next(text[:n] for n in range(6, 14) if f"{CE:.{n - 2}f}" != text[:n])
    assert f"{cut} is the loss of these rows, its digits cut, not rounded" in said(cut, X, T)


def test_a_plus_joins_and_a_semicolon_separates(said: Any) -> None:
    text = said(f"{math.exp(float(F.cross_entropy(XT.softmax(1), TT))):.5f}", X, T)
    assert "matches softmax before cross-entropy + the perplexity" in text


def test_a_right_number_is_followed_by_nothing(said: Any) -> None:
    text = said(f"{CE:.4f}", X, T)
    assert "nothing is wrong" in text and "no difference in these digits" not in text


def test_few_digits_are_the_headline(said: Any) -> None:
    text = said("1.9", X, T, "--deep")
    assert text.startswith("1.9 has too few digits: ")
    assert text.count(" what ") <= 6 and re.search(r"and \d+ more ", text)


@pytest.mark.parametrize("typed", ["nan", "inf"])
def test_what_is_not_finite_gets_no_advice(typed: str, said: Any) -> None:
    assert "--batch-size" not in said(typed, X, T)


def test_accuracy_is_no_loss(said: Any) -> None:
    share = float((X.argmax(1) == T).mean())
    assert "the accuracy" in said(f"{share:.4f}", X, T)
    assert "the error rate" in said(f"{1 - share:.4f}", X, T)
    text = said("1.0000", np.eye(4)[T] * 9, T)
    assert "matches the accuracy" in text and "16.118" not in text.partition("gives")[0]


def test_a_list_of_numbers_is_a_row_each(said: Any) -> None:
    def typed(losses: torch.Tensor) -> str:
        return json.dumps([round(float(loss), 4) for loss in losses])

    own = F.cross_entropy(XT, TT, reduction="none")
    assert "all of 24 rows agree with cecalc" in said(typed(own), X, T)
    twice = F.cross_entropy(XT.softmax(1), TT, reduction="none")
    text = said(typed(twice), X, T)
    assert "a list of 24 numbers matches softmax before cross-entropy" in text
    assert "none of 24 rows agree" in text
    own[5] = 9.5
    text = said(typed(own), X, T)
    assert "fits none of" in text and "23 of 24 agree with cecalc" in text
    assert "error: 3 numbers for 24 rows" in said("[1, 2, 3]", X, T)
    assert "cannot read 'x' as a number" in said("[1, x]", X, T)


EXCLUDED = {
    "no mean of some of them": {
        "nothing wrong", "the mean of batch means", "the first batch", "the last batch",
        "without the last batch", "the mean of class means", "the mean of sequence means",
        "the second half", "divided by the weights", "weights left out", "BCE without the weights",
    },
    "not the mean after a softmax of each row": {"softmax before cross-entropy"},
    "not the mean after a sigmoid before BCE": {"sigmoid before BCE with logits"},
}  # fmt: skip
"""What each statement of impossibility excludes, alone and without a factor."""


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from([0, 0, 1, 2, 3]))
def test_what_a_mistake_made_is_never_called_impossible(
    seed: int, of_cells: bool, known: int
) -> None:
    rng = np.random.default_rng(seed)
    table = mistaken.OF_CELLS if of_cells else mistaken.OF_CLASSES
    asks = ["weight", "smoothing", "batch", None][known]
    problem = mistaken.drawn(rng, asks, is_of_cells=of_cells)
    x, t = problem.x.double().numpy(), problem.t.numpy()
    options: dict[str, Any] = {"batch_size": 3}
    if asks == "weight" and problem.weight is not None:
        options["weight"] = problem.weight.double().numpy()
    if asks == "smoothing":
        options["label_smoothing"] = problem.smoothing
    names = [name for name in table if name not in mistaken.ASKS or mistaken.ASKS[name] == asks]
    for name in rng.choice(names, 5).tolist():
        loss = table[name][1](problem).double()
        for factor in (1.0, float(rng.choice([3, 0.25, 17, -1]))):
            value = factor * float(loss.mean())
            if not math.isfinite(value):
                continue
            for text in found(x, t, f"{value:.6f}", **options).reasons:
                for statement, excluded in EXCLUDED.items():
                    assert statement not in text or factor != 1 or name not in excluded


def test_a_cut_needs_two_decimals() -> None:
    assert Typed.of("1.386").is_cut_from(1.3869) and Typed.of("-1.386").is_cut_from(-1.3869)
    assert Typed.of("1.97").is_cut_from(1.97896) and not Typed.of("1.9").is_cut_from(1.97896)
    assert not Typed.of("1.386").is_cut_from(-1.3869) and not Typed.of("0.00").is_cut_from(0.001)


def test_a_list_may_be_of_cells_of_ignored_rows_and_as_torch_prints_it(said: Any) -> None:
    y = (X > 0.3).astype(float)
    y[0] = 1
    cells = F.binary_cross_entropy_with_logits(XT, torch.tensor(y), reduction="none")
    for losses in (cells.mean(1), cells.sum(1)):
        text = said(str([round(float(loss), 4) for loss in losses]), X, y)
        assert "nothing is wrong" in text and "all of 24 rows agree with cecalc" in text
    ignored = np.where(np.arange(24) % 5 == 0, -100, T)
    own = F.cross_entropy(XT, torch.tensor(ignored), reduction="none")
    text = said(str(own), X, ignored)
    assert "all of 24 rows agree" in text and "it is the loss of each row" in text
    assert "for the first row" in text
    twice = F.cross_entropy(XT.softmax(1), torch.tensor(ignored), reduction="none").numpy()
    assert "matches softmax before cross-entropy" in said(str(twice), X, ignored)


def test_a_list_beside_ignored_rows_alone_is_refused(said: Any) -> None:
    assert "every row is ignored" in said("[0, 0]", X[:2], [-100, -100])


def test_a_loss_that_rounds_to_zero_is_zero(said: Any) -> None:
    sure = [[12, 1, 0], [14, 0, 0]]
    assert "0.0000 is consistent with" in said("0.0000", sure, [0, 0])
    assert "1 nothing wrong" in said("0.0000", sure, [0, 0])
    assert "nothing of these rows is 0" not in said("0.0", [[1, 0], [50, 0], [0, 1]], [0, 0, 0])


def test_what_is_not_finite_has_a_price_too(said: Any) -> None:
    text = said("nan", 90 * X, T)
    assert "matches" in text and "ways tried give nan for these rows" in text
    text = said("inf", [[-math.inf, 1, 2], [0, 1, 3]], [0, 2])
    assert "nothing is wrong" not in text and "ways tried give inf" in text


def test_bounds_are_of_losses_as_they_were_weighted_and_checked(said: Any) -> None:
    weight = [0.1, 0.2, 8.0, 9.0]
    losses = F.cross_entropy(XT, TT, weight=torch.tensor(weight).double(), label_smoothing=0.1)
    value = float(losses) * 1.01 + 3
    asked = ("--weight", ",".join(map(str, weight)), "--label-smoothing", "0.1")
    assert "no mean of some of them" not in said(f"{value:.5f}", X, T, *asked)
    several = [[1, 1, 0], [0, 1, 1], [1, 1, 1]]
    of_first = F.cross_entropy(torch.tensor([[2.0, 1, 0]]).softmax(1), torch.tensor([[1.0, 1, 0]]))
    text = said(
        f"{float(of_first):.5f}",
        [[2, 1, 0], [0, 3, 1], [1, 5, 2]],
        several,
        "--as",
        "ce",
        "--unchecked",
    )
    assert "outside" not in text


def test_forms_of_cells_have_the_weights_that_were_told(said: Any) -> None:
    y, weight = (X > 0.3).astype(float), torch.tensor([2.0, 3, 4, 0.5]).double()
    y[0] = 1
    target, bce = torch.tensor(y), F.binary_cross_entropy_with_logits
    for option in ("weight", "pos_weight"):
        asked = (f"--{option.replace('_', '-')}", "2,3,4,0.5")
        for x, name in (
            (XT.sigmoid(), "sigmoid before BCE with logits"),
            (XT / 2, "temperature 2"),
        ):
            value = float(bce(x, target, **{option: weight}))  # type: ignore[arg-type]
            assert name in said(f"{value:.5f}", X, y, *asked).partition("gives")[0]


def test_a_temperature_that_is_told_divides_and_distils(said: Any) -> None:
    told = ("--temperature", "8")
    assert "the loss divided by the temperature 8" in said(f"{CE / 8:.6f}", X, T, *told)
    kl = float(
        F.kl_div((torch.tensor(X[:16]) / 8).log_softmax(1), torch.tensor(Q), reduction="batchmean")
    )
    assert "KL divergence at temperature 8 times T²" in said(f"{64 * kl:.5f}", X[:16], Q, *told)
    assert "KL divergence at temperature 8 times T² / C" in said(f"{16 * kl:.5f}", X[:16], Q, *told)


def test_what_goes_with_cells_alone_is_refused_with_classes(said: Any) -> None:
    for option in (("--pos-weight", "2"), ("--as", "bce")):
        assert "goes with a number for each class, not with class indices" in said(
            "1", X, T, *option
        )
