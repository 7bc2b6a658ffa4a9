"""What one would write instead, each a whole script: `python -m tests.bench.peers NAME FILE...`.

Each imports what it needs, computes the mean cross-entropy and prints it, in the plainest form; of
forms equally plain the one measured fastest stands here (DuckDB: CASE for few columns, lists for
many; polars: to_torch). Numbers from CSV and Parquet have the precision the reader gives them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

LOGITS = "logit_"


def pandas_torch(path: str) -> None:
    """CSV by pandas, the loss by torch."""
    import pandas as pd
    import torch
    from torch.nn import functional

    table = pd.read_csv(path)
    logits = torch.tensor(table.filter(like=LOGITS).to_numpy())
    target = torch.tensor(table["target"].to_numpy())
    print(functional.cross_entropy(logits, target).item())


def polars_torch(path: str) -> None:
    """CSV by polars, the loss by torch."""
    import polars as pl
    from torch.nn import functional

    table = pl.read_csv(path)
    logits = table.select(f"^{LOGITS}.*$").to_torch()
    print(functional.cross_entropy(logits, table["target"].to_torch()).item())


def polars_scan(path: str) -> None:
    """CSV by polars, every column added up, no loss: the floor of a fast reader."""
    import polars as pl

    pl.scan_csv(path).select(pl.all().sum()).collect()


def duckdb_case(path: str) -> None:
    """CSV in SQL, the largest logit subtracted so that nothing overflows."""
    names = _logits(path)
    powers = " + ".join(f"exp({name} - largest)" for name in names)
    cases = " ".join(f"WHEN {number} THEN {name}" for number, name in enumerate(names))
    _sql(f"""
        SELECT avg(ln({powers}) + largest - CASE target {cases} END)
        FROM (SELECT *, greatest({", ".join(names)}) AS largest FROM read_csv('{path}'))
    """)


def duckdb_list(path: str) -> None:
    """The same with each row's logits in a list."""
    _sql(f"""
        SELECT avg(
            ln(list_sum(list_transform(logits, lambda x: exp(x - largest))))
            + largest - logits[target + 1]
        )
        FROM (
            SELECT logits, target, list_max(logits) AS largest
            FROM (SELECT [{", ".join(_logits(path))}] AS logits, target FROM read_csv('{path}'))
        )
    """)


def sklearn_log_loss(path: str) -> None:
    """CSV by pandas, the softmax by SciPy, the loss by scikit-learn."""
    import pandas as pd
    from scipy.special import softmax
    from sklearn.metrics import log_loss

    table = pd.read_csv(path)
    probabilities = softmax(table.filter(like=LOGITS).to_numpy(), axis=1)
    print(log_loss(table["target"], probabilities, labels=range(probabilities.shape[1])))


def orjson_torch(path: str) -> None:
    """JSON lines by orjson into lists, the loss by torch in float32, as tensors of lists are."""
    import orjson
    import torch
    from torch.nn import functional

    logits, target = [], []
    with Path(path).open("rb") as file:
        for line in file:
            row = orjson.loads(line)
            logits.append(row["logits"])
            target.append(row["target"])
    print(functional.cross_entropy(torch.tensor(logits), torch.tensor(target)).item())


def numpy_torch(path: str, target_path: str) -> None:
    """Arrays by NumPy, the loss by torch in float32."""
    import numpy as np
    import torch
    from torch.nn import functional

    logits = torch.from_numpy(np.load(path))
    target = torch.from_numpy(np.load(target_path))
    print(functional.cross_entropy(logits.float(), target).item())


def parquet_torch(path: str) -> None:
    """Parquet by pandas, the loss by torch in float32."""
    import pandas as pd
    import torch
    from torch.nn import functional

    table = pd.read_parquet(path)
    logits = torch.tensor(table.filter(like=LOGITS).to_numpy())
    target = torch.tensor(table["target"].to_numpy())
    print(functional.cross_entropy(logits, target).item())


def _logits(path: str) -> list[str]:
    with Path(path).open() as file:
        return [name for name in file.readline().strip().split(",") if name.startswith(LOGITS)]


def _sql(query: str) -> None:
    import duckdb

    connection = duckdb.connect(config={"threads": os.cpu_count() or 1})
    row = connection.execute(query).fetchone()
    print(row[0] if row else None)


PEERS = (
    pandas_torch,
    polars_torch,
    polars_scan,
    duckdb_case,
    duckdb_list,
    sklearn_log_loss,
    orjson_torch,
    numpy_torch,
    parquet_torch,
)

if __name__ == "__main__":
    {peer.__name__: peer for peer in PEERS}[sys.argv[1]](*sys.argv[2:])
