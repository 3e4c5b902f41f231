"""torch's rule for operands of different dtypes, as data and one function.

The order is bool < uint8 < int8 < int16 < uint16 < int32 < uint32 < int64 < uint64 < float16, bfloat16 < float32 < float64, by the
priorities of base/dtypes.py (float16 and bfloat16 meet in float32, uint8 and int8 in int16); kinds are bool < whole < floating.
Tensors with axes decide; a 0-d Tensor or a number raises the kind only, and then a number brings the default dtype of its kind.  With an
array of NumPy's torch leaves the operation, and so the dtype, to NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.dtypes import DType
from gradwerk.ir.op import Operand
from gradwerk.ops.elementwise import cast
from gradwerk.ops.precision import in_accumulator
from gradwerk.tensor.apply import in_dtype
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.operators import true_divide as divide
from gradwerk.torch import arguments
from gradwerk.torch.defaults import default_float


def result_dtype(a: Operand, b: Operand) -> DType:
    """The dtype in which two operands meet."""
    first, second = _dtype(a), _dtype(b)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return dtypes.promoted(first, second) if dtypes.bfloat16 in (first, second) else np.result_type(first, second)
    ranks = (_weight(a), _weight(b))
    if ranks[0] == ranks[1]:
        return dtypes.promoted(first, second)
    strong, weak = (first, second) if ranks[0] > ranks[1] else (second, first)
    return weak if dtypes.is_wider(weak, strong) else strong


def promote(cls: Any, a: Operand, b: Operand) -> tuple[Any, Any]:  # noqa: ANN401
    """The two operands of a class of Tensors in their common dtype; numbers stay numbers."""
    dtype = result_dtype(a, b)
    return _in_dtype(cls, a, dtype), _in_dtype(cls, b, dtype)


def by_factor(x: Any, function: Callable[[Operand, Operand], Any], factor: Operand) -> Any:  # noqa: ANN401  or NotImplemented
    """function(x, factor), promoted, of a product or quotient.

    A 0-d Tensor of another float is what a number would be beside a narrow x with axes: taken in full, and the result is rounded once.
    """
    dtype = x._type.dtype
    if dtypes.is_narrow(dtype) and isinstance(factor, Handle) and factor._type.dtype is not dtype and x.ndim and not factor.ndim:
        wide = dtypes.accumulator(dtype)
        return cast(function(cast(x, wide), cast(factor, wide)), dtype)
    return x._with(function, factor)


def true_divide(a: Operand, b: Operand) -> Operand:
    """a / b of floats: whole numbers in a Tensor become the default float."""
    if default_float() == dtypes.float32:
        return divide(a, b)
    return divide(*(cast(x, default_float()) if isinstance(x, Handle) and dtypes.is_exact(x._type.dtype) else x for x in (a, b)))


def scaled_sum(function: Callable[[Any, Any], Any], x: Any, other: Any, alpha: Any) -> Any:  # noqa: ANN401
    """x + alpha * other, or x - alpha * other.  Of narrow floats alpha is one of them, and the sum is rounded once.

    Raises: DTypeError for an alpha that a narrow dtype cannot hold.
    """
    if not isinstance(other, Handle) or not dtypes.is_narrow(x.dtype):
        return function(x, other * alpha)
    a, b = x.promote(x, other)
    if not dtypes.is_narrow(a.dtype):
        return function(a, b * alpha)
    held = dtypes.number_of(dtypes.of_value(arguments.filling(alpha, a.dtype), a.dtype))
    return cast(function(in_accumulator(a), in_accumulator(b) * held), a.dtype)


def _dtype(x: Operand) -> DType:
    own: DType = x.dtype if hasattr(x, "dtype") else python_numbers.of_number(x)
    return default_float() if own == dtypes.float32 and not hasattr(x, "dtype") else own


def _weight(x: Operand) -> int:
    """2 for Tensors with axes, 1 for those without, 0 for numbers."""
    return (2 if x.ndim else 1) if hasattr(x, "dtype") else 0


def _in_dtype(cls: Any, x: Operand, dtype: DType) -> Operand:  # noqa: ANN401
    if isinstance(x, np.ndarray):
        return in_dtype(cls, x, dtype)
    return cast(x, dtype) if hasattr(x, "dtype") and x.dtype != dtype else x
