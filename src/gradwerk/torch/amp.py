"""torch.amp: narrow floats where they do no harm, and losses scaled so that their gradients do not vanish in them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.origin import warn
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.state import mode
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.autocasting import get_autocast_dtype, is_autocast_enabled, lowered
from gradwerk.torch.dtypes import asked
from gradwerk.torch.tensors import Tensor

# ruff: noqa: ANN401, FBT001, FBT002, N801  Tensors; torch's signatures and names
KNOWN = ("cpu", "cuda", "ipu", "xpu", "mkldnn", "hip", "xla", "mps", "meta", "hpu", "mtia")
ABSENT = "CUDA is not available or torch_xla is imported. Disabling autocast."
SCALE = 65536.0


def is_autocast_available(device_type: str) -> bool:
    """Whether there is one for a kind of device: the CPU alone."""
    return device_type == "cpu"


class autocast:
    """A block, or a function decorated, in which products and convolutions compute in bfloat16 and losses in float32.

    Recurrent layers compute in the dtype of their input.

    Args:
        device_type: "cpu"; "cuda" warns that there is none, and changes nothing.
        dtype: bfloat16 or float16; another one warns, and changes nothing.
        enabled: changes nothing where False.
        cache_enabled: taken.

    Raises: ArgumentError for what is no kind of device.
    """

    def __init__(self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None) -> None:
        if device_type not in KNOWN:
            raise ArgumentError(f"Expected one of {', '.join(KNOWN)} device type at start of device string: {device_type}")
        self.device, self.cache_enabled = device_type, cache_enabled
        self.fast_dtype = asked("autocast", dtype, get_autocast_dtype(device_type))
        self._enabled = bool(enabled)
        if self._enabled and device_type != "cpu":
            warn(ABSENT)
            self._enabled = False
        elif self._enabled and not dtypes.is_narrow(self.fast_dtype):
            warn("In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                 "CPU Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.")  # fmt: skip
            self._enabled = False
        self._before: list[DType | None] = []

    def __enter__(self) -> autocast:
        self._before.append(mode.narrow)
        if self.device == "cpu":
            mode.narrow = self.fast_dtype if self._enabled else None
        return self

    def __exit__(self, *error: object) -> None:
        mode.narrow = self._before.pop()

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """A function decorated."""

        @functools.wraps(func)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return run


def custom_fwd(fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """A decorator of an autograd.Function's `forward`: with `cast_inputs` it takes its Tensors in that dtype, outside of autocast.

    Args:
        fwd: it; left out, a decorator.
        device_type: "cpu", or another that is absent.
        cast_inputs: a dtype.
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)
    forward = fwd

    @functools.wraps(forward)
    def run(*args: Any, **kwargs: Any) -> Any:
        args[0]._dtype = get_autocast_dtype(device_type)
        args[0]._fwd_used_autocast = is_autocast_enabled(device_type) and cast_inputs is None
        if cast_inputs is None or not is_autocast_enabled(device_type):
            return forward(*args, **kwargs)
        wanted = asked("custom_fwd", cast_inputs, dtypes.float32)
        with autocast(device_type, enabled=False):
            return forward(args[0], *[lowered(x, wanted) for x in args[1:]], **{k: lowered(x, wanted) for k, x in kwargs.items()})

    return run


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """A decorator of an autograd.Function's `backward`: it runs under autocast where its `forward` did.

    Args:
        bwd: it; left out, a decorator.
        device_type: as `custom_fwd` was given.
    """
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)
    backward = bwd

    @functools.wraps(backward)
    def run(*args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, args[0]._dtype, enabled=args[0]._fwd_used_autocast):
            return backward(*args, **kwargs)

    return run


