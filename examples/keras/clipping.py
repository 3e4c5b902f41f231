"""Gradients that explode over time, and clipping that cures them.  Course: 11.4 Problems of recurrent networks.

    python examples/keras/clipping.py

A simple recurrent network whose state copies itself adds two marked numbers of a sequence (Hochreiter and Schmidhuber, 1997).  As soon as
learning makes the copy a little larger than what it copies, gradients grow with every step back in time, and one step of plain gradient
descent throws away what was learned.  The same network, data and rate, each gradient cut to a norm of one (Pascanu, Mikolov and Bengio,
2013), learns.  A `train_step` of its own tells the norm.
"""

from __future__ import annotations

import numpy as np
import pictures

import gradwerk as gw
from gradwerk import keras
from gradwerk.keras import layers, ops

UNITS = 32


class Measured(keras.Sequential):
    """Trains as any model, and tells how long the gradient was before it was cut."""

    def train_step(self, data: tuple[gw.Tensor, gw.Tensor]) -> dict[str, gw.Tensor]:
        """One step: the loss, and the norm of the gradient of all weights together."""
        x, y = data
        loss = self.compute_loss(x, y, self(x, training=True))
        gradients = gw.grad(loss, self.trainable_weights)
        self.optimizer.apply(gradients, self.trainable_weights)
        return {"loss": loss, "norm": ops.sqrt(sum(ops.sum(g**2) for g in gradients))}


class Kept(keras.callbacks.Callback):
    """Keeps what each step tells."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[tuple[float, float]] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Loss and norm of one step."""
        if logs is not None:
            self.rows.append((float(logs["loss"]), float(logs["norm"])))


def sequences(count: int, steps: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and marks, (n, steps, 2), and the sum of the two marked numbers, (n, 1): one of each half."""
    x = np.stack([random.uniform(0, 1, (count, steps)), np.zeros((count, steps))], 2).astype(np.float32)
    places = np.stack([random.integers(0, steps // 2, count), random.integers(steps // 2, steps, count)], 1)
    x[np.arange(count)[:, None], places, 1] = 1
    return x, (x[..., 0] * x[..., 1]).sum(1, keepdims=True)


def network(steps: int) -> Measured:
    """A simple recurrent network of rectified units that begins as a copy of its state (Le, Jaitly and Hinton, 2015)."""
    return Measured(
        [
            keras.Input((steps, 2)),
            layers.SimpleRNN(
                UNITS,
                activation="relu",
                kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
                recurrent_initializer=keras.initializers.Identity(),
            ),
            layers.Dense(1, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01)),
        ]
    )


def main() -> None:
    """Trains without and with clipping from the same weights, and draws both."""
    asked = pictures.options(__doc__, epochs=20, sequences=6400, steps=30, seed=0)
    x, y = sequences(asked.sequences, asked.steps, np.random.default_rng(asked.seed))
    guess = float(y.var())
    rows = {}
    for name, clip in (("not clipped", None), ("clipped to a norm of 1", 1.0)):
        keras.utils.set_random_seed(asked.seed)
        model = network(asked.steps)
        model.compile(keras.optimizers.SGD(0.05, global_clipnorm=clip), "mse")
        kept = Kept()
        model.fit(x, y, batch_size=32, epochs=asked.epochs, callbacks=[kept, keras.callbacks.TerminateOnNaN()], verbose=0)
        rows[name] = np.array(kept.rows)
        end = f"loss at the end {rows[name][-50:, 0].mean():.4f} (a guess: {guess:.4f})"
        print(f"{name:24} {len(kept.rows):4} steps, largest gradient {np.nanmax(rows[name][:, 1]):9.2e}, {end}")

    figure, (norms, losses) = pictures.panels(2, width=5.2)
    for k, (name, row) in enumerate(rows.items()):
        look = {"linestyle": pictures.DASHES[k], "color": pictures.COLOURS[1 - k], "label": name}
        norms.loglog(np.arange(1, len(row) + 1), row[:, 1], linewidth=0.8, **look)
        losses.semilogy(np.convolve(row[:, 0], np.ones(50) / 50, "valid"), **look)
    norms.set(title="Norm of the gradient, before it is cut", xlabel="step")
    losses.set(title="Loss, mean of 50 steps", xlabel="step")
    norms.legend(frameon=False)
    losses.legend(frameon=False)
    losses.axhline(guess, color="black", linestyle=":")
    first, second = (row[-50:, 0].mean() for row in rows.values())
    words = f"loss without clipping ends at {first:.3g}, with it at {second:.3g}; a guess (dotted) has {guess:.3f}"
    pictures.save(figure, asked.out, "clipping.png", words)


if __name__ == "__main__":
    main()
