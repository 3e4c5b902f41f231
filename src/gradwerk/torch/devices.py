"""torch.device: the CPU, and what is registered beside it."""

from __future__ import annotations

from dataclasses import dataclass

from gradwerk.base.errors import ArgumentError
from gradwerk.tensor.devices import Device, found


class NoDeviceError(ArgumentError, AssertionError):
    """A device that is not here, a graphics card: an AssertionError in PyTorch."""


@dataclass(frozen=True)
class device:  # noqa: N801  torch's name
    """A place for Tensors.  Raises: NoDeviceError for one that is not here."""

    type: str = "cpu"
    index: int | None = None

    def __post_init__(self) -> None:
        given = str(self.type)
        name, colon, number = given.partition(":")
        text = given if self.index is None else f"{name}:{self.index}"
        if found(text) is None:
            why = ": Torch not compiled with CUDA enabled" if name == "cuda" else ""
            raise NoDeviceError(f"there is no device {text!r}{why}", likely="use 'cpu', as torch.cuda.is_available() says")
        object.__setattr__(self, "type", name)
        if colon:
            object.__setattr__(self, "index", int(number))

    @property
    def place(self) -> Device:
        """What the core calls it: without a number the first of its kind."""
        place = found(str(self))
        if place is None:
            raise NoDeviceError(f"there is no device {str(self)!r} any more")
        return place

    def __repr__(self) -> str:
        return f"device(type={self.type!r})" if self.index is None else f"device(type={self.type!r}, index={self.index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


CPU = device()


def device_of(place: Device) -> device:
    """torch's name of a place."""
    return CPU if place.index is None else device(place.type, place.index)


def wanted(value: object) -> Device | None:
    """The place that an argument names, by text, as a device or as the number of a graphics card; None for None."""
    if value is None:
        return None
    return (value if isinstance(value, device) else device(str(value))).place
