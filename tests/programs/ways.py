"""The ways to run a program, which must agree.

exact        graph in float64, interpreted: the numbers without rounding
reference    graph, interpreted by NumPy
native       graph, compiled: with 1, 2 and 4 threads, and with chunks in other orders, the same bits
disordered   the same Plan walked by Python, in any order that the barriers allow, on memory full of NaN bits: the same bits
eager        Tensors, operation by operation
compiled     the function of Tensors, compiled, called twice
holding      the same with some arguments that it finds outside, as a step finds its parameters
outside      what comes before gradients compiled, the gradients asked for outside
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import gradwerk as gw
from gradwerk.base import dtypes
from gradwerk.base.settings import settings
from gradwerk.compiler import pipeline
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import interpret
from gradwerk.tensor.engine import Executable, Native, crossing, program_of
from gradwerk.tensor.kept import Made
from gradwerk.tensor.storage import aligned_copy
from gradwerk.tensor.tensor import Tensor
from tests.compiler.run_plan import Walk
from tests.programs.agree import Exact, differences, slopes
from tests.programs.text import Array, Given, Program, gradient_parts
from tests.programs.words import gradient, leaf, vocabulary

POISON = 0xFF
"""Every byte of memory before a run: NaN as a float, -1 as an integer."""


@dataclass(frozen=True)
class Difference:
    """One way that gave something else: for which output, by how much."""

    way: str
    output: str
    what: str

    def __str__(self) -> str:
        return f"{self.way}: {self.output}: {self.what}"


@dataclass
class Prepared:
    """A program with its graphs, inputs and what is right."""

    program: Program
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        program = self.program
        self.names = [*program.outputs, *(f"{name} (written)" for name in program.written)]
        self.graph, self.in_place = program.graph()
        self.inputs = program.arrays()
        wide, _ = program.graph(wide=True)
        with np.errstate(all="ignore"):
            self.reference = [np.array(x) for x in interpret(self.graph, self.inputs)]
            kinds = {v.dtype for v in values_of(self.graph) if dtypes.is_float(v.dtype)}
            eps = max((dtypes.limits(kind).eps for kind in kinds), default=dtypes.limits(dtypes.float64).eps)
            self.exact = Exact(wide, program.arrays(wide=True), self.reference, eps)

    def differs(self, way: str, results: Sequence[Array]) -> list[Difference]:
        """Where results are not what they must be."""
        return [Difference(way, self.names[k], what) for k, what in differences(results, self.exact)]

    def same_bits(self, way: str, results: Sequence[Array], expected: Sequence[Array]) -> list[Difference]:
        """Where results are not bit for bit the same."""
        found = []
        for name, a, b in zip(self.names, results, expected, strict=True):
            if a.tobytes() != b.tobytes():
                count = int((a.reshape(-1) != b.reshape(-1)).sum())
                found.append(Difference(way, name, f"{count} of {a.size} elements have other bits than with one thread"))
        return found


def values_of(graph: Graph) -> Iterator[Any]:
    """All values of a graph."""
    return (value for node in graph.nodes for value in node.values)


# ---- on graphs


def native(p: Prepared, threads: Sequence[int]) -> list[Difference]:
    """Compiled from the graph; with each number of threads; in disorder on memory full of NaN bits."""
    program = Native(p.graph, p.in_place)
    with settings.scope(threads=1):
        first = run_native(p, program)
    found = p.differs("native", first)
    for count in threads:
        with settings.scope(threads=count):
            found += p.same_bits(f"native, {count} threads", run_native(p, program), first)
    for order in ("reverse", f"late:{p.program.seed % 3}", f"random:{p.program.seed % 1000}"):
        with settings.scope(threads=1, chunk_order=order):
            found += p.same_bits(f"native, {order}", run_native(p, program), first)
    if not program.late:
        walk = Disordered(program.program.plan, p.inputs, p.program.seed)
        found += p.same_bits("disordered", walk.run(), first)
        found += [Difference("disordered", "memory", text) for text in walk.damage()]
    return found


class Elsewhere(Native):
    """Compiled by the back end of another target."""

    def __init__(self, graph: Graph, in_place: Mapping[int, int], target: Hashable) -> None:
        Executable.__init__(self, graph, in_place)
        self.late = crossing(graph, in_place)
        self.program = program_of(graph, {number: taken for number, taken in in_place.items() if number not in self.late}, target)
        self.made = Made(graph, self.program)


def elsewhere(p: Prepared, target: Hashable) -> list[Difference]:
    """By the back end of another target, in place as well; twice, of which the second takes up the first's memory."""
    program, way = Elsewhere(p.graph, p.in_place, target), str(target)
    with settings.scope(threads=1):
        first = run_native(p, program)
        return p.differs(way, first) + p.same_bits(f"{way}, again", run_native(p, program), first)


