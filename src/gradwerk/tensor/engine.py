"""The engine: the only place where autodiff, compiler and runtime meet.

    graph -> plan (in memory by what the graph says; objects on disk by kernel) -> program -> arrays

Under GRADWERK_INTERPRET=1 the same graph runs node by node on NumPy references; under GRADWERK_CHECK_NAN=1 so too, and stops at the
first NaN or infinity.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DataError, NumericError
from gradwerk.base.forks import one_at_a_time
from gradwerk.base.origin import Origin
from gradwerk.base.settings import settings
from gradwerk.ir.graph import Graph, Node, Type, Value
from gradwerk.ir.interpret import Program as Interpreter
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Array, Movement, Op
from gradwerk.ops.look import Look
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.finish import Finished, to_the_end
from gradwerk.runtime.memory import SLACK, address
from gradwerk.runtime.program import Program
from gradwerk.tensor.kept import Idle, Kept, Made
from gradwerk.tensor.storage import aligned_copy

MOST_PROGRAMS = 512
"""Of single operations, some 15 KB each."""
Found = DataError | ArgumentError
FOUND = (DataError, ArgumentError)
"""What a program raises of its own: what it looked at was out of range, or a divisor 0."""
SMALL_ARENA = 1 << 14
"""Bytes of an arena that is not worth counting."""


class Executable(ABC):
    """A graph ready to run.  `in_place` maps output number to the number of the input that it overwrites; these outputs come last."""

    native: Program | None = None
    """The program itself, for callers that hold addresses; None where outputs need a hand."""

    def __init__(self, graph: Graph, in_place: Mapping[int, int]) -> None:
        self.graph, self.in_place = graph, dict(in_place)
        self.types = tuple(value.type for value in graph.outputs)

    def told_here(self, error: Found) -> Found:
        """An error of the program, as this graph tells it."""
        return error

    @abstractmethod
    def run(self, inputs: Sequence[Array]) -> list[Array]:
        """The outputs that are not in place, in new memory; the others are written.  Inputs are dense.

        Nothing is written if this raises anything but Finished.
        """


class Interpreted(Executable):
    """Node by node on NumPy references."""

    def __init__(self, graph: Graph, in_place: Mapping[int, int]) -> None:
        super().__init__(graph, in_place)
        self.program = Interpreter(graph, watch_numbers if settings.check_nan else None)

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        results = [np.array(result, order="C") for result in self.program(inputs)]
        fresh = [result for number, result in enumerate(results) if number not in self.in_place]

        def commit() -> None:
            for number, taken in self.in_place.items():
                inputs[taken][...] = results[number]

        error = to_the_end(commit)
        if error is not None:
            raise Finished(fresh, error)
        return fresh


class Native(Executable):
    """Compiled.  Outputs in place that would overwrite each other's source are made in new memory and copied."""

    def __init__(self, graph: Graph, in_place: Mapping[int, int]) -> None:
        super().__init__(graph, in_place)
        self.late = crossing(graph, in_place)
        direct = {number: taken for number, taken in in_place.items() if number not in self.late}
        key = (graph, tuple(sorted(direct.items())))
        with one_at_a_time():
            self.made = _programs.get(key, lambda: Made(graph, program_of(graph, direct)))
            self.made.used_by(self)
        self.program = self.made.program
        self.native = None if self.late else self.program

    def told_here(self, error: Found) -> Found:
        """An error of the program as one of this graph: it names the lines and layers that its own nodes came from."""
        if self.made.graph is self.graph:
            return error
        from gradwerk.compiler.bounds import origins_of_checks  # noqa: PLC0415

        shared, own = (origins_of_checks(graph) for graph in (self.made.graph, self.graph))
        origin = next((mine for theirs, mine in zip(shared, own, strict=True) if theirs == error.origin), error.origin)
        return error if origin is error.origin else type(error)(error.message, facts=error.facts, likely=error.likely, origin=origin)

    def run(self, inputs: Sequence[Array]) -> list[Array]:
        error: BaseException | None = None
        try:
            made = self.program.run([address(array) for array in inputs])
        except FOUND as wrong:
            raise self.told_here(wrong) from None
        except Finished as finished:
            made, error = finished.outputs, finished.error
        fresh = len(self.types) - len(self.in_place)

        def commit() -> None:
            for number, array in zip(sorted(self.late), made[fresh:], strict=True):
                inputs[self.in_place[number]][...] = array

        error = to_the_end(commit) or error if self.late else error
        if error is not None:
            raise Finished(made[:fresh], error)
        return made[:fresh]


def watch_numbers(node: Node, args: tuple[Array, ...], results: tuple[Array, ...]) -> None:
    """Raises NumericError where a NaN or infinity is made of finite numbers: op, line, module path, ranges of the inputs."""
    origin = node.origins[0] if node.origins else None
    check_numbers(node.op.name, args, results, origin)


