"""torch's running folds along an axis."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError
from gradwerk.ops import cumulative, elementwise
from gradwerk.ops.movement import reshape
from gradwerk.torch import arguments, return_types
from gradwerk.torch.dtypes import asked
from gradwerk.torch.writing import in_place


class Cumulatives:
    """Running sums and their like."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int
        dtype: DType

        @property
        def shape(self) -> tuple[int, ...]: ...

    def cumsum(self, dim: int, *, dtype: Any = None) -> Self:  # noqa: ANN401
        """The running sum along an axis; whole numbers add up in int64."""
        return self._running("cumsum", cumulative.cumsum, dim, dtype)

    def cumprod(self, dim: int, *, dtype: Any = None) -> Self:  # noqa: ANN401
        """The running product along an axis; whole numbers are multiplied in int64."""
        return self._running("cumprod", cumulative.cumprod, dim, dtype)

    def logcumsumexp(self, dim: int) -> Self:
        """The logarithm of the running sum of exponentials along an axis.  Raises: DTypeError for whole numbers."""
        if not dtypes.is_float(self.dtype):
            message = f"logcumsumexp(): the input must be floating point, got {arguments.name_of(self.dtype)}"
            raise DTypeError(message, likely="use .float()")
        return self._running("logcumsumexp", cumulative.logcumsumexp, dim, None)

    def _running(self, name: str, fold: Callable[..., Any], dim: Any, dtype: Any) -> Self:  # noqa: ANN401
        place = arguments.axis(name, dim, self.ndim)
        x = elementwise.cast(self, asked(name, dtype, self.dtype if dtypes.is_float(self.dtype) else dtypes.int64))
        return fold(x, place) if self.ndim else reshape(fold(reshape(x, (1,)), 0), ())

    def cummax(self, dim: int) -> Any:  # noqa: ANN401
        """The running maximum along an axis, and where it stands."""
        return self._extremes("cummax", cumulative.cummax, return_types.cummax, dim)

    def cummin(self, dim: int) -> Any:  # noqa: ANN401
        """The running minimum along an axis, and where it stands."""
        return self._extremes("cummin", cumulative.cummin, return_types.cummin, dim)

    def _extremes(self, name: str, fold: Callable[..., Any], results: Any, dim: Any) -> Any:  # noqa: ANN401
        place = arguments.axis(name, dim, self.ndim)
        if self.ndim:
            return results(*fold(self, place))
        return results(*(reshape(y, ()) for y in fold(reshape(self, (1,)), 0)))

    cumsum_, cumprod_ = in_place(cumsum), in_place(cumprod)