def run_native(p: Prepared, program: Native) -> list[Array]:
    """All outputs, those in place too."""
    arrays = [aligned_copy(x) for x in p.inputs]
    made = program.run(arrays)
    return [*made, *(arrays[taken] for _, taken in sorted(p.in_place.items()))]


class Disordered(Walk):
    """A walk over a Plan in any order that its barriers allow, on memory that holds nothing but NaN bits."""

    def __init__(self, plan: Any, inputs: Sequence[Array], seed: int) -> None:
        super().__init__(plan, inputs)
        self.rng = random.Random(seed)
        self.given = [np.ascontiguousarray(x).tobytes() for x in inputs]
        self.sizes = [plan.arena_bytes, len(plan.constants), None, *(x.nbytes for x in inputs)]
        self.sizes += [int(np.prod(b.shape)) * b.dtype.itemsize for b in plan.outputs if b.in_place_of is None]
        for number, (slot, size) in enumerate(zip(self.slots, self.sizes, strict=True)):
            if size is not None:
                slot[0 if number == 0 or number >= 3 + len(inputs) else size :] = POISON
        self.beyond: set[str] = set()
        """The launches that wrote behind their scratch memory."""

    def stage(self, number: int, trip: int, order: int) -> None:
        stage = self.plan.stages[number]
        waiting = [
            [(launch, chunk) for launch in self.plan.launches[chain.first : chain.first + chain.count]]
            for chain in self.plan.chains[stage.first : stage.first + stage.count]
            for chunk in range(chain.chunks)
        ]
        manner = self.rng.choice(("random", "reverse", "last first", "one far behind"))
        if manner == "reverse":
            waiting.reverse()
        behind = waiting.pop(self.rng.randrange(len(waiting))) if manner == "one far behind" and len(waiting) > 1 else []
        while waiting:
            place = self.rng.randrange(len(waiting)) if manner == "random" else 0
            self.launch(*waiting[place].pop(0), trip)
            if manner == "last first":
                waiting.insert(0, waiting.pop())
            waiting = [rest for rest in waiting if rest]
        for launch, chunk in behind:
            self.launch(launch, chunk, trip)

    def launch(self, launch: Any, chunk: int, trip: int) -> None:
        """One chunk of one launch."""
        words = [word for p in launch.pointers for word in (p.slot, p.offset, p.step)]
        args = np.array([*words, *launch.extents], np.int64)
        self.scratch[:] = POISON
        self.kernels[launch.kernel](self.table.ctypes.data, args.ctypes.data, chunk, trip, self.scratch.ctypes.data)
        if (self.scratch[launch.scratch :] != POISON).any():
            self.beyond.add(launch.title)

    def damage(self) -> list[str]:
        """What was written where nothing may be: inputs that are not overwritten, and behind the end of every buffer."""
        found = [f"{title} wrote behind its scratch memory" for title in sorted(self.beyond)]
        taken = {b.in_place_of for b in self.plan.outputs}
        for number, (slot, size) in enumerate(zip(self.slots, self.sizes, strict=True)):
            if size is not None and number != 1 and (slot[size:] != POISON).any():
                found.append(f"slot {number} was written to behind its {size} bytes")
        for k, before in enumerate(self.given):
            if k not in taken and self.slots[3 + k][: len(before)].tobytes() != before:
                found.append(f"input {k} was written to")
        return found


# ---- on Tensors


def tensor_of(given: Given, array: Array) -> Tensor:
    """A Tensor of these contents in the layout that is asked for."""
    if given.layout == "splat":
        return (
            gw.broadcast_to(Tensor(array.reshape(-1)[0] if array.size else np.zeros((), array.dtype)), given.shape)
            if given.shape
            else Tensor(array)
        )
    if given.layout == "flipped" and given.shape:
        return gw.flip(Tensor(np.flip(array)))
    if given.layout == "turned" and len(given.shape) > 1:
        return gw.transpose(Tensor(np.ascontiguousarray(array.T)))
    if given.layout == "part" and given.shape:
        return Tensor(np.pad(array, ((1, 2), *(((0, 1),) * (array.ndim - 1)))))[
            tuple(slice(int(k == 0), int(k == 0) + n) for k, n in enumerate(given.shape))
        ]
    return Tensor(array)


