"""An entry of the catalogue: its section of the page, or one JSON object."""

from __future__ import annotations

import json
from dataclasses import asdict

from cecalc.records import Entry, Screen
from cecalc.views import Finding


def render(entry: Entry, form: Finding, screen: Screen) -> str:
    """The whole text."""
    if form is Finding.JSON:
        members = {name: value for name, value in asdict(entry).items() if name != "text"}
        return json.dumps(members, ensure_ascii=False, indent=2) + "\n"
    from cecalc.views import drawing

    return drawing.markdown(entry.text, screen)
