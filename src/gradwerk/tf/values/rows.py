"""Ragged values computed with, element by element: with numbers, Tensors that broadcast, and ragged ones of the same rows."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base.errors import ShapeError
from gradwerk.keras.ops.arranging import reshape
from gradwerk.keras.ops.indexing import take
from gradwerk.tf.values.hosted import Array, array_of, is_text
from gradwerk.tf.values.texts import tensor_of

# ruff: noqa: ANN401  operands are of many kinds


class Rows:
    """What ragged values are to functions that take them apart; and their operators."""

    __slots__ = ("__weakref__", "_splits", "_splits_dtype", "_uniform", "_values")
    __array_priority__ = 1000.0

    def __init__(self, values: Any, splits: Array, uniform_row_length: int | None = None, splits_dtype: str = "int64") -> None:
        self._values, self._splits, self._uniform, self._splits_dtype = values, splits, uniform_row_length, splits_dtype

    @property
    def values(self) -> Any:
        """The rows one behind the other: a Tensor, or ragged ones."""
        return self._values

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return len(self._splits) - 1

    @property
    def splits(self) -> Array:
        """The row splits, on the host."""
        return self._splits

    @property
    def rowids(self) -> Array:
        """The number of the row of each value, on the host."""
        return np.repeat(np.arange(self.row_count), np.diff(self._splits))

    def picked(self, places: Array) -> Any:
        """Some rows, by their numbers."""
        raise AssertionError

    def __add__(self, other: Any) -> Any:
        return combined(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        return combined(lambda a, b: b + a, self, other)

    def __sub__(self, other: Any) -> Any:
        return combined(operator.sub, self, other)

    def __rsub__(self, other: Any) -> Any:
        return combined(lambda a, b: b - a, self, other)

    def __mul__(self, other: Any) -> Any:
        return combined(operator.mul, self, other)

    def __rmul__(self, other: Any) -> Any:
        return combined(lambda a, b: b * a, self, other)

    def __truediv__(self, other: Any) -> Any:
        return combined(operator.truediv, self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return combined(lambda a, b: b / a, self, other)

    def __floordiv__(self, other: Any) -> Any:
        return combined(operator.floordiv, self, other)

    def __mod__(self, other: Any) -> Any:
        return combined(operator.mod, self, other)

    def __pow__(self, other: Any) -> Any:
        return combined(operator.pow, self, other)

    def __eq__(self, other: object) -> Any:
        return combined(operator.eq, self, other)

    def __ne__(self, other: object) -> Any:
        return combined(operator.ne, self, other)

    def __lt__(self, other: Any) -> Any:
        return combined(operator.lt, self, other)

    def __le__(self, other: Any) -> Any:
        return combined(operator.le, self, other)

    def __gt__(self, other: Any) -> Any:
        return combined(operator.gt, self, other)

    def __ge__(self, other: Any) -> Any:
        return combined(operator.ge, self, other)

    def __and__(self, other: Any) -> Any:
        return combined(operator.and_, self, other)

    def __or__(self, other: Any) -> Any:
        return combined(operator.or_, self, other)

    def __xor__(self, other: Any) -> Any:
        return combined(operator.xor, self, other)

    def __invert__(self) -> Any:
        return self.mapped(operator.invert)

    def __neg__(self) -> Any:
        return self.mapped(operator.neg)

    def __abs__(self) -> Any:
        return self.mapped(abs)

    def mapped(self, function: Callable[[Any], Any]) -> Any:
        """A function of the innermost values, which keeps their number."""
        raise AssertionError

    __hash__ = None  # type: ignore[assignment]  # what is compared element by element


def combined(function: Callable[[Any, Any], Any], ragged: Any, other: Any) -> Any:
    """A function of the elements of a ragged value and what broadcasts to it.  Raises: ShapeError where that does not."""
    return ragged.with_flat_values(function(ragged.flat_values, beside(ragged, other)))


def beside(ragged: Any, other: Any) -> Any:
    """What stands beside each innermost value of a ragged one: a number, or a Tensor of as many rows.  Raises: ShapeError."""
    if isinstance(other, Rows):
        check_same_rows(ragged, other)
        flat: Any = other
        return flat.flat_values
    if isinstance(other, (int, float, bool, complex)):
        return other
    if is_text(other):
        return other
    held = other if hasattr(other, "numpy") else tensor_of(array_of(other, "an operand"))
    shape, inner = tuple(held.shape), ragged.flat_values
    if len(shape) < len(inner.shape) or (len(shape) == len(inner.shape) and shape[0] == 1 and ragged.ndim == len(inner.shape)):
        return held
    if all(extent == 1 for extent in shape[: ragged.ragged_rank + 1]):
        return held.reshape(shape[ragged.ragged_rank :]) if hasattr(held, "reshape") else held
    if len(shape) == ragged.ndim and shape[0] in (1, ragged.row_count):
        return _spread(ragged, held, shape)
    raise ShapeError("a Tensor does not broadcast to a ragged value", facts=(f"ragged {tuple(ragged.shape)}", f"Tensor {shape}"))


def _spread(ragged: Any, held: Any, shape: tuple[int, ...]) -> Any:
    """For each innermost value the element of a Tensor of as many axes: of its row where that has one, of its place in it where more."""
    levels, inner = [ragged], ragged.values
    while isinstance(inner, Rows):
        levels.append(inner)
        inner = inner.values
    count = len(levels) + 1
    at, rows = np.zeros(len(levels[0].rowids), np.int64), np.arange(ragged.row_count)
    for number, level in enumerate(levels):
        rowids = level.rowids
        if number == 0:
            at = rows[rowids] if shape[0] > 1 else np.zeros(len(rowids), np.int64)
        else:
            at = at[rowids]
        within, extent = np.arange(len(rowids)) - level.splits[rowids], shape[number + 1]
        if extent != 1 and (np.diff(level.splits) != extent).any():
            facts = (f"ragged {tuple(ragged.shape)}", f"Tensor {shape}")
            raise ShapeError("a Tensor does not broadcast to a ragged value: its rows have other lengths", facts=facts)
        at = at * extent + (within if extent != 1 else 0)
    return take(reshape(held, (-1, *shape[count:])), tensor_of(at), axis=0)


def check_same_rows(a: Any, b: Any) -> None:
    """Raises: ShapeError where two ragged values have other rows."""
    same = a.ragged_rank == b.ragged_rank and np.array_equal(a.splits, b.splits)
    if not same:
        facts = tuple(f"{tuple(one.shape)}, lengths {np.diff(one.splits).tolist()[:8]}" for one in (a, b))
        raise ShapeError("ragged values of different rows are not computed with each other", facts=facts)
    if isinstance(a.values, Rows):
        check_same_rows(a.values, b.values)
