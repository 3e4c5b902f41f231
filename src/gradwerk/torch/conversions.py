"""torch.Tensor's conversions: other dtypes, by `to` and by the names of the types, and other devices."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError
from gradwerk.ops import elementwise
from gradwerk.tensor import tensor as base
from gradwerk.tensor.devices import CPU
from gradwerk.tensor.moves import moved
from gradwerk.torch import arguments
from gradwerk.torch.devices import device as Place  # noqa: N812  the name of an argument
from gradwerk.torch.dtypes import OF_TYPES, destination, is_dtype
from gradwerk.torch.options import as_recorded

Truth = bool
Class = type
"""The types' own names are those of methods below."""


def _never(what: str) -> property:
    """A truth about a Tensor that is False of all here."""
    return property(lambda self: False, doc=f"False: there are no {what} here.")


class Conversions:
    """The same numbers in another dtype, or elsewhere."""

    __slots__ = ()
    is_ipu, is_maia, is_mps, is_mtia = (_never(f"{name} devices") for name in ("IPU", "MAIA", "MPS", "MTIA"))
    is_vulkan, is_xla, is_xpu = (_never(f"{name} devices") for name in ("Vulkan", "XLA", "XPU"))
    is_meta, is_mkldnn, is_nested = (_never(f"{kind} Tensors") for kind in ("meta", "MKL-DNN", "nested"))
    is_quantized, is_sparse, is_sparse_csr = (_never(f"{kind} Tensors") for kind in ("quantised", "sparse", "compressed sparse"))
    if TYPE_CHECKING:
        dtype: DType

        def clone(self) -> Self: ...

    def is_floating_point(self) -> Truth:
        """True for floating dtypes."""
        return dtypes.is_float(self.dtype)

    @as_recorded()
    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: Truth = False) -> Self:  # noqa: ANN401
        """In another dtype and on another device, given themselves, by name or as those of another Tensor."""
        wanted, place, switches = destination("to", args, dtype, device)
        copy = copy or switches[1:2] == [True]  # non_blocking stands before it
        result: Any = self if wanted is None else elementwise.cast(self, wanted)
        result = result if place is None else moved(result, place)
        return result.clone() if copy and result is self else result

    @as_recorded()
    def type(self, dtype: Any = None) -> Any:  # noqa: ANN401
        """In another dtype, given itself or by torch's type of it, `torch.FloatTensor`, or the name of that; the name where none is given.

        Raises: ArgumentError for any other name, and for another class.
        """
        if dtype is None:
            return f"torch.{arguments.name_of(self.dtype)}Tensor"
        if isinstance(dtype, Class) and dtype.__module__ == "torch":
            dtype = f"torch.{dtype.__name__}"  # torch.FloatTensor itself
        if isinstance(dtype, str):
            if dtype not in OF_TYPES:
                raise ArgumentError(f"invalid type: {dtype!r}", facts=(f"known: {', '.join(OF_TYPES)}",))
            return self.to(dtype=OF_TYPES[dtype])
        if isinstance(dtype, Class):
            likely = f"x.to({dtype.__name__})" if dtype.__module__ == "builtins" and is_dtype(dtype) else ""
            raise ArgumentError(f"invalid type: {dtype.__name__!r}", likely=likely)
        return self.to(dtype=dtype)

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
    def short(self) -> Self:
        """As int16."""
        return elementwise.cast(self, dtypes.int16)

    @as_recorded()
    def char(self) -> Self:
        """As int8."""
        return elementwise.cast(self, dtypes.int8)

    @as_recorded()
    def byte(self) -> Self:
        """As uint8."""
        return elementwise.cast(self, dtypes.uint8)

    @as_recorded()
    def bool(self) -> Self:
        """True where not 0."""
        return elementwise.cast(self, dtypes.bool_)

    def type_as(self, other: base.Tensor) -> Self:
        """In the dtype of another Tensor."""
        arguments.tensor("type_as", other, "other")
        return elementwise.cast(self, other.dtype)

    @as_recorded()
    def cpu(self) -> Self:
        """Itself there, else a copy on the CPU."""
        here: Self = moved(self, CPU)  # type: ignore[type-var]  # the class that has these methods is a Tensor
        return here

    @as_recorded()
    def cuda(self, device: Any = None) -> Self:  # noqa: ANN401
        """There is no such device.  Raises: NoDeviceError."""
        Place("cuda")
        return self
