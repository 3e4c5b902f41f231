"""Index functions: y[i] = x[source(i)].  Never kernels of their own: what `view` can say is a view, the rest is a copy into place."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

import numpy as np

from gradwerk.base.errors import ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.meeting import same_dtype
from gradwerk.ir.op import Array, Example, Grads, Movement, Operand, typed
from gradwerk.ir.strides import Strides, merged_runs
from gradwerk.ops.axes import normal_axes, normal_axis
from gradwerk.ops.made import made, whole


@final
@dataclass(frozen=True)
class Reshape(Movement):
    """The same elements in row-major order, another shape.

    Shape: `shape`, of as many elements.  Dtype: kept.  Raises: ShapeError where the counts differ.
    """

    in_order: ClassVar[bool] = True
    shape: tuple[int, ...]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        pairs = (((2, 3, 4), (6, 4)), ((4, 1, 6), (2, 3, 4)), ((), (1, 1)), ((3, 0), (0, 2)))
        return tuple((cls(shape), (typed(*given),)) for shape, given in pairs)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if math.prod(self.shape) != x.size or any(n < 0 for n in self.shape):
            raise ShapeError(f"reshape: {x.size} elements do not fill {self.shape}", facts=(f"input {x}",))
        return (x.with_shape(self.shape),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (reshape(ct, x.shape),)

    def reference(self, x: Array) -> Array:
        return x.reshape(self.shape)

    def view(self, x: Strides) -> Strides | None:
        if 0 in x.shape:
            return Strides(self.shape, (0,) * len(self.shape), x.offset)
        runs = merged_runs(x)
        strides: list[int] = []
        extents = [n for n in self.shape if n != 1]
        for size, step in runs:
            taken: list[int] = []
            while math.prod(taken) < size:
                taken.append(extents[len(strides) + len(taken)])
            if math.prod(taken) != size:
                return None
            strides += [step * math.prod(taken[k + 1 :]) for k in range(len(taken))]
        given = iter(strides)
        return Strides(self.shape, tuple(next(given) if n != 1 else 0 for n in self.shape), x.offset)

    def places(self, y: Strides, *types: Type) -> tuple[Strides, ...] | None:
        back = Reshape(types[0].shape).view(y)
        return None if back is None else (back,)


@final
@dataclass(frozen=True)
class Transpose(Movement):
    """Axes in another order: axis k of the result is axis permutation[k] of x.

    Shape: that of x, permuted.  Dtype: kept.  Raises: ShapeError where `permutation` is none.
    """

    permutation: tuple[int, ...]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls((2, 0, 1)), (typed(2, 3, 4),)), (cls((1, 0)), (typed(1, 0),)), (cls(()), (typed(),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if sorted(self.permutation) != list(range(x.ndim)):
            raise ShapeError(f"transpose: {self.permutation} does not order the axes of the input", facts=(f"input {x}",))
        return (x.with_shape(x.shape[k] for k in self.permutation),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (transpose(ct, tuple(self.permutation.index(k) for k in range(len(self.permutation)))),)

    def reference(self, x: Array) -> Array:
        return x.transpose(self.permutation)

    def view(self, x: Strides) -> Strides | None:
        return Strides(tuple(x.shape[k] for k in self.permutation), tuple(x.strides[k] for k in self.permutation), x.offset)

    def places(self, y: Strides, *types: Type) -> tuple[Strides, ...] | None:
        return (Strides(types[0].shape, tuple(y.strides[self.permutation.index(k)] for k in range(types[0].ndim)), y.offset),)


@final
@dataclass(frozen=True)
class BroadcastTo(Movement):
    """x repeated along new leading axes and along axes of extent 1.

    Shape: `shape`.  Dtype: kept.  Raises: ShapeError where NumPy's rule does not lead from x's shape to `shape`.
    """

    repeats: ClassVar[bool] = True
    shape: tuple[int, ...]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls((2, 3, 4)), (typed(3, 1),)), (cls((2, 3)), (typed(),)), (cls((2, 0)), (typed(1, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        lead = len(self.shape) - x.ndim
        if lead < 0 or any(n not in (1, m) for n, m in zip(x.shape, self.shape[lead:], strict=True)):
            raise ShapeError(f"broadcast_to: the input does not broadcast to {self.shape}", facts=(f"input {x}",))
        return (x.with_shape(self.shape),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (ct,)  # the reverse walk undoes broadcasting

    def reference(self, x: Array) -> Array:
        return np.broadcast_to(x, self.shape)

    def view(self, x: Strides) -> Strides | None:
        lead = len(self.shape) - len(x.shape)
        kept = tuple(s if n == m else 0 for n, m, s in zip(x.shape, self.shape[lead:], x.strides, strict=True))
        return Strides(self.shape, (0,) * lead + kept, x.offset)


@final
@dataclass(frozen=True)
class Pad(Movement):
    """Zeros around x and between its elements: per axis `low` before, `high` behind, `interior` between neighbours.

    Shape: low + n + (n - 1) * interior + high.  Dtype: kept.  Raises: ShapeError for a negative amount or a wrong number of axes.
    """

    covers: ClassVar[bool] = False
    low: tuple[int, ...]
    high: tuple[int, ...]
    interior: tuple[int, ...]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls((1, 0), (2, 3), (0, 1)), (typed(2, 3),)),
            (cls((1,), (0,), (2,)), (typed(0),)),
            (cls((0, 2), (0, 0), (0, 0)), (typed(3, 1),)),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        amount = min((*self.low, *self.high, *self.interior), default=0)
        if not len(self.low) == len(self.high) == len(self.interior) == x.ndim or amount < 0:
            raise ShapeError("pad needs one amount, not negative, per axis", facts=(f"input {x}", f"low {self.low}  high {self.high}"))
        amounts = zip(x.shape, self.low, self.high, self.interior, strict=True)
        return (x.with_shape(low + n + max(n - 1, 0) * inner + high for n, low, high, inner in amounts),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        steps = tuple(inner + 1 for inner in self.interior)
        stop = tuple(low + max((n - 1) * step + 1, 0) for n, low, step in zip(x.shape, self.low, steps, strict=True))
        return (slice_(ct, self.low, stop, steps),)

    def reference(self, x: Array) -> Array:
        shape, place = [], []
        for n, low, high, inner in zip(x.shape, self.low, self.high, self.interior, strict=True):
            shape.append(low + n + max(n - 1, 0) * inner + high)
            place.append(slice(low, low + n * (inner + 1), inner + 1))
        result = np.zeros(shape, x.dtype)
        result[tuple(place)] = x
        return result

    def view(self, x: Strides) -> Strides | None:
        amounts = (*self.low, *self.high, *(inner for n, inner in zip(x.shape, self.interior, strict=True) if n > 1))
        return None if any(amounts) else x

    def places(self, y: Strides, *types: Type) -> tuple[Strides, ...] | None:
        start = y.offset + sum(low * stride for low, stride in zip(self.low, y.strides, strict=True))
        steps = tuple(stride * (inner + 1) for stride, inner in zip(y.strides, self.interior, strict=True))
        return (Strides(types[0].shape, steps, start),)


@final
@dataclass(frozen=True)
class Slice(Movement):
    """The elements start, start + step, ... before stop, per axis.

    Shape: ceil((stop - start) / step).  Dtype: kept.  Raises: ShapeError unless 0 <= start <= stop <= extent and step >= 1.
    """

    start: tuple[int, ...]
    stop: tuple[int, ...]
    step: tuple[int, ...]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls((1, 0), (5, 3), (2, 1)), (typed(6, 3),)),
            (cls((0, 2), (4, 2), (3, 1)), (typed(4, 3),)),
            (cls((1,), (2,), (1,)), (typed(2),)),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if not len(self.start) == len(self.stop) == len(self.step) == x.ndim:
            raise ShapeError("slice needs a start, stop and step per axis", facts=(f"input {x}", f"start {self.start}"))
        for axis, (n, start, stop, step) in enumerate(zip(x.shape, self.start, self.stop, self.step, strict=True)):
            if not (0 <= start <= stop <= n and step >= 1):
                raise ShapeError(f"slice: {start}:{stop}:{step} does not lie in axis {axis} of extent {n}", facts=(f"input {x}",))
        parts = zip(self.start, self.stop, self.step, strict=True)
        return (x.with_shape(-((start - stop) // step) for start, stop, step in parts),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        parts = zip(x.shape, y.shape, self.start, self.step, strict=True)
        high = tuple(n - start - max((m - 1) * step + 1, 0) for n, m, start, step in parts)
        return (pad(ct, self.start, high, tuple(step - 1 for step in self.step)),)

    def reference(self, x: Array) -> Array:
        return x[self._cut]

    @cached_property
    def _cut(self) -> tuple[slice, ...]:
        return tuple([slice(*part) for part in zip(self.start, self.stop, self.step, strict=True)])

    def view(self, x: Strides) -> Strides | None:
        (y,) = self.infer(Type(x.shape, np.dtype(np.float32)))
        offset = x.offset + sum(start * s for start, s in zip(self.start, x.strides, strict=True))
        return Strides(y.shape, tuple(step * s for step, s in zip(self.step, x.strides, strict=True)), offset if y.size else x.offset)


@final
@dataclass(frozen=True)
class Flip(Movement):
    """The elements along `axes` in reverse order.

    Shape: that of x.  Dtype: kept.  Raises: ShapeError where `axes` are not different axes of x.
    """

    axes: tuple[int, ...]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls((0, 2)), (typed(2, 3, 4),)), (cls(()), (typed(),)), (cls((0,)), (typed(0, 2),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if len(set(self.axes)) != len(self.axes) or any(not 0 <= axis < x.ndim for axis in self.axes):
            raise ShapeError(f"flip: {self.axes} are not axes of the input", facts=(f"input {x}",))
        return (x,)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (flip(ct, self.axes),)

    def reference(self, x: Array) -> Array:
        return np.flip(x, self.axes)

    def view(self, x: Strides) -> Strides | None:
        offset = x.offset + sum((x.shape[k] - 1) * x.strides[k] for k in self.axes if x.shape[k])
        return Strides(x.shape, tuple(-s if k in self.axes else s for k, s in enumerate(x.strides)), offset)


@final
@dataclass(frozen=True)
class Concatenate(Movement):
    """Several arrays one behind the other along `axis`.  The one movement of several sources: its lowering writes each into its part.

    Shape: extents along `axis` add up, the others are equal.  Dtype: equal, kept.  Raises: ShapeError, DTypeError.
    """

    axis: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(1), (typed(2, 3), typed(2, 1), typed(2, 0))), (cls(0), (typed(3),)), (cls(0), (typed(2, 0), typed(1, 0)))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        same_dtype(self.name, *types)
        before, behind = {t.shape[: self.axis] for t in types}, {t.shape[self.axis + 1 :] for t in types}
        if len(before) != 1 or len(behind) != 1 or any(not 0 <= self.axis < t.ndim for t in types):
            raise ShapeError(f"concatenate along axis {self.axis}: the other axes must agree", facts=(", ".join(map(str, types)),))
        return (types[0].with_shape((*before.pop(), sum(t.shape[self.axis] for t in types), *behind.pop())),)

    def vjp(self, ct: Operand, y: Operand, *xs: Operand) -> Grads:
        pieces, end = [], 0
        for x in xs:
            begin, end = end, end + x.shape[self.axis]
            pieces.append(slice_axis(ct, self.axis, begin, end))
        return pieces

    def reference(self, *xs: Array) -> Array:
        return np.concatenate(xs, self.axis)

    def view(self, x: Strides) -> Strides | None:
        return None

    def places(self, y: Strides, *types: Type) -> tuple[Strides, ...] | None:
        ends = list(itertools.accumulate(t.shape[self.axis] for t in types))
        starts = [y.offset + start * y.strides[self.axis] for start in [0, *ends[:-1]]]
        return tuple(Strides(t.shape, y.strides, start) for t, start in zip(types, starts, strict=True))


def reshape(x: Operand, shape: Sequence[int]) -> Operand:
    """x in another shape; one extent may be -1 and is then what is left.  Raises: ShapeError.  Shape: `shape`.  Dtype: kept."""
    wanted = tuple([int(n) for n in shape])
    if -1 in wanted:
        known = math.prod(n for n in wanted if n != -1)
        size = math.prod(x.shape)
        if wanted.count(-1) > 1 or known == 0 or size % known:
            raise ShapeError(f"reshape: {size} elements do not fill {wanted}", facts=(f"input {tuple(x.shape)}",))
        wanted = tuple(size // known if n == -1 else n for n in wanted)
    return x if wanted == x.shape else made(Reshape, wanted)(x)


def transpose(x: Operand, permutation: Sequence[int] | None = None) -> Operand:
    """x with its axes in the order `permutation`; None reverses them.  Shape: in that order.  Dtype: kept.  Raises: ShapeError."""
    if permutation is None:
        permutation = range(x.ndim - 1, -1, -1)
    ndim = x.ndim
    order = tuple([normal_axis("transpose", axis, ndim) for axis in permutation])
    return x if order == tuple(range(ndim)) else made(Transpose, order)(x)


def broadcast_to(x: Operand, shape: Sequence[int]) -> Operand:
    """x repeated to `shape` by NumPy's rule.  Raises: ShapeError.  Shape: `shape`.  Dtype: kept."""
    wanted = tuple(shape)
    return x if wanted == x.shape else made(BroadcastTo, whole(wanted))(x)


