"""What every op answers: its types, its numbers by NumPy, its derivative, what it says of itself.  Its kinds are in ir/op.py."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import StateError
from gradwerk.base.plain import exactly
from gradwerk.ir import meeting
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
