"""torch's .pt: one tensor or a dictionary of them, and no code.

The file is read as a whole: its pickle says where the values of a tensor are, and torch alone may
interpret that, with `weights_only`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from cecalc.errors import DataError, LimitError, Place
from cecalc.input import files
from cecalc.input.arrays.stored import BFLOAT16, PIECE, amount, out_of_memory
from cecalc.input.arrays.windows import HeldWindows
from cecalc.input.arrays.zip import Archive, short

_DTYPES = (
    *("float64", "float32", "float16", "bfloat16"),
    *("int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool"),
)
ONLY_TENSORS = "only plain tensors are read"


@dataclass(frozen=True)
class TorchTensors:
    """What a file held; the name of a tensor alone is empty."""

    name: str
    entries: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tensors; other entries of the dictionary have none."""
        import torch

        return tuple(key for key, entry in self.entries.items() if isinstance(entry, torch.Tensor))

    def open(self, entry: str) -> HeldWindows:
        """A tensor by its name.

        Raises
        ------
        DataError : it is no tensor of real numbers, or one that is not stored as such
        LimitError : it repeats its stored values
        """
        import torch

        place = Place(source=f"{self.name}: entry {short(entry)}" if entry else self.name)
        tensor = self.entries[entry]
        if not isinstance(tensor, torch.Tensor):
            raise DataError("not a tensor", place=place)
        if tensor.layout is not torch.strided or tensor.is_nested:
            raise DataError("sparse and nested tensors are not read", place=place)
        if tensor.is_meta:
            raise DataError("a tensor on the meta device has no values", place=place)
        dtype = str(tensor.dtype).removeprefix("torch.")
        if dtype not in _DTYPES:
            hint = f"these are: {', '.join(_DTYPES)}"
            raise DataError(f"dtype {dtype} is not read", place=place, hint=hint)
        claimed, there = tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()
        if claimed > there:
            claim = f"tensor of {amount(claimed)} repeats {amount(there)} of values"
            raise LimitError(claim, place=place, hint="save it with .contiguous()")
        values = tensor.detach().resolve_neg()
        values = values.view(torch.uint16) if dtype == BFLOAT16 else values
        return HeldWindows(tuple(tensor.shape), dtype, values.numpy())


def is_torch(archive: Archive) -> bool:
    """Whether a zip file is laid out as torch does."""
    return any(PurePosixPath(member).name == "data.pkl" for member in archive.members)


def open_torch(archive: Archive) -> TorchTensors:
    """The tensors of a file.

    Raises
    ------
    DataError : it holds anything but tensors, or is no torch file
    InputError : it has a wrong checksum, or changed while being read
    LimitError : it expands past --max-bytes, or past the memory
    """
    place = Place(source=archive.name)
    if not is_torch(archive):
        raise DataError("not a torch file (a zip without data.pkl)", place=place)
    size = sum(info.file_size for info in archive.members.values())
    if size > files.room():
        raise out_of_memory(size, place)
    _check_sums(archive)
    found = _loaded(archive.stream, place, archive.expanded)
    archive.plain.check()
    return TorchTensors(archive.name, found)


def _check_sums(archive: Archive) -> None:
    """Compare every member's checksum, which torch does not."""
    for name, info in archive.members.items():
        member = archive.member(name)
        while info.CRC and member.read(PIECE):  # 0 where torch was told to compute none
            pass


def _loaded(stream: BinaryIO, place: Place, size: int) -> Mapping[str, Any]:
    import torch

    stream.seek(0)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            found = torch.load(stream, map_location="cpu", weights_only=True)
    except MemoryError:
        raise out_of_memory(size, place) from None
    except Exception as error:  # noqa: BLE001  # a broken pickle can make torch raise anything
        if "allocate memory" in str(error):
            raise out_of_memory(size, place) from None
        raise DataError(ONLY_TENSORS, place=place) from None
    if isinstance(found, torch.Tensor):
        return {"": found}
    if not isinstance(found, dict):
        raise DataError(ONLY_TENSORS, place=place)
    return {key: entry for key, entry in found.items() if isinstance(key, str)}
