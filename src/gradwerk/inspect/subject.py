"""What is looked at: a function with its arguments, or a graph, as graph, in-place outputs and input memory; and what it compiles to.

Nothing here changes state: what a program writes in place is a copy of the caller's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.link import host_target, link
from gradwerk.compiler.pipeline import Record, compile_graph
from gradwerk.compiler.target import Target
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.op import Array
from gradwerk.ir.plan import Plan
from gradwerk.runtime.memory import address, empty
from gradwerk.runtime.program import Program
from gradwerk.tensor.calls import Binding, contents, find
from gradwerk.tensor.compile import Compiled, differs
from gradwerk.tensor.engine import Executable, crossing, native_executor, usable
from gradwerk.tensor.signature import Call
from gradwerk.tensor.specialize import Argument, Differentiable, Fixed, GradientOf
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import aligned_copy


@dataclass(frozen=True)
class Subject:
    """A graph, which outputs overwrite which inputs (output number -> input number), and where its inputs come from."""

    graph: Graph
    in_place: Mapping[int, int]
    gather: Callable[[], list[Array]]
    backward: Subject | None = None

    def arrays(self) -> list[Array]:
        """The inputs, dense; those that are overwritten are copies."""
        taken = set(self.in_place.values())
        return [aligned_copy(array) if number in taken else usable(array) for number, array in enumerate(self.gather())]


@dataclass(frozen=True)
class Made:
    """What the compiler made of a subject."""

    subject: Subject
    plan: Plan
    record: Record
    target: Target
    addresses: dict[str, int] = field(repr=False)

    @cached_property
    def program(self) -> Program:
        """The plan made ready to run."""
        return Program(self.plan, self.addresses, native_executor())

    def memory(self) -> tuple[list[Array], list[Array]]:
        """The inputs, and new memory for the outputs that are not in place: hold both while their addresses are in use."""
        return self.subject.arrays(), [empty(shape, dtype) for _, shape, dtype in self.program.fresh]


def make(subject: Subject) -> Made:
    """Compiles with every stage on record."""
    record, target = Record(), host_target()
    late = crossing(subject.graph, subject.in_place)
    direct = {number: taken for number, taken in subject.in_place.items() if number not in late}
    plan = compile_graph(subject.graph, target, direct, record=record)
    return Made(subject, plan, record, target, link(plan.objects))


def addresses(arrays: Sequence[Array]) -> list[int]:
    """Where arrays lie."""
    return [address(array) for array in arrays]


def subject_of(fn: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Subject:  # noqa: ANN401
    """The subject of a function and its arguments; of a Graph or Executable, with its inputs as arguments or made-up ones.

    The function is traced (once per signature, if it is compiled already) and not run.  Raises: ArgumentError for what is neither; what
    tracing raises.
    """
    if isinstance(fn, Graph):
        return _of_graph(fn, {}, args)
    if isinstance(fn, Executable):
        return _of_graph(fn.graph, fn.in_place, args)
    if not callable(fn):
        raise ArgumentError(f"a function or a graph is wanted, not {type(fn).__name__}", likely="explain(step, x, y)")
    compiled = fn if isinstance(fn, Compiled) else Compiled(fn)
    with settings.scope(interpret=False, check_nan=False):
        return _of_call(compiled, args, dict(kwargs))


def _of_call(compiled: Compiled, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Subject:
    call = Call(args, kwargs)
    entry = _binding(compiled, call, args, kwargs).entry
    program, half = entry.program, entry.backward

    def gather() -> list[Array]:
        held = [find(source, call.leaves) if isinstance(source, Argument | Fixed | GradientOf) else source for source in entry.inputs]
        return [contents(x) for x in held]

    forward = Subject(program.graph, program.in_place, gather)
    return forward if half is None else Subject(program.graph, program.in_place, gather, _backward(forward, half, program))


def _binding(compiled: Compiled, call: Call, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Binding:
    key = (*call.key, mode.grad, settings.interpret, settings.check_nan)
    for binding in compiled.specializations.get(key, ()):
        if not binding.entry.guards.broken() and not differs(binding.entry, call):
            return binding
    return compiled.specialize(key, call, args, kwargs, "")


def _backward(forward: Subject, half: Differentiable, program: Executable) -> Subject:
    """The backward half; its residuals are those of a run of the forward half, the gradients it starts from are made up."""

    def gather() -> list[Array]:
        arrays = forward.arrays()
        kept = [arrays[number].copy() for number in half.kept_inputs]
        made = program.run(arrays)
        return [*kept, *(made[number] for number in half.residuals), *(sample(type_) for type_ in half.types)]

    return Subject(half.program.graph, half.program.in_place, gather)


def _of_graph(graph: Graph, in_place: Mapping[int, int], args: Sequence[Any]) -> Subject:
    if args and len(args) != len(graph.inputs):
        raise ArgumentError(f"{graph.name} has {len(graph.inputs)} inputs, {len(args)} are given")
    types = [value.type for value in graph.inputs]

    def gather() -> list[Array]:
        return [np.asarray(a, t.dtype) for a, t in zip(args, types, strict=True)] if args else [sample(type_) for type_ in types]

    return Subject(graph, in_place, gather)


def sample(type_: Type) -> Array:
    """Contents for an input that nobody gave: small normal numbers, or zeros where they may be indices."""
    made = empty(type_.shape, type_.dtype)
    floating = type_.dtype.kind not in "biu"
    made[...] = np.random.default_rng(0).normal(0.0, 0.1, type_.shape).astype(type_.dtype) if floating else 0
    return made