class GradScaler:
    """Scales a loss, takes the scale from gradients again, and passes over a step with gradients that are not finite.

    Args:
        device: "cpu"; "cuda" warns that there is none, and changes nothing.
        init_scale: the first scale.
        growth_factor: by which it grows after `growth_interval` steps with finite gradients.
        backoff_factor: by which it shrinks after one without.
        growth_interval: see there.
        enabled: changes nothing where False.

    Raises: ArgumentError for a growth that is none, and a backoff that is none.
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = SCALE, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        self._enabled = bool(enabled)
        if self._enabled and device != "cpu":
            warn(f"torch.{device}.amp.GradScaler is enabled, but {device.upper()} is not available.  Disabling.")
            self._enabled = False
        if self._enabled and (growth_factor <= 1.0 or backoff_factor >= 1.0):
            problem = "The growth factor must be > 1.0." if growth_factor <= 1.0 else "The backoff factor must be < 1.0."
            raise ArgumentError(problem)
        self._scale, self._growth, self._backoff, self._interval = float(init_scale), growth_factor, backoff_factor, growth_interval
        self._tracker, self._scaled = 0, False
        self._found: dict[int, bool] = {}
        """By optimizer whose gradients were looked at since the last update: whether one was not finite."""
        self._stepped: set[int] = set()

    def is_enabled(self) -> bool:
        """Whether it does anything."""
        return self._enabled

    def scale(self, outputs: Any) -> Any:
        """A loss, or losses in lists, times the scale."""
        if not self._enabled:
            return outputs
        self._scaled = True
        if isinstance(outputs, Tensor):
            return outputs * self._scale
        return type(outputs)(self.scale(one) for one in outputs)

    def unscale_(self, optimizer: Any) -> None:
        """The gradients of an optimizer's parameters over the scale.  Raises: StateError the second time, and without a scaled loss."""
        if not self._enabled:
            return
        self._check("unscale_")
        if id(optimizer) in self._stepped:
            raise StateError("unscale_() is being called after step().")
        if id(optimizer) in self._found:
            raise StateError("unscale_() has already been called on this optimizer since the last update().")
        finite = True
        with no_grad():
            for group in optimizer.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.grad.mul_(1.0 / self._scale)
                        finite = bool(np.isfinite(dtypes.widened(p.grad.contents("unscale_()"))).all()) and finite
        self._found[id(optimizer)] = not finite

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step` where all gradients are finite, unscaled before if they are not; what that gives, else None.

        Raises: StateError for a second step without `update`, for a closure, and without a scaled loss.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise StateError("Closure use is not currently supported if GradScaler is enabled.")
        self._check("step")
        if id(optimizer) in self._stepped:
            raise StateError("step() has already been called since the last update().")
        if id(optimizer) not in self._found:
            self.unscale_(optimizer)
        self._stepped.add(id(optimizer))
        return None if self._found[id(optimizer)] else optimizer.step(*args, **kwargs)

    def _check(self, name: str) -> None:
        if not self._scaled:
            raise StateError(f"Attempted {name} but _scale is None.", likely="scaler.scale(loss).backward() before")

    def update(self, new_scale: Any = None) -> None:
        """After all steps: the scale shrinks where gradients were not finite, and grows after enough steps where they were.

        Args:
            new_scale: the scale from now on, instead.

        Raises: StateError where no gradients were looked at.
        """
        if not self._enabled:
            return
        self._check("update")
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._found:
            raise StateError("No inf checks were recorded prior to update.")
        elif any(self._found.values()):
            self._scale, self._tracker = self._scale * self._backoff, 0
        else:
            self._tracker += 1
            if self._tracker == self._interval:
                self._scale, self._tracker = self._scale * self._growth, 0
        self._found.clear()
        self._stepped.clear()

    def get_scale(self) -> float:
        """The scale."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self) -> float:
        """By which it grows."""
        return self._growth

    def set_growth_factor(self, new_factor: float) -> None:
        """By which it grows from now on."""
        self._growth = new_factor

    def get_backoff_factor(self) -> float:
        """By which it shrinks."""
        return self._backoff

    def set_backoff_factor(self, new_factor: float) -> None:
        """By which it shrinks from now on."""
        self._backoff = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps it grows."""
        return self._interval

    def set_growth_interval(self, new_interval: int) -> None:
        """After how many steps it grows from now on."""
        self._interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """What training goes on with; nothing where it does nothing."""
        if not self._enabled:
            return {}
        return {"scale": self._scale, "growth_factor": self._growth, "backoff_factor": self._backoff, "growth_interval": self._interval,
                "_growth_tracker": self._tracker}  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on with a state.  Raises: ArgumentError for an empty one."""
        if not self._enabled:
            return
        if not state_dict:
            raise ArgumentError("The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler.")
        self._scale, self._growth = state_dict["scale"], state_dict["growth_factor"]
        self._backoff, self._interval = state_dict["backoff_factor"], state_dict["growth_interval"]
        self._tracker = state_dict["_growth_tracker"]


__getattr__ = ORIGINAL.module("torch.amp", __name__)
