"""Functions of two Tensors, element by element: arithmetic, comparison, truths, bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.keras import ops
from gradwerk.ops import bits, compare, elementwise, functions
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.movement import broadcast_to
from gradwerk.tf.calls import ARITHMETIC, FLOATS, REALS, binary, of_kind, op
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.quotients import divided, powered
from gradwerk.tf.tensors import as_tensor, converted, operands

# ruff: noqa: A001, ANN401  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers



def _of_ties(function: Any, holds: Any) -> Any:
    """The larger or smaller of two, whose gradient goes to the first where they are equal, as TensorFlow's does: never halved."""

    def call(x: Any, y: Any) -> Any:
        if not core.has_gradient(x._type.dtype):
            return function(x, y)
        shape = np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
        x, y = broadcast_to(x, shape), broadcast_to(y, shape)
        return elementwise.where(ops.logical_or(holds(x, y), ops.isnan(x)), x, y)

    return call


larger, smaller = _of_ties(elementwise.maximum, compare.greater_equal), _of_ties(elementwise.minimum, compare.less_equal)
add = binary("AddV2", "add", elementwise.add, "x + y.")
subtract = binary("Sub", "subtract", elementwise.sub, "x - y.")
multiply = binary("Mul", "multiply", elementwise.mul, "x * y.")
divide_no_nan = binary("DivNoNan", "divide_no_nan", ops.divide_no_nan, "x / y; 0 where y is 0.", FLOATS)
floordiv = binary("FloorDiv", "floordiv", functions.floor_divide, "The largest whole number not above x / y.", core.NUMBERS)
floormod = binary("FloorMod", "floormod", functions.remainder, "x - y * floor(x / y): of the sign of y.", core.NUMBERS)
mod = binary("FloorMod", "mod", functions.remainder, "x - y * floor(x / y): of the sign of y.", core.NUMBERS)
truncatemod = binary("TruncateMod", "truncatemod", ops.fmod, "What is left of x / y cut towards 0: of the sign of x.", core.NUMBERS)
realdiv = binary("RealDiv", "realdiv", elementwise.div, "x / y of floats.", FLOATS)
maximum = binary("Maximum", "maximum", larger, "The larger of each two; the gradient of equal ones goes to x.", core.NUMBERS)
minimum = binary("Minimum", "minimum", smaller, "The smaller of each two; the gradient of equal ones goes to x.", core.NUMBERS)
squared_difference = binary(
    "SquaredDifference", "squared_difference", lambda x, y: functions.square(x - y), "(x - y) ** 2."
)  # fmt: skip
atan2 = binary("Atan2", "atan2", ops.arctan2, "The angle of the point (x=y, y=x) in the plane.", REALS)
nextafter = binary("NextAfter", "nextafter", ops.nextafter, "The float after x in the direction of y.", REALS)
less = binary("Less", "less", compare.less, "Where x < y.", core.NUMBERS)
less_equal = binary("LessEqual", "less_equal", compare.less_equal, "Where x <= y.", core.NUMBERS)
greater = binary("Greater", "greater", compare.greater, "Where x > y.", core.NUMBERS)
greater_equal = binary("GreaterEqual", "greater_equal", compare.greater_equal, "Where x >= y.", core.NUMBERS)
logical_and = binary("LogicalAnd", "logical_and", ops.logical_and, "Where both hold.", core.BOOLS)
logical_or = binary("LogicalOr", "logical_or", ops.logical_or, "Where one of them holds.", core.BOOLS)
logical_xor = binary("LogicalXor", "logical_xor", ops.logical_xor, "Where one of them holds and the other does not.", core.BOOLS)
bitwise_and = binary("BitwiseAnd", "bitwise_and", bits.bit_and, "The bits that both have.", core.INTEGERS)
bitwise_or = binary("BitwiseOr", "bitwise_or", bits.bit_or, "The bits that one of them has.", core.INTEGERS)
bitwise_xor = binary("BitwiseXor", "bitwise_xor", bits.bit_xor, "The bits that one of them has and the other has not.", core.INTEGERS)
left_shift = binary("LeftShift", "left_shift", bits.left_shift, "The bits of x moved up by y.", core.INTEGERS)
right_shift = binary("RightShift", "right_shift", bits.right_shift, "The bits of x moved down by y.", core.INTEGERS)


@op("RealDiv")
def divide(x: Any, y: Any, name: Any = None) -> Any:
    """x / y; of whole numbers in float64, of 8 and 16 bits in float32.

    Shape: both broadcast.  Raises: InvalidArgumentError where the dtypes differ.
    """
    x, y = operands(x, y)
    return divided(x, y)


@op("RealDiv")
def truediv(x: Any, y: Any, name: Any = None) -> Any:
    """As `divide`.

    Shape: both broadcast.  Raises: InvalidArgumentError where the dtypes differ.
    """
    x, y = operands(x, y)
    return divided(x, y)


@op("TruncateDiv")
def truncatediv(x: Any, y: Any, name: Any = None) -> Any:
    """x / y of whole numbers, cut towards 0.

    Shape: both broadcast.  Raises: InvalidArgumentError for a divisor of 0.
    """
    x, y = operands(x, y)
    quotient = functions.floor_divide(ops.abs(x), ops.abs(y))
    return quotient * ops.sign(x) * ops.sign(y)


