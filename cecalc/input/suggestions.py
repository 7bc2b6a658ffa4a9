"""What a table whose names do not settle it may be: options that would, the likeliest first."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from cecalc.errors import DataError, Ways, excerpt
from cecalc.input import families
from cecalc.input import names as known
from cecalc.input.confidence import recognised
from cecalc.input.glimpses import COMBINED, OTHERS, Glimpse, Head, glimpses, target_rank
from cecalc.numbers import PERCENTAGES
from cecalc.request import InputRequest
from cecalc.selection import quoted, seen
from cecalc.terms import NEAR, Kind, Task

_DECIDED = 20
"""In how many rows a model is wrong once, at least."""
_MOST = 4
"""How many readings of the values, and of the target, are put together at most."""


@dataclass(frozen=True)
class _Reading:
    """Options, and the columns that they say something of."""

    options: tuple[str, ...] = ()
    columns: tuple[Glimpse, ...] = ()


def no_values(
    fields: Sequence[str], head: Head, rest: Sequence[int], request: InputRequest
) -> DataError:
    """The error for a table of which no column is named as values are.

    `rest` are the columns that have no other role.
    """
    columns, is_bce = glimpses(fields, head), request.task is Task.BCE
    told = recognised(fields, head, request)
    if told and (told.readings or not any(map(families.sums_to_one, families.likely(columns)))):
        return told
    if percent := percentages(columns):
        return percent
    several = [c.name for c in likely_scores(columns) if c.is_certainty]
    if len(several) > 1 and is_bce:
        return known.ambiguous(several, "--probs-cols or --logits-cols")
    left = [c for c in columns if c.position in rest and (c.numbers or c.in_lists)]
    if unclear := [c.name for c in left if known.is_unclear(c.name) and not c.is_hard]:
        name = unclear[0]
        rule = f"column {excerpt(name)} may hold logits or probabilities"
        return DataError(rule, hint=f"say which: --logits-cols {name} or --probs-cols {name}")
    options = "--logits-cols, --probs-cols or --log-probs-cols"
    hint = f"say which with {options}; {seen(fields)}"
    return DataError("no column is named logit_*, prob_* or log_prob_*", hint=hint)


def ways(
    columns: Sequence[Glimpse],
    request: InputRequest,
    *,
    values: Sequence[int] | None,
    target: bool,
    readings: Sequence[tuple[str, ...]] | None = None,
) -> Ways:
    """Options that say which columns are the values and which the target, as far as none does.

    Parameters
    ----------
    columns : all that have a name
    values : the columns of the values, as far as they are known; None where none are looked for
    target : whether a target is looked for
    readings : the options for the values, where they are known
    """
    task = request.task
    group = [column for column in columns if column.position in (values or ())]
    if readings is not None:
        of_values = [_Reading(options) for options in readings]
    elif values is None or request.columns.confidence_cols or (group and task is not Task.BCE):
        of_values = [_Reading((), tuple(group))]
    else:
        of_values = [*_of_values(columns, task, group)]
    of_target = [*_targets(columns, request, is_wanted=target)]
    found = list[tuple[str, ...]]()
    if target and len(files := request.inputs) == 2 and request.target is None:
        found += [(f"!{file}", f"--target={file}") for file in reversed(files)]
    if target and task.is_loss and (pairs := [*_pairs(columns, group)]):
        return tuple(pairs)
    for value, truth in itertools.product(of_values[:_MOST], of_target[:_MOST]):
        found += _settled(value, truth, request)
    return tuple(option for option in found if option)


def _settled(value: _Reading, truth: _Reading, request: InputRequest) -> Iterator[tuple[str, ...]]:
    """Options for both, and for what is open between them: which name is 1, which column first."""
    options, group = (*value.options, *truth.options), value.columns
    target = truth.columns[0] if truth.columns else None
    if target is None or not group:
        yield options
        return
    if truth.options and target_rank(target.name) is None and _is_decided(group, target):
        return
    if request.task is Task.CE and value.options and _runs_against(group, target):
        names = ",".join(quoted(column.name) for column in reversed(group))
        yield (f"{value.options[0].partition('=')[0]}={names}", *options[1:])
    for order in _orders(target, group[0], request):
        yield (*options, *([f"--classes={','.join(order)}"] if order else []))


def _orders(target: Glimpse, score: Glimpse, request: InputRequest) -> Sequence[Sequence[str]]:
    """What a target of bce may call 0 and 1, the likelier first; () where that is open no more."""
    if request.task is not Task.BCE or len(target.classes) != 2 or request.classes is not None:
        return [()]
    if target.classes == {"0", "1"}:
        if not known.is_negative(_class_of(score)):
            return [()]
        is_doubtful = _higher_for(max(target.texts), target, score.numbers or ())
        return [("1", "0"), ()] if is_doubtful else [("1", "0")]
    if target.numbers is not None:
        return [sorted(target.classes, key=float)]
    return orders(sorted(target.classes), target, score)


def orders(names: Sequence[str], target: Glimpse, score: Glimpse) -> list[tuple[str, str]]:
    """What the two names in a target may mean, 0 first: the likelier order, and the other one.

    The score's name tells, by itself; else where the score is the higher.
    """
    a, b = names
    name = f"_{known.plain(score.name)}_"
    if (f"_{known.plain(a)}_" in name) != (f"_{known.plain(b)}_" in name):
        return [(b, a) if f"_{known.plain(a)}_" in name else (a, b)]
    is_turned = _higher_for(a, target, score.numbers or ())
    return [(b, a), (a, b)] if is_turned else [(a, b), (b, a)]


def two_names(
    fields: Sequence[str], head: Head, names: Sequence[str], positions: tuple[int, int]
) -> DataError:
    """The error for one score beside two names, of which nothing says which is 1.

    `positions` are those of the target and of the score.
    """
    truth, score = glimpses([""] * len(fields), head, positions)
    rule = f"column {excerpt(fields[positions[0]])} holds {' and '.join(map(excerpt, names))}"
    return DataError(
        f"{rule}, and nothing says which of them is 1",
        hint="name what is 0, then what is 1, with --classes",
        ways=tuple((f"--classes={a},{b}",) for a, b in orders(names, truth, score)),
    )


def refuse_derived(names: Sequence[str], fields: Sequence[str], option: str) -> None:
    """Refuse columns of a family of which some are called like what is made of the others."""
    others = [name for name in names if known.is_derived(name)]
    classes = [name for name in names if name not in others]
    if len(classes) > 1:
        readings = [known.specification(each, fields) for each in (classes, names)]
        raise DataError(
            f"column {excerpt(others[0])} may be of a class, or made of the others",
            hint=f"name the columns of the classes with {option}",
            ways=tuple((f"{option}={reading}",) for reading in readings),
        )


def _higher_for(one: str, target: Glimpse, numbers: Sequence[float]) -> bool:
    """Whether numbers are the higher, on average, in the rows of one class of two."""
    rows = [*zip(target.texts, numbers, strict=False)]
    ours, theirs = ([n for text, n in rows if (text == one) is wanted] for wanted in (True, False))
    return bool(ours and theirs) and fmean(ours) > fmean(theirs)


def _is_decided(group: Sequence[Glimpse], target: Glimpse) -> bool:
    """Whether a column says of many rows which value is the largest, always: a prediction."""
    rows = [row if len(row) > 1 else (1 / 2, *row) for row in families.rows_of(group)]
    tops = [row.index(max(row)) for row in rows]
    return len(tops) >= _DECIDED and len({*zip(target.texts, tops, strict=False)}) == len({*tops})


def _runs_against(group: Sequence[Glimpse], target: Glimpse) -> bool:
    """Whether targets that are indices fit the columns better in reverse."""
    last = len(group) - 1
    if not target.is_whole or known.numbered([c.name.strip()[-1:] for c in group]):
        return False
    tops = [row.index(max(row)) for row in families.rows_of(group)]
    rows = [*zip(target.numbers or (), tops, strict=False)]
    return sum(t == last - top for t, top in rows) > sum(t == top for t, top in rows)


def _of_values(
    columns: Sequence[Glimpse], task: Task, group: Sequence[Glimpse]
) -> Iterator[_Reading]:
    """The values: columns with a name in common, or one; probabilities where they can be.

    Parameters
    ----------
    group : one of these, where that is known
    """
    if task is Task.BCE or task is Task.SIGMOID:
        if len(group) == 1:
            yield _Reading((), tuple(group))
            return
        is_pair = len(group) == 2 and known.kind_of(group[0].name) is Kind.PROBS
        classes = {_class_of(column) for column in group}
        are_named = any(set() < c.classes <= classes for c in columns if c.numbers is None)
        if group and (are_named or not is_pair):
            yield _Reading(("ce",))
        groups = [[column] for column in likely_scores(group or columns)]
    else:
        groups = [*([column] for column in columns if column.in_lists), *families.likely(columns)]
    for n in range(len(Kind)):  # each as what it likely is, before one as what else it may be
        for each in groups:
            for options in _each_kind(each, columns)[n : n + 1]:
                yield _Reading(options, tuple(each))


def _each_kind(group: Sequence[Glimpse], columns: Sequence[Glimpse]) -> list[tuple[str, ...]]:
    """The options that say of which kind columns are, for each that they may be of."""
    names = known.specification([c.name for c in group], [c.name for c in columns])
    is_near = 0 < families.distance(group) <= NEAR
    clips = {Kind.PROBS: ("--clip=float64",)} if is_near else {}
    found = families.kinds(group)
    return [(f"{kind.option}-cols={names}", *clips.get(kind, ())) for kind in found]


def percentages(columns: Sequence[Glimpse]) -> DataError | None:
    """What is told of scores that run to 100, or are written with a sign; None where none are."""
    if signed := [c.name for c in columns if c.texts and all(t[-1:] == "%" for t in c.texts)]:
        return DataError(f"percentages: {', '.join(map(excerpt, signed))}", hint=PERCENTAGES)
    groups = [*families.by_affix(columns).values(), likely_scores(columns)[:1]]
    scores = (group for group in groups if len(group) > 1 or any(c.is_certainty for c in group))
    found = next(filter(families.are_percent, scores), [])
    divided = ";".join(f"${column.position + 1}/=100" for column in found)
    what = ", ".join(excerpt(column.name) for column in found[:8])
    hint = f"divide them by 100, in a CSV: awk -F, -v OFS=, 'NR>1{{{divided}}}1' FILE > new.csv"
    return DataError(f"percentages, by their numbers: {what}", hint=hint) if found else None


def likely_scores(columns: Sequence[Glimpse]) -> list[Glimpse]:
    """The columns that may each be the scores of bce by themselves, the likeliest first.

    What is called like a feature is none where others are called like scores, and decisions are
    none at all.
    """
    found = [c for c in columns if c.numbers and (known.is_unclear(c.name) or c.is_score)]
    found = [c for c in found if not c.is_hard]
    two = [c.classes for c in columns if c.numbers is None and len(c.classes) == 2]
    of_class = {c.name for c in found if any(_class_of(c) in names for names in two)}
    found = [c for c in found if families.is_output(c) or c.name in of_class] or found
    decisions = [c for c in columns if c.is_hard and known.is_predicted(c.name)]
    return sorted(
        found,
        key=lambda c: (
            *(c.name not in of_class, not c.has(COMBINED)),
            *(not c.is_chance, not c.is_certainty, not any(_decides(c, d) for d in decisions)),
            known.is_negative(c.name),
        ),
    )


def _decides(score: Glimpse, decision: Glimpse) -> bool:
    """Whether decisions are 1 about where a score is above 1/2."""
    pairs = [*zip(score.numbers or (), decision.numbers or (), strict=False)]
    return sum((p > 0.5) == (d == 1) for p, d in pairs) * _DECIDED > len(pairs) * (_DECIDED - 1)


def _class_of(column: Glimpse) -> str:
    """The class that a score is of, by its name."""
    found = known.of_class(column.name)
    return (found and found.cls) or column.name.strip()


def _pairs(columns: Sequence[Glimpse], group: Sequence[Glimpse]) -> Iterator[tuple[str, ...]]:
    """Columns of values, each with a target of its own that is called alike but for a word."""
    names = {column.name: column for column in columns}
    parts = families.by_affix(columns)
    alike = {part: several for part, several in parts.items() if len(several) > 1}
    for (begin, end), values in alike.items():
        rests = [c.name[len(begin) : len(c.name) - len(end)] for c in values]
        for a, b in [*alike, ("", "")]:
            truths = [names[name] for rest in rests if (name := f"{a}{rest}{b}") in names]
            is_named = not (a or b) or all(target_rank(c.name) is not None for c in truths)
            is_hard = all(c.is_hard for c in truths) and not any(c.is_whole for c in values)
            is_whole = len(truths) == len(values) and group in ([], values)
            if is_named and is_hard and is_whole:
                target = known.specification([c.name for c in truths], [*names])
                readings = [()] if group else _each_kind(values, columns)
                yield from ((*options, f"--target-cols={target}") for options in readings)


def _targets(
    columns: Sequence[Glimpse], request: InputRequest, *, is_wanted: bool
) -> Iterator[_Reading]:
    """The target: what is said, or named so; else by words in its name, then by what it holds."""
    choice = request.columns
    if not is_wanted or choice.target_cols is not None:
        yield _Reading()
        return
    names = [column.name for column in columns]
    if choice.target_col is not None:
        yield _Reading((), tuple(column for column in columns if column.name == choice.target_col))
        return
    by_name = known.targets_among(names, range(len(names)))
    if len(by_name) == 1:
        yield _Reading((), (columns[by_name[0]],))
        return
    fitting = [column for column in columns if _may_be_target(column, request.task)]
    ranks = {column: target_rank(column.name) for column in fitting}
    named = [c for c in fitting if ranks[c] == 0 or (ranks[c] and c.classes)]
    named.sort(key=lambda column: ranks[column] or 0)
    others = [c for c in fitting if not (families.is_output(c) or c.has(OTHERS) or c in named)]
    others = [c for c in others if c.is_hard] or others
    named = named or [c for c in fitting if known.plain(c.name) == "output"]
    for column in named or (others if len(others) == 1 else ()):
        yield _Reading((f"--target-col={quoted(column.name)}",), (column,))


def _may_be_target(column: Glimpse, task: Task) -> bool:
    different = set(column.texts)
    if not different or column.in_lists:
        return False
    if task is Task.BCE:
        return column.is_share or len(different) == 2
    is_text = column.numbers is None
    return column.is_whole or (is_text and len(different) <= max(3, len(column.texts) // 2 + 1))
