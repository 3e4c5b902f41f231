"""A second back end, for tests: all work is done by the NumPy references of ops, and a walk in Python runs the tables.

Nothing of LLVM is in it.  A kernel is a call of Python at an address, by the ABI of ir/plan.py; its "object code" says what it does, and
linking looks that up.  It cuts nothing into chunks.
"""

from __future__ import annotations

import ctypes
import math
import time
import traceback
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import IndexDataError
from gradwerk.compiler.backend import Capabilities, takes_code
from gradwerk.compiler.bodies import digest, spelled
from gradwerk.compiler.work import Access, Buffer, Operand, Work
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Contraction, Op, Random, Reduction
from gradwerk.ir.plan import FAULT_WORDS
from gradwerk.ir.words import (
    BUSY,
    CANCELLED,
    CHAINS,
    DONE,
    END,
    FATE,
    FAULTY,
    FIRST,
    ITEMS,
    JOB_WORDS,
    LAUNCHES,
    LOOP_ITEM,
    NOTED,
    RUN,
    SCRATCH,
    SLOTS,
    STAGES,
    STAGES_ITEM,
    TRIP,
    UNTIL_ITEM,
    WITHOUT_END,
    Argument,
    ChainRow,
    ItemRow,
    LaunchRow,
    StageRow,
    words_of,
)  # fmt: skip
from gradwerk.ops.contraction import Contract
from gradwerk.ops.indexing import Gather, ScatterAdd
from gradwerk.ops.look import InRange
from gradwerk.ops.window import Window
from gradwerk.runtime.memory import view

Array = np.ndarray[Any, Any]
Rule = Callable[..., Sequence[Array]]
"""From the arrays that are read to those that are to be written."""
KERNEL = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 5)
errors: list[str] = []
"""What was raised inside of kernels, which have nobody to raise it to."""


@dataclass(frozen=True)
class Numpy:
    """The target: NumPy, with kernels for all ops and dtypes but those of these names."""

    without: frozenset[str] = frozenset()


# ---- what kernels compute


def evaluate(body: Graph, arrays: Sequence[Array], space: tuple[int, ...], numbers: tuple[int, ...] | None = None) -> list[Array]:
    """The results of a body over a space, whose last axis is the row of its reductions; `numbers`: see `Backend.rows`."""
    place = dict(zip(body.inputs, arrays, strict=True))
    for node in body.live():
        op, args = node.op, [place[value] for value in node.args]
        if isinstance(op, Input):
            continue
        if isinstance(op, Reduction):
            op, args = op.along((len(space) - 1,), keepdims=True), [np.broadcast_to(args[0], space)]
        elif isinstance(op, Random):
            scalars = [np.asarray(x.reshape(-1)[0]) for x in args]
            (flat,) = replace(op, shape=(math.prod(space),)).evaluate(*scalars)
            steps = numbers or flat.reshape(space).strides
            place[node.values[0]] = strided(flat, space, [s * flat.itemsize for s in steps] if numbers else steps)
            continue
        place.update(zip(node.values, op.evaluate(*args), strict=True))
    return [np.broadcast_to(place[value], space) for value in body.outputs]


def strided(flat: Array, shape: Sequence[int], steps: Sequence[int]) -> Array:
    """Elements of flat memory at distances in bytes."""
    return np.lib.stride_tricks.as_strided(flat, shape, steps)


def look(op: Op, number: int, *, counts: bool) -> Callable[..., None]:
    """Notes the first refused number of an array, and lowest and highest of all, once: ir/plan.py, Faults."""

    def note(iteration: int, places: Sequence[int], indices: Array, record: Array, *_: Array) -> None:
        refused = op.refused(indices).reshape(-1)
        if record[0] or not refused.any():
            return
        asked = indices.astype(np.int64) if isinstance(op, InRange) else (indices == 0).astype(np.int64)
        first, flat = int(refused.argmax()), asked.reshape(-1)
        before = (places[-1] - places[1]) // 8 if counts else iteration
        record[:6] = (1, before, first, flat[first], flat.min(), flat.max())
        view(places[1] - 8 * FAULT_WORDS * (number + 1), (1,), np.dtype(np.int64))[0] = 1

    return note


# ---- kernels


