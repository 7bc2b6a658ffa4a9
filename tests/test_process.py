"""The process as a shell sees it: what lands where, and the status, for real streams and files."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cecalc import run as flow
from cecalc.process import DEADLY
from tests.faults import FAULTS
from tests.shell import (
    CECALC,
    FOUNDING,
    SIGPIPE,
    InProcess,
    environment,
    settle,
    shell,
    started,
    terminal,
)

HEADER = "logit_a,logit_b,target\n"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A table whose output is larger than any buffer."""
    path = tmp_path / "rows.csv"
    path.write_text(HEADER + "".join(f"{i % 7},{i % 5},a\n" for i in range(20_000)))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


CANNOT = "cecalc: error: cannot write output: "
FULL = f"{CANNOT}No space left on device\n"
CLOSED = f"{CANNOT}standard output is closed\n"
FILE = f"cecalc: error: out.csv: {CANNOT.removeprefix('cecalc: error: ')}"
NO_INPUT = "cecalc: error: standard input is closed\n"


def _of(*numbers: int, of: tuple[str, int, str]) -> Any:
    return pytest.param(*of, marks=pytest.mark.fault(*numbers))


# What the interpreter makes of a stream that is closed or full needs a start.
@pytest.mark.parametrize(
    ("command", "status", "error"),
    [
        _of(1, of=("cecalc ce rows.csv -f csv | head -1", SIGPIPE, "")),
        _of(2, of=(f"cecalc {FOUNDING} | true", SIGPIPE, "")),
        _of(3, of=("cecalc ce rows.csv -f csv > /dev/full", 5, FULL)),
        _of(3, of=("cecalc ce rows.csv -f json > /dev/full", 5, FULL)),
        _of(
            3,
            of=(
                "cecalc ce rows.csv -o /dev/full -f csv",
                5,
                f"cecalc: error: /dev/full{FULL[13:]}",
            ),
        ),
        _of(4, of=(f"cecalc {FOUNDING} -q > /dev/full", 5, FULL)),
        _of(4, of=("cecalc --version > /dev/full", 5, FULL)),
        _of(4, of=("cecalc --help > /dev/full", 5, FULL)),
        _of(5, of=("ulimit -f 64; cecalc ce rows.csv -f csv > x", 5, f"{CANNOT}File too large\n")),
        _of(5, of=("ulimit -f 64; cecalc ce rows.csv -o out.csv", 5, f"{FILE}File too large\n")),
        _of(7, of=(f"cecalc {FOUNDING} >&-", 5, CLOSED)),
        _of(7, of=("cecalc ce rows.csv -q -o out.csv >&-", 5, CLOSED)),
        _of(7, of=(f"cecalc {FOUNDING} -q -o /dev/null -f csv >&-", 5, CLOSED)),
        _of(7, of=(f"cecalc {FOUNDING} -o /dev/null -f csv >&-", 0, "")),
        _of(8, of=(f"cecalc {FOUNDING} 2>&-", 0, "")),
        _of(8, of=("cecalc ce --bogus 2>&-", 2, "")),
        _of(8, of=("cecalc ce none.csv 2>&-", 4, "")),
        _of(8, of=("cecalc ce rows.csv -q > /dev/full 2>&-", 5, "")),
        _of(8, of=("cecalc ce --bogus 2> /dev/full", 2, "")),
        _of(9, of=("cecalc ce <&-", 4, NO_INPUT)),
        _of(9, of=("cecalc ce - <&-", 4, NO_INPUT)),
        _of(9, of=(f"cecalc {FOUNDING} -q <&-", 0, "")),
    ],
)
@pytest.mark.usefixtures("rows")
def test_a_stream_that_fails(command: str, status: int, error: str, tmp_path: Path) -> None:
    found, _, err = shell(command, tmp_path)
    # A short output may reach the pipe before its reader has gone.
    may_end = [(0, "")] if status == SIGPIPE else []
    assert (found, err) in [(status, error), *may_end]
    assert set(names(tmp_path)) <= {"rows.csv", "x", "out.csv"}
    if "&-" in command or "2>" in command:
        found, _, err = shell(command, tmp_path, fresh=True, PYTHONUNBUFFERED="1")
        assert (found, err) == (status, error)


