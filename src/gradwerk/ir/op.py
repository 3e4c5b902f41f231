"""What an op is: a final frozen dataclass of one of these kinds.  The kind says what must be answered and answers what its members share.

    kind         meaning                                   a member must give
    Source       values from nothing                       infer, reference         (arguments and constants: ir/leaves.py)
    Unary        y[i] = f(x[i])                            vjp, emit, reference
    Binary       y[i] = f(a[i], b[i]), broadcast           vjp, emit, reference
    Select       y[i] = c[i] ? a[i] : b[i], broadcast      vjp, emit, reference
    Movement     y[i] = x[source(i)], never a kernel       infer, vjp, reference, view
    Reduction    reduces along axes                        vjp, reference, combine, identity
    Contraction  sum of products over named axes           infer, vjp, reference
    Window       of a sliding window, and its inverse      infer, vjp, reference     (ops/window.py)
    Cumulative   a running fold along an axis              vjp, reference, state, identity, finish    (ops/cumulative.py)
    Order        sorted along an axis                      descends, kept           (ops/sorting.py)
    Indexed      gather and scatter                        infer, vjp, reference, indexed
    Look         its argument unchanged, or an error       infer, refused, error          (ops/look.py)
    Random       bits from a key and a counter             infer, reference        (emit, where it may be fused)
    Control      holds sub-graphs                          infer, pullback_by, evaluate, and what they are (ir/control.py)
    Host         runs Python, may have an effect           infer, evaluate

A class that forgets an answer fails when its module is imported.  "No derivative" is said aloud: `vjp = no_gradient` (the result is no
differentiable data), `vjp = flat` (zero, ops/arithmetic.py) or `vjp = undefined("reason")`.  Concrete classes register themselves; tests,
docs, text form and `gradwerk ops` read the registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType, Family
from gradwerk.base.errors import ArgumentTypeError, DTypeError, ShapeError
from gradwerk.ir import meeting
from gradwerk.ir.base import REGISTRY, Array, Example, Grads, Interval, Op, Operand, no_gradient, typed, undefined
from gradwerk.ir.strides import Strides
from gradwerk.ir.type import Type

__all__ = [
    "REGISTRY", "Array", "Binary", "Contraction", "Elementwise", "Example", "Grads", "Host", "Indexed", "Interval", "Movement", "Op",
    "Operand", "Random", "Reduction", "Select", "Source", "Unary", "no_gradient", "typed", "undefined",
]  # fmt: skip


@dataclass(frozen=True)
class Source(Op):
    """Values from nothing: inputs, constants, counting."""

    answers: ClassVar[tuple[str, ...]] = ("infer",)
    vjp = no_gradient


def _kept(self: Op, dtype: DType) -> DType:
    """The dtype of the result, from that of the operands: kept, unless the op says otherwise."""
    return dtype


def _broadcast(self: Elementwise, *types: Type) -> tuple[Type, ...]:
    """The common shape, by NumPy's rule, and `result_dtype` of the one dtype, which must be of `accepts`.

    Where an argument has that type already it is the very same one: types that are identical are compared fastest.
    """
    if len(types) != self.arity:
        raise _arity_error(self, types)
    dtype = meeting.same_dtype(self.name, *types)
    if dtype not in self.accepts:
        raise DTypeError(f"{self.name} does not take {dtypes.name(dtype)}", facts=(", ".join(map(str, types)),))
    shape, kept = meeting.broadcast_shapes(self.name, *types), self.result_dtype(dtype)
    for type_ in types:
        if type_.shape is shape and type_.dtype is kept:
            return (type_,)
    return (Type(shape, kept),)


def _arity_error(op: Elementwise, types: Sequence[Type]) -> ArgumentTypeError:
    """That so many arguments are too few, or too many."""
    wanted = f"{op.arity} argument{'s' * (op.arity > 1)}"
    return ArgumentTypeError(f"{op.name} takes {wanted}, {len(types)} were given", facts=(", ".join(map(str, types)),))


def _silent(self: Elementwise, e: Any, *xs: Any) -> Any:  # noqa: ANN401  Emitter, Scalars: see ir/emit.py
    """The scalar code, spoken to an Emitter."""
    raise TypeError(f"{self.name}: no scalar code")


@dataclass(frozen=True)
class Unary(Op):
    """y[i] = f(x[i])."""

    answers: ClassVar[tuple[str, ...]] = ("vjp", "emit", "reference")
    accepts: ClassVar[Family] = dtypes.ALL
    arity: ClassVar[int] = 1
    result_dtype, infer, emit = _kept, _broadcast, _silent


@dataclass(frozen=True)
class Binary(Op):
    """y[i] = f(a[i], b[i]), broadcast by NumPy's rule."""

    answers: ClassVar[tuple[str, ...]] = ("vjp", "emit", "reference")
    accepts: ClassVar[Family] = dtypes.ALL
    arity: ClassVar[int] = 2
    result_dtype, infer, emit = _kept, _broadcast, _silent


