"""A Plan made ready to run: native tables, contexts with an arena each, host calls between native segments.

A context holds everything that one invocation writes: arena, slot table, claims and completions.  Contexts come from a free list, so one
program may run in several threads at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradwerk.base.dtypes import DType, token
from gradwerk.base.events import emit
from gradwerk.base.settings import settings
from gradwerk.ir.plan import ARENA, CONSTANTS, FIRST_INPUT, ArrayAt, HostCall, Plan
from gradwerk.runtime.memory import Array, address, empty
from gradwerk.runtime.pool import SPINS, Executor, interruption, pool

INT = np.dtype(np.int64)
BYTE = np.dtype(np.uint8)
LINE = 8
SEGMENT, END, SLOTS, CLAIMS, DONES, CONTROL, RUN, TICKS = 4, 5, 6, 7, 8, 9, 11, 12


@dataclass(eq=False)
class Context:
    """What one invocation writes."""

    arena: Array
    slots: Array
    job: Array
    counters: Array
    job_address: int
    runs: int = 0


class Cancelled(KeyboardInterrupt):
    """A native run was ended by Ctrl-C; what it wrote in place is incomplete."""


class Program:
    """A Plan with its kernels' addresses.  `run` is the whole interface; `profile` times each launch."""

    def __init__(self, plan: Plan, addresses: dict[str, int], executor: Executor) -> None:
        self.plan, self.executor = plan, executor
        self.constants = empty((len(plan.constants),), BYTE)
        self.constants[:] = np.frombuffer(plan.constants, BYTE)
        self.args = [_args(launch.pointers, launch.extents) for launch in plan.launches]
        self.launches = _table([(addresses[n.kernel], address(a)) for n, a in zip(plan.launches, self.args, strict=True)], 2)
        self.chains = _table([(c.first, c.first + c.count, c.chunks) for c in plan.chains], 3)
        totals = [sum(c.chunks for c in plan.chains[s.first : s.first + s.count]) for s in plan.stages]
        self.stages = _table([(s.first, s.first + s.count, n) for s, n in zip(plan.stages, totals, strict=True)], 3)
        self.parts, rows = _parts(plan)
        self.segments = _table(rows, 3)
        self.free: list[Context] = []
        self.first_output = FIRST_INPUT + len(plan.inputs)
        self.fresh = tuple((k, b.shape, b.dtype) for k, b in enumerate(plan.outputs) if b.in_place_of is None)
        self.taken = tuple((k, b.in_place_of) for k, b in enumerate(plan.outputs) if b.in_place_of is not None)
        self.alone = plan.serial or all(c.chunks == 1 for c in plan.chains) and len(plan.chains) == len(plan.stages)

    def context(self) -> Context:
        """A free context, or a new one."""
        try:
            return self.free.pop()
        except IndexError:
            return self._new_context()

    def _new_context(self) -> Context:
        plan = self.plan
        arena = empty((plan.arena_bytes,), BYTE)
        slots = np.zeros(self.first_output + len(self.fresh), INT)
        slots[ARENA], slots[CONSTANTS] = address(arena), address(self.constants)
        counters = empty((LINE * (len(plan.chains) + len(plan.stages) + 1),), INT)
        counters[:] = 0
        job = empty((16,), INT)
        job[:] = 0
        tables = (self.launches, self.chains, self.stages, self.segments)
        job[:4] = [address(table) for table in tables]
        job[SLOTS], job[CLAIMS] = address(slots), address(counters)
        job[DONES], job[10] = address(counters) + 8 * LINE * len(plan.chains), SPINS
        return Context(arena, slots, job, counters, address(job))

    def run(self, inputs: Sequence[int], outputs: Sequence[int] = ()) -> list[Array]:
        """Runs on memory at these addresses, one per input; the escaping outputs as new arrays, in order.

        In-place outputs are written over their inputs and are not returned.  `outputs` may give the addresses to use instead of new arrays.
        Raises: what a host call raises; KeyboardInterrupt when a long run is ended by Ctrl-C.
        """
        if settings.debug:
            emit("run", program=self, inputs=inputs)
        context = self.context()
        slots = context.slots
        slots[FIRST_INPUT : self.first_output] = inputs
        made: list[Array] = []
        if outputs:
            slots[self.first_output :] = outputs
        else:
            made = [empty(shape, dtype) for _, shape, dtype in self.fresh]
            if made:
                slots[self.first_output :] = [address(array) for array in made]
        if self.plan.host_calls:
            self._run_parts(context)
        else:
            self._native(context, 0, len(self.segments))
        self.free.append(context)
        return made

    def _native(self, context: Context, first: int, end: int) -> None:
        """Segments [first, end), on all threads of the pool or on this one."""
        job = context.job
        job[SEGMENT], job[END] = first, end
        shared = None if self.alone else pool(self.executor)
        if shared is None or not shared.lock.acquire(blocking=False):
            job[CONTROL] = address(_IDLE)
            self.executor.profile(context.job_address)
            return
        try:
            job[CONTROL] = shared.address
            if first == 0:
                context.runs += 1
            interruption.start()
            interruption.running = lambda: self._cancel(context)
            job[RUN] = context.runs - 1  # last: a late worker that sees it sees all the rest
            code = self.executor.share(shared.address, context.job_address)
            interruption.running = None
            if code:
                shared.settle()
                shared.control[24] = 0
                context.counters[:], context.runs = 0, 0
                raise Cancelled
        finally:
            shared.lock.release()

    def _cancel(self, context: Context) -> None:
        """From another thread: ends the native run of this context."""
        shared = pool(self.executor)
        if shared is None:
            return
        shared.control[24] = 1
        first = int(context.job[DONES])
        for stage in range(len(self.plan.stages)):
            self.executor.wake(first + 8 * LINE * stage)

    def _run_parts(self, context: Context) -> None:
        for part in self.parts:
            if isinstance(part, HostCall):
                self._host(context, part)
            elif part[0] < part[1]:
                self._native(context, *part)

    def _host(self, context: Context, call: HostCall) -> None:
        arrays = [_array_at(context, at) for at in call.reads]
        results = call.op.evaluate(*arrays)  # type: ignore[attr-defined]
        for at, result in zip(call.writes, results, strict=True):
            if at.dtype != token:
                _array_at(context, at)[...] = result

    def profile(self, inputs: Sequence[int], outputs: Sequence[int]) -> list[int]:
        """Ticks of each launch (all chunks and iterations), run by this thread alone."""
        context = self.context()
        ticks = np.zeros(len(self.plan.launches) + 1, INT)
        context.slots[FIRST_INPUT : self.first_output] = inputs
        context.slots[self.first_output :] = outputs
        context.job[CONTROL], context.job[TICKS] = address(_IDLE), address(ticks)
        for part in self.parts:
            if isinstance(part, HostCall):
                self._host(context, part)
            else:
                context.job[SEGMENT], context.job[END] = part
                self.executor.profile(context.job_address)
        context.job[TICKS] = 0
        self.free.append(context)
        return [int(t) for t in ticks[:-1]]


