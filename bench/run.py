"""Whole training steps, ours and the peers', in rounds that take turns.

    python bench/run.py [--loops] [--only lenet,mlp] [--peers PYTHON] [--rounds 5] [--seconds 2] [--cores 0,1] [--json FILE]

Every measurement is a process of its own, pinned to the same cores, and the rounds are interleaved: a slow minute of the machine hits
all rows.  A row's time is the median of its rounds; its ratio is to the fastest peer of the workload.  `--loops`: loops as people write
them, the same file run by PyTorch and by `gradwerk.torch`, instead of steps compiled whole.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from loops import LOOPS, UNCOMPILED
from loops import what as what_of_loop
from workloads import BLOCKS, WORKLOADS

HERE = Path(__file__).resolve().parent
LONGEST = 300


@dataclass(frozen=True)
class Row:
    """One way to run the workloads: a script, its variant, and the package it measures ("" for ours)."""

    name: str
    script: str
    variant: tuple[str, ...]
    package: str = ""
    without: Collection[str] = ()
    """The workloads that it does not run."""
    threads: int | None = None
    """Those it gets; None for one on each core."""


@dataclass(frozen=True)
class Suite:
    """What is measured: rows, and workloads, each with what it is and its bound."""

    rows: tuple[Row, ...]
    workloads: dict[str, tuple[str, float]]


STEPS = Suite(
    (
        Row("gradwerk", "ours.py", ("raw",)),
        Row("gradwerk train_on_batch", "ours.py", ("keras",), without=BLOCKS),
        Row("torch eager", "peer_torch.py", ("eager",), "torch"),
        Row("torch.compile", "peer_torch.py", ("compile",), "torch"),
        Row("jax", "peer_jax.py", ("jit",), "jax"),
        Row("keras on tensorflow", "peer_keras.py", ("tf",), "tensorflow"),
    ),
    {name: (workload.what, workload.bound) for name, workload in WORKLOADS.items()},
)
UNMODIFIED = Suite(
    (
        Row("gradwerk", "loops.py", ("gradwerk", "eager")),
        Row("gradwerk, step compiled", "loops.py", ("gradwerk", "compile"), without=UNCOMPILED),
        Row("torch eager", "loops.py", ("torch", "eager"), "torch"),
        Row("torch eager, 1 thread", "loops.py", ("torch", "eager"), "torch", threads=1),
        Row("torch.compile", "loops.py", ("torch", "compile"), "torch", without=UNCOMPILED),
    ),
    {name: (what_of_loop(name), bound) for name, bound in LOOPS.items()},
)
"""The unmodified loops."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; the exit code is 1 where a measurement of ours failed."""
    options = parse(arguments)
    suite = UNMODIFIED if options.loops else STEPS
    rows = [row for row in suite.rows if not row.package or (options.peers and has(options.peers, row.package))]
    results: dict[str, dict[str, list[dict[str, float]]]] = {name: {} for name in options.only}
    failed: dict[tuple[str, str], str] = {}
    for number in range(options.rounds):
        for name in options.only:
            for row in rows:
                if (name, row.name) in failed or name in row.without:
                    continue
                outcome = measure(row, name, options)
                if isinstance(outcome, str):
                    failed[name, row.name] = outcome
                else:
                    results[name].setdefault(row.name, []).append(outcome)
            print(f"\rround {number + 1} of {options.rounds}: {name:<10}", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    print(table(suite, results))
    for (name, row_name), why in failed.items():
        print(f"\n{name}, {row_name}: failed\n{why}", file=sys.stderr)
    path = Path(options.json or HERE / "results" / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), "cores": options.cores, "rounds": options.rounds, "results": results}, indent=1))
    print(f"\n{path}")
    return int(any(not row.package for row in suite.rows for name in options.only if (name, row.name) in failed))


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, checked."""
    parser = argparse.ArgumentParser(description="Times whole training steps.", allow_abbrev=False)
    parser.add_argument("--loops", action="store_true", help="loops as people write them, by torch and by gradwerk.torch")
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"of {', '.join(WORKLOADS)}; loops: {', '.join(LOOPS)}")
    parser.add_argument("--peers", metavar="PYTHON", help="the interpreter of an environment with PyTorch, JAX or Keras")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of steps, for each measurement")
    parser.add_argument("--cores", type=lambda text: [int(core) for core in text.split(",")], default=sorted(os.sched_getaffinity(0))[:2])
    parser.add_argument("--json", help="where the figures go (bench/results/DATE-TIME.json)")
    options = parser.parse_args(arguments)
    known = (UNMODIFIED if options.loops else STEPS).workloads
    options.only = options.only or list(known)
    if unknown := [name for name in options.only if name not in known]:
        parser.error(f"no workload is named {', '.join(unknown)}; there are {', '.join(known)}")
    return options


def measure(row: Row, workload: str, options: argparse.Namespace) -> dict[str, float] | str:
    """One process: its figures, or the end of what it said."""
    python = options.peers if row.package else sys.executable
    threads = str(row.threads or len(options.cores))
    told = [threads] if row.package or row.script == "loops.py" else []
    words = [python, str(HERE / row.script), workload, *row.variant, str(options.seconds), *told]
    source = "" if row.package else os.pathsep.join([str(HERE.parent / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ, "PYTHONPATH": source, "GRADWERK_THREADS": threads, "OMP_NUM_THREADS": threads, "TF_CPP_MIN_LOG_LEVEL": "3",
        "KERAS_BACKEND": "tensorflow", "JAX_PLATFORMS": "cpu",
        "TORCHINDUCTOR_CACHE_DIR": str(Path(tempfile.gettempdir()) / "bench-inductor"),
    }  # fmt: skip
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, env=environment, timeout=LONGEST, check=False,
            preexec_fn=lambda: os.sched_setaffinity(0, options.cores),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"not done after {LONGEST} s"
    figures = [line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not figures:
        return "\n".join((done.stdout + done.stderr).splitlines()[-12:])
    result: dict[str, float] = json.loads(figures[0])
    return result


def table(suite: Suite, results: dict[str, dict[str, list[dict[str, float]]]]) -> str:
    """Milliseconds a step, the ratio to the fastest peer, the seconds of the first step."""
    lines = []
    for name, rows in results.items():
        times = {row: statistics.median(outcome["ms"] for outcome in outcomes) for row, outcomes in rows.items()}
        peers = {row.name for row in suite.rows if row.package}
        fastest = min((ms for row, ms in times.items() if row in peers), default=None)
        what, bound = suite.workloads[name]
        lines.append(f"{name}: {what}{f', bound {bound}' if fastest else ''}")
        for row, ms in times.items():
            ratio = f"{ms / fastest:8.2f}" if fastest else " " * 8
            low, high = (pick(outcome["ms"] for outcome in rows[row]) for pick in (min, max))
            first = statistics.median(outcome["first_s"] for outcome in rows[row])
            lines.append(f"  {row:<26}{ms:9.3f} ms {ratio}   rounds {low:.3f}..{high:.3f}   first step {first:.2f} s")
    return "\n".join(lines)


def has(python: str, package: str) -> bool:
    """Whether the peers' environment holds a package."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
    return subprocess.run([python, "-c", code], check=False, env={**os.environ, "PYTHONPATH": ""}).returncode == 0


def machine() -> dict[str, Any]:
    """What was measured on."""
    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {"cpu": names[0] if names else platform.processor(), "system": platform.platform(), "python": platform.python_version()}


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    sys.exit(main())
