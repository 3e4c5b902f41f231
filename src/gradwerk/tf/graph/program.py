"""One fetch set of a session: what of the graph it needs, as native programs or by the rules of the primitives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, TraceError
from gradwerk.jit.compile import compile_once
from gradwerk.tensor.grad import detached
from gradwerk.tensor.handle import Handle
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.dataflow import Flow, check_frames
from gradwerk.tf.graph.fetches import reads_of
from gradwerk.tf.graph.plan import STRUCTURAL, Stage, check_fed, needed, stages
from gradwerk.tf.graph.replay import Run, uninitialized
from gradwerk.tf.graph.symbols import Operation, Tensor

# ruff: noqa: ANN401  values are Tensors of the core, or arrays where they are known


class Program:
    """One fetch set of a session: its stages, and the native programs of those that ran before."""

    def __init__(self, session: Any, wanted: list[Any], fed: list[Tensor]) -> None:
        self.session = session
        read = [(x, at) for at, variable in enumerate(fed) for x in reads_of(variable)]
        self.fed, self.copies = [*fed, *(x for x, _ in read)], [at for _, at in read]
        """What is fed for a variable is what each read of it gives."""
        given = frozenset(self.fed)
        nodes = needed(wanted, given)
        check_fed(nodes, given, wanted)
        self.wanted = [x for x in wanted if isinstance(x, Tensor)]
        self.stages = stages(nodes, given, self.wanted)
        self.reads, self.writes = variables_of(nodes)
        self.flows = nodes if any(op.type in STRUCTURAL for op in nodes) else []
        """The nodes of a cut with primitives of control flow among them: which run is found while they run."""
        if self.flows:
            check_frames(nodes, given)
        self.changed = frozenset(self.writes)
        gradients = [op for op in nodes if op.type == "SymbolicGradient"]
        self.differentiated = frozenset(x for op in gradients for x in op._attributes["xs"])
        self.again = len(gradients) > 1
        self.stops = frozenset(x for op in gradients for x in op._attributes["stops"])
        if self.stops and self.again:
            likely = "run them one after the other, or tf.stop_gradient"
            raise ArgumentError("gradients with stop_gradients, and others, in one run", likely=likely)
        self.ready = self.warm = False
        self.in_python = bool(gradients) and any(op.type == "While" and op._attributes["most"] is None for op in nodes)
        """A program has no gradient of a loop whose steps nobody has counted."""
        self.compiled: list[Callable[..., Any] | None] = [None] * len(self.stages)
        self.places: list[int] | None = None
        """Where what its one stage takes stands among what is fed; None where there is not one stage that gives all."""
        if len(self.stages) == 1 and not self.stages[0].host and set(self.stages[0].leaves) == set(self.wanted):
            self.stages[0].leaves = self.wanted
            self.places = [self.fed.index(x) for x in self.stages[0].takes]

    def run(self, values: list[Any]) -> list[Any]:
        """The wanted values, as arrays, for those of what is fed."""
        if self.flows:
            return self.follow(values)
        if not self.ready:
            self.check_ready()
        if self.copies:
            values = [*values, *(values[at] for at in self.copies)]
        if self.places is not None and self.warm and not self.in_python:
            try:
                found = (self.compiled[0] or self.program(0))(*[values[at] for at in self.places])
                return [each.numpy() for each in found]
            except TraceError:
                self.in_python = True
        known: dict[Tensor, Any] = dict(zip(self.fed, values, strict=True))
        for number, stage in enumerate(self.stages):
            if stage.host:
                with self.session.asking():
                    self.interpret(stage, known)
            elif not self.warm or self.in_python:
                self.interpret(stage, known)
            else:
                self.run_compiled(number, known)
        self.warm = self.ready
        return [array(known[x]) for x in self.wanted]

    def follow(self, values: list[Any]) -> list[Any]:
        """The wanted values of a cut with primitives of control flow.  Raises: ArgumentError for gradients of it."""
        if self.differentiated:
            raise ArgumentError("gradients through Switch, Merge, Enter and Exit are not here yet", likely="tf.cond, tf.while_loop")
        cls = kinds.tensor_class()
        fed = [cls(v) if isinstance(v, np.ndarray) and v.dtype != kinds.TEXT else v for v in values]
        run = Run(self.session, {}, changed=self.changed)
        found = Flow(run, self.flows, dict(zip(self.fed, fed, strict=True))).values(self.wanted)
        run.commit()
        return [array(each) for each in found]

    def check_ready(self) -> None:
        """Raises: FailedPreconditionError for a variable that is read and holds nothing."""
        state = self.session.state
        for variable in self.reads:
            if state.get(variable) is None:
                raise uninitialized(variable)
        self.ready = all(state.get(variable) is not None for variable in self.writes)

    def interpret(self, stage: Stage, known: dict[Tensor, Any]) -> None:
        """A stage node by node."""
        cls = kinds.tensor_class()
        values = {x: cls(v) if isinstance(v, np.ndarray) and v.dtype != kinds.TEXT else v for x, v in known.items()}
        run = Run(self.session, values, self.differentiated, self.stops, self.changed, again=self.again)
        run.run(stage.nodes)
        run.commit()
        for x in stage.leaves:
            value = run.values[x]
            known[x] = detached(value) if isinstance(value, Handle) else value

    def run_compiled(self, number: int, known: dict[Tensor, Any]) -> None:
        """A stage as one program; where that needs contents that no program has while it is traced, node by node from then on."""
        stage = self.stages[number]
        try:
            found = self.program(number)(*[known[x] for x in stage.takes])
        except TraceError:
            self.in_python = True
            self.interpret(stage, known)
            return
        known.update(zip(stage.leaves, found, strict=True))

    def program(self, number: int) -> Callable[..., Any]:
        """The compiled form of a stage."""
        made = self.compiled[number]
        if made is None:
            session, stage, marks, again = self.session, self.stages[number], (self.differentiated, self.stops, self.changed), self.again
            cls = kinds.tensor_class()

            def step(*given: Any) -> tuple[Any, ...]:
                values = [cls.sharing(v) if isinstance(v, np.ndarray) else v for v in given]
                run = Run(session, dict(zip(stage.takes, values, strict=True)), *marks, again=again)
                run.run(stage.nodes)
                run.commit()
                return tuple(detached(v) if isinstance(v, Handle) else cls(v) for v in (run.values[x] for x in stage.leaves))

            made = self.compiled[number] = compile_once(step)
        return made


def variables_of(nodes: list[Operation]) -> tuple[list[Any], list[Any]]:
    """The variables that are read before they are written, and those that are written."""
    reads: dict[Any, None] = {}
    writes: dict[Any, None] = {}
    for op in nodes:
        for variable in op._attributes.get("reads", ()):
            if variable not in writes:
                reads[variable] = None
        for variable in op._attributes.get("writes", ()):
            writes[variable] = None
    return list(reads), list(writes)


def array(value: Any) -> Any:
    """What a run gives of a value: an array, a NumPy number where it has no axes."""
    if isinstance(value, Handle):
        return value.numpy()[()]  # type: ignore[attr-defined]  # a Tensor
    return value.numpy() if hasattr(value, "numpy") else np.asarray(value)[()]
