"""Cross-entropy and binary cross-entropy, row by row.

``cecalc.ce``, ``bce``, ``softmax``, ``sigmoid`` and ``why`` are the commands of the same names, for
arrays, tables and files. The mathematics is here as functions of arrays too:
``cecalc.cross_entropy`` and its neighbours. All of it loads when it is first asked for, so that
importing this package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cecalc.version import __version__

if TYPE_CHECKING:
    from cecalc.errors import CecalcError
    from cecalc.losses import activations, binary_cross_entropy, cross_entropy
    from cecalc.python import CecalcWarning, Result, bce, ce, sigmoid, softmax, why

_HOMES = {
    "cecalc.losses": ("activations", "binary_cross_entropy", "cross_entropy"),
    "cecalc.python": ("CecalcWarning", "Result", "bce", "ce", "sigmoid", "softmax", "why"),
    "cecalc.errors": ("CecalcError",),
}
__all__ = [
    "CecalcError",
    "CecalcWarning",
    "Result",
    "__version__",
    "activations",
    "bce",
    "binary_cross_entropy",
    "ce",
    "cross_entropy",
    "sigmoid",
    "softmax",
    "why",
]


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            is_module = home == "cecalc.losses"
            found = importlib.import_module(f"{home}.{name}" if is_module else home)
            return found if is_module else getattr(found, name)
    raise AttributeError(f"module 'cecalc' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
