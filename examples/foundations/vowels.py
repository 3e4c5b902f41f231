"""Nine speakers told apart by two vowels: rows of 7 to 29 steps, ragged and padded.  Course: 11.2 Neuron, 11.3 Many to one.

    python examples/foundations/vowels.py

An LSTM reads each utterance and names its speaker, trained twice from the same weights on the same batches: as ragged values, which hold
what was said and no more; and as rectangles padded to the longest utterance, with a mask that keeps the state where nothing is.
The loss is the same.  The padded steps compute far more cells.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import drawing
import numpy as np

import gradwerk as gw
from gradwerk.data.datasets import Sequences, vowels
from gradwerk.nn import init
from gradwerk.nn.linear import Linear, linear
from gradwerk.nn.loss import mean_loss, softmax_cross_entropy
from gradwerk.nn.module import Module
from gradwerk.nn.optimizer import Adam
from gradwerk.nn.recurrent import lstm_cell
from gradwerk.tensor.random import default_generator

State: TypeAlias = tuple[gw.Tensor, gw.Tensor]
Batch: TypeAlias = gw.ragged.Ragged | State
FEATURES, SPEAKERS, LONGEST, BATCH = 12, 9, 26, 54


class Speaker(Module):
    """An LSTM and a linear layer: the logits of the speakers."""

    def __init__(self, units: int) -> None:
        self.kernel = gw.Parameter(init.glorot_uniform((FEATURES, 4 * units), default_generator()))
        self.recurrent_kernel = gw.Parameter(init.orthogonal((units, 4 * units), default_generator()))
        self.bias = gw.Parameter(np.repeat(np.array([0, 1, 0, 0], np.float32), units))
        self.answer = Linear(units, SPEAKERS)

    def forward(self, utterances: gw.ragged.Ragged) -> gw.Tensor:
        """The logits of each row."""
        _, last, _ = gw.ragged.lstm(utterances, self.kernel, self.recurrent_kernel, self.bias)
        return self.answer(last)


class Padded(Speaker):
    """The same of rectangles (time, rows, features) and a mask (time, rows, 1)."""

    def forward(self, utterances: State) -> gw.Tensor:
        """The logits of each row."""
        x, mask = utterances
        zeros = gw.Tensor(np.zeros((x.shape[1], self.recurrent_kernel.shape[0]), np.float32))

        def step(state: State, given: State) -> tuple[State, None]:
            z, there = given
            new = lstm_cell(z, *state, self.recurrent_kernel)
            return tuple(gw.where(there, now, before) for now, before in zip(new, state, strict=True)), None

        (last, _), _ = gw.scan(step, (zeros, zeros), (linear(x, self.kernel, self.bias), mask))
        return self.answer(last)


def as_ragged(rows: list[np.ndarray], lanes: int) -> tuple[Batch, int]:
    """The batch as it is, and how many cells its loop computes."""
    batch = gw.ragged.in_lanes(gw.ragged.from_rows(rows), lanes)
    return batch, int(np.prod(batch.lanes.first.shape))


def as_padded(rows: list[np.ndarray], lanes: int) -> tuple[Batch, int]:
    """The batch padded to the longest row of all, its mask, and how many cells its loop computes."""
    x, mask = np.zeros((LONGEST, len(rows), FEATURES), np.float32), np.zeros((LONGEST, len(rows), 1), np.bool_)
    for k, row in enumerate(rows):
        x[: len(row), k], mask[: len(row), k] = row, True
    return (gw.Tensor(x), gw.Tensor(mask)), mask.size


class Training:
    """One form of the model, its step, and what it took."""

    def __init__(self, model: Speaker, batch_of: Callable[[list[np.ndarray], int], tuple[Batch, int]], lanes: int) -> None:
        self.model, self.batch_of, self.lanes = model, batch_of, lanes
        self.losses: list[float] = []
        self.seconds: list[float] = []
        self.cells = 0
        weights = list(model.parameters())
        optimizer = Adam(weights, 0.003)

        @gw.compile
        def step(batch: Batch, labels: gw.Tensor) -> gw.Tensor:
            loss = mean_loss(softmax_cross_entropy(model(batch), labels))
            optimizer.apply(gw.grad(loss, weights))
            return loss

        self.step = step

    def epoch(self, data: Sequences, order: np.ndarray) -> None:
        """Once through the data, batches made anew."""
        losses = []
        for chosen in np.split(order, len(order) // BATCH):
            begin = time.process_time()
            batch, cells = self.batch_of([data.x[k] for k in chosen], self.lanes)
            losses.append(self.step(batch, gw.Tensor(data.y[chosen])).item())
            self.seconds.append(time.process_time() - begin)
            self.cells += cells
        self.losses.append(float(np.mean(losses)))

    @property
    def milliseconds(self) -> float:
        """Processor time of a step and of making its batch, of which a fifth took no longer: what disturbs a machine is left out."""
        return 1e3 * float(np.percentile(self.seconds, 20))

    @property
    def plans(self) -> int:
        """How many forms of the step were compiled."""
        return sum(map(len, self.step.specializations.values()))


def main() -> None:
    """Trains both, and compares what they lost and what they took."""
    asked = drawing.options(__doc__, epochs=30, units=128, seed=0)
    data, held_back = vowels().train, vowels().test
    lanes = gw.ragged.lanes_for([len(row) for row in data.x], BATCH)
    forms = {}
    for name, kind, batch_of in (("ragged", Speaker, as_ragged), ("padded", Padded, as_padded)):
        gw.seed(asked.seed)
        forms[name] = Training(kind(asked.units), batch_of, lanes)
    random = np.random.default_rng(asked.seed)
    for _ in range(asked.epochs):
        order = random.permutation(len(data.x))
        for form in forms.values():
            form.epoch(data, order)
    for name, form in forms.items():
        took = f"{form.milliseconds:.2f} ms a step, {form.plans} plans, {form.cells} cells"
        print(f"{name}: loss {form.losses[0]:.4f} to {form.losses[-1]:.4f}, {took}")
    ragged, padded = forms["ragged"], forms["padded"]
    print(f"ragged to padded: time {ragged.milliseconds / padded.milliseconds:.2f}, cells {ragged.cells / padded.cells:.2f}, "
          f"losses apart by {np.abs(np.subtract(ragged.losses, padded.losses)).max():.6f} at most")  # fmt: skip
    logits = ragged.model(gw.ragged.from_rows(list(held_back.x))).numpy()
    right = 100 * (logits.argmax(1) == held_back.y).mean()
    print(f"speakers of utterances never heard: {right:.0f}% right")

    figure, (curve, bars) = drawing.panels(2)
    for k, (name, form) in enumerate(forms.items()):
        curve.plot(form.losses, drawing.DASHES[k], color=drawing.COLOURS[k], label=name)
        bars.bar(k, form.milliseconds, 0.6, color=drawing.COLOURS[k], hatch=("", "//")[k])
    curve.set(title="Loss", xlabel="epoch", ylabel="cross-entropy")
    curve.legend(frameon=False)
    bars.set(title="Time of a step with its batch", ylabel="ms", xticks=range(2))
    bars.set_xticklabels(forms)
    words = f"loss of both at the end {ragged.losses[-1]:.3f} and {padded.losses[-1]:.3f}, {ragged.milliseconds:.1f} ms a step ragged, "
    drawing.save(figure, asked.out, "vowels.png", words + f"{padded.milliseconds:.1f} padded")


if __name__ == "__main__":
    main()
