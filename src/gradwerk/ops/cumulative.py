"""Running folds along an axis: sums, products, log-sum-exps, extremes, and the linear recurrence that gradients are made of.

One kernel (compiler/llvm/cumulative.py) runs them all: each says what an element is (`state`), how what came before and what comes next
become one (`combine`, associative), and what is written (`finish`).
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType, int64
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.graph import Type
from gradwerk.ir.meeting import same_dtype
from gradwerk.ir.op import Array, Example, Grads, Interval, Op, Operand, typed
from gradwerk.ops.along import scatter_along
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.elementwise import exp, mul, sub
from gradwerk.ops.functions import clip
from gradwerk.ops.movement import concatenate, slice_axis
from gradwerk.ops.reduction import highest, lowest
from gradwerk.ops.source import full

State = tuple[Scalar, ...]
"""What is carried from element to element: one or more numbers."""
Position = Callable[[], Scalar]
"""Says the int64 place of an element along the axis, to who asks."""


@dataclass(frozen=True)
class Cumulative(Op):
    """y[i] = the fold of x[0], ..., x[i] along `axis`; from the end with `reverse`.  Shapes are kept.

    Kernels carry states of the dtypes that `state` gives: sums of float32 add up in float64, as PyTorch's do.
    """

    answers: ClassVar[tuple[str, ...]] = ("state", "identity", "finish")
    accepts: ClassVar[dtypes.Family] = dtypes.NUMBERS
    associative: ClassVar[bool] = True
    """Whether `combine` may join any two neighbours, so that lanes fold side by side; else `step` takes elements one by one."""
    costly: ClassVar[bool] = False
    """Whether to combine once more costs more than to wait for what was combined."""
    axis: int
    reverse: bool = False

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x, dtype = types[0], same_dtype(self.name, *types)
        if dtype not in self.accepts:
            raise DTypeError(f"{self.name} does not take {dtypes.name(dtype)}", facts=(str(x),), likely="cast it first")
        if not 0 <= self.axis < x.ndim:
            raise ShapeError(f"{self.name}: axis {self.axis} is no axis of the input", facts=(str(x),))
        if any(t.shape != x.shape for t in types):
            raise ShapeError(f"{self.name}: the arguments must have one shape", facts=(", ".join(map(str, types)),))
        return (x,)

    def state(self, e: Any, position: Position, *xs: Scalar) -> State:  # noqa: ANN401
        """One element as a fold of its own."""
        raise TypeError(f"{self.name}: no state")

    def combine(self, e: Any, before: State, after: State) -> State:  # noqa: ANN401
        """Two folds, of neighbours, as one."""
        raise TypeError(f"{self.name}: no combine")

    def identity(self, kinds: Sequence[DType]) -> tuple[float, ...]:
        """The fold of nothing, given the dtypes of its numbers."""
        raise TypeError(f"{self.name}: no identity")

    def finish(self, e: Any, state: State, dtype: DType) -> State:  # noqa: ANN401
        """The results, the first of them of this dtype."""
        raise TypeError(f"{self.name}: no finish")

    def step(self, e: Any, before: State, position: Position, *xs: Scalar) -> State:  # noqa: ANN401
        """The fold with one more element."""
        return self.combine(e, before, self.state(e, position, *xs))

    def flops(self, *types: Type) -> int:
        return types[0].size


def wide(dtype: DType) -> DType:
    """In what numbers of a dtype add up: float64 for floats."""
    return dtypes.float64 if dtypes.is_float(dtype) else dtype


def _shapes(cls: type[Cumulative], count: int = 1) -> tuple[Example, ...]:
    """Along each axis, from both ends, of none, and more than a vector."""
    cases = (((2, 19), 1, False), ((3, 4), 0, True), ((2, 5, 3), 1, False), ((0, 3), 0, False))
    return tuple((cls(axis, reverse), (typed(*shape),) * count) for shape, axis, reverse in cases)


@final
@dataclass(frozen=True)
class CumSum(Cumulative):
    """Running sum along `axis`.  Integers wrap; floats add up in float64 and are rounded once.

    Shape: that of x.  Dtype: numbers, kept.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return _shapes(cls)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (cumsum(ct, self.axis, reverse=not self.reverse),)

    def reference(self, x: Array) -> Array:
        zero = wide(x.dtype).type(0)  # it begins there: -0.0 alone gives 0.0
        return _along(self, lambda a: np.cumsum(a, self.axis, dtype=wide(x.dtype)) + zero, x)

    def state(self, e: Emitter, position: Position, x: Scalar) -> State:
        return (e.cast(x, wide(e.dtype(x))),)

    def combine(self, e: Emitter, before: State, after: State) -> State:
        return (e.add(before[0], after[0]),)

    def identity(self, kinds: Sequence[DType]) -> tuple[float, ...]:
        return (0,)

    def finish(self, e: Emitter, state: State, dtype: DType) -> State:
        return (e.cast(state[0], dtype),)


