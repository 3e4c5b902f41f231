"""torch's functions of Tensors: each is the method of its name, or a function of ops."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import promoted
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.base.python_numbers import is_number, of_numbers
from gradwerk.ops import elementwise, movement
from gradwerk.tensor import tensor as base
from gradwerk.torch import arguments
from gradwerk.torch.autocasting import under_autocast
from gradwerk.torch.options import HINTS, Adapter, as_recorded
from gradwerk.torch.products import Shape, check_dtypes, facts_of, misfit, misfit_of_batches, misfit_of_two
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A001, A002, FBT001, FBT002  torch's names
P = ParamSpec("P")
R = TypeVar("R")


def function_of(method: Callable[P, R], name: str = "") -> Callable[P, R]:
    """torch's function that is a method of Tensors, of its name or another: `torch.exp(x)` of `Tensor.exp`.

    Raises: ArgumentTypeError for no Tensor.
    """
    known: Adapter | None = vars(method).get("adapter")
    function: Any = method if known is None else known.function  # not through the method's own look at its arguments
    name = name or method.__name__
    function = under_autocast(function, name)
    adapter = Adapter(inspect.unwrap(function), HINTS, is_method=False, name=name)
    counts = adapter.own.counts(0)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if not kwargs and len(args) in counts and isinstance(args[0], Tensor):
            return function(*args)
        placed, named = adapter.adapted(args, kwargs)
        first = placed[0] if placed else named["self"]
        given_tensor(name, first)
        return function(*placed, **named)

    own, *others = inspect.signature(function).parameters.values()
    vars(call).update(adapter=adapter, __signature__=inspect.Signature([own.replace(name="input"), *others]))
    call.__module__, call.__qualname__, call.__name__ = __name__, name, name
    return call


@as_recorded()
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The Tensors one behind the other along an axis, in their common dtype.  Raises: ShapeError naming the Tensor that does not fit."""
    parts = tensors_of("cat", tensors)
    filled = [x for x in parts if x.shape != (0,)] or parts[:1]  # torch passes over empty vectors beside what has more axes
    filled = parts if filled[0].ndim == 1 else filled
    place = arguments.axis("cat", dim, filled[0].ndim)
    first = filled[0].shape
    for number, x in enumerate(parts):
        shape = x.shape
        if shape == first or shape == (0,):
            continue
        if x.ndim != filled[0].ndim:
            raise ShapeError(f"Tensors must have same number of dimensions: got {filled[0].ndim} and {x.ndim}", facts=_entries(parts))
        wrong = [k for k, n in enumerate(shape) if k != place and n != first[k]]
        if wrong:
            message = f"Sizes of tensors must match except in dimension {place}. Expected size {first[wrong[0]]}"
            raise ShapeError(f"{message} but got size {shape[wrong[0]]} for tensor number {number} in the list.", facts=_entries(parts))
    return movement.concatenate(in_common(parts, filled), place)


@as_recorded()
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The Tensors along a new axis, in their common dtype.  Raises: ShapeError naming the Tensor that does not fit."""
    parts = tensors_of("stack", tensors)
    place = arguments.axis("stack", dim, parts[0].ndim + 1)
    for number, x in enumerate(parts):
        if x.shape != parts[0].shape:
            message = f"stack expects each tensor to be equal size, but got {list(parts[0].shape)} at entry 0 and {list(x.shape)}"
            raise ShapeError(f"{message} at entry {number}")
    return movement.concatenate([movement.expand_dims(x, place) for x in in_common(parts, parts)], place)


def tensors_of(name: str, given: Any) -> list[Tensor]:  # noqa: ANN401
    """Raises: ArgumentError for nothing, ArgumentTypeError for what is no Tensor."""
    if isinstance(given, Tensor) or not isinstance(given, Iterable):
        raise ArgumentTypeError(f"{name}(): argument 'tensors' must be a tuple or list of Tensors, not {type(given).__name__}")
    parts = list(given)
    if not parts:
        raise ArgumentError(f"torch.{name}(): expected a non-empty list of Tensors")
    if wrong := [k for k, x in enumerate(parts) if not isinstance(x, base.Tensor)]:
        raise ArgumentTypeError(f"{name}(): expected Tensor as element {wrong[0]} in argument 0, but got {type(parts[wrong[0]]).__name__}")
    return parts


def in_common(parts: list[Tensor], kept: list[Tensor]) -> list[Any]:
    """The Tensors of `kept` in the dtype in which all parts meet."""
    dtype = functools.reduce(promoted, [x.dtype for x in parts])
    return [elementwise.cast(x, dtype) for x in kept]


def _entries(parts: list[Tensor]) -> tuple[str, ...]:
    return tuple(f"tensor {k}  {tuple(x.shape)} {dtypes.name(x.dtype)}" for k, x in enumerate(parts[:8]))


exp, log, sqrt, abs = function_of(Tensor.exp), function_of(Tensor.log), function_of(Tensor.sqrt), function_of(Tensor.abs)
sin, cos, tanh = function_of(Tensor.sin), function_of(Tensor.cos), function_of(Tensor.tanh)
sigmoid, relu, clamp = function_of(Tensor.sigmoid), function_of(Tensor.relu), function_of(Tensor.clamp)
softmax, log_softmax = function_of(Tensor.softmax), function_of(Tensor.log_softmax)
sum, mean, argmax = function_of(Tensor.sum), function_of(Tensor.mean), function_of(Tensor.argmax)
max, min = function_of(Tensor.max), function_of(Tensor.min)
flatten, transpose = function_of(Tensor.flatten), function_of(Tensor.transpose)
unsqueeze, squeeze = function_of(Tensor.unsqueeze), function_of(Tensor.squeeze)
equal, numel = function_of(Tensor.equal), function_of(Tensor.numel)


@as_recorded()
def relu_(input: Tensor) -> Tensor:
    """In place: max(x, 0)."""
    return given_tensor("relu_", input).relu_()


@as_recorded()
def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:  # noqa: ANN401
    """input where the condition holds, else other, in their common dtype; of a condition alone the places where it holds, eagerly.

    Raises: DTypeError for a condition that is not bool.
    """
    arguments.tensor("where", condition, "condition")
    if input is None and other is None:
        places: tuple[Tensor, ...] = condition.nonzero(as_tuple=True)
        return places
    if not dtypes.is_bool(condition.dtype):
        message = f"where expected condition to be a boolean tensor, but got a tensor with dtype {arguments.name_of(condition.dtype)}"
        raise DTypeError(message, likely="compare first: condition != 0")
    if is_number(input) and is_number(other):
        dtype = of_numbers((input, other))
        return elementwise.where(condition, *(dtypes.converted(np.asarray(number), dtype) for number in (input, other)))
    return elementwise.where(condition, *Tensor.promote(input, other))


def implicit_axis(input: Tensor) -> int:
    """The axis of softmax that torch takes where none is named: 0 for 0, 1 and 3 axes, else 1.  It warns: name the axis."""
    warn("Implicit dimension choice for softmax has been deprecated: write dim=...")
    return 0 if input.ndim in {0, 1, 3} else 1


@as_recorded()
def pow(input: Tensor, exponent: Any) -> Tensor:  # noqa: ANN401
    """x ** exponent."""
    return input**exponent


@as_recorded()
def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two Tensors.  Raises: ArgumentTypeError for a number."""
    if is_number(other):
        message = f"maximum(): argument 'other' must be Tensor, not {type(other).__name__}"
        raise ArgumentTypeError(message, likely=f"torch.clamp(input, min={other})")
    return _both("maximum", input, other).max(other)


