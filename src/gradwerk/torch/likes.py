"""Tensors made after others: of their shape and dtype, or the dtype that others have together."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.tensor import tensor as base
from gradwerk.tensor.random import Generator
from gradwerk.torch import arguments, creation
from gradwerk.torch.defaults import default_float
from gradwerk.torch.dtypes import asked
from gradwerk.torch.options import as_recorded
from gradwerk.torch.promotion import result_dtype
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names


@as_recorded()
def full_like(input: base.Tensor, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """One value everywhere, in the shape of another Tensor, of its dtype unless given."""
    arguments.tensor("full_like", input)
    wanted = input.dtype if dtype is None else asked("full_like", dtype, dtypes.float32)
    return creation.full(tuple(input.shape), fill_value, dtype=wanted, requires_grad=requires_grad)


@as_recorded()
def empty_like(input: base.Tensor, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Zeros in the shape of another Tensor: memory that nobody has written is zeros here."""
    arguments.tensor("empty_like", input)
    return creation.zeros_like(input, dtype=dtype, requires_grad=requires_grad)


@as_recorded()
def randint_like(
    input: base.Tensor, low: Any = None, high: Any = None, *, generator: Generator | None = None, dtype: Any = None,  # noqa: ANN401
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers from low (0) to high - 1, in the shape and dtype of another Tensor."""
    arguments.tensor("randint_like", input)
    ends = (0, low) if high is None else (low, high)
    wanted = input.dtype if dtype is None else asked("randint_like", dtype, dtypes.float32)
    made: Tensor = creation.randint(ends[0], ends[1], tuple(input.shape), generator=generator, dtype=wanted)
    return made.requires_grad_() if requires_grad else made


@as_recorded()
def logspace(start: float, end: float, steps: int, base: float = 10.0, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """base**start to base**end in `steps` elements whose exponents are even apart; of whole numbers the ends are cut off first.

    Shape: (steps,).  Raises: ArgumentError for a negative number of steps.
    """
    count = arguments.whole("logspace", "steps", steps)
    if count < 0:
        raise ArgumentError("number of steps must be non-negative")
    wanted = asked("logspace", dtype, default_float())
    first, last = (float(int(one)) if dtypes.is_integer(wanted) else float(one) for one in (start, end))
    numbers = np.logspace(first, last, count, base=float(base))
    return Tensor.of(dtypes.converted(numbers, wanted), requires_grad=requires_grad)


@as_recorded()
def scalar_tensor(s: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """A number as a Tensor of no axes, of the default float unless given."""
    return creation.full((), s, dtype=asked("scalar_tensor", dtype, default_float()), requires_grad=requires_grad)


def asarray(obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool | None = None) -> Tensor:  # noqa: ANN401
    """The Tensor itself, the memory of an array, or a new Tensor; a copy where `copy` says so."""
    made = creation.as_tensor(obj, dtype=dtype, device=device)
    made = made.clone() if copy else made
    return made.requires_grad_() if requires_grad else made


@as_recorded()
def result_type(tensor: Any, other: Any) -> dtypes.DType:  # noqa: ANN401  Tensors or numbers
    """The dtype of their sum.  Raises: ArgumentTypeError."""
    for value in (tensor, other):
        if not isinstance(value, base.Tensor) and not python_numbers.is_number(value) and not isinstance(value, bool):
            raise ArgumentTypeError(f"result_type(): an argument must be Tensor or Number, not {type(value).__name__}")
    return result_dtype(tensor, other)


def promote_types(type1: Any, type2: Any) -> dtypes.DType:  # noqa: ANN401
    """The smallest dtype that both fit into, by torch's table."""
    first, second = (asked("promote_types", given, dtypes.float32) for given in (type1, type2))
    return result_dtype(Tensor.of(np.zeros(1, first)), Tensor.of(np.zeros(1, second)))


def can_cast(from_: Any, to: Any) -> bool:  # noqa: ANN401
    """Whether a dtype may become another one without losing its kind: bool, whole, floating, complex."""
    # torch's rule names neither size nor sign: int64 may become uint8
    given, wanted = (dtypes.rank(asked("can_cast", each, dtypes.bool_)) for each in (from_, to))
    return given <= wanted


def is_floating_point(input: Tensor) -> bool:
    """Whether the elements are floating."""
    return dtypes.is_float(input.dtype)


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element is other than 0.  Raises: as bool(tensor)."""
    return bool(input)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether the shapes are equal."""
    return tuple(input.shape) == tuple(other.shape)


def is_signed(input: Tensor) -> bool:
    """Whether elements may be below 0."""
    return not dtypes.is_unsigned(input.dtype) and not dtypes.is_bool(input.dtype)


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:  # noqa: ANN401  memory is as it is
    """A copy that gradients flow through."""
    return input.clone()


def detach(input: Tensor) -> Tensor:
    """The same memory without history."""
    return input.detach()
