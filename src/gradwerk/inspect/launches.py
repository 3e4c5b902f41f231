"""What ran, how fast: one line per launch with time, GFLOP/s, GB/s, percent of the measured peak, share of the step.

GRADWERK_DEBUG=1 prints the table of every program at its third run (warm), and each compilation and the reason of each new trace;
GRADWERK_DEBUG=2 prints it at every run.  Times are one thread's: the launches run one after the other, each between two time stamps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from gradwerk.base.origin import Origin
from gradwerk.base.screen import say
from gradwerk.base.settings import settings
from gradwerk.inspect.peak import peak_flops
from gradwerk.ir.op import Array
from gradwerk.runtime.memory import address, empty, view
from gradwerk.runtime.pool import pool
from gradwerk.runtime.program import Program, Trace
from gradwerk.runtime.tables import iterations

WARM = 3
_MOST_LAYERS = 3


@dataclass(frozen=True)
class Row:
    """One launch: seconds over all chunks and iterations, and its useful work."""

    kernel: str
    title: str
    chunks: int
    trips: int
    seconds: float
    flops: int
    nbytes: int
    where: str
    layers: tuple[str, ...] = ()
    """The module paths of all that it computes, each once; see `inspect.layers`."""


def watched(program: Program, inputs: Sequence[int], *, alone: bool = False, warm: bool = True) -> Trace:
    """A run with time stamps, after one to warm up.  What the program writes in place is put back afterwards."""
    made = [empty(shape, dtype) for _, shape, dtype in program.fresh]
    outputs = [address(array) for array in made]
    buffers = program.plan.outputs
    written: list[Array] = [view(inputs[taken], buffers[number].shape, buffers[number].dtype) for number, taken in program.taken]
    before = [array.copy() for array in written]
    try:
        if warm:
            program.watch(inputs, outputs, alone=alone)
        return program.watch(inputs, outputs, alone=alone)
    finally:
        try:
            _put_back(written, before)
        except BaseException:  # a signal came
            _put_back(written, before)
            raise


def _put_back(arrays: Sequence[Array], contents: Sequence[Array]) -> None:
    """May be done twice."""
    for array, held in zip(arrays, contents, strict=True):
        array[...] = held


def measure(program: Program, inputs: Sequence[int]) -> list[Row]:
    """The rows of one run on these addresses, by this thread alone."""
    trace = watched(program, inputs, alone=True)
    trips = iterations(program.plan)
    return [
        Row(
            launch.kernel, launch.title, launch.chunks, trips[k], ticks * trace.tick, launch.flops * trips[k], launch.nbytes * trips[k],
            where(launch.origins), tuple(dict.fromkeys(origin.path for origin in launch.origins)),
        )
        for k, (launch, ticks) in enumerate(zip(program.plan.launches, trace.ticks, strict=True))
    ]  # fmt: skip


def where(origins: Sequence[Origin]) -> str:
    """The layers that a launch computes for, and the first line of the program that asked for it."""
    paths = list(dict.fromkeys(origin.path for origin in origins if origin.path))
    line = next((origin.describe() for origin in origins if origin.file), "")
    return "  ".join(filter(None, (", ".join(paths[:_MOST_LAYERS]) + (", ..." if len(paths) > _MOST_LAYERS else ""), line)))


def table(name: str, rows: Sequence[Row], together: str = "") -> str:
    """The rows as text, in running order; `together` says more of the whole."""
    total, peak = sum(row.seconds for row in rows) or 1e-12, peak_flops()
    flops = sum(row.flops for row in rows)
    lines = [
        f"{name}: {len(rows)} launches, {total * 1e3:.3f} ms on one thread{together}, {flops / total / 1e9:.1f} GFLOP/s; "
        f"the peak of a core is {peak / 1e9:.0f}",
        f"{'#':>3}  {'kernel':40}  {'what':36} {'times':>8} {'us':>9} {'GFLOP/s':>8} {'GB/s':>7} {'%peak':>6} {'%step':>6}  layer and line",
    ]
    for number, row in enumerate(rows):
        rate, flow = row.flops / max(row.seconds, 1e-12), row.nbytes / max(row.seconds, 1e-12)
        times = f"{row.chunks}" if row.trips == 1 else f"{row.trips}x{row.chunks}"
        lines.append(
            f"{number:3d}  {row.kernel[:40]:40}  {row.title[:36]:36} {times:>8} {row.seconds * 1e6:9.1f} {rate / 1e9:8.1f} "
            f"{flow / 1e9:7.1f} {100 * rate / peak:6.1f} {100 * row.seconds / total:6.1f}  {row.where}".rstrip()
        )
    return "\n".join(lines)


_runs: WeakKeyDictionary[Program, int] = WeakKeyDictionary()


def on_run(program: Program, inputs: Sequence[int]) -> None:
    """Prints the table of a program that is warm."""
    count = _runs.get(program, 0) + 1
    _runs[program] = count
    if (count == WARM or settings.debug > 1) and not program.plan.host_calls:  # a host call would have its effect again
        rows, shared = measure(program, inputs), watched(program, inputs, warm=False)
        threads = pool(program.executor).size if program.parallel else 1
        say(table(program.plan.name, rows, f", {shared.seconds * 1e3:.3f} ms on {threads}" if threads > 1 else ""))


def on_kernel(name: str, seconds: float) -> None:
    """Says that a kernel was not in the cache."""
    if settings.debug:
        say(f"gradwerk: compiled {name} in {seconds * 1e3:.1f} ms")


def on_program(name: str, seconds: float, launches: int, host: int) -> None:
    """Says what a graph became, where `settings.debug` is set.

    Args:
        name: the content name of the program.
        seconds: how long it was planned.
        launches: kernels that a run launches.
        host: calls of NumPy references in a run.
    """
    if settings.debug:
        calls = f" and {host} calls of NumPy references" if host else ""
        say(f"gradwerk: planned {name}: {launches} launches{calls} in {seconds * 1e3:.1f} ms")


def on_host_loop(what: str, length: int, ops: tuple[str, ...]) -> None:
    """Says that a loop calls Python in every step, and why."""
    if settings.debug:
        steps = f" of {length} steps" if length and what != "branch" else ""
        say(f"gradwerk: a {what}{steps} calls NumPy references each time, for {', '.join(ops)} in its body")

