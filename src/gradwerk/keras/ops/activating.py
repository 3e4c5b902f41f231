"""keras.ops: activations."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.keras import activations
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Axes, Operand, axes_of, floating, tensor
from gradwerk.nn.activation import softmax_over
from gradwerk.ops.axes import normal_axes
from gradwerk.ops.functions import log_softmax as log_softmax_
from gradwerk.ops.functions import logsumexp
from gradwerk.ops.functions import relu as relu_
from gradwerk.ops.movement import unchanged

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; Keras' signatures
op = Family("nn")


@op()
def relu(x: Operand) -> Any:
    """max(x, 0).  Shape, dtype: kept."""
    return _rectified(tensor(x))


@op()
def relu6(x: Operand) -> Any:
    """x held between 0 and 6.  Shape: that of x.  Dtype: floating."""
    return activations.relu6(floating(x))


@op()
def sigmoid(x: Operand) -> Any:
    """1 / (1 + e**-x).  Shape: that of x.  Dtype: floating."""
    return activations.sigmoid(floating(x))


@op()
def softplus(x: Operand) -> Any:
    """log(1 + e**x).  Shape: that of x.  Dtype: floating."""
    return activations.softplus(floating(x))


@op()
def softsign(x: Operand) -> Any:
    """x / (1 + |x|).  Shape: that of x.  Dtype: floating."""
    return activations.softsign(floating(x))


@op()
def silu(x: Operand) -> Any:
    """x times its sigmoid, also called swish.  Shape: that of x.  Dtype: floating."""
    return activations.silu(floating(x))


@op()
def log_sigmoid(x: Operand) -> Any:
    """log(sigmoid(x)), which does not overflow.  Shape: that of x.  Dtype: floating."""
    return activations.log_sigmoid(floating(x))


@op()
def leaky_relu(x: Operand, negative_slope: float = 0.2) -> Any:
    """x above 0, else negative_slope x.  Shape: that of x.  Dtype: floating."""
    return activations.leaky_relu(floating(x), negative_slope)


@op()
def hard_sigmoid(x: Operand) -> Any:
    """(x + 3) / 6 held between 0 and 1.  Shape: that of x.  Dtype: floating."""
    return activations.hard_sigmoid(floating(x))


@op()
def hard_silu(x: Operand) -> Any:
    """x times its hard_sigmoid, also called hard_swish.  Shape: that of x.  Dtype: floating."""
    return activations.hard_silu(floating(x))


@op()
def elu(x: Operand, alpha: float = 1.0) -> Any:
    """x above 0, else alpha (e**x - 1).  Shape: that of x.  Dtype: floating."""
    return activations.elu(floating(x), alpha)


@op()
def selu(x: Operand) -> Any:
    """`elu` of alpha 1.673 times 1.051.  Shape: that of x.  Dtype: floating."""
    return activations.selu(floating(x))


@op()
def gelu(x: Operand, approximate: bool = True) -> Any:
    """x times the normal distribution's mass below x; `approximate` by tanh.  Shape: that of x.  Dtype: floating."""
    return activations.gelu(floating(x), approximate)


@op()
def celu(x: Operand, alpha: float = 1.0) -> Any:
    """x above 0, else alpha (e**(x / alpha) - 1).  Shape: that of x.  Dtype: floating."""
    return activations.celu(floating(x), alpha)


@op()
def glu(x: Operand, axis: int = -1) -> Any:
    """The first half of an axis times the sigmoid of the second.  Shape: the axis half as long.  Dtype: floating."""
    return activations.glu(floating(x), axis)


@op()
def tanh_shrink(x: Operand) -> Any:
    """x - tanh(x).  Shape: that of x.  Dtype: floating."""
    return activations.tanh_shrink(floating(x))


@op()
def hard_tanh(x: Operand) -> Any:
    """x held between -1 and 1.  Shape: that of x.  Dtype: floating."""
    return activations.hard_tanh(floating(x))


@op()
def hard_shrink(x: Operand, threshold: float = 0.5) -> Any:
    """x where |x| is above the threshold, else 0.  Shape: that of x.  Dtype: floating."""
    return activations.hard_shrink(floating(x), threshold)


@op()
def soft_shrink(x: Operand, threshold: float = 0.5) -> Any:
    """x moved toward 0 by the threshold, 0 where it is not that far away.  Shape: that of x.  Dtype: floating."""
    return activations.soft_shrink(floating(x), threshold)


@op()
def threshold(x: Operand, threshold: float, default_value: float) -> Any:
    """x above the threshold, else the default value.  Shape: that of x.  Dtype: floating."""
    return activations.threshold(floating(x), threshold, default_value)


@op()
def squareplus(x: Operand, b: float = 4) -> Any:
    """(x + sqrt(x**2 + b)) / 2.  Shape: that of x.  Dtype: floating."""
    return activations.squareplus(floating(x), b)


@op()
def sparse_plus(x: Operand) -> Any:
    """0 up to -1, (x + 1)**2 / 4 up to 1, then x.  Shape: that of x.  Dtype: floating."""
    return activations.sparse_plus(floating(x))


@op()
def sparse_sigmoid(x: Operand) -> Any:
    """(x + 1) / 2 held between 0 and 1.  Shape: that of x.  Dtype: floating."""
    return activations.sparse_sigmoid(floating(x))


@op()
def sparsemax(x: Operand, axis: int = -1) -> Any:
    """The nearest probabilities to x along an axis, of which many are 0.  Shape: that of x.  Dtype: floating."""
    return activations.sparsemax(floating(x), axis)


@op()
def softmax(x: Operand, axis: Axes = -1) -> Any:
    """e**x / sum(e**x) along an axis or several, None for all.  Shape: that of x.  Dtype: floating."""
    x = floating(x)
    if isinstance(axis, int):
        return activations.softmax(x, axis)
    return softmax_over(x, normal_axes("softmax", axes_of("softmax", axis), x.ndim))


@op()
def log_softmax(x: Operand, axis: Axes = -1) -> Any:
    """x - log(sum(e**x)) along an axis or several, None for all.  Shape: that of x.  Dtype: floating."""
    x = floating(x)
    if isinstance(axis, int):
        return log_softmax_(x, axis)
    return x - logsumexp(x, axes_of("log_softmax", axis), keepdims=True)


def _rectified(x: Any) -> Any:
    return unchanged(x) if dtypes.is_bool(x.dtype) or dtypes.is_unsigned(x.dtype) else relu_(x)


swish, hard_swish = silu, hard_silu
