# Written by tests/python/test_typed.py from the commands' options and a report's figures.
from collections.abc import Collection
from typing import Any, Literal, TypedDict

class Figures:
    loss: float
    reduction: str
    numerator: float
    denominator: float
    denominator_is: str
    rows_given: int
    rows_used: int
    rows_ignored: int
    mean: float
    perplexity: float
    bits: float
    accuracy: float
    chance: float
    label_entropy: float
    floor: float
    excess: float
    cells_given: int
    cells_used: int
    cells_ignored: int
    cell_accuracy: float
    mean_over_cells: float
    mean_over_rows: float
    target_form: str
    layout: str
    input: str
    read_as: str
    source: str
    stored: str
    signature: str
    backend: str
    version: str

class Ce(TypedDict, total=False):
    logits: Any
    probs: Any
    log_probs: Any
    classes: str | Collection[object] | None
    target_form: Literal["index", "dist", "cells"] | None
    target_as: Literal["name", "index"] | None
    weight: Any
    sample_weight: Any
    ignore_index: float | None
    label_smoothing: float | None
    reduction: Literal["mean", "sum", "none"] | None
    clip: float | str | None
    unchecked: bool
    nan: Literal["error", "propagate"] | None
    logits_cols: str | Collection[object] | None
    probs_cols: str | Collection[object] | None
    log_probs_cols: str | Collection[object] | None
    confidence_cols: str | Collection[object] | None
    target_col: str | None
    target_cols: str | Collection[object] | None
    id_col: str | None
    join: str | None
    sample_weight_col: str | None
    input_format: (
        Literal[
            "auto",
            "csv",
            "tsv",
            "json",
            "jsonl",
            "npy",
            "npz",
            "safetensors",
            "pt",
            "parquet",
            "arrow",
        ]
        | None
    )
    no_header: bool
    delimiter: str | None
    decimal: str | None
    encoding: str | None
    max_bytes: int | str | None
    max_columns: int | None
    transpose: bool
    top: int | None
    bottom: int | None
    by: str | Collection[object] | None
    summary: Literal["brief", "all"] | None
    no_hints: bool
    strict: bool
    backend: Literal["auto", "numpy", "torch"] | None
    device: str | None
    dtype: Literal["float64", "float32", "float16", "bfloat16"] | None

class Bce(TypedDict, total=False):
    logits: Any
    probs: Any
    classes: str | Collection[object] | None
    weight: Any
    pos_weight: Any
    sample_weight: Any
    ignore_index: float | None
    reduction: Literal["mean", "sum", "none"] | None
    no_clamp: bool
    clip: float | str | None
    unchecked: bool
    nan: Literal["error", "propagate"] | None
    logits_cols: str | Collection[object] | None
    probs_cols: str | Collection[object] | None
    confidence_cols: str | Collection[object] | None
    target_col: str | None
    target_cols: str | Collection[object] | None
    id_col: str | None
    join: str | None
    sample_weight_col: str | None
    input_format: (
        Literal[
            "auto",
            "csv",
            "tsv",
            "json",
            "jsonl",
            "npy",
            "npz",
            "safetensors",
            "pt",
            "parquet",
            "arrow",
        ]
        | None
    )
    no_header: bool
    delimiter: str | None
    decimal: str | None
    encoding: str | None
    max_bytes: int | str | None
    max_columns: int | None
    transpose: bool
    top: int | None
    bottom: int | None
    by: str | Collection[object] | None
    summary: Literal["brief", "all"] | None
    no_hints: bool
    strict: bool
    backend: Literal["auto", "numpy", "torch"] | None
    device: str | None
    dtype: Literal["float64", "float32", "float16", "bfloat16"] | None

class Softmax(TypedDict, total=False):
    logits: Any
    classes: str | Collection[object] | None
    log: bool
    unchecked: bool
    nan: Literal["error", "propagate"] | None
    logits_cols: str | Collection[object] | None
    id_col: str | None
    input_format: (
        Literal[
            "auto",
            "csv",
            "tsv",
            "json",
            "jsonl",
            "npy",
            "npz",
            "safetensors",
            "pt",
            "parquet",
            "arrow",
        ]
        | None
    )
    no_header: bool
    delimiter: str | None
    decimal: str | None
    encoding: str | None
    max_bytes: int | str | None
    max_columns: int | None
    transpose: bool
    no_hints: bool
    strict: bool
    backend: Literal["auto", "numpy", "torch"] | None
    device: str | None
    dtype: Literal["float64", "float32", "float16", "bfloat16"] | None

class Sigmoid(TypedDict, total=False):
    logits: Any
    classes: str | Collection[object] | None
    log: bool
    unchecked: bool
    nan: Literal["error", "propagate"] | None
    logits_cols: str | Collection[object] | None
    id_col: str | None
    input_format: (
        Literal[
            "auto",
            "csv",
            "tsv",
            "json",
            "jsonl",
            "npy",
            "npz",
            "safetensors",
            "pt",
            "parquet",
            "arrow",
        ]
        | None
    )
    no_header: bool
    delimiter: str | None
    decimal: str | None
    encoding: str | None
    max_bytes: int | str | None
    max_columns: int | None
    transpose: bool
    no_hints: bool
    strict: bool
    backend: Literal["auto", "numpy", "torch"] | None
    device: str | None
    dtype: Literal["float64", "float32", "float16", "bfloat16"] | None

class Why(TypedDict, total=False):
    logits: Any
    probs: Any
    log_probs: Any
    classes: str | Collection[object] | None
    target_form: Literal["index", "dist", "cells"] | None
    target_as: Literal["name", "index"] | None
    weight: Any
    pos_weight: Any
    sample_weight: Any
    ignore_index: float | None
    label_smoothing: float | str | None
    unchecked: bool
    logits_cols: str | Collection[object] | None
    probs_cols: str | Collection[object] | None
    log_probs_cols: str | Collection[object] | None
    target_col: str | None
    target_cols: str | Collection[object] | None
    id_col: str | None
    join: str | None
    sample_weight_col: str | None
    input_format: (
        Literal[
            "auto",
            "csv",
            "tsv",
            "json",
            "jsonl",
            "npy",
            "npz",
            "safetensors",
            "pt",
            "parquet",
            "arrow",
        ]
        | None
    )
    no_header: bool
    delimiter: str | None
    decimal: str | None
    encoding: str | None
    max_bytes: int | str | None
    max_columns: int | None
    transpose: bool
    by: str | Collection[object] | None
    batch_size: int | str | None
    focal: float | None
    temperature: float | None
    as_: Literal["ce", "bce"] | None
    framework: Literal["torch", "keras", "sklearn", "optax"] | None
    deep: bool
    no_hints: bool
    strict: bool
