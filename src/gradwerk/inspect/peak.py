"""The machine's measured peak: multiply-adds in registers, on one core."""

from __future__ import annotations

from functools import cache

import numpy as np

from gradwerk.compiler.kernels import linked, objects_for
from gradwerk.compiler.machines import host
from gradwerk.ir.plan import ARENA, Chain, Launch, Plan, Pointer, Stage
from gradwerk.runtime.program import Program
from gradwerk.tensor.engine import executor_of

TURNS = 50_000
SUMS = 10
"""Enough to hide four cycles of latency on two units, few enough for sixteen registers."""


@cache
def peak_flops() -> float:
    """f32 operations a second of one core: the best of eight runs of about half a millisecond."""
    backend = host()
    kernel = backend.peak(SUMS)
    launch = Launch(kernel.name, (Pointer(ARENA, 0),), (TURNS,), 1)
    stages = (launch,), (Chain(0, 1, 1),), (Stage(0, 1),)
    made = linked(lambda: Plan("peak", (), (), *stages, (), (), 4096, b"", objects_for([kernel], backend), serial=True), backend)
    program = Program(*made, executor_of(backend.target))
    context = program.context()
    np.asarray(context.arena)[:] = 0  # zeros: neither overflow nor denormal numbers
    program.free.append(context)
    return 2.0 * SUMS * backend.target.lanes * TURNS / min(program.watch([], [], alone=True).seconds for _ in range(8))
