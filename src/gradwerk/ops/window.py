"""Folds over a sliding window, and their inverses: pooling.  Every field has one entry per axis of the input, whatever its layout.

Along each axis window w covers `window` positions from w * stride - low; what lies outside is -inf for the largest and 0 for the sum.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Grads, Op, Operand, typed
from gradwerk.ops.reduction import lowest

GEOMETRIES = (
    (((1, 2, 2, 1), (1, 2, 2, 1), (0, 0, 0, 0), (0, 0, 0, 0)), typed(2, 4, 5, 3), typed(2, 2, 2, 3)),
    (((1, 3, 2), (1, 2, 1), (0, 1, 1), (0, 1, 0)), typed(2, 7, 4), typed(2, 4, 4)),
    (((2,), (3,), (0,), (1,)), typed(7), typed(3)),
)
"""Window, strides, padding low and high, with the types of input and result: for generated tests."""


@dataclass(frozen=True)
class Window(Op):
    """A reduction over a sliding window, and the inverse of one: the geometry that all members share."""

    answers: ClassVar[tuple[str, ...]] = ("infer", "vjp", "reference")
    window: tuple[int, ...]
    strides: tuple[int, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]

    def permuted(self, order: Sequence[int]) -> Self:
        """The same window on an input whose axes stand in another order."""
        moved = {name: tuple(value[k] for k in order) for name, value in self.attributes().items()}
        return replace(self, **moved)

    def windows(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The number of windows along each axis of an input of `shape`.  Raises: ShapeError where the geometry does not fit it."""
        if not len(shape) == len(self.window) == len(self.strides) == len(self.low) == len(self.high):
            raise ShapeError(f"{self.name}: the window has {len(self.window)} axes, the input {len(shape)}", facts=(f"input {shape}",))
        counts = []
        for axis, (n, size, stride, low, high) in enumerate(zip(shape, self.window, self.strides, self.low, self.high, strict=True)):
            if size < 1 or stride < 1 or not 0 <= low < size or not 0 <= high < size or (n + low + high < size and (n or size > 1)):
                facts = (f"input {shape}", f"axis {axis}: extent {n}, window {size}, stride {stride}, padding {low} and {high}")
                likely = "padding must be below the window" if low >= size or high >= size else ""
                raise ShapeError(f"{self.name}: the window does not fit axis {axis}", facts=facts, likely=likely)
            counts.append((n + low + high - size) // stride + 1)
        return tuple(counts)

    def number(self, type_: Type) -> Type:
        """The type, which can be added up.  Raises: DTypeError."""
        if not dtypes.is_numeric(type_.dtype):
            raise DTypeError(f"{self.name} does not take {dtypes.name(type_.dtype)}", facts=(str(type_),))
        return type_

    def taps(self, shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
        """For each place in the window, row-major, where all windows read it in the padded input."""
        counts = self.windows(shape)
        for place in itertools.product(*map(range, self.window)):
            parts = zip(place, counts, self.strides, strict=True)
            yield tuple(slice(first, first + (count - 1) * stride + 1, stride) for first, count, stride in parts)

    def padded(self, x: Array, value: float) -> Array:
        """The input with its padding."""
        return np.pad(x, tuple(zip(self.low, self.high, strict=True)), constant_values=value)

    def unpadded(self, x: Array, shape: tuple[int, ...]) -> Array:
        """The padded input's inside."""
        return x[tuple(slice(low, low + n) for low, n in zip(self.low, shape, strict=True))]

    def stacked(self, x: Array, value: float) -> Array:
        """What the windows read: one leading axis of places in the window, row-major, then the windows."""
        whole = self.padded(x, value)
        return np.stack([whole[tap] for tap in self.taps(x.shape)])

    def largest(self, x: Array) -> Array:
        """For each window the place of its largest element, the first of equals; never one in the padding, though all be -inf.

        Where there is NaN the last one: PyTorch walks a window and takes what is larger or NaN.
        """
        whole, inside = self.stacked(x, lowest(x.dtype)), self.stacked(np.ones(x.shape, bool), False)  # noqa: FBT003
        nan = np.not_equal(whole, whole)
        place = np.where(nan.any(0), len(nan) - 1 - nan[::-1].argmax(0), whole.argmax(0))
        return np.asarray(np.where(np.take_along_axis(inside, place[None], 0)[0], place, inside.argmax(0)))

    def spread(self, parts: Iterator[Array], shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Array:
        """Adds, for each place in the window in order, what the windows give to it."""
        whole = np.zeros(tuple(n + low + high for n, low, high in zip(shape, self.low, self.high, strict=True)), dtype)
        for tap, part in zip(self.taps(shape), parts, strict=True):
            whole[tap] += part
        return self.unpadded(whole, shape)

    def flops(self, *types: Type) -> int:
        (y,) = self.infer(*types)
        return max(y.size, *(t.size for t in types)) * int(np.prod(self.window)) // int(np.prod(self.strides))


@final
@dataclass(frozen=True)
class WindowMax(Window):
    """The largest in each window; NaN where there is one.  The gradient goes to the first of equals in row-major order, or to the last NaN.

    Shape: the number of windows per axis.  Dtype: kept.  Raises: ShapeError where a window does not fit.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(*geometry), (x,)) for geometry, x, _ in GEOMETRIES)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (types[0].with_shape(self.windows(types[0].shape)),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (WindowMaxGrad(self.window, self.strides, self.low, self.high)(x, ct),)

    def reference(self, x: Array) -> Array:
        return np.asarray(self.stacked(x, lowest(x.dtype)).max(0))


@final
@dataclass(frozen=True)
class WindowMaxGrad(Window):
    """(x, ct) -> the sum, at each element of x, of ct of the windows whose largest element it is (the first of equals, the last NaN).

    Shape: that of x; ct has the number of windows.  Dtype: equal numbers, kept.  Raises: ShapeError, DTypeError.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(*geometry), (x, y)) for geometry, x, y in GEOMETRIES)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (_beside_windows(self, *map(self.number, types))[0],)

    def vjp(self, ct: Operand, y: Operand, x: Operand, given: Operand) -> Grads:
        return None, WindowMaxPick(self.window, self.strides, self.low, self.high)(x, ct)

    def reference(self, x: Array, given: Array) -> Array:
        place = self.largest(x)
        return self.spread((np.where(place == k, given, 0) for k in range(int(np.prod(self.window)))), x.shape, given.dtype)


@final
@dataclass(frozen=True)
class WindowMaxPick(Window):
    """(x, g) -> for each window the element of g where x is largest in it (the first of equals, the last NaN).

    Shape: the number of windows; g has the shape of x.  Dtype: equal, kept.  Raises: ShapeError.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(*geometry), (x, x)) for geometry, x, _ in GEOMETRIES)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x, g = types
        if x != g:
            raise ShapeError("window_max_pick: both arguments must be alike", facts=(f"{x} and {g}",))
        return (x.with_shape(self.windows(x.shape)),)

    def vjp(self, ct: Operand, y: Operand, x: Operand, g: Operand) -> Grads:
        return None, WindowMaxGrad(self.window, self.strides, self.low, self.high)(x, ct)

    def reference(self, x: Array, g: Array) -> Array:
        place = self.largest(x)
        return np.asarray(np.take_along_axis(self.stacked(g, 0), place[None], 0)[0])


@final
@dataclass(frozen=True)
class WindowSum(Window):
    """The sum in each window.

    Shape: the number of windows per axis.  Dtype: numbers, kept.  Raises: ShapeError where a window does not fit.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(*geometry), (x,)) for geometry, x, _ in GEOMETRIES)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = self.number(types[0])
        return (x.with_shape(self.windows(x.shape)),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (WindowSumGrad(self.window, self.strides, self.low, self.high, tuple(x.shape))(ct),)

    def reference(self, x: Array) -> Array:
        return np.asarray(self.stacked(x, 0).sum(0, dtype=x.dtype))


@final
@dataclass(frozen=True)
class WindowSumGrad(Window):
    """The sum, at each element of an array of `shape`, of the argument's values for the windows that cover it.

    Shape: `shape`; the argument has the number of windows.  Dtype: numbers, kept.  Raises: ShapeError.
    """

    shape: tuple[int, ...]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(size, step, low, high, x.shape), (y,)) for (size, step, low, high), x, y in GEOMETRIES)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (_beside_windows(self, self.number(types[0]).with_shape(self.shape), types[0])[0],)

    def vjp(self, ct: Operand, y: Operand, given: Operand) -> Grads:
        return (WindowSum(self.window, self.strides, self.low, self.high)(ct),)

    def reference(self, given: Array) -> Array:
        return self.spread(itertools.repeat(given, int(np.prod(self.window))), self.shape, given.dtype)


def _beside_windows(op: Window, x: Type, given: Type) -> tuple[Type, Type]:
    """Checks that `given` has one element per window of x."""
    if op.windows(x.shape) != given.shape:
        raise ShapeError(f"{op.name}: {x} has windows {op.windows(x.shape)}", facts=(f"given {given}",))
    if x.dtype != given.dtype:
        raise DTypeError(f"{op.name} needs equal dtypes", facts=(f"{x} and {given}",))
    return x, given
