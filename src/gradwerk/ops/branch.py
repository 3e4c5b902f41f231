"""Control that depends on data: one of two bodies, and a body as long as a flag says.

The derivative of a branch is a branch of derivatives, which compute again what they need of the branch taken.  That of a loop with a bound
is that of a scan of so many steps, of which each is a branch: the step, or nothing once the flag is down.  So nothing of a step that was
never taken is ever computed, and no infinity in it spoils a gradient.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import final

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, GradwerkError, ShapeError, StateError
from gradwerk.ir.carve import carve
from gradwerk.ir.control import Control, Role, Walk
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.interpret import Program
from gradwerk.ir.op import Array, Example, Grads, Operand, typed
from gradwerk.ir.plan import ENDLESS
from gradwerk.ir.type import Type
from gradwerk.ops.compare import less
from gradwerk.ops.control import Scan, in_a_tuple, listed
from gradwerk.ops.elementwise import add, mul, tanh
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import full

FLAG = Type((), dtypes.bool_)


@final
@dataclass(frozen=True)
class Cond(Control):
    """(condition, operands...) -> the results of `then` on the operands where the condition is true, else those of `otherwise`.

    Only the body that is chosen runs.  The bodies take the same operands and give the same types.
    Shape: as the bodies say.  Dtype: as the bodies say.
    Raises: DTypeError where the condition is no single bool, ShapeError where arguments do not fit the bodies.
    """

    then: Graph
    otherwise: Graph

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        first, second = Graph("then"), Graph("otherwise")
        x, w = first.input(typed(2, 3)), first.input(typed(3))
        first.finish([mul(x, w), reduce_sum(x, (1,))])
        x, w = second.input(typed(2, 3)), second.input(typed(3))
        second.finish([tanh(x), reduce_sum(add(x, w), (1,))])
        return ((cls(first, second), (FLAG, typed(2, 3), typed(3))),)

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return self.then, self.otherwise

    def with_bodies(self, bodies: Sequence[Graph]) -> Cond:
        return Cond(*bodies)

    def argument_of(self, body: int, position: int) -> tuple[int, Role]:
        return position + 1, Role.WHOLE

    def result_of(self, body: int, position: int) -> tuple[int, Role]:
        return position, Role.WHOLE

    @property
    def most_runs(self) -> int:
        return 1

    def infer(self, *types: Type) -> tuple[Type, ...]:
        if types[0] != FLAG:
            raise DTypeError("cond: the condition must be one bool", facts=(str(types[0]),))
        for body in self.bodies:
            expected = [value.type for value in body.inputs]
            if list(types[1:]) != expected:
                facts = (f"given {listed(types[1:])}", f"expected {listed(expected)}")
                raise ShapeError("cond: the operands do not fit its bodies", facts=facts)
        one, other = (tuple(value.type for value in body.outputs) for body in self.bodies)
        if one != other:
            facts = (f"one gives {listed(one)}", f"the other {listed(other)}")
            raise ShapeError("cond: both branches must give the same types", facts=facts, likely="cast, or broadcast one of them")
        return one

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        self.infer(*(Type(a.shape, a.dtype) for a in arrays))
        return Program(self.then if arrays[0] else self.otherwise)(arrays[1:])

    def pullback_by(self, walk: Walk, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        back, reached = backward_of(self, tuple(ct is not None for ct in cts), walk)
        if not reached:
            return [None] * len(xs)
        grads: list[Operand | None] = [None] * len(xs)
        made = in_a_tuple(back(*xs, *(ct for ct in cts if ct is not None)))
        for k, grad in zip(reached, made, strict=True):
            grads[k + 1] = grad
        return grads


@lru_cache(maxsize=256)
def backward_of(op: Cond, given: tuple[bool, ...], walk: Walk) -> tuple[Cond, tuple[int, ...]]:
    """The branch of gradients when cotangents of these results are `given`, and for which operands it gives one.

    Raises: StateError where a body has an effect: its forward would run twice.
    """
    if op.has_effect:
        raise StateError("cond has no derivative while a branch has an effect", likely="print outside of it")
    made = [gradients_of(body, given, walk) for body in op.bodies]
    reached = tuple(k for k in range(len(op.then.inputs)) if any(grads[k] is not None for _, _, grads in made))
    bodies = []
    for sources, body, (_, _, grads) in zip((m[0] for m in made), op.bodies, made, strict=True):
        wanted = [
            grad if grad is not None else full(sources[k].shape, 0, sources[k].dtype, like=(sources[k],))
            for k, grad in ((k, grads[k]) for k in reached)
        ]
        bodies.append(carve(sources, wanted, body.name + "_backward"))
    return Cond(*bodies), reached


def gradients_of(body: Graph, given: tuple[bool, ...], walk: Walk) -> tuple[list[Value], Graph, list[Value | None]]:
    """A body with its reverse walk behind it: operands and cotangents, the graph, gradients by operand."""
    graph = Graph(body.name)
    inputs = [graph.input(value.type, value.label) for value in body.inputs]
    outputs = body.inline(inputs, graph)
    followed = [value for value, wanted in zip(outputs, given, strict=True) if wanted]
    cts = [graph.input(value.type) for value in followed]
    floats = [value for value in inputs if dtypes.is_float(value.dtype)]
    found = dict(zip(floats, walk(followed, cts, floats), strict=True))
    return [*inputs, *cts], graph, [found.get(value) for value in inputs]


@final
@dataclass(frozen=True)
class While(Control):
    """(flag, carries..., constants...) -> (flag, carries...): while the flag is true, `body` gives the next flag and carries.

    The body takes what the op takes.  With a `limit` there are at most so many iterations, and the flag may be left true; 0: none.
    Shape: those of the carries.  Dtype: those of the carries.
    Raises: DTypeError where the flag is no single bool, ShapeError where arguments do not fit.
    """

    body: Graph
    limit: int = 0

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        body = Graph("step")
        _, x, count, w = body.input(FLAG), body.input(typed(3)), body.input(typed(dtype=dtypes.int32)), body.input(typed(3))
        body.finish([less(add(count, 1), 5), add(mul(x, w), w), add(count, 1)])
        types = (FLAG, typed(3), typed(dtype=dtypes.int32), typed(3))
        return ((cls(body, 4), types), (cls(body, 2), types))

    @property
    def carries(self) -> int:
        """How many values go from iteration to iteration, the flag counted as the first."""
        return len(self.body.outputs)

    @property
    def bodies(self) -> tuple[Graph, ...]:
        return (self.body,)

    def with_bodies(self, bodies: Sequence[Graph]) -> While:
        return replace(self, body=bodies[0])

    def argument_of(self, body: int, position: int) -> tuple[int, Role]:
        return position, Role.CARRY if position < self.carries else Role.WHOLE

    def result_of(self, body: int, position: int) -> tuple[int, Role]:
        return position, Role.CARRY

    @property
    def most_runs(self) -> int:
        return self.limit

    @property
    def endless(self) -> bool:
        return not self.limit

    def infer(self, *types: Type) -> tuple[Type, ...]:
        if types[0] != FLAG:
            raise DTypeError("while: the flag must be one bool", facts=(str(types[0]),))
        inputs, outputs = ([value.type for value in values] for values in (self.body.inputs, self.body.outputs))
        if list(types) != inputs:
            raise ShapeError("while: the arguments do not fit its body", facts=(f"given {listed(types)}", f"expected {listed(inputs)}"))
        if outputs != inputs[: len(outputs)]:
            facts = (f"in {listed(inputs[: len(outputs)])}", f"out {listed(outputs)}")
            raise ShapeError("while: an iteration must give carries of the types it takes", facts=facts)
        return tuple(outputs)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        self.infer(*(Type(a.shape, a.dtype) for a in arrays))
        program, state, number = Program(self.body), arrays[: self.carries], 0
        while state[0] and number < (self.limit or ENDLESS):
            try:
                state = program((*state, *arrays[self.carries :]))
            except GradwerkError as error:
                of = f" of {self.limit}" if self.limit else ""
                facts = (*error.facts, f"step {number} of a while loop{of}")
                raise type(error)(error.message, facts=facts, likely=error.likely, origin=error.origin) from None
            number += 1
        return state

    def pullback_by(self, walk: Walk, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if not self.limit:
            message = "a while loop without a bound has no derivative in a compiled function"
            raise StateError(message, likely="give while_loop max_iterations, which says how many iterations are kept for the gradient")
        return self.as_scan().pullback_by(walk, cts, ys, xs)

    def as_scan(self) -> Scan:
        """The same results from a scan of `limit` steps, which do nothing once the flag is down."""
        idle, step = Graph(self.body.name), Graph(self.body.name)
        kept = [idle.input(value.type, value.label) for value in self.body.inputs]
        idle.finish(kept[: self.carries])
        values = [step.input(value.type, value.label) for value in self.body.inputs]
        step.finish(step.apply(Cond(self.body, idle), [values[0], *values]))
        return Scan(step, self.limit, self.carries, 0)


def cond(condition: Operand, then: Graph, otherwise: Graph, operands: Sequence[Operand]) -> tuple[Operand, ...]:
    """The results of one of two finished bodies of the operands.  Raises: DTypeError, ShapeError."""
    return in_a_tuple(Cond(then, otherwise)(condition, *operands))


def while_loop(
    flag: Operand, body: Graph, carries: Sequence[Operand], constants: Sequence[Operand] = (), *, limit: int = 0
) -> tuple[Operand, ...]:
    """The last flag and carries of a finished body of (flag, carries..., constants...).  Raises: DTypeError, ShapeError."""
    return in_a_tuple(While(body, limit)(flag, *carries, *constants))
