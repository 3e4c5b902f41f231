"""A Plan walked by Python, launch by launch and chunk by chunk: the plainest meaning of its tables, the oracle of the native executor."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from gradwerk.compiler.llvm.link import link
from gradwerk.ir.plan import FAULT_WORDS, FIRST_INPUT, ArrayAt, HostCall, Loop, Plan, Pointer
from gradwerk.runtime.memory import view
from gradwerk.runtime.poison import pattern
from gradwerk.runtime.tables import Part, Run, parts_of

KERNEL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)


class Walk:
    """One run of a Plan."""

    def __init__(self, plan: Plan, inputs: Sequence[np.ndarray]) -> None:
        self.plan = plan
        self.code = link(plan.objects)
        self.kernels = {name: KERNEL(address) for name, address in self.code.items()}
        self.outputs: list[np.ndarray] = []
        self.faults = aligned(8 * FAULT_WORDS * (len(plan.checks) + 1)).view(np.int64)
        self.faults[:] = 0
        slots = [aligned(plan.arena_bytes), aligned(len(plan.constants)), self.faults, *(aligned(a.nbytes) for a in inputs)]
        slots[1][: len(plan.constants)] = np.frombuffer(plan.constants, np.uint8)
        for slot, array in zip(slots[FIRST_INPUT:], inputs, strict=True):
            slot[: array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        own = [buffer for buffer in plan.outputs if buffer.in_place_of is None]
        slots += [aligned(int(np.prod(buffer.shape)) * buffer.dtype.itemsize) for buffer in own]
        self.slots, self.scratch = slots, aligned(plan.scratch_bytes)
        self.table = np.array([*(slot.ctypes.data for slot in slots), *[0] * plan.moving], np.int64)

    def run(self, order: int = 1) -> list[np.ndarray]:
        """The outputs; `order` -1 walks chunks backwards, which must change nothing."""
        self.parts(parts_of(self.plan), 0, order)
        return self.results()

    def parts(self, parts: Sequence[Part], trip: int, order: int) -> None:
        for part in parts:
            if isinstance(part, HostCall):
                self.host(part, trip)
            elif isinstance(part, Run):
                for stage in range(part.first, part.end):
                    self.stage(stage, trip, order)
            else:
                number = 0
                while number < part.loop.trips and self.goes_on(part.loop, trip):
                    self.parts(part.parts, number, order)
                    number += 1

    def goes_on(self, loop: Loop, trip: int) -> bool:
        return loop.flag is None or bool(ctypes.c_ubyte.from_address(self.address(loop.flag, trip)).value) is loop.when

    def address(self, at: Pointer, trip: int) -> int:
        return int(self.table[at.slot]) + at.offset + trip * at.step

    def stage(self, number: int, trip: int, order: int) -> None:
        stage = self.plan.stages[number]
        for chain in self.plan.chains[stage.first : stage.first + stage.count][::order]:
            for chunk in range(chain.chunks)[::order]:
                for launch in self.plan.launches[chain.first : chain.first + chain.count]:
                    words = [word for p in launch.pointers for word in (p.slot, p.offset, p.step)]
                    args = np.array([*words, *launch.extents], np.int64)
                    self.kernels[launch.kernel](self.table.ctypes.data, args.ctypes.data, chunk, trip, self.scratch.ctypes.data)

    def host(self, call: HostCall, trip: int) -> None:
        results = call.op.evaluate(*(self.array(at, trip) for at in call.reads))
        for at, result in zip(call.writes, results, strict=True):
            self.array(at, trip)[...] = result

    def array(self, at: ArrayAt, trip: int) -> np.ndarray:
        return view(self.address(at.pointer, trip), at.shape, at.dtype)

    def results(self) -> list[np.ndarray]:
        slot, outputs = FIRST_INPUT + len(self.plan.inputs), []
        for buffer in self.plan.outputs:
            where = slot if buffer.in_place_of is None else FIRST_INPUT + buffer.in_place_of
            slot += buffer.in_place_of is None
            nbytes = int(np.prod(buffer.shape)) * buffer.dtype.itemsize
            outputs.append(self.slots[where][:nbytes].view(buffer.dtype).reshape(buffer.shape))
        return outputs


def aligned(nbytes: int) -> np.ndarray:
    """Bytes on a cache line, with room behind them, that nobody has written."""
    raw = np.empty(nbytes + 64 + 512, np.uint8)
    skip = -raw.ctypes.data % 64
    raw[skip:] = pattern(raw.size - skip)
    return raw[skip:]
