"""Options of torch that are not here: accepted at what means "nothing special", refused with one clear error otherwise."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ParamSpec, TypeVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.torch.devices import device

P = ParamSpec("P")
R = TypeVar("R")

HINTS = frozenset({
    "dynamic", "foreach", "fullgraph", "fused", "isolate_recompiles", "mode", "name", "non_blocking", "persistent_workers", "pin_memory",
    "prefetch_factor", "recompile_limit",
})  # fmt: skip
"""Options that ask torch for speed and change no result: any value is accepted and means nothing here."""

NOTHING_SPECIAL: Mapping[str, tuple[object, ...]] = MappingProxyType({
    **dict.fromkeys(("amsgrad", "capturable", "ceil_mode", "decoupled_weight_decay", "differentiable", "error_if_nonfinite"), (False,)),
    **dict.fromkeys(("is_grads_batched", "materialize_grads", "maximize", "return_indices", "scale_grad_by_freq", "sparse"), (False,)),
    **dict.fromkeys(("divisor_override", "layout", "max_norm", "memory_format", "out", "padding_idx"), (None,)),
    **dict.fromkeys(("pos_weight", "reduce", "size_average", "weight", "worker_init_fn", "sampler", "batch_sampler"), (None,)),
    **dict.fromkeys(("options", "shapes_spec"), (None,)),
    "backend": (None, "inductor"), "dilation": (1,), "dtype": (None, dtypes.float32), "norm_type": (2.0,), "only_inputs": (True,),
    "proj_size": (0,), "timeout": (0,),
})  # fmt: skip
"""What the other options may be."""


def accepts(*names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The function takes these options of torch too, and refuses them where they would change what it does.  Raises: ArgumentError."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        owner = function.__qualname__.removesuffix(".__init__")

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if kwargs:
                for name in names:
                    if name in kwargs:
                        _check(owner, name, kwargs.pop(name))
            return function(*args, **kwargs)

        return call

    return decorate


def _check(owner: str, name: str, value: object) -> None:
    """Raises: ArgumentError for a value that means something."""
    if name in HINTS:
        return
    if name == "device":
        on_cpu(value)
        return
    plain = isinstance(value, (bool, int, float, str, np.dtype))
    if not any(value is one or (plain and one is not None and value == one) for one in NOTHING_SPECIAL[name]):  # float64 == None to NumPy
        raise ArgumentError(f"{owner}: torch's option {name!r} is not supported here yet", facts=(f"given: {name}={value!r}",))


def on_cpu(place: object) -> None:
    """The CPU, by name, as a device, or None.  Raises: ArgumentError for any other."""
    if place is not None and not isinstance(place, device):
        device(str(place))
