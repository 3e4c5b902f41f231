"""Graph to Plan: the ordered list of passes, the only place that knows the order, and the runner that applies them.

graph passes    graph -> graph, each verified, timed and dumped by the runner
lower           graph -> units -> work (compiler/fuse.py, compiler/lower.py, compiler/program.py)
commits last    what overwrites inputs goes last (compiler/commits.py)
memory          work -> stages, chains, addresses (compiler/memory.py)
emit            kernels -> objects, from the cache where they are known (compiler/kernels.py)
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial

from gradwerk.base.errors import VerifyError
from gradwerk.base.events import emit, heard
from gradwerk.base.settings import settings
from gradwerk.compiler import memory
from gradwerk.compiler.arena import padded
from gradwerk.compiler.backend import Backend
from gradwerk.compiler.bounds import check_indices
from gradwerk.compiler.commits import commits_last
from gradwerk.compiler.composites import open_composites
from gradwerk.compiler.hoist import hoist, merge_scans
from gradwerk.compiler.kernels import objects_for
from gradwerk.compiler.machines import backend_of
from gradwerk.compiler.program import Program, lower
from gradwerk.compiler.select import select_branches
from gradwerk.compiler.simplify import simplify
from gradwerk.compiler.steps import calls_of, works_of
from gradwerk.compiler.tables import tables
from gradwerk.compiler.verify import verify_work
from gradwerk.compiler.widen import widen
from gradwerk.compiler.work import Buffer, KernelSpec
from gradwerk.ir.graph import Graph
from gradwerk.ir.plan import ARENA, CONSTANTS, ENDLESS, FAULT_WORDS, FAULTS, FIRST_INPUT, MOST_SCRATCH, POISON, Block, Loop, Plan, Pointer
from gradwerk.ir.plan import Buffer as PlanBuffer
from gradwerk.ir.region import Unit, describe
from gradwerk.ir.text import print_graph
from gradwerk.ir.verify import verify

SMALLEST_SHARED = 2_000_000
"""A program of less work than this (flops + bytes) is not worth waking a second thread: about 50 us on one core (waking costs 10)."""


@dataclass(frozen=True)
class Pass:
    """A graph pass and the reason for its position."""

    name: str
    run: Callable[[Graph], Graph]
    why_here: str
    repeats: bool = False
    """Only worth running when a pass since its last run has changed the graph."""


PASSES = (
    Pass("open composites", open_composites, "before all others: what they look into is there to be looked at"),
    Pass("check indices", check_indices, "before all that rewrites: messages speak of the places of the user's own arrays"),
    Pass("select", select_branches, "when it is seen which branches look at indices, which must not run both ways; before all that fuses"),
    Pass("widen", widen, "before rules that split an op: each is computed in float32 whole, and rounded once"),
    Pass("simplify", simplify, "early: fewer nodes for all that follow, and scans that are equal become identical"),
    Pass("merge_scans", merge_scans, "before hoisting: a forward scan and the one that also keeps residuals are one loop"),
    Pass("hoist", hoist, "work that leaves a loop becomes ordinary nodes, which the next walk simplifies"),
    Pass("simplify again", simplify, "hoisted products meet gathers and reshapes that they had not seen", repeats=True),
)


@dataclass
class Record:
    """What each stage made and how long it took, for `inspect.explain` and dumps."""

    kept: bool = True
    stages: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)
    kernels: dict[str, KernelSpec] = field(default_factory=dict)
    arena: list[Block] = field(default_factory=list)

    def note(self, name: str, seconds: float, text: Callable[[], str]) -> None:
        """Adds a stage; its text is made only when it is kept."""
        self.seconds[name] = seconds
        if self.kept:
            self.stages[name] = text()


def compile_graph(graph: Graph, target: Hashable, in_place: Mapping[int, int], *, record: Record | None = None) -> Plan:
    """The Plan of a finished graph, by the back end of the target (compiler/machines.py).

    `in_place` maps output number to the number of the input whose memory it takes.  With a `record`, every stage is kept as text.
    Raises VerifyError when a pass breaks the graph (checked under settings.check).
    """
    log, backend = record or Record(kept=heard("program")), backend_of(target)
    check = settings.check
    log.note("trace", 0.0, lambda: print_graph(graph))
    simple: Graph | None = None
    for item in PASSES:
        if item.repeats and graph is simple:
            continue
        begin = time.perf_counter()
        graph = item.run(graph)
        if item.run is simplify:
            simple = graph
        log.note(item.name, time.perf_counter() - begin, partial(print_graph, graph))
        if check:
            verify(graph)
    begin = time.perf_counter()
    program = lower(graph, backend, in_place)
    log.note("lower", time.perf_counter() - begin, lambda: describe(program.units))
    begin = time.perf_counter()
    plan = assemble(graph, program, backend, log)
    log.note("memory and emit", time.perf_counter() - begin, lambda: describe_plan(plan))
    if log.kept:
        log.units = program.units
        emit("program", plan=plan, record=log, target=target)
    emit("compiled", name=plan.name, seconds=sum(log.seconds.values()), launches=len(plan.launches), host=len(plan.host_calls))
    return plan


def assemble(graph: Graph, program: Program, backend: Backend, log: Record) -> Plan:
    """Memory, tables and objects."""
    touched = memory.Touched()
    program.steps = commits_last(program.steps, program.inputs, {*program.outputs, *program.constants, *program.checks}, touched)
    plan, starts = memory.Schedule(kept=frozenset(program.inputs), faults=frozenset(program.checks), touched=touched), list[int]()
    for step in program.steps:
        starts.append(len(plan.stages))
        memory.extend(plan, step)
    memory.check_order(plan, max((before for before, _, _ in plan.calls), default=0))
    fixed = addresses(graph, program)
    held = [memory.root(operand.buffer) for call in calls_of(program.steps) for operand in (*call.reads, *call.writes)]
    places, arena = memory.assign(plan, fixed, held)
    if settings.check:
        given = [*program.inputs, *program.constants, *program.checks]
        verify_work(program.steps, plan, starts, places, given, program.outputs)
    first_slot = FIRST_INPUT + len(program.inputs) + len(program.outputs) - len(program.in_place)
    rows = tables(plan, places, first_slot, backend.moving.name)
    check = settings.check
    if log.kept or check:
        log.arena = memory.blocks(plan, places, held)
    forms = dict.fromkeys([work.form for work in works_of(program.steps)])
    greedy = [form.title for form in forms if form.scratch > MOST_SCRATCH]
    if greedy:
        raise VerifyError(f"work wants more than {MOST_SCRATCH} bytes of scratch memory", facts=tuple(greedy))
    specs: list[KernelSpec] = [spec for form in forms for spec in (form.kernel, *form.others)]
    log.kernels = {spec.name: spec for spec in [*specs, *([backend.moving] if rows.moving else [])]}
    blob = b"".join(data + behind(len(data), poisoned=check) for data in program.constants.values())
    amount = sum(
        (launch.flops + launch.nbytes) * math.prod(cycle.loop.runs for cycle in around)
        for stage, around in zip(rows.stages, plan.around, strict=True)
        for chain in rows.chains[stage.first : stage.first + stage.count]
        for launch in rows.launches[chain.first : chain.first + chain.count]
    )
    return Plan(
        graph.name,
        tuple(PlanBuffer(value.shape, value.dtype) for value in graph.inputs),
        tuple(PlanBuffer(value.shape, value.dtype, program.in_place.get(k)) for k, value in enumerate(graph.outputs)),
        tuple(rows.launches),
        tuple(rows.chains),
        tuple(rows.stages),
        tuple(rows.loops),
        tuple(rows.calls),
        arena,
        blob,
        objects_for(log.kernels.values(), backend),
        amount < SMALLEST_SHARED,
        tuple(program.checks.values()),
        tuple(log.arena) if check else (),
        rows.moving,
    )


def addresses(graph: Graph, program: Program) -> dict[Buffer, Pointer]:
    """The slots of inputs, outputs, constants and records of checks."""
    fixed = {buffer: Pointer(FIRST_INPUT + k, 0) for k, buffer in enumerate(program.inputs)}
    slot = FIRST_INPUT + len(program.inputs)
    for number, buffer in enumerate(program.outputs):
        if number not in program.in_place:
            fixed[buffer] = Pointer(slot, 0)
            slot += 1
    for number, buffer in enumerate(program.checks):
        fixed[buffer] = Pointer(FAULTS, 8 * FAULT_WORDS * (number + 1))
    offset = 0
    for buffer, data in program.constants.items():
        fixed[buffer] = Pointer(CONSTANTS, offset)
        offset += padded(len(data))
    return fixed


def behind(nbytes: int, *, poisoned: bool) -> bytes:
    """The bytes between a constant and the next: kernels may read them, and nothing may depend on them."""
    count = padded(nbytes) - nbytes
    return (POISON * count)[:count] if poisoned else bytes(count)


def place_text(p: Pointer) -> str:
    """`arena+4096+256t`"""
    return f"{'arena' if p.slot == ARENA else p.slot}+{p.offset}" + (f"+{p.step}t" if p.step else "")


def describe_plan(plan: Plan) -> str:
    """The Plan's tables as text."""
    size = f"{len(plan.launches)} launches, {len(plan.stages)} stages, arena {plan.arena_bytes} bytes"
    lines = [f"{plan.name}: {size}{', serial' if plan.serial else ''}"]
    begin: dict[int, list[str]] = {}
    for loop in plan.loops:
        begin.setdefault(loop.first, []).append(f"  {loop_text(loop)}")
    for number, stage in enumerate(plan.stages):
        lines.append(f"stage {number}{''.join(begin.get(number, ()))}")
        for chain in plan.chains[stage.first : stage.first + stage.count]:
            lines.append(f"  chain of {chain.count}, {chain.chunks} chunks")
            for launch in plan.launches[chain.first : chain.first + chain.count]:
                where = " ".join(place_text(p) for p in launch.pointers)
                lines.append(f"    {launch.kernel}  {launch.title}  [{where}] {launch.extents}")
    lines += [f"host before stage {call.before}: {call.title}" for call in plan.host_calls]
    return "\n".join(lines)


def loop_text(loop: Loop) -> str:
    """`loop of 2 stages, 100 times`"""
    if loop.flag is None:
        times = f"{loop.trips} times"
    else:
        most = f", {loop.trips} times at most" if loop.trips < ENDLESS else ""
        times = f"{'while' if loop.when else 'until'} {place_text(loop.flag)}{most}"
    return f"loop of {loop.count} stages, {times}"
