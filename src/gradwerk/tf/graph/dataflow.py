"""Runs a graph by the primitives of control flow: a node runs when what it needs has arrived, once for each iteration of its frame.

What a Switch does not send is dead; a node with a dead input is dead itself, but for a Merge, which goes on with the one that is alive.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradwerk.tensor.grad import no_grad
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.graph.known import array_of
from gradwerk.tf.graph.replay import Run, told
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.operations import computing

# ruff: noqa: ANN401  values are Tensors of the core, or arrays where they are known


class _Dead:
    def __repr__(self) -> str:
        return "dead"


DEAD = _Dead()
CONTROL = -1


@dataclass(eq=False)
class Frame:
    """The iterations of one loop, at one iteration of the frame around it.

    name: as Enter says.
    outer: the frame around, and the iteration of it; None outside of all loops.
    constants: what each iteration has, by the Enter that brought it.
    last: the latest iteration.
    exits: the Exits that got nothing alive so far.
    """

    name: str
    outer: tuple[Frame, int] | None
    inner: dict[tuple[str, int], Frame] = field(default_factory=dict)
    constants: dict[Operation, Any] = field(default_factory=dict)
    last: int = 0
    exits: dict[Operation, bool] = field(default_factory=dict)

    def depth(self) -> int:
        """How many frames are around it."""
        return 0 if self.outer is None else 1 + self.outer[0].depth()


@dataclass(eq=False)
class Waiting:
    """A node in one iteration that has not run: what has arrived by the places of its inputs, and how many control inputs did."""

    arrived: dict[int, Any] = field(default_factory=dict)
    controls: int = 0
    dead_control: bool = False
    done: bool = False


class Flow:
    """One run.

    run: the state that nodes read and change.
    nodes: those that the fetches need.
    fed: values that stand for those of Tensors.
    """

    def __init__(self, run: Run, nodes: Sequence[Operation], fed: dict[Tensor, Any]) -> None:
        self.run, self.fed = run, fed
        self.nodes = set(nodes)
        self.order = list(nodes)
        self.root = Frame("", None)
        self.frames = [self.root]
        self.waiting: dict[tuple[Operation, Frame, int], Waiting] = {}
        self.ready: deque[tuple[Operation, Frame, int]] = deque()
        self.found: dict[Tensor, Any] = {}
        self.takers: dict[Tensor, list[tuple[Operation, int]]] = {}
        self.followers: dict[Operation, list[Operation]] = {}
        for op in nodes:
            for place, x in enumerate(op._inputs):
                self.takers.setdefault(x, []).append((op, place))
            for before in op._control_inputs:
                self.followers.setdefault(before, []).append(op)

    def values(self, wanted: Sequence[Tensor]) -> list[Any]:
        """The wanted values.  Raises: InvalidArgumentError for one that is dead, or inside of a loop."""
        with computing(), no_grad():
            for x, value in self.fed.items():
                self.send(x, value, self.root, 0)
            for op in self.order:
                if not op._control_inputs and all(x in self.fed for x in op._inputs) and not op._inputs:
                    self.ready.append((op, self.root, 0))
            self.drain()
            while self.leave_dead():
                self.drain()
        for x in wanted:
            if x not in self.fed and self.found.get(x, DEAD) is DEAD:
                raise InvalidArgumentError(f"Retval[0] does not have value: {x.name} is dead in this run, or inside of a loop")
        return [self.fed[x] if x in self.fed else self.found[x] for x in wanted]

    def drain(self) -> None:
        """Runs what is ready until nothing is."""
        while self.ready:
            self.fire(*self.ready.popleft())

    def leave_dead(self) -> bool:
        """Tells the frames around that loops which are over gave nothing at some exits; whether there were any."""
        for frame in sorted(self.frames, key=Frame.depth, reverse=True):
            unheard = [op for op, alive in frame.exits.items() if not alive]
            if frame.outer is not None and unheard:
                for op in unheard:
                    frame.exits[op] = True
                    self.give(op, [DEAD], *frame.outer)
                return True
        return False

    # ---- tokens

    def send(self, x: Tensor, value: Any, frame: Frame, iteration: int) -> None:
        """A value to all nodes that take it."""
        if frame is self.root:
            self.found[x] = value
        for op, place in self.takers.get(x, ()):
            self.arrive(op, place, value, frame, iteration)

    def give(self, op: Operation, values: Sequence[Any], frame: Frame, iteration: int) -> None:
        """What a node gave, and that it ran."""
        for x, value in zip(op.outputs, values, strict=False):
            if x not in self.fed:
                self.send(x, value, frame, iteration)
        dead = bool(values) and all(value is DEAD for value in values)
        for follower in self.followers.get(op, ()):
            self.arrive(follower, CONTROL, DEAD if dead else None, frame, iteration)

    def arrive(self, op: Operation, place: int, value: Any, frame: Frame, iteration: int) -> None:
        """A value at a node in an iteration; the node is ready where it has all that it needs."""
        key = (op, frame, iteration)
        held = self.waiting.get(key)
        if held is None:
            held = self.waiting[key] = Waiting()
        if place == CONTROL:
            held.controls += 1
            held.dead_control |= value is DEAD
        else:
            held.arrived.setdefault(place, value)
        if not held.done and self.has_all(op, held):
            held.done = True
            self.ready.append(key)

    def begin(self, frame: Frame, iteration: int) -> None:
        """Another iteration, which has what is constant in all."""
        frame.last = iteration
        for op, value in frame.constants.items():
            self.send(op.outputs[0], value, frame, iteration)

    def has_all(self, op: Operation, held: Waiting) -> bool:
        """Whether nothing is left to wait for."""
        if held.controls < len(op._control_inputs):
            return False
        if op.type == "Merge":
            alive = any(value is not DEAD for value in held.arrived.values())
            expected = sum(x.op.type != "NextIteration" for x in op._inputs)
            return alive or len(held.arrived) >= (expected or len(op._inputs))
        return len(held.arrived) == len(op._inputs)

    # ---- nodes

    def fire(self, op: Operation, frame: Frame, iteration: int) -> None:
        """Runs a node in an iteration."""
        held = self.waiting.get((op, frame, iteration), Waiting())
        given = [held.arrived.get(place, DEAD) for place in range(len(op._inputs))]
        kind = op.type
        if kind == "Merge":
            self.give(op, _merged(given, dead=held.dead_control), frame, iteration)
            return
        dead = held.dead_control or any(value is DEAD for value in given)
        if kind == "Enter":
            self.enter(op, DEAD if dead else given[0], frame, iteration)
        elif kind == "Exit":
            self.exit(op, DEAD if dead else given[0], frame)
        elif kind == "NextIteration":
            if not dead:
                if iteration == frame.last:
                    self.begin(frame, iteration + 1)
                self.give(op, [given[0]], frame, iteration + 1)
        elif dead:
            self.give(op, [DEAD] * max(len(op.outputs), 1), frame, iteration)
        elif kind == "Switch":
            self.give(op, [DEAD, given[0]] if _truth(given[1]) else [given[0], DEAD], frame, iteration)
        elif kind == "LoopCond":
            self.give(op, [given[0]], frame, iteration)
        else:
            self.compute(op, given, frame, iteration)

    def compute(self, op: Operation, given: list[Any], frame: Frame, iteration: int) -> None:
        """A node's body."""
        values = dict(zip(op._inputs, given, strict=True))
        try:
            made = self.run.results(op, values.__getitem__)
        except (ArithmeticError, LookupError, TypeError, ValueError, RuntimeError) as error:
            if hasattr(error, "facts"):
                raise told(error, op) from None  # type: ignore[arg-type]  # one of ours
            raise
        self.give(op, made, frame, iteration)

    def enter(self, op: Operation, value: Any, frame: Frame, iteration: int) -> None:
        """Into a frame, made where it is not there yet."""
        name = op._attributes["frame_name"]
        inner = frame.inner.get((name, iteration))
        if inner is None:
            inner = frame.inner[name, iteration] = Frame(name, (frame, iteration))
            self.frames.append(inner)
        if op._attributes["is_constant"]:
            inner.constants[op] = value
            for at in range(inner.last + 1):
                self.send(op.outputs[0], value, inner, at)
            return
        self.give(op, [value], inner, 0)

    def exit(self, op: Operation, value: Any, frame: Frame) -> None:
        """Out of a frame.  Raises: InvalidArgumentError for an Exit outside of all."""
        if frame.outer is None:
            raise InvalidArgumentError(f"{op.name} is an Exit outside of a frame: no Enter leads to it")
        if value is DEAD:
            frame.exits.setdefault(op, False)
        else:
            frame.exits[op] = True
            self.give(op, [value], *frame.outer)


