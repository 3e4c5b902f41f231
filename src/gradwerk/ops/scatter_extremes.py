"""The largest and the smallest of the rows that go to each place, which data names."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from gradwerk.base.dtypes import DType, filled, int32, int64, is_numeric
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Grads, Indexed, Op, Operand, typed
from gradwerk.ops.compare import equal
from gradwerk.ops.elementwise import cast, div, maximum, mul, where
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.look import InRange, check_whole
from gradwerk.ops.made import made
from gradwerk.ops.reduction import highest, lowest


@final
@dataclass(frozen=True)
class ScatterMax(Indexed):
    """(updates, indices) -> an array of `rows` rows, each the largest of the updates at its index; the lowest value where there is none.

    NaN stays.  Updates of equal value share the gradient evenly; of a result that is NaN nobody gets any.
    Shape: (rows, ...) where updates are indices.shape + (...).  Dtype: that of updates, a number; indices are integers.
    Raises: IndexDataError for an index outside 0..rows-1, ShapeError where updates do not begin with the shape of indices, DTypeError.
    """

    rows: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return _examples(cls)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return _inferred(self, self.rows, *types)

    def vjp(self, ct: Operand, y: Operand, updates: Operand, indices: Operand) -> Grads:
        return _shared(self.rows, ct, y, updates, indices), None

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, self.rows

    def identity(self, dtype: DType) -> float:
        """The lowest value of a dtype."""
        return lowest(dtype)

    def reference(self, updates: Array, indices: Array) -> Array:
        return _reference(self, np.maximum, updates, indices)


@final
@dataclass(frozen=True)
class ScatterMin(Indexed):
    """(updates, indices) -> an array of `rows` rows, each the smallest of the updates at its index; the highest value where there is none.

    NaN, gradient: as ScatterMax.
    Shape: (rows, ...) where updates are indices.shape + (...).  Dtype: that of updates, a number; indices are integers.
    Raises: IndexDataError for an index outside 0..rows-1, ShapeError where updates do not begin with the shape of indices, DTypeError.
    """

    rows: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return _examples(cls)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return _inferred(self, self.rows, *types)

    def vjp(self, ct: Operand, y: Operand, updates: Operand, indices: Operand) -> Grads:
        return _shared(self.rows, ct, y, updates, indices), None

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, self.rows

    def identity(self, dtype: DType) -> float:
        """The highest value of a dtype."""
        return highest(dtype)

    def reference(self, updates: Array, indices: Array) -> Array:
        return _reference(self, np.minimum, updates, indices)


def _examples(cls: Any) -> tuple[Example, ...]:  # noqa: ANN401  either class
    """So many updates of floats that each place gets some: where none goes the result is infinite."""
    return (
        (cls(4), (typed(2, 20, 3), typed(2, 20, dtype=int64))),
        (cls(4), (typed(40), typed(40, dtype=int32))),
        (cls(5), (typed(dtype=int32), typed(dtype=int32))),
        (cls(4), (typed(0, 2, dtype=int32), typed(0, dtype=int32))),
    )


def _inferred(op: Op, rows: int, updates: Type, indices: Type) -> tuple[Type, ...]:
    """Raises: DTypeError, ShapeError."""
    check_whole(op, "indices", indices)
    if not is_numeric(updates.dtype):
        raise DTypeError(f"{op.name} takes numbers", facts=(f"updates {updates}",))
    if updates.shape[: indices.ndim] != indices.shape:
        facts = (f"updates {updates}", f"indices {indices}")
        raise ShapeError(f"{op.name}: updates must begin with the shape of indices", facts=facts)
    return (updates.with_shape((rows, *updates.shape[indices.ndim :])),)


def _shared(rows: int, ct: Operand, y: Operand, updates: Operand, indices: Operand) -> Operand:
    """The gradient of the updates: what the result has of it, evenly to those that are equal to the result."""
    hits = cast(equal(updates, gather(y, indices)), ct.dtype)
    count = scatter_add(hits, indices, rows)
    return mul(hits, gather(where(equal(count, 0), 0, div(ct, maximum(count, 1))), indices))


def _reference(op: ScatterMax | ScatterMin, function: Any, updates: Array, indices: Array) -> Array:  # noqa: ANN401  a ufunc
    made(InRange, op.rows, f"{op.name}: index").reference(indices)
    result: Array = filled((op.rows, *updates.shape[indices.ndim :]), op.identity(updates.dtype), updates.dtype)
    with np.errstate(all="ignore"):
        function.at(result, indices, updates)
    return result


def scatter_max(updates: Operand, indices: Operand, rows: int) -> Operand:
    """The largest of the updates at each of `rows` rows.  Shape: (rows, ...).  Raises: IndexDataError, ShapeError, DTypeError."""
    return made(ScatterMax, rows)(updates, indices)


def scatter_min(updates: Operand, indices: Operand, rows: int) -> Operand:
    """The smallest of the updates at each of `rows` rows.  Shape: (rows, ...).  Raises: IndexDataError, ShapeError, DTypeError."""
    return made(ScatterMin, rows)(updates, indices)
