"""Which column is what: by the names people use, or by what the user says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cecalc.errors import DataError, Place, excerpt
from cecalc.input import confidence as predicted
from cecalc.input import names as known
from cecalc.input.glimpses import Head, glimpses
from cecalc.numbers import is_number
from cecalc.request import ColumnChoice, InputRequest
from cecalc.selection import seen, select
from cecalc.terms import Kind, Task


@dataclass(frozen=True)
class Layout:
    """Where in a row things are; positions are 0-based."""

    kind: Kind
    values: tuple[int, ...]
    names: tuple[str, ...]
    """The class name of each value column, as far as columns have names."""
    target: tuple[int, ...]
    """One position for a class index, or one per class."""
    id: int | None
    sample_weight: int | None
    notes: tuple[str, ...] = ()
    binary: tuple[str, ...] = ()
    """What the target of bce calls 0 and 1, where it does so by two names."""
    prediction: int | None = None
    """The class whose probability the one value is, where that is not class 1."""
    alike: tuple[int, ...] = ()
    """Columns that may be the target too, and say the same in the first rows."""

    @property
    def is_single(self) -> bool:
        """Whether a row has one column of values."""
        return len(self.values) == 1

    @property
    def used(self) -> list[int]:
        """Every position that is read, in order."""
        every = (self.id, self.sample_weight, self.prediction, *self.values, *self.target)
        return sorted({i for i in every if i is not None})


@dataclass(frozen=True)
class Wanted:
    """What is looked for in a table."""

    kind: Kind | None = None
    """The kind of value, where it is said; the columns' names say it otherwise."""
    values: bool = True
    target: bool = True
    only: bool = False
    """The table was given to one option: columns without another role belong to that."""


def understand(
    fields: Sequence[str],
    request: InputRequest,
    wanted: Wanted,
    place: Place,
    head: Head,
    *,
    named: bool = True,
) -> Layout:
    """The layout of a table with these column names.

    Parameters
    ----------
    fields : the names of the columns
    request, wanted : what the user says, and what is looked for
    place : where they are written
    head : what the columns hold; looked at where names do not settle it by themselves
    named : whether the fields are names at all, and not just numbers

    Raises
    ------
    DataError : the columns cannot be told for certain, or one that was named is not there
    """
    header = _Header(fields, request, wanted, head, named)
    try:
        return header.layout()
    except DataError as error:
        if named and not wanted.only:
            from cecalc.input.foreign import refuse_long

            refuse_long(fields, head, range(len(fields)), request.task, place.source)
        if named and not error.ways:
            from cecalc.input.suggestions import ways

            values = header.known_values if wanted.values else None
            readings = error.readings if isinstance(error, predicted.OfPrediction) else None
            columns = glimpses(fields, head)
            error.ways = ways(
                columns, request, values=values, target=wanted.target, readings=readings
            )
        raise error.at(source=place.source, line=place.line, row=place.row) from None


@dataclass(frozen=True)
class _Target:
    """The columns that the target may be."""

    each: tuple[int, ...] = ()
    """One of them is of class indices or names."""
    family: tuple[int, ...] = ()
    """All of them together: one column per class."""


