"""torch.device: there is one, the CPU."""

from __future__ import annotations

from dataclasses import dataclass

from gradwerk.base.errors import ArgumentError


class NoDeviceError(ArgumentError, AssertionError):
    """A graphics card was asked for: an AssertionError in PyTorch."""


@dataclass(frozen=True)
class device:  # noqa: N801  torch's name
    """A place for Tensors.  Raises: NoDeviceError for any but the CPU."""

    type: str = "cpu"
    index: int | None = None

    def __post_init__(self) -> None:
        name = str(self.type)
        object.__setattr__(self, "type", name.partition(":")[0])
        if self.type != "cpu":
            raise NoDeviceError(f"there is no device {name!r}", likely="use 'cpu', as torch.cuda.is_available() says")

    def __repr__(self) -> str:
        return f"device(type={self.type!r})" if self.index is None else f"device(type={self.type!r}, index={self.index})"

    def __str__(self) -> str:
        return self.type


CPU = device()
