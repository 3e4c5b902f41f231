"""torch's rule for operands of different dtypes, as data and one function.

The order is bool < uint8 < int32 < uint32 < int64 < float16, bfloat16 < float32 < float64, by the priorities of base/dtypes.py (float16 and
bfloat16 meet in float32); kinds are bool < whole < floating.  Tensors with axes decide; a 0-d Tensor or a number raises the kind only, and
then a number brings the default dtype of its kind.  With an array of NumPy's torch leaves the operation, and so the dtype, to NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.ir.op import Operand
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.apply import in_dtype


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


def _dtype(x: Operand) -> DType:
    return x.dtype if hasattr(x, "dtype") else dtypes.of_number(x)


def _weight(x: Operand) -> int:
    """2 for Tensors with axes, 1 for those without, 0 for numbers."""
    return (2 if x.ndim else 1) if hasattr(x, "dtype") else 0


def _in_dtype(cls: Any, x: Operand, dtype: DType) -> Operand:  # noqa: ANN401
    if isinstance(x, np.ndarray):
        return in_dtype(cls, x, dtype)
    return cast(x, dtype) if hasattr(x, "dtype") and x.dtype != dtype else x
