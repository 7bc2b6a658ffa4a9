"""Plant faults and see which the tests let through: a long command.

``python -m tests.mutation --sample 500 --seed 1`` needs ``pip install 'cecalc[mutation]'``. It ends
with the score by module and a line for each fault that survived; ``--keep FILE`` writes them all as
JSON lines, and goes on with what is missing from it when it is run again.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.mutation.mutants import Mutant, Place, places
from tests.mutation.places import ROOT, modules, parts_of
from tests.mutation.trial import Trial, tried, warm

Fact = dict[str, Any]


def main() -> int:
    """Run the command; its status is 1 where a module's tests fail as they are."""
    asked = _arguments()
    warm()
    tests_of = {path: tests for path, tests in modules().items() if _is_wanted(path, asked.modules)}
    every = [place for path in tests_of for place in places(path, parts_of(path))]
    chosen = _drawn(every, asked.sample, asked.seed)
    print(f"{len(every)} places in {len(tests_of)} modules, {len(chosen)} faults", flush=True)
    tests = list(dict.fromkeys(test for known in tests_of.values() for test in known[1:]))
    some = next(iter(tests_of))
    sound = tried(some, some.read_text(), tests)
    print(f"{sound.seconds:.1f} CPU seconds for all of the tests on sound code", flush=True)
    if sound.status != "survived":
        print(f"they fail as it is: {sound.by}")
        return 1
    facts = _tried(chosen, tests_of, sound.seconds, asked)
    _summed(facts)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.mutation", description=__doc__)
    parser.add_argument("modules", nargs="*", help="only modules whose path holds one of these")
    parser.add_argument("--sample", type=int, default=500, help="how many faults (500)")
    parser.add_argument("--seed", type=int, default=0, help="which of them (0)")
    parser.add_argument("--jobs", type=int, default=1, help="how many at a time (1)")
    parser.add_argument("--keep", type=Path, help="a file for what was found, to go on from")
    return parser.parse_args()


def _is_wanted(path: Path, names: list[str]) -> bool:
    shown = str(path.relative_to(ROOT))
    return not names or any(name in shown for name in names)


def _drawn(every: list[Place], number: int, seed: int) -> list[Mutant]:
    """So many faults; the same ones for the same seed, and a smaller number is the first of them.

    They are tried in this order, so that a run that is ended has seen a sample too.
    """
    shuffled = random.Random(seed).sample(every, len(every))
    planted = (mutant for place in shuffled if (mutant := place.planted()) is not None)
    return list(itertools.islice(planted, number))


def _tried(
    chosen: list[Mutant],
    tests_of: dict[Path, tuple[str, ...]],
    limit: float,
    asked: argparse.Namespace,
) -> list[Fact]:
    """Every fault and what became of it, those of an earlier run too."""
    known = {}
    if asked.keep is not None and asked.keep.exists():
        earlier = map(json.loads, asked.keep.read_text().splitlines())
        known = {(fact["place"], fact["change"]): fact for fact in earlier}

    def fact_of(mutant: Mutant) -> Fact:
        place = f"{mutant.path.relative_to(ROOT)}:{mutant.line}"
        if (found := known.get((place, mutant.change))) is not None:
            return dict(found)
        tests = tests_of[mutant.path]
        trial: Trial = tried(mutant.path, mutant.text, tests, limit)
        what = {"place": place, "operator": mutant.operator, "change": mutant.change}
        return what | asdict(trial)

    facts = []
    with ThreadPoolExecutor(asked.jobs) as pool:
        for number, fact in enumerate(pool.map(fact_of, chosen), 1):
            facts.append(fact)
            told = f"{number:4d} {fact['status']:8s} {fact['seconds']:5.1f} s  {fact['place']}"
            print(f"{told}  {fact['change']}", flush=True)
            if asked.keep is not None and (fact["place"], fact["change"]) not in known:
                with asked.keep.open("a") as kept:
                    kept.write(json.dumps(fact) + "\n")
    return facts


def _summed(facts: list[Fact]) -> None:
    """The score of each module, and what survived."""
    ends = Counter((fact["place"].partition(":")[0], fact["status"]) for fact in facts)
    print()
    for module in sorted({module for module, _ in ends}):
        killed, survived = ends[module, "killed"], ends[module, "survived"]
        print(f"{killed:4d} of {killed + survived:4d} killed  {module}")
    counted = [fact for fact in facts if fact["status"] != "unfit"]
    killed = sum(fact["status"] == "killed" for fact in counted)
    seconds = sum(fact["seconds"] for fact in facts)
    share = killed / len(counted) if counted else 0.0
    print(f"{killed:4d} of {len(counted):4d} killed, {share:.1%}; {seconds:.0f} CPU seconds")
    for fact in sorted(facts, key=lambda fact: str(fact["place"])):
        if fact["status"] != "killed":
            print(f"{fact['status']}: {fact['place']} {fact['change']} {fact['by']}".rstrip())


if __name__ == "__main__":
    sys.exit(main())
