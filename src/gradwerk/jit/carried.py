"""States that a traced body changes though they live outside, the counters of generators: the loop carries them, and sets them behind it.

The op gets a copy of what they hold before: its gradient computes again from that, whoever draws meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.ir.carve import carve
from gradwerk.ir.control import Control
from gradwerk.ir.graph import Graph, Value
from gradwerk.jit.body import Body
from gradwerk.ops.control import in_a_tuple
from gradwerk.tensor.apply import assign
from gradwerk.tensor.grad import copied
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tensor.turns import in_turns, turns_of


def changed(*bodies: Body) -> list[Handle]:
    """The states that one of the bodies has changed; all of them carry all of these from now on."""
    found = {id(state): state for body in bodies for state, before in body.carried.values() if body.value(state) is not before}
    for body in bodies:
        for state in found.values():
            body.carry(state)
    return list(found.values())


def constants(body: Body, states: Sequence[Handle]) -> list[tuple[Handle, Handle]]:
    """What the body takes whole, behind all else: Tensors from outside, and what is given for them."""
    carried = [body.carried[state._storage][1] for state in states]
    captured = [root for root, value in body.outer_tensors.values() if value not in carried]
    return [(root, as_before(root) if root._storage in body.carried else root) for root in captured]


def as_before(state: Handle) -> Handle:
    """What a state holds before the loop, also for the gradient of the compiled function around it."""
    if mode.trace is not None:
        mode.trace.outermost.by_value.add(state._storage)
    return copied(state)


def closed(body: Body, first: int, outputs: Sequence[Value], states: Sequence[Handle], last: Sequence[Value] = ()) -> Graph:
    """The body as a graph from (its first inputs..., states..., its other inputs...) to (outputs..., states..., last...)."""
    if not states:
        return body.graph.finish([*outputs, *last])
    before = [body.carried[state._storage][1] for state in states]
    others = [value for value in body.graph.inputs[first:] if value not in before]
    after = [body.value(state) for state in states]
    return carve([*body.graph.inputs[:first], *before, *others], [*outputs, *after, *last], body.graph.name)


def applied(op: Control, args: tuple[Sequence[Any], Sequence[Any]], states: Sequence[Handle], place: int) -> list[Any]:
    """The results of an op on arguments before and behind the states, without those from `place` on that the states are set to."""

    def run() -> list[Any]:
        results = in_a_tuple(op(*args[0], *map(as_before, states), *args[1]))
        for state, value in zip(states, results[place:], strict=False):
            if mode.trace is not None:
                mode.trace.carry(state)
            assign(state, value)
        return [*results[:place], *results[place + len(states) :]]

    return in_turns(turns_of([state._storage for state in states]) if states and mode.trace is None else (), run)
