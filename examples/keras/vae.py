"""A variational autoencoder with a `train_step` of its own draws digits that nobody wrote.  Course: 1.3 Types of learning (unsupervised).

    python examples/keras/vae.py

The encoder says of each image where its code may be (a mean and a deviation), one is drawn, and the decoder draws the image again (Kingma
and Welling, 2014).  The loss is what that costs: bits of the image, and how far the codes are from a normal distribution.  Because they are
near it, codes drawn at random, or taken from a grid, give digits too.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pictures

import gradwerk as gw
from gradwerk import keras
from gradwerk.data.datasets import digits
from gradwerk.keras import layers, ops

GRID = 16


class VariationalAutoencoder(keras.Model):
    """Images (n, 784) in 0..1, codes of two numbers."""

    def __init__(self) -> None:
        super().__init__()
        image, code = keras.Input((784,)), keras.Input((2,))
        h = layers.Dense(128, activation="relu")(layers.Dense(256, activation="relu")(image))
        self.encoder = keras.Model(image, [layers.Dense(2, name="mean")(h), layers.Dense(2, name="log_variance")(h)])
        h = layers.Dense(256, activation="relu")(layers.Dense(128, activation="relu")(code))
        self.decoder = keras.Model(code, layers.Dense(784)(h))
        self.draws = keras.random.SeedGenerator(0)
        self.seen = [keras.metrics.Mean(name=name) for name in ("loss", "image", "code")]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What `fit` resets before each epoch."""
        return self.seen

    def costs(self, x: gw.Tensor) -> tuple[gw.Tensor, gw.Tensor]:
        """What an image costs on average, in nats: its pixels given the code, and the code."""
        mean, log_variance = self.encoder(x)
        code = mean + ops.exp(log_variance / 2) * keras.random.normal(ops.shape(mean), seed=self.draws)
        logits = self.decoder(code)
        pixels = ops.sum(ops.softplus(logits) - x * logits, axis=1)
        divergence = 0.5 * ops.sum(ops.exp(log_variance) + mean**2 - 1 - log_variance, axis=1)
        return ops.mean(pixels), ops.mean(divergence)

    def train_step(self, x: gw.Tensor) -> dict[str, gw.Tensor]:
        """One step on a batch of images."""
        image, code = self.costs(x)
        loss = image + code
        weights = self.trainable_weights
        self.optimizer.apply(gw.grad(loss, weights), weights)
        for metric, value in zip(self.seen, (loss, image, code), strict=True):
            metric.update_state(value)
        return {metric.name: metric.result() for metric in self.seen}

    def test_step(self, x: gw.Tensor) -> dict[str, gw.Tensor]:
        """The same without learning."""
        image, code = self.costs(x)
        for metric, value in zip(self.seen, (image + code, image, code), strict=True):
            metric.update_state(value)
        return {metric.name: metric.result() for metric in self.seen}


def main() -> None:
    """Trains, and draws the plane of codes: where the digits are, and what the decoder draws of each place."""
    asked = pictures.options(__doc__, epochs=40, images=8500, seed=1)
    data = digits()
    keras.utils.set_random_seed(asked.seed)
    x, held = (images.reshape(-1, 784).astype(np.float32) / 255 for images in (data.train.x[: asked.images], data.test.x))
    model = VariationalAutoencoder()
    model.encoder.summary()
    model.decoder.summary()
    model.compile(keras.optimizers.Adam(0.002))
    history = model.fit(x, batch_size=100, epochs=asked.epochs, verbose=2).history["loss"]
    scores = model.evaluate(held, verbose=0, return_dict=True)
    print(f"nats an image: {history[0]:.1f} -> {history[-1]:.1f}")
    print(f"held back {scores['loss']:.1f}: {scores['image']:.1f} for its pixels, {scores['code']:.1f} for its code")

    figure, (plane, drawn) = pictures.panels(2, width=5.5, height=5)
    means, _ = model.encoder.predict(held, verbose=0)
    for digit in range(10):
        at = means[data.test.y == digit]
        marker, colour = pictures.MARKERS[digit % 7], pictures.COLOURS[digit % 7]
        plane.plot(*at.T, marker, markersize=3, color=colour, alpha=0.5, linestyle="none")
        plane.annotate(str(digit), np.median(at, 0), fontsize=15, weight="bold", ha="center", va="center")
    plane.set(title="Codes of digits held back", xlim=(-3, 3), ylim=(-3, 3))
    steps = [NormalDist().inv_cdf((k + 0.5) / GRID) for k in range(GRID)]
    codes = np.array([(across, up) for up in reversed(steps) for across in steps], np.float32)
    images = 1 / (1 + np.exp(-model.decoder.predict(codes, verbose=0)))
    drawn.imshow(images.reshape(GRID, GRID, 28, 28).transpose(0, 2, 1, 3).reshape(GRID * 28, -1), cmap="Greys", extent=(0, 1, 0, 1))
    drawn.set(title="What the decoder draws of the plane", xticks=[], yticks=[])
    words = f"the plane of codes and {GRID * GRID} digits drawn from it; an image held back costs {scores['loss']:.1f} nats"
    pictures.save(figure, asked.out, "vae.png", words)


if __name__ == "__main__":
    main()
