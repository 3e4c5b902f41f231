"""How functions of tf are made: an operation whose errors are TensorFlow's, and the shapes that many of them share.

    exp = unary("Exp", "exp", exponentials, "e ** x, element by element.")
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentTypeError, GradwerkError
from gradwerk.ops.arithmetic import cast
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.errors import InvalidArgumentError, told
from gradwerk.tf.operations import operation
from gradwerk.tf.tensors import SHOWN, as_tensor, operands

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers

F = TypeVar("F", bound=Callable[..., Any])
RAW = (ValueError, LookupError, ArithmeticError)
"""What Python and NumPy raise for values that make no sense."""
FLOATS = core.Family(tuple("fc"))
REALS = core.FLOATS
ARITHMETIC = core.ARITHMETIC
SIGNED = core.Family(tuple("ifc"))


def op(kind: str, **options: Any) -> Callable[[F], F]:
    """A decorator: an operation of this type (operations.py) whose errors are told as TensorFlow does.

    Args:
        kind: TensorFlow's name of the type.
        options: what `operation` takes besides.
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            try:
                return function(*args, **kwargs)
            except GradwerkError as error:
                new = told(error, kind)
                if new is error:
                    raise
                raise new from error
            except RAW as error:
                raise told(error, kind) from None
            except (TypeError, AttributeError) as error:
                raise ArgumentTypeError(f"tf.{function.__name__}: {error}", facts=(_signature(function),)) from None

        return operation(kind, **options)(run)  # type: ignore[return-value]  # of the same signature

    return decorate


def _signature(function: Callable[..., Any]) -> str:
    return f"tf.{function.__name__}({', '.join(inspect.signature(function).parameters)})"


def named(function: Any, name: str, doc: str) -> Any:
    """A function that was made by another, as if it stood in the module that calls that one."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    function.__module__ = sys._getframe(2).f_globals["__name__"]
    return function


def of_kind(x: Any, kinds: core.Family, kind: str) -> Any:
    """The Tensor, whose dtype is one of these.  Raises: InvalidArgumentError."""
    x = as_tensor(x)
    dtype = x._type.dtype
    if dtype not in kinds:
        raise InvalidArgumentError(
            f"Value for attr 'T' of {SHOWN.get(dtype, core.name(dtype))} is not in the list of allowed values [Op:{kind}]",
            likely="tf.cast(x, tf.float32)" if core.is_exact(dtype) else "",
        )
    return x


def unary(kind: str, name: str, function: Callable[[Any], Any], doc: str, kinds: core.Family = FLOATS) -> Any:
    """An element-wise function of one Tensor, which keeps shape and dtype, of the dtypes that TensorFlow takes."""

    def call(x: Any, name: Any = None) -> Any:
        return function(of_kind(x, kinds, kind))

    return op(kind)(named(call, name, f"{doc}\n\nShape and dtype: those of x.  Raises: InvalidArgumentError for other dtypes."))


def binary(kind: str, name: str, function: Callable[[Any, Any], Any], doc: str, kinds: core.Family = ARITHMETIC) -> Any:
    """An element-wise function of two Tensors of one dtype, which broadcast."""

    def call(x: Any, y: Any, name: Any = None) -> Any:
        x, y = operands(x, y)
        return function(of_kind(x, kinds, kind), y)

    text = f"{doc}\n\nShape: both broadcast.  Raises: InvalidArgumentError where the dtypes differ, or are not taken."
    return op(kind)(named(call, name, text))


def axes(axis: Any) -> Any:
    """Axes as numbers: None, one, or several; a Tensor of them is read."""
    if axis is None or isinstance(axis, int):
        return axis
    if hasattr(axis, "numpy"):
        axis = axis.numpy()
    if hasattr(axis, "tolist"):
        axis = axis.tolist()
    return axis if isinstance(axis, int) else tuple(int(one) for one in axis)


def to(x: Any, dtype: Any) -> Any:
    """The Tensor in a dtype of the core's; itself where it has it."""
    return x if x._type.dtype == dtype else cast(x, dtype)


def found_in(place: str, *families: str) -> Callable[[str], Any]:
    """For the `__getattr__` of a place: its names out of the modules that say them in `__all__`, the first that has one."""
    known: dict[str, Any] = {}

    def find(name: str) -> Any:
        if name not in ORIGINAL.names(place):
            return None
        if not known:
            for family in reversed(families):
                module = importlib.import_module(family)
                known.update((each, module) for each in module.__all__)
        return getattr(known[name], name) if name in known else None

    return find


def all_names(place: str, families: Sequence[str]) -> list[str]:
    """The names of a place that these modules have."""
    held = {name for family in families for name in importlib.import_module(family).__all__}
    return sorted(held & ORIGINAL.names(place))
