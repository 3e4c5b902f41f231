"""torch.Generator."""

from __future__ import annotations

from gradwerk.tensor import random
from gradwerk.torch.options import on_cpu


class Streams(type):
    """The class of Generator: every stream is one, that of `manual_seed` too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, random.Generator)


class Generator(random.Generator, metaclass=Streams):
    """A stream of random numbers on the CPU, where every draw begins; `manual_seed` seeds it, which else is 0.

    Raises: ArgumentError, NoDeviceError for another device.
    """

    def __init__(self, device: object = "cpu") -> None:
        on_cpu(device)
        super().__init__()
