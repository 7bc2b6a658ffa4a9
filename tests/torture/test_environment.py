"""Whatever the environment says, data is the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.shell import ROOT, shell
from tests.torture.sampling import longer, sampled

ENVIRONMENTS: list[dict[str, str]] = [
    {"LC_ALL": "C"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"PYTHONIOENCODING": "ascii"},
    {"FORCE_COLOR": "1"},
    {"NO_COLOR": "1"},
    {"TERM": "dumb"},
    {"COLUMNS": "10"},
    {"PYTHONWARNINGS": "error"},
    {"PYTHONDEVMODE": "1"},
    {"PYTHONHASHSEED": "1"},
    {"PYTHONOPTIMIZE": "2"},
    {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"},
    {"OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"},
    {"TMPDIR": "/nowhere"},
    {"HOME": "/nowhere"},
    {"LANG": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"},
    {"TZ": "Nowhere/Land"},
]
TABLE = "logit_é,logit_b,target,note\n1.5,2,é,ünï\n-0.25,1e-9,b,[/foo]\n3,1e22,é,\n"
COMMANDS = [
    "ce x.csv -f csv",
    "ce --logits 1,2 --classes é,b --target é -f json",
    "ce --logits 1,2 --classes é,b --target é",
    "ce x.csv -f jsonl",
    "ce x.csv -f markdown",
    "ce x.csv -f tsv --backend torch",
    "ce example.pt -f csv",
    "ce example.parquet -q --reduction none",
    "ce x.csv -o out.json; cat out.json",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs that are not all ASCII."""
    path = tmp_path_factory.mktemp("environment")
    (path / "x.csv").write_text(TABLE, encoding="utf-8")
    for name in ("example.pt", "example.parquet"):
        shutil.copy(ROOT / "samples" / name, path)
    return path


@pytest.fixture(scope="module")
def plain() -> dict[str, tuple[int, str, str]]:
    """What each command gives in our own environment, once it has been asked for."""
    return {}


@pytest.mark.parametrize("command", sampled(COMMANDS, every=10))
@pytest.mark.parametrize("more", sampled(ENVIRONMENTS, every=4), ids="-".join)
@pytest.mark.fault(23, 24, 25)
def test_data_is_the_same(
    command: str, more: dict[str, str], folder: Path, plain: dict[str, tuple[int, str, str]]
) -> None:
    if command not in plain:
        plain[command] = shell(f"cecalc {command}", folder)
    assert plain[command][0] == 0
    assert shell(f"cecalc {command}", folder, fresh=True, **more) == plain[command]


@pytest.mark.parametrize("command", ["ce --logits 1,2 --target 0", longer("ce {}/x.csv -f csv")])
def test_a_folder_that_is_gone(command: str, folder: Path, tmp_path: Path) -> None:
    command = f"cecalc {command.format(folder)}"
    (tmp_path / "gone").mkdir()
    found = shell(f"cd gone; rmdir ../gone; {command}", tmp_path)
    assert found == shell(command, tmp_path) and found[0] == 0
