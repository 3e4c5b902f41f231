"""Reads and writes of whole rows at places that data names."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base.dtypes import DType, int32, int64, is_integer
from gradwerk.base.errors import DTypeError, IndexDataError, ShapeError
from gradwerk.base.origin import Origin
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Grads, Indexed, Op, Operand, no_gradient, typed


@final
@dataclass(frozen=True)
class Gather(Indexed):
    """(x, indices) -> x[indices]: rows of x, that is entries along axis 0.

    Shape: indices.shape + x.shape[1:].  Dtype: that of x; indices are integers.
    Raises: IndexDataError for an index outside 0..rows-1 (negative ones too), ShapeError where x has no axis.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(), (typed(4, 3), typed(2, 5, dtype=int64))),
            (cls(), (typed(5), typed(dtype=int32))),
            (cls(), (typed(4, 2), typed(0, dtype=int32))),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x, indices = types
        _check_indices(self, indices)
        if x.ndim == 0:
            raise ShapeError("gather: the source has no rows", facts=(f"source {x}",))
        return (x.with_shape((*indices.shape, *x.shape[1:])),)

    def vjp(self, ct: Operand, y: Operand, x: Operand, indices: Operand) -> Grads:
        return scatter_add(ct, indices, x.shape[0]), None

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, types[0].shape[0]

    def reference(self, x: Array, indices: Array) -> Array:
        return x[InRange(x.shape[0], f"{self.name}: index").reference(indices)]


@final
@dataclass(frozen=True)
class ScatterAdd(Indexed):
    """(updates, indices) -> an array of `rows` rows, zero, to which each update is added at its index, in row-major order.

    Shape: (rows, ...) where updates are indices.shape + (...).  Dtype: that of updates, a number; indices are integers.
    Raises: IndexDataError for an index outside 0..rows-1, ShapeError where updates do not begin with the shape of indices.
    """

    rows: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(4), (typed(2, 5, 3), typed(2, 5, dtype=int64))),
            (cls(5), (typed(), typed(dtype=int32))),
            (cls(4), (typed(0, 2), typed(0, dtype=int32))),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        updates, indices = types
        _check_indices(self, indices)
        if updates.shape[: indices.ndim] != indices.shape:
            facts = (f"updates {updates}", f"indices {indices}")
            raise ShapeError("scatter_add: updates must begin with the shape of indices", facts=facts)
        return (updates.with_shape((self.rows, *updates.shape[indices.ndim :])),)

    def vjp(self, ct: Operand, y: Operand, updates: Operand, indices: Operand) -> Grads:
        return gather(ct, indices), None

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, self.rows

    def reference(self, updates: Array, indices: Array) -> Array:
        InRange(self.rows, f"{self.name}: index").reference(indices)
        result = np.zeros((self.rows, *updates.shape[indices.ndim :]), updates.dtype)
        np.add.at(result, indices, updates)
        return result


@final
@dataclass(frozen=True)
class InRange(Indexed):
    """(indices) -> the same indices, each of them known to be in 0..rows-1 or `ignored`.

    `what` begins the message, such as "gather: index" or "label".
    Shape: that of indices.  Dtype: an integer, kept.  Raises: IndexDataError for any other index, negative ones too.
    """

    rows: int
    what: str = "index"
    ignored: int | None = None

    vjp = no_gradient

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(4), (typed(2, 5, dtype=int64),)),
            (cls(5, "label", -100), (typed(7, dtype=int32),)),
            (cls(4), (typed(dtype=int64),)),
            (cls(4), (typed(0, dtype=int32),)),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        _check_indices(self, types[0])
        return types

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 0, self.rows

    def ignores(self, dtype: DType) -> bool:
        """Whether indices of this dtype can be the one that is `ignored`."""
        return self.ignored is not None and int(np.iinfo(dtype).min) <= self.ignored <= int(np.iinfo(dtype).max)

    def reference(self, indices: Array) -> Array:
        outside = (indices < 0) | (indices >= self.rows)
        if self.ignores(indices.dtype):
            outside &= indices != self.ignored
        if outside.any():
            first = int(np.argmax(outside))
            found = (first, int(indices.reshape(-1)[first]), int(indices.min()), int(indices.max()))
            raise self.error(indices.shape, indices.dtype, found)
        return indices

    def error(
        self, shape: tuple[int, ...], dtype: DType, found: tuple[int, ...], *, step: str = "", origin: Origin | None = None
    ) -> IndexDataError:
        """What is raised for indices of this shape and dtype.

        `found`: place of the first index that is outside (row-major), that index, lowest and highest of all.  `step` names the iteration
        of a loop, `origin` the line that wrote the op where that is not the present one.
        """
        first, index, lowest, highest = found
        place = ", ".join(str(int(n)) for n in np.unravel_index(first, shape))
        facts = (f"indices {shape} {dtype}, lowest {lowest}, highest {highest}", *([step] if step else []))
        allowed = f"0..{self.rows - 1}" if self.rows else "a table without rows"
        return IndexDataError(
            f"{self.what} {index} at ({place}) is outside {allowed}",
            facts=facts,
            likely="labels and ids count from 0, and the model or table needs one output or row for each",
            origin=origin,
        )


def _check_indices(op: Op, indices: Type) -> None:
    if not is_integer(indices.dtype):
        raise DTypeError(f"{op.name}: indices must be integers", facts=(f"indices {indices}",))


def gather(x: Operand, indices: Operand) -> Operand:
    """Rows of x: x[indices].  Shape: indices.shape + x.shape[1:].  Raises: IndexDataError, ShapeError, DTypeError."""
    return Gather()(x, indices)


def scatter_add(updates: Operand, indices: Operand, rows: int) -> Operand:
    """The sum of the updates at each of `rows` rows.  Shape: (rows, ...).  Raises: IndexDataError, ShapeError, DTypeError."""
    return ScatterAdd(rows)(updates, indices)


def in_range(indices: Operand, rows: int, what: str = "index", *, ignored: int | None = None) -> Operand:
    """The indices, looked at: in 0..rows-1 or `ignored`.  Shape, dtype: kept.  Raises: IndexDataError (compiled too), DTypeError."""
    return InRange(rows, what, ignored)(indices)