def check_numbers(name: str, args: Sequence[Array], results: Sequence[Array], origin: Origin | None = None) -> None:
    """The same for one evaluated op.  Raises: NumericError.

    Args:
        name: the op's, for the message.
        args: its arguments.
        results: what came of them; NaN or infinity is blamed on the op where none of the arguments has any.
        origin: the user's line, where that is not the line that runs.
    """
    for result in results:
        if not _is_finite(result) and all(map(_is_finite, args)):
            count = int(result.size - np.isfinite(dtypes.widened(result)).sum())
            facts = tuple(_range(k, a) for k, a in enumerate(args) if a.size)
            raise NumericError(f"{name} made {count} of {result.size} numbers NaN or infinite", facts=facts, origin=origin)


def _range(position: int, array: Array) -> str:
    numbers = dtypes.widened(array)
    return f"input {position} {array.shape} {dtypes.name(array.dtype)} from {numbers.min()} to {numbers.max()}"


def _is_finite(array: Array) -> bool:
    return not dtypes.is_float(array.dtype) or bool(np.isfinite(dtypes.widened(array)).all())


def program_of(graph: Graph, in_place: Mapping[int, int], target: Hashable = None) -> Program:
    """Plan, link, make ready, for a target (None: the machine we run on).  The compiler loads at the first call."""
    with one_at_a_time():
        from gradwerk.compiler.kernels import linked  # noqa: PLC0415
        from gradwerk.compiler.machines import backend_of, host  # noqa: PLC0415  llvmlite loads here and not before
        from gradwerk.compiler.pipeline import compile_graph  # noqa: PLC0415

        backend = host() if target is None else backend_of(target)
        plan, entries = linked(lambda: compile_graph(graph, backend.target, in_place), backend)
        return Program(plan, entries, executor_of(backend.target))


@cache
def executor_of(target: Hashable) -> Executor:
    """The entry points of what walks the Plans of a target, one set per process."""
    with one_at_a_time():
        from gradwerk.compiler.machines import backend_of  # noqa: PLC0415

        return Executor.at(backend_of(target).executor())


def crossing(graph: Graph, in_place: Mapping[int, int]) -> set[int]:
    """Outputs in place that are another overwritten input, moved: two of them could overwrite each other's source (a swap)."""
    overwritten = {graph.inputs[taken] for taken in in_place.values()}
    found = set()
    for number, taken in in_place.items():
        source: Value = graph.outputs[number]
        while isinstance(source.node.op, Movement | Look) and len(source.node.args) == 1:
            source = source.node.args[0]
        if isinstance(source.node.op, Input) and source in overwritten and source is not graph.inputs[taken]:
            found.add(number)
    return found


def executable(graph: Graph, in_place: Mapping[int, int]) -> Executable:
    """A finished graph ready to run; native programs are made once for graphs that say the same."""
    return Interpreted(graph, in_place) if settings.interpret or settings.check_nan else Native(graph, in_place)


_programs = Kept()
_op_programs: OrderedDict[tuple[object, ...], Native] = OrderedDict()
"""Those of the operations used last."""
_idle = Idle()


def run_op(key: tuple[object, ...], op: Op, arrays: Sequence[Array]) -> list[Array] | None:
    """The results of one op as a program of its own; None under GRADWERK_INTERPRET.

    Args:
        key: under which the program is kept: op and types.
        op: what is computed.
        arrays: the arguments, of any strides.
    """
    if settings.interpret or settings.check_nan:
        return None
    try:
        _op_programs.move_to_end(key)
        found = _op_programs[key]
    except KeyError:
        found = _op_programs[key] = Native(graph_of(op, [Type(array.shape, array.dtype) for array in arrays]), {})
        while len(_op_programs) > MOST_PROGRAMS:
            _, oldest = _op_programs.popitem(last=False)
            _idle.forget(oldest.program)
    results = found.run([usable(array) for array in arrays])
    if found.program.plan.context_bytes > SMALL_ARENA:
        _idle.used(found.program)
    return results


PAGE = 4096


def usable(array: Array) -> Array:
    """The array if a kernel may read it: dense, aligned to its elements, and readable a little past its end; else a copy that is."""
    return array if readable(array) else aligned_copy(array)


def readable(array: Array) -> bool:
    """Whether kernels can take the array's memory as it is.

    It must be dense, aligned to its elements, and readable a little past its end: the page that holds its end holds the slack too, or
    the array it is a view of goes on behind it.
    """
    start = address(array)
    end = start + array.nbytes
    if not array.flags.c_contiguous or start % array.dtype.itemsize:
        return False
    if 0 < end % PAGE <= PAGE - SLACK:
        return True
    base: Any = array.base
    if isinstance(base, bytearray):  # a block of small results
        base = np.frombuffer(base, np.uint8)
    return isinstance(base, np.ndarray) and end + SLACK <= address(base) + base.nbytes


def graph_of(op: Op, types: Sequence[Type]) -> Graph:
    """The graph of one op on inputs of these types."""
    graph = Graph(op.name)
    return graph.finish(graph.apply(op, [graph.input(type_) for type_ in types]))
