"""Functions of several ops that round once: in a narrow dtype each of their ops would round its own result."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from gradwerk.base import dtypes
from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import cast

P = ParamSpec("P")


def rounded_once(function: Callable[Concatenate[Operand, P], Operand]) -> Callable[Concatenate[Operand, P], Operand]:
    """The function, computed in the accumulator of a narrow x and of the narrow operands beside it; its result has x's dtype."""

    @wraps(function)
    def compute(x: Operand, /, *args: P.args, **named: P.kwargs) -> Operand:
        dtype = getattr(x, "dtype", None)
        if dtype is None or not dtypes.is_narrow(dtype):
            return function(x, *args, **named)
        others: Any = [in_accumulator(a) for a in args]
        return cast(function(in_accumulator(x), *others, **named), dtype)

    return compute


def in_accumulator(x: Operand) -> Operand:
    """A narrow operand in its accumulator; anything else as it is."""
    dtype = getattr(x, "dtype", None)
    return x if dtype is None or not dtypes.is_narrow(dtype) else cast(x, dtypes.accumulator(dtype))