def on_tensors(p: Prepared, run: Callable[..., Any]) -> list[Array]:
    """The outputs of a function of Tensors, and what it wrote."""
    tensors = [tensor_of(given, array) for given, array in zip(p.program.givens, p.inputs, strict=True)]
    outputs, _ = run(*tensors)
    names = [g.name for g in p.program.givens]
    finals = [tensors[names.index(name)] for name in p.program.written]
    return [np.array(x.numpy() if isinstance(x, Tensor) else x) for x in (*outputs, *finals)]


def eager(p: Prepared) -> list[Difference]:
    """Operation by operation."""
    return p.differs("eager", on_tensors(p, p.program.function()))


def compiled(p: Prepared, threads: Sequence[int]) -> list[Difference]:
    """By `gradwerk.compile`, called twice and with other numbers of threads."""
    run = gw.compile(p.program.function())
    with settings.scope(threads=1):
        first = on_tensors(p, run)
        found = p.differs("compiled", first) + p.same_bits("compiled, called again", on_tensors(p, run), first)
    for count in threads:
        with settings.scope(threads=count):
            found += p.same_bits(f"compiled, {count} threads", on_tensors(p, run), first)
    return found


def holding(p: Prepared) -> list[Difference]:
    """Compiled, where some of what it is given are Tensors that the function holds; called twice."""
    rng = random.Random(p.program.seed)
    held = [rng.random() < 0.5 for _ in p.inputs]
    tensors = [tensor_of(given, array) for given, array in zip(p.program.givens, p.inputs, strict=True)]
    tensors = [leaf(x) if given.name in p.program.leaves else x for given, x in zip(p.program.givens, tensors, strict=True)]
    function = p.program.function()

    def with_the_rest(*rest: Any) -> Any:
        left = iter(rest)
        return function(*(tensor if here else next(left) for tensor, here in zip(tensors, held, strict=True)))

    run = gw.compile(with_the_rest)
    found: list[Difference] = []
    names = [given.name for given in p.program.givens]
    for _ in range(2):
        rest = [tensor_of(given, array) for given, array in zip(p.program.givens, p.inputs, strict=True)]
        outputs, _ = run(*(x for x, here in zip(rest, held, strict=True) if not here))
        finals = [(tensors if held[names.index(x)] else rest)[names.index(x)] for x in p.program.written]
        found += p.differs("holding", [np.array(x.numpy() if isinstance(x, Tensor) else x) for x in (*outputs, *finals)])
        for name in p.program.written:
            if held[k := names.index(name)]:
                tensors[k].assign(p.inputs[k])
    return found


def outside(p: Prepared) -> list[Difference]:
    """The first gradients of a program, asked for outside of a compiled function."""
    program = p.program
    number = next((k for k, line in enumerate(program.lines) if line.says.startswith("gradient(")), None)
    if number is None:
        return []
    line, before = program.lines[number], program.with_lines(program.lines[:number])
    ends, leaves, weights, _ = gradient_parts(line)
    forward = replace(before, outputs=tuple(ends), leaves=()).function(plain=False)
    tensors = [tensor_of(given, array) for given, array in zip(program.givens, p.inputs, strict=True)]
    names = [given.name for given in program.givens]
    for name in leaves:
        tensors[names.index(name)] = leaf(tensors[names.index(name)])
    run = gw.compile(forward)
    results, _ = run(*tensors)
    words = vocabulary(wide=False)
    found = gradient(results, [tensors[names.index(x)] for x in leaves], [eval(w, words) for w in weights])
    wanted = Prepared(replace(before, lines=(*before.lines, line), outputs=line.targets))
    return wanted.differs("outside", [x.numpy() for x in found])


@contextmanager
def all_shared() -> Iterator[None]:
    """Plans are run by all threads, however small they are."""
    before, pipeline.SMALLEST_SHARED = pipeline.SMALLEST_SHARED, 0
    try:
        yield
    finally:
        pipeline.SMALLEST_SHARED = before


def examine(program: Program, threads: Sequence[int] = (2,)) -> list[Difference]:
    """Where the ways to run a program do not agree; an exception of one of them is a difference too."""
    try:
        p = Prepared(program)
        found = [Difference("reverse walk", "gradient", text) for text in slopes(program)]
    except Exception as error:
        return [Difference("error before", type(error).__name__, str(error)[:300])]
    with all_shared(), settings.scope(check=True):
        ways = [lambda: native(p, threads), lambda: eager(p), lambda: compiled(p, ())]
        ways += [lambda: holding(p)] if program.seed % 2 else [lambda: outside(p)]
        for way in ways:
            try:
                found += way()
            except Exception as error:
                found.append(Difference("error", type(error).__name__, str(error)[:300]))
    return found
