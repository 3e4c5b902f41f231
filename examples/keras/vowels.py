"""Many to one, without padding: two LSTMs, one from each end, hear two vowels and names the speaker.  Course: 11.3 Many to one.

    python examples/keras/vowels.py

The utterances are of 7 to 29 steps.  `fit` is given them as they are, a list of arrays; beside it the same model learns them padded to the
longest, with `Masking`.  Both begin with the same weights and see the same batches, so they find the same; the padded one computes 1.6
times as many steps, which `bench/keras_rows.py` times (a model as small as this one spends as long on its batches).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import vowels
from gradwerk.keras import layers
from gradwerk.keras.utils import pad_sequences

FEATURES, SPEAKERS, BATCH = 12, 9, 54


def network(units: int, *, padded: bool) -> keras.Sequential:
    """Utterances (steps, 12) to the logits of nine speakers."""
    model = keras.Sequential(
        [
            keras.Input((None, FEATURES)),
            *([layers.Masking()] if padded else []),
            layers.Bidirectional(layers.LSTM(units)),
            layers.Dense(SPEAKERS),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
    return model


def trained(
    x: list[np.ndarray] | np.ndarray, y: np.ndarray, asked: argparse.Namespace, *, padded: bool
) -> tuple[keras.Sequential, list[float], float]:
    """The model, its loss after each epoch, and how many seconds it took."""
    keras.utils.set_random_seed(asked.seed)
    model = network(asked.units, padded=padded)
    began = time.perf_counter()
    history = model.fit(x, y, batch_size=BATCH, epochs=asked.epochs, verbose=0).history
    return model, history["loss"], time.perf_counter() - began


def main() -> None:
    """Trains both, and says what they found and took."""
    asked = pictures.options(__doc__, epochs=60, units=48, seed=0)
    data = vowels()
    train, held_back = list(data.train.x), list(data.test.x)
    longest = max(map(len, train))
    rectangle = pad_sequences(train, longest, dtype="float32", padding="post")

    model, losses, seconds = trained(train, data.train.y, asked, padded=False)
    _, losses_padded, seconds_padded = trained(rectangle, data.train.y, asked, padded=True)
    print(f"as they are: loss {losses[-1]:.4f} in {seconds:.1f} s")
    print(f"padded to {longest} steps: loss {losses_padded[-1]:.4f} in {seconds_padded:.1f} s")
    print(f"losses apart by {np.abs(np.subtract(losses, losses_padded)).max():.1e} at most")
    answers = model.predict(held_back, verbose=0).argmax(1)
    print(f"speakers of utterances never heard: {100 * (answers == data.test.y).mean():.1f}% right")

    counts = np.zeros((SPEAKERS, SPEAKERS), int)
    np.add.at(counts, (data.test.y, answers), 1)
    figure, (curve, grid) = pictures.panels(2)
    for k, (name, values) in enumerate((("as they are", losses), ("padded", losses_padded))):
        curve.plot(values, pictures.DASHES[k], color=pictures.COLOURS[k], label=name)
    curve.set(title="Loss", xlabel="epoch", ylabel="cross-entropy", yscale="log")
    curve.legend(frameon=False)
    grid.imshow(counts, cmap="Greys")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            grid.text(column, row, str(count), ha="center", va="center", fontsize=7, color="white" if count > counts.max() / 2 else "black")
    grid.set(title="Who spoke, and who was named", xlabel="named", ylabel="spoke", xticks=range(SPEAKERS), yticks=range(SPEAKERS))
    said = f"{100 * (answers == data.test.y).mean():.1f}% of the speakers held back are named rightly; losses of both forms are the same"
    pictures.save(figure, asked.out, "vowels.png", said)


if __name__ == "__main__":
    main()
