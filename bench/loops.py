"""Loops as people write them: one file, run by PyTorch or by `gradwerk.torch`, as it stands or compiled.

    python bench/loops.py LOOP torch|gradwerk eager|compile SECONDS THREADS

With `compile` the step is compiled whole by ours, the model by PyTorch, as its documentation has it.  Generating, and trees, are not.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from timing import measure
from workloads import ADAM_RATE, EMBEDDED, LEARNING_RATE, MOMENTUM, STEPS, SYMBOLS, UNITS, WORKLOADS

Step = tuple[Callable[[], object], Callable[[], float]]
TREES, LEAVES, WORDS, HIDDEN, LETTERS = 200, (5, 25), 64, 128, 300
UNCOMPILED = ("trees", "generate")


class Loops:
    """The loops, written in one of the two packages.

    Args:
        torch: `torch`, or what has its names.
        package: which it is.
        compiled: whether the step, or the model, goes through `torch.compile`.
    """

    def __init__(self, torch: Any, package: str, *, compiled: bool) -> None:
        self.torch, self.nn, self.ours, self.compiled = torch, torch.nn, package == "gradwerk", compiled
        torch.manual_seed(0)

    def trained(self, model: Any, optimizer: Any, x: Any, y: Any, loss_of: Callable[[Any, Any], Any]) -> Step:
        """zero_grad, forward, loss, backward, step."""
        answer = self.torch.compile(model) if self.compiled and not self.ours else model
        last: list[Any] = [None]

        def step() -> Any:
            optimizer.zero_grad()
            loss = loss_of(answer(x), y)
            loss.backward()
            optimizer.step()
            return loss

        run = self.torch.compile(step) if self.compiled and self.ours else step

        def kept() -> None:
            last[0] = run()

        return kept, lambda: float(last[0])

    def batch(self, name: str) -> tuple[Any, Any]:
        """A workload's batch; labels are whole numbers of 64 bits."""
        x, y = (self.torch.from_numpy(array) for array in WORKLOADS[name].data())
        return x, y if name == "tiny" else y.long()

    def tiny(self) -> Step:
        """2-8-1, batch 4, SGD with momentum."""
        nn, (x, y) = self.nn, self.batch("tiny")
        model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
        return self.trained(model, self.torch.optim.SGD(model.parameters(), LEARNING_RATE, MOMENTUM), x, y, nn.MSELoss())

    def mlp(self) -> Step:
        """784-512-256-10, batch 128, Adam."""
        nn, (x, y) = self.nn, self.batch("mlp")
        model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
        return self.trained(model, self.torch.optim.Adam(model.parameters(), ADAM_RATE), x, y, nn.CrossEntropyLoss())

    def lenet(self) -> Step:
        """LeNet-5, batch 128, SGD with momentum."""
        nn, (x, y) = self.nn, self.batch("lenet")
        model = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
        )  # fmt: skip
        optimizer = self.torch.optim.SGD(model.parameters(), LEARNING_RATE, MOMENTUM)
        return self.trained(model, optimizer, x.permute(0, 3, 1, 2).contiguous(), y, nn.CrossEntropyLoss())

    def lstm(self) -> Step:
        """A language model: embedding, nn.LSTM, a dense layer at every step."""
        model, (x, y) = language(self.nn), self.batch("lstm")
        loss = self.nn.CrossEntropyLoss()
        optimizer = self.torch.optim.Adam(model.parameters(), ADAM_RATE)
        return self.trained(model, optimizer, x.long(), y, lambda a, b: loss(a.flatten(0, 1), b.flatten()))

    def resnet20(self) -> Step:
        """ResNet-20 on pictures of 32 x 32, batch 32, SGD with momentum."""
        model, draw = resnet20(self.nn), np.random.default_rng(0)
        x = self.torch.from_numpy(draw.standard_normal((32, 3, 32, 32), np.float32))
        y = self.torch.from_numpy(draw.integers(0, 10, 32))
        optimizer = self.torch.optim.SGD(model.parameters(), LEARNING_RATE, MOMENTUM)
        return self.trained(model, optimizer, x, y, self.nn.CrossEntropyLoss())

    def cells(self) -> Step:
        """An LSTM cell written by hand, `for t in range(100)`, batch 64."""
        model, (x, y) = cells(self.torch, self.nn), self.batch("lstm")
        loss = self.nn.CrossEntropyLoss()
        optimizer = self.torch.optim.Adam(model.parameters(), ADAM_RATE)
        return self.trained(model, optimizer, x.long(), y, lambda a, b: loss(a.flatten(0, 1), b.flatten()))

    def trees(self) -> Step:
        """A tree-LSTM: one of 200 different trees at a step, SGD."""
        torch, nn, draw = self.torch, self.nn, np.random.default_rng(0)
        words, left, right = nn.Embedding(50, WORDS), nn.Linear(2 * WORDS, 5 * WORDS), nn.Linear(WORDS, 2)
        parameters = [*words.parameters(), *left.parameters(), *right.parameters()]
        optimizer, loss_of = torch.optim.SGD(parameters, LEARNING_RATE), nn.CrossEntropyLoss()
        forest = [tree(draw, int(draw.integers(*LEAVES))) for _ in range(TREES)]
        labels = [torch.tensor([int(draw.integers(0, 2))]) for _ in range(TREES)]
        zero = torch.zeros(1, WORDS)

        def visit(node: Any) -> tuple[Any, Any]:
            if isinstance(node, int):
                return words(torch.tensor([node])), zero
            (h1, c1), (h2, c2) = visit(node[0]), visit(node[1])
            gates = left(torch.cat([h1, h2], 1))
            i, f1, f2, o, g = (gates[:, k * WORDS : (k + 1) * WORDS] for k in range(5))
            c = torch.sigmoid(i) * torch.tanh(g) + torch.sigmoid(f1) * c1 + torch.sigmoid(f2) * c2
            return torch.sigmoid(o) * torch.tanh(c), c

        last: list[Any] = [None, 0]

        def step() -> None:
            last[1] = (last[1] + 1) % TREES
            optimizer.zero_grad()
            last[0] = loss_of(right(visit(forest[last[1]])[0]), labels[last[1]])
            last[0].backward()
            optimizer.step()

        return step, lambda: float(last[0])

    def generate(self) -> Step:
        """300 characters, one by one, the most likely of each step, by an LSTM of 128 units."""
        torch, nn = self.torch, self.nn
        embedding, lstm, dense = nn.Embedding(SYMBOLS, EMBEDDED), nn.LSTM(EMBEDDED, HIDDEN, batch_first=True), nn.Linear(HIDDEN, SYMBOLS)
        last = [0]

        def step() -> None:
            symbol, state = 1, None
            with torch.no_grad():
                for _ in range(LETTERS):
                    made, state = lstm(embedding(torch.tensor([[symbol]])), state)
                    symbol = int(dense(made[:, -1]).argmax(-1).item())
            last[0] = symbol

        return step, lambda: float(last[0])


