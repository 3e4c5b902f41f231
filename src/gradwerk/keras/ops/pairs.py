"""keras.ops: functions of two elements, in the dtype in which they meet; shapes broadcast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.counting import nonzero
from gradwerk.keras.ops.operands import Operand, counted, floating, tensor, tensors, together, truths
from gradwerk.ops import bits, compare, division, elementwise, exponentials, functions, logic, signs, trigonometry
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.truths import reduce_all

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers

op = Family("numpy")


def _of(function: Callable[[Any, Any], Any], x1: Operand, x2: Operand, *beside: Any) -> Any:
    """The function of two, promoted, of truths as int32."""
    a, b = together(x1, x2, beside=beside)
    if dtypes.is_bool(getattr(a, "dtype", getattr(b, "dtype", dtypes.int32))):
        a, b = counted(a), counted(b)
    return function(a, b)


def _by_truth(of_truths: Callable[[Any, Any], Any], function: Callable[[Any, Any], Any], x1: Operand, x2: Operand) -> Any:
    """One function of two truths, another of all else."""
    a, b = together(x1, x2)
    return (of_truths if dtypes.is_bool(getattr(a, "dtype", getattr(b, "dtype", dtypes.int32))) else function)(a, b)


def _compared(function: Callable[[Any, Any], Any], x1: Operand, x2: Operand) -> Any:
    return function(*tensors(x1, x2))


def _floats(function: Callable[[Any, Any], Any], x1: Operand, x2: Operand) -> Any:
    return function(*tensors(x1, x2, beside=(float,)))


@op(2)
def add(x1: Operand, x2: Operand) -> Any:
    """x1 + x2; of truths whether one holds.  Shape: broadcast.  Dtype: that in which both meet."""
    return _by_truth(bits.bit_or, elementwise.add, x1, x2)


@op(2)
def subtract(x1: Operand, x2: Operand) -> Any:
    """x1 - x2.  Shape: broadcast.  Dtype: that in which both meet."""
    return _of(elementwise.sub, x1, x2)


@op(2)
def multiply(x1: Operand, x2: Operand) -> Any:
    """x1 * x2; of truths whether both hold.  Shape: broadcast.  Dtype: that in which both meet."""
    return _by_truth(bits.bit_and, elementwise.mul, x1, x2)


@op(2)
def divide(x1: Operand, x2: Operand) -> Any:
    """x1 / x2.  Shape: broadcast.  Dtype: floating."""
    return _floats(elementwise.div, x1, x2)


@op(2)
def true_divide(x1: Operand, x2: Operand) -> Any:
    """x1 / x2.  Shape: broadcast.  Dtype: floating."""
    return _floats(elementwise.div, x1, x2)


@op(2)
def floor_divide(x1: Operand, x2: Operand) -> Any:
    """The largest whole number not above x1 / x2.  Shape: broadcast.  Dtype: that in which both meet."""
    return _of(functions.floor_divide, x1, x2)


@op(2)
def mod(x1: Operand, x2: Operand) -> Any:
    """x1 - x2 floor(x1 / x2), of the sign of x2.  Shape: broadcast.  Dtype: that in which both meet."""
    return _of(functions.remainder, x1, x2)


@op(2)
def fmod(x1: Operand, x2: Operand) -> Any:
    """x1 - x2 trunc(x1 / x2), of the sign of x1.  Shape: broadcast.  Dtype: that in which both meet."""
    return _of(division.fmod, x1, x2)


@op(2)
def maximum(x1: Operand, x2: Operand) -> Any:
    """The larger of two; NaN where one is.  Shape: broadcast.  Dtype: that in which both meet."""
    return _by_truth(bits.bit_or, elementwise.maximum, x1, x2)


@op(2)
def minimum(x1: Operand, x2: Operand) -> Any:
    """The smaller of two; NaN where one is.  Shape: broadcast.  Dtype: that in which both meet."""
    return _by_truth(bits.bit_and, elementwise.minimum, x1, x2)


@op(2)
def fmax(x1: Operand, x2: Operand) -> Any:
    """The larger of two; of NaN and a number the number.  Shape: broadcast.  Dtype: that in which both meet."""
    return _by_truth(bits.bit_or, signs.fmax, x1, x2)


@op(2)
def fmin(x1: Operand, x2: Operand) -> Any:
    """The smaller of two; of NaN and a number the number.  Shape: broadcast.  Dtype: that in which both meet."""
    return _by_truth(bits.bit_and, signs.fmin, x1, x2)


@op(2)
def arctan2(x1: Operand, x2: Operand) -> Any:
    """The angle of the point (x2, x1).  Shape: broadcast.  Dtype: floating."""
    return _floats(trigonometry.atan2, x1, x2)


@op(2)
def hypot(x1: Operand, x2: Operand) -> Any:
    """The root of x1**2 + x2**2, which does not overflow.  Shape: broadcast.  Dtype: floating."""
    return _floats(trigonometry.hypot, x1, x2)


@op(2)
def logaddexp(x1: Operand, x2: Operand) -> Any:
    """log(e**x1 + e**x2), which does not overflow.  Shape: broadcast.  Dtype: floating."""
    return _floats(exponentials.logaddexp, x1, x2)


@op(2)
def logaddexp2(x1: Operand, x2: Operand) -> Any:
    """log2(2**x1 + 2**x2), which does not overflow.  Shape: broadcast.  Dtype: floating."""
    return _floats(exponentials.logaddexp2, x1, x2)


@op(2)
def nextafter(x1: Operand, x2: Operand) -> Any:
    """The number next to x1 in the direction of x2.  Shape: broadcast.  Dtype: floating."""
    return _floats(signs.nextafter, x1, x2)


@op(2)
def gcd(x1: Operand, x2: Operand) -> Any:
    """The greatest common divisor of whole numbers.  Shape: broadcast.  Dtype: that in which both meet."""
    return _of(bits.gcd, x1, x2)


@op(2)
def lcm(x1: Operand, x2: Operand) -> Any:
    """The least common multiple of whole numbers.  Shape: broadcast.  Dtype: that in which both meet."""
    return _of(bits.lcm, x1, x2)


@op(2)
def equal(x1: Operand, x2: Operand) -> Any:
    """Whether both are equal.  Shape: broadcast.  Dtype: bool."""
    return _compared(compare.equal, x1, x2)


@op(2)
def not_equal(x1: Operand, x2: Operand) -> Any:
    """Whether both differ.  Shape: broadcast.  Dtype: bool."""
    return _compared(compare.not_equal, x1, x2)


@op(2)
def greater(x1: Operand, x2: Operand) -> Any:
    """Whether x1 is above x2.  Shape: broadcast.  Dtype: bool."""
    return _of(compare.greater, x1, x2)


@op(2)
def greater_equal(x1: Operand, x2: Operand) -> Any:
    """Whether x1 is not below x2.  Shape: broadcast.  Dtype: bool."""
    return _of(compare.greater_equal, x1, x2)


@op(2)
def less(x1: Operand, x2: Operand) -> Any:
    """Whether x1 is below x2.  Shape: broadcast.  Dtype: bool."""
    return _of(compare.less, x1, x2)


@op(2)
def less_equal(x1: Operand, x2: Operand) -> Any:
    """Whether x1 is not above x2.  Shape: broadcast.  Dtype: bool."""
    return _of(compare.less_equal, x1, x2)


@op(2)
def logical_and(x1: Operand, x2: Operand) -> Any:
    """Whether both are others than 0.  Shape: broadcast.  Dtype: bool."""
    return compare.logical_and(truths(x1), truths(x2))


@op(2)
def logical_or(x1: Operand, x2: Operand) -> Any:
    """Whether one is another than 0.  Shape: broadcast.  Dtype: bool."""
    return compare.logical_or(truths(x1), truths(x2))


@op(2)
def logical_xor(x1: Operand, x2: Operand) -> Any:
    """Whether just one is another than 0.  Shape: broadcast.  Dtype: bool."""
    return compare.not_equal(truths(x1), truths(x2))


@op(2)
def bitwise_and(x: Operand, y: Operand) -> Any:
    """The bits that both have.  Shape: broadcast.  Dtype: whole, that in which both meet."""
    return bits.bit_and(*tensors(x, y))


@op(2)
def bitwise_or(x: Operand, y: Operand) -> Any:
    """The bits that one has.  Shape: broadcast.  Dtype: whole, that in which both meet."""
    return bits.bit_or(*tensors(x, y))


@op(2)
def bitwise_xor(x: Operand, y: Operand) -> Any:
    """The bits that just one has.  Shape: broadcast.  Dtype: whole, that in which both meet."""
    return bits.bit_xor(*tensors(x, y))


@op(2)
def bitwise_left_shift(x: Operand, y: Operand) -> Any:
    """x with its bits moved up by y.  Shape: broadcast.  Dtype: whole, that in which both meet."""
    return bits.left_shift(*tensors(x, y))


@op(2)
def bitwise_right_shift(x: Operand, y: Operand) -> Any:
    """x with its bits moved down by y.  Shape: broadcast.  Dtype: whole, that in which both meet."""
    return bits.right_shift(*tensors(x, y))


@op(2)
def left_shift(x: Operand, y: Operand) -> Any:
    """x with its bits moved up by y.  Shape: broadcast.  Dtype: whole, that in which both meet."""
    return bits.left_shift(*tensors(x, y))


@op(2)
def right_shift(x: Operand, y: Operand) -> Any:
    """x with its bits moved down by y.  Shape: broadcast.  Dtype: whole, that in which both meet."""
    return bits.right_shift(*tensors(x, y))


@op(2)
def power(x1: Operand, x2: Operand) -> Any:
    """x1 ** x2; of truths as int32.  Shape: broadcast.  Dtype: that in which both meet."""
    a, b = together(x1, x2)
    if not hasattr(a, "dtype"):
        a = tensor(a, b.dtype)
    return functions.power(counted(a), counted(b) if hasattr(b, "dtype") else b)


@op(2)
def divide_no_nan(x1: Operand, x2: Operand) -> Any:
    """x1 / x2, and 0 where x2 is 0.  Shape: broadcast.  Dtype: floating."""
    a, b = tensors(x1, x2, beside=(float,))
    nothing = compare.equal(b, 0)
    return elementwise.where(nothing, 0, elementwise.div(a, elementwise.where(nothing, 1, b)))


@op(2)
def heaviside(x1: Operand, x2: Operand) -> Any:
    """0 where x1 is negative, 1 where it is positive, x2 at 0.  Shape: broadcast.  Dtype: floating."""
    return _floats(logic.heaviside, x1, x2)


@op(2)
def ldexp(x1: Operand, x2: Operand) -> Any:
    """x1 * 2**x2 of whole x2.  Shape: broadcast.  Dtype: floating."""
    a = floating(x1)
    return elementwise.mul(a, exponentials.exp2(cast(tensor(x2), a.dtype)))


@op(4)
def isclose(x1: Operand, x2: Operand, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:  # noqa: FBT001, FBT002
    """Whether |x1 - x2| <= atol + rtol |x2|.  Shape: broadcast.  Dtype: bool."""
    a, b = tensors(x1, x2)
    return logic.isclose(counted(a), counted(b), relative=rtol, absolute=atol, equal_nan=bool(equal_nan))


@op(2, "AllClose")
def allclose(x1: Operand, x2: Operand, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:  # noqa: FBT001, FBT002
    """Whether |x1 - x2| <= atol + rtol |x2| everywhere.  Shape: ().  Dtype: bool."""
    return reduce_all(isclose(x1, x2, rtol, atol, equal_nan))


@op(1)
def clip(x: Operand, x_min: Operand, x_max: Operand) -> Any:
    """x held between two bounds, of which one may be None.  Shape: broadcast.  Dtype: that in which they meet; of truths int32."""
    x, *bounds = together(tensor(x), *(one for one in (x_min, x_max) if one is not None))
    low = bounds.pop(0) if x_min is not None else None
    return functions.clip(counted(x), *(counted(one) if hasattr(one, "dtype") else one for one in (low, bounds.pop() if bounds else None)))


def where(condition: Operand, x1: Operand = None, x2: Operand = None) -> Any:
    """x1 where the condition holds, else x2; of a condition alone the places where it holds, as `nonzero`.

    Shape: broadcast.  Dtype: that in which x1 and x2 meet.  Raises: ArgumentError for one of the two alone.
    """
    if (x1 is None) != (x2 is None):
        raise ArgumentError("ops.where takes x1 and x2, or none of them")
    return nonzero(condition) if x1 is None else _where(condition, x1, x2)


@op(3, "Where")
def _where(condition: Operand, x1: Operand, x2: Operand) -> Any:
    a, b = tensors(x1, x2)
    return elementwise.where(truths(condition), a, b)


@op(3)
def select(condlist: Sequence[Operand], choicelist: Sequence[Operand], default: Operand = 0) -> Any:
    """Of several choices the one whose condition is the first that holds, else the default.  Shape: broadcast.

    Dtype: that in which choices and default meet.  Raises: ArgumentError for another number of conditions than choices.
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ArgumentError(f"ops.select takes a condition for each choice, there are {len(condlist)} and {len(choicelist)}")
    *choices, result = tensors(*choicelist, default)
    for condition, choice in zip(reversed(list(condlist)), reversed(choices), strict=True):
        result = elementwise.where(truths(condition), choice, result)
    return result