def pad(x: Operand, low: Sequence[int], high: Sequence[int], interior: Sequence[int] | None = None) -> Operand:
    """x with zeros around it and between elements.  Shape: n is low + n + (n - 1) interior + high.  Dtype: kept.  Raises: ShapeError."""
    inner = (0,) * x.ndim if interior is None else tuple(interior)
    return made(Pad, whole(low), whole(high), whole(inner))(x) if any((*low, *high, *inner)) else x


def slice_(x: Operand, start: Sequence[int], stop: Sequence[int], step: Sequence[int] | None = None) -> Operand:
    """The part of x from `start` to before `stop` by `step`, per axis.  Raises: ShapeError."""
    shape = x.shape
    ones = (1,) * len(shape)
    steps = ones if step is None else tuple(step)
    if not any(start) and tuple(stop) == shape and steps == ones:
        return x
    return made(Slice, whole(start), whole(stop), whole(steps))(x)


def slice_axis(x: Operand, axis: int, start: int, stop: int, step: int = 1) -> Operand:
    """The part of x from `start` to before `stop` along one axis.  Raises: ShapeError."""
    axis = normal_axis("slice", axis, x.ndim)
    starts, stops, steps = [0] * x.ndim, list(x.shape), [1] * x.ndim
    starts[axis], stops[axis], steps[axis] = start, stop, step
    return slice_(x, starts, stops, steps)