def _merged(given: list[Any], *, dead: bool) -> list[Any]:
    alive = [place for place, value in enumerate(given) if value is not DEAD]
    if dead or not alive:
        return [DEAD, DEAD]
    return [given[alive[0]], np.asarray(alive[0], np.int32)]


def _truth(value: Any) -> bool:
    return bool(array_of(value))


def check_frames(nodes: Sequence[Operation], fed: frozenset[Tensor]) -> None:
    """Raises: InvalidArgumentError for a node whose inputs are of different frames, before anything runs."""
    names: dict[Operation, tuple[str, ...]] = {}
    pending = deque(op for op in nodes if not [x for x in op._inputs if x not in fed])
    for op in pending:
        names[op] = ()
    inside = set(nodes)
    followers: dict[Operation, list[Operation]] = {}
    for op in nodes:
        for x in op._inputs:
            followers.setdefault(x.op, []).append(op)
        for before in op._control_inputs:
            followers.setdefault(before, []).append(op)
    while pending:
        op = pending.popleft()
        here = names[op]
        gives = (*here, op._attributes["frame_name"]) if op.type == "Enter" else here[:-1] if op.type == "Exit" else here
        for follower in followers.get(op, ()):
            if follower not in inside:
                continue
            if follower not in names or (names[follower] == () and not follower._inputs and gives):
                names[follower] = gives
                pending.append(follower)
            elif names[follower] != gives:
                said = " and ".join(f"'{'/'.join(each)}'" for each in (names[follower], gives))
                raise InvalidArgumentError(
                    f"{{{{node {follower.name}}}}} has inputs from different frames: {said}",
                    facts=tuple(f"made at {line}" for line in follower.traceback),
                    likely="bring it in by Enter(..., is_constant=True)",
                )
