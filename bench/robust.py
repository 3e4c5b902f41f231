"""What was promised that is not a ratio: equal bits, no new kernels, memory, a stolen core, cold start, import.

    python bench/robust.py          each line: what, measured, limit, ok or MISSED
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LENET = """
import os, sys, time, resource, hashlib
import numpy as np
import gradwerk
from gradwerk import keras
from gradwerk.base.events import listen
L = keras.layers
def model():
    keras.utils.set_random_seed(0)
    m = keras.Sequential([
        keras.Input((28, 28, 1)), L.Conv2D(6, 5, padding="same", activation="tanh"), L.AveragePooling2D(2),
        L.Conv2D(16, 5, activation="tanh"), L.AveragePooling2D(2), L.Flatten(),
        L.Dense(120, activation="tanh"), L.Dense(84, activation="tanh"), L.Dense(10),
    ])
    m.compile(keras.optimizers.SGD(0.05, momentum=0.9), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return m
r = np.random.default_rng(0)
x, y = r.random((1500, 28, 28, 1), dtype=np.float32), r.integers(0, 10, 1500)
"""

BITS = """
m = model(); m.fit(x, y, batch_size=128, epochs=3, verbose=0)
print(hashlib.sha256(b"".join(w.tobytes() for w in m.get_weights())).hexdigest())
"""
SIZES = """
made = []
m = model(); m.train_on_batch(x[:128], y[:128])
listen("kernel compiled", lambda name, seconds: made.append(name))
plans, steps = [], []
listen("compiled", lambda name, seconds, launches: plans.append(seconds))
for n in (64, 37, 100, 50, 96, 120, 5, 92, 1000, 33, 77):
    t = time.perf_counter(); m.train_on_batch(x[:n], y[:n]); steps.append(time.perf_counter() - t)
print(len(made), sorted(plans)[len(plans) // 2] * 1e3, sorted(steps)[len(steps) // 2] * 1e3, *made)
"""
MEMORY = """
m = model()
for _ in range(500): m.train_on_batch(x[:32], y[:32])
def now(): return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
before = now()
for _ in range(10_000): m.train_on_batch(x[:32], y[:32])
print(now() - before)
"""
STEP = """
m = model()
for _ in range(50): m.train_on_batch(x[:128], y[:128])
times = []
for _ in range(1000):
    t = time.perf_counter(); m.train_on_batch(x[:128], y[:128]); times.append(time.perf_counter() - t)
print(sorted(times)[500] * 1e3)
"""
START = """
import gradwerk.tensor.engine, gradwerk.compiler.pipeline, gradwerk.compiler.llvm.link as link
link.host_target()
m = model()
t = time.perf_counter(); m.train_on_batch(x[:128], y[:128]); print(time.perf_counter() - t)
"""
IMPORT = """
import time
import numpy
t = time.perf_counter(); import gradwerk; print((time.perf_counter() - t) * 1e3)
"""


def python(code: str, **environment: str) -> list[str]:
    """The words that a fresh interpreter prints."""
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def report(what: str, value: str, limit: str, *, ok: bool) -> None:
    print(f"{what:52} {value:>22}   {limit:22} {'ok' if ok else 'MISSED'}", flush=True)


def main() -> None:
    one = python(LENET + BITS, GRADWERK_THREADS="1")
    two, again = python(LENET + BITS, GRADWERK_THREADS="2"), python(LENET + BITS, GRADWERK_THREADS="2")
    report("weights after 3 epochs: 1, 2 threads, second run", one[0][:12], "equal bits", ok=one == two == again)
    count, plan, step, *names = python(LENET + SIZES)
    report("kernels compiled for batch sizes never seen", count, "0", ok=count == "0")
    report("a batch size never seen: graph to Plan, median", f"{float(plan):.1f} ms", "10 ms", ok=float(plan) <= 10)
    print(f"    with tracing and the step itself, median          {float(step):.1f} ms")
    if names:
        print("   ", *names)
    grown = float(python(LENET + MEMORY)[0])
    report("memory over 10,000 steps", f"{grown:+.1f} MB", "5 MB", ok=grown < 5)
    quiet = float(python(LENET + STEP)[0])
    hog = subprocess.Popen([sys.executable, "-c", "import os\nos.sched_setaffinity(0, {1})\nwhile True: pass"])
    time.sleep(0.3)
    busy = float(python(LENET + STEP)[0])
    hog.kill()
    report("a core taken: LeNet step", f"{quiet:.2f} -> {busy:.2f} ms", "2.5 times", ok=busy <= 2.5 * quiet)
    with tempfile.TemporaryDirectory() as folder:
        cold, cached = (float(python(LENET + START, GRADWERK_CACHE=folder)[0]) for _ in range(2))
    report("LeNet's first step, no cache", f"{cold:.2f} s", "0.6 s", ok=cold <= 0.6)
    report("LeNet's first step, from the cache", f"{cached:.2f} s", "0.1 s", ok=cached <= 0.1)
    added = min(float(python(IMPORT)[0]) for _ in range(5))
    report("import gradwerk, on top of NumPy", f"{added:.1f} ms", "60 ms", ok=added <= 60)


if __name__ == "__main__":
    main()