@as_recorded()
def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two Tensors.  Raises: ArgumentTypeError for a number."""
    if is_number(other):
        message = f"minimum(): argument 'other' must be Tensor, not {type(other).__name__}"
        raise ArgumentTypeError(message, likely=f"torch.clamp(input, max={other})")
    return _both("minimum", input, other).min(other)


@as_recorded()
def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product."""
    return _both("matmul", input, other) @ other


def _both(name: str, input: Any, other: Any, argument: str = "other") -> Any:  # noqa: ANN401
    """The first, where both are Tensors, or one of them an array.  Raises: ArgumentTypeError."""
    arguments.tensor(name, input)
    arguments.tensor(name, other, argument)
    return input if isinstance(input, Tensor) else Tensor.of(input)


@as_recorded()
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices.  Raises: ShapeError for other ranks."""
    return _fitting("mm", misfit_of_two, input, mat2)


@as_recorded()
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices.  Raises: ShapeError for other ranks."""
    return _fitting("bmm", misfit_of_batches, input, mat2)


def _fitting(name: str, says: Callable[[Shape, Shape], str], a: Tensor, b: Tensor) -> Tensor:
    _both(name, a, b, "mat2")
    check_dtypes(a, b)
    shapes = tuple(a.shape), tuple(b.shape)
    if said := says(*shapes):
        raise ShapeError(said, facts=facts_of(a, b), likely="" if misfit(*shapes) else "matmul takes any ranks")
    return a @ b


@as_recorded()
def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """In another shape."""
    return given_tensor("reshape", input).reshape(*_whole_numbers("reshape", "shape", shape))


@as_recorded()
def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """A view with the axes in another order."""
    return given_tensor("permute", input).permute(*_whole_numbers("permute", "dims", dims))


def given_tensor(name: str, input: Any) -> Tensor:  # noqa: ANN401
    """A Tensor.  Raises: ArgumentTypeError."""
    if not isinstance(input, Tensor):
        kind = "a Tensor of another API, such as that of Keras" if isinstance(input, base.Tensor) else type(input).__name__
        raise ArgumentTypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {kind}")
    return input


def _whole_numbers(name: str, argument: str, given: Any) -> Sequence[int]:  # noqa: ANN401
    """Several of them.  Raises: ArgumentTypeError."""
    if not isinstance(given, (tuple, list)):
        raise ArgumentTypeError(f"{name}(): argument '{argument}' (position 2) must be tuple of ints, not {type(given).__name__}")
    return given


@as_recorded()
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """True when |a - b| <= atol + rtol |b| everywhere.  Raises: DTypeError for two dtypes."""
    for name, given in (("input", input), ("other", other)):
        arguments.tensor("allclose", given, name, arrays=False)
    for argument, tolerance in (("rtol", rtol), ("atol", atol)):
        arguments.number("allclose", argument, tolerance)
    arguments.switch("allclose", "equal_nan", equal_nan)
    if input.dtype != other.dtype:
        raise DTypeError(f"{arguments.name_of(input.dtype)} did not match {arguments.name_of(other.dtype)}", likely="convert one")
    a, b = (dtypes.widened(x.contents("allclose()")) for x in (input, other))
    return bool(np.allclose(a, b, rtol, atol, equal_nan=equal_nan))


@as_recorded()
def is_tensor(obj: Any) -> bool:  # noqa: ANN401
    """True for a Tensor."""
    return isinstance(obj, Tensor)