LOOPS = {
    "tiny": 0.20, "mlp": 0.80, "lenet": 0.30, "lstm": 0.75, "resnet20": 0.75, "cells": 0.60, "trees": 0.80, "generate": 1.0,
}  # fmt: skip
"""The loops, and the bound of each: its time over that of the fastest PyTorch."""


def what(name: str) -> str:
    """What a loop does, in a few words."""
    return str(getattr(Loops, name).__doc__).partition("\n")[0].rstrip(".")


def language(nn: Any) -> Any:
    """Embedding, LSTM, and a dense layer at every step."""

    class Language(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(SYMBOLS, EMBEDDED)
            self.lstm = nn.LSTM(EMBEDDED, UNITS, batch_first=True)
            self.dense = nn.Linear(UNITS, SYMBOLS)

        def forward(self, ids: Any) -> Any:
            return self.dense(self.lstm(self.embedding(ids))[0])

    return Language()


def cells(torch: Any, nn: Any) -> Any:
    """The same with the recurrence written out."""

    class Cells(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(SYMBOLS, EMBEDDED)
            self.gates = nn.Linear(EMBEDDED + UNITS, 4 * UNITS)
            self.dense = nn.Linear(UNITS, SYMBOLS)

        def forward(self, ids: Any) -> Any:
            x, rows = self.embedding(ids), []
            h = c = torch.zeros(x.shape[0], UNITS)
            for t in range(STEPS):
                gates = self.gates(torch.cat([x[:, t], h], 1))
                i, f, g, o = (gates[:, k * UNITS : (k + 1) * UNITS] for k in range(4))
                c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
                rows.append(h)
            return self.dense(torch.stack(rows, 1))

    return Cells()


def resnet20(nn: Any) -> Any:
    """He et al., 2015: three stages of three blocks, of 16, 32 and 64 channels."""

    class Block(nn.Module):
        def __init__(self, inside: int, channels: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inside, channels, 3, stride=stride, padding=1, bias=False)
            self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.norm1, self.norm2, self.relu = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels), nn.ReLU()
            self.short = nn.Sequential()
            if inside != channels:
                self.short = nn.Sequential(nn.Conv2d(inside, channels, 1, stride=stride, bias=False), nn.BatchNorm2d(channels))

        def forward(self, x: Any) -> Any:
            return self.relu(self.norm2(self.conv2(self.relu(self.norm1(self.conv1(x))))) + self.short(x))

    stages = [Block(a, b, 1 if k or b == 16 else 2) for b, before in ((16, 16), (32, 16), (64, 32)) for k, a in enumerate((before, b, b))]
    first = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    return nn.Sequential(*first, *stages, nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10))


def tree(draw: np.random.Generator, leaves: int) -> Any:
    """A binary tree of words, of a shape by chance."""
    if leaves == 1:
        return int(draw.integers(0, 50))
    cut = int(draw.integers(1, leaves))
    return tree(draw, cut), tree(draw, leaves - cut)


if __name__ == "__main__":
    name, package, variant, seconds, threads = sys.argv[1:]
    os.environ["GRADWERK_THREADS"] = threads
    torch = importlib.import_module("torch" if package == "torch" else "gradwerk.torch")
    if package == "torch":
        torch.set_num_threads(int(threads))
    measure(getattr(Loops(torch, package, compiled=variant == "compile"), name), float(seconds))
