"""Compressed bytes come out as they went in, however they are cut, by whom, and in what pieces."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cecalc.cli import status_of
from cecalc.input.bytes import compression
from tests.input.test_file_faults import COMPRESS, FEW

SIZES = st.integers(1, 200)


def read(data: bytes, head: int, size: int, most: int = 2**18) -> bytes:
    """What is read `size` bytes at a time, of a source that gives at most `most` bytes at once."""
    rest = io.BytesIO(data[head:])

    class Source:
        def read(self, size: int, /) -> bytes:
            return rest.read(min(size, most))

    form = compression(data[:head])
    assert form is not None
    opened = form.expanded(data[:head], Source())
    return b"".join(iter(lambda: opened.read(size), b""))


@pytest.mark.parametrize("form", COMPRESS)
@given(
    data=st.binary(max_size=400), head=st.integers(16, 700), size=SIZES, most=st.integers(1, 300)
)
@example(data=bytes(range(256)) * 2, head=700, size=64, most=300)
def test_pieces_of_any_size(form: str, data: bytes, head: int, size: int, most: int) -> None:
    assert read(COMPRESS[form](data), head, size, most) == data


@pytest.mark.parametrize("form", COMPRESS)
@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 127, 128, 129, 564, 4096])
def test_a_piece_that_ends_where_the_data_does(form: str, length: int) -> None:
    text = (b"0.25,1\n0.5,0\n" * 400)[:length]
    packed = COMPRESS[form](text)
    for head, size in itertools.product((64, len(packed)), (1, 64, length or 1)):
        assert read(packed, head, size) == text


@pytest.mark.parametrize("form", ["gz", "bz2", "xz"])
@pytest.mark.parametrize("zeros", [0, 4, 64, 2**18, 2**19 + 4])
@pytest.mark.parametrize("most", [1000, 2**18])
def test_zeros_between_members_are_padding(form: str, zeros: int, most: int) -> None:
    packed = COMPRESS[form](b"one") + bytes(zeros) + COMPRESS[form](b"two") + bytes(zeros)
    assert read(packed, 64, 100, most) == b"onetwo"


CHECKS = [lzma.CHECK_NONE, lzma.CHECK_CRC32, lzma.CHECK_CRC64, lzma.CHECK_SHA256]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("preset", [0, 6, 9 | lzma.PRESET_EXTREME])
def test_xz_of_every_check(check: int, preset: int) -> None:
    text = b"prob,target\n" + b"".join(b"%d.%d,%d\n" % (0, i, i % 2) for i in range(50))
    packed = lzma.compress(text, check=check, preset=preset)
    assert read(packed, 64, 64) == text


@pytest.mark.parametrize("level", [1, 9])
def test_levels(level: int) -> None:
    text = b"prob,target\n" + b"0.5,1\n" * 90
    assert read(gzip.compress(text, level), 64, 64) == text
    assert read(bz2.compress(text, level), 64, 64) == text


FORMS = {"gz": "gzip", "bz2": "bzip2", "xz": "xz", "zst": "zstd"}


@pytest.mark.parametrize(("outer", "inner"), [*itertools.product(FORMS, FORMS)])
def test_what_is_compressed_twice_is_said_to_be(
    outer: str, inner: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"x.csv.{outer}"
    path.write_bytes(COMPRESS[outer](COMPRESS[inner](FEW.encode())))
    assert status_of(["ce", str(path)]) == 3
    out, err = capfd.readouterr()
    rule, hint = err.replace(str(path), "x").splitlines()
    assert (out, rule) == (
        "",
        f"cecalc: error: x: compressed twice ({FORMS[inner]} inside {FORMS[outer]})",
    )
    assert hint == f"cecalc: hint: expand it once before, for example with {FORMS[outer]} -d"
