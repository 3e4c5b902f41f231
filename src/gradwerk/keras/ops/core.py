"""keras.ops: Tensors, their shapes and dtypes, and gradients that stop or are given."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.keras.layers.symbolic import is_symbol
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, tensor
from gradwerk.keras.ops.promotion import in_words, standardize_dtype
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import cast as as_dtype
from gradwerk.ops.arithmetic import stop_gradient as stopped
from gradwerk.ops.arithmetic import where
from gradwerk.ops.logic import isnan
from gradwerk.tensor import grad as gradients
from gradwerk.tensor.given import with_gradient
from gradwerk.tensor.grad import enable_grad
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401, FBT001, FBT002  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
op = Family("core")
Array = np.ndarray[Any, np.dtype[Any]]


@op()
def cast(x: Operand, dtype: Any) -> Any:
    """x in another dtype.  Shape: kept.  Dtype: `dtype`.  Raises: ArgumentError for what is no dtype."""
    wide = in_words(dtype)
    return as_dtype(tensor(x), wide)


@op()
def saturate_cast(x: Operand, dtype: Any) -> Any:
    """x in another dtype, what is beyond its numbers held to its ends.  Shape: kept.  Dtype: `dtype`."""
    x, wide = tensor(x), in_words(dtype)
    if dtypes.is_bool(wide) or dtypes.is_bool(x.dtype) or x.dtype == wide:
        return as_dtype(x, wide)
    if dtypes.is_float(wide):
        low, high = -dtypes.limits(wide).max, dtypes.limits(wide).max
        return as_dtype(functions.clip(x, low, high) if dtypes.is_float(x.dtype) and x.dtype.itemsize > wide.itemsize else x, wide)
    low, high = dtypes.extremes(wide)
    if dtypes.is_integer(x.dtype):
        own = dtypes.extremes(x.dtype)
        return as_dtype(functions.clip(x, max(low, own[0]), min(high, own[1])), wide)
    top = float(np.nextafter(np.float32(high), np.float32(0))) if high > 2**24 else float(high)
    inside = functions.clip(where(isnan(x), 0, x), float(low), top)
    return where(x >= float(high), as_dtype(tensor(high, wide), wide), as_dtype(inside, wide))


@op()
def stop_gradient(variable: Operand) -> Any:
    """The same, without a gradient.  Shape, dtype: kept."""
    return stopped(tensor(variable))


def shape(x: Operand) -> tuple[int | None, ...]:
    """The extents of x, None where a symbolic value does not know one."""
    return x.shape if is_symbol(x) else tuple(tensor(x).shape)


def dtype(x: Operand) -> str:
    """The name of x's dtype.  Dtype: `float32`."""
    return x.dtype if is_symbol(x) else standardize_dtype(tensor(x).dtype)


def is_tensor(x: object) -> bool:
    """Whether it is a Tensor."""
    return isinstance(x, Tensor)


def convert_to_tensor(x: Operand, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Any:
    """The Tensor of what it may be made of.  Shape: kept.  Dtype: `dtype`, by default that of x; of floats of Python's floatx.

    Raises: ArgumentError for sparse and ragged values, which are not here.
    """
    if sparse or ragged:
        raise ArgumentError(f"ops.convert_to_tensor: {'sparse' if sparse else 'ragged'} Tensors are not here")
    wide = None if dtype is None else in_words(dtype)
    if is_symbol(x):
        return x if wide is None or x.dtype == dtypes.name(wide) else cast(x, dtype)
    return _made(x, wide)


@op(0)
def _made(x: Operand, wide: Any) -> Any:
    return tensor(x, wide)


def convert_to_numpy(x: Operand) -> Array:
    """A copy of the contents as an array of NumPy's.  Raises: ArgumentTypeError for a symbolic value, which has none."""
    if is_symbol(x):
        raise ArgumentTypeError(f"ops.convert_to_numpy: {x.name} is a value of a model that is being drawn, it has no contents")
    return np.array(x) if isinstance(x, np.ndarray) else tensor(x).numpy()


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """f(*args) gives (result, gradient): a function of args that gives the result, whose gradient is `gradient(upstream)`.

    `gradient` takes the gradient of the result, by position or as `upstream`, and gives one for each argument.

    Raises: ArgumentError where f gives something else.
    """

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        own = [tensor(x) for x in args]
        made = f(*own, **kwargs)  # recorded: what `gradient` reads of it takes part in second gradients
        if not isinstance(made, tuple) or len(made) != 2 or not callable(made[1]):
            raise ArgumentError("ops.custom_gradient: the function gives (result, gradient)", facts=(f"it gave {type(made).__name__}",))
        result, gradient = made
        parts = [tensor(x) for x in flatten(result)]

        def backward(*upstream: Any) -> Any:
            return _asked(gradient, own, upstream)

        found = with_gradient(parts, own, backward, getattr(f, "__name__", "custom_gradient"))
        return unflatten(result, found)

    return call


def _asked(gradient: Callable[..., Any], args: list[Any], upstream: tuple[Any, ...]) -> Any:
    """The gradient function called as it wants to be: with what comes from above by position, or by name beside the arguments."""
    parameters = inspect.signature(gradient).parameters
    named = parameters.get("upstream")
    if named is not None and named.kind is inspect.Parameter.KEYWORD_ONLY and named.default is inspect.Parameter.empty:
        return gradient(*args, upstream=upstream[0] if len(upstream) == 1 else upstream)
    return gradient(*upstream)


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> Any:
    """fun(*primals), and its derivative in the direction of tangents; with `has_aux` fun gives a second result, which is given back.

    Raises: ArgumentError unless there is a tangent for each primal.
    """
    given, along = ([tensor(x) for x in flatten(one)] for one in (primals, tangents))
    if len(given) != len(along):
        raise ArgumentError(f"ops.jvp: {len(given)} primals, {len(along)} tangents")
    with enable_grad():
        leaves = [x.detach() for x in given]
        for x in leaves:
            x.requires_grad = True
        made = fun(*unflatten(list(primals), leaves))
        result, aux = made if has_aux else (made, None)
        outputs = flatten(result)
        weights = [as_dtype(Tensor(np.zeros(y.shape, np.float32)), y.dtype) for y in outputs]
        for weight in weights:
            weight.requires_grad = True
        backs = gradients.grad(outputs, leaves, weights, create_graph=True, allow_unused=True)
        total = [(back * direction).sum() for back, direction in zip(backs, along, strict=True) if back is not None]
        found = gradients.grad(total, weights, allow_unused=True) if total else [None] * len(weights)
    pushed = [weight.detach() * 0 if one is None else one.detach() for one, weight in zip(found, weights, strict=True)]
    result = map_tree(lambda y: y.detach(), result)
    return (result, unflatten(result, pushed), aux) if has_aux else (result, unflatten(result, pushed))

