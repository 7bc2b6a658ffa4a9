"""Amounts of bytes in words, and the refusals that name them."""

from __future__ import annotations

from cecalc.errors import DataError, InputError, LimitError, Place, count

_UNITS = {"EB": 1e18, "PB": 1e15, "TB": 1e12, "GB": 1e9, "MB": 1e6, "kB": 1e3}
_MADE_UP = 1000
"""A header that claims so many times more than there is does not belong to a file cut short."""


def amount(size: int) -> str:
    """A number of bytes, for people.

    >>> amount(16), amount(4 * 10**12)
    ('16 bytes', '4 TB')
    """
    unit = next((unit for unit, scale in _UNITS.items() if size >= scale), None)
    return f"{size / _UNITS[unit]:.3g} {unit}" if unit else count(size, "byte")


def refuse_more(size: int, max_bytes: int | None, place: Place, *, expands: bool = False) -> None:
    """Raise `LimitError` where an input takes more bytes than it may."""
    if max_bytes is not None and size > max_bytes:
        limit = f"--max-bytes {max_bytes}"
        raise LimitError(f"expands past {limit}" if expands else f"more than {limit}", place=place)


def refuse_other_size(
    claimed: int, there: int, place: Place, *, itemsize: int = 1, unit: str = "values"
) -> None:
    """Raise where the data is not as long, in bytes, as its header says.

    Raises
    ------
    InputError : it is shorter
    DataError : it is longer
    """
    if claimed > _MADE_UP * max(there, _MADE_UP):
        claim = f"header claims {amount(claimed)}, file has {amount(there)}"
        raise InputError(claim, place=place)
    if claimed > there:
        raise ends_early(there // itemsize, claimed // itemsize, place, unit)
    if claimed < there:
        raise DataError(f"{count(there - claimed, 'byte')} after the data", place=place)


def ends_early(found: int, of: int, place: Place, unit: str = "values") -> InputError:
    """The error for a file that holds less than it says."""
    return InputError(f"file ends early ({found} of {of} {unit})", place=place)


def out_of_memory(size: int | None, place: Place) -> LimitError:
    """The error for what has no room, of a size as far as that is known."""
    needs = "" if size is None else f" (needs {amount(size)})"
    return LimitError(f"out of memory while reading {place.source}{needs}")
