"""The faults that a module can be given."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

_SIGNS = (
    "Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul",
    "LShift_RShift", "RShift_LShift", "BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitOr",
)  # fmt: skip
_COMPARISONS = (
    "Eq_NotEq", "Eq_LtE", "Eq_GtE", "NotEq_Eq", "Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE",
    "Gt_LtE", "GtE_Gt", "GtE_Lt", "Is_IsNot", "IsNot_Is",
)  # fmt: skip
OPERATORS = (
    *(f"ReplaceBinaryOperator_{sign}" for sign in _SIGNS),
    *(f"ReplaceComparisonOperator_{sign}" for sign in _COMPARISONS),
    *(f"ReplaceUnaryOperator_{sign}" for sign in ("USub_UAdd", "Delete_Invert", "Delete_Not")),
    "AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr",
    "ReplaceOrWithAnd", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "NumberReplacer",
    "RemoveDecorator", "ZeroIterationForLoop",
)  # fmt: skip
"""Those of cosmic-ray whose faults are not plain at once: 0.5 << 2 is refused by Python itself.

Its ExceptionReplacer fails on an exception whose name has a dot in it.
"""

_Span = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Mutant:
    """A module with a fault in it."""

    path: Path
    operator: str
    line: int
    text: str

    @property
    def change(self) -> str:
        """The lines that differ, before and after."""
        before, after = self.path.read_text().splitlines(), self.text.splitlines()
        lines = difflib.unified_diff(before, after, n=0, lineterm="")
        changed = [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
        return " ".join(" ".join(line.split()) for line in changed)


@dataclass(frozen=True)
class Place:
    """Where a fault can be."""

    path: Path
    operator: str
    occurrence: int
    line: int

    def planted(self) -> Mutant | None:
        """The fault; None where Python does not compile it, or it changes nothing."""
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        text, operator = self.path.read_text(), get_operator(f"core/{self.operator}")()
        changed = mutate_code(text, operator, self.occurrence)
        if changed is None or not _is_another(text, changed):
            return None
        return Mutant(self.path, self.operator, self.line, changed)


def places(path: Path, parts: Collection[str] = ()) -> Iterator[Place]:
    """Every place of a module, or of some of its definitions, where code runs."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator

    text = path.read_text()
    nodes, unseen = list(ast_nodes(get_ast(text))), list(_never_run(ast.parse(text)))
    whole = ((1, 0), (len(text.splitlines()) + 1, 0))
    seen = [_span(node) for node in ast.parse(text).body if _name(node) in parts] or [whole]
    for name in OPERATORS:
        operator: Any = get_operator(f"core/{name}")()
        found = (place for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (start, end) in enumerate(found):
            is_seen = any(low <= start and end <= high for low, high in seen)
            if is_seen and not any(low <= start and end <= high for low, high in unseen):
                yield Place(path, name, occurrence, start[0])


def _never_run(tree: ast.Module) -> Iterator[_Span]:
    """Where annotations are, and what only a type checker reads, as asserts are here."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            yield _span(node.annotation)
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            yield _span(node.returns)
        elif isinstance(node, ast.Assert) or _is_for_types(node):
            yield _span(node)


def _name(node: ast.stmt) -> str:
    return str(getattr(node, "name", ""))


def _is_for_types(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _span(node: ast.stmt | ast.expr) -> _Span:
    assert node.end_lineno is not None and node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _is_another(text: str, changed: str) -> bool:
    try:
        return ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text))
    except SyntaxError:
        return False
