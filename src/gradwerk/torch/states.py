"""Settings of the process under torch's names: threads, seeds, determinism, how Tensors are printed."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.base.settings import settings
from gradwerk.runtime.pool import thread_count
from gradwerk.tensor.random import default_generator
from gradwerk.torch import arguments
from gradwerk.torch.creation import manual_seed
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001  torch's signatures
PRECISIONS = ("highest", "high", "medium")
_said: dict[str, Any] = {"deterministic": False, "precision": "highest", "interop": 1}
"""What programs set that changes nothing here, so that they read what they wrote."""


def get_num_threads() -> int:
    """How many threads compute."""
    return thread_count()


def set_num_threads(num: int) -> None:
    """How many threads compute from now on; the bits are the same.  Raises: ArgumentError."""
    number = arguments.whole("set_num_threads", "int", num)
    if number < 1:
        raise ArgumentError("set_num_threads expects a positive integer")
    settings.threads = number


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` was given."""
    return int(_said["interop"])


def set_num_interop_threads(num: int) -> None:
    """Taken, and changes nothing: a step is one program here."""
    _said["interop"] = arguments.whole("set_num_interop_threads", "int", num)


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Taken, and changes nothing: the same numbers come every time."""
    arguments.switch("use_deterministic_algorithms", "warn_only", warn_only)
    _said["deterministic"] = arguments.switch("use_deterministic_algorithms", "mode", mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was given."""
    return bool(_said["deterministic"])


def set_float32_matmul_precision(precision: str) -> None:
    """Taken, and changes nothing: float32 is computed in float32.  Raises: ArgumentError."""
    if precision not in PRECISIONS:
        raise ArgumentError(f"precision is one of {', '.join(PRECISIONS)}, not {precision!r}")
    _said["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was given."""
    return str(_said["precision"])


def set_flush_denormal(mode: bool) -> bool:
    """False: numbers below the normal ones are kept."""
    arguments.switch("set_flush_denormal", "mode", mode)
    return False


def initial_seed() -> int:
    """The seed of the default stream."""
    return int(default_generator().seed.numpy())


def seed() -> int:
    """A seed from the system for the default stream, and that seed."""
    drawn = int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    manual_seed(drawn)
    return drawn


def get_rng_state() -> Tensor:
    """The state of the default stream, as bytes.  Shape: (n,) uint8."""
    return Tensor.of(np.array(default_generator().get_state(), np.uint64).view(np.uint8))


def set_rng_state(new_state: Tensor) -> None:
    """The default stream goes on from a state that `get_rng_state` gave.  Raises: ArgumentError for anything else."""
    words = new_state.numpy().tobytes()
    if len(words) != 16:
        raise ArgumentError("set_rng_state takes what get_rng_state gave", facts=(f"{len(words)} bytes",))
    first, second = np.frombuffer(words, np.uint64)
    default_generator().set_state((int(first), int(second)))
