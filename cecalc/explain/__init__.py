"""Both losses of the same rows, step by step."""

from __future__ import annotations

from cecalc.output import SingleFormat

TABLE = SingleFormat("table", "cecalc.explain.table:render")
JSON = SingleFormat("json", "cecalc.explain.json:render")
CODE = SingleFormat("code", "cecalc.explain.torch_code:render")
FORMATS = {form.name: form for form in (TABLE, JSON, CODE)}
