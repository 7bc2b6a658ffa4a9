"""Where inputs come from: a plain mutator, Hypothesis, and atheris with its eye on coverage."""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import hypothesis
from hypothesis import strategies as st

from tests.fuzz.damage import DICTIONARY, damaged
from tests.fuzz.session import Session, Tried
from tests.fuzz.targets import Target

_POOL = 500
"""How many inputs that showed something new are kept to go on from, for each way."""
_MINIMISING = 20
"""How many seconds a finding may cost to become smaller."""


def mutated(target: Target, seed: int, news: Callable[[], bool] = bool) -> Iterator[Tried]:
    """Seeds, then damaged seeds, without end; `news` says of the last whether to go on from it."""
    rng = random.Random(seed)
    pools = [list(way.seeds) for way in target.ways]
    for way, pool in enumerate(pools):
        yield from (Tried(way, data, small) for data in list(pool) for small in (False, True))
    while True:
        way = rng.randrange(len(pools))
        pool, seeds = pools[way], target.ways[way].seeds
        start = rng.choice(seeds if rng.random() < 0.7 else pool)
        tried = Tried(way, damaged(rng, start, pool), rng.random() < 0.5)
        yield tried
        if news() and len(tried.data) < 20_000:
            pool.append(tried.data)
            if len(pool) > len(seeds) + _POOL:
                del pool[rng.randrange(len(seeds), len(pool))]


def mutate(session: Session, seconds: float, seed: int) -> None:
    """The plain mutator, which goes on from what made the program say something new."""
    end = time.monotonic() + seconds
    for tried in mutated(session.target, seed, session.tells_new):
        _checked(session, tried)
        if time.monotonic() > end:
            return


def edits(data: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a few spans replaced, such that shrinking leads back to them."""
    piece = st.sampled_from([b"", *DICTIONARY]) | st.binary(max_size=12)
    edit = st.tuples(st.integers(0, len(data)), st.integers(0, 16), piece)

    def edited(changes: list[tuple[int, int, bytes]]) -> bytes:
        found = data
        for at, length, put in changes:
            start = min(at, len(found))
            found = found[:start] + put + found[start + length :]
        return found

    return st.lists(edit, max_size=4).map(edited)


def inputs(target: Target) -> st.SearchStrategy[Tried]:
    """Edited seeds of every way, and bytes from nowhere."""

    def of(way: int) -> st.SearchStrategy[Tried]:
        data = st.sampled_from(target.ways[way].seeds).flatmap(edits)
        return st.builds(Tried, st.just(way), data | st.binary(max_size=60), st.booleans())

    return st.integers(0, len(target.ways) - 1).flatmap(of)


def by_hypothesis(session: Session, seconds: float, seed: int) -> None:
    """Hypothesis, which makes what it finds smaller by itself."""
    end = time.monotonic() + seconds
    options = hypothesis.settings(
        max_examples=500, database=None, deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )  # fmt: skip
    last: list[tuple[Tried, str]] = []

    @options
    @hypothesis.given(inputs(session.target))
    def holds(tried: Tried) -> None:
        fault = None if time.monotonic() > end else session.check(tried)
        if fault is not None and not session.knows(tried, fault):
            last[:] = [(tried, fault)]
            raise AssertionError(fault)

    for round_ in itertools.count(seed):
        last.clear()
        with suppress(AssertionError, hypothesis.errors.Flaky, ExceptionGroup):
            hypothesis.seed(round_)(holds)()
        for tried, fault in last:
            session.note(*smaller(session, tried, fault))
        if time.monotonic() > end:
            return


def by_atheris(session: Session, seconds: float, seed: int) -> None:
    """Atheris: bytes that reach new lines of the program are kept; it does not come back."""
    import atheris

    corpus = session.folder.parent / "corpus"
    corpus.mkdir()
    for i, tried in enumerate(_seeds(session.target)):
        (corpus / str(i)).write_bytes(tried.encoded)
    rng = random.Random(seed)
    pools = [list(way.seeds) for way in session.target.ways]

    def one(data: bytes) -> None:
        _checked(session, Tried.decoded(data, session.target))

    def mutator(data: bytes, most: int, number: int) -> bytes:
        rng.seed(number)
        if rng.random() < 0.5:
            changed: bytes = atheris.Mutate(data, most)
            return changed
        tried = Tried.decoded(data, session.target)
        pool = pools[tried.way]
        fresh = Tried(tried.way, damaged(rng, tried.data, pool), rng.random() < 0.5)
        return fresh.encoded[:most]

    arguments = [
        sys.argv[0], str(corpus), f"-max_total_time={max(1, int(seconds))}", f"-seed={seed + 1}",
        "-max_len=20000", "-rss_limit_mb=0", "-timeout=0", "-verbosity=0", "-print_final_stats=0",
        f"-artifact_prefix={session.folder.parent}/",
    ]  # fmt: skip
    atheris.Setup(arguments, one, custom_mutator=mutator)
    atheris.Fuzz()


def _seeds(target: Target) -> Iterator[Tried]:
    for way, said in enumerate(target.ways):
        for data in said.seeds[:40]:
            yield from (Tried(way, data, small) for small in (False, True))


def _checked(session: Session, tried: Tried) -> None:
    fault = session.check(tried)
    if fault is not None and not session.knows(tried, fault):
        session.note(*smaller(session, tried, fault))


def smaller(session: Session, tried: Tried, fault: str) -> tuple[Tried, str]:
    """The same fault by fewer bytes, as far as leaving parts out leads."""
    kind, span = session.kind(tried, fault), max(1, len(tried.data) // 2)
    end = time.monotonic() + _MINIMISING
    while span and time.monotonic() < end:
        at = 0
        while at < len(tried.data) and time.monotonic() < end:
            fewer = Tried(tried.way, tried.data[:at] + tried.data[at + span :], tried.small)
            told = session.check(fewer)
            if told is not None and session.kind(fewer, told) == kind:
                tried, fault = fewer, told
            else:
                at += span
        span //= 2
    return tried, fault


ENGINES: dict[str, Callable[[Session, float, int], None]] = {
    "mutate": mutate,
    "hypothesis": by_hypothesis,
    "atheris": by_atheris,
}
