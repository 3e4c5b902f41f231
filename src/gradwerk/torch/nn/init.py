"""torch.nn.init: fills Tensors in place by the initialisers of `nn.init`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import ParamSpec

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import warn
from gradwerk.nn import init
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.torch import arguments
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.tensors import Tensor

P = ParamSpec("P")
LINEAR = ("linear", *(f"conv{turned}{rank}d" for turned in ("", "_transpose") for rank in (1, 2, 3)))
"""What torch names like activations, and does nothing to a signal's size."""


def _fill(tensor: Tensor, initializer: init.Initializer, generator: Generator | None = None) -> Tensor:
    tensor.assign(dtypes.converted(initializer(tuple(tensor.shape), generator or default_generator()), tensor.dtype))
    return tensor


def _scaled(tensor: Tensor, initializer: init.VarianceScaling, generator: Generator | None) -> Tensor:
    """Raises: ArgumentError for a Tensor that has no inputs and outputs, as a bias has none."""
    if tensor.ndim < 2:
        problem = "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        raise ArgumentError(problem, facts=(f"Tensor {tuple(tensor.shape)}",))
    return _fill(tensor, initializer, generator) if math.prod(tensor.shape) else tensor


def _he(tensor: Tensor, slope: float, mode: init.Fan, nonlinearity: str, shape: init.Distribution, generator: Generator | None) -> Tensor:
    if 0 in tensor.shape:
        warn("Initializing zero-element tensors is a no-op")
        return tensor
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    scale = calculate_gain(nonlinearity, slope) ** 2
    return _scaled(tensor, init.VarianceScaling(scale, mode, shape, in_axis=1, out_axis=0), generator)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return _fill(tensor, init.zeros)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return _fill(tensor, init.ones)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere."""
    number = val.item() if isinstance(val, Tensor) else val
    return _fill(tensor, init.Constant(arguments.number("constant_", "val", number)))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform on [a, b)."""
    a, b = arguments.interval("uniform_", a, b)
    return _fill(tensor, init.Uniform(a, b), generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal."""
    mean, std = arguments.spread("normal_", mean, std)
    return _fill(tensor, init.Normal(mean, std), generator)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Glorot's, times `gain`."""
    return _scaled(tensor, init.VarianceScaling(gain**2, "fan_avg", "uniform", in_axis=1, out_axis=0), generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Glorot's, times `gain`."""
    return _scaled(tensor, init.VarianceScaling(gain**2, "fan_avg", "normal", in_axis=1, out_axis=0), generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0.0, mode: init.Fan = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """He's, for a leaky ReLU of slope `a`."""
    return _he(tensor, a, mode, nonlinearity, "uniform", generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0.0, mode: init.Fan = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """He's, for a leaky ReLU of slope `a`."""
    return _he(tensor, a, mode, nonlinearity, "normal", generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Orthogonal rows or columns."""
    return _fill(tensor, init.Orthogonal(gain), generator)


def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Generator | None = None
) -> Tensor:
    """Normal, between a and b."""
    mean, std = arguments.spread("trunc_normal_", mean, std)
    a, b = arguments.number("trunc_normal_", "a", a), arguments.number("trunc_normal_", "b", b)
    return _fill(tensor, init.Cut(mean, std, a, b), generator)


def eye_(tensor: Tensor) -> Tensor:
    """Ones on the diagonal of a matrix.  Raises: ArgumentError."""
    if tensor.ndim != 2:
        raise ArgumentError("Only tensors with 2 dimensions are supported", facts=(f"Tensor {tuple(tensor.shape)}",))
    return _fill(tensor, init.Identity())


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution that gives its input.  Raises: ArgumentError."""
    if tensor.ndim not in (3, 4, 5):
        raise ArgumentError("Only tensors with 3, 4, or 5 dimensions are supported", facts=(f"Tensor {tuple(tensor.shape)}",))
    if tensor.shape[0] % arguments.whole("dirac_", "groups", groups):
        raise ArgumentError("dim 0 must be divisible by groups", facts=(f"Tensor {tuple(tensor.shape)}, groups {groups}",))
    return _fill(tensor, init.Dirac(groups, in_axis=1, out_axis=0))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal, a share of each column 0.  Raises: ArgumentError."""
    if tensor.ndim != 2:
        raise ArgumentError("Only tensors with 2 dimensions are supported", facts=(f"Tensor {tuple(tensor.shape)}",))
    return _fill(tensor, init.Sparse(arguments.number("sparse_", "sparsity", sparsity), std), generator)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The gain of an activation; `param` is a leaky ReLU's slope, 0.01 unless given.  Raises: ArgumentError."""
    if nonlinearity == "leaky_relu" and (isinstance(param, bool) or not isinstance(param, int | float | None)):
        raise ArgumentError(f"negative_slope {param} not a valid number")
    slope = param if nonlinearity == "leaky_relu" and param is not None else 0.01
    return init.gain("linear" if nonlinearity in LINEAR else nonlinearity, slope)


def _older(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """A function under the name that it had before it said that it works in place: it warns of it, as torch does."""
    name = function.__name__

    @functools.wraps(function)
    def filled(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        warn(f"`nn.init.{name[:-1]}` is now deprecated in favor of `nn.init.{name}`.", FutureWarning)
        return function(*args, **kwargs)

    filled.__name__ = filled.__qualname__ = name[:-1]
    return filled


uniform, normal, constant, eye, dirac = _older(uniform_), _older(normal_), _older(constant_), _older(eye_), _older(dirac_)
xavier_uniform, xavier_normal = _older(xavier_uniform_), _older(xavier_normal_)
kaiming_uniform, kaiming_normal = _older(kaiming_uniform_), _older(kaiming_normal_)
orthogonal, sparse = _older(orthogonal_), _older(sparse_)

__getattr__ = ORIGINAL.module("torch.nn.init", __name__)
