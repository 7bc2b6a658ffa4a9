"""NumPy or torch, and the device. This file and the reader of torch's files alone name torch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import Any, TypeVar

import numpy as np

from cecalc import process
from cecalc.errors import LimitError, UsageError
from cecalc.model import Floats
from cecalc.request import Arithmetic
from cecalc.terms import BackendName, Dtype

Array = Any


GPU_VALUES = 2**16
"""From how many values in the first batch on --device auto looks for a GPU."""


class Backend:
    """Puts arrays where the arithmetic happens, and brings results back. This one is NumPy."""

    name: str = BackendName.NUMPY
    version = np.__version__
    dtype = Dtype.FLOAT64
    device = "cpu"
    piece = 2**17
    """How many values are worked on at once, to stay in the cache."""
    out_of_memory: tuple[type[Exception], ...] = ()
    """What is raised where a piece is too large for the device."""

    def array(self, array: Any) -> Array:
        """A NumPy array as one of the backend's own: float64, or integers as they are."""
        return array.astype(np.float64, copy=False) if array.dtype.kind == "f" else array

    def numpy(self, array: Array) -> Any:
        """An array of the backend's as a NumPy array."""
        return array

    def of(self, function: Callable[..., Array], *arrays: Floats | None) -> Floats:
        """A function of arrays, computed here; what is not given stays None."""
        there = (None if array is None else self.array(array) for array in arrays)
        found: Floats = self.numpy(function(*there))
        return found

    def working(self) -> AbstractContextManager[Any]:
        """What a thread works under."""
        return nullcontext()

    def forget(self) -> None:
        """Give back what is kept for later."""

    def transferred(self) -> float:
        """For how many seconds this thread has handed arrays over since it was last asked."""
        return 0.0

    @property
    def label(self) -> str:
        """What computed the number, for people."""
        number = ".".join(self.version.split("+")[0].split(".")[:2])
        return f"{self.name} {number} · {self.dtype} · {self.device}"


class TorchBackend(Backend):
    """The arithmetic on torch, in float64."""

    def __init__(self, device: str) -> None:
        import torch

        self.torch, self.version = torch, torch.__version__
        self.name = BackendName.TORCH
        self.device = device
        self._own = threading.local()
        if device == "cpu":
            torch.set_num_threads(1)  # each worker has a core of its own already
            return
        self.piece = 2**24
        self.out_of_memory = (torch.OutOfMemoryError,)

    def array(self, array: Any) -> Array:
        """A NumPy array as a tensor on the device, where it is widened to float64."""
        tensor = self._moved(self.torch.asarray(np.require(array, requirements="W")))
        return tensor.to(self.torch.float64) if tensor.is_floating_point() else tensor

    def numpy(self, array: Array) -> Any:
        """A tensor as a NumPy array."""
        return array.cpu().numpy()

    def working(self) -> AbstractContextManager[Any]:
        """A stream of its own for each thread: while one computes, another one copies."""
        if not self.device.startswith("cuda"):
            return nullcontext()
        if not hasattr(self._own, "stream"):
            self._own.stream = self.torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        context: AbstractContextManager[Any] = self.torch.cuda.stream(self._own.stream)
        return context

    def forget(self) -> None:
        """Give memory of the device back that torch keeps for later."""
        self.torch.cuda.empty_cache()

    def _moved(self, tensor: Array) -> Array:
        """The tensor on the device; from pinned memory the copy runs beside the computing."""
        if self.device == "cpu":
            return tensor
        start = time.perf_counter()
        if self.device.startswith("cuda"):
            tensor = tensor.pin_memory()
        moved = tensor.to(self.device, non_blocking=True)
        self._own.seconds = getattr(self._own, "seconds", 0.0) + time.perf_counter() - start
        return moved

    def transferred(self) -> float:
        """For how long arrays were pinned and handed over; the copy itself runs beside the rest."""
        seconds: float = getattr(self._own, "seconds", 0.0)
        self._own.seconds = 0.0
        return seconds


