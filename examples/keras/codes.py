"""Unsupervised: an autoencoder of convolutions, its codes clustered by k-means.  Course: 1.3 Types of learning, 11.3 One to one.

    python examples/keras/codes.py

Encoder and decoder are models, and the autoencoder is one on top of the other; no label is seen.  k-means (Lloyd, 1957) groups the codes,
and the decoder draws the centre of each group.  Labels only say afterwards how much of each group is one digit.
"""

from __future__ import annotations

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import digits
from gradwerk.keras import layers, ops

CODES, GROUPS = 10, 20
WHITE = {"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1}


def autoencoder() -> tuple[keras.Model, keras.Model, keras.Model]:
    """Encoder, decoder, and both as one."""
    image = keras.Input((28, 28, 1))
    h = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(image)
    h = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(h)
    encoder = keras.Model(image, layers.Dense(CODES)(layers.Flatten()(h)), name="encoder")
    code = keras.Input((CODES,))
    h = layers.Reshape((7, 7, 32))(layers.Dense(7 * 7 * 32, activation="relu")(code))
    h = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(h)
    decoder = keras.Model(code, layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid")(h), name="decoder")
    return encoder, decoder, keras.Model(image, decoder(encoder(image)), name="autoencoder")


def k_means(points: np.ndarray, random: np.random.Generator, rounds: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """The group of each point and the centres: begun at points far apart (Arthur and Vassilvitskii, 2007), moved until nothing changes."""
    centres = points[random.integers(len(points), size=1)]
    while len(centres) < GROUPS:
        away = ((points[:, None] - centres) ** 2).sum(2).min(1)
        centres = np.concatenate([centres, points[random.choice(len(points), size=1, p=away / away.sum())]])
    for _ in range(rounds):
        squares = ops.sum(centres**2, axis=1) - 2 * ops.matmul(points, centres.T)
        groups = ops.convert_to_numpy(ops.argmin(squares, axis=1))
        moved = np.stack([points[groups == k].mean(0) if (groups == k).any() else centres[k] for k in range(GROUPS)])
        if np.allclose(moved, centres):
            break
        centres = moved
    return groups, centres


def main() -> None:
    """Trains without labels, groups the codes, and draws the groups and their centres."""
    asked = pictures.options(__doc__, epochs=12, images=8500, seed=0)
    data = digits()
    keras.utils.set_random_seed(asked.seed)
    x = data.train.x[: asked.images, ..., None].astype(np.float32) / 255
    labels = data.train.y[: asked.images]
    encoder, decoder, model = autoencoder()
    model.summary(expand_nested=True)
    model.compile(keras.optimizers.Adam(0.002), "binary_crossentropy")
    history = model.fit(x, x, batch_size=64, epochs=asked.epochs, verbose=2).history["loss"]

    codes = encoder.predict(x, verbose=0)
    groups, centres = k_means(codes, np.random.default_rng(asked.seed))
    counts = np.array([np.bincount(labels[groups == k], minlength=10) for k in range(GROUPS)])
    purity = counts.max(1).sum() / counts.sum()
    print(f"loss {history[0]:.4f} -> {history[-1]:.4f}")
    print(f"share of the images that lie in a group of their digit: {purity:.1%}  (by chance 11 %)")

    figure, axes = pictures.panels(10, 4, width=1.05, height=1.4)
    for panel in axes[:20]:
        panel.remove()
    plane = figure.add_subplot(axes[0].get_gridspec()[:2, :])
    middle = codes.mean(0)
    turn = np.linalg.svd(codes - middle, full_matrices=False)[2][:2].T
    at = (codes - middle) @ turn
    for k in range(GROUPS):
        colour, marker = pictures.COLOURS[k % 7], pictures.MARKERS[k % 6]
        plane.plot(*at[groups == k].T, marker, markersize=2, alpha=0.4, color=colour, linestyle="none")
    for k, centre in enumerate((centres - middle) @ turn):
        plane.annotate(str(counts[k].argmax()), centre, fontsize=13, weight="bold", ha="center", va="center", bbox=WHITE)
    plane.set(title="Codes in their two main directions, groups by colour; each centre bears its commonest digit", xticks=[], yticks=[])
    for panel, image, count in zip(axes[20:], decoder.predict(centres, verbose=0), counts, strict=True):
        panel.imshow(image[..., 0], cmap="Greys", vmin=0, vmax=1)
        panel.set(xticks=[], yticks=[])
        panel.set_title(f"{count.sum()} images,\n{count.max() / max(count.sum(), 1):.0%} are {count.argmax()}", fontsize=7)
    words = f"{GROUPS} groups of codes and their centres, drawn by the decoder: {purity:.0%} of the images are in a group of their digit"
    pictures.save(figure, asked.out, "codes.png", words)


if __name__ == "__main__":
    main()
