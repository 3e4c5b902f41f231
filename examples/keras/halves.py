"""Two inputs, two outputs: a digit's upper and lower half, its name and its slant.  Course: 11.3 One to one.

    python examples/keras/halves.py

A functional model with a branch for each half of the image and a head for each answer: which digit it is (a class), and how far it leans
(a number, from the moments of its ink).  Losses, their weights and metrics are given by the names of the outputs, data by those of the
inputs.
"""

from __future__ import annotations

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import digits
from gradwerk.keras import layers


def slants(images: np.ndarray) -> np.ndarray:
    """How far each image leans: the slope of its columns over its rows, weighted by ink; shape (n, 1)."""
    ink = images / images.sum((1, 2), keepdims=True)
    rows, columns = np.mgrid[:28, :28]
    down = rows - (ink * rows).sum((1, 2), keepdims=True)
    across = columns - (ink * columns).sum((1, 2), keepdims=True)
    return -((ink * down * across).sum((1, 2)) / (ink * down**2).sum((1, 2)))[:, None].astype(np.float32)


def halves(images: np.ndarray) -> dict[str, np.ndarray]:
    """The two inputs by their names, each (n, 14, 28, 1) in 0..1."""
    images = images[..., None].astype(np.float32) / 255
    return {"upper": images[:, :14], "lower": images[:, 14:]}


def network() -> keras.Model:
    """A branch for each half, joined, and a head for each answer."""
    inputs = [keras.Input((14, 28, 1), name=name) for name in ("upper", "lower")]
    branches = []
    for half in inputs:
        h = layers.Conv2D(16, 5, padding="same", activation="relu")(half)
        h = layers.MaxPooling2D()(h)
        h = layers.Conv2D(24, 3, padding="same", activation="relu")(h)
        branches.append(layers.Flatten()(layers.MaxPooling2D(padding="same")(h)))
    h = layers.concatenate(branches)
    h = layers.Dense(96, activation="relu")(layers.Dropout(0.3)(h))
    return keras.Model(inputs, {"digit": layers.Dense(10, name="digit")(h), "slant": layers.Dense(1, name="slant")(h)})


def main() -> None:
    """Trains both heads at once, and draws what they answer, also when half of the image is missing."""
    asked = pictures.options(__doc__, epochs=10, images=8500, seed=0)
    data = digits()
    keras.utils.set_random_seed(asked.seed)
    model = network()
    model.summary()
    model.compile(
        "adam",
        loss={"digit": keras.losses.SparseCategoricalCrossentropy(from_logits=True), "slant": "mse"},
        loss_weights={"digit": 1.0, "slant": 20.0},
        metrics={"digit": ["accuracy"], "slant": ["mae"]},
    )
    train, test = data.train.x[: asked.images], data.test.x
    answers = {"digit": data.train.y[: asked.images], "slant": slants(train)}
    model.fit(halves(train), answers, batch_size=64, epochs=asked.epochs, validation_split=0.1, verbose=2)

    given, slant = halves(test), slants(test)
    scores = model.evaluate(given, {"digit": data.test.y, "slant": slant}, verbose=0, return_dict=True)
    right, off, spread = 100 * scores["digit_accuracy"], scores["slant_mae"], np.abs(slant - slant.mean()).mean()
    print(f"held back: {right:.1f}% of the digits right, slant off by {off:.3f} on average (the mean as answer: {spread:.3f})")
    shares = [right]
    for name in given:
        without = model.predict({**given, name: np.zeros_like(given[name])}, verbose=0)["digit"].argmax(1)
        shares.append(100 * float((without == data.test.y).mean()))
        print(f"without the {name} half: {shares[-1]:.1f}% right")

    figure, (points, bars) = pictures.panels(2)
    found = model.predict(given, verbose=0)["slant"]
    points.plot(slant, found, ".", markersize=3, color=pictures.COLOURS[0])
    points.plot([slant.min(), slant.max()], [slant.min(), slant.max()], "k--", linewidth=1)
    points.set(title="Slant of digits held back", xlabel="measured", ylabel="answered")
    bars.bar(range(3), shares, 0.6, color=pictures.COLOURS[1])
    bars.set(title="Digits read rightly", ylabel="%", xticks=range(3), ylim=(0, 100))
    bars.set_xticklabels(["both halves", "upper blank", "lower blank"])
    words = f"slant answered over slant measured, off by {off:.3f} on average; {right:.1f}% of the digits right, {shares[1]:.0f}% without "
    pictures.save(figure, asked.out, "halves.png", f"{words}the upper and {shares[2]:.0f}% without the lower half")


if __name__ == "__main__":
    main()