@final
@dataclass(frozen=True)
class CumProd(Cumulative):
    """Running product along `axis`.  Integers wrap; floats are multiplied in float64 and rounded once.

    The gradient divides by nothing, so elements may be 0: that of x[i] is the product before it times what x[i + 1], ... make of the
    cotangents, a linear recurrence.
    Shape: that of x.  Dtype: numbers, kept.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return _shapes(cls)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        before = shifted(y, self.axis, 1, backward=self.reverse)
        after = recurrence(shifted(x, self.axis, 1, backward=not self.reverse), ct, self.axis, reverse=not self.reverse)
        return (mul(before, after),)

    def reference(self, x: Array) -> Array:
        return _along(self, lambda a: np.cumprod(a, self.axis, dtype=wide(x.dtype)), x)

    def state(self, e: Emitter, position: Position, x: Scalar) -> State:
        return (e.cast(x, wide(e.dtype(x))),)

    def combine(self, e: Emitter, before: State, after: State) -> State:
        return (e.mul(before[0], after[0]),)

    def identity(self, kinds: Sequence[DType]) -> tuple[float, ...]:
        return (1,)

    def finish(self, e: Emitter, state: State, dtype: DType) -> State:
        return (e.cast(state[0], dtype),)


@final
@dataclass(frozen=True)
class LogCumSumExp(Cumulative):
    """log(exp(x[0]) + ... + exp(x[i])) along `axis`: the largest so far, and the sum of exponentials beside it, in float64.

    Shape: that of x.  Dtype: floating, kept.
    """

    accepts = dtypes.FLOATS
    costly = True
    domain = Interval(-4, 4)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return _shapes(cls)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        most = float(dtypes.limits(x.dtype).max)
        x, y = clip(x, -most, most), clip(y, -most, most)  # between equal infinities the difference is 0
        ratio = exp(sub(y, shifted(y, self.axis, most, backward=not self.reverse)))
        return (mul(exp(sub(x, y)), recurrence(ratio, ct, self.axis, reverse=not self.reverse)),)

    def reference(self, x: Array) -> Array:
        return _along(self, lambda a: np.logaddexp.accumulate(a.astype(np.float64), self.axis) + 0.0, x)

    def state(self, e: Emitter, position: Position, x: Scalar) -> State:
        return x, e.const(1, dtypes.float64)

    def combine(self, e: Emitter, before: State, after: State) -> State:
        most, least = e.maximum(before[0], after[0]), e.minimum(before[0], after[0])
        one, same = e.const(1, e.dtype(most)), e.compare("eq", least, most)
        factor = e.select(same, one, e.math("exp", e.sub(least, most)))
        scaled = [e.mul(s, e.cast(e.select(e.compare("eq", x, most), one, factor), dtypes.float64)) for x, s in (before, after)]
        return most, e.add(*scaled)

    def identity(self, kinds: Sequence[DType]) -> tuple[float, ...]:
        return float("-inf"), 0

    def finish(self, e: Emitter, state: State, dtype: DType) -> State:
        return (e.add(state[0], e.math("log", e.cast(state[1], dtype))),)


@dataclass(frozen=True)
class CumulativeExtreme(Cumulative):
    """Running extremes, each with the place of the last of equals; of NaN, once there is one."""

    answers: ClassVar[tuple[str, ...]] = ("relation", "accumulate", "identity")
    accepts = dtypes.ALL
    relation: ClassVar[str]
    accumulate: ClassVar[Callable[..., Array]]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return _shapes(cls)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = super().infer(*types)
        return x, x.with_dtype(int64)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        (x,) = arrays
        self.infer(Type(x.shape, x.dtype))

        def run(x: Array) -> Array:
            numbers = np.arange(x.shape[self.axis]).reshape(tuple(-1 if k == self.axis else 1 for k in range(x.ndim)))
            hits = (x == type(self).accumulate(x, self.axis)) | (x != x)
            return np.maximum.accumulate(np.where(hits, numbers, 0), self.axis)

        wide = dtypes.widened(x)
        places = x.shape[self.axis] - 1 - np.flip(run(np.flip(wide, self.axis)), self.axis) if self.reverse else run(wide)
        return np.take_along_axis(x, places, self.axis), places.astype(np.int64)

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[0] is None:
            return (None,)
        zeros = full(xs[0].shape, 0, xs[0].dtype, like=(xs[0],))
        return (scatter_along(zeros, ys[1], cts[0], self.axis, "add"),)

    def state(self, e: Emitter, position: Position, x: Scalar) -> State:
        return x, position()

    def combine(self, e: Emitter, before: State, after: State) -> State:
        later = e.compare(self.relation, after[0], before[0])
        if dtypes.is_float(e.dtype(after[0])):
            later = e.bit_or(later, e.compare("ne", after[0], after[0]))
        return tuple(e.select(later, new, old) for old, new in zip(before, after, strict=True))

    def finish(self, e: Emitter, state: State, dtype: DType) -> State:
        return state


@final
@dataclass(frozen=True)
class CumMax(CumulativeExtreme):
    """(x) -> (values, indices): the running maximum along `axis`, and where it stands; NaN from the first NaN on.

    Shape: that of x, twice.  Dtype: that of x; int64.  The gradient goes to where the maximum stands.
    """

    relation = "ge"
    accumulate = np.maximum.accumulate

    def identity(self, kinds: Sequence[DType]) -> tuple[float, ...]:
        return lowest(kinds[0]), 0


@final
@dataclass(frozen=True)
class CumMin(CumulativeExtreme):
    """(x) -> (values, indices): the running minimum along `axis`, and where it stands; NaN from the first NaN on.

    Shape: that of x, twice.  Dtype: that of x; int64.  The gradient goes to where the minimum stands.
    """

    relation = "le"
    accumulate = np.minimum.accumulate

    def identity(self, kinds: Sequence[DType]) -> tuple[float, ...]:
        return highest(kinds[0]), 0


@final
@dataclass(frozen=True)
class Recurrence(Cumulative):
    """(a, b) -> y with y[i] = a[i] * y[i - 1] + b[i] along `axis`, and y[-1] = 0: a linear recurrence of first order.

    Its elements are taken one by one: products of several a's overflow where the recurrence does not.  Lanes run along another axis.
    Shape: that of a and b.  Dtype: floating, kept.
    """

    accepts = dtypes.FLOATS
    associative = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return _shapes(cls, 2)

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        back = recurrence(shifted(a, self.axis, 0, backward=not self.reverse), ct, self.axis, reverse=not self.reverse)
        return mul(back, shifted(y, self.axis, 0, backward=self.reverse)), back

    def reference(self, a: Array, b: Array) -> Array:
        def run(a: Array, b: Array) -> Array:
            made, held = np.zeros(b.shape, np.float64), np.zeros(b.shape[: self.axis] + b.shape[self.axis + 1 :], np.float64)
            for k in range(b.shape[self.axis]):
                held = a.take(k, self.axis) * held + b.take(k, self.axis)
                made[(slice(None),) * self.axis + (k,)] = held
            return made

        return _along(self, run, a, b)

    def step(self, e: Emitter, before: State, position: Position, a: Scalar, b: Scalar) -> State:
        x, y = (e.cast(one, dtypes.float64) for one in (a, b))
        return (e.add(e.mul(x, before[0]), y),)

    def state(self, e: Emitter, position: Position, a: Scalar, b: Scalar) -> State:
        return (e.cast(b, dtypes.float64),)

    def combine(self, e: Emitter, before: State, after: State) -> State:
        raise TypeError("recurrence: elements are taken one by one")

    def identity(self, kinds: Sequence[DType]) -> tuple[float, ...]:
        return (0,)

    def finish(self, e: Emitter, state: State, dtype: DType) -> State:
        return (e.cast(state[0], dtype),)


def _along(op: Cumulative, run: Callable[..., Array], *xs: Array) -> Array:
    """What `run` makes from the front, from the end where the op says so."""
    if not op.reverse:
        return run(*xs)
    return np.flip(run(*[np.flip(x, op.axis) for x in xs]), op.axis)


def shifted(x: Operand, axis: int, first: float, *, backward: bool) -> Operand:
    """x one place further along the axis, `first` in the place that is left; `backward` toward the front."""
    n = x.shape[axis]
    if not n:
        return x
    filled = full(tuple(1 if k == axis else m for k, m in enumerate(x.shape)), first, x.dtype, like=(x,))
    return concatenate([slice_axis(x, axis, 1, n), filled] if backward else [filled, slice_axis(x, axis, 0, n - 1)], axis)


def cumsum(x: Operand, axis: int = -1, *, reverse: bool = False) -> Operand:
    """The running sum along `axis`, from the end with `reverse`.  Shape, dtype: kept.  Raises: ShapeError, DTypeError."""
    return CumSum(normal_axis("cumsum", axis, x.ndim), reverse)(x)


def cumprod(x: Operand, axis: int = -1, *, reverse: bool = False) -> Operand:
    """The running product along `axis`, from the end with `reverse`.  Shape, dtype: kept.  Raises: ShapeError, DTypeError."""
    return CumProd(normal_axis("cumprod", axis, x.ndim), reverse)(x)


def logcumsumexp(x: Operand, axis: int = -1, *, reverse: bool = False) -> Operand:
    """The logarithm of the running sum of exponentials along `axis`.  Shape, dtype: kept.  Raises: ShapeError, DTypeError."""
    return LogCumSumExp(normal_axis("logcumsumexp", axis, x.ndim), reverse)(x)


def recurrence(a: Operand, b: Operand, axis: int = -1, *, reverse: bool = False) -> Operand:
    """y[i] = a[i] * y[i - 1] + b[i] along `axis`, y[-1] = 0.  Shape, dtype: kept.  Raises: ShapeError, DTypeError."""
    return Recurrence(normal_axis("recurrence", axis, a.ndim), reverse)(a, b)


def cummax(x: Operand, axis: int = -1, *, reverse: bool = False) -> tuple[Operand, Operand]:
    """The running maximum along `axis` and where it stands (int64).  Shape: kept.  Raises: ShapeError."""
    values, indices = CumMax(normal_axis("cummax", axis, x.ndim), reverse)(x)
    return values, indices


def cummin(x: Operand, axis: int = -1, *, reverse: bool = False) -> tuple[Operand, Operand]:
    """The running minimum along `axis` and where it stands (int64).  Shape: kept.  Raises: ShapeError."""
    values, indices = CumMin(normal_axis("cummin", axis, x.ndim), reverse)(x)
    return values, indices
