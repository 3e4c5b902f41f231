"""torch.Tensor: torch's method names over the Tensor below.  Memory is shared with NumPy where torch shares it."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError, StateError
from gradwerk.ir.op import Array, Operand
from gradwerk.ops import compare, elementwise, functions, movement, reduction
from gradwerk.tensor import tensor as base
from gradwerk.tensor.handle import Handle, set_wants
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import row_major
from gradwerk.torch import promotion
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.devices import CPU
from gradwerk.torch.devices import device as Place  # noqa: N812  a property's name hides it inside the class
from gradwerk.torch.options import accepts
from gradwerk.torch.shapes import Extreme, Size

# ruff: noqa: FBT001, FBT002, A002  torch's signatures
Whole = int
Truth = bool
Dims = int | Sequence[int] | None
"""Plain names of types that methods of Tensor hide inside the class."""


@ORIGINAL.completes("torch.Tensor")
class Tensor(base.Tensor):
    """torch.Tensor."""

    # Where a method says `type: ignore[override]`, torch's arguments are others than those of the Tensor below: `dim` for `axis`.
    __slots__ = ()

    @classmethod
    def promote(cls, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """torch's table (see promotion.py)."""
        return promotion.promote(a, b)

    def size(self, dim: Whole | None = None) -> Any:  # noqa: ANN401  Size, or one extent
        """The shape, or one extent of it."""
        return Size(self.shape) if dim is None else self.shape[dim]

    def dim(self) -> Whole:
        """The number of axes."""
        return self.ndim

    def numel(self) -> Whole:
        """The number of elements."""
        return self._type.size

    nelement, ndimension = numel, dim

    def stride(self, dim: Whole | None = None) -> Any:  # noqa: ANN401
        """Elements from one place to the next along each axis, or along one."""
        strides = row_major(self.shape).strides if self._view is None else self._view.strides.strides
        return strides if dim is None else strides[dim]

    def is_contiguous(self) -> Truth:
        """True where the elements lie in row-major order without gaps."""
        plain = row_major(self.shape).strides
        return all(n == 1 or s == p for n, s, p in zip(self.shape, self.stride(), plain, strict=True))

    def contiguous(self) -> Self:
        """Itself where contiguous, else a copy that is."""
        return self if self.is_contiguous() else self.clone()

    @property
    def device(self) -> Place:
        """The CPU."""
        return CPU

    @property
    def data(self) -> Self:
        """The same memory without history.  Assigning copies into it."""
        return self.detach()

    @data.setter
    def data(self, value: base.Tensor) -> None:
        self.assign(value)

    def numpy(self) -> Array:
        """The memory itself as an array.  Raises: StateError for a Tensor that requires a gradient."""
        if self.requires_grad:
            raise StateError("Can't call numpy() on Tensor that requires grad.", likely="use tensor.detach().numpy()")
        return self.contents("numpy()")

    def cpu(self) -> Self:
        """Itself."""
        return self

    def requires_grad_(self, requires_grad: Truth = True) -> Self:
        """Takes part in training, or not."""
        self.requires_grad = requires_grad
        return self

    def is_floating_point(self) -> Truth:
        """True for floating dtypes."""
        return self.dtype.kind == "f"

    @accepts("non_blocking", "memory_format")
    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: Truth = False) -> Self:  # noqa: ANN401
        """In another dtype, given itself, by `dtype=` or as that of another Tensor.  There is one device."""
        wanted = dtype
        for arg in (*args, device):
            if isinstance(arg, base.Tensor):
                wanted = arg.dtype
            elif isinstance(arg, np.dtype):
                wanted = arg
            elif isinstance(arg, str):
                Place(arg)
        result = self if wanted is None else elementwise.cast(self, wanted)
        return result.clone() if copy and result is self else result

    def type(self, dtype: Any) -> Self:  # noqa: ANN401
        """In another dtype."""
        return self.to(dtype=dtype)

    def float(self) -> Self:
        """As float32."""
        return elementwise.cast(self, dtypes.float32)

    def double(self) -> Self:
        """As float64."""
        return elementwise.cast(self, dtypes.float64)

    def long(self) -> Self:
        """As int64."""
        return elementwise.cast(self, dtypes.int64)

    def int(self) -> Self:
        """As int32."""
        return elementwise.cast(self, dtypes.int32)

    def bool(self) -> Self:
        """True where not 0."""
        return elementwise.cast(self, dtypes.bool_)

    def type_as(self, other: base.Tensor) -> Self:
        """In the dtype of another Tensor."""
        return elementwise.cast(self, other.dtype)

    def view(self, *shape: Any) -> Self:  # noqa: ANN401
        """The same memory in another shape.  Raises: ShapeError where strides cannot say it."""
        result = movement.reshape(self, _sizes(shape))
        if result._storage is not self._storage:
            facts = [f"shape {self.shape}  strides {self.stride()}  asked {result.shape}"]
            if isinstance(self, Parameter):
                facts.append("layers keep their weights in memory as they are computed with: (*window, in, out)")
            raise ShapeError(
                "view size is not compatible with input tensor's size and stride", facts=tuple(facts), likely="use .reshape(...) instead"
            )
        return result

    def view_as(self, other: base.Tensor) -> Self:
        """`view` in the shape of another Tensor."""
        return self.view(other.shape)

    def flatten(self, start_dim: Whole = 0, end_dim: Whole = -1) -> Self:
        """Axes start_dim..end_dim as one."""
        if not self.shape:
            return movement.reshape(self, (1,))
        first, last = start_dim % self.ndim, end_dim % self.ndim
        return movement.reshape(self, (*self.shape[:first], int(np.prod(self.shape[first : last + 1])), *self.shape[last + 1 :]))

    def permute(self, *dims: Any) -> Self:  # noqa: ANN401
        """A view with the axes in another order."""
        return movement.transpose(self, _sizes(dims))

    def transpose(self, dim0: Whole, dim1: Whole) -> Self:  # type: ignore[override]
        """A view with two axes exchanged."""
        order = list(range(self.ndim))
        order[dim0], order[dim1] = order[dim1], order[dim0]
        return movement.transpose(self, order)

    def t(self) -> Self:
        """A matrix transposed; a vector as it is.  Raises: ShapeError for more axes."""
        if self.ndim > 2:
            raise ShapeError(f"t() expects a tensor with <= 2 dimensions, but self is {self.ndim}D")
        return movement.transpose(self, None)

    def squeeze(self, dim: Dims = None) -> Self:
        """Without axes of extent 1; a named axis of another extent stays."""
        if dim is None:
            return movement.squeeze(self)
        named = (dim,) if isinstance(dim, int) else tuple(dim)
        return movement.squeeze(self, [d for d in named if self.shape[d] == 1])

    def unsqueeze(self, dim: Whole) -> Self:
        """With a new axis of extent 1."""
        return movement.expand_dims(self, dim)

    def expand(self, *sizes: Any) -> Self:  # noqa: ANN401
        """Repeated along new axes and axes of extent 1, as a view; -1 keeps an extent."""
        shape = _sizes(sizes)
        own = (*(1,) * (len(shape) - self.ndim), *self.shape)
        return movement.broadcast_to(self, tuple(n if s == -1 else s for s, n in zip(shape, own, strict=True)))

    def expand_as(self, other: base.Tensor) -> Self:
        """`expand` to the shape of another Tensor."""
        return movement.broadcast_to(self, other.shape)

    def sum(self, dim: Dims = None, keepdim: Truth = False) -> Self:  # type: ignore[override]
        """The sum over axes; whole numbers add up in int64."""
        x = self if self.dtype.kind == "f" else elementwise.cast(self, dtypes.int64)
        return reduction.reduce_sum(x, dim, keepdims=keepdim)

    def mean(self, dim: Dims = None, keepdim: Truth = False) -> Self:  # type: ignore[override]
        """The mean over axes.  Raises: DTypeError for whole numbers."""
        if self.dtype.kind != "f":
            raise DTypeError(f"mean(): the input must be floating point, got {self.dtype}", likely="use .float()")
        return functions.mean(self, dim, keepdims=keepdim)

    def var(self, dim: Dims = None, unbiased: Truth = True, keepdim: Truth = False) -> Self:
        """The variance over axes, divided by count - 1 when unbiased."""
        return functions.variance(self, dim, keepdims=keepdim, correction=1 if unbiased else 0)

    def std(self, dim: Dims = None, unbiased: Truth = True, keepdim: Truth = False) -> Self:
        """The root of the variance."""
        return elementwise.sqrt(self.var(dim, unbiased, keepdim))

    def max(self, dim: Any = None, keepdim: Truth = False) -> Any:  # type: ignore[override]  # noqa: ANN401
        """The largest; along an axis with its place."""
        if dim is None:
            return reduction.reduce_max(self)
        return Extreme(reduction.reduce_max(self, dim, keepdims=keepdim), self.argmax(dim, keepdim))

    def min(self, dim: Any = None, keepdim: Truth = False) -> Any:  # type: ignore[override]  # noqa: ANN401
        """The smallest; along an axis with its place."""
        if dim is None:
            return reduction.reduce_min(self)
        return Extreme(reduction.reduce_min(self, dim, keepdims=keepdim), self.argmin(dim, keepdim))

    def argmax(self, dim: Any = None, keepdim: Truth = False) -> Self:  # noqa: ANN401
        """The place of the first largest along an axis, of the flat Tensor when none is given."""
        return reduction.argmax(self.flatten() if dim is None else self, -1 if dim is None else dim, keepdims=keepdim)

    def argmin(self, dim: Any = None, keepdim: Truth = False) -> Self:  # noqa: ANN401
        """The place of the first smallest along an axis, of the flat Tensor when none is given."""
        return reduction.argmin(self.flatten() if dim is None else self, -1 if dim is None else dim, keepdims=keepdim)

    def norm(self) -> Self:
        """The root of the sum of squares."""
        return elementwise.sqrt(reduction.reduce_sum(functions.square(self)))

    def relu(self) -> Self:
        """max(x, 0)."""
        return functions.relu(self)

    def softmax(self, dim: Whole) -> Self:
        """exp(x) / sum(exp(x)) along an axis."""
        return functions.softmax(self, dim)

    def log_softmax(self, dim: Whole) -> Self:
        """log(softmax(x)) along an axis."""
        return functions.log_softmax(self, dim)

    def clamp(self, min: Any = None, max: Any = None) -> Self:  # noqa: ANN401
        """Held between two bounds."""
        low = self if min is None else elementwise.maximum(*self.promote(self, min))
        return low if max is None else elementwise.minimum(*self.promote(low, max))

    def pow(self, exponent: Any) -> Self:  # noqa: ANN401
        """x ** exponent."""
        return self**exponent

    def square(self) -> Self:
        """x * x."""
        return functions.square(self)

    def matmul(self, other: Operand) -> Self:
        """The matrix product."""
        return self @ other

    mm = bmm = matmul

    def eq(self, other: Operand) -> Self:
        """Where equal."""
        return self == other

    def equal(self, other: base.Tensor) -> Truth:
        """True when shape and all elements are equal."""
        return bool(self.shape == other.shape and compare.equal(*self.promote(self, other)).contents("equal()").all())

    def add(self, other: Operand, *, alpha: Any = 1) -> Self:  # noqa: ANN401
        """x + alpha * other."""
        return self + (other if alpha == 1 else other * alpha)

    def sub(self, other: Operand, *, alpha: Any = 1) -> Self:  # noqa: ANN401
        """x - alpha * other."""
        return self - (other if alpha == 1 else other * alpha)

    def mul(self, other: Operand) -> Self:
        """x * other."""
        return self * other

    def div(self, other: Operand) -> Self:
        """x / other."""
        return self / other

    def add_(self, other: Operand, *, alpha: Any = 1) -> Self:  # noqa: ANN401
        """In place: x + alpha * other."""
        return self.copy_(self.add(other, alpha=alpha))

    def sub_(self, other: Operand, *, alpha: Any = 1) -> Self:  # noqa: ANN401
        """In place: x - alpha * other."""
        return self.copy_(self.sub(other, alpha=alpha))

    def mul_(self, other: Operand) -> Self:
        """In place: x * other."""
        return self.copy_(self * other)

    def div_(self, other: Operand) -> Self:
        """In place: x / other."""
        return self.copy_(self / other)

    def zero_(self) -> Self:
        """In place: zeros."""
        return self.fill_(0)

    def fill_(self, value: Any) -> Self:  # noqa: ANN401
        """In place: one value everywhere."""
        return self.copy_(movement.broadcast_to(np.asarray(value, self.dtype), self.shape))

    def split(self, split_size: Any, dim: Whole = 0) -> tuple[Self, ...]:  # noqa: ANN401
        """Parts of a size, or of several sizes, along an axis, as views."""
        extent = self.shape[dim]
        sizes = [min(split_size, extent - k) for k in range(0, extent, split_size)] if isinstance(split_size, int) else list(split_size)
        ends = np.cumsum(sizes).tolist()
        return tuple(movement.slice_axis(self, dim, end - size, end) for size, end in zip(sizes, ends, strict=True))

    def chunk(self, chunks: Whole, dim: Whole = 0) -> tuple[Self, ...]:
        """At most `chunks` equal parts along an axis."""
        return self.split(-(-self.shape[dim] // chunks), dim)

    def unbind(self, dim: Whole = 0) -> tuple[Self, ...]:
        """The slices along an axis, without it."""
        return tuple(movement.squeeze(part, dim) for part in self.split(1, dim))

    def backward(self, gradient: Operand = None, retain_graph: Truth | None = None, create_graph: Truth = False) -> None:
        """Adds gradients to `.grad` of every leaf this depends on, then forgets the history unless `retain_graph` or `create_graph`.

        Raises: StateError for a second backward over a forgotten history.
        """
        if not self.requires_grad:
            raise StateError(
                "this Tensor has no history to go back over", facts=(str(self._type),),
                likely="backward() ran already: pass retain_graph=True the first time; or nothing it was computed from requires gradients",
            )  # fmt: skip
        super().backward(gradient, create_graph=create_graph)
        if not (retain_graph or create_graph or self._node is None):
            if mode.trace is not None:
                mode.trace.note_history(self)
            self._node, self._index = None, 0

    def __repr__(self) -> str:
        if self._array is None or mode.trace is not None:
            return super().__repr__()
        text = np.array2string(self._array, precision=4, separator=", ", prefix="tensor(")
        dtype = "" if self.dtype in (dtypes.float32, dtypes.int64, dtypes.bool_) else f", dtype=torch.{self.dtype}"
        return f"tensor({text}{dtype}{', requires_grad=True' if self.requires_grad else ''})"


class Parameter(Tensor, base.Parameter):
    """torch.nn.Parameter: shares the memory of the Tensor it is made of."""

    __slots__ = ()
    result_class: ClassVar[type[Handle]] = Tensor

    def __init__(self, data: Any, requires_grad: bool = True) -> None:  # noqa: ANN401
        if not isinstance(data, base.Tensor):
            base.Parameter.__init__(self, data, requires_grad=requires_grad)
            return
        alone = data.detach()
        self._storage, self._array, self._type, self._view = alone._storage, alone._array, alone._type, alone._view
        self._node, self._index, self._wants, self._grad, self._changes = None, 0, False, None, 0
        set_wants(self, requires_grad)


def _sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    """`view(2, 3)` and `view((2, 3))` alike.  Raises: ArgumentError for dtypes."""
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = tuple(given[0])
    if any(isinstance(n, np.dtype) for n in given):
        raise ArgumentError("view(dtype) is not supported", likely="use .to(dtype)")
    return tuple(int(n) for n in given)
