"""The part of torch.Tensor that is of complex numbers."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError
from gradwerk.ops import complexes, elementwise
from gradwerk.ops.arithmetic import where
from gradwerk.ops.compare import less, not_equal
from gradwerk.ops.source import full
from gradwerk.torch import arguments
from gradwerk.torch.defaults import default_float
from gradwerk.torch.options import as_recorded


class Complexes:
    """Parts, conjugates and angles; of real numbers too."""

    __slots__ = ()
    if TYPE_CHECKING:
        dtype: DType

    def is_complex(self) -> bool:
        """True for complex dtypes."""
        return dtypes.is_complex(self.dtype)

    @property
    def real(self) -> Self:
        """The real part; of real numbers themselves."""
        return complexes.real(self)

    @property
    def imag(self) -> Self:
        """The imaginary part.  Raises: DTypeError for real numbers."""
        if not dtypes.is_complex(self.dtype):
            raise DTypeError("imag is not implemented for tensors with non-complex dtypes.", likely="it is 0")
        return complexes.imag(self)

    def conj(self) -> Self:
        """The conjugate; of real numbers themselves.  It is computed at once: there is none to resolve."""
        return complexes.conj(self)

    def conj_physical(self) -> Self:
        """The conjugate; of real numbers themselves."""
        return complexes.conj(self)

    def resolve_conj(self) -> Self:
        """Itself."""
        return self

    def angle(self) -> Self:
        """The angle in the plane: of negative real numbers pi, of NaN itself."""
        if dtypes.is_complex(self.dtype):
            return complexes.angle(self)
        x: Any = self if dtypes.is_float(self.dtype) else elementwise.cast(self, default_float())
        return where(not_equal(x, x), x, where(less(x, 0), math.pi, full(x.shape, 0, x.dtype, like=(x,))))

    @as_recorded()
    def cfloat(self) -> Self:
        """As complex64."""
        return elementwise.cast(self, dtypes.complex64)

    @as_recorded()
    def cdouble(self) -> Self:
        """As complex128."""
        return elementwise.cast(self, dtypes.complex128)


def parts(function: str, first: Any, second: Any, names: tuple[str, str]) -> tuple[Any, Any]:  # noqa: ANN401  Tensors
    """Two Tensors of one of the dtypes of which complex numbers are made.  Raises: ArgumentTypeError, DTypeError."""
    for x, name in ((first, names[0]), (second, names[1])):
        arguments.tensor(function, x, name)
        if x.dtype not in (dtypes.float32, dtypes.float64):
            raise DTypeError(f"Expected both inputs to be Half, Float or Double tensors but got {arguments.name_of(x.dtype)}")
    if first.dtype != second.dtype:
        message = f"Expected object of scalar type {arguments.name_of(first.dtype)} but got scalar type {arguments.name_of(second.dtype)}"
        raise DTypeError(f"{message} for second argument")
    return first, second
