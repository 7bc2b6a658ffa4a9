"""Cross-entropy and binary cross-entropy, row by row.

The mathematics is here as functions of arrays: ``cecalc.cross_entropy`` and its neighbours load
when they are first asked for, so that importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from cecalc.losses import activations, binary_cross_entropy, cross_entropy

__all__ = ["__version__", "activations", "binary_cross_entropy", "cross_entropy"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return importlib.import_module(f"cecalc.losses.{name}")
    raise AttributeError(f"module 'cecalc' has no attribute {name!r}")
