"""torch.Tensor's conversions: other dtypes, by `to` and by the names of the types, and other devices."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.ops import elementwise
from gradwerk.tensor import tensor as base
from gradwerk.tensor.devices import CPU, place_of
from gradwerk.tensor.moves import moved
from gradwerk.torch import arguments
from gradwerk.torch.devices import device as Place  # noqa: N812  the name of an argument
from gradwerk.torch.devices import wanted as named_place
from gradwerk.torch.options import as_recorded

Truth = bool
"""The type's own name is that of a method below."""
DTYPES = ("bfloat16", "float16", "half", "float", "float32", "double", "float64", "int", "int32", "long", "int64", "uint8", "bool")
"""What torch calls its dtypes."""


class Conversions:
    """The same numbers in another dtype, or elsewhere."""

    __slots__ = ()
    if TYPE_CHECKING:
        dtype: DType

        def clone(self) -> Self: ...

    def is_floating_point(self) -> Truth:
        """True for floating dtypes."""
        return dtypes.is_float(self.dtype)

    @as_recorded()
    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: Truth = False) -> Self:  # noqa: ANN401
        """In another dtype and on another device, given themselves, by name or as those of another Tensor."""
        wanted, place = dtype, named_place(device)
        copy = copy or (len(args) > 2 and [arg for arg in args if isinstance(arg, Truth)][1:2] == [True])  # non_blocking stands before it
        for arg in args:
            if isinstance(arg, base.Tensor):
                wanted, place = arg.dtype, place_of(arg._storage)
            elif isinstance(arg, np.dtype):
                wanted = arg
            elif isinstance(arg, str):
                if arg in DTYPES:
                    raise ArgumentTypeError(f"to(): {arg!r} is the name of a dtype and no device", likely=f"x.to(torch.{arg})")
                place = named_place(arg)
            elif isinstance(arg, Place):
                place = named_place(arg)
        result: Any = self if wanted is None else elementwise.cast(self, wanted)
        result = result if place is None else moved(result, place)
        return result.clone() if copy and result is self else result

    @as_recorded()
    def type(self, dtype: Any = None) -> Any:  # noqa: ANN401
        """In another dtype; torch's name of its type where none is given."""
        return f"torch.{arguments.name_of(self.dtype)}Tensor" if dtype is None else self.to(dtype=dtype)

    @as_recorded()
    def float(self) -> Self:
        """As float32."""
        return elementwise.cast(self, dtypes.float32)

    @as_recorded()
    def half(self) -> Self:
        """As float16."""
        return elementwise.cast(self, dtypes.float16)

    @as_recorded()
    def bfloat16(self) -> Self:
        """As bfloat16."""
        return elementwise.cast(self, dtypes.bfloat16)

    @as_recorded()
    def double(self) -> Self:
        """As float64."""
        return elementwise.cast(self, dtypes.float64)

    @as_recorded()
    def long(self) -> Self:
        """As int64."""
        return elementwise.cast(self, dtypes.int64)

    @as_recorded()
    def int(self) -> Self:
        """As int32."""
        return elementwise.cast(self, dtypes.int32)

    @as_recorded()
    def bool(self) -> Self:
        """True where not 0."""
        return elementwise.cast(self, dtypes.bool_)

    def type_as(self, other: base.Tensor) -> Self:
        """In the dtype of another Tensor."""
        return elementwise.cast(self, other.dtype)

    @as_recorded()
    def cpu(self) -> Self:
        """Itself there, else a copy on the CPU."""
        here: Self = moved(self, CPU)  # type: ignore[type-var]  # the class that has these methods is a Tensor
        return here

    @as_recorded()
    def cuda(self, device: Any = None) -> Self:  # noqa: ANN401
        """Raises: NoDeviceError."""
        Place("cuda")
        return self
