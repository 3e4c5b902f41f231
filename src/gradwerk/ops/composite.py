"""A function of ops that graphs keep together as one node."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import final

from gradwerk.base.errors import ShapeError
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import Program
from gradwerk.ir.op import Array, Example, typed
from gradwerk.ir.type import Type
from gradwerk.ops.branch import Once
from gradwerk.ops.control import listed
from gradwerk.ops.elementwise import add, mul, tanh
from gradwerk.ops.reduction import reduce_sum


@final
@dataclass(frozen=True)
class Composite(Once):
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

    def infer(self, *types: Type) -> tuple[Type, ...]:
        expected = tuple([value.type for value in self.body.inputs])
        if types != expected:
            facts = (f"given {listed(types)}", f"expected {listed(expected)}")
            raise ShapeError("composite: the operands do not fit its body", facts=facts)
        return tuple([value.type for value in self.body.outputs])

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        self.infer(*(Type(a.shape, a.dtype) for a in arrays))
        return Program(self.body)(arrays)


@lru_cache(maxsize=1024)
def the_one(op: Composite) -> Composite:
    """The one composite in the process that is equal to this: what was found out of its body is known."""
    return op
