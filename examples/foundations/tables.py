"""Three tables: a regression, and classes of two and of three kinds.  Course: 1.3 Supervised learning, 1.5 Training, 5.2 Types of losses.

    python examples/foundations/tables.py
"""

from __future__ import annotations

import drawing
import numpy as np

from gradwerk import keras
from gradwerk.data import datasets

HELD_BACK = 0.25


def parted(table: datasets.Table, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features of mean 0 and variance 1 by the training rows alone; then x and y to train on, x and y held back."""
    order = np.random.default_rng(seed).permutation(len(table.x))
    held, train = np.split(order, [int(len(order) * HELD_BACK)])
    mean, std = table.x[train].mean(0), table.x[train].std(0)
    return (table.x[train] - mean) / std, table.y[train], (table.x[held] - mean) / std, table.y[held]


def classified(name: str, seed: int, epochs: int) -> tuple[str, list[float]]:
    """Trains a classifier: what to say, and its loss by epoch."""
    x, y, x_held, y_held = parted(getattr(datasets, name)(), seed)
    classes = int(y.max()) + 1
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(classes, activation="softmax")]
    model = keras.Sequential([keras.Input((x.shape[1],)), *layers])
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.02), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=16, epochs=epochs, verbose=0)
    _, accuracy = model.evaluate(x_held, y_held, verbose=0)
    return f"{name}: {accuracy:.1%} of {len(y_held)} held-back rows right", history.history["loss"]


def regression(seed: int, epochs: int) -> tuple[str, np.ndarray, np.ndarray]:
    """Trains a regression on the diabetes table: what to say, what was measured and what was predicted."""
    x, y, x_held, y_held = parted(datasets.diabetes(), seed)
    mean, std = y.mean(), y.std()
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.1), loss="mse")
    model.fit(x, (y - mean) / std, batch_size=32, epochs=max(epochs // 2, 1), verbose=0)
    predicted = model.predict(x_held, verbose=0).ravel() * std + mean
    r2 = 1 - ((y_held - predicted) ** 2).sum() / ((y_held - y_held.mean()) ** 2).sum()
    return f"diabetes: R2 {r2:.2f} on {len(y_held)} held-back rows", y_held, predicted


def main() -> None:
    """Trains the three and draws their losses and predictions."""
    asked = drawing.options(__doc__, epochs=80, seed=0)
    figure, (curves, scatter) = drawing.panels(2)
    said = []
    for k, name in enumerate(("iris", "breast_cancer")):
        words, losses = classified(name, asked.seed, asked.epochs)
        said.append(words)
        print(words)
        curves.plot(range(1, len(losses) + 1), losses, color=drawing.COLOURS[k], linestyle=drawing.DASHES[k], label=words)
    curves.set(title="Classifiers: loss by epoch", xlabel="epoch", ylabel="cross-entropy", ylim=(0, None))
    curves.legend(frameon=False, fontsize=8)
    words, measured, predicted = regression(asked.seed, asked.epochs)
    said.append(words)
    print(words)
    scatter.plot(measured, predicted, "o", color=drawing.COLOURS[0], alpha=0.6, markersize=4)
    scatter.axline((150, 150), slope=1, color="black", linestyle="--", linewidth=1)
    scatter.set(title=words, xlabel="measured progress of the disease", ylabel="predicted")
    drawing.save(figure, asked.out, "tables.png", "; ".join(said))


if __name__ == "__main__":
    main()
