"""Division and powers as TensorFlow means them: whole numbers are divided in floats, a power has no gradient where it is no number."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.ir.op import Operand
from gradwerk.ops import compare, elementwise
from gradwerk.ops.arithmetic import cast, stop_gradient
from gradwerk.ops.movement import broadcast_to
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.operators import power

# ruff: noqa: ANN401  operands are Tensors, arrays and numbers


def powered(a: Any, b: Any) -> Any:
    """a ** b, whose gradient by a Tensor b is 0 where a is not above 0, as TensorFlow's is: a logarithm is none there."""
    if not (isinstance(a, Handle) and isinstance(b, Handle) and core.is_float(a._type.dtype)):
        return power(a, b)
    shape = np.broadcast_shapes(tuple(a._type.shape), tuple(b._type.shape))
    a, b = broadcast_to(a, shape), broadcast_to(b, shape)
    above = compare.greater(a, 0)
    return elementwise.where(above, power(elementwise.where(above, a, 1), b), power(a, stop_gradient(b)))


def divided(a: Operand, b: Operand) -> Operand:
    """a / b; of whole numbers in float64, of 8 and 16 bits in float32."""
    return elementwise.div(_real(a, b), _real(b, a))


def _real(x: Any, other: Any) -> Any:
    dtype = x._type.dtype if isinstance(x, Handle) else x.dtype if hasattr(x, "dtype") else None
    if dtype is None:
        beside_ = other._type.dtype
        return float(x) if core.is_exact(beside_) else x
    if not core.is_exact(dtype):
        return x
    return cast(x, core.float32 if dtype.itemsize < 4 else core.float64)


__all__ = ["divided", "powered"]
