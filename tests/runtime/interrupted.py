"""Signals at random moments of a hand-written compiled loop: python -m tests.runtime.interrupted 200 [SEED [THREADS]]

After each one every Tensor that the step writes must be as before the step or as behind it, all alike, with its gradient and version; and
arrays made afterwards must stay as they were made.  Ctrl-C, several of them, and a handler that raises something of its own take turns.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter

import numpy as np

import gradwerk as gw
from gradwerk.base.settings import settings
from gradwerk.ir.words import EPOCH, OWNER
from gradwerk.runtime import pool as pools

AHEAD, LAYERS, WIDTH = 120, 12, 384


class Enough(Exception):
    """What a handler raises."""


class Loop:
    """A step of some two tenths of a second that adds one to each of its Tensors, from the middle on, and leaves gradients.

    What it computes with the new weights makes them be written so early.
    """

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.x = (rng.normal(size=(WIDTH, WIDTH)) * 0.05).astype(np.float32)
        self.weights = [gw.Parameter(np.zeros((WIDTH, WIDTH), np.float32)) for _ in range(LAYERS)]
        self.count = gw.Tensor(np.zeros((), np.float32))
        weights, count = self.weights, self.count

        def step(x: gw.Tensor) -> list[gw.Tensor]:
            h, made, loss = x, [], 0.0
            for _ in range(AHEAD):  # nothing is written before this is done
                h = gw.tanh(h @ x)
            for w in weights:
                h = gw.tanh(h @ (x + w * 0.0))
                loss = loss + gw.reduce_sum(w) * (count + 1.0)
                made.append(h)
            loss.backward()
            with gw.no_grad():
                for w, h in zip(weights, made, strict=True):
                    w.assign(w + 1.0 + h * 0.0)
                    w.grad = w.grad * 1.0
                count.assign(count + 1.0 + gw.reduce_sum(h) * 0.0)
                for w in weights:
                    h = gw.tanh(h @ (x + w * 0.0))
            return [*made, h]

        def fresh(x: gw.Tensor) -> list[gw.Tensor]:
            for w in weights:
                w.grad = None
            return step(x)

        self.step = gw.compile(fresh)

    def state(self) -> tuple[float, ...]:
        """The number that all Tensors hold; raises AssertionError where they disagree."""
        number = float(self.count.numpy())
        for w in self.weights:
            held = w.numpy()
            assert held.min() == held.max() == number, f"a weight holds {held.min()} to {held.max()}, the counter {number}"
        grads = [None if w.grad is None else w.grad.numpy() for w in self.weights]
        marks = {None if grad is None else (float(grad.min()), float(grad.max())) for grad in grads}
        assert len(marks) == 1, f"gradients of several steps: {marks}"
        assert marks == ({(number, number)} if number else {None}), f"gradients {marks}, the counter {number}"
        return number, *(w._storage.version for w in self.weights)


class Armed:
    """Handlers raise while this is on: inside of a step, at whatever line, and not while we look at what it left."""

    on = False

    def interrupt(self, number: int, frame: object) -> None:
        if self.on:
            raise KeyboardInterrupt if number == signal.SIGINT else Enough


def strike(count: int, *, seed: int, threads: int) -> Counter[str]:
    """`count` interrupted steps; how they ended.  Raises: AssertionError where one left something torn."""
    chance, ends, armed = random.Random(seed), Counter[str](), Armed()
    earlier = [signal.signal(number, armed.interrupt) for number in (signal.SIGINT, signal.SIGUSR1)]
    try:
        with settings.scope(threads=threads):
            loop = Loop()
            for _ in range(3):
                loop.step(loop.x)
            begin = time.perf_counter()
            loop.step(loop.x)
            usual = time.perf_counter() - begin
            while sum(times for kind, times in ends.items() if kind != "through, whole") < count:
                ends[one(loop, armed, chance, usual)] += 1
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGUSR1), earlier, strict=True):
            signal.signal(number, handler)
    return ends


def one(loop: Loop, armed: Armed, chance: random.Random, usual: float) -> str:
    """One step with signals at a random moment; how it ended."""
    before = loop.state()
    kinds = [chance.choice([signal.SIGINT, signal.SIGUSR1]) for _ in range(chance.choice([1, 1, 1, 2, 3]))]
    delay, gap = chance.uniform(0, usual), chance.uniform(0, 0.3 * usual)

    def send() -> None:
        time.sleep(delay)
        for kind in kinds:
            os.kill(os.getpid(), kind)
            time.sleep(gap)

    thread = threading.Thread(target=send)
    thread.start()
    end = attempt(loop, armed)
    if end != "through":
        quiet()
    mine = [np.zeros((WIDTH, WIDTH), np.float32) for _ in range(LAYERS)]
    thread.join()
    after = loop.state()
    assert not any(array.any() for array in mine), "an array made after the step was written"
    done = after[0] - before[0]
    assert done == 1 if end == "through" else done in (0, 1)
    assert done == 0 or all(new > old for new, old in zip(after[1:], before[1:], strict=True)), "a write was not counted"
    return f"{end}, {'whole' if done else 'dropped'}"


def attempt(loop: Loop, armed: Armed) -> str:
    """The step, with handlers that raise; between the step and `on = False` no line could be interrupted."""
    try:
        armed.on = True
        loop.step(loop.x)
        armed.on = False
    except (KeyboardInterrupt, Enough) as error:
        armed.on = False
        return type(error).__name__
    return "through"


def quiet() -> None:
    """Nobody is inside the run that was left."""
    workers = pools._pool
    if workers is not None and workers.threads:
        assert not workers.control[OWNER], "the run still has the pool"
        assert workers.through() >= int(workers.control[EPOCH]), "workers are still inside the run"


def main(count: int = 200, seed: int = 0, threads: int = 2) -> None:
    """The command."""
    for kind, times in sorted(strike(count, seed=seed, threads=threads).items()):
        print(f"{times:5} {kind}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