_IDLE = empty((96,), INT)
_IDLE[:] = 0


def _args(pointers: Sequence[object], extents: Sequence[int]) -> Array:
    words = [word for p in pointers for word in (p.slot, p.offset, p.step)]  # type: ignore[attr-defined]
    return np.array([*words, *extents], INT)


def _table(rows: Sequence[tuple[int, ...]], width: int) -> Array:
    return np.array(rows, INT).reshape(-1, width) if rows else np.zeros((1, width), INT)


Part = HostCall | tuple[int, int]


def _parts(plan: Plan) -> tuple[list[Part], list[tuple[int, int, int]]]:
    """Native ranges of segments and the host calls between them; and the segment rows (first stage, end, trips)."""
    rows: list[tuple[int, int, int]] = []
    parts: list[Part] = []
    loops = {loop.first: loop for loop in plan.loops}
    cuts = sorted({call.before for call in plan.host_calls})
    stage, begin = 0, 0
    while True:
        if stage in cuts:
            parts.append((begin, len(rows)))
            parts += [call for call in plan.host_calls if call.before == stage]
            begin = len(rows)
        if stage >= len(plan.stages):
            break
        if stage in loops:
            loop = loops[stage]
            rows.append((stage, stage + loop.count, loop.trips))
            stage += loop.count
            continue
        end = min([n for n in (*loops, *cuts) if n > stage] + [len(plan.stages)])
        rows.append((stage, end, 1))
        stage = end
    parts.append((begin, len(rows)))
    return parts, rows


def _array_at(context: Context, at: ArrayAt) -> Array:
    start = int(context.slots[at.pointer.slot]) + at.pointer.offset
    return view(start, at.shape, at.dtype)


class _Memory:
    """An address as NumPy's array interface."""

    def __init__(self, interface: dict[str, object]) -> None:
        self.__array_interface__ = interface


def view(start: int, shape: tuple[int, ...], dtype: DType) -> Array:
    """The memory at an address as an array; the caller keeps it alive."""
    if math.prod(shape) == 0 or dtype == token:
        return np.zeros(shape, dtype)
    return np.asarray(_Memory({"data": (start, False), "shape": shape, "typestr": dtype.str, "version": 3}))
