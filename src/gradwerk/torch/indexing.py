"""torch's reads and writes at places that data names: gather and scatter, and their kin along an axis and of flat Tensors."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from gradwerk.ops import along, elementwise, scattering
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.ops.source import arange
from gradwerk.tensor.advanced_indexing import from_front
from gradwerk.tensor.indexing import index
from gradwerk.torch import arguments
from gradwerk.torch.arguments import switch
from gradwerk.torch.options import as_recorded
from gradwerk.torch.writing import in_place

# ruff: noqa: FBT001, FBT002  torch's signatures
REDUCTIONS = {"sum": "add", "prod": "mul", "mean": "mean", "amax": "max", "amin": "min"}
"""What torch calls the ways of scatter_along, and the mean."""
OLD_REDUCTIONS = {"add": "add", "multiply": "mul"}
"""What `scatter` calls them."""


class Indexing:
    """Reads and writes by index."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int
        dtype: DType

        @property
        def shape(self) -> tuple[int, ...]: ...
        def clone(self) -> Self: ...
        def __getitem__(self, key: Any) -> Self: ...  # noqa: ANN401

    # ---- single elements along an axis

    @as_recorded(ignored=("sparse_grad",))
    def gather(self, dim: int, index: Any) -> Self:  # noqa: ANN401
        """The elements at places along an axis.  Shape: that of index, along the other axes at most that of x."""
        place = self._axis_of("gather", dim, index)
        if 0 in index.shape and (index.ndim != self.ndim or index.dtype not in (dtypes.int64, dtypes.int32)):
            return reshape(reshape(self, (-1,))[:0].clone(), index.shape)
        x, at = self._with_axis(), index if index.ndim else reshape(index, (1,))
        return reshape(along.take_along(x, at, place), index.shape)

    @as_recorded()
    def take_along_dim(self, indices: Any, dim: int | None = None) -> Self:  # noqa: ANN401
        """The elements at places along an axis, of flat Tensors without one; the other axes broadcast.

        Raises: ShapeError for indices of another number of axes.
        """
        arguments.tensor("take_along_dim", indices, "indices")
        _check_whole("take_along_dim", indices)
        if dim is None:
            return along.take_along(reshape(self, (-1,)), from_front(reshape(indices, (-1,)), math.prod(self.shape)), 0)
        place = arguments.axis("take_along_dim", dim, self.ndim)
        if indices.ndim != self.ndim:
            message = "torch.take_along_dim(): input and indices should have the same number of dimensions"
            raise ShapeError(f"{message}, but got {self.ndim} dimensions for input, and {indices.ndim} dimensions for indices")
        rest = np.broadcast_shapes(*(tuple(1 if k == place else n for k, n in enumerate(x.shape)) for x in (self, indices)))
        x, at = (broadcast_to(y, tuple(y.shape[place] if k == place else n for k, n in enumerate(rest))) for y in (self, indices))
        return along.take_along(x, from_front(at, self.shape[place]), place)

    @as_recorded()
    def scatter(self, dim: int, index: Any, src: Any, *, reduce: str | None = None) -> Self:  # noqa: ANN401
        """x with elements along an axis set to those of src, or to a number; added to or multiplied with `reduce`.

        Raises: ArgumentError for another reduction.
        """
        if reduce is not None and reduce not in OLD_REDUCTIONS:
            raise ArgumentError(f"reduce argument must be either add or multiply, but got {reduce!r}")
        return self._scattered("scatter", dim, index, src, "set" if reduce is None else OLD_REDUCTIONS[reduce])

    def scatter_add(self, dim: int, index: Any, src: Any) -> Self:  # noqa: ANN401
        """x with the elements of src added to those along an axis, one after the other."""
        arguments.tensor("scatter_add", src, "src")
        return self._scattered("scatter_add", dim, index, src, "add")

    @as_recorded()
    def scatter_reduce(self, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True) -> Self:  # noqa: ANN401
        """The sum, product, mean, largest or smallest of the elements of src at each place along an axis, and of x.

        Raises: ArgumentError for another reduction.
        """
        if reduce not in REDUCTIONS:
            message = f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
            raise ArgumentError(message)
        arguments.tensor("scatter_reduce", src, "src")
        own = switch("scatter_reduce", "include_self", include_self)
        return self._scattered("scatter_reduce", dim, index, src, REDUCTIONS[reduce], own=own)

    def _scattered(self, name: str, dim: Any, index: Any, src: Any, way: str, *, own: bool = True) -> Any:  # noqa: ANN401
        place = self._axis_of(name, dim, index)
        if python_numbers.is_number(src):
            one = dtypes.of_value(arguments.filling(src, self.dtype), self.dtype)
            src = broadcast_to(one, index.shape)
        elif src.dtype != self.dtype:
            names = arguments.name_of(self.dtype), arguments.name_of(src.dtype)
            raise DTypeError(f"{name}(): Expected self.dtype to be equal to src.dtype", facts=(f"self {names[0]}, src {names[1]}",))
        if 0 in index.shape:
            return self.clone()
        x, at, updates = (y if len(y.shape) else reshape(y, (1,)) for y in (self, index, src))
        return reshape(scattering.scattered(x, at, updates, place, way, own=own), self.shape)

    def _axis_of(self, name: str, dim: Any, index: Any) -> int:  # noqa: ANN401
        """The axis.  Raises: as `arguments.axis`; DTypeError, ShapeError for what is no index here."""
        place = arguments.axis(name, dim, self.ndim)
        arguments.tensor(name, index, "index")
        _check_whole(name, index)
        if 0 not in index.shape and max(index.ndim, 1) != max(self.ndim, 1):
            facts = (f"index {tuple(index.shape)}", f"self {tuple(self.shape)}")
            raise ShapeError("Index tensor must have the same number of dimensions as self tensor", facts=facts)
        return place

    def _with_axis(self) -> Any:  # noqa: ANN401
        """With one axis at least."""
        return self if self.ndim else reshape(self, (1,))

    # ---- whole slices along an axis

    def index_select(self, dim: int, index: Any) -> Self:  # noqa: ANN401
        """The slices at places along an axis."""
        place, numbers = self._numbers_along("index_select", dim, index)
        found = scattering.taken(self._with_axis(), numbers, place)
        return found if self.ndim else reshape(found, ())

    @as_recorded()
    def index_add(self, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Self:  # noqa: ANN401
        """x with the slices of source, times alpha, added to those along an axis."""
        place, numbers = self._numbers_along("index_add", dim, index)
        scale = arguments.number("index_add", "alpha", alpha)
        updates = self._of_my_dtype("index_add", source)
        if dtypes.is_bool(self.dtype):  # alpha is a truth there too
            updates = elementwise.cast(updates if scale else elementwise.where(updates, 0, 0), dtypes.bool_)
        elif scale != 1:
            updates = elementwise.mul(updates, scale)
        return self._put_slices(numbers, updates, place, "add")

    def index_copy(self, dim: int, index: Any, source: Any) -> Self:  # noqa: ANN401
        """x with slices along an axis set to those of source."""
        place, numbers = self._numbers_along("index_copy", dim, index)
        return self._put_slices(numbers, self._of_my_dtype("index_copy", source), place, "set")

    def index_fill(self, dim: int, index: Any, value: Any) -> Self:  # noqa: ANN401
        """x with slices along an axis filled with one number.  Raises: ShapeError for more than one value."""
        place, numbers = self._numbers_along("index_fill", dim, index)
        if not python_numbers.is_number(value):
            arguments.tensor("index_fill", value, "value")
            if value.ndim:
                raise ShapeError(f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s).")
        one = arguments.filling(value, self.dtype) if python_numbers.is_number(value) else elementwise.cast(value, self.dtype)
        return reshape(scattering.filled(self._with_axis(), numbers, one, place), self.shape)

    @as_recorded()
    def index_reduce(self, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True) -> Self:  # noqa: ANN401
        """The product, mean, largest or smallest of the slices of source at each place along an axis, and of x.

        Raises: ArgumentError for another reduction.
        """
        if reduce not in REDUCTIONS or reduce == "sum":
            raise ArgumentError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
        place, numbers = self._numbers_along("index_reduce", dim, index)
        own = switch("index_reduce", "include_self", include_self)
        return self._put_slices(numbers, self._of_my_dtype("index_reduce", source), place, REDUCTIONS[reduce], own=own)

    def _numbers_along(self, name: str, dim: Any, index: Any) -> tuple[int, Any]:  # noqa: ANN401
        """The axis, and the places as a vector."""
        place = arguments.axis(name, dim, self.ndim)
        arguments.tensor(name, index, "index")
        _check_whole(name, index)
        if index.ndim > 1:
            raise ShapeError(f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim}")
        return place, index if index.ndim else reshape(index, (1,))

    def _of_my_dtype(self, name: str, source: Any) -> Any:  # noqa: ANN401
        arguments.tensor(name, source, "source")
        if source.dtype != self.dtype:
            raise DTypeError(f"{name}(): self and source expected to have the same dtype", facts=(f"{self.dtype}, {source.dtype}",))
        return source

    def _put_slices(self, numbers: Any, source: Any, place: int, way: str, *, own: bool = True) -> Any:  # noqa: ANN401
        x = self._with_axis()
        extents = tuple(numbers.shape[0] if k == place else n for k, n in enumerate(x.shape))
        if tuple(source.shape) != extents:
            if math.prod(source.shape) != math.prod(extents):
                facts = (f"source {tuple(source.shape)}, expected {extents}",)
                raise ShapeError("source does not have one slice for each index", facts=facts)
            source = reshape(source, extents)
        if 0 in extents:
            return self.clone()
        at = broadcast_to(reshape(numbers, tuple(-1 if k == place else 1 for k in range(x.ndim))), extents)
        return reshape(scattering.scattered(x, at, source, place, way, own=own), self.shape)

    # ---- places of all axes, and of flat Tensors

    @as_recorded()
    def index_put(self, indices: Sequence[Any], values: Any, accumulate: bool = False) -> Self:  # noqa: ANN401
        """x with the elements that arrays of indices name set to values, or with `accumulate` values added one after the other.

        Raises: ArgumentTypeError for indices that are no tuple.
        """
        if not isinstance(indices, (tuple, list)):
            raise ArgumentTypeError(f"index_put(): argument 'indices' must be tuple of Tensors, not {type(indices).__name__}")
        arguments.tensor("index_put", values, "values")
        way = "add" if switch("index_put", "accumulate", accumulate) else "set"
        count = math.prod(self.shape)
        key = tuple(slice(None) if part is None else part for part in indices)
        numbers = index(reshape(arange(count, dtypes.int64, like=self), self.shape), key)
        updates = broadcast_to(self._of_my_dtype("index_put", values), numbers.shape)
        if 0 in numbers.shape:
            return self.clone()
        flat = scattering.scattered(reshape(self, (-1,)), reshape(numbers, (-1,)), reshape(updates, (-1,)), 0, way)
        return reshape(flat, self.shape)

    def take(self, index: Any) -> Self:  # noqa: ANN401
        """The elements of the flat Tensor at places; negative ones count from its end."""
        arguments.tensor("take", index, "index")
        _check_whole("take", index)
        return gather(reshape(self, (-1,)), from_front(index, math.prod(self.shape)))

    @as_recorded()
    def put(self, index: Any, source: Any, accumulate: bool = False) -> Self:  # noqa: ANN401
        """x with elements of the flat Tensor set to those of source, or with `accumulate` these added."""
        arguments.tensor("put", index, "index")
        _check_whole("put", index)
        updates = reshape(self._of_my_dtype("put", source), (-1,))
        way = "add" if switch("put", "accumulate", accumulate) else "set"
        if 0 in index.shape:
            return self.clone()
        numbers = reshape(from_front(index, math.prod(self.shape)), (-1,))
        return reshape(scattering.scattered(reshape(self, (-1,)), numbers, updates, 0, way), self.shape)

    # ---- masks

    def masked_select(self, mask: Any) -> Self:  # noqa: ANN401
        """The elements where a mask holds, both broadcast; eager only, as their number depends on data."""
        shape = self._shape_with("masked_select", mask)
        return broadcast_to(self, shape)[broadcast_to(mask, shape)]

    def masked_scatter(self, mask: Any, source: Any) -> Self:  # noqa: ANN401
        """x with the elements where a mask holds set to those of source, in order."""
        shape = self._shape_with("masked_scatter", mask)
        updates = reshape(self._of_my_dtype("masked_scatter", source), (-1,))
        return scattering.masked_scatter(broadcast_to(self, shape), broadcast_to(mask, shape), updates)

    def _shape_with(self, name: str, mask: Any) -> tuple[int, ...]:  # noqa: ANN401
        """The common shape of x and a mask.  Raises: DTypeError, ShapeError."""
        arguments.tensor(name, mask, "mask")
        if not dtypes.is_bool(mask.dtype):
            raise DTypeError(f"{name}: expected BoolTensor for mask, got {arguments.name_of(mask.dtype)}", likely="compare: mask != 0")
        try:
            return np.broadcast_shapes(tuple(self.shape), tuple(mask.shape))
        except ValueError:
            raise ShapeError(f"{name}: mask and self do not broadcast", facts=(f"{tuple(mask.shape)}, {tuple(self.shape)}",)) from None

    scatter_, scatter_add_, scatter_reduce_ = in_place(scatter), in_place(scatter_add), in_place(scatter_reduce)
    index_add_, index_copy_, index_fill_ = in_place(index_add), in_place(index_copy), in_place(index_fill)
    index_reduce_, index_put_, put_ = in_place(index_reduce), in_place(index_put), in_place(put)
    masked_scatter_ = in_place(masked_scatter)


def _check_whole(name: str, index: Any) -> None:  # noqa: ANN401
    """Raises: DTypeError for what is no index."""
    if index.dtype not in (dtypes.int64, dtypes.int32) and 0 not in index.shape:
        facts = (f"index {arguments.name_of(index.dtype)}",)
        raise DTypeError(f"{name}(): Expected dtype int64 for index", facts=facts, likely="index.long()")
