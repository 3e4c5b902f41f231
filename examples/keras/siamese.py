"""A siamese network: are two images the same digit, also of digits never trained on?  Course: 11.3 One to one.

    python examples/keras/siamese.py

One encoder, called on both images, so its weights are shared; the distance of the two codes says whether they belong together (Hadsell,
Chopra and LeCun, 2006).  Seven digits are trained on.  Of the other three, which it has never seen, three pairs of four are judged rightly:
better than the half that chance gives, and less than of digits it knows.
"""

from __future__ import annotations

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import digits
from gradwerk.keras import layers, ops

NEW = (4, 6, 7)
MARGIN = 1.0


def pairs(y: np.ndarray, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places of the first and the second of each pair, and whether they are the same digit, half of the time."""
    first = random.integers(0, len(y), count)
    same = np.arange(count) % 2
    places = {digit: np.flatnonzero(y == digit) for digit in np.unique(y)}
    others = {digit: np.flatnonzero(y != digit) for digit in places}
    second = np.array([random.choice((places if s else others)[y[k]]) for k, s in zip(first, same, strict=True)])
    return first, second, same.astype(np.float32)[:, None]


def contrastive(same: keras.KerasTensor, distance: keras.KerasTensor) -> keras.KerasTensor:
    """The same are drawn together, the others pushed a margin apart: s d^2 + (1 - s) max(0, m - d)^2."""
    return ops.mean(same * distance**2 + (1 - same) * ops.maximum(MARGIN - distance, 0) ** 2, axis=-1)


def network() -> tuple[keras.Model, keras.Model]:
    """The encoder, and the distance of two images by it."""
    encoder = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(16),
        ],
        name="encoder",
    )
    one, other = keras.Input((28, 28, 1), name="one"), keras.Input((28, 28, 1), name="other")
    apart = layers.subtract([encoder(one), encoder(other)])
    distance = layers.Lambda(lambda d: ops.sqrt(ops.sum(d**2, axis=-1, keepdims=True) + 1e-6), name="distance")(apart)
    return encoder, keras.Model([one, other], distance)


def main() -> None:
    """Trains on pairs of seven digits, and judges pairs of all ten."""
    asked = pictures.options(__doc__, epochs=4, pairs=40000, seed=0)
    data = digits()
    keras.utils.set_random_seed(asked.seed)
    random = np.random.default_rng(asked.seed)
    x, y = data.train.x[..., None].astype(np.float32) / 255, data.train.y
    seen = ~np.isin(y, NEW)
    x, y = x[seen], y[seen]
    encoder, model = network()
    model.summary()
    model.compile(keras.optimizers.Adam(0.001), contrastive)
    first, second, same = pairs(y, asked.pairs, random)
    model.fit([x[first], x[second]], same, batch_size=64, epochs=asked.epochs, verbose=2)

    held, labels = data.test.x[..., None].astype(np.float32) / 255, data.test.y
    figure, (bars, plane) = pictures.panels(2, width=5.5, height=4.5)
    shares, said = [], ("digits trained on", "digits never seen")
    for k, (name, chosen) in enumerate(zip(said, (~np.isin(labels, NEW), np.isin(labels, NEW)), strict=True)):
        some, of = held[chosen], labels[chosen]
        first, second, same = pairs(of, 2000, random)
        distance = model.predict([some[first], some[second]], verbose=0)
        shares.append(100 * float(((distance < MARGIN / 2) == same).mean()))
        print(f"pairs of {name}: {shares[-1]:.1f}% judged rightly")
        for s, label in enumerate(("different", "same")):
            colour, dash = pictures.COLOURS[k], pictures.DASHES[s]
            bars.hist(distance[same == s], np.linspace(0, 2.5, 40), histtype="step", color=colour, linestyle=dash, label=f"{label}, {name}")
    bars.axvline(MARGIN / 2, color="black", linewidth=0.8)
    bars.set(title="Distance of two images", xlabel="distance of their codes", ylabel="pairs")
    bars.legend(frameon=False, fontsize=8)
    codes = encoder.predict(held, verbose=0)
    codes -= codes.mean(0)
    plane_of = codes @ np.linalg.svd(codes, full_matrices=False)[2][:2].T
    for digit in range(10):
        at = plane_of[labels == digit]
        plane.plot(*at.T, ".", markersize=3, color=pictures.COLOURS[1] if digit in NEW else pictures.COLOURS[0])
        plane.annotate(str(digit), np.median(at, 0), fontsize=15, weight="bold", ha="center", va="center")
    plane.set(title="Codes of all digits, their two main directions", xticks=[], yticks=[])
    words = f"pairs judged rightly: {shares[0]:.1f}% of digits trained on, {shares[1]:.1f}% of {NEW}, never seen (red)"
    pictures.save(figure, asked.out, "siamese.png", words)


if __name__ == "__main__":
    main()
