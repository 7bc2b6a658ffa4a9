"""How numbers and formulas are written: what is printed computes to what is printed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from cecalc.errors import visible
from cecalc.explain.steps import Explanation, Steps
from cecalc.numbers import DECIMALS, SMALLEST, rounded, write_number
from cecalc.output.fitting import shortened
from cecalc.output.prose import paragraph
from cecalc.output.worked_rows import picked_of
from cecalc.terms import Kind

NORMAL = 2.0**-1022
"""Below this a float64 has fewer digits."""
_MOST = 13
"""More digits than a float64 has."""
_SHORT = 9
"""How much of a long name is shown where there is no room for it."""


@dataclass(frozen=True)
class Notation:
    """How the rows are written, alike in all of them."""

    explanation: Explanation
    room: int
    """Columns of text to fill."""
    classes: int
    """How many classes have a column."""
    has_whole: bool
    """Whether names of classes are as long as they are, else shortened in the middle."""

    @property
    def kind(self) -> Kind:
        """What the values are."""
        return self.explanation.kind

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes, safe on a terminal; that of one value is x."""
        header = self.explanation.header
        if header.width == 1:
            return ("x",)
        whole = tuple(visible(label) for label in header.labels)
        if self.has_whole:
            return whole
        short = tuple(shortened(whole, _SHORT))
        is_clear = len(set(short)) == len(set(whole))
        return short if is_clear else tuple(f"{c}…{label[-6:]}" for c, label in enumerate(whole))

    def picked(self, steps: Steps) -> list[int]:
        """The classes that have a column: the target's, then those of the largest values."""
        return picked_of(steps.values, steps.target, self.classes)

    def folded(self, text: str, before: str = " ", after: str = " ") -> str:
        """Prose on as many lines as it needs."""
        return "\n".join(paragraph(self.room, text, before, after))

    def chain(self, head: str, *forms: str) -> str:
        """Forms of one number with equals signs between them, on as many lines as they need."""
        lines, indent = [f" {head}"], " " * (cell_len(head) + 1)
        bare = {lines[0], indent}
        for form in forms:
            if lines[-1] not in bare and cell_len(f"{lines[-1]} = {form}") > self.room:
                lines.append(indent)
            lines[-1:] = paragraph(self.room, form, f"{lines[-1]} = ", f"{indent}   ")
        return "\n".join(lines)


def number(value: float, more: int = 0) -> str:
    """A number in a formula: as it is if that is short, else four decimals and four digits.

    >>> [number(x) for x in (0.8, 2.0, 0.0031284, 12.98447, 8.533e-17)]
    ['0.8', '2', '0.003128', '12.9845', '8.533e-17']
    """
    if 0 < abs(value) < NORMAL:  # the shortest text that reads as it says too little of it
        return rounded(value, 9)
    zeros = -math.floor(math.log10(abs(value))) - 1 if SMALLEST <= abs(value) < 1 else 0
    exact = write_number(float(f"{value:.14g}"))  # 1 − 0.7 is 0.3
    return min(rounded(value, DECIMALS + max(zeros, more)), exact, key=len)


def true(text: str, numbers: Sequence[float], result: str) -> str:
    """A formula with numbers in its braces, with as few digits as make it its result as printed.

    >>> true("−ln {}", [0.0031278], "5.7674"), true("−ln {}", [0.1192029], "2.1269")
    ('−ln 0.003128', '−ln 0.119203')
    """
    for more in range(_MOST):
        first, *rest = (number(value, more) for value in numbers)
        formula = text.format(first, *(f"({n})" if n[0] == "-" else n for n in rest))
        if is_true(formula, result):
            break
    return formula


def is_true(formula: str, result: str) -> bool:
    """Whether a formula, computed as it is printed and rounded, is its result.

    >>> is_true("−ln 0.0031", "5.7667"), is_true("1 + ln(1 + 1e-20) − 1", "1.0000e-20")
    (False, False)
    """
    for shown, python in _PYTHON.items():
        formula = re.sub(shown, python, formula)
    value = float(eval(formula, {}, _FUNCTIONS))  # noqa: S307  # numbers and signs of our own
    mantissa, _, exponent = result.partition("e")
    place = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return value == float(result) or -0.5 <= (value - float(result)) / place + 1e-6 < 0.5


_PYTHON = {
    "−": "-", "·": "*", r"\[": "(", r"\]": ")", r" of \d+ others": "",
    r"ln\(1 \+ ": "log1p(", r"ln\(1 - ": "log1p(-",
    r"ln ?\(": "log(", r"ln (\S+?)(?=[ ),]|$)": r"log(\1)",
}  # fmt: skip


def _log(p: float) -> float:
    return math.log(p) if p > 0 else -math.inf


def _log1p(u: float) -> float:
    return math.log1p(u) if u > -1 else -math.inf


_FUNCTIONS = {"log": _log, "log1p": _log1p, "inf": math.inf}