class RoundedBackend(TorchBackend):
    """Torch's own losses in a smaller dtype, so that they round as torch does."""

    def __init__(self, device: str, dtype: Dtype) -> None:
        super().__init__(device)
        self.dtype = dtype
        self.torch_dtype = getattr(self.torch, dtype)

    def array(self, array: Any) -> Array:
        """A NumPy array as a tensor of the dtype; integers stay as they are."""
        if array.dtype.kind != "f":
            return super().array(array)
        # Rounded on the host: mps has no float64.
        host = self.torch.asarray(np.require(array, requirements=["C", "W"]))
        return self._moved(host.to(self.torch_dtype))

    def numpy(self, array: Array) -> Any:
        """A tensor as a NumPy array of float64."""
        return array.cpu().to(self.torch.float64).numpy()

    def functional(self, name: str, *arrays: Floats, **options: Any) -> Floats:
        """A function of `torch.nn.functional`; options that are arrays are rounded too."""
        rounded = {k: self.array(v) for k, v in options.items() if isinstance(v, np.ndarray)}
        function = partial(getattr(self.torch.nn.functional, name), **options | rounded)
        return self.of(function, *arrays)


def choose(choice: Arithmetic, *, values: int) -> Backend:
    """The backend for a choice that does not contradict itself.

    Parameters
    ----------
    values : how many values the first batch holds

    Raises
    ------
    UsageError : the device is not there
    """
    device, is_rounded = choice.device, choice.dtype is not Dtype.FLOAT64
    is_of_torch = is_rounded or choice.backend is BackendName.TORCH
    if device == "auto":
        pays = values >= GPU_VALUES and choice.backend is not BackendName.NUMPY
        device = "cpu"
        with suppress(ImportError, OSError):  # no torch, no GPU
            device = "cuda" if pays and "cuda:0" in available_devices() else "cpu"
    if device != "cpu" or is_of_torch:
        what = f"--device {device}" if device != "cpu" else "--dtype or --backend torch"
        hint = "pip install torch, or leave it out"
        with process.needing("torch", UsageError(what, hint=hint)):
            import torch  # noqa: F401
    if device != "cpu":
        there = available_devices()
        if device not in there and not (device == "cuda" and "cuda:0" in there):
            raise UsageError(f"--device {device} is not here; there is: {', '.join(there)}")
    if is_rounded:
        return RoundedBackend(device, choice.dtype)
    if is_of_torch or device != "cpu":
        return TorchBackend(device)
    return Backend()


def available_devices() -> list[str]:
    """The devices torch finds on this machine, by the names --device takes."""
    import torch

    cuda = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


T = TypeVar("T", bound=tuple[Any, ...])


def in_pieces(compute: Callable[..., T], arrays: Sequence[Any], backend: Backend) -> T:
    """`compute` of the arrays, some rows at a time; what it returns is put together again.

    Where the device has no room for that many rows, half as many are tried.

    Parameters
    ----------
    compute : takes as many arrays as are given, returns a named tuple of arrays
    arrays : each of shape (N, …), the first one of shape (N, C), or None

    Raises
    ------
    LimitError : the device has no room for a single row
    """
    size, width = arrays[0].shape
    rows, start, pieces = max(1, backend.piece // width), 0, []
    while start < size:
        try:
            piece = slice(start, start + rows)
            pieces.append(compute(*(None if array is None else array[piece] for array in arrays)))
        except backend.out_of_memory:
            if rows == 1:
                raise LimitError(f"out of memory on {backend.device} for one row") from None
            backend.forget()
            rows = (min(rows, size) + 1) // 2
            continue
        start += rows
    if len(pieces) == 1:
        return pieces[0]
    return type(pieces[0])(*map(np.concatenate, zip(*pieces, strict=True)))
