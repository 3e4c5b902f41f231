"""A whole graph as steps: which ops are no kernel, where inputs and outputs lie, and what is copied to them in the end."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from gradwerk.compiler.backend import Backend
from gradwerk.compiler.bounds import checks_first, lower_check
from gradwerk.compiler.branches import lower_cond, lower_while
from gradwerk.compiler.homes import homes_of
from gradwerk.compiler.loops import lower_scan
from gradwerk.compiler.lower import Lowering
from gradwerk.compiler.memory import Overwritten, content, root
from gradwerk.compiler.outline import units_of
from gradwerk.compiler.overwrites import Overwrites
from gradwerk.compiler.steps import Step
from gradwerk.compiler.work import Buffer, Operand, row_major
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.op import Op, Source
from gradwerk.ir.plan import Check
from gradwerk.ir.region import Region, Unit
from gradwerk.ops.branch import Cond, While
from gradwerk.ops.control import Scan
from gradwerk.ops.look import Look


@dataclass
class Program:
    """What lowering makes of a graph: steps in order, and where inputs, constants and outputs lie."""

    steps: list[Step]
    inputs: list[Buffer]
    outputs: list[Buffer]
    constants: dict[Buffer, bytes]
    in_place: dict[int, int]
    units: list[Unit]
    checks: dict[Buffer, Check]


RULES: tuple[tuple[type[Op], Callable[[Lowering, Node], None]], ...] = (
    (Source, Lowering.source),
    (Look, lower_check),
    (Scan, lower_scan),
    (Cond, lower_cond),
    (While, lower_while),
)
"""What makes steps of ops that are no kernel of a back end."""


def lower(graph: Graph, backend: Backend, in_place: Mapping[int, int]) -> Program:
    """The whole graph as steps.  `in_place` says which output takes the memory of which input, where that is possible."""
    can = backend.can
    graph, units = units_of(graph, can)
    units = checks_first(in_place_apart(units, {graph.outputs[number] for number in in_place}), can)
    lowering = Lowering(backend=backend, rules=RULES, homes=homes_of(units))
    inputs = [Buffer(value.dtype, value.type.size, f"input {k}") for k, value in enumerate(graph.inputs)]
    for value, buffer in zip(graph.inputs, inputs, strict=True):
        lowering.operands[value] = Operand(buffer, value.shape, row_major(value.shape))
    outputs: list[Buffer] = []
    for number, value in enumerate(graph.outputs):
        taken = in_place.get(number)
        if taken is None:
            outputs.append(Buffer(value.dtype, value.type.size, f"output {number}"))
        elif value is graph.inputs[taken]:
            outputs.append(inputs[taken])
        else:
            outputs.append(Overwritten(value.dtype, value.type.size, f"output {number} over input {taken}", base=inputs[taken]))
    overwrites = Overwrites(graph, units, in_place, can)
    direct: set[int] = set()
    for number, value in enumerate(graph.outputs):
        place = Operand(outputs[number], value.shape, row_major(value.shape))
        free = value in overwrites.maker and value not in lowering.operands
        if free and (number not in in_place or overwrites.at_once(value, graph.inputs[in_place[number]])):
            lowering.operands[value] = place
            direct.add(number)
    for unit in units:
        lowering.unit(unit)
    write_late(lowering, [number for number in range(len(graph.outputs)) if number not in direct], graph.outputs, outputs)
    lowering.flush()
    return Program(lowering.steps, inputs, outputs, lowering.constants, dict(in_place), units, lowering.checks)


def in_place_apart(units: Sequence[Unit], over: Container[Value]) -> list[Unit]:
    """The units, contractions apart from maps that may write over an input.

    A map may do that as soon as nobody else reads the input; a contraction reads, and writes again, more than the place of one element.
    """
    found: list[Unit] = []
    for unit in units:
        found += unit.apart() if isinstance(unit, Region) and any(value in over for value in unit.writes) else (unit,)
    return found


def write_late(lowering: Lowering, late: Sequence[int], values: Sequence[Value], outputs: Sequence[Buffer]) -> None:
    """Copies results to where they belong: first what reads old inputs, then what overwrites them.

    A result that is the old content of an input which another result overwrites (two that change places) is saved before.
    """
    sources = {number: lowering.operand(values[number]) for number in late}
    over = [number for number in late if isinstance(outputs[number], Overwritten)]
    overwritten = {root(outputs[number]) for number in over}
    for number in over:
        if content(sources[number].buffer) in overwritten:
            saved = lowering.dense(values[number].type, "old content")
            lowering.copy(sources[number], saved)
            sources[number] = saved
    for number in sorted(late, key=lambda number: isinstance(outputs[number], Overwritten)):
        place = Operand(outputs[number], values[number].shape, row_major(values[number].shape))
        if sources[number] != place:
            lowering.copy(sources[number], place)
