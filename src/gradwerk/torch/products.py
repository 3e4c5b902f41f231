"""Products of matrices: what does not fit is refused in PyTorch's words."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ops import functions
from gradwerk.tensor.operators import refuse_numbers
from gradwerk.torch import arguments

Shape = tuple[int, ...]


def product(a: Any, b: Any) -> Any:  # noqa: ANN401  Tensors, or one of them an array
    """a @ b.  Raises: ShapeError, ArgumentTypeError for a number."""
    refuse_numbers(a, b)
    if said := misfit(tuple(a.shape), tuple(b.shape)):
        raise ShapeError(said, facts=facts_of(a, b))
    return functions.matmul(a, b)


def check_dtypes(a: Any, b: Any) -> None:  # noqa: ANN401
    """Refuses to multiply matrices of two dtypes.  Raises: DTypeError."""
    if a.dtype != b.dtype:
        message = f"expected mat1 and mat2 to have the same dtype, but got: {arguments.name_of(a.dtype)} != {arguments.name_of(b.dtype)}"
        raise DTypeError(message, facts=facts_of(a, b), likely=f"convert one: .to(torch.{dtypes.name(a.dtype)})")


def facts_of(a: Any, b: Any) -> tuple[str, ...]:  # noqa: ANN401
    """The shapes, in a line."""
    return (f"input {tuple(a.shape)}      mat2 {tuple(b.shape)}",)


@lru_cache(maxsize=1024)
def misfit(a: Shape, b: Shape) -> str:
    """What matmul says of two shapes; '' where they fit."""
    if not a or not b:
        return f"both arguments to matmul need to be at least 1D, but they are {len(a)}D and {len(b)}D"
    if len(b) > 2:
        return _of_batches(a, b)
    if a[-1] == b[0]:
        return ""
    rows = math.prod(a[:-1])
    if len(b) == 2:
        return f"mat1 and mat2 shapes cannot be multiplied ({rows}x{a[-1]} and {b[0]}x{b[1]})"
    if len(a) > 1:
        return f"size mismatch, got input ({rows}), mat ({rows}x{a[-1]}), vec ({b[0]})"
    return (
        f"inconsistent tensor size, expected tensor [{a[0]}] and src [{b[0]}] to have the same number of elements, but got "
        f"{a[0]} and {b[0]} elements respectively"
    )


def _of_batches(a: Shape, b: Shape) -> str:
    """Where the second is a batch of matrices: leading axes broadcast."""
    rank = max(len(a), len(b)) - 2
    ours, theirs = ((1,) * (rank - len(lead)) + lead for lead in (a[:-2], b[:-2]))
    for axis in reversed(range(rank)):
        if ours[axis] != theirs[axis] and 1 not in (ours[axis], theirs[axis]):
            sizes = f"The size of tensor a ({ours[axis]}) must match the size of tensor b ({theirs[axis]})"
            return f"{sizes} at non-singleton dimension {axis}"
    if a[-1] == b[-2]:
        return ""
    count = math.prod(n if m == 1 else m for n, m in zip(ours, theirs, strict=True))
    return f"Expected size for first two dimensions of batch2 tensor to be: [{count}, {a[-1]}] but got: [{count}, {b[-2]}]."


def misfit_of_two(a: Shape, b: Shape) -> str:
    """What mm says; '' where they fit."""
    names = [name for name, shape in (("self", a), ("mat2", b)) if len(shape) != 2]
    return f"{names[0]} must be a matrix" if names else misfit(a, b)


def misfit_of_batches(a: Shape, b: Shape) -> str:
    """What bmm says, whose batches do not broadcast; '' where they fit."""
    names = [name for name, shape in (("batch1", a), ("batch2", b)) if len(shape) != 3]
    if names:
        return f"{names[0]} must be a 3D tensor"
    wanted, given = (a[0], a[2]), b[:2]
    said = "Expected size for first two dimensions of batch2 tensor to be"
    return "" if wanted == given else f"{said}: [{wanted[0]}, {wanted[1]}] but got: [{given[0]}, {given[1]}]."
