"""torch.nn.init: fills Tensors in place by the initialisers of `nn.init`."""

from __future__ import annotations

from gradwerk.nn import init
from gradwerk.tensor.random import default_generator
from gradwerk.torch.tensors import Tensor


def _fill(tensor: Tensor, initializer: init.Initializer) -> Tensor:
    tensor.assign(initializer(tuple(tensor.shape), default_generator()).astype(tensor.dtype))
    return tensor


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return _fill(tensor, init.zeros)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return _fill(tensor, init.ones)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere."""
    return _fill(tensor, init.Constant(val))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Uniform on [a, b)."""
    return _fill(tensor, init.Uniform(a, b))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Normal."""
    return _fill(tensor, init.Normal(mean, std))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Glorot's, times `gain`."""
    return _fill(tensor, init.VarianceScaling(gain**2, "fan_avg", "uniform", in_axis=1, out_axis=0))


def xavier_normal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Glorot's, times `gain`."""
    return _fill(tensor, init.VarianceScaling(gain**2, "fan_avg", "normal", in_axis=1, out_axis=0))


def kaiming_uniform_(tensor: Tensor, a: float = 0.0, mode: init.Fan = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """He's, for a leaky ReLU of slope `a`."""
    return _fill(tensor, init.VarianceScaling(init.gain(nonlinearity, a) ** 2, mode, "uniform", in_axis=1, out_axis=0))


def kaiming_normal_(tensor: Tensor, a: float = 0.0, mode: init.Fan = "fan_in", nonlinearity: str = "leaky_relu") -> Tensor:
    """He's, for a leaky ReLU of slope `a`."""
    return _fill(tensor, init.VarianceScaling(init.gain(nonlinearity, a) ** 2, mode, "normal", in_axis=1, out_axis=0))


def orthogonal_(tensor: Tensor, gain: float = 1.0) -> Tensor:
    """Orthogonal rows or columns."""
    return _fill(tensor, init.Orthogonal(gain))


def calculate_gain(nonlinearity: str, param: float = 0.0) -> float:
    """The gain of an activation."""
    return init.gain(nonlinearity, param)
