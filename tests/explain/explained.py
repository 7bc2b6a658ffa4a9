"""Explanations in-process: from logits and targets to what a view makes of them."""

from __future__ import annotations

import json
from typing import Any

from cecalc.explain import FORMATS
from cecalc.explain.collector import explaining
from cecalc.explain.steps import Explanation
from cecalc.items import Item
from cecalc.output import Format
from cecalc.request import Screen
from cecalc.run import run
from cecalc.terms import Task
from tests.run.running import request

PIPE = Screen()


def items(logits: Any, target: Any, **options: Any) -> list[Item]:
    """What the flow hands on."""
    return list(run(request(Task.CE, logits, target, **options), explaining))


def explanation(logits: Any, target: Any, **options: Any) -> Explanation:
    """The rows and sums themselves."""
    found = items(logits, target, **options)[-1]
    assert isinstance(found, Explanation)
    return found


def text(
    logits: Any,
    target: Any,
    view: Format = FORMATS["table"],
    screen: Screen = PIPE,
    **options: Any,
) -> str:
    """What a view writes."""
    return "".join(view.render(iter(items(logits, target, **options)), screen))


def document(logits: Any, target: Any, **options: Any) -> Any:
    """The JSON object."""
    return json.loads(text(logits, target, FORMATS["json"], **options))