def flip(x: Operand, axes: int | Sequence[int] | None = None) -> Operand:
    """x in reverse order along `axes`, None for all.  Raises: ShapeError.  Shape: that of x.  Dtype: kept."""
    return Flip(normal_axes("flip", axes, x.ndim))(x)


def unchanged(x: Operand) -> Operand:
    """x as the result of what is no view and has nothing to do: of a Tensor a copy, since either may be written to later."""
    return x.clone() if hasattr(x, "clone") else x


def concatenate(xs: Sequence[Operand], axis: int = 0) -> Operand:
    """The arrays one behind the other.  Shape: kept, but that `axis` adds up.  Dtype: kept.  Raises: ShapeError, DTypeError."""
    if not xs:
        raise ShapeError("concatenate: nothing was given")
    place = normal_axis("concatenate", axis, xs[0].ndim)
    return unchanged(xs[0]) if len(xs) == 1 else made(Concatenate, place)(*xs)


def expand_dims(x: Operand, axis: int) -> Operand:
    """x with a new axis that becomes axis `axis` of the result.  Shape: with a 1 there.  Dtype: kept.  Raises: ShapeError."""
    place = normal_axis("expand_dims", axis, x.ndim + 1)
    return reshape(x, (*x.shape[:place], 1, *x.shape[place:]))


def squeeze(x: Operand, axes: int | Sequence[int] | None = None) -> Operand:
    """x without axes of extent 1.  Shape: without those named, None for all.  Dtype: kept.  Raises: ShapeError for another extent."""
    given = tuple(k for k, n in enumerate(x.shape) if n == 1) if axes is None else normal_axes("squeeze", axes, x.ndim)
    if any(x.shape[k] != 1 for k in given):
        raise ShapeError(f"squeeze: axes {given} are not all of extent 1", facts=(f"input {tuple(x.shape)}",))
    return reshape(x, tuple(n for k, n in enumerate(x.shape) if k not in given))
