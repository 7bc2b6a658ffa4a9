"""Arrays in .npy, .npz, .safetensors and .pt files, read a window of their first axis at a time.

Memory stays that of a window, but for .pt, which is held as a whole.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import BinaryIO

from cecalc.errors import DataError, Place
from cecalc.input.arrays import npy, safetensors
from cecalc.input.arrays.stored import as_stored, is_text, not_a, told, widened
from cecalc.input.arrays.windows import StoredWindows, Windows
from cecalc.input.arrays.zip import Archive, open_archive

__all__ = ["ArrayFile", "Container", "Windows", "as_stored", "open_arrays", "sniff", "widened"]


class Container(enum.StrEnum):
    """How arrays are laid out in a file."""

    NPY = "npy"
    NPZ = "npz"
    SAFETENSORS = "safetensors"
    PT = "pt"
    ZIP = "zip"
    """An .npz or a .pt: the names of its members tell which."""


@dataclass(frozen=True)
class ArrayFile:
    """A file of arrays that has been opened; their values are still to be read."""

    names: tuple[str, ...]
    """In the file's order; the empty name is that of an array that is alone and has none."""
    opener: Callable[[str], Windows]
    """Gives an array by its name, at its start; several can be read side by side.

    What is read from a pipe as .npy can be opened once.
    """

    def open(self, name: str, *, text: bool = False) -> Windows:
        """An array by its name, at its start; `text` lets it hold text.

        Raises
        ------
        DataError : it holds something else than real numbers
        """
        array = self.opener(name)
        if not text and is_text(array.dtype):
            assert isinstance(array, StoredWindows)  # no tensor holds text
            raise DataError(f"dtype '{array.dtype}' is not numeric", place=array.place)
        return array


def sniff(head: bytes) -> Container | None:
    r"""What a file is by its first nine bytes or more; None where it holds no arrays.

    >>> sniff(b"\x93NUMPY\x01\x00v"), sniff(b"logit_a,logit_b")
    (<Container.NPY: 'npy'>, None)
    """
    if head.startswith(b"\x93NUMPY"):
        return Container.NPY
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return Container.ZIP
    if safetensors.starts_one(head):
        return Container.SAFETENSORS
    if head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"}:
        return Container.PT  # a pickle, as torch wrote before it wrote zip files
    return None


def open_arrays(
    stream: BinaryIO,
    name: str,
    files: ExitStack,
    *,
    container: Container | None = None,
    max_bytes: int | None = None,
) -> ArrayFile:
    """Open the arrays of a file.

    Parameters
    ----------
    stream : buffered and at its start; a file, a pipe or what decompresses one
    name : what messages call it
    files : closes whatever is opened here; the stream is not closed
    container : what the file says it is, by its suffix; None to look
    max_bytes : how many bytes of data may be read, expanded

    Raises
    ------
    DataError : it is not what it says, or holds something else than arrays of real numbers
    InputError : it ends early, changes while being read, or has a wrong checksum
    LimitError : it has more than `max_bytes`, or needs more than the memory
    """
    with told(Place(source=name)):
        head = stream.peek(16)[:16]  # type: ignore[attr-defined]
    if not head:
        raise DataError("file is empty", place=Place(source=name))
    container = container or sniff(head)
    if container is None:
        raise not_a("NumPy, safetensors or torch", head, Place(source=name))
    if container is Container.NPY:
        array = npy.open_npy(stream, name, files, max_bytes=max_bytes)
        return ArrayFile(("",), lambda _: replace(array))
    if container is Container.SAFETENSORS:
        tensors = safetensors.open_safetensors(stream, name, files, max_bytes=max_bytes)
        found = ArrayFile(tuple(tensors.tensors), tensors.open)
    else:
        if container is not Container.NPZ and sniff(head) is Container.PT:
            hint = "save it anew with torch.save of torch 1.6 or later"
            raise DataError("only plain tensors are read", place=Place(source=name), hint=hint)
        kind = {Container.NPZ: "NumPy .npz", Container.PT: "torch"}.get(container, "zip")
        archive = open_archive(kind, stream, name, files, max_bytes=max_bytes)
        found = _zipped(archive, container)
    if not found.names:
        raise DataError("holds no arrays", place=Place(source=name))
    return found


def _zipped(archive: Archive, container: Container) -> ArrayFile:
    if container is Container.PT or (container is Container.ZIP and not npy.names(archive)):
        from cecalc.input.arrays import torch

        tensors = torch.open_torch(archive)
        return ArrayFile(tensors.names, tensors.open)
    return ArrayFile(npy.names(archive), lambda name: npy.open_member(archive, name))
