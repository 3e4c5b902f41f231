"""Ops that hold sub-graphs, their bodies, and what everybody may ask of them without knowing which op it is.

A body takes values and gives values; `argument_of` and `result_of` say what these are seen from outside.  A pass enters bodies by
`rewritten`, and nothing in the compiler knows a loop by name where these answers suffice.
"""
# mypy: disable-error-code="override"

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, TypeGuard

from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.op import Grads, Op, Operand, Source

Walk = Callable[[Sequence[Value], Sequence[Operand | None], Sequence[Value]], list[Value | None]]
"""(outputs, cotangents, inputs) -> gradients of the inputs, in the graph they live in: `gradients` of autodiff/reverse.py."""


class Role(Enum):
    """What a value of a body is, seen from outside."""

    WHOLE = "an argument as it is, the same in every run of the body; or a result as it is"
    SLICE = "one entry along the first axis of an argument or result, another in every run"
    CARRY = "an argument at first, then what the run before gave for it; the last is the result"


@dataclass(frozen=True)
class Control(Op):
    """Holds sub-graphs, each of which runs any number of times.  Whether one runs at all may depend on data."""

    answers: ClassVar[tuple[str, ...]] = (
        "infer", "pullback_by", "evaluate", "bodies", "with_bodies", "argument_of", "result_of", "most_runs",
    )  # fmt: skip
    rounds = False
    runs_once: ClassVar[bool] = False
    """Whether it is nothing but its one body: whoever wants to look inside may put the body's nodes in its place."""

    def pullback_by(self, walk: Walk, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        """What `pullback` is of other ops, with the reverse walk over one run of a body, which stands above the ops."""
        raise TypeError(f"{self.name}: no derivative rule")

    @property
    def bodies(self) -> tuple[Graph, ...]:
        """The sub-graphs, finished."""
        raise TypeError(f"{self.name}: no answer to what its bodies are")

    def with_bodies(self, bodies: Sequence[Graph]) -> Control:
        """The same op with other bodies, which take and give values of the same types."""
        raise TypeError(f"{self.name}: no answer to how it is built of other bodies")

    def argument_of(self, body: int, position: int) -> tuple[int, Role]:
        """The argument that an input of a body stands for, and how."""
        raise TypeError(f"{self.name}: no answer to what the inputs of its bodies are")

    def result_of(self, body: int, position: int) -> tuple[int, Role]:
        """The result that an output of a body makes, and how."""
        raise TypeError(f"{self.name}: no answer to what the outputs of its bodies are")

    @property
    def most_runs(self) -> int:
        """How often a body runs at most, as far as that is known before; 0: not known."""
        raise TypeError(f"{self.name}: no answer to how often its bodies run")

    @property
    def endless(self) -> bool:
        """Whether nobody knows how often a body runs at most."""
        return False

    @property
    def has_effect(self) -> bool:
        """True when a token goes through it."""
        return any(value.type.is_token for body in self.bodies for value in body.inputs)

    def flops(self, *types: Type) -> int:
        """Of as many runs as there are at most, where that is known, else of one; of branches the longest."""
        parts = [sum(n.op.flops(*(v.type for v in n.args)) for n in body.live() if not isinstance(n.op, Source)) for body in self.bodies]
        return max(self.most_runs, 1) * max(parts)


def rewritten(op: Op, run: Callable[[Graph], Graph]) -> Op:
    """The op, its bodies as a pass makes them; the same op where the pass changes none."""
    if not isinstance(op, Control):
        return op
    made = [run(body) for body in op.bodies]
    return op if all(new is old for new, old in zip(made, op.bodies, strict=True)) else op.with_bodies(made)


def is_composite(op: Op) -> TypeGuard[Control]:
    """Whether an op is nothing but its one body."""
    return isinstance(op, Control) and op.runs_once


def maker_of(value: Value) -> Op:
    """The op that makes a value: for a composite's result that of its body."""
    op = value.node.op
    return op.bodies[0].outputs[value.index].node.op if is_composite(op) else op


def bodies_of(op: Op) -> tuple[Graph, ...]:
    """The sub-graphs of any op."""
    return op.bodies if isinstance(op, Control) else ()


def graphs_in(graph: Graph) -> list[Graph]:
    """A finished graph and the bodies in it, at any depth, each once: passes ask there whether they have anything to do."""
    found = {id(graph): graph}
    if any(issubclass(kind, Control) for kind in graph.kinds):
        for body in {id(body): body for node in graph.live() for body in bodies_of(node.op)}.values():
            found.update((id(one), one) for one in graphs_in(body))
    return list(found.values())