@dataclass(frozen=True, eq=False)
class Kernel:
    """What it does, in words, and to which places: (shape, strides, dtype) of each operand, those that are read first."""

    what: str
    places: tuple[tuple[tuple[int, ...], tuple[int, ...], Any], ...]
    run: Callable[..., None]
    """Called with the iteration, the addresses of the operands and their arrays."""

    @cached_property
    def name(self) -> str:
        return f"numpy_{self.what.split()[0]}_{digest(self.what, self.places)}"

    def build(self, target: object) -> str:
        return f"{target}: {self.what} {self.places}"

    @cached_property
    def entry(self) -> Any:
        return KERNEL(self.called)

    def called(self, slots: int, arguments: int, chunk: int, iteration: int, scratch: int) -> None:
        try:
            at, arrays = [], []
            for k, (shape, strides, dtype) in enumerate(self.places):
                where = Argument(*words(arguments + 8 * words_of(Argument) * k, words_of(Argument)))
                at.append(words(slots + 8 * where.slot, 1)[0] + where.offset + iteration * where.step)
                first = view(at[-1], (1,) if math.prod(shape) else (0,), dtype)
                arrays.append(strided(first, shape, [s * dtype.itemsize for s in strides]))
            self.run(iteration, at, *arrays)
        except BaseException:  # ctypes would print and forget it
            errors.append(traceback.format_exc())


class Moving:
    """The kernel that says where a slot is."""

    name = "numpy_moving"
    run = None

    def build(self, target: object) -> str:
        return self.name

    @cached_property
    def entry(self) -> Any:
        def called(slots: int, arguments: int, chunk: int, iteration: int, scratch: int) -> None:
            where = Argument(*words(arguments, words_of(Argument)))
            (number,) = words(arguments + 8 * words_of(Argument), 1)
            words(slots + 8 * number, 1)[0] = words(slots + 8 * where.slot, 1)[0] + where.offset + iteration * where.step

        return KERNEL(called)


known: dict[str, Any] = {}
"""Kernels by name: what "object code" stands for."""


def words(address: int, count: int) -> Any:
    """The i64 words at an address."""
    return (ctypes.c_int64 * count).from_address(address)


# ---- the back end


@dataclass(frozen=True)
class ByReference:
    """A Backend (compiler/backend.py)."""

    target: Numpy
    moving = known.setdefault(Moving.name, Moving())

    @cached_property
    def can(self) -> Capabilities:
        """Regions may be small: each op is a pass over memory anyway."""
        return Capabilities(self.takes, reads=6, weight=200, levels=3, epilogue=3)

    def takes(self, node: Node) -> bool:
        other = isinstance(node.op, Contract | Window | Gather | ScatterAdd)
        names = {node.op.name, *(dtypes.name(value.dtype) for value in (*node.args, *node.values))}
        return not names & self.target.without and (takes_code(node) or other)

    def work(self, what: str, rule: Rule, reads: Sequence[Operand], writes: Sequence[Operand]) -> Sequence[Work]:
        """One launch of one chunk."""
        count = len(reads)

        def run(iteration: int, at: Sequence[int], *arrays: Array) -> None:
            with np.errstate(all="ignore"):
                made = [np.array(x) for x in rule(*arrays[:count])]
            for place, result in zip(arrays[count:], made, strict=True):
                place[...] = result

        if all(0 in operand.shape for operand in writes):
            return []
        accesses = [*map(Access, reads), *(Access(operand, writes=True, reads=False) for operand in writes)]
        return [Work(self.kernel(f"{what} of {count}", accesses, run), tuple(accesses), (0,), 1, what.split()[0])]

    def kernel(self, what: str, accesses: Sequence[Access], run: Callable[..., None]) -> Kernel:
        places = tuple((a.operand.shape, a.operand.strides, a.operand.dtype) for a in accesses)
        made = Kernel(what, places, run)
        return known.setdefault(made.name, made)

    def map(self, body: Graph, reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...]) -> Sequence[Work]:
        return self.work(f"map {spelled(body)} {space}", lambda *arrays: evaluate(body, arrays, space), reads, writes)

    def rows(
        self, body: Graph, reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...], numbers: tuple[int, ...]
    ) -> Sequence[Work]:  # fmt: skip
        what = f"rows {spelled(body)} {space} {numbers}"
        return self.work(what, lambda *arrays: evaluate(body, arrays, space, numbers), reads, writes)

    def reduce(
        self, body: Graph, reductions: tuple[Reduction, ...], reads: Sequence[Operand], writes: Sequence[Operand], space: tuple[int, ...]
    ) -> Sequence[Work]:  # fmt: skip
        def rule(*arrays: Array) -> list[Array]:
            return [op.evaluate(x)[0] for op, x in zip(reductions, evaluate(body, arrays, space), strict=True)]

        return self.work(f"reduce {spelled(body)} {reductions} {space}", rule, reads, writes)

    def contract(
        self, op: Contraction, reads: tuple[Operand, Operand], out: Operand, *, copies: Any, lasting: Container[Buffer], free: bool,
        body: Graph | None = None, beside: tuple[Operand, ...] = (),
    ) -> tuple[Sequence[Work], Operand] | None:  # fmt: skip
        def rule(a: Array, b: Array, *others: Array) -> Sequence[Array]:
            made = op.evaluate(a, b)
            return made if body is None else evaluate(body, [*made, *others], out.shape)

        what = f"contract {op!r} {'' if body is None else spelled(body)}"
        return self.work(what, rule, (*reads, *beside), (out,)), out

    def alone(self, op: Op, reads: tuple[Operand, ...], *outs: Operand) -> Sequence[Work]:
        def rule(*arrays: Array) -> Sequence[Array]:
            try:
                return op.evaluate(*arrays)
            except IndexDataError:  # a look has noted it, and what is made here is given to nobody
                return [np.zeros(out.shape, out.dtype) for out in outs]

        return self.work(f"alone {op!r}", rule, reads, outs)

    def look(
        self, op: Op, indices: Operand, record: Operand, number: int, allowed: Operand | None, counted: Operand | None
    ) -> Sequence[Work]:  # fmt: skip
        more = [Access(x) for x in (allowed, counted) if x is not None]
        accesses = [Access(indices), Access(record, writes=True), *more]
        what = f"look {op!r} {number} {counted is not None}"
        return [Work(self.kernel(what, accesses, look(op, number, counts=counted is not None)), tuple(accesses), (0,), 1, "look")]

    def versions(self) -> str:
        return f"numpy {np.__version__}"

    def compiled(self, text: str) -> bytes:
        return text.encode()

    def assembly(self, text: str) -> str:
        return text

    def link(self, objects: dict[str, bytes]) -> Mapping[str, int]:
        return {name: address_of(known[name].entry) for name in objects}

    def executor(self) -> Mapping[str, int]:
        return {name: address_of(function) for name, function in WALK.items()}


