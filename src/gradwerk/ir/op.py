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

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType, Family
from gradwerk.base.errors import ArgumentTypeError, DTypeError, ShapeError, StateError
from gradwerk.base.plain import exactly
from gradwerk.ir import meeting
from gradwerk.ir.strides import Strides
from gradwerk.ir.type import Type

Array = np.ndarray[Any, np.dtype[Any]]
Operand = Any
"""An array, a Value, a Tensor, or a Python number: whatever rules are written over."""
Grads = Sequence[Operand | None]
REGISTRY: dict[str, type[Op]] = {}
PLACEHOLDERS = {"Movement": ("view",), "Reduction": ("combine", "identity"), "Indexed": ("indexed",)}
PLACEHOLDERS |= {"Control": ("pullback_by", "bodies", "with_bodies", "argument_of", "result_of", "most_runs")}
PLACEHOLDERS |= dict.fromkeys(("Unary", "Binary", "Select"), ("emit",))
"""What kinds declare only to refuse; a member must answer it."""


@dataclass(frozen=True)
class Interval:
    """Where generated tests draw floating inputs: away from poles and kinks."""

    low: float
    high: float


@dataclass(frozen=True)
class Op:
    """The base of all kinds.  Fields are the attributes; ==, hash, repr and the text form follow from them."""

    domain: ClassVar[Interval | tuple[Interval, ...]] = Interval(-2.0, 2.0)
    answers: ClassVar[tuple[str, ...]] = ()
    name: ClassVar[str] = ""
    compared: ClassVar[tuple[str, ...]]
    """The fields that say which op it is; known when the first of its class was asked for its hash."""
    _hash: ClassVar[int]
    """Kept by each op once it was asked for; no field of it."""
    rounds: ClassVar[bool] = True
    """Whether it makes numbers: of narrow floats it is then computed in their accumulator, and rounded once.  What only moves elements, or
    holds them, hands on their bits."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "__eq__" not in cls.__dict__:  # as its own, or `dataclass` gives it those that ask the fields each time, and take -0.0 for 0.0
            setattr(cls, "__eq__", Op.__eq__)  # noqa: B010
        if cls.__dict__.get("__hash__") is None:
            setattr(cls, "__hash__", Op.__hash__)  # noqa: B010
        if "answers" in cls.__dict__:  # a kind, not an op
            return
        missing = [answer for answer in cls.answers if _only_refused(cls, answer)]
        if missing:
            raise TypeError(f"{cls.__name__} misses {missing}")
        cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        REGISTRY[cls.name] = cls

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        """Instances with the types of arguments for generated tests, where the kind cannot draw them.  Integers are drawn from 0 to 3."""
        return ()

    def infer(self, *types: Type) -> tuple[Type, ...]:
        """The types of the results.  Raises ShapeError, DTypeError."""
        raise TypeError(f"{self.name}: no type rule")

    def reference(self, *arrays: Array) -> Array:
        """The result by NumPy: oracle, constant folding, small eager calls, host launch."""
        raise TypeError(f"{self.name}: no reference")

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        """All results by NumPy, with exactly the inferred dtypes.  Ops of several results override this."""
        (type_,) = self.infer(*(Type(a.shape, a.dtype) for a in arrays))
        with np.errstate(all="ignore"):
            return (dtypes.converted(np.asarray(self.reference(*self.in_accumulator(arrays))), type_.dtype),)

    def in_accumulator(self, arrays: Sequence[Array]) -> Sequence[Array]:
        """The arguments of the reference: narrow floats as their accumulator, unless the op only moves them."""
        return [dtypes.widened(a) for a in arrays] if self.rounds else arrays

    def vjp(self, ct: Operand, y: Operand, *xs: Operand) -> Grads:
        """The gradient for each argument, from that of the one result; None where there is none."""
        raise TypeError(f"{self.name}: no derivative rule")

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        """The general form of `vjp`: one entry per result and argument.  Ops of several results override this."""
        return self.vjp(cts[0], ys[0], *xs)

    def beside(self, position: int, args: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """The arguments whose dtype a Python number at `position` takes."""
        return args

    def as_array(self, position: int, args: tuple[Operand, ...]) -> Array:
        """The argument at `position`, which is no Value and no Tensor, as an array; a number takes the dtype of the last typed neighbour.

        Raises: DTypeError where that dtype cannot hold the number, or for what is no number of this framework.
        """
        return meeting.as_array(self.name, position, args, self.beside(position, args))

    def __call__(self, *args: Operand) -> Any:  # noqa: ANN401  Value, Tensor or array, as given
        """Computes at once on arrays, builds a graph on Values, records on Tensors.  One result alone, several as a tuple."""
        for a in args:
            apply = getattr(a, "__gradwerk_apply__", None)
            if apply is not None:
                results = apply(self, args)
                break
        else:
            results = self.evaluate(*(self.as_array(position, args) for position in range(len(args))))
        return results[0] if len(results) == 1 else results

    @cached_property
    def _said(self) -> tuple[Any, ...]:
        """The class, and the fields that are compared."""
        cls = type(self)
        if "compared" not in cls.__dict__:
            cls.compared = tuple([f.name for f in fields(self) if f.compare])
        return (cls, *[exactly(getattr(self, name)) for name in cls.compared])

    def __eq__(self, other: object) -> bool:
        """Whether it says the same: an op with -0.0 computes something else than one with 0.0."""
        return self is other or (isinstance(other, Op) and self._said == other._said)

    def __hash__(self) -> int:
        """Asked once: an op is looked up several times by each pass."""
        try:
            return self._hash
        except AttributeError:
            found = hash(self._said)
            object.__setattr__(self, "_hash", found)
            return found

    def __getstate__(self) -> dict[str, Any]:
        return self.attributes()  # without the hash, which is another in another process

    def attributes(self) -> dict[str, Any]:
        """Field names and values, in order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def flops(self, *types: Type) -> int:
        """Useful floating point operations, for reports: one per result element unless the kind knows better."""
        return sum(t.size for t in self.infer(*types))

    def in_body(self) -> Op:
        """The op as it stands in a fused region's body (ir/region.py), where shapes are stand-ins."""
        return self

    @property
    def has_effect(self) -> bool:
        """True for ops that take and return a token."""
        return False

    def __str__(self) -> str:
        inside = ", ".join(f"{k}={v!r}" for k, v in self.attributes().items())
        return f"{self.name}({inside})" if inside else self.name


Example = tuple[Op, tuple[Type, ...]]


def typed(*shape: int, dtype: DType = dtypes.float32) -> Type:
    """A type, float32 unless told: for examples."""
    return Type(shape, dtype)


def _only_refused(cls: type[Op], answer: str) -> bool:
    """Whether nothing but a kind's placeholder answers: a function that no class below the kinds gives, and that refuses."""
    for owner in cls.__mro__:
        if answer in owner.__dict__:
            return owner is Op or ("answers" in owner.__dict__ and answer in PLACEHOLDERS.get(owner.__name__, ()))
    return True


def no_gradient(self: Op, ct: Operand, y: Operand, *xs: Operand) -> Grads:
    """Nothing is handed on: the result is not differentiable data, or counts as a constant."""
    return (None,) * len(xs)


def undefined(reason: str) -> Callable[..., Grads]:
    """A vjp that refuses, saying why."""

    def refuse(self: Op, ct: Operand, y: Operand, *xs: Operand) -> Grads:
        raise StateError(f"{self.name} has no derivative", facts=(reason,))

    return refuse


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
