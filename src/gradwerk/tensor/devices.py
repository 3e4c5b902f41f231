"""Devices: where the memory of a Storage is.  There is the CPU; others are registered, which today tests do with a simulated one.

A `Kind` of device says how many there are and copies between host memory and its own.  All else is here: what is computed from Tensors
of a device is on it, Tensors of two devices do not meet (but for numbers of no axes on the CPU), and NumPy sees the CPU alone.

Kernels run on the host today, so a kind's memory has to be memory that the host can address.  A device that runs programs of its own adds
its target to `Kind`, for which a back end makes them (compiler/backend.py); nothing above `tensor` will know.  While no kind is registered
an operation pays one look at an empty dict.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, final

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.ir.op import Array

T = TypeVar("T")


@final
@dataclass(frozen=True)
class Device:
    """A place for memory: `cpu`, `sim:0`."""

    type: str = "cpu"
    index: int | None = None

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


CPU = Device()


class Kind(Protocol):
    """A kind of device."""

    @property
    def count(self) -> int:
        """How many there are."""

    def copied_in(self, array: Array, index: int) -> Array:
        """A copy of a dense array of the host in the memory of a device."""

    def copied_out(self, array: Array, index: int) -> Array:
        """A copy of an array of a device in memory of the host."""


KINDS: dict[str, Kind] = {}
"""What is registered besides the CPU."""


@contextmanager
def registered(name: str, kind: Kind) -> Iterator[None]:
    """Has a kind of device inside the block.  Raises: ArgumentError for a name that is taken."""
    if name in KINDS or name == CPU.type:
        raise ArgumentError(f"there is a device {name!r} already")
    KINDS[name] = kind
    try:
        yield
    finally:
        del KINDS[name]


def found(text: str) -> Device | None:
    """The device of a text: `cpu`, `cpu:0`, `sim`, `sim:1`; None where there is none."""
    name, colon, number = text.partition(":")
    if colon and not number.isdecimal():
        return None
    index = int(number) if colon else 0
    if name == CPU.type:
        return CPU if not index else None
    return Device(name, index) if name in KINDS and index < KINDS[name].count else None


def place_of(storage: Any) -> Device:  # noqa: ANN401  a Storage
    """Where a Storage is: what says nothing of it is on the CPU."""
    device: Device = getattr(storage, "place", CPU)
    return device


def together(args: Sequence[Any], storages: Any) -> Device:  # noqa: ANN401  the class of Tensors
    """The one device of an operation's Tensors.  Raises: ArgumentError where there are two."""
    device: Device | None = None
    for a in args:
        if isinstance(a, storages):
            place = place_of(a._storage)
            if place is device or (place is CPU and not a._type.shape):
                continue
            if device is not None and place != device:
                first, second = sorted((device, place), key=lambda one: (one.type != CPU.type, str(one)))
                raise ArgumentError(
                    f"Expected all tensors to be on the same device, but found at least two devices, {first} and {second}!",
                    likely=f"move one of them: x.to({str(second)!r}), or x.cpu()",
                )
            device = place
    return CPU if device is None else device


def set_place(tensors: Sequence[Any], device: Device) -> None:
    """Says that what was computed is on a device."""
    if device is not CPU:
        for tensor in tensors:
            tensor._storage.place = device


def like(made: T, other: Any) -> T:  # noqa: ANN401  Tensors
    """Says that one Tensor is where another is."""
    if KINDS:
        set_place((made,), place_of(other._storage))
    return made


def refuse_elsewhere(tensor: Any) -> None:  # noqa: ANN401  a Tensor
    """Raises: ArgumentTypeError for a Tensor that NumPy cannot see."""
    if KINDS and (device := place_of(tensor._storage)) is not CPU:
        message = f"can't convert {device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
        raise ArgumentTypeError(message)


def copied_to(array: Array, before: Device, after: Device) -> Array:
    """The contents of a dense array of one device in the memory of another."""
    host = array if before is CPU else KINDS[before.type].copied_out(array, before.index or 0)
    return host if after is CPU else KINDS[after.type].copied_in(host, after.index or 0)
