"""Numbers that stand alone on a command line: what was meant by them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cecalc.errors import UsageError
from cecalc.numbers import is_number
from cecalc.terms import Kind

ONE_VALUE = "the numbers of a row are one value"
_TARGET = "--target"
_OPTIONS = (*(kind.option for kind in Kind), _TARGET)


class StrayNumbers(UsageError):
    """Numbers that belong to an option, and stand beside it or alone."""


def are_numbers(text: str) -> bool:
    """Whether a text is a number, or several with commas between."""
    return all(map(is_number, text.split(",")))


def settled(error: StrayNumbers, arguments: Sequence[str]) -> StrayNumbers:
    """The error with the command that was meant, and how its numbers are written."""
    command, *rest = arguments
    read = [*_read(rest)]
    texts = {option: [text for of, text, _ in read if of == option] for option in _OPTIONS}
    loose = [text for option, text, _ in read if not option]
    rows = [text for text in loose if "," in text]
    single = [text for text in loose if "," not in text]
    kind = next((kind.option for kind in Kind if texts[kind.option]), Kind.LOGITS.option)
    if command == "bce" and len(rows) > 1 and not (single or texts[_TARGET]):
        single = [rows.pop()]
    if not (rows or texts[kind]):
        rows, single = single, []
    texts[kind] += rows
    texts[_TARGET] += single
    words = [f"{option}={_joined(every)}" for option, every in texts.items() if every]
    error.ways = ((*(f"!{text}" for _, text, is_stray in read if is_stray), *words),)
    error.hint = f"write {' '.join(words)}"
    return error


def _read(arguments: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Numbers, the option they stand behind, and whether they do not belong to it as they stand."""
    option, is_next = "", False
    for argument in arguments:
        if are_numbers(argument):
            if option in _OPTIONS or not is_next:
                yield option if option in _OPTIONS else "", argument, not is_next
        elif argument.startswith("-"):
            option, sign, value = argument.partition("=")
            if sign and option in _OPTIONS and are_numbers(value):
                yield option, value, False
            is_next = not sign
            continue
        else:
            option = option if is_next else ""
        is_next = False


def _joined(texts: Sequence[str]) -> str:
    """Rows, or the numbers of one."""
    return (";" if any("," in text for text in texts) else ",").join(texts)
