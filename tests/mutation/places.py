"""Which modules get faults, and which tests have to see them: the one place that names paths."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

_OF_LOSSES = (
    "tests/losses/test_values.py",
    "tests/losses/test_stable.py",
    "tests/losses/test_laws.py",
    "tests/losses/test_accuracy.py",
)
_OF_FIGURES = (
    "tests/run/test_denominators.py",
    "tests/run/test_gathered.py",
    "tests/run/test_shapes.py",
    "tests/run/test_figures.py",
    "tests/run/test_parity.py",
    "tests/run/test_laws.py",
)
_OF_HINTS = "tests/hints/test_hints.py::test_it_is_told_to_people_and_to_machines"
_OF_MESSAGES = "tests/cli/test_messages.py::test_message"

PLACES: dict[str, tuple[str, ...]] = {
    "cecalc/losses": (*_OF_LOSSES, *_OF_FIGURES, "tests/input/test_accepted.py"),
    "cecalc/losses/checks.py": (_OF_HINTS, _OF_MESSAGES, *_OF_FIGURES[:4]),
    "cecalc/compute": (
        *_OF_FIGURES,
        "tests/output/test_columns.py",
        "tests/compute/test_backend.py",
        _OF_HINTS,
    ),
    "cecalc/compute/backend.py": ("tests/compute/test_backend.py", *_OF_FIGURES[:-1]),
    "cecalc/notices.py": (_OF_HINTS, _OF_MESSAGES),
    "cecalc/exact.py": ("tests/test_exact.py", *_OF_FIGURES),
    "cecalc/summary.py": (*_OF_FIGURES, _OF_MESSAGES, "tests/hints/test_hints.py::test_it_is_said"),
    "cecalc/run/results.py": ("tests/run/test_gathered.py",),
    "cecalc/output/figures.py": ("tests/run/test_gathered.py", _OF_MESSAGES),
    "cecalc/selection.py": ("tests/test_selection.py", _OF_MESSAGES),
}
"""Modules, or folders of them, and tests: those that see most for their time stand first. What is
said of a module counts, not what is said of its folder.
"""
PARTS = {
    "cecalc/run/results.py": ("Grouping", "_ratios", "_summaries"),
    "cecalc/output/figures.py": ("known", "Bound", "Failure", "Checked"),
    "cecalc/compute/backend.py": ("Backend", "RoundedBackend", "choose", "in_pieces"),
}
"""Of which definitions a module gets faults, where that is not all: groups; bounds; and what no
device is needed to see.
"""


def modules() -> dict[Path, tuple[str, ...]]:
    """The modules, and what sees their faults: their own examples first."""
    found = {}
    for place, tests in PLACES.items():
        path = ROOT / place
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found[module] = (str(module.relative_to(ROOT)), *tests)
    return found


def parts_of(module: Path) -> tuple[str, ...]:
    """The definitions of a module that get faults; none where all do."""
    return PARTS.get(str(module.relative_to(ROOT)), ())
