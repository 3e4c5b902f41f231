"""torch.Tensor's methods that make others like it, and those that change its shape in place."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import StateError
from gradwerk.ir.graph import Type
from gradwerk.tensor import tensor as base
from gradwerk.tensor.handle import Handle, View, become, history, make
from gradwerk.tensor.node import TapeNode
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage
from gradwerk.torch import arguments
from gradwerk.torch.dtypes import asked


class Making:
    """See the module."""

    __slots__ = ()
    if TYPE_CHECKING:
        dtype: dtypes.DType
        _storage: Storage
        _held: Any
        _type: Type
        _view: View | None
        _node: TapeNode | None
        _index: int
        _requires_grad: bool
        _grad: Any

    def new_zeros(self, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Any:  # noqa: ANN401
        """Zeros of this dtype unless another is given."""
        return self._full("new_zeros", size, 0, dtype, requires_grad=requires_grad)

    def new_ones(self, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Any:  # noqa: ANN401
        """Ones of this dtype unless another is given."""
        return self._full("new_ones", size, 1, dtype, requires_grad=requires_grad)

    def new_empty(self, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Any:  # noqa: ANN401
        """Zeros of this dtype: memory that nobody has written is zeros here."""
        return self._full("new_empty", size, 0, dtype, requires_grad=requires_grad)

    def new_full(self, size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:  # noqa: ANN401
        """One value everywhere, of this dtype unless another is given.  Raises: ArgumentTypeError for what is no number."""
        value = fill_value.item() if isinstance(fill_value, base.Tensor) else arguments.number("new_full", "fill_value", fill_value)
        return self._full("new_full", (size,), value, dtype, requires_grad=requires_grad)

    def new_tensor(self, data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Any:  # noqa: ANN401
        """A Tensor with a copy of the data, of this dtype unless another is given."""
        wanted = self.dtype if dtype is None else asked("new_tensor", dtype, dtypes.float32)
        if isinstance(data, base.Tensor):
            held: Any = data
            copy = held.detach().clone().to(wanted)
            return copy.requires_grad_() if requires_grad else copy
        made = cast("type[Any]", type(self)).result_class
        return made.of(np.asarray(data), wanted, requires_grad=requires_grad)

    def _full(self, name: str, size: tuple[Any, ...], value: Any, dtype: Any, *, requires_grad: bool) -> Any:  # noqa: ANN401
        wanted = self.dtype if dtype is None else asked(name, dtype, dtypes.float32)
        made = cast("type[Any]", type(self)).result_class
        return made.of(dtypes.filled(arguments.sizes(name, size), value, wanted), requires_grad=requires_grad)

    def unsqueeze_(self, dim: int) -> Self:
        """`unsqueeze` in place."""
        return self._as_view("unsqueeze", dim)

    def squeeze_(self, *dim: Any) -> Self:  # noqa: ANN401
        """`squeeze` in place."""
        return self._as_view("squeeze", *dim)

    def transpose_(self, dim0: int, dim1: int) -> Self:
        """`transpose` in place."""
        return self._as_view("transpose", dim0, dim1)

    def swapaxes_(self, axis0: int, axis1: int) -> Self:
        """`transpose` in place."""
        return self._as_view("transpose", axis0, axis1)

    def swapdims_(self, dim0: int, dim1: int) -> Self:
        """`transpose` in place."""
        return self._as_view("transpose", dim0, dim1)

    def t_(self) -> Self:
        """`t` in place."""
        return self._as_view("t")

    def detach_(self) -> Self:
        """Forgets the history.  Raises: StateError for a view, whose history is its base's."""
        if self._view is not None and self._view.root is not None:
            raise StateError("Can't detach views in-place. Use detach() instead.")
        this: Any = self
        this._node, this._index, this._requires_grad = None, 0, False
        return self

    def _as_view(self, method: str, *args: Any) -> Self:  # noqa: ANN401
        """Becomes a view of itself.  Raises: StateError for a leaf that requires a gradient, and inside a compiled function."""
        if mode.trace is not None:
            raise StateError(f"{method}_ inside a compiled function", likely=f"x = x.{method}({', '.join(map(str, args))})")
        if self._requires_grad and mode.grad:
            raise StateError("a view of a leaf Variable that requires grad is being used in an in-place operation.")
        this = cast("Handle", self)
        node, index = history(this)
        twin: Any = make(type(this).result_class, self._storage, self._held, self._type, self._view)
        twin._node, twin._index = node, index
        gradient = self._grad
        become(this, getattr(twin, method)(*args))
        this._grad = gradient
        return self
