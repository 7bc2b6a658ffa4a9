"""Every fault of the table is shown by a test, and no test names another."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.faults import FAULTS

ROOT = Path(__file__).parent.parent
LIST_MARKS = """
import json, pytest

class Marks:
    def pytest_collection_finish(self, session):
        found = [str(n) for i in session.items for m in i.iter_markers("fault") for n in m.args]
        print("\\nmarked:", json.dumps(found))

raise SystemExit(pytest.main(["--collect-only", "-qq", "tests"], plugins=[Marks()]))
"""


def test_every_fault_is_shown() -> None:
    run = subprocess.run(
        [sys.executable, "-c", LIST_MARKS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    line = next(line for line in run.stdout.splitlines() if line.startswith("marked: "))
    marked = set(json.loads(line.removeprefix("marked: ")))
    assert sorted(FAULTS.keys() - marked) == []
    assert sorted(marked - FAULTS.keys()) == []