@dataclass(frozen=True)
class _Header:
    """The names of columns, and what is said and asked of them."""

    fields: Sequence[str]
    request: InputRequest
    wanted: Wanted
    head: Head
    is_named: bool
    """Whether the fields are names at all."""

    @property
    def choice(self) -> ColumnChoice:
        return self.request.columns

    def layout(self) -> Layout:
        if self.is_named:
            self._refuse_duplicates()
        fields, choice, wanted = self.fields, self.choice, self.wanted
        option = "--id-col" if choice.join is None else "--join"
        identity = known.single(fields, choice.id, option, known.IDS)
        weight = known.single(
            fields, choice.sample_weight_col, "--sample-weight-col", known.SAMPLE_WEIGHTS
        )
        said = choice.confidence_cols if wanted.values else None
        confidence = () if said is None else predicted.score_and_prediction(fields, said)
        rest = [i for i in range(len(fields)) if i not in (identity, weight, *confidence)]
        if not (wanted.values or wanted.target) and weight is None and len(rest) == 1:
            weight = rest[0]
        truth = self._target(rest) if wanted.target else _Target()
        if not wanted.values:
            return Layout(Kind.LOGITS, (), (), self._one(truth, ()), identity, weight)
        if confidence:
            return self._of_prediction(confidence, truth, identity, weight)
        taken = {*truth.each, *truth.family}
        kind, values, notes = self._values([i for i in rest if i not in taken], truth)
        values, names = self._classes(values, truth)
        target = self._one(truth, names)
        self._refuse_missing(target)
        binary = self._binary(values, target)
        names = names if len(values) > 1 else ()
        alike = tuple(i for i in truth.each if i not in target)
        return Layout(kind, values, names, target, identity, weight, notes, binary, alike=alike)

    def _refuse_missing(self, target: tuple[int, ...]) -> None:
        if self.wanted.target and not target and not self.request.target_optional:
            option = "name its column with --target-col, or give one with --target"
            raise DataError("no target", hint=f"{option}; {seen(self.fields)}")

    def _of_prediction(
        self, confidence: tuple[int, ...], truth: _Target, identity: int | None, weight: int | None
    ) -> Layout:
        """The layout where the one value is the probability of the predicted class."""
        score, prediction = confidence
        columns = glimpses(self.fields, self.head, (prediction, *truth.each))
        names = predicted.two_classes(columns, self.request)
        target = self._one(truth, names)
        self._refuse_missing(target)
        binary = names if self.request.task is Task.BCE else ()
        found = Kind.PROBS, (score,), names, target, identity, weight
        return Layout(*found, predicted.doubts(self.fields, self.head, score), binary, prediction)

    @property
    def known_values(self) -> tuple[int, ...]:
        """The columns of the values, where names settle which they are."""
        try:
            return self._values(range(len(self.fields)), _Target())[1]
        except DataError:
            return ()

    def _refuse_duplicates(self) -> None:
        first: dict[str, int] = {}
        for number, name in enumerate(self.fields, 1):
            if name and name in first:
                twice = f"({first[name]} and {number})"
                raise DataError(f"column {excerpt(name)} appears twice {twice}")
            first[name] = number

    def _target(self, rest: Sequence[int]) -> _Target:
        fields, choice = self.fields, self.choice
        if choice.target_cols is not None:
            return _Target(family=select(fields, choice.target_cols, "--target-cols", rest))
        if choice.target_col is not None:
            found = known.single(fields, choice.target_col, "--target-col", ())
            return _Target() if found is None else _Target((found,))
        each = known.targets_among(fields, rest)
        family = tuple(i for i in rest if known.target_class(fields[i]) is not None)
        if not (each or family) and self.wanted.only and not self.wanted.values:
            if self.is_named:
                from cecalc.input.foreign import refuse_id

                refuse_id(glimpses(fields, self.head, rest if len(rest) == 2 else ()))
            return _Target((rest[0],)) if len(rest) == 1 else _Target(family=tuple(rest))
        return _Target(each, family)

    def _values(
        self, rest: Sequence[int], truth: _Target
    ) -> tuple[Kind, tuple[int, ...], tuple[str, ...]]:
        """The kind of the values, their columns, and what is worth a word about them."""
        fields, said = self.fields, self.wanted.kind
        for kind, text in self.choice.values.items():
            chosen = select(fields, text, f"{kind.option}-cols", rest)
            told = self._misnamed(kind, chosen)
            return kind, chosen, () if told is None else (f"{told.rule}?",)
        found = self._by_name(rest, truth)
        if said is not None and said not in found:
            if self.wanted.only and not found and rest:
                return self._every(said, rest)
            hint = f"{said.option}-cols; {seen(fields)}"
            raise DataError(f"no {said} among the columns", hint=hint)
        if not found:
            raise self._no_values(rest)
        kind = said or next(iter(found))  # logits first: what is derived from them stands behind
        if len(found[kind]) > 1:
            raise known.ambiguous(
                [fields[group[0]] for group in found[kind]], f"{kind.option}-cols"
            )
        if told := self._misnamed(kind, found[kind][0]):
            raise told
        names = [fields[i] for i in found[kind][0]]
        if any(map(known.is_derived, names)):
            from cecalc.input.suggestions import refuse_derived

            refuse_derived(names, fields, f"{kind.option}-cols")
        others = [other for other in found if other is not kind] if said is None else []
        note = f"read the {kind} columns; the {' and '.join(others)} columns were left alone"
        return kind, found[kind][0], (note,) if others else ()

    def _by_name(self, rest: Sequence[int], truth: _Target) -> dict[Kind, list[tuple[int, ...]]]:
        """For each kind the columns whose names say it: those of a family, or one alone."""
        families = defaultdict[tuple[Kind, str], list[int]](list)
        alone = dict[int, Kind]()
        for i in rest:
            if kind := known.alone(self.fields[i]):
                alone[i] = kind
            elif name := known.of_class(self.fields[i]):
                families[name.kind, name.family].append(i)
        groups = list[tuple[Kind, tuple[int, ...]]]()
        for (kind, _), group in families.items():
            if len(group) > 1 and self._are_classes(group, truth):
                groups.append((kind, tuple(group)))
            elif len(group) == 1 and self._is_positive(group[0], truth):
                alone[group[0]] = kind
        for (kind, family), group in families.items() if self.request.task is Task.BCE else ():
            if any(known.plain(self.fields[i]).endswith(family[1:]) for i in alone):  # *_prob too
                alone |= dict.fromkeys(group, kind)
        groups += [(kind, (i,)) for i, kind in alone.items()]
        found = {kind: [group for of, group in groups if of is kind] for kind in Kind}
        return {kind: several for kind, several in found.items() if several}

    def _are_classes(self, group: Sequence[int], truth: _Target) -> bool:
        """Whether columns are of classes, where not every such name is of one."""
        found = [known.of_class(self.fields[i]) for i in group]
        classes = [name.cls for name in found if name is not None]
        if all(name is not None and name.is_certain for name in found):
            return True
        texts = [self._texts(i) for i in truth.each]
        return all(map(str.isdigit, classes)) or any(
            t and _alike(t) <= _alike(classes) for t in texts
        )

    def _is_positive(self, i: int, truth: _Target) -> bool:
        """Whether a column is of one of two classes, the other one being what is left."""
        name = known.of_class(self.fields[i])
        is_one_of_two = any(
            name and len(texts) == 2 and _alike([name.cls]) <= _alike(texts)
            for texts in map(self._texts, truth.each)
        )
        return is_one_of_two or known.alone(self.fields[i], binary=True) is not None

    def _texts(self, i: int) -> set[str]:
        """What a column holds in the first rows, where all are texts, and no numbers or lists."""
        cells = [cell for cell in self.head(i) if cell is not None]
        if not all(isinstance(cell, str) for cell in cells):
            return set()
        texts = {cell.strip() for cell in cells} - {""}
        is_other = re.compile(r"true|false|\[.*", re.IGNORECASE | re.DOTALL).fullmatch
        return set() if any(is_number(text) or is_other(text) for text in texts) else texts

    def _misnamed(self, kind: Kind, values: Sequence[int]) -> predicted.OfPrediction | None:
        """That the one column of probabilities is of the predicted class."""
        if kind is not Kind.PROBS or len(values) != 1 or self.wanted.only:
            return None
        return predicted.recognised(self.fields, self.head, self.request, values[0])

    def _no_values(self, rest: Sequence[int]) -> DataError:
        if not self.is_named:
            return DataError("no values", hint="name them with --logits-cols or --probs-cols")
        from cecalc.input.suggestions import no_values

        return no_values(self.fields, self.head, rest, self.request)

    def _every(
        self, kind: Kind, rest: Sequence[int]
    ) -> tuple[Kind, tuple[int, ...], tuple[str, ...]]:
        """All columns as those of a kind, but for what has no name, or that of a target."""
        names = [self.fields[i].strip() if self.is_named else "x" for i in rest]
        truths = known.targets_among(names, range(len(names)))
        values = tuple(i for j, i in enumerate(rest) if names[j] and j not in truths)
        few = ", ".join(excerpt(names[j]) for j in truths)
        return kind, values, (f"passed over {few}",) if few else ()

    def _classes(
        self, values: tuple[int, ...], truth: _Target
    ) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """The value columns in class order, and the names of the classes."""
        classes, fields = self.request.classes, [self.fields[i].strip() for i in values]
        if not self.is_named:
            return values, tuple(classes or ())
        found = [known.of_class(name) for name in fields]
        is_worded = all(name is not None for name in found)
        names = [name.cls for name in found if name is not None] if is_worded else fields
        rests = known.rests(names) if len(values) > 1 else names
        is_counted = all(map(str.isdigit, rests)) and not any(map(is_number, names))
        texts = set[str]().union(*map(self._texts, truth.each))
        if not texts & {*names} and (self.choice.values or (is_counted and not texts)):
            names = rests
        position, numbers = dict(zip(names, values, strict=True)), known.numbers(len(names))
        if position.keys() == set(numbers):
            return tuple(position[number] for number in numbers), tuple(classes or numbers)
        if classes is None:
            return values, tuple(names)
        if len(values) > 1 and is_worded:
            if sorted(classes) != sorted(names):
                said, stated = (", ".join(each[:8]) for each in (classes, names))
                raise DataError(f"--classes names {said}, but the columns name {stated}")
            values = tuple(position[name] for name in classes)
        return values, tuple(classes)

    def _one(self, truth: _Target, names: Sequence[str]) -> tuple[int, ...]:
        """The target's columns: one, or in class order."""
        each, family, fields = truth.each, truth.family, self.fields
        if not each:
            is_matched = family and self.is_named and self.wanted.values
            return self._matched(family, names) if is_matched else family
        if family and sorted(str(known.target_class(fields[i])) for i in family) == sorted(names):
            both = f"both {excerpt(fields[each[0]])} and {excerpt(fields[family[0]])}"
            hint = "name it: --target-col or --target-cols"
            raise DataError(f"{both} could be the target", hint=hint)
        if len(each) > 1:
            read = [known.as_classes(self.head(i), names) for i in each]
            if any(other != read[0] for other in read):
                raise known.ambiguous([fields[i] for i in each], "--target-col")
            each = tuple(sorted(each, key=lambda i: not self._texts(i)))  # names before indices
        return each[:1]

    def _matched(self, target: Sequence[int], names: Sequence[str]) -> tuple[int, ...]:
        """The target's columns in class order: matched by name.

        Where the user has named both the columns of the values and those of the target, and no
        name of the one appears among the other, the two lists pair up as they were given.
        """
        fields = [self.fields[i].strip() for i in target]
        found = [known.target_class(field) for field in fields]
        by_name = dict(zip(known.rests(fields) if None in found else found, target, strict=True))
        missing = [name for name in names if name not in by_name]
        extra = [str(name) for name in by_name if name not in names]
        in_order = self.choice.target_cols and self.choice.values
        if in_order and len(missing) == len(names) == len(target):
            return tuple(target)
        if not (missing or extra):
            return tuple(by_name[name] for name in names)
        fault = f"no target for class {excerpt(missing[0])}" if missing else ""
        fault = fault or f"a target for {excerpt(extra[0])}, which is no class"
        hint = "name both in class order: --logits-cols (or --probs-cols) and --target-cols; "
        rule = f"target columns do not match the classes: {fault}"
        raise DataError(rule, hint=hint + seen(self.fields))

    def _binary(self, values: Sequence[int], target: Sequence[int]) -> tuple[str, ...]:
        """What the one target of bce calls 0 and 1, where it does so by names."""
        if self.request.task is not Task.BCE or len(target) != 1:
            return ()
        if len(values) > 1:
            self._refuse_classes(values, target[0])
            return ()
        name = known.of_class(self.fields[values[0]]) if self.is_named else None
        cls = name and name.cls
        classes = self.request.classes or ()
        if len(classes) == 2:
            if cls == classes[0]:
                raise DataError(
                    f"--classes calls {excerpt(classes[1])} what is 1, "
                    f"column {excerpt(self.fields[values[0]])} is of {excerpt(classes[0])}"
                )
            return tuple(classes)
        texts = sorted(self._texts(target[0]))
        if len(texts) != 2:
            return known.flags(self.head(target[0]))
        is_cls = [text.casefold() == (cls or "").casefold() for text in texts]
        if is_cls.count(True) == 1:
            return tuple(texts if is_cls[1] else texts[::-1])
        from cecalc.input.suggestions import two_names

        raise two_names(self.fields, self.head, texts, (target[0], values[0]))

    def _refuse_classes(self, values: Sequence[int], target: int) -> None:
        """Refuse one class for each row where every value needs a target."""
        (truth,) = glimpses(self.fields, self.head, [target])
        if self._texts(target) or truth.numbers is not None:
            shown = seen([self.fields[i] for i in values])
            raise DataError(
                f"bce needs a target for each value, and column {excerpt(truth.name)} "
                "holds one class for each row",
                hint="a class for each row belongs to ce; one score of several is named by itself; "
                + shown,
            )


def _alike(names: Iterable[str]) -> set[str]:
    """Names as they compare."""
    return {name.casefold() for name in names}
