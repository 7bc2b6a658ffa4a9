"""The process as a shell sees it: what lands where, and the status, for real streams and files."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

CECALC = f"{sys.executable} -m cecalc"
ROOT = Path(__file__).parent.parent
FOUNDING = "ce --logits '2,-3,0.8,1.2;1.5,-0.1,0.9,-1.3' --target 2,1"
SIGPIPE = 141


def shell(command: str, cwd: Path, **environment: str) -> tuple[int, str, str]:
    """Status, standard output and standard error of a bash command, `cecalc` in it being ours."""
    run = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command.replace("cecalc", CECALC)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A table whose output is larger than any buffer."""
    lines = ["logit_a,logit_b,target", *(f"{i % 7},{i % 5},a" for i in range(20_000))]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


FULL = "cecalc: error: cannot write output: No space left on device\n"
CLOSED = "cecalc: error: cannot write output: standard output is closed\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("command", "status", "error"),
    [
        (f"cecalc {FOUNDING} -q > /dev/full", 5, FULL),
        ("cecalc ce rows.csv -f csv > /dev/full", 5, FULL),
        ("cecalc ce rows.csv -f json > /dev/full", 5, FULL),
        ("cecalc --version > /dev/full", 5, FULL),
        ("cecalc --help > /dev/full", 5, FULL),
        (f"cecalc {FOUNDING} >&-", 5, CLOSED),
        ("cecalc ce rows.csv -f csv | head -1", SIGPIPE, ""),
        (f"cecalc {FOUNDING} | true", SIGPIPE, ""),
        ("cecalc ce <&-", 4, "cecalc: error: standard input is closed\n"),
        ("cecalc ce --bogus 2>&-", 2, ""),
    ],
)
@pytest.mark.usefixtures("rows")
def test_a_stream_that_fails(
    command: str, status: int, error: str, unbuffered: str, tmp_path: Path
) -> None:
    found, _, err = shell(command, tmp_path, PYTHONUNBUFFERED=unbuffered)
    # A short output may reach the pipe before its reader has gone.
    assert (found, err) in [(status, error), (0, "")] if status == SIGPIPE else [(status, error)]


def test_a_file_appears_complete_or_not_at_all(rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert shell("cecalc ce rows.csv -o out.csv", tmp_path) == (0, "", "")
    whole = out.read_text()
    assert len(whole.splitlines()) == 20_001
    rows.write_text(rows.read_text() + "1,2,c\n")
    status, stdout, _ = shell("cecalc ce rows.csv -o out.csv", tmp_path)
    assert (status, stdout, out.read_text()) == (3, "", whole)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "rows.csv"]


@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_an_error_leaves_nothing_of_a_whole_view(form: str, rows: Path, tmp_path: Path) -> None:
    rows.write_text(rows.read_text() + "1,2,c\n")
    status, stdout, _ = shell(f"cecalc ce rows.csv -f {form}", tmp_path)
    assert (status, stdout) == (3, "")


def test_a_symbolic_link_is_followed_and_the_mode_kept(tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "link.csv").symlink_to(real)
    assert shell(f"cecalc {FOUNDING} -o link.csv", tmp_path)[0] == 0
    assert real.read_text().startswith("logit_0,")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert (tmp_path / "link.csv").is_symlink()


def test_dev_stdout_is_standard_output(tmp_path: Path) -> None:
    command = f"{{ echo a; cecalc {FOUNDING} -q -o /dev/stdout -f tsv; echo b; }} > all.txt"
    assert shell(command, tmp_path)[0] == 0
    lines = (tmp_path / "all.txt").read_text().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("a", "b", 6)


def test_quiet_beside_a_file(tmp_path: Path) -> None:
    assert shell(f"cecalc {FOUNDING} -q -o out.json", tmp_path) == (0, "1.9789608521490663\n", "")
    assert shell("cecalc softmax --logits 0,0 -q -o p.csv", tmp_path) == (0, "0.5,0.5\n", "")


def test_a_loop_keeps_its_input(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("1,2\n0,0\n")
    loop = 'while read x; do cecalc ce --logits "$x" --target 0 -q; done < rows.txt'
    assert shell(loop, tmp_path)[1] == "1.3132616875182228\n0.6931471805599453\n"


@pytest.mark.usefixtures("rows")
def test_data_is_the_same_in_any_environment(tmp_path: Path) -> None:
    plain = shell("cecalc ce rows.csv -f csv", tmp_path)
    for name, value in [("FORCE_COLOR", "1"), ("COLUMNS", "10"), ("LC_ALL", "C"), ("TERM", "dumb")]:
        assert shell("cecalc ce rows.csv -f csv", tmp_path, **{name: value}) == plain
    table = shell(f"cecalc {FOUNDING}", tmp_path)
    assert shell(f"cecalc {FOUNDING}", tmp_path, FORCE_COLOR="1", COLUMNS="10") == table
    assert "\x1b[" in shell(f"cecalc {FOUNDING} --color always", tmp_path)[1]


def test_a_signal_is_a_death_by_the_signal(tmp_path: Path) -> None:
    command = "mkfifo f; cecalc ce f & p=$!; exec 3> f; sleep 0.2; kill -TERM $p; wait $p"
    assert shell(command, tmp_path) == (143, "", "")