back_end = cache(ByReference)


def address_of(function: Any) -> int:
    """Where a call of Python can be called."""
    return ctypes.cast(function, ctypes.c_void_p).value or 0


# ---- the walk


def row(kind: Any, table: int, number: int) -> Any:
    """A row of a table."""
    return kind(*words(table + 8 * words_of(kind) * number, words_of(kind)))


def walk(address: int) -> int:
    """A job, in order, by this thread."""
    job = words(address, JOB_WORDS)
    code = items(job, job[FIRST], job[END], job[TRIP])
    return DONE if code == FAULTY else code


def items(job: Any, first: int, end: int, trip: int) -> int:
    for number in range(first, end):
        item = row(ItemRow, job[ITEMS], number)
        code = stages(job, item, trip) if item.kind == STAGES_ITEM else loop(job, item, trip)
        if code != DONE:
            return code
    return DONE


def loop(job: Any, item: ItemRow, trip: int) -> int:
    for number in range(item.trips):
        if item.kind != LOOP_ITEM:
            if words(job[NOTED], 1)[0]:
                return FAULTY
            place = words(job[SLOTS] + 8 * item.slot, 1)[0] + item.offset + trip * item.step
            if bool(ctypes.c_ubyte.from_address(place).value) is (item.kind == UNTIL_ITEM):
                return DONE
        code = items(job, item.first, item.end, number)
        if code != DONE:
            return code
    return WITHOUT_END if item.endless else DONE


def stages(job: Any, item: ItemRow, trip: int) -> int:
    for number in range(item.first, item.end):
        stage = row(StageRow, job[STAGES], number)
        if stage.commits:
            if words(job[NOTED], 1)[0]:
                return FAULTY
            job[FATE] = job[RUN] + 1
        for chain in (row(ChainRow, job[CHAINS], k) for k in range(stage.first, stage.end)):
            for chunk in range(chain.chunks):
                for launch in (row(LaunchRow, job[LAUNCHES], k) for k in range(chain.first, chain.end)):
                    KERNEL(launch.kernel)(job[SLOTS], launch.arguments, chunk, trip, job[SCRATCH])
    return DONE


def halt(address: int) -> int:
    """Whether the run was broken off before it wrote over anything.  Nothing of it runs any more."""
    job = words(address, JOB_WORDS)
    return DONE if job[FATE] == job[RUN] + 1 else CANCELLED


WORD = ctypes.c_int64
WALK: dict[str, Any] = {
    "share": ctypes.CFUNCTYPE(WORD, WORD, WORD)(lambda control, job: BUSY),  # it has no workers: the caller walks alone
    "walk": ctypes.CFUNCTYPE(WORD, WORD)(walk),
    "halt": ctypes.CFUNCTYPE(WORD, WORD)(halt),
    "dismiss": ctypes.CFUNCTYPE(WORD, WORD)(lambda control: CANCELLED),
    "settle": ctypes.CFUNCTYPE(None, WORD)(lambda control: None),
    "serve": ctypes.CFUNCTYPE(None, WORD, WORD, WORD, WORD)(lambda control, seen, number, scratch: None),
    "poke": ctypes.CFUNCTYPE(None, WORD)(lambda control: None),
    "ticks": ctypes.CFUNCTYPE(WORD)(time.perf_counter_ns),
}
