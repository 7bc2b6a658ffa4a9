"""Real problems: what classifiers say of rows of scikit-learn's data sets, held out."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import product

import numpy as np

from cecalc.terms import Kind, Task
from tests.hints.problems import Given

SETS = ("load_iris", "load_wine", "load_digits", "load_breast_cancer")
REGULARISATIONS = (1e-4, 1e-2, 1.0, 1e2, 1e4)
TRAIN_SHARES = (0.1, 0.3, 0.7)


def real() -> Iterator[tuple[str, Given]]:
    """Each with a name; none where scikit-learn is not installed."""
    if find_spec("sklearn") is None:
        return
    from sklearn import datasets
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for name, strength, share in product(SETS, REGULARISATIONS, TRAIN_SHARES):
        data = getattr(datasets, name)()
        parts = train_test_split(
            data.data, data.target, train_size=share, random_state=0, stratify=data.target
        )
        train, test, train_target, target = parts
        model = LogisticRegression(C=strength, max_iter=5000)
        model = make_pipeline(StandardScaler(), model).fit(train, train_target)
        scores = model.decision_function(test)
        label = f"{name[5:]}, C={strength:g}, {share:.0%} trained on"
        yield from _problems(label, scores, target)
        if strength == 1.0:
            probs = GaussianNB(var_smoothing=1e-3).fit(train, train_target).predict_proba(test)
            yield (
                f"ce {name[5:]}, naive Bayes, {share:.0%}",
                Given(Task.CE, probs, target, Kind.PROBS),
            )


def _problems(label: str, scores: np.ndarray, target: np.ndarray) -> Iterator[tuple[str, Given]]:
    if scores.ndim == 1:
        yield f"bce {label}", Given(Task.BCE, scores[:, None], target[:, None].astype(float))
        scores = np.stack([-scores / 2, scores / 2], axis=1)
    yield f"ce {label}", Given(Task.CE, scores, target)
    order = np.argsort(target, kind="stable")
    yield f"ce {label}, sorted by target", Given(Task.CE, scores[order], target[order])
