"""torch's functions of Tensors: each is the method of its name, or a function of ops."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.ops import elementwise, movement
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A001, A002, FBT001, FBT002  torch's names


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The Tensors one behind the other along an axis."""
    return movement.concatenate(tensors, dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The Tensors along a new axis."""
    return movement.concatenate([movement.expand_dims(x, dim) for x in tensors], dim)


def where(condition: Tensor, input: Any, other: Any) -> Tensor:  # noqa: ANN401
    """input where the condition holds, else other."""
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
    return elementwise.sin(input)


def cos(input: Tensor) -> Tensor:
    """The cosine."""
    return elementwise.cos(input)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return input.sigmoid()


def relu(input: Tensor) -> Tensor:
    """max(x, 0)."""
    return input.relu()


def implicit_axis(input: Tensor) -> int:
    """The axis of softmax that torch takes where none is named: 0 for 0, 1 and 3 axes, else 1.  It warns: name the axis."""
    warnings.warn("Implicit dimension choice for softmax has been deprecated: write dim=...", UserWarning, stacklevel=3)
    return 0 if input.ndim in {0, 1, 3} else 1


def softmax(input: Tensor, dim: int) -> Tensor:
    """exp(x) / sum(exp(x)) along an axis."""
    return input.softmax(dim)


def log_softmax(input: Tensor, dim: int) -> Tensor:
    """log(softmax(x)) along an axis."""
    return input.log_softmax(dim)


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:  # noqa: ANN401
    """Held between two bounds."""
    return input.clamp(min, max)


def pow(input: Tensor, exponent: Any) -> Tensor:  # noqa: ANN401
    """x ** exponent."""
    return input**exponent


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two."""
    return elementwise.maximum(*Tensor.promote(input, other))


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two."""
    return elementwise.minimum(*Tensor.promote(input, other))


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
    if (a.ndim, b.ndim) != (rank, rank):
        facts = (f"input {tuple(a.shape)}      mat2 {tuple(b.shape)}",)
        raise ShapeError(f"{name} takes Tensors of {rank} axes", facts=facts, likely="matmul takes any ranks")
    return a @ b


def sum(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:  # noqa: ANN401
    """The sum over axes."""
    return input.sum(dim, keepdim)


def mean(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:  # noqa: ANN401
    """The mean over axes."""
    return input.mean(dim, keepdim)


def max(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:  # noqa: ANN401
    """The largest; along an axis with its place."""
    return input.max(dim, keepdim)


def min(input: Tensor, dim: Any = None, keepdim: bool = False) -> Any:  # noqa: ANN401
    """The smallest; along an axis with its place."""
    return input.min(dim, keepdim)


def argmax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:  # noqa: ANN401
    """The place of the largest."""
    return input.argmax(dim, keepdim)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Axes start_dim..end_dim as one."""
    return input.flatten(start_dim, end_dim)


def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """In another shape."""
    return movement.reshape(input, shape)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """A view with two axes exchanged."""
    return input.transpose(dim0, dim1)


def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """A view with the axes in another order."""
    return movement.transpose(input, dims)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new axis of extent 1."""
    return movement.expand_dims(input, dim)


def squeeze(input: Tensor, dim: Any = None) -> Tensor:  # noqa: ANN401
    """Without axes of extent 1."""
    return input.squeeze(dim)


def equal(input: Tensor, other: Tensor) -> bool:
    """True when shape and all elements are equal."""
    return bool(input.equal(other))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """True when |a - b| <= atol + rtol |b| everywhere."""
    return bool(np.allclose(input.detach().numpy(), other.detach().numpy(), rtol, atol))


def is_tensor(obj: Any) -> bool:  # noqa: ANN401
    """True for a Tensor."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def get_default_dtype() -> Any:  # noqa: ANN401
    """float32."""
    return dtypes.float32
