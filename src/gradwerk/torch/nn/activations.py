"""torch.nn.functional's activations: torch's names and options over `gradwerk.ops.activations`."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.ops import activations, functions, movement
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.torch import arguments
from gradwerk.torch.defaults import default_float
from gradwerk.torch.dtypes import asked
from gradwerk.torch.functions import implicit_axis
from gradwerk.torch.nn import checks
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


def activated(name: str, function: Callable[[Any], Any], input: Tensor, *, inplace: bool = False) -> Tensor:
    """The function of a Tensor, or in place."""
    arguments.tensor(name, input)
    return input.rewrite(function) if inplace else function(input)


def _of_floats(name: str, function: Callable[[Any], Any], input: Tensor, *, inplace: bool = False) -> Tensor:
    """`activated`, of floats alone.  Raises: DTypeError."""
    arguments.tensor(name, input)
    checks.floating(name, input.dtype)
    return activated(name, function, input, inplace=inplace)


def _in_floats(name: str, input: Tensor) -> Tensor:
    """The Tensor, whole numbers as float32."""
    arguments.tensor(name, input)
    return input if dtypes.is_float(input.dtype) else cast(input, default_float())


@as_recorded()
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, else alpha (e**x - 1)."""
    number = arguments.number("elu", "alpha", alpha)
    return _of_floats("elu", lambda x: activations.elu(x, number), input, inplace=inplace)


@as_recorded()
def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x above 0, else alpha (e**(x / alpha) - 1).  Raises: ArgumentError for an alpha of 0."""
    number = arguments.number("celu", "alpha", alpha)
    if not number:
        raise ArgumentError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _of_floats("celu", lambda x: activations.celu(x, number), input, inplace=inplace)


@as_recorded()
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """elu of alpha 1.673, times 1.051."""
    return _of_floats("selu", activations.selu, input, inplace=inplace)


@as_recorded()
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x)."""
    return _of_floats("silu", activations.silu, input, inplace=inplace)


@as_recorded()
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x tanh(log(1 + e**x))."""
    return _of_floats("mish", activations.mish, input, inplace=inplace)


@as_recorded()
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x above 0, else negative_slope * x."""
    number = arguments.number("leaky_relu", "negative_slope", negative_slope)
    return _of_floats("leaky_relu", lambda x: activations.leaky_relu(x, number), input, inplace=inplace)


@as_recorded()
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """(x + 3) / 6 held between 0 and 1."""
    return _of_floats("hardsigmoid", activations.hard_sigmoid, input, inplace=inplace)


@as_recorded()
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x times (x + 3) / 6 held between 0 and 1."""
    return _of_floats("hardswish", activations.hard_swish, input, inplace=inplace)


@as_recorded()
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x held between two bounds, of no gradient there.  Raises: ArgumentError where they are exchanged, DTypeError for bool."""
    low, high = (arguments.number("hardtanh", name, value) for name, value in (("min_val", min_val), ("max_val", max_val)))
    if low > high:
        raise ArgumentError("min_val cannot be greater than max_val", facts=(f"min_val {low}, max_val {high}",))
    return _of_numbers("hardtanh", activations.hard_tanh, input, (low, high), inplace=inplace)


@as_recorded()
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """x held between 0 and 6."""
    return _of_numbers("relu6", activations.hard_tanh, input, (0, 6), inplace=inplace)


@as_recorded()
def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x above the threshold, else a value."""
    return thresholded(input, threshold, value, inplace=inplace)


def thresholded(input: Tensor, limit: float, value: float, *, inplace: bool) -> Tensor:
    """`threshold`, one of whose arguments has its name."""
    numbers = (arguments.number("threshold", name, number) for name, number in (("threshold", limit), ("value", value)))
    return _of_numbers("threshold", activations.threshold, input, tuple(numbers), inplace=inplace)


def _of_numbers(name: str, function: Callable[..., Any], input: Tensor, numbers: tuple[float, ...], *, inplace: bool) -> Tensor:
    """A function of a Tensor and of numbers, which take its dtype.  Raises: DTypeError for bool."""
    arguments.tensor(name, input)
    if dtypes.is_bool(input.dtype):
        raise DTypeError(f"{name}(): not implemented for 'Bool'", likely="use .float()")
    held = [arguments.filling(number, input.dtype) for number in numbers]
    return activated(name, lambda x: function(x, *held), input, inplace=inplace)


@as_recorded()
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| is above lambd, else 0."""
    number = arguments.number("hardshrink", "lambd", lambd)
    return _of_floats("hardshrink", lambda x: activations.hard_shrink(x, number), input)


@as_recorded()
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved toward 0 by lambd, or 0.  Raises: ArgumentError for a negative lambd."""
    width = arguments.number("softshrink", "lambd", lambd)
    if not width >= 0:
        raise ArgumentError(f"lambda must be greater or equal to 0, but found to be {width}.")
    return _of_floats("softshrink", lambda x: activations.soft_shrink(x, width), input)


@as_recorded()
def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x); of whole numbers in float32."""
    return activated("tanhshrink", activations.tanh_shrink, _in_floats("tanhshrink", input))


