"""What Python and NumPy ask of a torch.Tensor by methods with two underscores, as PyTorch's answers."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import StateError
from gradwerk.ir.op import Array
from gradwerk.ops import movement
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode

# ruff: noqa: FBT001, FBT002  their signatures


class Protocols:
    """Conversions, containment, formatting."""

    __slots__ = ()
    if TYPE_CHECKING:
        dtype: DType
        ndim: int
        result_class: ClassVar[type[Any]]

        def numpy(self) -> Array: ...
        def __iter__(self) -> Iterator[Any]: ...
        def item(self) -> Any: ...  # noqa: ANN401
        def long(self) -> Self: ...

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: ANN401
        array = self.numpy()
        return np.array(array, dtype, copy=True) if copy else np.asarray(array, dtype)

    def __array_wrap__(self, array: Array, context: Any = None, return_scalar: bool = False) -> Self:  # noqa: ANN401
        """What NumPy's functions give of a Tensor is one: `np.exp(x)`.  Truths are uint8, as in torch."""
        wrapped: Self = self.result_class.sharing(np.asarray(array, np.uint8 if array.dtype == np.bool_ else None))
        return wrapped

    def __index__(self) -> int:
        place: int = super().__index__() if not dtypes.is_bool(self.dtype) else self.long().__index__()  # type: ignore[misc]  # the Tensor's below
        return place

    def __reversed__(self) -> Self:
        """The other way round along every axis, as torch's."""
        turned: Self = movement.flip(self, range(self.ndim))
        return turned

    def __contains__(self, element: object) -> bool:
        """Whether one element is that.  Raises: StateError for what is no number and no Tensor."""
        if not isinstance(element, (Handle, np.generic, float, int)):
            raise StateError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")
        found: Any = self == element
        return bool(found.any())

    def __format__(self, spec: str) -> str:
        """A Tensor of no axes as the number it holds, any other as it prints."""
        if self.ndim or (mode.trace is not None and not spec) or type(self) is not self.result_class:
            return super().__format__(spec) if spec else str(self)
        return format(self.item(), spec)

    def __bytes__(self) -> bytes:
        return bytes(map(operator.index, iter(self)))

    def __dlpack__(self, **options: Any) -> Any:  # noqa: ANN401
        """The memory, for other libraries (array.__dlpack__)."""
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0
