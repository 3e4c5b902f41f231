"""A function of ops that graphs keep together as one node."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from gradwerk.base.errors import ShapeError
from gradwerk.ir.carve import carve
from gradwerk.ir.control import Control, Role, Walk
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import Program
from gradwerk.ir.op import Array, Example, Grads, Operand, typed
from gradwerk.ir.type import Type
from gradwerk.ops.branch import gradients_of
from gradwerk.ops.control import in_a_tuple, listed
from gradwerk.ops.elementwise import add, mul, tanh
from gradwerk.ops.reduction import reduce_sum


@final
@dataclass(frozen=True)
class Composite(Control):
    """(operands...) -> the results of `body` on them: a step of an optimizer, written once for all parameters alike.

    It is nothing but its body: whoever wants to look inside puts the body's nodes in its place.
    Shape: as the body says.  Dtype: as the body says.
    Raises: ShapeError where arguments do not fit the body.
    """

    body: Graph
    runs_once = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        step, rows = Graph("step"), Graph("rows")
        w, v = step.input(typed(2, 3)), step.input(typed(2, 3))
        v = add(mul(v, w), tanh(w))
        step.finish([add(w, v), v])
        x, b = rows.input(typed(2, 3)), rows.input(typed(3))
        rows.finish([reduce_sum(mul(x, b), (1,)), x])
        return tuple((cls(body), tuple(value.type for value in body.inputs)) for body in (step, rows))

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return (self.body,)

    def with_bodies(self, bodies: Sequence[Graph]) -> Composite:
        return Composite(*bodies)

    def argument_of(self, body: int, position: int) -> tuple[int, Role]:
        return position, Role.WHOLE

    def result_of(self, body: int, position: int) -> tuple[int, Role]:
        return position, Role.WHOLE

    @property
    def most_runs(self) -> int:
        return 1

    def infer(self, *types: Type) -> tuple[Type, ...]:
        expected = tuple([value.type for value in self.body.inputs])
        if types != expected:
            facts = (f"given {listed(types)}", f"expected {listed(expected)}")
            raise ShapeError("composite: the operands do not fit its body", facts=facts)
        return tuple([value.type for value in self.body.outputs])

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        self.infer(*(Type(a.shape, a.dtype) for a in arrays))
        return Program(self.body)(arrays)

    def pullback_by(self, walk: Walk, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        back, reached = backward_of(self, tuple(ct is not None for ct in cts), walk)
        grads: list[Operand | None] = [None] * len(xs)
        if reached:
            made = in_a_tuple(back(*xs, *(ct for ct in cts if ct is not None)))
            for k, grad in zip(reached, made, strict=True):
                grads[k] = grad
        return grads


@lru_cache(maxsize=256)
def backward_of(op: Composite, given: tuple[bool, ...], walk: Walk) -> tuple[Composite, tuple[int, ...]]:
    """The composite of gradients when cotangents of these results are `given`, and for which operands it gives one."""
    sources, _, grads = gradients_of(op.body, given, walk)
    reached = tuple(k for k, grad in enumerate(grads) if grad is not None)
    return Composite(carve(sources, [grad for grad in grads if grad is not None], op.body.name + "_backward")), reached


@lru_cache(maxsize=128)
def the_one(op: Composite) -> Composite:
    """The one composite in the process that is equal to this: what was found out of its body is known."""
    return op
