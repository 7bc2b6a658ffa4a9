"""Both losses of the same rows, step by step."""

from __future__ import annotations

from cecalc.output import Format

TABLE = Format("table", "cecalc.explain.table:render", is_of_one=True)
JSON = Format("json", "cecalc.explain.json:render", is_of_one=True)
MARKDOWN = Format("markdown", "cecalc.explain.markdown:render", is_of_one=True)
CODE = Format("code", "cecalc.explain.torch_code:render", is_of_one=True)
HTML = Format("html", "cecalc.explain.table:render_page", is_whole=True, is_of_one=True)
FORMATS = {form.name: form for form in (TABLE, JSON, MARKDOWN, HTML, CODE)}
