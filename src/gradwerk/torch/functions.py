"""torch's functions of Tensors: each is the method of its name, or a function of ops."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import is_number, of_numbers, promoted
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.ops import elementwise, movement
from gradwerk.tensor import tensor as base
from gradwerk.torch import arguments
from gradwerk.torch.arithmetic import check_dtypes
from gradwerk.torch.options import accepts, axis_is_dim
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A001, A002, FBT001, FBT002  torch's names


@accepts("out", order="tensors dim")
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The Tensors one behind the other along an axis, in their common dtype.  Raises: ShapeError naming the Tensor that does not fit."""
    parts = _tensors("cat", tensors)
    filled = [x for x in parts if x.shape != (0,)] or parts[:1]  # torch passes over empty vectors beside what has more axes
    filled = parts if filled[0].ndim == 1 else filled
    place = arguments.axis("cat", dim, filled[0].ndim)
    for number, x in enumerate(parts):
        if x.ndim != filled[0].ndim and x.shape != (0,):
            raise ShapeError(f"Tensors must have same number of dimensions: got {filled[0].ndim} and {x.ndim}", facts=_entries(parts))
        wrong = [k for k, n in enumerate(x.shape) if k != place and n != filled[0].shape[k]] if x.shape != (0,) else []
        if wrong:
            message = f"Sizes of tensors must match except in dimension {place}. Expected size {filled[0].shape[wrong[0]]}"
            raise ShapeError(f"{message} but got size {x.shape[wrong[0]]} for tensor number {number} in the list.", facts=_entries(parts))
    return movement.concatenate(_in_common(parts, filled), place)


