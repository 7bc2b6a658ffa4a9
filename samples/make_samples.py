# /// script
# requires-python = ">=3.11"
# dependencies = ["pyarrow", "safetensors", "scikit-learn", "torch"]
# ///
"""Make the sample inputs that lie beside this script.

Run it from the repository root (it needs what is named above, and nothing from the network):

    python samples/make_samples.py

The ``example*`` files hold one small batch in every format; the bytes of the binary ones depend on
the libraries that write them. The other files hold what
logistic regressions say of test rows they were not trained on, from the handwritten
digits and the breast cancer data sets that come with scikit-learn. All splits and fits
are deterministic, so a second run writes the same bytes; the checked-in files were made
with scikit-learn 1.9.1.
"""

import gzip
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from pyarrow import feather, parquet
from safetensors.numpy import save_file
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).resolve().parent
SEED = 0
DIGITS_TRAIN, DIGITS_TEST = 300, 450  # few training rows, so that some errors are left
TUMOURS_TEST = 285

LOGITS: list[list[float]] = [[2, -3, 0.8, 1.2], [1.5, -0.1, 0.9, -1.3]]
CLASSES = [2, 1]
ONE_HOT = [[0, 0, 1, 0], [0, 1, 0, 0]]

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TRAITS = {"even": (0, 2, 4, 6, 8), "prime": (2, 3, 5, 7), "loop": (0, 6, 8, 9)}


def write(name: str, lines: Iterable[str]) -> None:
    """Write lines to a file beside this script."""
    text = "".join(f"{line}\n" for line in lines)
    (HERE / name).write_text(text, encoding="utf-8", newline="\n")


