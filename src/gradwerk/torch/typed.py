"""torch.FloatTensor and the others: types of Tensors by their dtype, which are called to make one and asked with isinstance."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.tensor import tensor as base
from gradwerk.torch.tensors import Tensor


class Typed(type):
    """The class of these types: calling one makes a Tensor of its dtype, and every Tensor of its dtype is an instance."""

    dtype: dtypes.DType

    def __call__(cls, *data: Any, **options: Any) -> Tensor:  # noqa: ANN401
        """From data, or, of whole numbers, zeros of that shape.  Raises: ArgumentTypeError."""
        if options:
            raise ArgumentTypeError(f"{cls.__name__}: unexpected arguments {', '.join(options)}")
        if len(data) == 1 and not isinstance(data[0], int):
            return Tensor.of(data[0], cls.dtype) if not isinstance(data[0], base.Tensor) else Tensor.of(data[0].numpy(), cls.dtype)
        if not all(isinstance(n, int) and not isinstance(n, bool) for n in data):
            raise ArgumentTypeError(f"{cls.__name__} takes data, or whole numbers as a shape")
        return Tensor.of(np.zeros(data or (0,), cls.dtype))

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, base.Tensor) and instance.dtype == cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"

    def __str__(cls) -> str:
        return f"torch.{cls.__name__}"


def _typed(name: str, dtype: dtypes.DType) -> Typed:
    return Typed(name, (), {"dtype": dtype, "__doc__": f"Tensors of {dtypes.name(dtype)}.", "__module__": "torch"})


FloatTensor = _typed("FloatTensor", dtypes.float32)
DoubleTensor = _typed("DoubleTensor", dtypes.float64)
HalfTensor = _typed("HalfTensor", dtypes.float16)
BFloat16Tensor = _typed("BFloat16Tensor", dtypes.bfloat16)
LongTensor = _typed("LongTensor", dtypes.int64)
IntTensor = _typed("IntTensor", dtypes.int32)
ShortTensor = _typed("ShortTensor", dtypes.int16)
CharTensor = _typed("CharTensor", dtypes.int8)
ByteTensor = _typed("ByteTensor", dtypes.uint8)
BoolTensor = _typed("BoolTensor", dtypes.bool_)
