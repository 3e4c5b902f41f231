"""torch.backends.cudnn: flags that can be set and read, and change nothing: results here are the same each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from gradwerk.torch.absent import ORIGINAL

# ruff: noqa: FBT001, FBT002  torch's flags are attributes of its module
enabled = True
benchmark = False
deterministic = False
benchmark_limit = 10
allow_tf32 = True
fp32_precision = "none"
conv = SimpleNamespace(fp32_precision="tf32")
rnn = SimpleNamespace(fp32_precision="tf32")


def is_available() -> bool:
    """False."""
    return False


def version() -> int | None:
    """None."""
    return None


@contextmanager
def flags(
    enabled: bool = False, benchmark: bool = False, benchmark_limit: int = 10, deterministic: bool = False, allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> Iterator[None]:  # fmt: skip
    """The flags in a block."""
    given = {"enabled": enabled, "benchmark": benchmark, "benchmark_limit": benchmark_limit, "deterministic": deterministic,
             "allow_tf32": allow_tf32, "fp32_precision": fp32_precision}  # fmt: skip
    held = globals()
    before = {name: held[name] for name in given}
    held.update(given)
    try:
        yield
    finally:
        held.update(before)


__getattr__ = ORIGINAL.module("torch.backends.cudnn", __name__)
