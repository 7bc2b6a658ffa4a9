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
    "tests/run/test_figures.py",
    "tests/run/test_denominators.py",
    "tests/run/test_gathered.py",
    "tests/run/test_shapes.py",
    "tests/run/test_parity.py",
    "tests/run/test_laws.py",
)
_OF_HINTS = "tests/hints/test_hints.py::test_it_is_told_to_people_and_to_machines"
_OF_MESSAGES = "tests/cli/test_messages.py"

PLACES: dict[str, tuple[str, ...]] = {
    "cecalc/losses": (*_OF_LOSSES, *_OF_FIGURES, _OF_HINTS, _OF_MESSAGES),
    "cecalc/compute": (*_OF_FIGURES, _OF_HINTS),
    "cecalc/notices.py": (_OF_HINTS, _OF_MESSAGES),
    "cecalc/exact.py": _OF_FIGURES,
    "cecalc/summary.py": _OF_FIGURES,
    "cecalc/run/groups.py": _OF_FIGURES,
    "cecalc/output/figures.py": ("tests/run/test_gathered.py", _OF_MESSAGES),
    "cecalc/selection.py": ("tests/test_selection.py", _OF_MESSAGES),
}
"""Modules, or folders of them, and tests: those that see most for their time stand first."""


def modules() -> dict[Path, tuple[str, ...]]:
    """The modules, and what sees their faults: their own examples first."""
    found = {}
    for place, tests in PLACES.items():
        path = ROOT / place
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found[module] = (str(module.relative_to(ROOT)), *tests)
    return found