@accepts("out", order="tensors dim")
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The Tensors along a new axis, in their common dtype.  Raises: ShapeError naming the Tensor that does not fit."""
    parts = _tensors("stack", tensors)
    place = arguments.axis("stack", dim, parts[0].ndim + 1)
    for number, x in enumerate(parts):
        if x.shape != parts[0].shape:
            message = f"stack expects each tensor to be equal size, but got {list(parts[0].shape)} at entry 0 and {list(x.shape)}"
            raise ShapeError(f"{message} at entry {number}")
    return movement.concatenate([movement.expand_dims(x, place) for x in _in_common(parts, parts)], place)


def _tensors(name: str, given: Any) -> list[Tensor]:  # noqa: ANN401
    """Raises: ArgumentError for nothing, ArgumentTypeError for what is no Tensor."""
    if isinstance(given, Tensor) or not isinstance(given, Iterable):
        raise ArgumentTypeError(f"{name}(): argument 'tensors' must be a tuple or list of Tensors, not {type(given).__name__}")
    parts = list(given)
    if not parts:
        raise ArgumentError(f"torch.{name}(): expected a non-empty list of Tensors")
    if wrong := [k for k, x in enumerate(parts) if not isinstance(x, base.Tensor)]:
        raise ArgumentTypeError(f"{name}(): expected Tensor as element {wrong[0]} in argument 0, but got {type(parts[wrong[0]]).__name__}")
    return parts


def _in_common(parts: list[Tensor], kept: list[Tensor]) -> list[Any]:
    """The Tensors of `kept` in the dtype in which all parts meet."""
    dtype = functools.reduce(promoted, [x.dtype for x in parts])
    return [elementwise.cast(x, dtype) for x in kept]


def _entries(parts: list[Tensor]) -> tuple[str, ...]:
    return tuple(f"tensor {k}  {tuple(x.shape)} {dtypes.name(x.dtype)}" for k, x in enumerate(parts[:8]))


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:  # noqa: ANN401
    """input where the condition holds, else other, in their common dtype; of a condition alone the places where it holds, eagerly.

    Raises: DTypeError for a condition that is not bool.
    """
    if input is None and other is None:
        places: tuple[Tensor, ...] = condition.nonzero(as_tuple=True)
        return places
    if not dtypes.is_bool(condition.dtype):
        message = f"where expected condition to be a boolean tensor, but got a tensor with dtype {arguments.name_of(condition.dtype)}"
        raise DTypeError(message, likely="compare first: condition != 0")
    if is_number(input) and is_number(other):
        dtype = of_numbers((input, other))
        return elementwise.where(condition, np.asarray(input, dtype), np.asarray(other, dtype))
    return elementwise.where(condition, *Tensor.promote(input, other))


def exp(input: Tensor) -> Tensor:
    """e ** x."""
    return input.exp()


def log(input: Tensor) -> Tensor:
    """The natural logarithm."""
    return input.log()


def sqrt(input: Tensor) -> Tensor:
    """The square root."""
    return input.sqrt()


def abs(input: Tensor) -> Tensor:
    """|x|."""
    return input.abs()


def sin(input: Tensor) -> Tensor:
    """The sine."""
    return input.sin()


def cos(input: Tensor) -> Tensor:
    """The cosine."""
    return input.cos()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return input.sigmoid()


def relu(input: Tensor) -> Tensor:
    """max(x, 0)."""
    return input.relu()


def relu_(input: Tensor) -> Tensor:
    """In place: max(x, 0)."""
    return input.relu_()


def implicit_axis(input: Tensor) -> int:
    """The axis of softmax that torch takes where none is named: 0 for 0, 1 and 3 axes, else 1.  It warns: name the axis."""
    warn("Implicit dimension choice for softmax has been deprecated: write dim=...")
    return 0 if input.ndim in {0, 1, 3} else 1


def softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """exp(x) / sum(exp(x)) along an axis."""
    return input.softmax(dim, dtype=dtype)


def log_softmax(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """log(softmax(x)) along an axis."""
    return input.log_softmax(dim, dtype=dtype)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:  # noqa: ANN401
    """Held between two bounds."""
    return input.clamp(min, max)


def pow(input: Tensor, exponent: Any) -> Tensor:  # noqa: ANN401
    """x ** exponent."""
    return input**exponent


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two."""
    return input.max(other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two."""
    return input.min(other)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product."""
    return input @ other


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices.  Raises: ShapeError for other ranks."""
    return _ranked("mm", 2, input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices.  Raises: ShapeError for other ranks."""
    return _ranked("bmm", 3, input, mat2)


def _ranked(name: str, rank: int, a: Tensor, b: Tensor) -> Tensor:
    facts = (f"input {tuple(a.shape)}      mat2 {tuple(b.shape)}",)
    check_dtypes(a, b)
    if (a.ndim, b.ndim) != (rank, rank):
        fits = a.ndim and b.ndim and a.shape[-1] == b.shape[-2 if b.ndim > 1 else 0]
        raise ShapeError(f"{name} takes Tensors of {rank} axes", facts=facts, likely="matmul takes any ranks" if fits else "")
    return a @ b


@axis_is_dim
def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """The sum over axes."""
    return input.sum(dim, keepdim, dtype=dtype)


@axis_is_dim
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """The mean over axes."""
    return input.mean(dim, keepdim, dtype=dtype)


@axis_is_dim
def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:  # noqa: ANN401
    """The largest; along an axis with its place; of two Tensors the larger by element."""
    return input.max(dim, keepdim)


@axis_is_dim
def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:  # noqa: ANN401
    """The smallest; along an axis with its place; of two Tensors the smaller by element."""
    return input.min(dim, keepdim)


@axis_is_dim
def argmax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:  # noqa: ANN401
    """The place of the largest."""
    return input.argmax(dim, keepdim)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Axes start_dim..end_dim as one."""
    return input.flatten(start_dim, end_dim)


def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """In another shape."""
    return input.reshape(*shape)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """A view with two axes exchanged."""
    return input.transpose(dim0, dim1)


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """A view with the axes in another order."""
    return input.permute(*dims)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new axis of extent 1."""
    return input.unsqueeze(dim)


def squeeze(input: Tensor, dim: Any = None) -> Tensor:  # noqa: ANN401
    """Without axes of extent 1."""
    return input.squeeze(dim)


def equal(input: Tensor, other: Tensor) -> bool:
    """True when shape and all elements are equal."""
    return bool(input.equal(other))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """True when |a - b| <= atol + rtol |b| everywhere.  Raises: DTypeError for two dtypes."""
    if input.dtype != other.dtype:
        raise DTypeError(f"{arguments.name_of(input.dtype)} did not match {arguments.name_of(other.dtype)}", likely="convert one")
    a, b = (dtypes.widened(x.contents("allclose()")) for x in (input, other))
    return bool(np.allclose(a, b, rtol, atol, equal_nan=equal_nan))


def is_tensor(obj: Any) -> bool:  # noqa: ANN401
    """True for a Tensor."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def get_default_dtype() -> Any:  # noqa: ANN401
    """float32."""
    return dtypes.float32
