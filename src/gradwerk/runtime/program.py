"""A Plan made ready to run: native tables, contexts, host calls between native steps.

A context holds everything that one invocation writes: slots, claims, completions, and the arena that it is lent for a run (arenas.py).
Contexts come from a free list, so one program may run in several threads at once.  Native code returns to Python about ten times a second,
so that signals are seen.  Whatever is raised while a run is under way, it is settled before the exception leaves: see `halt` in
compiler/llvm/executor.py.
"""

from __future__ import annotations

import struct
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from gradwerk.base.dtypes import token
from gradwerk.base.errors import StateError
from gradwerk.base.events import emit
from gradwerk.base.settings import settings
from gradwerk.ir.plan import ARENA, CONSTANTS, ENDLESS, FAULT_WORDS, FAULTS, FIRST_INPUT, ArrayAt, HostCall, Plan
from gradwerk.ir.words import (
    AGAIN,
    BUSY,
    CANCELLED,
    CLAIMS,
    COMPLETIONS,
    CONTROL,
    CONTROL_WORDS,
    DECISIONS,
    END,
    FIRST,
    INSTANCE,
    JOB_WORDS,
    LAUNCHES,
    LINE,
    NOTED,
    RUN,
    SCRATCH,
    SLOTS,
    TRIP,
    WATCH,
    WITHOUT_END,
    Event,
    LaunchRow,
    Watch,
    words_of,
)  # fmt: skip
from gradwerk.runtime import arenas
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.finish import Finished
from gradwerk.runtime.memory import Array, Results, address, empty, several_words, view, words
from gradwerk.runtime.orders import OrderedWalk, order_of, pointed
from gradwerk.runtime.poison import GuardedResults, Poison
from gradwerk.runtime.pool import pool, retire
from gradwerk.runtime.tables import MOST_INSTANCES, Native, Repeat, Step, Tables, iterations, parallel

BYTE = np.dtype(np.uint8)
MOST_EVENTS = 1 << 18
Walk = Callable[["Context"], None]
"""Runs what a context's job asks for."""
_NOTHING = empty((0,), BYTE)
_ALONE = words(CONTROL_WORDS)
_ALONE_ADDRESS = address(_ALONE)


class Context:
    """What one invocation writes."""

    __slots__ = (
        "__weakref__", "address", "arena", "counters", "faults", "held", "instances", "job", "ordered", "poison", "results", "runs",
        "scratch", "slots",
    )  # fmt: skip

    def __init__(
        self, plan: Plan, tables: Tables, constants: Array, slot_count: int, results: Results | GuardedResults,
        poison: Poison | None = None, *, lent: bool = False,
    ) -> None:  # fmt: skip
        """`lent`: the arena is another at each run; see `borrow`."""
        self.poison = poison
        size = 0 if lent else plan.arena_bytes
        self.arena = _bytes(size) if poison is None else poison.memory.array((size,), BYTE)
        self.scratch = _bytes(plan.scratch_bytes) if poison is None else poison.scratch.array((plan.scratch_bytes,), BYTE)
        counters = LINE * (len(plan.chains) + len(plan.stages) + len(tables.rows) + 1)
        self.counters, slots, job, faults = several_words(counters, slot_count, JOB_WORDS, FAULT_WORDS * (len(plan.checks) + 1))
        slots[ARENA], slots[CONSTANTS], slots[FAULTS] = address(self.arena), address(constants), address(faults)
        job[LAUNCHES : LAUNCHES + len(tables.addresses)] = tables.addresses  # and chains, stages, items
        job[SLOTS], job[CLAIMS] = address(slots), address(self.counters)
        job[COMPLETIONS] = address(self.counters) + 8 * LINE * len(plan.chains)
        job[DECISIONS] = job[COMPLETIONS] + 8 * LINE * len(plan.stages)
        job[CONTROL], job[NOTED], job[SCRATCH] = _ALONE_ADDRESS, slots[FAULTS], address(self.scratch)
        (first, end) = next(((step.first, step.end) for step in tables.steps if isinstance(step, Native)), (0, 0))
        job[RUN : TRIP + 1] = (0, first, end, 0, 0)
        self.address = address(job)
        self.slots, self.job, self.faults, self.runs, self.instances = slots.data, job.data, faults.data, 0, 0
        self.ordered: OrderedWalk | None = None
        self.results = results
        self.held: list[object] = [tables, constants, job, self.arena]
        """What native code may read."""
        weakref.finalize(self, retire, self.held).atexit = False

    def borrow(self, count: int) -> None:
        """Takes an arena for the next run."""
        memory, start = arenas.lend(count)
        self.arena = self.held[-1] = memory
        self.slots[ARENA] = start

    def give_back(self) -> None:
        """Gives back the arena of a run that has ended."""
        arenas.give_back((self.arena, self.slots[ARENA]))
        self.arena = self.held[-1] = _NOTHING


