"""torch.cuda.amp: torch.amp's names for a card that is not there; PyTorch warns of these as deprecated."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.origin import warn
from gradwerk.torch import amp
from gradwerk.torch.absent import ORIGINAL

# ruff: noqa: ANN401, FBT001, FBT002, N801  torch's signatures and names


def _tell(name: str) -> None:
    warn(f"`torch.cuda.amp.{name}(args...)` is deprecated. Please use `torch.amp.{name}('cuda', args...)` instead.", FutureWarning)


class autocast(amp.autocast):
    """`torch.amp.autocast("cuda")`: warns that there is no card, and changes nothing.

    Args:
        enabled: does not warn of that where False.
        dtype: taken.
        cache_enabled: taken.
    """

    def __init__(self, enabled: bool = True, dtype: Any = dtypes.float16, cache_enabled: bool = True) -> None:
        _tell("autocast")
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """`torch.amp.GradScaler("cuda")`: warns that there is no card, and changes nothing.

    Args:
        init_scale: taken.
        growth_factor: taken.
        backoff_factor: taken.
        growth_interval: taken.
        enabled: does not warn of that where False.
    """

    def __init__(
        self, init_scale: float = amp.SCALE, growth_factor: float = 2.0, backoff_factor: float = 0.5, growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:  # fmt: skip
        _tell("GradScaler")
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)


def custom_fwd(fwd: Callable[..., Any] | None = None, *, cast_inputs: Any = None) -> Any:
    """`torch.amp.custom_fwd` of the card."""
    _tell("custom_fwd")
    return functools.partial(amp.custom_fwd, device_type="cuda")(fwd, cast_inputs=cast_inputs)


def custom_bwd(bwd: Callable[..., Any]) -> Any:
    """`torch.amp.custom_bwd` of the card."""
    _tell("custom_bwd")
    return amp.custom_bwd(bwd, device_type="cuda")


__getattr__ = ORIGINAL.module("torch.cuda.amp", __name__)