@as_recorded()
def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|); of whole numbers in float32."""
    return activated("softsign", activations.softsign, _in_floats("softsign", input))


@as_recorded()
def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + e**-x))."""
    return _of_floats("logsigmoid", activations.log_sigmoid, input)


@as_recorded()
def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + e**(beta x)) / beta; x where beta x is above the threshold."""
    rate, limit = arguments.number("softplus", "beta", beta), arguments.number("softplus", "threshold", threshold)
    return _of_floats("softplus", lambda x: activations.softplus_of(x, rate, limit), input)


@as_recorded()
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the normal distribution function at x; with `approximate="tanh"` by tanh.  Raises: ArgumentError for another word."""
    if approximate not in ("none", "tanh"):
        raise ArgumentError("approximate argument must be either none or tanh.", facts=(f"approximate {approximate!r}",))
    return _of_floats("gelu", lambda x: functions.gelu(x, approximate=approximate == "tanh"), input)


@as_recorded()
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of an axis times the sigmoid of the second.  Raises: ShapeError for no axes, and where the extent is odd."""
    arguments.tensor("glu", input)
    if not input.ndim:
        raise ShapeError("glu does not support 0-dimensional tensors")
    place = arguments.axis("glu", dim, input.ndim)
    if input.shape[place] % 2:
        raise ShapeError(f"Halving dimension must be even, but dimension {place} is size {input.shape[place]}")
    return _of_floats("glu", lambda x: activations.glu(x, place), input)


@as_recorded(ignored=("_stacklevel",))
def softmin(input: Tensor, dim: int | None = None, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """exp(-x) / sum(exp(-x)) along `dim`."""
    arguments.tensor("softmin", input, arrays=False)
    return (-input).softmax(implicit_axis(input) if dim is None else dim, asked("softmin", dtype, input.dtype))


@as_recorded()
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x above 0, else weight * x.  Shape: weight (1,), () or (channels,), which lie along axis 1.  Raises: ShapeError, DTypeError."""
    arguments.tensor("prelu", input)
    arguments.tensor("prelu", weight, "weight")
    checks.floating("prelu", input.dtype)
    checks.same_dtype("prelu", input, weight)
    count, channels = math.prod(weight.shape), input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or count not in (1, channels):
        message = f"prelu: the parameter numbers must match the channel size of the input ({channels}), or be 1"
        raise ShapeError(message, facts=(f"input {tuple(input.shape)}  weight {tuple(weight.shape)}",))
    along = (count,) + (1,) * (input.ndim - 2) if count > 1 else (1,) * input.ndim
    return activations.leaky_relu(input, movement.reshape(weight, along))


@as_recorded()
def rrelu(
    input: Tensor, lower: float = 0.125, upper: float = 0.3333333333333333, training: bool = False, inplace: bool = False
) -> Tensor:
    """x above 0, else a slope times x: drawn from lower to upper for each element when training, else their mean."""
    return randomly_leaky(input, lower, upper, training=training, inplace=inplace)


def randomly_leaky(
    input: Tensor, lower: float, upper: float, *, training: bool, inplace: bool, generator: Generator | None = None
) -> Tensor:
    """`rrelu`, by a generator.  Raises: ArgumentError for exchanged bounds."""
    low, high = arguments.interval("rrelu", lower, upper)
    arguments.tensor("rrelu", input)
    checks.floating("rrelu", input.dtype)
    slope: Any = (low + high) / 2
    if arguments.switch("rrelu", "training", training):
        slope = (default_generator() if generator is None else generator).uniform(tuple(input.shape), low, high, input.dtype)
    return activated("rrelu", lambda x: activations.leaky_relu(x, slope), input, inplace=inplace)


@as_recorded()
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In place: `celu`."""
    return celu(input, alpha, inplace=True)


@as_recorded()
def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In place: `elu`."""
    return elu(input, alpha, inplace=True)


@as_recorded()
def selu_(input: Tensor) -> Tensor:
    """In place: `selu`."""
    return selu(input, inplace=True)


@as_recorded()
def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """In place: `leaky_relu`."""
    return leaky_relu(input, negative_slope, inplace=True)


@as_recorded()
def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """In place: `hardtanh`."""
    return hardtanh(input, min_val, max_val, inplace=True)


@as_recorded()
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """In place: `threshold`."""
    return thresholded(input, threshold, value, inplace=True)


@as_recorded()
def rrelu_(input: Tensor, lower: float = 0.125, upper: float = 0.3333333333333333, training: bool = False) -> Tensor:
    """In place: `rrelu`."""
    return rrelu(input, lower, upper, training, inplace=True)
