"""Both losses of the same rows, step by step."""

from __future__ import annotations

from cecalc.output import Format, Renderer


def _table() -> Renderer:
    from cecalc.explain import table

    return table.render


def _json() -> Renderer:
    from cecalc.explain import json

    return json.render


def _code() -> Renderer:
    from cecalc.explain import torch_code

    return torch_code.render


CODE = Format("code", _code)
FORMATS = {form.name: form for form in (Format("table", _table), Format("json", _json), CODE)}
