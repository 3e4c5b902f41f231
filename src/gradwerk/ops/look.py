"""Looks at whole numbers: the argument unchanged, or an error, compiled too (docs/decisions/0009-errors-in-compiled-steps.md)."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType, int32, int64, is_integer, uint8, uint32
from gradwerk.base.errors import ArgumentError, DTypeError, IndexDataError
from gradwerk.base.origin import Origin, current_path
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Op, Operand, no_gradient, typed
from gradwerk.ops.made import made


@dataclass(frozen=True)
class Look(Op):
    """(x) -> x, of which no element is `refused`; else its `error` is raised, before anything is overwritten (compiler/bounds.py).

    The error is that of the first element refused: made of its place (row-major), itself, lowest and highest of all.
    """

    answers: ClassVar[tuple[str, ...]] = ("infer", "refused", "error")
    rounds = False
    vjp = no_gradient
    refused: ClassVar[Callable[..., Array]]
    error: ClassVar[Callable[..., Exception]]

    def reference(self, x: Array) -> Array:
        refused = self.refused(x)
        if refused.any():
            first = int(np.argmax(refused))
            raise self.error(x.shape, x.dtype, (first, int(x.reshape(-1)[first]), int(x.min()), int(x.max())))
        return x


@final
@dataclass(frozen=True)
class InRange(Look):
    """(indices) -> the same indices, each of them known to be in 0..rows-1 or `ignored`.

    `what` begins the message, such as "index" or "label".  `wrapped` says that `rows` were added to negative ones before, which
    counted from the end: messages name what was given.
    Shape: that of indices.  Dtype: an integer, kept.  Raises: IndexDataError for any other index, negative ones too.
    """

    rows: int
    what: str = "index"
    ignored: int | None = None
    wrapped: bool = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(4), (typed(2, 5, dtype=int64),)),
            (cls(4, wrapped=True), (typed(2, 5, dtype=int64),)),
            (cls(5, "label", -100), (typed(7, dtype=int32),)),
            (cls(4), (typed(dtype=int64),)),
            (cls(4), (typed(0, dtype=int32),)),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        check_whole(self, "indices", types[0])
        return types

    def ignores(self, dtype: DType) -> bool:
        """Whether indices of this dtype can be the one that is `ignored`."""
        if self.ignored is None:
            return False
        low, high = dtypes.extremes(dtype)
        return low <= self.ignored <= high

    def refused(self, x: Array) -> Array:
        outside = (x < 0) | (x >= self.rows)
        return outside & (x != self.ignored) if self.ignores(x.dtype) else outside

    def error(
        self, shape: tuple[int, ...], dtype: DType, found: tuple[int, ...], *, steps: tuple[str, ...] = (), origin: Origin | None = None
    ) -> IndexDataError:
        """What is raised for indices of this shape and dtype.

        `found`: place of the first index that is outside (row-major), that index, lowest and highest of all.  `steps` name the iterations
        of the loops around, innermost first, `origin` the line that wrote the op where that is not the present one.
        """
        first, *numbers = found
        index, lowest, highest = (number - self.rows if self.wrapped and number < 0 else number for number in numbers)
        extremes = "" if self.wrapped else f", lowest {lowest}, highest {highest}"  # once wrapped, nobody knows what was given
        place = ", ".join(str(int(n)) for n in np.unravel_index(first, shape))
        facts = (f"indices {shape} {dtypes.name(dtype)}{extremes}", *steps)
        allowed = f"{-self.rows if self.wrapped else 0}..{self.rows - 1}" if self.rows else "a table without rows"
        likely = "labels count from 0, and the model needs one output for each class" if self.what == "label" else ""
        if self.what == "index" and "Embedding" in ((origin.path if origin is not None else "") or current_path()).rpartition("/")[2]:
            likely = f"ids count from 0: for the largest, {highest}, the table needs {highest + 1} rows" if highest >= self.rows else ""
        return IndexDataError(f"{self.what} {index} at ({place}) is outside {allowed}", facts=facts, likely=likely, origin=origin)


@final
@dataclass(frozen=True)
class NotZero(Look):
    """(divisor) -> the same numbers, none of them known to be 0.

    Shape: that of the divisor.  Dtype: an integer, kept.  Raises: ArgumentError for 0.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        types = (typed(2, 5, dtype=int64), typed(7, dtype=int32), typed(dtype=uint8), typed(0, dtype=int32), typed(3, 17, dtype=uint32))
        return tuple((cls(), (type_,)) for type_ in types)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        check_whole(self, "divisors", types[0])
        return types

    def refused(self, x: Array) -> Array:
        return np.equal(x, 0)

    def error(
        self, shape: tuple[int, ...], dtype: DType, found: tuple[int, ...], *, steps: tuple[str, ...] = (), origin: Origin | None = None
    ) -> ArgumentError:
        """What is raised for a divisor of this shape and dtype; see InRange."""
        place = ", ".join(str(int(n)) for n in np.unravel_index(found[0], shape))
        facts = (f"divisor {shape} {dtypes.name(dtype)}, 0 at ({place})", *steps)
        message = "ZeroDivisionError: whole numbers cannot be divided by 0"
        return ArgumentError(message, facts=facts, likely="make one side floating", origin=origin)


def indices_of(reader: Op) -> str:
    """What the indices of an op are in messages: where rows are chosen nobody has called an op."""
    return "index" if reader.name == "gather" else f"{reader.name}: index"


def check_whole(op: Op, what: str, given: Type) -> None:
    """Raises: DTypeError for what is no integer."""
    if not is_integer(given.dtype):
        raise DTypeError(f"{op.name}: {what} must be integers", facts=(f"{what} {given}",))


def in_range(indices: Operand, rows: int, what: str = "index", *, ignored: int | None = None, wrapped: bool = False) -> Operand:
    """The indices, looked at: in 0..rows-1 or `ignored`.  Shape, dtype: kept.  Raises: IndexDataError (compiled too), DTypeError."""
    if type(rows) is not int or type(ignored) not in (int, type(None)) or wrapped:
        return InRange(rows, what, ignored, wrapped)(indices)
    return made(InRange, rows, what, ignored)(indices)


def not_zero(divisor: Operand) -> Operand:
    """The divisor, none of it 0.  Shape, dtype: kept.  Raises: ArgumentError (compiled too), DTypeError."""
    return NotZero()(divisor)
