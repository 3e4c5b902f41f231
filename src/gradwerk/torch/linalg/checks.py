"""What torch.linalg takes for a matrix: what is none is refused in PyTorch's words."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ops.arithmetic import cast
from gradwerk.tensor.handle import Handle
from gradwerk.torch import arguments


def floating(function: str, x: Any, argument: str = "A") -> Any:  # noqa: ANN401  a Tensor
    """A Tensor of float32 or float64.  Raises: ArgumentTypeError, DTypeError."""
    arguments.tensor(function.removeprefix("linalg."), x, argument, arrays=False)
    if dtypes.is_narrow(x.dtype):
        raise DTypeError(f"{function}: Low precision dtypes not supported. Got {arguments.name_of(x.dtype)}", likely="use .float()")
    if not dtypes.is_float(x.dtype):
        message = f"{function}: Expected a floating point tensor as input (complex ones are not here yet). Got {arguments.name_of(x.dtype)}"
        raise DTypeError(message, likely="use .float()")
    return x


def matrix(function: str, x: Any, argument: str = "A") -> Any:  # noqa: ANN401  a Tensor
    """A stack of floating matrices.  Raises: ArgumentTypeError, DTypeError, ShapeError."""
    floating(function, x, argument)
    if x.ndim < 2:
        raise ShapeError(f"{function}: The input tensor {argument} must have at least 2 dimensions.", facts=(f"given {tuple(x.shape)}",))
    return x


def square(function: str, x: Any, argument: str = "A") -> Any:  # noqa: ANN401  a Tensor
    """A stack of floating square matrices.  Raises: ArgumentTypeError, DTypeError, ShapeError."""
    matrix(function, x, argument)
    rows, columns = x.shape[-2:]
    if rows != columns:
        raise ShapeError(f"{function}: {argument} must be batches of square matrices, but they are {rows} by {columns} matrices")
    return x


def same(function: str, a: Any, b: Any) -> None:  # noqa: ANN401  Tensors
    """Two Tensors of one dtype.  Raises: ArgumentTypeError, DTypeError."""
    arguments.tensor(function.removeprefix("linalg."), b, "B", arrays=False)
    if a.dtype != b.dtype:
        names = f"got {arguments.name_of(a.dtype)} and {arguments.name_of(b.dtype)} instead."
        raise DTypeError(f"{function}: Expected A and B to have the same dtype, but {names}", likely="convert one")


def cut(given: Any, x: Any) -> Any:  # noqa: ANN401  a Tensor, a number or None
    """What singular values are compared with, in the dtype of the matrices."""
    return cast(given, x.dtype) if isinstance(given, Handle) else given