@dataclass(frozen=True)
class Select(Op):
    """y[i] = condition[i] ? a[i] : b[i], broadcast; the condition is bool."""

    answers: ClassVar[tuple[str, ...]] = ("vjp", "emit", "reference")
    accepts: ClassVar[Family] = dtypes.ALL
    arity: ClassVar[int] = 3
    result_dtype, emit = _kept, _silent

    def beside(self, position: int, args: tuple[Operand, ...]) -> tuple[Operand, ...]:
        return args[1:] if position else args[:1]  # the condition's dtype says nothing about what it chooses from

    def infer(self, *types: Type) -> tuple[Type, ...]:
        if len(types) != self.arity:
            raise _arity_error(self, types)
        if types[0].dtype != dtypes.bool_:
            raise DTypeError(f"{self.name}: the condition must be bool", facts=(str(types[0]),))
        return (Type(meeting.broadcast_shapes(self.name, *types), meeting.same_dtype(self.name, *types[1:])),)


Elementwise = Unary | Binary | Select
"""y[i] depends on the arguments at i alone, broadcast.  `emit` is its code, `result_dtype` its dtype rule, `accepts` its dtypes"""


@dataclass(frozen=True)
class Movement(Op):
    """y[i] = x[source(i)].

    `view` answers with strides over x's strided data, or None where none can say it (pad, some reshapes); `places` with where the
    arguments lie in the result, so that they can be copied, or written in the first place, there.
    """

    answers: ClassVar[tuple[str, ...]] = ("infer", "vjp", "reference", "view")
    rounds = False

    covers: ClassVar[bool] = True
    """Whether every element of the result is one of an argument; False where the others are zeros."""
    in_order: ClassVar[bool] = False
    """Whether the elements of its one argument come each once, in their order: only the shape is another."""
    repeats: ClassVar[bool] = False
    """Whether an element of an argument may come several times."""

    def view(self, x: Strides) -> Strides | None:
        """The result as a view of x's data, or None."""
        raise TypeError(f"{self.name}: no view rule")

    def places(self, y: Strides, *types: Type) -> tuple[Strides, ...] | None:
        """Where the elements of each argument lie in the result's data `y`, if all are there and strides can say it; else None."""
        return None


@dataclass(frozen=True)
class Reduction(Op):
    """A reduction along `axes` (sorted, not negative); `keepdims` keeps them as extent 1.

    Passes and kernels reduce in any order, a part at a time: `combine` is associative and commutative, and `identity` changes nothing.
    A reduction whose result has another dtype than x is no such reduction of x's elements: it runs by its reference (`reduces_elements`).
    """

    answers: ClassVar[tuple[str, ...]] = ("vjp", "reference", "combine", "identity")
    axes: tuple[int, ...]
    keepdims: bool = False

    result_dtype = _kept

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if list(self.axes) != sorted(set(self.axes)) or any(not 0 <= a < x.ndim for a in self.axes):
            raise ShapeError(f"{self.name}: axes {self.axes} are not axes of the input", facts=(str(x),))
        shape = tuple(1 if k in self.axes else n for k, n in enumerate(x.shape) if self.keepdims or k not in self.axes)
        return (Type(shape, self.result_dtype(x.dtype)),)

    def combine(self, e: Any, a: Any, b: Any) -> Any:  # noqa: ANN401
        """Two partial results into one; associative."""
        raise TypeError(f"{self.name}: no combine")

    def identity(self, dtype: DType) -> float:
        """The partial result of nothing."""
        raise TypeError(f"{self.name}: no identity")

    def along(self, axes: tuple[int, ...], *, keepdims: bool = False) -> Reduction:
        """The same reduction, with all that the class adds to it, along other axes."""
        return replace(self, axes=axes, keepdims=keepdims)

    def reduces_elements(self, x: Type) -> bool:
        """Whether the result is x's elements combined, so that a part of the axes may be reduced first."""
        return self.infer(x)[0].dtype == x.dtype

    def gives_back_one(self, x: Type) -> bool:
        """Whether the reduction of one element is that element, to the bit."""
        return self.reduces_elements(x)

    def in_body(self) -> Op:
        return self.along((0,), keepdims=True)

    def flops(self, *types: Type) -> int:
        return types[0].size


@dataclass(frozen=True)
class Contraction(Op):
    """Sums of products over named axes with affine index maps."""

    answers: ClassVar[tuple[str, ...]] = ("infer", "vjp", "reference")


@dataclass(frozen=True)
class Indexed(Op):
    """Reads or writes at places that data names.

    `indexed` answers where these places stand; the compiler has them looked at before anything is written (compiler/bounds.py).
    """

    answers: ClassVar[tuple[str, ...]] = ("infer", "vjp", "reference", "indexed")

    def indexed(self, *types: Type) -> tuple[int, int]:
        """Which argument holds the indices, and n where 0..n-1 are allowed."""
        raise TypeError(f"{self.name}: no answer to which argument holds indices")


@dataclass(frozen=True)
class Random(Op):
    """Bits from a key and a counter: the same everywhere, always."""

    answers: ClassVar[tuple[str, ...]] = ("infer", "reference")
    vjp = no_gradient
    shape: tuple[int, ...]

    def in_body(self) -> Op:
        return replace(self, shape=())


@dataclass(frozen=True)
class Host(Op):
    """Runs Python.  With an effect, the first argument and the first result are its token."""

    answers: ClassVar[tuple[str, ...]] = ("infer", "evaluate")
    rounds = False
