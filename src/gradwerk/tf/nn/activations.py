"""Activations by TensorFlow's names."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes as core
from gradwerk.keras import ops
from gradwerk.ops import compare, elementwise, functions
from gradwerk.ops.activations import SELU_SCALE
from gradwerk.ops.movement import concatenate
from gradwerk.tf.calls import REALS, axes, of_kind, op
from gradwerk.tf.math.elementwise import log_sigmoid as log_sigmoid
from gradwerk.tf.math.elementwise import sigmoid as sigmoid
from gradwerk.tf.math.elementwise import tanh as tanh
from gradwerk.tf.tensors import as_tensor

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; TensorFlow's signatures


@op("Relu")
def relu(features: Any, name: Any = None) -> Any:
    """max(x, 0).

    Shape and dtype: those of features.
    """
    return functions.relu(as_tensor(features))


@op("Relu6")
def relu6(features: Any, name: Any = None) -> Any:
    """min(max(x, 0), 6).

    Shape and dtype: those of features.
    """
    x = as_tensor(features)
    return ops.relu6(x) if core.has_gradient(x._type.dtype) else ops.minimum(ops.maximum(x, 0), 6)


@op("Elu")
def elu(features: Any, name: Any = None) -> Any:
    """x where above 0, else e ** x - 1.

    Shape and dtype: those of features.
    """
    return ops.elu(of_kind(features, REALS, "Elu"))


@op("Selu")
def selu(features: Any, name: Any = None) -> Any:
    """1.0507 x where above 0, else 1.7581 (e ** x - 1).

    Shape and dtype: those of features.
    """
    x = of_kind(features, REALS, "Selu")
    at_zero = compare.equal(x, 0)  # TensorFlow's gradient there is that of the upper branch
    return elementwise.where(at_zero, x * SELU_SCALE, ops.selu(elementwise.where(at_zero, ops.ones_like(x), x)))


@op("LeakyRelu")
def leaky_relu(features: Any, alpha: Any = 0.2, name: Any = None) -> Any:
    """x where above 0, else alpha x.

    Shape: that of features.
    """
    x = as_tensor(features)
    return ops.leaky_relu(x, float(alpha))


@op("Gelu")
def gelu(features: Any, approximate: bool = False, name: Any = None) -> Any:
    """x times the standard normal distribution up to x; by tanh where approximate.

    Shape and dtype: those of features.
    """
    return functions.gelu(of_kind(features, REALS, "Gelu"), approximate=bool(approximate))


@op("Softplus")
def softplus(features: Any, name: Any = None) -> Any:
    """log(1 + e ** x).

    Shape and dtype: those of features.
    """
    return ops.softplus(of_kind(features, REALS, "Softplus"))


@op("Softsign")
def softsign(features: Any, name: Any = None) -> Any:
    """x / (1 + |x|).

    Shape and dtype: those of features.
    """
    return ops.softsign(of_kind(features, REALS, "Softsign"))


@op("Silu")
def silu(features: Any, beta: Any = 1.0, name: Any = None) -> Any:
    """x sigmoid(beta x).

    Shape and dtype: those of features.
    """
    x = of_kind(features, REALS, "Silu")
    return x * elementwise.sigmoid(x if isinstance(beta, float) and beta == 1.0 else x * beta)


@op("Silu")
def swish(features: Any, beta: Any = 1.0, name: Any = None) -> Any:
    """x sigmoid(beta x).

    Shape and dtype: those of features.
    """
    return silu(features, beta)


@op("CRelu")
def crelu(features: Any, axis: Any = -1, name: Any = None) -> Any:
    """relu(x) and relu(-x) beside each other along an axis.

    Shape: twice as long along the axis.
    """
    x = as_tensor(features)
    return functions.relu(concatenate([x, -x], int(axis)))


@op("Softmax")
def softmax(logits: Any, axis: Any = None, name: Any = None) -> Any:
    """e ** x over their sum along an axis, the last.

    Shape and dtype: those of logits.
    """
    return functions.softmax(of_kind(logits, REALS, "Softmax"), -1 if axis is None else axes(axis))


@op("LogSoftmax")
def log_softmax(logits: Any, axis: Any = None, name: Any = None) -> Any:
    """log(softmax(x)) along an axis, the last.

    Shape and dtype: those of logits.
    """
    return functions.log_softmax(of_kind(logits, REALS, "LogSoftmax"), -1 if axis is None else axes(axis))


__all__ = [
    "crelu", "elu", "gelu", "leaky_relu", "log_sigmoid", "log_softmax", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus",
    "softsign", "swish", "tanh",
]  # fmt: skip
