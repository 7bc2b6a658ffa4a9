"""Sound problems, whose targets are drawn from the model itself, and mistaken ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cecalc.request import Request
from cecalc.terms import Kind, Task
from tests.run.running import Ran, request, run

LARGEST = 400_000
"""How many values a problem has at most."""


@dataclass(frozen=True)
class Given:
    """What a run is given."""

    task: Task
    values: np.ndarray
    """Shape (N, C)."""
    target: np.ndarray
    """Shape (N,), for bce (N, C)."""
    kind: Kind = Kind.LOGITS

    def request(self, folder: Path) -> Request:
        """It as files of arrays."""
        values, target = folder / "values.npy", folder / "target.npy"
        np.save(values, self.values)
        np.save(target, self.target)
        return request(self.task, values, target, kind=self.kind)

    def run(self, folder: Path) -> Ran:
        """The program's run on it."""
        return run(self.request(folder))


def softmax(logits: np.ndarray, axis: int | None = 1) -> np.ndarray:
    """The plain softmax; over everything where there is no axis."""
    powers = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis=axis, keepdims=True))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """The plain sigmoid."""
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -700, 700))))


def sound(
    random: np.random.Generator, task: Task, rows: int | None = None, least_scale: float = 0.1
) -> Given:
    """A problem of random size, scale and imbalance; its targets are the model's own."""
    rows = round(np.exp(random.uniform(0, np.log(5000)))) if rows is None else rows
    classes = round(np.exp(random.uniform(np.log(2 if task is Task.CE else 1), np.log(100))))
    classes = min(classes, max(2, LARGEST // rows))
    scale = np.exp(random.uniform(np.log(least_scale), np.log(30)))
    bias = random.normal(0, random.choice([0, 1, 3]), classes)
    logits = random.normal(0, scale, (rows, classes)) + bias
    if task is Task.BCE:
        return Given(task, logits, (random.random(logits.shape) < sigmoid(logits)).astype(float))
    gumbel = random.gumbel(size=logits.shape)
    return Given(task, logits, (logits + gumbel).argmax(axis=1))


def spoken(random: np.random.Generator, given: Given) -> Given:
    """The same, at times as probabilities or their logarithms, or with the digits of a file."""
    kinds = [Kind.LOGITS, Kind.LOGITS, Kind.PROBS]
    if given.task is Task.CE:
        kinds.append(Kind.LOG_PROBS)
    kind = kinds[random.integers(len(kinds))]
    if kind is Kind.LOGITS:
        digits = int(random.choice([2, 6, 17]))
        return replace(given, values=given.values.round(digits))
    probs = softmax(given.values) if given.task is Task.CE else sigmoid(given.values)
    if kind is Kind.PROBS:
        return replace(given, kind=kind, values=probs)
    with np.errstate(divide="ignore"):
        return replace(given, kind=kind, values=np.log(probs))


Mistake = Callable[[np.random.Generator, int], Given]


def informed(random: np.random.Generator, task: Task, rows: int, classes: int) -> Given:
    """A model as people have them: right in nine rows of ten or so, overconfident in none."""
    logits = random.normal(0, 3, (rows, classes))
    if task is Task.BCE:
        return Given(task, logits, (random.random(logits.shape) < sigmoid(logits)).astype(float))
    return Given(task, logits, (logits + random.gumbel(size=logits.shape)).argmax(axis=1))


def _of(task: Task, classes: int, change: Callable[[Given], Given]) -> Mistake:
    return lambda random, rows: change(informed(random, task, rows, classes))


def _shifted(by: int) -> Callable[[Given], Given]:
    """Targets one class off, of rows where that is still a class."""

    def change(given: Given) -> Given:
        target, classes = given.target + by, given.values.shape[1]
        kept = (target >= 0) & (target < classes)
        return replace(given, values=given.values[kept], target=target[kept])

    return change


def _square(change: Callable[[np.ndarray], np.ndarray]) -> Mistake:
    def made(random: np.random.Generator, rows: int) -> Given:
        given = informed(random, Task.CE, rows, rows)
        return replace(given, values=change(given.values))

    return made


def _names_as_text(given: Given) -> Given:
    order = np.argsort(np.arange(given.values.shape[1]).astype(str))
    return replace(given, values=given.values[:, order])


def _one_label(random: np.random.Generator, rows: int) -> Given:
    given = informed(random, Task.CE, rows, 5)
    return Given(Task.BCE, given.values, np.eye(5)[given.target])


def _log_softmax(given: Given) -> Given:
    return replace(given, values=np.log(softmax(given.values)))


CE5 = {
    "softmax outputs as logits": (1, lambda g: replace(g, values=softmax(g.values))),
    "the same, to 3 decimals": (1, lambda g: replace(g, values=softmax(g.values).round(3))),
    "sigmoid outputs as logits": (1, lambda g: replace(g, values=sigmoid(g.values))),
    "one-hot predictions as logits": (
        1,
        lambda g: replace(g, values=np.eye(5)[g.values.argmax(axis=1)]),
    ),
    "1-based targets without the last class": (6, _shifted(1)),
    "targets that leave out class 0": (6, _shifted(-1)),
    "softmax over the rows": (11, lambda g: replace(g, values=softmax(g.values, 0))),
    "softmax over everything": (11, lambda g: replace(g, values=softmax(g.values, None))),
    "targets of the next row": (14, lambda g: replace(g, target=np.roll(g.target, -1))),
    "targets of the row before": (14, lambda g: replace(g, target=np.roll(g.target, 1))),
    "targets two rows off": (14, lambda g: replace(g, target=np.roll(g.target, 2))),
    "columns in reverse": (19, lambda g: replace(g, values=g.values[:, ::-1])),
    "two columns exchanged": (19, lambda g: replace(g, values=g.values[:, [0, 3, 2, 1, 4]])),
    "log-softmax outputs as logits": (20, _log_softmax),
    "negated logits": (None, lambda g: replace(g, values=-g.values)),
    "targets of other rows": (27, lambda g: replace(g, target=g.target[::-1])),
    "a constant target": (None, lambda g: replace(g, target=np.zeros_like(g.target))),
}
BCE5 = {
    "sigmoid outputs as logits": (12, lambda g: replace(g, values=sigmoid(g.values))),
    "log-sigmoid outputs as logits": (12, lambda g: replace(g, values=np.log(sigmoid(g.values)))),
    "0 and 1 exchanged": (19, lambda g: replace(g, target=1 - g.target)),
    "columns in reverse": (19, lambda g: replace(g, values=g.values[:, ::-1])),
    "targets of the next row": (14, lambda g: replace(g, target=np.roll(g.target, -1, axis=0))),
    "targets of other rows": (27, lambda g: replace(g, target=g.target[::-1])),
    "a constant target": (None, lambda g: replace(g, target=np.ones_like(g.target))),
}


def mistakes() -> Iterator[tuple[str, int | None, Mistake]]:
    """Every mistake that a hint is for: its name, its entry, and what makes a problem with it."""
    for task, named in ((Task.CE, CE5), (Task.BCE, BCE5)):
        for name, (entry, change) in named.items():
            yield f"{task} {name}", entry, _of(task, 5, change)
    yield "ce twelve columns in the order of text", 19, _of(Task.CE, 12, _names_as_text)
    yield "ce transposed, as many rows as columns", 11, _square(np.transpose)
    yield "bce one label per row", 9, _one_label