@pytest.mark.fault(7, 8, 9)
def test_no_file_takes_the_place_of_a_closed_stream(tmp_path: Path) -> None:
    command = f"cecalc {FOUNDING} -o out.csv"
    assert shell(command, tmp_path) == (0, "", "")
    whole = (tmp_path / "out.csv").read_bytes()
    assert shell(f"{command} <&- >&- 2>&-", tmp_path) == (0, "", "")
    assert (tmp_path / "out.csv").read_bytes() == whole


@pytest.mark.fault(10)
@pytest.mark.parametrize("command", ["ce", "bce", "softmax", "sigmoid", "explain", "why 0.5"])
def test_at_a_terminal_it_says_what_it_wants(command: str, tmp_path: Path) -> None:
    status, shown = terminal(command.split(), tmp_path, COLUMNS="200", NO_COLOR="1")
    assert status == 2
    first, second = shown.splitlines()
    usage, example = command.replace("0.5", "VALUE"), command.replace("0.5", "0.8166")
    assert first == f"cecalc: error: no input; usage: cecalc {usage} [FILE] [OPTIONS]"
    assert second.startswith(f"cecalc: hint: cecalc {example} --logits ")


@pytest.mark.fault(16, 20)
def test_a_file_appears_complete_or_not_at_all(rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert shell("cecalc ce rows.csv --no-hints -o out.csv", tmp_path) == (0, "", "")
    whole = out.read_text()
    assert len(whole.splitlines()) == 20_001
    rows.write_text(rows.read_text() + "1,2,c\n")
    status, stdout, err = shell("cecalc ce rows.csv -o out.csv", tmp_path)
    assert (status, stdout, out.read_text()) == (3, "", whole)
    assert "written" not in err
    assert names(tmp_path) == ["out.csv", "rows.csv"]


FALLBACK = """
import os
del os.O_TMPFILE
from cecalc.__main__ import main
main()
"""
"""The program where a file cannot be without a name."""


@pytest.mark.fault(11, 14, 16)
@pytest.mark.parametrize("number", DEADLY)
@pytest.mark.parametrize("program", [CECALC, [sys.executable, "-c", FALLBACK]], ids=["", "named"])
def test_a_signal_takes_the_file_along(number: int, program: list[str], tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old")
    stale = ".out.csv.0123456789abcdef"
    (tmp_path / stale).write_text("of an earlier run")
    with subprocess.Popen(
        [*program, "ce", "-o", "out.csv"],
        cwd=tmp_path,
        env=environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as run:
        assert run.stdin and run.stderr
        for _ in range(20):  # more than a pipe holds: it is being read
            run.stdin.write((HEADER if _ == 0 else "").encode() + b"1,2,a\n" * 20_000)
        if program is not CECALC:
            assert len(names(tmp_path)) == 3
        run.send_signal(number)
        assert (run.wait(600), run.stderr.read()) == (-number, b"")
    assert names(tmp_path) == [stale, "out.csv"]
    assert (tmp_path / "out.csv").read_text() == "old"


@pytest.mark.fault(16)
@pytest.mark.parametrize("program", [CECALC, [sys.executable, "-c", FALLBACK]], ids=["", "named"])
def test_a_new_file_has_the_mode_that_the_mask_leaves(program: list[str], tmp_path: Path) -> None:
    command = [*program, *["softmax", "--logits", "1,2", "-o", "p.csv"]]
    for mask, mode in ((0o022, 0o644), (0o027, 0o640), (0o077, 0o600)):
        subprocess.run(command, cwd=tmp_path, env=environment(), umask=mask, check=True)
        path = tmp_path / "p.csv"
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert names(tmp_path) == ["p.csv"]
        path.unlink()


def test_a_symbolic_link_is_followed_and_the_mode_kept(tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "link.csv").symlink_to(real)
    assert shell(f"cecalc {FOUNDING} -o link.csv", tmp_path)[0] == 0
    assert real.read_text().startswith("logit_0,")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert (tmp_path / "link.csv").is_symlink()


@pytest.mark.fault(17)
@pytest.mark.parametrize(
    "command",
    [
        "ce x.csv -o x.csv",
        "ce x.csv -o link.csv",
        "ce 'x*.csv' -o x.csv",
        "ce ./x.csv -o $PWD/x.csv",
        "ce --logits x.csv --target 0 -o x.csv",
    ],
)
def test_the_output_is_no_input(command: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER + "1,2,a\n")
    (tmp_path / "link.csv").symlink_to("x.csv")
    status, out, err = shell(f"cecalc {command}", tmp_path)
    assert (status, out) == (2, "")
    assert re.fullmatch(r"cecalc: error: output '.*' is also an input\n", err)
    assert (tmp_path / "x.csv").read_text() == HEADER + "1,2,a\n"


STDIN = "standard output is the file that standard input is read from"
NAMED = "standard output is '{}', which is also an input"


@pytest.mark.fault(17)
@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("ce x.csv -f csv >> x.csv", NAMED.format("x.csv")),
        ("ce x.csv -q >> x.csv", NAMED.format("x.csv")),
        ("ce x.csv 1<> x.csv", NAMED.format("x.csv")),
        ("ce x.csv -f jsonl >> link.csv", NAMED.format("x.csv")),
        ("ce y.csv x.csv -f csv >> x.csv", NAMED.format("x.csv")),
        ("ce '[x]*.csv' -f csv >> x.csv", NAMED.format("x.csv")),
        ("ce y.csv --target x.csv -f csv >> x.csv", NAMED.format("x.csv")),
        ("ce y.csv --weight x.csv >> x.csv", NAMED.format("x.csv")),
        ("ce y.csv --sample-weight @./x.csv >> x.csv", NAMED.format("./x.csv")),
        ("bce y.csv --pos-weight x.csv >> x.csv", NAMED.format("x.csv")),
        ("softmax --logits x.csv >> x.csv", NAMED.format("x.csv")),
        ("why 0.5 x.csv >> x.csv", NAMED.format("x.csv")),
        ("explain x.csv >> x.csv", NAMED.format("x.csv")),
        ("ce x.csv -q -o z.csv >> x.csv", NAMED.format("x.csv")),
        ("ce < x.csv >> x.csv", STDIN),
        ("ce - -f csv < x.csv >> x.csv", STDIN),
        ("ce y.csv --target - < x.csv >> x.csv", STDIN),
        ("ce -f csv -o x.csv < x.csv", "output 'x.csv' is also an input"),
        ("ce x.csv -f csv -o /dev/stdout >> x.csv", "output '/dev/stdout' is also an input"),
    ],
)
def test_standard_output_is_no_input(command: str, rule: str, tmp_path: Path) -> None:
    for name in ("x.csv", "y.csv"):
        (tmp_path / name).write_text(HEADER + "1,2,a\n")
    (tmp_path / "link.csv").symlink_to("x.csv")
    assert shell(f"cecalc {command}", tmp_path) == (2, "", f"cecalc: error: {rule}\n")
    assert (tmp_path / "x.csv").read_text() == HEADER + "1,2,a\n"
    assert names(tmp_path) == ["link.csv", "x.csv", "y.csv"]


@pytest.mark.parametrize(
    "command",
    [
        "ce x.csv -f csv >> y.csv",
        "ce x.csv -o z.csv >> x.csv",
        "ce x.csv -f csv < y.csv >> y.csv",
        "ce x.csv -q </dev/null >/dev/null",
    ],
)
def test_what_is_not_read_may_be_written(command: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(HEADER + "1,2,a\n")
    (tmp_path / "y.csv").write_text("before\n")
    assert shell(f"cecalc {command}", tmp_path) == (0, "", "")
    assert (tmp_path / "x.csv").read_text() == HEADER + "1,2,a\n"
    assert (tmp_path / "y.csv").read_text().startswith("before\n")


@pytest.mark.fault(18)
@pytest.mark.parametrize("options", ["", "-q", "-f json"])
def test_an_output_that_cannot_be_is_found_before_any_input_is_read(
    options: str, tmp_path: Path
) -> None:
    command = (
        f"(echo line; echo more) | {{ cecalc ce -o x/out.csv {options}; s=$?; cat; exit $s; }}"
    )
    error = "cecalc: error: cannot create x/out.csv: No such file or directory\n"
    assert shell(command, tmp_path) == (5, "line\nmore\n", error)
    assert shell(f"cecalc ce none.csv -o x/out.csv {options}", tmp_path) == (5, "", error)


@pytest.mark.fault(18)
def test_a_read_only_directory(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir(mode=0o555)
    mortal = ""
    if os.geteuid() == 0:  # whom a mode does not stop, unless this is taken away
        mortal = "setpriv --bounding-set=-dac_override,-dac_read_search "
        if shell(f"{mortal} true", tmp_path)[0]:
            pytest.skip("root, and no setpriv")
    found = shell(f"{mortal}cecalc ce none.csv -o x/out.csv", tmp_path, fresh=True)
    assert found == (5, "", "cecalc: error: cannot create x/out.csv: Permission denied\n")


@pytest.mark.fault(19)
def test_dev_stdout_is_standard_output(tmp_path: Path) -> None:
    command = f"{{ echo a; cecalc {FOUNDING} -q -o /dev/stdout -f tsv; echo b; }} > all.txt"
    assert shell(command, tmp_path)[0] == 0
    lines = (tmp_path / "all.txt").read_text().splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("a", "b", 6)


@pytest.mark.fault(19)
def test_a_device_or_a_pipe_is_written_and_not_replaced(tmp_path: Path) -> None:
    _, plain, _ = shell(f"cecalc {FOUNDING} -f csv", tmp_path)
    pipe = f"mkfifo f; cat f & cecalc {FOUNDING} -f csv -o f; s=$?; wait; exit $s"
    assert shell(pipe, tmp_path) == (0, plain, "")
    assert stat.S_ISFIFO((tmp_path / "f").stat().st_mode)
    assert shell(f"cecalc {FOUNDING} -f csv -o /dev/null", tmp_path) == (0, "", "")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
    assert names(tmp_path) == ["f"]


@pytest.mark.fault(19)
@pytest.mark.parametrize("links", [{"x.csv": "x.csv"}, {"x.csv": "b", "b": "c", "c": "x.csv"}])
def test_a_loop_of_links_is_not_replaced(links: dict[str, str], tmp_path: Path) -> None:
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    error = "cecalc: error: cannot create x.csv: Too many levels of symbolic links\n"
    assert shell(f"cecalc {FOUNDING} -o x.csv", tmp_path) == (5, "", error)
    assert {path.name: str(path.readlink()) for path in tmp_path.iterdir()} == links


@pytest.mark.parametrize("form", ["table", "json", "markdown"])
def test_an_error_leaves_nothing_of_a_whole_view(form: str, rows: Path, tmp_path: Path) -> None:
    rows.write_text(rows.read_text() + "1,2,c\n")
    status, stdout, err = shell(f"cecalc ce rows.csv -f {form}", tmp_path)
    assert (status, stdout) == (3, "")
    assert "written" not in err


@pytest.mark.fault(20)
@pytest.mark.parametrize("form", ["csv", "tsv", "jsonl"])
@pytest.mark.parametrize(
    ("last", "hint"),
    [("1,x,a", ""), ("1,nan,a", "cecalc: hint: --nan propagate lets it through\n")],
)
def test_an_error_says_how_many_rows_are_out(
    form: str, last: str, hint: str, tmp_path: Path
) -> None:
    with started(["ce", "-f", form], tmp_path, stdin=subprocess.PIPE, bufsize=0) as run:
        assert run.stdin and run.stdout and run.stderr
        run.stdin.write(HEADER.encode() + b"1,2,a\n2,1,a\n")
        for _ in range(2 + (form != "jsonl")):
            assert run.stdout.readline().endswith(b"\n")
        run.stdin.write(f"3,4,b\n{last}\n".encode())
        out, err = run.communicate()
    assert run.returncode == 3
    assert out.startswith(b"{" if form == "jsonl" else b"3") and out.count(b"\n") == 1
    error = err.decode().removesuffix(hint)
    assert error.startswith("cecalc: error: standard input:5: column 'logit_b' (2): ")
    assert error.endswith("; stopped at row 3; 3 rows written\n")


@pytest.mark.fault(20)
def test_an_error_before_any_row_counts_none(tmp_path: Path) -> None:
    feed = f"printf '{HEADER}1,x,a\\n'".replace("\n", "\\n")
    assert "written" not in shell(f"{feed} | cecalc ce -f csv", tmp_path)[2]


WORD = "xyzzy, of the data"


def _broken(*_: Any) -> Iterator[Any]:
    data = WORD
    raise TypeError(len(data))


@pytest.mark.fault(21, 22)
def test_a_bug_of_ours_is_short_and_a_traceback_shows_no_data(
    monkeypatch: pytest.MonkeyPatch, cecalc: InProcess
) -> None:
    monkeypatch.setattr(flow, "run", _broken)
    error = "cecalc: error: internal error (TypeError)\ncecalc: hint: rerun with --debug\n"
    assert cecalc("ce --logits 1,2 --target 0") == (70, "", error)
    status, out, err = cecalc("ce --logits 1,2 --target 0 --debug")
    assert (status, out) == (70, "") and err.endswith("\nTypeError: 18\n") and WORD not in err


@pytest.mark.fault(23, 24, 25)
@pytest.mark.usefixtures("rows")
def test_data_is_the_same_in_any_environment(tmp_path: Path) -> None:
    plain = shell("cecalc ce rows.csv -f csv", tmp_path)
    for name, value in [("FORCE_COLOR", "1"), ("COLUMNS", "10"), ("LC_ALL", "C"), ("TERM", "dumb")]:
        more: dict[str, Any] = {name: value, "fresh": name == "LC_ALL"}
        assert shell("cecalc ce rows.csv -f csv", tmp_path, **more) == plain
    table = shell(f"cecalc {FOUNDING}", tmp_path)
    assert shell(f"cecalc {FOUNDING}", tmp_path, FORCE_COLOR="1", COLUMNS="10") == table
    assert "\x1b[" in shell(f"cecalc {FOUNDING} --color always", tmp_path)[1]


@pytest.mark.fault(24)
@pytest.mark.parametrize("columns", ["1", "10", "30", "80"])
def test_no_terminal_is_too_narrow_for_a_number(columns: str, tmp_path: Path) -> None:
    command = ["ce", "--logits", "-123456.75,2,-50,-60,-70", "--target", "0"]
    status, shown = terminal(command, tmp_path, COLUMNS=columns, NO_COLOR="1")
    assert status == 0
    assert "-123456.7500" in shown and "123458.7500" in shown and not re.search(r"…\d|\d…", shown)


@pytest.mark.fault(25, 26)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"fresh": True, "LC_ALL": "C", "PYTHONUTF8": "0"},
        {"fresh": True, "LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
    ],
    ids=lambda more: "-".join(more) or "plain",
)
def test_names_are_bytes(more: dict[str, Any], tmp_path: Path) -> None:
    data = HEADER.replace("_a", "_é") + "1,2,é\n"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.csv")).write_text(data, encoding="utf-8")
    status, out, err = shell(r"cecalc ce $'\xff.csv' -f csv", tmp_path, **more)
    assert (status, err) == (0, "")
    assert out.startswith("logit_é,logit_b,target,") and "\n1,2,é,1.31" in out
    source = shell(r"cecalc ce $'\xff.csv' -f json", tmp_path, **more)[1]
    assert '"source": "\udcff.csv"' in source
    status, out, err = shell(r"cecalc ce $'no\xff\x1b.csv'", tmp_path, **more)
    assert (status, out) == (4, "")
    assert err == "cecalc: error: no\\xff\\x1b.csv: No such file or directory\n"


@pytest.mark.parametrize(
    ("command", "error"),
    [
        pytest.param(command, error, marks=pytest.mark.fault(number))
        for number, command, error in [
            (
                27,
                "ce -1.5 2",
                "stray -1: the numbers of a row are one value\nwrite --logits=-1.5,2",
            ),
            (
                27,
                "ce --logits -1.5 2 3",
                "stray '2': the numbers of a row are one value\nwrite --logits=-1.5,2,3",
            ),
            (
                27,
                "softmax 1 2 3",
                "stray '1': the numbers of a row are one value\ntry: cecalc softmax --logits=1,2,3",
            ),
            (
                27,
                "bce --probs .5 .2 --target 0,1",
                (
                    "stray '.2': the numbers of a row are one value\n"
                    "try: cecalc bce --probs=.5,.2 --target=0,1"
                ),
            ),
            (28, "1,5 2", "no command before '1,5'\ntry: cecalc ce --logits=1,5 --target 2"),
            (
                28,
                "ce --logits 1_000,2 --target 0",
                "--logits '1_000,2': cannot read '1_000' as a number",
            ),
            (
                28,
                "ce --logits 1e400,2 --target 0",
                "--logits '1e400,2': '1e400' is outside float64",
            ),
            (
                28,
                "ce --logits 0x1p3,2 --target 0",
                "--logits '0x1p3,2': cannot read '0x1p3' as a number",
            ),
            (
                28,
                "ce --logits ١,2 --target 0",
                "--logits '\\u0661,2': cannot read '\\u0661' as a number",
            ),
            (
                28,
                "ce --logits 1,2 --target 0 --label-smoothing 1_0",
                "--label-smoothing: cannot read '1_0' as a number",
            ),
            (
                28,
                "ce --logits 1,2 --target 0 --ignore-index 1_0",
                "--ignore-index: cannot read '1_0' as a number",
            ),
            (
                28,
                "ce x.csv --max-columns 1_0",
                "--max-columns: cannot read '1_0' as a whole number",
            ),
        ]
    ],
)
def test_numbers_of_the_command_line(command: str, error: str, cecalc: InProcess) -> None:
    status, out, err = cecalc(command)
    rule, _, hint = error.partition("\n")
    hint = hint if not hint or hint.startswith("try: ") else f"hint: {hint}"
    said = f"cecalc: error: {rule}\n" + (f"cecalc: {hint}\n" if hint else "")
    assert (status, out, err) == (2, "", said)


@pytest.mark.fault(5)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_writes_that_take_little_are_repeated(
    form: str, monkeypatch: pytest.MonkeyPatch, cecalc: InProcess
) -> None:
    line = f"ce --logits 1,2;3,4 --target 0,1 -f {form}"
    whole = cecalc(line)
    assert whole.status == 0
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    assert cecalc(line) == whole and len(whole.out) > 100


def test_quiet_beside_a_file(tmp_path: Path) -> None:
    assert shell(f"cecalc {FOUNDING} -q -o out.json", tmp_path) == (0, "1.9789608521490663\n", "")
    assert shell("cecalc softmax --logits 0,0 -q -o p.csv", tmp_path) == (0, "0.5,0.5\n", "")


def test_a_loop_keeps_its_input(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("1,2\n0,0\n")
    loop = 'while read x; do cecalc ce --logits "$x" --target 0 -q; done < rows.txt'
    assert shell(loop, tmp_path)[1] == "1.3132616875182228\n0.6931471805599453\n"


@pytest.mark.fault(11, 14)
@pytest.mark.parametrize("number", DEADLY)
def test_a_signal_is_a_death_by_the_signal(number: int, tmp_path: Path) -> None:
    with started(["ce"], tmp_path, fresh=True, stdin=subprocess.PIPE) as run:
        settle(run)
        run.send_signal(number)
        assert (run.wait(600), *run.communicate()) == (-number, b"", b"")


@pytest.mark.fault(15)
@pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
@pytest.mark.parametrize("program", ["cecalc", f"{sys.executable} named.py"], ids=["", "named"])
def test_a_signal_that_the_parent_ignores(name: str, program: str, tmp_path: Path) -> None:
    (tmp_path / "named.py").write_text(FALLBACK)
    command = (
        f"trap '' {name}; mkfifo f; {program} ce f -o out.csv & p=$!; exec 3> f; kill -{name} $p;"
        f"printf '{HEADER[:-1]}\\n1,2,a\\n' >&3; kill -{name} $p; exec 3>&-; wait $p"
    )
    assert shell(command, tmp_path, fresh=True) == (0, "", "")
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2
    assert names(tmp_path) == ["f", "named.py", "out.csv"]


def test_rows_are_numbered_in_order() -> None:
    numbers = [int(row.rstrip("b")) for row in FAULTS]
    assert numbers == sorted(numbers)
