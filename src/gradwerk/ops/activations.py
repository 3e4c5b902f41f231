"""Activations: what the outputs of a layer go through, element by element.

Where a derivative is not defined it is PyTorch's; each function says which.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Example, Grads, Operand, Unary, typed
from gradwerk.ops.arithmetic import abs_, add, div, mul, neg, stop_gradient, sub, where
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.clamp import clamp_max, clamp_min
from gradwerk.ops.compare import equal, greater, greater_equal, less, less_equal
from gradwerk.ops.functions import softmax
from gradwerk.ops.movement import slice_axis
from gradwerk.ops.precision import rounded_once
from gradwerk.ops.transcendental import exp, sigmoid, softplus, tanh

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""Source: Klambauer et al., 2017, "Self-normalizing neural networks"."""


@final
@dataclass(frozen=True)
class Elu(Unary):
    """scale * x above 0, else scale * alpha * (e**(slope * x) - 1), which keeps the digits of small results.

    An op and not a choice of two formulas, of which the one that is not chosen overflows.  The derivative at 0 is that from below.
    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 3 ulp.
    """

    accepts = dtypes.FLOATS
    alpha: float = 1.0
    scale: float = 1.0
    slope: float = 1.0

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(5, 17),)), (cls(SELU_ALPHA, SELU_SCALE, 0.5), (typed(3),))

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        above = greater(x, 0)
        below = mul(exp(mul(where(above, 0, x), self.slope)), self.scale * self.alpha * self.slope)
        return (mul(ct, where(above, self.scale, below)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        def of(value: float) -> Scalar:
            return e.const(value, e.dtype(x))

        raised = e.math("expm1", e.mul(x, of(self.slope)))
        return e.select(e.compare("gt", x, of(0.0)), e.mul(x, of(self.scale)), e.mul(raised, of(self.scale * self.alpha)))

    def reference(self, x: Array) -> Array:
        one = x.dtype.type
        raised = np.expm1(np.where(x > 0, one(0), x) * one(self.slope)) * one(self.scale * self.alpha)
        return np.asarray(np.where(x > 0, x * one(self.scale), raised))


def elu(x: Operand, alpha: float = 1.0) -> Operand:
    """x above 0, else alpha (e**x - 1).  Source: Clevert et al., arXiv:1511.07289.  Shape: that of x.  Dtype: floating, kept."""
    return Elu(float(alpha))(x)


def selu(x: Operand) -> Operand:
    """`elu` of alpha 1.673 times 1.051: layers of it keep mean 0 and variance 1.  Source: Klambauer et al., arXiv:1706.02515.

    Shape: that of x.  Dtype: floating, kept.
    """
    return Elu(SELU_ALPHA, SELU_SCALE)(x)


def celu(x: Operand, alpha: float = 1.0) -> Operand:
    """x above 0, else alpha (e**(x / alpha) - 1), whose derivative is continuous for every alpha.  Source: Barron, arXiv:1704.07483.

    Shape: that of x.  Dtype: floating, kept.
    """
    return Elu(float(alpha), 1.0, 1 / alpha)(x)


@rounded_once
def silu(x: Operand) -> Operand:
    """x / (1 + e**-x), also called swish.  Source: Elfwing et al., arXiv:1702.03118.  Shape: that of x.  Dtype: floating, kept."""
    return mul(x, sigmoid(x))


@rounded_once
def mish(x: Operand) -> Operand:
    """x tanh(log(1 + e**x)).  Source: Misra, arXiv:1908.08681.  Shape: that of x.  Dtype: floating, kept."""
    return mul(x, tanh(softplus(x)))


@rounded_once
def softplus_of(x: Operand, beta: float = 1.0, threshold: float = 20.0) -> Operand:
    """log(1 + e**(beta x)) / beta, x itself where beta x is above the threshold."""
    inner = x if beta == 1 else mul(x, beta)
    y = softplus(inner)
    return where(greater(inner, threshold), x, y if beta == 1 else div(y, beta))


@rounded_once
def softsign(x: Operand) -> Operand:
    """x / (1 + |x|).  Source: Glorot and Bengio, 2010.  Shape: that of x.  Dtype: floating, kept."""
    return div(x, add(abs_(x), 1.0))


@rounded_once
def softmin(x: Operand, axis: int = -1) -> Operand:
    """e**-x / sum(e**-x) along an axis."""
    return softmax(neg(x), axis)


def log_sigmoid(x: Operand) -> Operand:
    """log(1 / (1 + e**-x)), which does not overflow.  Shape: that of x.  Dtype: floating, kept."""
    return sub(0, softplus(neg(x)))  # not its negative: 0.0 where x is large


def leaky_relu(x: Operand, slope: Operand = 0.01) -> Operand:
    """x above 0, else slope * x: a number, or an array beside x (PReLU).  The derivative at 0 is the slope.

    Shape: that of x, beside which the slope broadcasts.  Dtype: floating, kept.
    """
    above = greater(x, 0)
    return where(above, x, mul(where(above, 0, x), slope))  # of an infinite x the slope's gradient is 0, not 0 times infinity


def hard_tanh(x: Operand, low: float = -1.0, high: float = 1.0) -> Operand:
    """x held between two bounds.  The derivative at the bounds is 0.  Shape: that of x.  Dtype: kept; integers need whole bounds."""
    below, above = stop_gradient(clamp_min(x, low)), stop_gradient(clamp_max(x, high))  # by these -0.0 stays at a bound of 0
    return where(less_equal(x, low), below, where(greater_equal(x, high), above, x))


def relu6(x: Operand) -> Operand:
    """x held between 0 and 6.  Source: Krizhevsky, 2010, "Convolutional deep belief networks on CIFAR-10".

    Shape: that of x.  Dtype: numbers, kept.
    """
    return hard_tanh(x, 0, 6)


@rounded_once
def hard_sigmoid(x: Operand) -> Operand:
    """(x + 3) / 6 held between 0 and 1.  The derivative at -3 and 3 is 0.  Shape: that of x.  Dtype: floating, kept."""
    return div(relu6(add(x, 3.0)), 6)


@rounded_once
def hard_swish(x: Operand) -> Operand:
    """x times (x + 3) / 6 held between 0 and 1.  Source: Howard et al., arXiv:1905.02244.  Shape: that of x.  Dtype: floating, kept."""
    return mul(x, hard_sigmoid(x))


def hard_shrink(x: Operand, width: float = 0.5) -> Operand:
    """x where |x| is above the width, else 0."""
    return where(less_equal(abs_(x), width), 0, x)


@rounded_once
def soft_shrink(x: Operand, width: float = 0.5) -> Operand:
    """x moved toward 0 by the width, 0 where it is not that far away; NaN stays.  Shape: that of x.  Dtype: floating, kept."""
    return where(greater(x, width), sub(x, width), where(less(x, -width), add(x, width), where(equal(x, x), 0, x)))


@rounded_once
def tanh_shrink(x: Operand) -> Operand:
    """x - tanh(x)."""
    return sub(x, tanh(x))


def threshold(x: Operand, limit: float, value: float) -> Operand:
    """x above the limit, else a value.  Dtype: numbers, kept."""
    return where(less_equal(x, limit), value, x)


@rounded_once
def glu(x: Operand, axis: int = -1) -> Operand:
    """The first half of an axis times the sigmoid of the second.  Source: Dauphin et al., arXiv:1612.08083.

    Shape: the extent of the axis is halved.  Raises: ShapeError where it is odd.
    """
    place = normal_axis("glu", axis, x.ndim)
    extent = x.shape[place]
    if extent % 2:
        raise ShapeError(f"glu: axis {place} has an odd extent, {extent}", facts=(f"input {tuple(x.shape)}",))
    return mul(slice_axis(x, place, 0, extent // 2), sigmoid(slice_axis(x, place, extent // 2, extent)))