@dataclass(frozen=True, eq=False)
class Trace:
    """What a watched run did: ticks of each launch, all events (launch, chunk, trip, thread, begin, end), seconds of one tick."""

    ticks: list[int]
    events: Array
    tick: float
    seconds: float


class Program:
    """A Plan with its kernels' addresses.  `run` is the whole interface; `watch` and `profile` also take times."""

    def __init__(self, plan: Plan, addresses: Mapping[str, int], executor: Executor) -> None:
        self.plan, self.executor = plan, executor
        self.addresses = addresses  # held: whoever gave them may unload the code when nobody has them
        self.constants = _bytes(len(plan.constants))
        self.constants[:] = np.frombuffer(plan.constants, BYTE)
        self.tables = Tables(plan, addresses)
        self.free: list[Context] = []
        self.first_output = plan.first_output
        self.fresh = tuple((k, b.shape, b.dtype) for k, b in enumerate(plan.outputs) if b.in_place_of is None)
        self.taken = tuple((k, b.in_place_of) for k, b in enumerate(plan.outputs) if b.in_place_of is not None)
        self.parallel = parallel(plan)
        self.simple = all(isinstance(step, Native) for step in self.tables.steps)
        self.walked = self.simple and not self.parallel
        """Whether a run is one walk of the thread that asks, as a new context's job says."""
        self.most_instances = MOST_INSTANCES // self.tables.most
        self.borrows = plan.arena_bytes > 0
        self.slot_count = self.first_output + len(self.fresh) + plan.moving
        self._pack = struct.Struct(f"{len(plan.inputs) + len(self.fresh)}q").pack_into

    def context(self) -> Context:
        """A free context, or a new one; under `settings.check` one whose memory shows what was not written."""
        check = settings.check
        try:
            found = self.free.pop()
            if (found.poison is not None) is check:
                if self.borrows and not check:
                    found.borrow(self.plan.arena_bytes)
                return found
        except IndexError:
            pass
        if check:
            poison = Poison(self.plan)
            return Context(self.plan, self.tables, self.constants, self.slot_count, poison.results, poison)
        results = Results(tuple((shape, dtype) for _, shape, dtype in self.fresh))
        made = Context(self.plan, self.tables, self.constants, self.slot_count, results, lent=self.borrows)
        if self.borrows:
            made.borrow(self.plan.arena_bytes)
        return made

    def release(self) -> None:
        """Gives back the memory of the contexts that no run has taken."""
        self.free.clear()
        arenas.release(self.plan.arena_bytes)

    def run(self, inputs: Sequence[int], outputs: Sequence[int] = ()) -> list[Array]:
        """Runs on memory at these addresses, one per input; the escaping outputs as new arrays, in order.

        In-place outputs are written over their inputs and are not returned.  `outputs` may give the addresses to use instead of new arrays.
        Raises: DataError for an index out of range, and what a host call or a signal handler raises: no input is overwritten then, and
        nobody writes for this run any more.  Finished where it came too late for that: the run has gone to its end.
        """
        if settings.debug:
            emit("run", program=self, inputs=inputs)
        context = self.context()
        job = context.job
        job[RUN] = context.runs  # before anything may raise: `halt` asks about this run, not about the context's last one
        job[INSTANCE] = context.instances
        context.instances += 1
        context.runs += 1
        made: list[Array] = []
        order = settings.chunk_order
        try:
            if context.poison is not None:
                inputs = context.poison.fill(inputs)
            if outputs:
                self._pack(context.slots, 8 * FIRST_INPUT, *inputs, *outputs)
            else:
                made, where = context.results()
                self._pack(context.slots, 8 * FIRST_INPUT, *inputs, *where)
            self._run(context, self._in_order if order else None)
            if context.poison is not None:
                context.poison.check()
                pool(self.executor).check()
        except BaseException as error:
            # Signals are handled where a call returns: none before the run is settled, and then each may raise once more.
            try:
                code = self.executor.halt(context.address)
            except BaseException:
                try:
                    code = self.executor.halt(context.address)
                except BaseException:
                    code = self.executor.halt(context.address)
            if code != CANCELLED:
                raise Finished(made, error) from None
            raise
        try:
            if not order:  # a walk in order counts no visits
                self._leave(context)
        except BaseException as error:  # a signal handler's; no `halt`: another thread may have the context by now
            raise Finished(made, error) from None
        return made

    def _leave(self, context: Context) -> None:
        """What a run that has ended leaves to the next ones: its arena, and its context."""
        if context.instances < self.most_instances:
            if self.borrows and context.poison is None:
                context.give_back()
            self.free.append(context)

    def _run(self, context: Context, walk: Walk | None = None) -> None:
        if walk is None and self.walked:
            code = self.executor.walk(context.address)
            if code:
                self._go_on(context, code)
        else:
            walk = walk or (self._shared if self.parallel else self._alone)
            if self.simple:
                walk(context)
            else:
                self._steps(context, self.tables.steps, 0, walk)
        if context.faults[0]:
            raise first_fault(self.plan, context.faults)

    def _alone(self, context: Context) -> None:
        """The job on this thread."""
        context.job[CONTROL] = _ALONE_ADDRESS
        code = self.executor.walk(context.address)
        if code:
            self._go_on(context, code)

    def _shared(self, context: Context) -> None:
        """The job on all threads of the pool, or on this one when another thread has the pool."""
        workers = pool(self.executor)
        if not workers.threads:
            self._alone(context)
            return
        context.job[CONTROL] = workers.address
        code = self.executor.share(workers.address, context.address)
        if code == BUSY:
            self._alone(context)
        elif code:
            self._go_on(context, code)

    def _go_on(self, context: Context, code: int) -> None:
        """The rest of a run that takes longer than native code stays away: Python handles signals between two stretches."""
        while code == AGAIN:
            code = self.executor.walk(context.address)
        if code == CANCELLED:  # by nobody but the end of the process, and this is another thread
            raise SystemExit
        if code == WITHOUT_END:
            raise without_end()

    def _in_order(self, context: Context) -> None:
        """The job in the order of chunks that the settings ask for."""
        job = context.job
        if context.ordered is None:
            words, order = self.tables.launches[: words_of(LaunchRow) * len(self.plan.launches)], order_of(settings.chunk_order)
            rows = [LaunchRow(*row) for row in words.reshape(-1, words_of(LaunchRow)).tolist()]
            context.ordered = OrderedWalk(self.plan, (rows, self.tables.rows), order, context)
        if context.ordered.items(job[FIRST], job[END], job[TRIP]) == WITHOUT_END:
            raise without_end()

    def _steps(self, context: Context, steps: Sequence[Step], trip: int, walk: Walk) -> None:
        """The steps of a program, or of one iteration of a loop that Python drives."""
        for step in steps:
            if isinstance(step, HostCall):
                if context.faults[0]:
                    raise first_fault(self.plan, context.faults)
                _host(context, step, trip)
            elif isinstance(step, Repeat):
                self._repeat(context, step, trip, walk)
            else:
                if context.instances >= self.most_instances:
                    self._count_anew(context)
                job = context.job
                job[FIRST], job[END], job[INSTANCE], job[TRIP] = step.first, step.end, context.instances, trip
                context.instances += 1
                walk(context)

    def _repeat(self, context: Context, step: Repeat, around: int, walk: Walk) -> None:
        """A loop with host calls inside."""
        loop = step.loop
        for number in range(loop.trips):
            if loop.flag is not None:
                if context.faults[0]:
                    raise first_fault(self.plan, context.faults)
                (flag,) = view(pointed(context.slots, loop.flag, around), (1,), BYTE)
                if bool(flag) is not loop.when:
                    return
            self._steps(context, step.steps, number, walk)
        if loop.trips == ENDLESS:
            raise without_end()

    def _count_anew(self, context: Context) -> None:
        """Instances from 0 again, once nobody is inside any more who has seen the old numbers."""
        self.executor.settle(pool(self.executor).address)
        context.counters[:] = 0
        context.instances = 0

    def watch(self, inputs: Sequence[int], outputs: Sequence[int], *, alone: bool = False) -> Trace:
        """A run with two time stamps around each launch of each chunk.  `alone`: by this thread only."""
        plan, tables = self.plan, self.tables
        times = iterations(plan)
        rows = sum(c.chunks * sum(times[c.first : c.first + c.count]) for c in plan.chains)
        if any(loop.flag is not None for loop in plan.loops):  # nobody knows how often they run
            rows = MOST_EVENTS
        events = words(words_of(Event) * min(rows, MOST_EVENTS) + 1)
        ticks, block = words(len(plan.launches) + 1), words(LINE)
        block[: words_of(Watch)] = Watch(0, min(rows, MOST_EVENTS), address(events), address(ticks))
        context = Context(plan, tables, self.constants, self.slot_count, Results(()))
        self._pack(context.slots, 8 * FIRST_INPUT, *inputs, *outputs)
        context.job[WATCH] = address(block)
        weakref.finalize(context, retire, (events, ticks, block)).atexit = False
        begin = time.perf_counter()
        try:
            self._run(context, self._alone if alone or not self.parallel else self._shared)
        except BaseException:
            self.executor.halt(context.address)
            raise
        seconds = time.perf_counter() - begin
        found = events[:-1].reshape(-1, words_of(Event))[: int(block[0])]
        return Trace([int(t) for t in ticks[:-1]], found, self.executor.tick, seconds)

    def profile(self, inputs: Sequence[int], outputs: Sequence[int]) -> list[int]:
        """Ticks of each launch (all chunks and iterations), run by this thread alone."""
        return self.watch(inputs, outputs, alone=True).ticks


def _bytes(count: int) -> Array:
    return empty((count,), BYTE) if count else _NOTHING


def without_end() -> StateError:
    """The error for a loop that went on as long as anybody can count."""
    return StateError(f"a while loop ran {ENDLESS} times and would go on", likely="its condition never becomes false")


def first_fault(plan: Plan, faults: Sequence[int]) -> Exception:
    """The error of the first check, in the plan's order, that noted something: the same with any number of threads."""
    check, record = next((c, faults[k : k + 6]) for k, c in zip(count(FAULT_WORDS, FAULT_WORDS), plan.checks) if faults[k])
    _, iteration, *found = record
    origin = check.origins[0] if check.origins else None
    return check.op.error(check.shape, check.dtype, tuple(found), steps=check.steps(iteration), origin=origin)


def _host(context: Context, call: HostCall, trip: int) -> None:
    arrays = [_array_at(context, at, trip) for at in call.reads]
    results = call.op.evaluate(*arrays)
    for at, result in zip(call.writes, results, strict=True):
        if at.dtype != token:
            _array_at(context, at, trip)[...] = result


def _array_at(context: Context, at: ArrayAt, trip: int) -> Array:
    return view(pointed(context.slots, at.pointer, trip), at.shape, at.dtype)
