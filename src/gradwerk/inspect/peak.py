"""The machine's measured peak: a register tile of sums that never leaves the first-level cache, on one core."""

from __future__ import annotations

import time
from functools import cache

import numpy as np

from gradwerk.compiler.contraction.lower import WHOLE
from gradwerk.compiler.kernels import objects_for
from gradwerk.compiler.llvm.contract import ContractKernel
from gradwerk.compiler.llvm.link import host_target, link
from gradwerk.ir.plan import Buffer, Chain, Launch, Plan, Pointer, Stage
from gradwerk.runtime.memory import address, empty
from gradwerk.runtime.program import Program
from gradwerk.tensor.engine import native_executor

FLOAT = np.dtype(np.float32)
TURNS = 100_000
ROWS, VECTORS = 6, 4


@cache
def peak_flops() -> float:
    """f32 operations a second of one core: the best of five runs of about a millisecond."""
    target = host_target()
    vectors = VECTORS if target.registers >= 32 else 2
    width = target.lanes * vectors
    kernel = ContractKernel(FLOAT, ROWS, vectors, 0, 1)
    extents = (*(0, WHOLE) * 4, ROWS, 0, width, width, 1, TURNS, 0, 0, 0, 0, 0)
    where = (Pointer(2, 0), Pointer(3, 0), Pointer(4, 0))
    buffer = Buffer((ROWS * width,), FLOAT)
    launch = Launch(kernel.name, where, extents, 1)
    objects = objects_for([kernel], target)
    plan = Plan("peak", (buffer, buffer), (buffer,), (launch,), (Chain(0, 1, 1),), (Stage(0, 1),), (), (), 0, b"", objects, serial=True)
    program = Program(plan, link(objects), native_executor())
    arrays = [empty((ROWS * width,), FLOAT) for _ in range(3)]
    for array in arrays:
        array[:] = 0
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        program.profile([address(arrays[0]), address(arrays[1])], [address(arrays[2])])
        best = min(best, time.perf_counter() - begin)
    return 2 * ROWS * width * TURNS / best
