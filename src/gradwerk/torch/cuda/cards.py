"""What PyTorch says of graphics cards, where there are none: questions are answered, and what needs a card is refused by name.

Nothing here changes a number: seeds are taken, memory is 0, and a device is `cpu`.
"""

from __future__ import annotations

from typing import Any, NoReturn

from gradwerk.base.errors import ArgumentTypeError, StateError
from gradwerk.torch.devices import NoDeviceError

# ruff: noqa: FBT001, FBT002  torch's signatures
LIKELY = "device = 'cuda' if torch.cuda.is_available() else 'cpu'"


def refuse() -> NoReturn:
    """Raises: NoDeviceError."""
    raise NoDeviceError("Torch not compiled with CUDA enabled", likely=LIKELY)


def is_available() -> bool:
    """False: there is no CUDA here."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False, of no card."""
    return False


def is_tf32_supported() -> bool:
    """False, of no card."""
    return False


def device_count() -> int:
    """0."""
    return 0


def get_arch_list() -> list[str]:
    """None."""
    return []


def init() -> NoReturn:
    """Raises: NoDeviceError."""
    refuse()


def current_device() -> NoReturn:
    """Raises: NoDeviceError."""
    refuse()


def set_device(device: Any) -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


def synchronize(device: Any = None) -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


def current_stream(device: Any = None) -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


def get_device_name(device: Any = None) -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


def get_device_capability(device: Any = None) -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


def get_device_properties(device: Any = None) -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


def get_rng_state(device: Any = "cuda") -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


def initial_seed() -> NoReturn:
    """Raises: NoDeviceError."""
    refuse()


def ipc_collect() -> NoReturn:
    """Raises: NoDeviceError."""
    refuse()


def manual_seed(seed: int) -> None:
    """Nothing, of no card; `torch.manual_seed` seeds the CPU."""
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Nothing, of no card; `torch.manual_seed` seeds the CPU."""
    int(seed)


def seed() -> None:
    """Nothing, of no card."""


def seed_all() -> None:
    """Nothing, of no card."""


def empty_cache() -> None:
    """Nothing, of no card."""


def memory_allocated(device: Any = None) -> int:  # noqa: ANN401
    """0."""
    return 0


def memory_reserved(device: Any = None) -> int:  # noqa: ANN401
    """0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:  # noqa: ANN401
    """0."""
    return 0


def max_memory_reserved(device: Any = None) -> int:  # noqa: ANN401
    """0."""
    return 0


def reset_peak_memory_stats(device: Any = None) -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


def reset_max_memory_allocated(device: Any = None) -> NoReturn:  # noqa: ANN401
    """Raises: NoDeviceError."""
    refuse()


class device:  # noqa: N801  torch's name
    """A card in a block, as long as it is one of no number.  Raises: NoDeviceError at its beginning for one that is asked for."""

    def __init__(self, device: Any) -> None:  # noqa: ANN401
        self.idx = -1 if device is None else device

    def __enter__(self) -> None:
        if self.idx != -1 and self.idx != "cpu":
            refuse()

    def __exit__(self, *error: object) -> None:
        """Nothing."""


class Stream:
    """Raises: StateError: there are no streams of a card."""

    def __init__(self, device: Any = None, priority: int = 0) -> None:  # noqa: ANN401
        raise StateError("torch.cuda.Stream requires CUDA support", likely=LIKELY)


class Event:
    """Raises: StateError: there are no events of a card."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        raise StateError("torch.cuda.Event requires CUDA support", likely="time.perf_counter() measures the CPU")


class OutOfMemoryError(RuntimeError):
    """That no card has raised here; it can be named in `except`."""


class TensorType(type):
    """The class of torch.cuda.FloatTensor and its kin: none of our Tensors is one of them."""

    def __instancecheck__(cls, instance: object) -> bool:
        return False

    def __call__(cls, *data: Any, **options: Any) -> NoReturn:  # noqa: ANN401
        message = f"type torch.cuda.{cls.__name__} not available. Torch not compiled with CUDA enabled."
        raise ArgumentTypeError(message, likely=f"torch.{cls.__name__}, as torch.cuda.is_available() says")

    def __repr__(cls) -> str:
        return f"<class 'torch.cuda.{cls.__name__}'>"


class FloatTensor(metaclass=TensorType):
    """A type that can be named and compared."""


class DoubleTensor(metaclass=TensorType):
    """A type that can be named and compared."""


class HalfTensor(metaclass=TensorType):
    """A type that can be named and compared."""


class BFloat16Tensor(metaclass=TensorType):
    """A type that can be named and compared."""


class LongTensor(metaclass=TensorType):
    """A type that can be named and compared."""


class IntTensor(metaclass=TensorType):
    """A type that can be named and compared."""


class ShortTensor(metaclass=TensorType):
    """A type that can be named and compared."""


class CharTensor(metaclass=TensorType):
    """A type that can be named and compared."""


class ByteTensor(metaclass=TensorType):
    """A type that can be named and compared."""


class BoolTensor(metaclass=TensorType):
    """A type that can be named and compared."""
