"""What is looked at: a function with its arguments, or a graph, as graph, in-place outputs and input memory; and what it compiles to.

Nothing here changes state: what a program writes in place is a copy of the caller's memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.settings import settings
from gradwerk.compiler.backend import Backend
from gradwerk.compiler.kernels import linked
from gradwerk.compiler.machines import host
from gradwerk.compiler.pipeline import Record, compile_graph
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.op import Array
from gradwerk.ir.plan import Plan
from gradwerk.jit.calls import contents
from gradwerk.jit.compile import Compiled
from gradwerk.jit.recipes import Argument, Differentiable, Fixed, GradientOf
from gradwerk.jit.results import memory
from gradwerk.jit.signature import Call
from gradwerk.runtime.memory import address, empty
from gradwerk.runtime.program import Program
from gradwerk.tensor.engine import Executable, crossing, executor_of, usable
from gradwerk.tensor.storage import aligned_copy


@dataclass(frozen=True)
class Subject:
    """A graph, which outputs overwrite which inputs (output number -> input number), and where its inputs come from.

    `backward` is the program that a gradient of the results runs, where one flows through them.
    """

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
    backend: Backend
    entries: Mapping[str, int] = field(repr=False)
    """Where each kernel's code lies."""

    @cached_property
    def program(self) -> Program:
        """The plan made ready to run."""
        return Program(self.plan, self.entries, executor_of(self.backend.target))


def make(subject: Subject) -> Made:
    """Compiles with every stage on record."""
    records, backend = list[Record](), host()
    late = crossing(subject.graph, subject.in_place)
    direct = {number: taken for number, taken in subject.in_place.items() if number not in late}

    def planned() -> Plan:
        records.append(Record())
        return compile_graph(subject.graph, backend.target, direct, record=records[-1])

    plan, entries = linked(planned, backend)
    return Made(subject, plan, records[-1], backend, entries)


def addresses(arrays: Sequence[Array]) -> list[int]:
    """Where arrays lie; hold them while the addresses are in use."""
    return [address(array) for array in arrays]


def subject_of(fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Subject:  # noqa: ANN401
    """The subject of a function and its arguments; of a Graph or Executable, with arrays for its inputs or made-up ones.

    The function is traced, once per signature where it is compiled already, and not run.
    Raises: ArgumentError for what is neither; what tracing raises.
    """
    if isinstance(fn, Graph):
        return _of_graph(fn, {}, args)
    if isinstance(fn, Executable):
        return _of_graph(fn.graph, fn.in_place, args)
    if not callable(fn):
        raise ArgumentError(f"a function or a graph is wanted, not {type(fn).__name__}", likely="explain(step, x, y)")
    compiled = fn if isinstance(fn, Compiled) else Compiled(fn)
    with settings.scope(interpret=False, check_nan=False):
        return _of_call(compiled, tuple(args), dict(kwargs))


def _of_call(compiled: Compiled, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Subject:
    call = Call(args, kwargs)
    entry = compiled.binding(call, args, kwargs).entry
    program, half = entry.program, entry.backward

    def gather() -> list[Array]:
        held = [memory(source, call.leaves) if isinstance(source, Argument | Fixed | GradientOf) else source for source in entry.inputs]
        return [contents(x) for x in held]

    forward = Subject(program.graph, program.in_place, gather)
    return forward if half is None else Subject(program.graph, program.in_place, gather, _backward(forward, half, program))


def _backward(forward: Subject, half: Differentiable, program: Executable) -> Subject:
    """The backward half, on what a run of the forward half keeps, and made-up gradients of its results."""

    def gather() -> list[Array]:
        arrays = forward.arrays()
        kept = [arrays[number].copy() for number in half.kept_inputs]
        if any(value.type.is_token for value in program.graph.outputs):  # a run would have its effects
            return [*kept, *(made_up(value.type) for value in half.program.graph.inputs[len(kept) :])]
        outputs = program.run(arrays)
        return [*kept, *(outputs[number] for number in half.residuals), *(made_up(type_) for type_ in half.types)]

    return Subject(half.program.graph, half.program.in_place, gather)


def _of_graph(graph: Graph, in_place: Mapping[int, int], args: Sequence[Any]) -> Subject:
    if args and len(args) != len(graph.inputs):
        raise ArgumentError(f"{graph.name} has {len(graph.inputs)} inputs, {len(args)} are given")
    types = [value.type for value in graph.inputs]

    def gather() -> list[Array]:
        if not args:
            return [made_up(type_) for type_ in types]
        return [dtypes.of_value(x, type_.dtype) for x, type_ in zip(args, types, strict=True)]

    return Subject(graph, in_place, gather)


def made_up(type_: Type) -> Array:
    """Contents for an input that nobody gave: small normal numbers, or zeros where they may be indices."""
    made = empty(type_.shape, type_.dtype)
    floating = not dtypes.is_exact(type_.dtype)
    numbers = np.random.default_rng(0).normal(0.0, 0.1, type_.shape)
    made[...] = dtypes.converted(numbers, type_.dtype) if floating else 0
    return made
