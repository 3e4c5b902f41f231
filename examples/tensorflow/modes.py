"""One computation in three modes: at once, as a compiled function, and as a graph in a session.  Course: 8.7 Eager and static, 8.8 Levels.

    python examples/tensorflow/modes.py

Newton's iteration for square roots, with a loop whose length depends on the numbers: `while` over Tensors runs as Python does at once, and
becomes one operation in `tf.function` and in a graph.  All three give the same bits; the times are of one call.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import gradwerk.tf as tf

CLOSE = 1e-6


def root(x: tf.Tensor) -> tf.Tensor:
    """Square roots of positive numbers."""
    guess = tf.ones_like(x)
    while tf.reduce_max(tf.abs(guess * guess - x) / x) > CLOSE:
        guess = 0.5 * (guess + x / guess)
    return guess


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and the milliseconds of the fastest of twenty calls."""
    found, best = run(), float("inf")
    for _ in range(20):
        start = time.perf_counter()
        found = run()
        best = min(best, time.perf_counter() - start)
    return found, 1e3 * best


def main() -> None:
    """Runs all three, and compares."""
    numbers = np.random.default_rng(0).uniform(0.1, 100.0, 1000).astype(np.float32)
    x = tf.constant(numbers)
    compiled = tf.function(root)
    v1 = tf.compat.v1
    with v1.Graph().as_default() as graph:
        given = v1.placeholder(v1.float32, [None])
        loop = v1.while_loop(
            lambda guess: tf.reduce_max(tf.abs(guess * guess - given) / given) > CLOSE,
            lambda guess: 0.5 * (guess + given / guess),
            [tf.ones_like(given)],
        )
    session = v1.Session(graph=graph)
    ways = {
        "at once": lambda: root(x).numpy(),
        "tf.function": lambda: compiled(x).numpy(),
        "session": lambda: np.asarray(session.run(loop, {given: numbers})).reshape(-1),
    }
    found = {}
    for name, run in ways.items():
        found[name], milliseconds = timed(run)
        print(f"{name:12} {milliseconds:8.3f} ms")
    session.close()
    same = all(np.array_equal(found["at once"], each) for each in found.values())
    worst = np.abs(found["session"] - np.sqrt(numbers)).max()
    print(f"equal bits: {same}, largest distance from the root: {worst:.1e}")


if __name__ == "__main__":
    main()
