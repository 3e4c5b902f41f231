"""What ran, how fast: one line per launch with time, GFLOP/s, GB/s, percent of the measured peak, share of the step.

GRADWERK_DEBUG=1 prints the table of every program at its third run (warm), and each compilation and the reason of each new trace;
GRADWERK_DEBUG=2 prints it at every run.  Times are one thread's: the launches run one after the other, each between two time stamps.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from gradwerk.base.events import listen
from gradwerk.base.settings import settings
from gradwerk.inspect.peak import peak_flops
from gradwerk.runtime.memory import address, empty
from gradwerk.runtime.program import Program, view

WARM = 3


@dataclass(frozen=True)
class Row:
    """One launch: seconds over all chunks and iterations, and its useful work."""

    kernel: str
    title: str
    chunks: int
    seconds: float
    flops: int
    nbytes: int
    where: str


def measure(program: Program, inputs: Sequence[int]) -> list[Row]:
    """The rows of one run on these addresses.  What the program writes in place is put back afterwards."""
    made = [empty(shape, dtype) for _, shape, dtype in program.fresh]
    outputs = [address(array) for array in made]
    buffers = program.plan.outputs
    written = [view(inputs[taken], buffers[number].shape, buffers[number].dtype) for number, taken in program.taken]
    before = [array.copy() for array in written]
    program.profile(inputs, outputs)
    begin = time.perf_counter()
    ticks = program.profile(inputs, outputs)
    elapsed = time.perf_counter() - begin
    for array, contents in zip(written, before, strict=True):
        array[...] = contents
    second = max(sum(ticks), 1) / elapsed
    trips = iterations(program)
    return [
        Row(
            launch.kernel, launch.title, launch.chunks, spent / second, launch.flops * trips[k], launch.nbytes * trips[k],
            launch.origins[0].describe() if launch.origins and launch.origins[0].file else "",
        )
        for k, (launch, spent) in enumerate(zip(program.plan.launches, ticks, strict=True))
    ]  # fmt: skip


def iterations(program: Program) -> list[int]:
    """How often each launch runs."""
    plan, result = program.plan, [1] * len(program.plan.launches)
    for loop in plan.loops:
        for stage in plan.stages[loop.first : loop.first + loop.count]:
            for chain in plan.chains[stage.first : stage.first + stage.count]:
                for number in range(chain.first, chain.first + chain.count):
                    result[number] = loop.trips
    return result


def table(name: str, rows: Sequence[Row]) -> str:
    """The rows as text, in running order."""
    total, peak = sum(row.seconds for row in rows) or 1e-12, peak_flops()
    head = f"{'#':>3}  {'kernel':44} {'what':34} {'chunks':>6} {'us':>8} {'GFLOP/s':>8} {'GB/s':>7} {'%peak':>6} {'step':>5}"
    lines = [f"{name}: {len(rows)} launches, {total * 1e3:.3f} ms on one thread, peak {peak / 1e9:.0f} GFLOP/s a core", head]
    for number, row in enumerate(rows):
        rate, flow = row.flops / max(row.seconds, 1e-12), row.nbytes / max(row.seconds, 1e-12)
        lines.append(
            f"{number:3d}  {row.kernel[:44]:44} {row.title[:34]:34} {row.chunks:6d} {row.seconds * 1e6:8.1f} {rate / 1e9:8.1f} "
            f"{flow / 1e9:7.1f} {100 * rate / peak:6.1f} {100 * row.seconds / total:4.0f}%"
        )
    return "\n".join(lines)


_runs: WeakKeyDictionary[Program, int] = WeakKeyDictionary()


def _on_run(program: Program, inputs: Sequence[int]) -> None:
    count = _runs.get(program, 0) + 1
    _runs[program] = count
    if (count == WARM or settings.debug > 1) and not program.plan.host_calls:  # a host call would have its effect again
        _print(table(program.plan.name, measure(program, inputs)))


def _on_kernel(name: str, seconds: float) -> None:
    if settings.debug:
        _print(f"compiled {name} in {seconds * 1e3:.1f} ms")


def _on_program(name: str, seconds: float, launches: int) -> None:
    if settings.debug:
        _print(f"planned {name}: {launches} launches in {seconds * 1e3:.1f} ms")


def _on_trace(name: str, reason: str) -> None:
    if settings.debug:
        _print(f"traced {name}: {reason}")


def _print(text: str) -> None:
    sys.stderr.write(text + "\n")


def watch() -> None:
    """Listens to lower rooms; loaded by `import gradwerk` when GRADWERK_DEBUG is set."""
    listen("run", _on_run)
    listen("kernel compiled", _on_kernel)
    listen("compiled", _on_program)
    listen("traced", _on_trace)