@op("Pow")
def pow(x: Any, y: Any, name: Any = None) -> Any:
    """x ** y.

    Shape: both broadcast.  Raises: InvalidArgumentError where the dtypes differ, or for negative powers of whole numbers.
    """
    x, y = operands(x, y)
    return powered(of_kind(x, ARITHMETIC, "Pow"), y)


@op("Equal")
def equal(x: Any, y: Any, name: Any = None) -> Any:
    """Where x and y are equal.

    Shape: both broadcast.  Raises: InvalidArgumentError where shapes or dtypes do not fit.
    """
    x, y = operands(x, y)
    return compare.equal(x, y)


@op("NotEqual")
def not_equal(x: Any, y: Any, name: Any = None) -> Any:
    """Where x and y differ.

    Shape: both broadcast.  Raises: InvalidArgumentError where shapes or dtypes do not fit.
    """
    x, y = operands(x, y)
    return compare.not_equal(x, y)


@op("MulNoNan")
def multiply_no_nan(x: Any, y: Any, name: Any = None) -> Any:
    """x * y; 0 where y is 0, also where x is infinite or no number.

    Shape: both broadcast.
    """
    x, y = operands(x, y)
    product = of_kind(x, FLOATS, "MulNoNan") * y
    return elementwise.where(broadcast_to(compare.equal(y, 0), tuple(product.shape)), ops.zeros_like(product), product)


def _or_zero(x: Any, function: Any, y: Any) -> Any:
    """x * function(y); 0 where x is 0, with gradients that are numbers there."""
    at = compare.equal(x, 0)
    shape = np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
    at, x, y = broadcast_to(at, shape), broadcast_to(x, shape), broadcast_to(y, shape)
    safe = elementwise.where(at, ops.ones_like(y), y)
    return elementwise.where(at, ops.zeros_like(x), x * function(safe))


@op("Xlogy")
def xlogy(x: Any, y: Any, name: Any = None) -> Any:
    """x * log(y); 0 where x is 0.

    Shape: both broadcast.
    """
    x, y = operands(x, y)
    return _or_zero(of_kind(x, FLOATS, "Xlogy"), elementwise.log, y)


@op("Xlog1py")
def xlog1py(x: Any, y: Any, name: Any = None) -> Any:
    """x * log(1 + y); 0 where x is 0.

    Shape: both broadcast.
    """
    x, y = operands(x, y)
    return _or_zero(of_kind(x, FLOATS, "Xlog1py"), ops.log1p, y)


@op("Xdivy")
def xdivy(x: Any, y: Any, name: Any = None) -> Any:
    """x / y; 0 where x is 0.

    Shape: both broadcast.
    """
    x, y = operands(x, y)
    return _or_zero(of_kind(x, FLOATS, "Xdivy"), lambda safe: elementwise.div(1, safe), y)


@op("AddN")
def add_n(inputs: Any, name: Any = None) -> Any:
    """The sum of Tensors of one shape and dtype.

    Args:
        inputs: a list of them, or one.

    Shape and dtype: theirs.  Raises: InvalidArgumentError where shapes differ, or there is none.
    """
    parts = operands(*inputs) if isinstance(inputs, (list, tuple)) and inputs else [as_tensor(inputs)]
    if isinstance(inputs, (list, tuple)) and not inputs:
        raise ValueError("Inputs must be an Operation, a Tensor or a list of them")
    total = parts[0]
    for part in parts[1:]:
        if tuple(part.shape) != tuple(total.shape):
            raise InvalidArgumentError(f"Inputs to operation AddN must have the same size and shape. {total.shape} != {part.shape}")
        total = total + part
    return total


@op("AccumulateNV2")
def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: Any = None) -> Any:
    """As `add_n`.

    Shape and dtype: theirs.  Raises: InvalidArgumentError where shapes differ, or there is none.
    """
    return add_n(inputs)


@op("ClipByValue")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: Any = None) -> Any:
    """t, where it is below or above the two bounds the bound.

    Shape: that of t and the bounds.
    """
    t = as_tensor(t)
    low, high = (converted(bound, t._type.dtype) for bound in (clip_value_min, clip_value_max))
    return larger(smaller(t, high), low)


@op("Polyval")
def polyval(coeffs: Any, x: Any, name: Any = None) -> Any:
    """The polynomial of these coefficients, that of the highest power first, at x.

    Shape: that of x.
    """
    x = as_tensor(x)
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    if not coeffs:
        return ops.zeros_like(x)
    total = cast(as_tensor(coeffs[0]), x._type.dtype) + ops.zeros_like(x)
    for one in coeffs[1:]:
        total = total * x + cast(as_tensor(one), x._type.dtype)
    return total


__all__ = [
    "accumulate_n", "add", "add_n", "atan2", "bitwise_and", "bitwise_or", "bitwise_xor", "clip_by_value", "divide", "divide_no_nan",
    "equal", "floordiv", "floormod", "greater", "greater_equal", "left_shift", "less", "less_equal", "logical_and", "logical_or",
    "logical_xor", "maximum", "minimum", "mod", "multiply", "multiply_no_nan", "nextafter", "not_equal", "polyval", "pow", "realdiv",
    "right_shift", "squared_difference", "subtract", "truediv", "truncatediv", "truncatemod", "xdivy", "xlog1py", "xlogy",
]  # fmt: skip
