"""The members of a JSON document or an archive: which is what, by the names of columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from cecalc.errors import DataError, excerpt, nearest
from cecalc.input import names as known
from cecalc.input.arrays.windows import ArrayFile
from cecalc.input.files import STANDARD_INPUT
from cecalc.input.glimpses import target_rank
from cecalc.request import LOSS_OPTIONS
from cecalc.terms import Kind

TARGET, IDS, CLASSES, WEIGHT = "target", "ids", "classes", "sample_weight"
KEYS = (*Kind, TARGET, *LOSS_OPTIONS, WEIGHT, CLASSES, IDS)
"""What a member can be."""
_NAMES = {IDS: (*known.IDS, "ids"), CLASSES: known.CLASSES, WEIGHT: known.SAMPLE_WEIGHTS}
_NAMES |= {option: (option,) for option in LOSS_OPTIONS}
"""What members are called, but for values and targets."""


@dataclass(frozen=True)
class Document:
    """One JSON value that is no list of row objects; it is used as an `ArrayFile` is."""

    source: str
    value: Any
    whole: Document | None = None
    """The document, where this is a member of it that was named."""
    what: ClassVar = "key"
    """What messages call a member."""
    notes: ClassVar[tuple[str, ...]] = ()

    @property
    def is_bare(self) -> bool:
        """Whether it has no members."""
        return not isinstance(self.value, dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The members that are not null; the empty name is that of a value without members."""
        members = {"": self.value} if self.is_bare else self.value
        return tuple(name for name, member in members.items() if member is not None)

    def member(self, name: str) -> Document:
        """A member as if it were alone."""
        return Document(f"{self.source}:{name}", self.value[name], self)

    def nested(self, name: str, *, text: bool = False) -> Any:  # noqa: ARG002  # as of arrays
        """A member as it stands."""
        return self.value if self.is_bare else self.value[name]


@dataclass(frozen=True)
class Roles:
    """Names that have a role, and those that have none."""

    found: ArrayFile | Document
    roles: Mapping[str, Sequence[str]]
    """For each of `KEYS` the names that say it."""
    rest: Sequence[str] = ()

    @classmethod
    def of(cls, found: ArrayFile | Document) -> Roles:
        """The names of members by what they say."""
        roles, rest, names = defaultdict[str, list[str]](list), list[str](), found.names
        targets = {names[i] for i in known.targets_among(names, range(len(names)))}
        for name in names:
            role = TARGET if name in targets else _role(name)
            (rest if role is None else roles[role]).append(name)
        return cls(found, roles, rest)

    def __contains__(self, role: str) -> bool:
        return role in self.roles

    def name(self, role: str) -> str:
        """The member of a role; or the only one there is, whatever it is called.

        Raises
        ------
        DataError : there are several, or none
        """
        what, names = self.found.what, self.found.names
        found = self.roles.get(role) or (names if self.found.is_bare else ())
        if not found:
            few = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if names[12:] else "")
            raise DataError(f"no {role}", hint=f"{what}s: {few}").at(source=self.found.source)
        if len(found) > 1:
            beside = list[str]()
            if role in list(Kind):  # where the values are named, the file is no longer given
                beside = [f"!{self.found.source}"]
                beside += [self._way(TARGET, name) for name in self.roles.get(TARGET, ())[:1]]
            raise DataError(
                f"more than one {what} could be the {role}: {', '.join(map(excerpt, found))}",
                hint=f"name it: {self._way(role, found[0]).replace('=', ' ')}",
                ways=tuple((self._way(role, name), *beside) for name in found),
            )
        return found[0]

    def _way(self, role: str, name: str) -> str:
        """The option that names a member for a role."""
        return f"--{role.replace('_', '-')}={self.found.source}:{name}"

    def kind(self, said: Kind | None) -> tuple[Kind, tuple[str, ...]]:
        """Which kind of values is read, and what is worth a word about it and the other members.

        Raises
        ------
        DataError : there is none, or several members are of that kind
        """
        kinds = [kind for kind in Kind if kind in self and said in (None, kind)]
        if not kinds:
            raise self._no_values(said)
        kind, *others = kinds  # logits first
        self.name(kind)
        notes = []
        if others:
            notes.append(f"read the {kind}; the {' and '.join(others)} were left alone")
        if self.rest:
            few = ", ".join(map(excerpt, self.rest[:8])) + (", ..." if self.rest[8:] else "")
            notes.append(f"passed over {few}")
        return kind, tuple(notes)

    def _no_values(self, said: Kind | None) -> DataError:
        expected = "logits, probs or log_probs" if said is None else said
        every = [name for names in (*self.roles.values(), self.rest) for name in names]
        what, values = self.found.what, self._values()
        rule, hint = f"no {expected}", f"{what}s: {', '.join(every)}"
        if len(values) > 1 and all(map(known.kind_of, values)):
            rule = f"more than one {what} could be the values"
        elif self.rest:
            name = (values or self.rest)[0]
            meant = None if known.is_predicted(name) else nearest(name, KEYS)
            rule = f"unknown {what} {excerpt(name)}"
            rule += f"; did you mean {excerpt(meant)}?" if meant else ""
            hint += "; a single row object: --input-format jsonl" if what == "key" else ""
        return DataError(rule, hint=hint, ways=tuple(self._ways()))

    @property
    def _free(self) -> list[str]:
        """The names without a role that are not of what a model has decided."""
        return [name for name in self.rest if not known.is_predicted(name)]

    def _truths(self) -> list[str]:
        """The members that may be the target, the likelier first."""
        ranks = {name: rank for name in self._free if (rank := target_rank(name)) is not None}
        return [*self.roles.get(TARGET, sorted(ranks, key=ranks.__getitem__) or self._free)]

    def _values(self) -> list[str]:
        """The members that may be the values: those whose name says a kind, or may be scores'."""
        others = [name for name in self.rest if target_rank(name) is None]
        for is_it in (known.kind_of, known.is_unclear, self._free.__contains__):
            if found := [name for name in others if is_it(name)]:
                return found
        return self._free

    def _ways(self) -> Iterator[tuple[str, ...]]:
        """The members named, where names do not settle it."""
        if self.found.source == STANDARD_INPUT:  # which is read only once
            return
        gone = f"!{self.found.source}"
        for kind in (Kind.PROBS, Kind.LOGITS, Kind.LOG_PROBS):
            for name in self._values()[:2]:
                said = known.kind_of(name)
                if said is kind or (said is None and kind is not Kind.LOG_PROBS):
                    truths = [each for each in self._truths() if each != name]
                    truths.sort(key=lambda each: each.partition("_")[0] != name.partition("_")[0])
                    for target in truths[:2]:
                        yield gone, self._way(kind, name), self._way(TARGET, target)

    def no_target(self) -> DataError:
        """The error where no member is the target, and none is given beside them."""
        hint = "give one with --target"
        if not self.rest or self.found.source == STANDARD_INPUT:
            return DataError("no target", hint=hint)
        ways = tuple((self._way(TARGET, name),) for name in self._truths())
        hint += f", or name its {self.found.what}: {ways[0][0].replace('=', ' ')}" if ways else ""
        return DataError("no target", hint=hint, ways=ways)


def _role(name: str) -> str | None:
    found = (role for role, names in _NAMES.items() if known.plain(name) in names)
    return next(found, None) or known.alone(name)
