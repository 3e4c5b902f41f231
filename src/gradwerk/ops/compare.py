"""Comparisons and the logic of bools: y[i] is a bool.  None has a derivative."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Binary, Unary, no_gradient


@final
@dataclass(frozen=True)
class Equal(Binary):
    """a == b.  A comparison with NaN is false.

    Shape: broadcast.  Dtype: equal, bool comes out.
    """

    vjp = no_gradient

    def result_dtype(self, dtype: DType) -> DType:
        return dtypes.bool_

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.compare("eq", a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.equal(a, b)


@final
@dataclass(frozen=True)
class NotEqual(Binary):
    """a != b.  A comparison with NaN is true.

    Shape: broadcast.  Dtype: equal, bool comes out.
    """

    vjp = no_gradient

    def result_dtype(self, dtype: DType) -> DType:
        return dtypes.bool_

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.compare("ne", a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.not_equal(a, b)


@final
@dataclass(frozen=True)
class Less(Binary):
    """a < b.  A comparison with NaN is false.

    Shape: broadcast.  Dtype: equal, bool comes out.
    """

    vjp = no_gradient

    def result_dtype(self, dtype: DType) -> DType:
        return dtypes.bool_

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.compare("lt", a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.less(a, b)


@final
@dataclass(frozen=True)
class LessEqual(Binary):
    """a <= b.  A comparison with NaN is false.

    Shape: broadcast.  Dtype: equal, bool comes out.
    """

    vjp = no_gradient

    def result_dtype(self, dtype: DType) -> DType:
        return dtypes.bool_

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.compare("le", a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.less_equal(a, b)


@final
@dataclass(frozen=True)
class Greater(Binary):
    """a > b.  A comparison with NaN is false.

    Shape: broadcast.  Dtype: equal, bool comes out.
    """

    vjp = no_gradient

    def result_dtype(self, dtype: DType) -> DType:
        return dtypes.bool_

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.compare("gt", a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.greater(a, b)


@final
@dataclass(frozen=True)
class GreaterEqual(Binary):
    """a >= b.  A comparison with NaN is false.

    Shape: broadcast.  Dtype: equal, bool comes out.
    """

    vjp = no_gradient

    def result_dtype(self, dtype: DType) -> DType:
        return dtypes.bool_

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.compare("ge", a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.greater_equal(a, b)


@final
@dataclass(frozen=True)
class LogicalAnd(Binary):
    """a and b.

    Shape: broadcast.  Dtype: bool.
    """

    accepts = dtypes.BOOLS
    vjp = no_gradient

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.bit_and(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.logical_and(a, b)


@final
@dataclass(frozen=True)
class LogicalOr(Binary):
    """a or b.

    Shape: broadcast.  Dtype: bool.
    """

    accepts = dtypes.BOOLS
    vjp = no_gradient

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.bit_or(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.logical_or(a, b)


@final
@dataclass(frozen=True)
class LogicalNot(Unary):
    """not x.

    Shape: that of x.  Dtype: bool.
    """

    accepts = dtypes.BOOLS
    vjp = no_gradient

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.bit_xor(x, e.const(1, dtypes.bool_))

    def reference(self, x: Array) -> Array:
        return np.logical_not(x)


equal, not_equal = Equal(), NotEqual()
less, less_equal, greater, greater_equal = Less(), LessEqual(), Greater(), GreaterEqual()
logical_and, logical_or, logical_not = LogicalAnd(), LogicalOr(), LogicalNot()
