"""The benchmark measures what it says; no time is asserted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cecalc.cli import status_of
from tests.bench.data import Data
from tests.bench.peers import PEERS, polars_scan
from tests.bench.report import Finding
from tests.bench.runs import ContenderError, outcomes, sampled
from tests.bench.work import FLOAT32, FLOAT64, Contender, Outcome, Sample, Work

ROOT = Path(__file__).parent.parent.parent


def python(script: str, precision: float | None = FLOAT64, who: str = "cecalc") -> Contender:
    return Contender(who, (sys.executable, "-c", script), precision)


def outcome(who: str, seconds: float, peak: float, **promised: float) -> Outcome:
    return Outcome(Contender(who, (), **promised), [Sample(seconds, peak, "1.0")])


def problems(work: Work, found: list[Outcome]) -> list[str]:
    return list(Finding("work", work, found, is_full_size=True).problems())


def test_the_command_at_a_tiny_size(tmp_path: Path) -> None:
    options = ["--only", "json lines", "--runs", "1", "--scale", "1e-5"]
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench", *options, "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "JSON lines 1M × 10 ...\n")
    assert [path.name for path in tmp_path.iterdir()] == ["10x10-5-decimals.jsonl"]
    heading, _, ours, peer, *_ = run.stdout.splitlines()
    assert heading.startswith("work ")
    assert ours.startswith("JSON lines 1M × 10   cecalc ")
    assert "orjson + torch" in peer


def test_the_memory_is_that_of_the_process() -> None:
    ballast = b"\1" * 2**28
    small, large = (
        sampled(python(script)).peak for script in ("pass", f"x = b'1' * {len(ballast)}")
    )
    assert small < 50
    assert 256 < large < 306


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(ContenderError, match=r"^ModuleNotFoundError: No module named 'nothing'$"):
        sampled(python("import nothing"))
    with pytest.raises(ContenderError, match=r"^first$"):
        sampled(python("import sys; sys.exit('first\\nsecond')"))
    with pytest.raises(ContenderError, match=r"^status 3$"):
        sampled(python("raise SystemExit(3)"))
    with pytest.raises(ContenderError, match="No such file or directory: 'no-such-command'"):
        sampled(Contender("cecalc", ("no-such-command",)))


@pytest.mark.parametrize(
    ("script", "precision", "differs"),
    [
        ("print(1 + 1e-10)", FLOAT64, False),
        ("print(1 + 1e-8)", FLOAT64, True),
        ("print(1 + 1e-8)", FLOAT32, False),
        ("print(1 + 1e-3)", FLOAT32, True),
        ("print('nan')", FLOAT32, True),
        ("pass", FLOAT64, True),
        ("pass", None, False),
    ],
)
def test_answers_have_to_agree(script: str, precision: float | None, differs: bool) -> None:
    work = Work.of(python("print(1.0)"), python(script, precision, who="peer"))
    found = problems(work, outcomes(work, 1))
    assert ["the answers differ" in problem for problem in found] == [True] * differs


def test_a_missing_peer_is_no_problem_and_a_failing_cecalc_is() -> None:
    work = Work.of(python("print(1)"), python("import nothing", who="peer"))
    assert problems(work, outcomes(work, 1)) == []
    work = Work.of(python("import nothing"), python("print(1)", who="peer"))
    assert problems(work, outcomes(work, 1)) == [
        "work: cecalc failed: ModuleNotFoundError: No module named 'nothing'"
    ]


def test_broken_promises_are_problems() -> None:
    ours, peer = outcome("cecalc", 3, 120), outcome("peer", 4, 100, time=0.5, memory=1.1)
    work = Work.of(ours.contender, peer.contender, peak=100)
    assert problems(work, [ours, peer]) == [
        "work: 120 MiB of cecalc, promised 100",
        "work: 0.75 × of peer, promised 0.5",
        "work: 1.20 × MiB of peer, promised 1.1",
    ]
    assert list(Finding("work", work, [ours, peer], is_full_size=False).problems()) == []


def files(data: Data, peer: Callable[..., None]) -> list[Path]:
    """What the peer reads."""
    if peer.__name__ == "orjson_torch":
        return [data.json_lines(50, 10, 5)]
    if peer.__name__ == "numpy_torch":
        return list(data.npy(50, 10, "float32"))
    pytest.importorskip("pyarrow")
    return [data.parquet(50, 10) if peer.__name__ == "parquet_torch" else data.csv(50, 10, 5)]


@pytest.mark.filterwarnings("default")  # what the peers are warned of is theirs
@pytest.mark.parametrize("peer", PEERS)
def test_peers_that_are_installed_say_what_cecalc_says(
    peer: Callable[..., None], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = Data(tmp_path, 1)
    assert status_of(["ce", str(data.json_lines(50, 10, 5)), "-q"]) == 0
    expected = float(capfd.readouterr().out)
    try:
        peer(*map(str, files(data, peer)))
    except ModuleNotFoundError as error:
        pytest.skip(str(error))
    if peer is not polars_scan:
        assert float(capfd.readouterr().out) == pytest.approx(expected, rel=FLOAT32)


def test_more_rows_begin_with_those_of_fewer(tmp_path: Path) -> None:
    few, many = (Data(tmp_path, scale).json_lines(100, 10, 5) for scale in (0.1, 1))
    assert many.read_text().startswith(few.read_text())
    assert len(many.read_text().splitlines()) == 100
