"""torch.nn.init: fills Tensors in place by the initialisers of `nn.init`."""

from __future__ import annotations

from gradwerk.base import dtypes
from gradwerk.nn import init
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.tensors import Tensor


def _fill(tensor: Tensor, initializer: init.Initializer, generator: Generator | None = None) -> Tensor:
    tensor.assign(dtypes.converted(initializer(tuple(tensor.shape), generator or default_generator()), tensor.dtype))
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return _fill(tensor, init.zeros)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return _fill(tensor, init.ones)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere."""
    return _fill(tensor, init.Constant(val.item() if isinstance(val, Tensor) else val))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform on [a, b)."""
    return _fill(tensor, init.Uniform(a, b), generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal."""
    return _fill(tensor, init.Normal(mean, std), generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Glorot's, times `gain`."""
    return _fill(tensor, init.VarianceScaling(gain**2, "fan_avg", "uniform", in_axis=1, out_axis=0), generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Glorot's, times `gain`."""
    return _fill(tensor, init.VarianceScaling(gain**2, "fan_avg", "normal", in_axis=1, out_axis=0), generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, mode: init.Fan = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """He's, for a leaky ReLU of slope `a`."""
    return _fill(tensor, init.VarianceScaling(init.gain(nonlinearity, a) ** 2, mode, "uniform", in_axis=1, out_axis=0), generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0.0, mode: init.Fan = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """He's, for a leaky ReLU of slope `a`."""
    return _fill(tensor, init.VarianceScaling(init.gain(nonlinearity, a) ** 2, mode, "normal", in_axis=1, out_axis=0), generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Orthogonal rows or columns."""
    return _fill(tensor, init.Orthogonal(gain), generator)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The gain of an activation; `param` is a leaky ReLU's slope, 0.01 unless given."""
    return init.gain(nonlinearity, 0.01 if param is None else param)

__getattr__ = ORIGINAL.module("torch.nn.init", __name__)
