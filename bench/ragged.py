"""Rows of different lengths: what a loop computes of them in each form, and what a training step takes.

    python bench/ragged.py [--only vowels] [--rounds 40] [--units 128]

Lengths are of real rows: utterances (vowels), and lines of Shakespeare, in characters.  Forms of a batch:

    longest    padded to the longest row of all, with a mask: one plan
    batch      padded to the longest row of the batch, with a mask
    sorted     the same, of rows that were sorted by length before they were put into batches: other batches than the user's
    ragged     ragged values in lanes

A figure is the least processor time of a step, for each batch of one pass, with the making of the batch, on one thread; their mean.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("GRADWERK_THREADS", "1")

import numpy as np

import gradwerk as gw
from gradwerk.data.datasets import shakespeare, vowels
from gradwerk.nn import init
from gradwerk.nn.embedding import embedding
from gradwerk.nn.linear import linear
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy
from gradwerk.nn.optimizer import Adam
from gradwerk.nn.recurrent import lstm_cell
from gradwerk.ragged.build import bucket
from gradwerk.tensor.random import default_generator

Array = np.ndarray[Any, Any]
MOST_ROWS = 1600


@dataclass
class Rows:
    """What is trained on: rows, their labels (one a row, or one an element), how many features or symbols and classes."""

    name: str
    x: list[Array]
    y: list[Any]
    inputs: int
    classes: int
    batch: int

    @property
    def is_text(self) -> bool:
        """Whether elements are symbols, and each has a label."""
        return self.x[0].ndim == 1


def utterances() -> Rows:
    """Nine speakers; one label a row."""
    data = vowels().train
    return Rows("vowels", list(data.x), list(data.y), 12, 9, 54)


def lines() -> Rows:
    """The next character, of each of a line."""
    text = [line for line in shakespeare().split("\n") if len(line) > 1][:MOST_ROWS]
    symbols = {symbol: number for number, symbol in enumerate(sorted(set("".join(text))))}
    ids = [np.array([symbols[symbol] for symbol in line]) for line in text]
    return Rows("lines", [row[:-1] for row in ids], [row[1:] for row in ids], len(symbols), len(symbols), 64)


def batches(rows: Rows, *, by_length: bool) -> list[Array]:
    """One pass: numbers of rows, by chance, or of like lengths."""
    random = np.random.default_rng(0)
    order = random.permutation(len(rows.x))
    if by_length:
        order = order[np.argsort([len(rows.x[k]) for k in order], kind="stable")]
    count = len(order) // rows.batch
    return np.split(order[: count * rows.batch], count)


class Model:
    """An LSTM and a linear layer, at the last element of a row or at each."""

    def __init__(self, rows: Rows, units: int) -> None:
        gw.seed(0)
        source, features = default_generator(), 64 if rows.is_text else rows.inputs
        self.is_text, self.units = rows.is_text, units
        self.table = gw.Parameter(init.uniform((rows.inputs, features), source))
        self.kernel = gw.Parameter(init.glorot_uniform((features, 4 * units), source))
        self.recurrent = gw.Parameter(init.orthogonal((units, 4 * units), source))
        self.bias = gw.Parameter(np.repeat(np.array([0, 1, 0, 0], np.float32), units))
        self.answer = gw.Parameter(init.glorot_uniform((units, rows.classes), source))
        self.weights = [self.kernel, self.recurrent, self.bias, self.answer] + ([self.table] if rows.is_text else [])
        self.optimizer = Adam(self.weights, 0.001)
        self.step = gw.compile(self.trained)

    def trained(self, batch: Any, labels: Any) -> gw.Tensor:
        """One step."""
        loss = self.ragged_loss(batch, labels) if isinstance(batch, gw.ragged.Ragged) else self.padded_loss(*batch, labels)
        self.optimizer.apply(gw.grad(loss, self.weights))
        return loss

    def ragged_loss(self, x: gw.ragged.Ragged, labels: Any) -> gw.Tensor:
        """The mean loss of a ragged batch."""
        embed = (lambda ids: embedding(ids, self.table)) if self.is_text else None
        steps, last, _ = gw.ragged.lstm(x, self.kernel, self.recurrent, self.bias, before=embed)
        if not self.is_text:
            return mean_loss(softmax_cross_entropy(linear(last, self.answer), labels))
        return gw.ragged.mean_of_all(steps.map(lambda h: linear(h, self.answer)).map(softmax_cross_entropy, labels))

    def padded_loss(self, x: gw.Tensor, mask: gw.Tensor, labels: gw.Tensor) -> gw.Tensor:
        """The mean loss of rectangles (time, rows, ...)."""
        if self.is_text:
            x = embedding(x, self.table)
        zeros = gw.Tensor(np.zeros((x.shape[1], self.units), np.float32))

        def step(state: Any, given: Any) -> Any:
            z, there = given
            now = lstm_cell(z, *state, self.recurrent)
            return tuple(gw.where(there, new, old) for new, old in zip(now, state, strict=True)), now[0]

        (last, _), steps = gw.scan(step, (zeros, zeros), (linear(x, self.kernel, self.bias), mask))
        if not self.is_text:
            return mean_loss(softmax_cross_entropy(linear(last, self.answer), labels))
        values = softmax_cross_entropy(linear(steps, self.answer), labels)
        there = gw.reshape(mask, values.shape)
        return gw.reduce_sum(gw.where(there, values, 0.0)) / gw.reduce_sum(gw.cast(there, np.float32))


def padded_to(longest: int | None) -> Callable[[Rows, Array, int], tuple[Any, Any, int]]:
    """Makes rectangles of so many steps, or of as many as the batch has."""

    def make(rows: Rows, chosen: Array, lanes: int) -> tuple[Any, Any, int]:
        found = [rows.x[k] for k in chosen]
        extent = longest or max(map(len, found))
        x = np.zeros((extent, len(found), *found[0].shape[1:]), found[0].dtype)
        mask = np.zeros((extent, len(found), 1), np.bool_)
        for k, row in enumerate(found):
            x[: len(row), k] = row
            mask[: len(row), k] = True
        labels: Any = np.array([rows.y[k] for k in chosen]) if not rows.is_text else np.zeros_like(x)
        for k, row in enumerate([rows.y[k] for k in chosen] if rows.is_text else []):
            labels[: len(row), k] = row
        return (gw.Tensor(x), gw.Tensor(mask)), gw.Tensor(labels), mask.size

    return make


def ragged(rows: Rows, chosen: Array, lanes: int) -> tuple[Any, Any, int]:
    """Makes ragged values in lanes."""
    x = gw.ragged.in_lanes(gw.ragged.from_rows([rows.x[k] for k in chosen]), lanes)
    found = [rows.y[k] for k in chosen]
    labels = x.with_flat(gw.ragged.from_rows(found).flat) if rows.is_text else gw.Tensor(np.array(found))
    return x, labels, int(np.prod(x.lanes.first.shape))


def measured(rows: Rows, units: int, rounds: int) -> None:
    """Prints the table of one set of rows."""
    lengths = np.array([len(row) for row in rows.x])
    lanes = gw.ragged.lanes_for(lengths, rows.batch)
    used = np.mean([lengths[chosen].sum() for chosen in batches(rows, by_length=False)])
    tail = np.mean([1 - lengths[chosen].sum() / bucket(int(lengths[chosen].sum())) for chosen in batches(rows, by_length=False)])
    print(f"\n{rows.name}: {len(lengths)} rows of {lengths.min()} to {lengths.max()}, mean {lengths.mean():.1f}; batches of {rows.batch}, "
          f"{used:.0f} elements each, tail {tail:.0%} of the capacity, {lanes} lanes; LSTM of {units} units")  # fmt: skip
    forms = {"longest": padded_to(int(lengths.max())), "batch": padded_to(None), "sorted": padded_to(None), "ragged": ragged}
    passes = {name: batches(rows, by_length=name == "sorted") for name in forms}
    models = {name: Model(rows, units) for name in forms}
    least = {name: np.full(len(passes[name]), np.inf) for name in forms}
    cells, losses = dict.fromkeys(forms, 0.0), dict.fromkeys(forms, 0.0)
    for _ in range(rounds):
        for name, make in forms.items():
            counted = []
            for k, chosen in enumerate(passes[name]):
                begin = time.process_time()
                batch, labels, count = make(rows, chosen, lanes)
                loss = models[name].step(batch, labels)
                least[name][k] = min(least[name][k], time.process_time() - begin)
                counted.append(count)
            cells[name], losses[name] = float(np.mean(counted)), loss.item()
    for name in forms:
        plans = sum(map(len, models[name].step.specializations.values()))
        took, whole = least[name].mean(), least["longest"].mean()
        print(f"{name:8} {cells[name]:7.0f} cells ({cells[name] / used:.2f} of the elements)  {took * 1e3:6.2f} ms  {took / whole:.2f}  "
              f"{plans:3} plans  loss {losses[name]:.5f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    sets = {"vowels": utterances, "lines": lines}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sets)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--units", type=int, default=128)
    asked = parser.parse_args()
    for name, make in sets.items():
        if asked.only in (None, name):
            measured(make(), asked.units, asked.rounds)
