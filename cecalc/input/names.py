"""The names by which columns of tables, and members of documents and archives, are known.

Names decide what a number is, its value may only veto. They compare without case; ``_``, ``-``,
``.`` and a space are the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cecalc.errors import DataError, excerpt
from cecalc.numbers import is_number, write_number
from cecalc.selection import quoted, select
from cecalc.terms import Kind

TARGETS = (
    (
        *("y_true", "true_label", "true_class", "truth", "gold_label", "ground_truth", "gt"),
        *("actual", "actuals", "actual_label", "actual_class"),
        *("correct_answer", "label_id", "label_ids"),
    ),
    ("target", "targets", "label", "labels", "y"),
)
"""What a target is called: the truth by name, else what usually is it."""
IDS = ("id", "row_id", "sample_id", "image_id")
_OF_ROWS = (
    r"(?i:(.*[_\-. ])?(id|ids|idx|index|key|row|nr|number|file|image|img|sample|name))"
    "|.*[a-z]I[dD]|"
)
"""What may name rows, or number them, where it tells them apart."""
SAMPLE_WEIGHTS = ("sample_weight",)
CLASSES = ("classes", "class_names", "label_names")
"""What the names of the classes are called in documents and archives."""
_DERIVED = (
    "margin|gap|diff|difference|entropy|max|min|mean|std|sum|top_?1?|scale|bias|norm|temperature"
)
"""What may be made of the values of all classes, and stand beside them."""
UNCLEAR = (
    "answer|true|gold|(y_)?scores?|(y_)?preds?|y_hat|predictions?|oof|outputs?|confidence"
    "|p_.+|.+_p|p[0-9]+"
)
"""Names that are known, and may mean this or that."""
_PREDICTED = (
    "_?(y_)?pred(ict|icted|iction)?s?(_.+)?|output|.+_pred(iction)?|y_hat|(model|estimated|oof)_.+"
)
"""What a model has predicted is never a target."""
_NEGATIVE = "(^|[^0-9])0$|neg(ative)?$|(^|_)(no|false)$"
"""The end of a name that is of what is not the case."""
_SEPARATOR = r"[_\-. ]"
_BETWEEN = r"[_\-. :=]"
"""What may also stand between what names have in common and the rest of them."""
_WORD = (
    rf"(?P<word>log{_SEPARATOR}?probs?|logits?|probabilit(?:y|ies)|probas?|probs?)"  # longest first
)
_BEFORE = rf"(?P<before>(?:(?:y|oof|test|val|pred|predicted|model|raw){_SEPARATOR})*)"
_ALONE = rf"(?i){_BEFORE}{_WORD}(?P<positive>{_SEPARATOR}(?:1|pos))?"
_CLASS = rf"{_SEPARATOR}+?(?P<cls>-?[0-9.]+|[^_\-. ].*)"
_FIRST = rf"(?i){_BEFORE}{_WORD}(?:{_CLASS}|(?P<number>[0-9]+))"
_LAST = rf"(?i)(?P<cls>.+?){_SEPARATOR}+{_WORD}"
_OF_TARGET = rf"(?i)targets?{_SEPARATOR}(?P<cls>.+)"
_TIDY = r"\.pred_(?!class$)(?P<cls>.+)"


def plain(name: str) -> str:
    """A name as it compares with others.

    >>> plain("True-Label "), plain("sample weight")
    ('true_label', 'sample_weight')
    """
    return re.sub(_SEPARATOR, "_", name.strip().casefold())


@dataclass(frozen=True)
class ClassName:
    """A name that says of which class, and of what kind, the values under it are."""

    kind: Kind
    family: str
    """What the names of the other classes have in common with it."""
    cls: str
    """The class, as it is written there."""
    is_certain: bool = True
    """Whether it is of a class whatever the target looks like."""


def alone(name: str, *, binary: bool = False) -> Kind | None:
    """The kind of the values that stand in one column, or in one member, of this name.

    Parameters
    ----------
    binary : whether ``_1`` and ``_pos`` may stand behind: the positive one of two classes

    >>> alone("oof_proba"), alone("score"), alone("prob_1"), alone("prob_1", binary=True)
    (<Kind.PROBS: 'probs'>, None, None, <Kind.PROBS: 'probs'>)
    """
    match = re.fullmatch(_ALONE, name.strip())
    if match is None or (match["positive"] and not binary):
        return None
    return _kind(match["word"])


def of_class(name: str) -> ClassName | None:
    """The kind and the class of the values in a column that is one of several.

    >>> of_class("predicted_prob_cat").cls, of_class("logit0").cls, of_class("cat_prob").is_certain
    ('cat', '0', False)
    """
    name = name.strip()
    if match := re.fullmatch(_TIDY, name):
        return ClassName(Kind.PROBS, ".pred_*", match["cls"])
    if match := re.fullmatch(_FIRST, name):
        word, cls = plain(match["word"]), match["cls"] or match["number"]
        return ClassName(_kind(word), plain(match["before"] + word) + "_*", cls, word != "logits")
    if match := re.fullmatch(_LAST, name):
        return ClassName(_kind(match["word"]), "*_" + plain(match["word"]), match["cls"], False)
    return None


def kind_of(name: str) -> Kind | None:
    """The kind of values that a name says, alone or with others.

    >>> kind_of("prob_cat"), kind_of("score")
    (<Kind.PROBS: 'probs'>, None)
    """
    if (kind := alone(name, binary=True)) or (found := of_class(name)) is None:
        return kind
    return found.kind


def _kind(word: str) -> Kind:
    word = plain(word)
    if word.startswith("logit"):
        return Kind.LOGITS
    return Kind.LOG_PROBS if word.startswith("log") else Kind.PROBS


def targets_among(names: Sequence[str], among: Iterable[int]) -> tuple[int, ...]:
    """Which of the names may be that of the target: all that the first group names that has one."""
    among = list(among)
    for group in TARGETS:
        if found := tuple(i for i in among if plain(names[i]) in group):
            return found
    return ()


def target_class(name: str) -> str | None:
    """The class whose target a column is that is one of several; None where it is none of those.

    >>> target_class("target_cat"), target_class("target"), target_class("target_pred")
    ('cat', None, None)
    """
    match = re.fullmatch(_OF_TARGET, name.strip())
    return None if match is None or is_predicted(name) else match["cls"]


def in_common(names: Sequence[str]) -> tuple[str, str]:
    """What names begin and end with, up to a separator or to digits; each keeps a character.

    >>> in_common(["pred_a", "pred_b"]), in_common(["p0", "p1"]), in_common(["cat", "car"])
    (('pred_', ''), ('p', ''), ('', ''))
    """
    if len(names) < 2:
        return "", ""
    begin = os.path.commonprefix(names)  # noqa: RUF071  # letters are meant
    while begin and not _is_shared(begin, names):
        begin = begin[:-1]
    rests = [name[len(begin) :] for name in names]
    end = os.path.commonprefix([rest[::-1] for rest in rests])[::-1]  # noqa: RUF071
    while end and (not re.match(_BETWEEN, end) or any(len(r) <= len(end) for r in rests)):
        end = end[1:]
    return begin, end


def rests(names: Sequence[str]) -> list[str]:
    """Names less what they have in common.

    >>> rests(["LABEL_0", "LABEL_1"])
    ['0', '1']
    """
    begin, end = in_common(names)
    return [name[len(begin) : len(name) - len(end)] for name in names]


def _is_shared(begin: str, names: Sequence[str]) -> bool:
    """Whether names fall apart behind this beginning."""
    rests = [name[len(begin) :] for name in names]
    if not all(rests):
        return False
    return re.search(_BETWEEN + r"\Z", begin) is not None or (
        not begin[-1].isdigit() and all(rest[0].isdigit() for rest in rests)
    )


def pattern(names: Sequence[str]) -> str:
    """Several names in a few characters.

    >>> pattern(["prob_a", "prob_b"]), pattern(["a", "b"]), pattern(["y"])
    ('prob_*', 'a, b', 'y')
    """
    if not names:
        return ""
    begin, end = in_common(names)
    if begin or end:
        return f"{begin}*{end}"
    return ", ".join(names) if len(names) < 5 else f"{names[0]}, …, {names[-1]}"


def specification(names: Sequence[str], fields: Sequence[str]) -> str:
    """What an option that names columns says of some of the fields, in their order.

    >>> specification(["p_a", "p_b"], ["p_a", "p_b", "y"]), specification(["p_a"], ["p_a", "p_b"])
    ('p_*', 'p_a')
    """
    begin, end = in_common(names)
    there = [name for name in fields if name.startswith(begin) and name.endswith(end)]
    if (begin or end) and there == list(names) and re.fullmatch(r"[\w.\- :=]*", begin + end):
        return f"{begin}*{end}"
    return ",".join(map(quoted, names))


def numbers(classes: int) -> list[str]:
    """The names of classes that have no other."""
    return [str(i) for i in range(classes)]


def numbered(names: Sequence[str] | None) -> bool:
    """Whether names are just the numbers of the classes, in order."""
    return names is not None and list(names) == numbers(len(names))


def is_unclear(name: str) -> bool:
    """Whether a name is known, but not what it means.

    >>> is_unclear("y_score"), is_unclear("p0"), is_unclear("petal")
    (True, True, False)
    """
    return re.fullmatch(UNCLEAR, plain(name)) is not None


def is_of_rows(name: str) -> bool:
    """Whether a column may name rows, where it tells them apart.

    >>> is_of_rows("PassengerId"), is_of_rows("file_name"), is_of_rows("covid")
    (True, True, False)
    """
    return re.fullmatch(_OF_ROWS, name.strip()) is not None


def is_predicted(name: str) -> bool:
    """Whether a name says that a model has predicted what stands under it."""
    return re.fullmatch(_PREDICTED, plain(name)) is not None


def is_negative(name: str) -> bool:
    """Whether a name ends like that of what is not the case.

    >>> is_negative("non_neg"), is_negative("class_0"), is_negative("p10"), is_negative("piano")
    (True, True, False, False)
    """
    return re.search(_NEGATIVE, plain(name)) is not None


def is_derived(name: str) -> bool:
    """Whether what stands behind the word may be made of the values of all classes.

    >>> is_derived("logit_margin"), is_derived("logit_cat")
    (True, False)
    """
    found = of_class(name)
    return found is not None and re.fullmatch(_DERIVED, plain(found.cls)) is not None


def affixes(name: str) -> Iterator[tuple[str, str]]:
    """What a name may have in common with others: beginnings and ends at separators or digits.

    >>> [*affixes("p_cat")], [*affixes("p12")]
    ([('p_', ''), ('', '_cat')], [('p', '')])
    """
    for match in re.finditer(_BETWEEN, name):
        if 0 < match.start() < len(name) - 1:
            yield name[: match.end()], ""
            yield "", name[match.start() :]
    if before_digits := re.fullmatch(r"(.*[^0-9_\-. ])[0-9]+", name):
        yield before_digits[1], ""


def as_classes(cells: Sequence[Any], names: Sequence[str]) -> list[str]:
    """Targets as the names of their classes, as far as they are indices or names."""
    texts = [write_number(c) if isinstance(c, float) else str(c).strip() for c in cells]
    by_index = {float(index): name for index, name in enumerate(names)}
    return [
        by_index.get(float(text), text) if text not in names and is_number(text) else text
        for text in texts
    ]


def single(
    fields: Sequence[str], text: str | None, option: str, usual: Sequence[str]
) -> int | None:
    """The one column that the user says, else the first of the usual names; None where none is."""
    if text is None:
        found = [i for name in usual for i, field in enumerate(fields) if plain(field) == name]
        return found[0] if found else None
    chosen = select(fields, text, option)
    if len(chosen) > 1:
        raise DataError(f"{option} {text} names {len(chosen)} columns, expected one")
    return chosen[0]


def flags(cells: Sequence[Any]) -> tuple[str, ...]:
    """What texts call 0 and 1 that say false and true; empty where they do not.

    >>> flags(["True", "False"]), flags(["TRUE"]), flags(["1"])
    (('False', 'True'), ('FALSE', 'TRUE'), ())
    """
    texts = {str(cell).strip() for cell in cells if isinstance(cell, (str, bool))} - {""}
    if not texts or not {text.casefold() for text in texts} <= {"true", "false"}:
        return ()
    spelled = next((s for s in (str.title, str.upper) if s(min(texts)) == min(texts)), str.lower)
    return spelled("false"), spelled("true")


def ambiguous(found: Sequence[str], option: str) -> DataError:
    """Each of the columns found could be the one."""
    rule = f"more than one column could be meant: {', '.join(map(excerpt, found))}"
    return DataError(rule, hint=f"name it: {option}")
