"""What a change has to pass: `.ci/run`, and the workflow that calls it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("given", "installed", "taken"),
    [
        ("./python3.11", ["python3.13", "python3.11"], "./python3.11"),
        (None, ["python3.13", "python3.11"], "python3.13"),
        (None, ["python3.11"], "python3.11"),
        (None, ["python3"], "python3"),
    ],
)
def test_run_takes_the_python_it_is_given(
    given: str | None, installed: list[str], taken: str, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    for name in ("python3.13", "python3.12", "python3.11", "python3"):  # hide those of the system
        fake = tmp_path / name
        venv = f'echo "$0 $*"; test "$1" = -c && exit {int(name not in installed)}; exit 9'
        fake.write_text(f"#!/bin/sh\n{venv}\n")
        fake.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHON": given or ""}
    run = subprocess.run(
        [".ci/run"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    path, *arguments = run.stdout.splitlines()[-1].split()
    assert (run.returncode, arguments) == (9, ["-m", "venv", ".venv"])
    assert path == (taken if given else str(tmp_path / taken))


def test_the_workflow_calls_it_with_the_oldest_and_the_newest_python() -> None:
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [re.search(r":: (3\.\d+)$", line) for line in project["classifiers"]]
    versions = [found[1] for found in named if found]
    assert f'python: ["{versions[0]}", "{versions[-1]}"]' in text
    assert "- run: .ci/run\n" in text
    assert project["requires-python"] == f">={versions[0]}"
