"""How torch makes Tensors: from data, filled, counted, drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.op import Array
from gradwerk.tensor import random
from gradwerk.tensor import tensor as base
from gradwerk.tensor.random import Generator
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names


def tensor(data: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401, FBT001, FBT002
    """A Tensor with a copy of the data.  Python numbers become float32, int64 or bool; arrays keep their dtype."""
    return Tensor(data, dtype, requires_grad=requires_grad)


def as_tensor(data: Any, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """The Tensor itself, the memory of an array, or a new Tensor."""
    made = data if isinstance(data, Tensor) else from_numpy(data) if isinstance(data, np.ndarray) else tensor(data, dtype)
    return made if dtype is None else made.to(dtype=dtype)


def from_numpy(array: Array) -> Tensor:
    """A Tensor on the array's memory."""
    return Tensor.sharing(array)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Zeros, float32 unless a dtype is given."""
    return Tensor(np.zeros(_shape(size), dtype or dtypes.float32), requires_grad=requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Ones, float32 unless a dtype is given."""
    return Tensor(np.ones(_shape(size), dtype or dtypes.float32), requires_grad=requires_grad)


def full(size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401, FBT001, FBT002
    """One value everywhere; its dtype is the value's unless given."""
    return Tensor(np.full(_shape((size,)), fill_value, dtype or Tensor(fill_value).dtype), requires_grad=requires_grad)


def empty(*size: Any, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """Contents undefined (zeros)."""
    return zeros(*size, dtype=dtype)


def zeros_like(input: base.Tensor, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """Zeros in shape and dtype of another Tensor."""
    return zeros(input.shape, dtype=dtype or input.dtype)


def ones_like(input: base.Tensor, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """Ones in shape and dtype of another Tensor."""
    return ones(input.shape, dtype=dtype or input.dtype)


def arange(start: Any, end: Any = None, step: Any = 1, dtype: Any = None) -> Tensor:  # noqa: ANN401
    """start, start + step, ... before end; int64 from whole numbers, else float32."""
    first, last = (0, start) if end is None else (start, end)
    floating = any(isinstance(n, float) for n in (first, last, step))
    return Tensor(np.arange(first, last, step).astype(dtype or (dtypes.float32 if floating else dtypes.int64)))


def linspace(start: float, end: float, steps: int) -> Tensor:
    """`steps` numbers from start to end, both included."""
    return Tensor(np.linspace(start, end, steps, dtype=np.float32))


def eye(n: int, m: int | None = None) -> Tensor:
    """Ones on the diagonal."""
    return Tensor(np.eye(n, m, dtype=np.float32))


def manual_seed(seed: int) -> Generator:
    """Seeds the default generator."""
    return random.seed(seed)


def rand(*size: Any, generator: Generator | None = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Uniform on [0, 1)."""
    return Tensor((generator or random.default_generator()).uniform(_shape(size)), requires_grad=requires_grad)


def randn(*size: Any, generator: Generator | None = None, requires_grad: bool = False) -> Tensor:  # noqa: ANN401
    """Standard normal."""
    return Tensor((generator or random.default_generator()).normal(_shape(size)), requires_grad=requires_grad)


def rand_like(input: base.Tensor) -> Tensor:
    """Uniform, in the shape of another Tensor."""
    return rand(input.shape)


def randn_like(input: base.Tensor) -> Tensor:
    """Standard normal, in the shape of another Tensor."""
    return randn(input.shape)


def randint(low: int, high: int, size: Any, generator: Generator | None = None) -> Tensor:  # noqa: ANN401
    """Whole numbers from low to before high, int64."""
    bits = (generator or random.default_generator()).bits((math.prod(_shape((size,))), 2)).numpy().astype(np.uint64)
    wide = bits[:, 0] << np.uint64(32) | bits[:, 1]
    return Tensor((wide % np.uint64(high - low)).astype(np.int64).reshape(_shape((size,))) + low)


def randperm(n: int, generator: Generator | None = None) -> Tensor:
    """0 .. n - 1 in random order, int64."""
    return Tensor((generator or random.default_generator()).permutation(n).astype(np.int64))


def _shape(size: tuple[Any, ...]) -> tuple[int, ...]:
    """`zeros(2, 3)` and `zeros((2, 3))` alike."""
    given = size[0] if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    return tuple(int(n) for n in given)
