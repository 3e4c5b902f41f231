"""Whether all, or any, of what lies along axes are others than 0."""

from __future__ import annotations

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.compare import equal, not_equal
from gradwerk.ops.functions import Axes
from gradwerk.ops.reduction import reduce_max, reduce_min, reduce_sum


def reduce_all(x: Operand, axes: Axes = None, *, keepdims: bool = False) -> Operand:
    """Whether all along `axes` are others than 0, of none True.  NaN is another.  Dtype: bool."""
    if 0 in x.shape:
        return equal(_none(x, axes, keepdims=keepdims), 0)
    return cast(reduce_min(_truth(x), axes, keepdims=keepdims), dtypes.bool_)


def reduce_any(x: Operand, axes: Axes = None, *, keepdims: bool = False) -> Operand:
    """Whether one along `axes` is another than 0, of none False.  NaN is another.  Dtype: bool."""
    if 0 in x.shape:
        return not_equal(_none(x, axes, keepdims=keepdims), 0)
    return cast(reduce_max(_truth(x), axes, keepdims=keepdims), dtypes.bool_)


def _truth(x: Operand) -> Operand:
    """1 and 0: bools have no order."""
    return cast(not_equal(x, np.zeros((), x.dtype)), dtypes.uint8)


def _none(x: Operand, axes: Axes, *, keepdims: bool) -> Operand:
    """0 for each group of an array without elements: sums are the reduction that has nothing to begin with."""
    return reduce_sum(cast(_truth(x), dtypes.int64), axes, keepdims=keepdims)
