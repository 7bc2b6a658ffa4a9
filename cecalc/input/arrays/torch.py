"""torch's .pt: one tensor or a dictionary of them, and no code.

The file is read as a whole: its pickle says where the values of a tensor are, and torch alone may
interpret that, with `weights_only`.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from cecalc.errors import DataError, InputError, LimitError, Place
from cecalc.input import files
from cecalc.input.arrays.dtypes import BFLOAT16, numeric
from cecalc.input.arrays.npy import arrays_in
from cecalc.input.arrays.stored import PIECE, amount, out_of_memory
from cecalc.input.arrays.windows import ArrayFile, HeldWindows
from cecalc.input.arrays.zip import Archive, open_archive, short
from cecalc.input.files import Files, Opened
from cecalc.process import needing
from cecalc.terms import InputFormat

_PICKLE = b"\x80"
"""What a pickle begins with, which torch wrote before it wrote zip files."""
_ONLY_TENSORS = "only plain tensors are read"


def open_zip(form: InputFormat, opened: Opened, files: Files, max_bytes: int | None) -> ArrayFile:
    """The arrays of an .npz or the tensors of a .pt; where neither is said, members' names tell.

    What comes from a pipe is copied to a temporary file first.

    Raises
    ------
    DataError, InputError, LimitError : as `open_archive` and `tensors_in`
    """
    if opened.head.startswith(_PICKLE):
        hint = "save it anew with torch.save of torch 1.6 or later"
        raise DataError(_ONLY_TENSORS, place=opened.place, hint=hint)
    archive = open_archive(opened, files, max_bytes)
    arrays = arrays_in(archive)
    has_arrays = arrays.names and form is not InputFormat.PT
    return arrays if has_arrays or form is InputFormat.NPZ else tensors_in(archive)


def tensors_in(archive: Archive) -> ArrayFile:
    """The tensors of a zip file; the name of a tensor alone is empty.

    Raises
    ------
    DataError : it holds anything but tensors, or is no torch file
    InputError : it has a wrong checksum, or changed while being read
    LimitError : it expands past --max-bytes, or past the memory
    """
    place = Place(source=archive.name)
    hint = "pip install torch, or save it as .npy or .safetensors"
    with needing("torch", InputError("a .pt file", place=place, hint=hint)):
        import torch
    if not any(PurePosixPath(member).name == "data.pkl" for member in archive.members):
        raise DataError("not a torch file (a zip without data.pkl)", place=place)
    size = sum(info.file_size for info in archive.members.values())
    if size > files.room():
        raise out_of_memory(size, place)
    for name, info in archive.members.items():
        member = archive.member(name)
        while info.CRC and member.read(PIECE):  # 0 where torch was told to compute none
            pass  # torch itself does not compare checksums
    found = _loaded(archive.stream, place, archive.expanded)
    archive.plain.check()
    names = tuple(key for key, entry in found.items() if isinstance(entry, torch.Tensor))
    return ArrayFile(archive.name, names, lambda name: _windows(found[name], archive.name, name))


def _windows(tensor: Any, source: str, name: str) -> HeldWindows:
    """A tensor, as far as it is of real numbers that are stored as such."""
    import torch

    place = Place(source=f"{source}: entry {short(name)}" if name else source)
    is_bfloat16 = tensor.dtype is torch.bfloat16
    try:
        there, values = tensor.untyped_storage().nbytes(), tensor.detach().resolve_neg()
        array = (values.view(torch.uint16) if is_bfloat16 else values).numpy()
    except (TypeError, RuntimeError):
        kinds = f"{tensor.dtype}, {tensor.layout}, device {tensor.device}".replace("torch.", "")
        hint = "plain ones are: .to_dense() and .float() make one"
        raise DataError(f"a tensor of {kinds} is not read", place=place, hint=hint) from None
    if array.nbytes > there:
        claim = f"tensor of {amount(array.nbytes)} repeats {amount(there)} of values"
        raise LimitError(claim, place=place, hint="save it with .contiguous()")
    return HeldWindows.of(array, BFLOAT16 if is_bfloat16 else numeric(array.dtype, place), place)


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
        raise DataError(_ONLY_TENSORS, place=place) from None
    if isinstance(found, torch.Tensor):
        return {"": found}
    if not isinstance(found, dict):
        raise DataError(_ONLY_TENSORS, place=place)
    return {key: entry for key, entry in found.items() if isinstance(key, str)}