def write_table(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a header and rows, with tabs if the name ends in ``.tsv``, else with commas."""
    separator = "\t" if name.endswith(".tsv") else ","
    write(name, (separator.join(map(str, row)) for row in (header, *rows)))


def numbered(stem: str) -> list[str]:
    """Name one column for each class of the example."""
    return [f"{stem}_{k}" for k in range(len(LOGITS[0]))]


def sigmoid(logit: float) -> float:
    """Return the logistic function's nearest double, the same on every platform."""
    return float(1 / (1 + (-Decimal(logit)).exp()))


def json_lines(rows: Iterable[object], indent: str) -> str:
    """Print JSON values one a line, with commas between them."""
    return ",\n".join(indent + json.dumps(row) for row in rows)


def write_json(stem: str, targets: Sequence[object]) -> None:
    """Write the example as one object, as row objects in an array, and as JSON lines."""
    nested = isinstance(targets[0], list)
    shown = f"[\n{json_lines(targets, '    ')}\n  ]" if nested else json.dumps(targets)
    logits = f'  "logits": [\n{json_lines(LOGITS, "    ")}\n  ],'
    write(f"{stem}.json", ["{", logits, f'  "target": {shown}', "}"])
    rows = [{"logits": row, "target": target} for row, target in zip(LOGITS, targets, strict=True)]
    write(f"{stem}-rows.json", ["[", json_lines(rows, "  "), "]"])
    write(f"{stem}.jsonl", map(json.dumps, rows))


def make_examples() -> None:
    """Write the small example, for cross-entropy and for binary cross-entropy."""
    ce_rows = [[*row, target] for row, target in zip(LOGITS, CLASSES, strict=True)]
    bce_rows = [[*row, *hot] for row, hot in zip(LOGITS, ONE_HOT, strict=True)]
    for suffix in ("csv", "tsv"):
        write_table(f"example.{suffix}", [*numbered("logit"), "target"], ce_rows)
        header = [*numbered("logit"), *numbered("target")]
        write_table(f"example-bce.{suffix}", header, bce_rows)
    write_json("example", CLASSES)
    write_json("example-bce", ONE_HOT)
    prob_rows = [[*map(sigmoid, row), *hot] for row, hot in zip(LOGITS, ONE_HOT, strict=True)]
    header = [*numbered("prob"), *numbered("target")]
    write_table("example-bce-probs.csv", header, prob_rows)


def make_arrays() -> None:
    """Write the small example as files of arrays and as typed tables; and one file compressed."""
    logits, target = np.asarray(LOGITS, dtype=np.float64), np.asarray(CLASSES)
    np.save(HERE / "example-logits.npy", logits)
    np.save(HERE / "example-target.npy", target)
    np.savez(HERE / "example.npz", logits=logits, target=target)
    save_file({"logits": logits, "target": target}, HERE / "example.safetensors")
    tensors = {"logits": torch.from_numpy(logits), "target": torch.from_numpy(target)}
    torch.save(tensors, HERE / "example.pt")
    columns = dict(zip(numbered("logit"), logits.T, strict=True)) | {"target": target}
    table = pa.table(columns)
    parquet.write_table(table, HERE / "example.parquet")
    feather.write_feather(table, HERE / "example.feather", compression="uncompressed")
    text = (HERE / "example.csv").read_bytes()
    (HERE / "example.csv.gz").write_bytes(gzip.compress(text, mtime=0))


def split(labels: NDArray[Any], train: int | None, test: int) -> list[NDArray[Any]]:
    """Return the sorted indices of the training rows and of the test rows."""
    parts = train_test_split(
        np.arange(len(labels)),
        train_size=train,
        test_size=test,
        stratify=labels,
        random_state=SEED,
    )
    return [np.sort(part) for part in parts]


def model() -> Pipeline:
    """Return a logistic regression that is fitted well beyond the digits printed."""
    regression = LogisticRegression(solver="newton-cholesky", tol=1e-10)
    return make_pipeline(StandardScaler(), regression)


def six_digits(values: Iterable[float]) -> list[str]:
    """Print numbers with six significant digits."""
    return [f"{value:.6g}" for value in values]


def make_digits() -> None:
    """Write ten-class logits of handwritten digits, with the class names as targets."""
    images, labels = load_digits(return_X_y=True)
    train, test = split(labels, DIGITS_TRAIN, DIGITS_TEST)
    logits = model().fit(images[train], labels[train]).decision_function(images[test])
    rows = [
        [f"digit-{i:04}", f"{images[i].mean():.2f}", *six_digits(row), NAMES[labels[i]]]
        for i, row in zip(test, logits, strict=True)
    ]
    header = ["id", "ink", *(f"logit_{name}" for name in NAMES), "target"]
    write_table("digits.csv", header, rows)


def make_digits_traits() -> None:
    """Write one logit for each of three yes-or-no traits of the same digits."""
    images, labels = load_digits(return_X_y=True)
    train, test = split(labels, DIGITS_TRAIN, DIGITS_TEST)
    traits = np.column_stack([np.isin(labels, held) for held in TRAITS.values()]).astype(int)
    classifier = OneVsRestClassifier(model()).fit(images[train], traits[train])
    logits = classifier.decision_function(images[test])
    rows = [
        [f"digit-{i:04}", *six_digits(row), *traits[i]] for i, row in zip(test, logits, strict=True)
    ]
    header = ["id", *(f"logit_{t}" for t in TRAITS), *(f"target_{t}" for t in TRAITS)]
    write_table("digits-traits.csv", header, rows)


def make_tumours() -> None:
    """Write the logit of malignant for breast tumours; the target is 1 for malignant."""
    features, benign = load_breast_cancer(return_X_y=True)
    malignant = 1 - benign
    train, test = split(malignant, None, TUMOURS_TEST)
    logits = model().fit(features[train], malignant[train]).decision_function(features[test])
    rows = [
        [f"tumour-{i:03}", text, malignant[i]]
        for i, text in zip(test, six_digits(logits), strict=True)
    ]
    write_table("tumours.csv", ["id", "logit", "target"], rows)


def main() -> None:
    """Write every sample."""
    make_examples()
    make_arrays()
    make_digits()
    make_digits_traits()
    make_tumours()


if __name__ == "__main__":
    main()
