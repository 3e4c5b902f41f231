"""Text generation: an LSTM reads Shakespeare letter by letter, and writes on.  Course: 11.3 Many to many.

    python examples/keras/shakespeare.py

Trained to foretell each next character, batches of rows that follow each other, so a stateful layer reads on where the last batch ended.
Then the same weights in a network of one row write, each character drawn from what was foretold; a low temperature keeps to the likely.
"""

from __future__ import annotations

import textwrap

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import shakespeare
from gradwerk.keras import layers

LENGTH, BATCH = 100, 64
TEMPERATURES = (0.4, 0.7, 1.0)


def network(symbols: int, units: int, rows: int) -> keras.Sequential:
    """Characters (rows, time) to the logits of those that follow (rows, time, symbols); the state is kept from call to call."""
    return keras.Sequential(
        [
            keras.Input(batch_shape=(rows, None), dtype="int32"),
            layers.Embedding(symbols, 64),
            layers.LSTM(units, return_sequences=True, stateful=True, name="lstm"),
            layers.Dense(symbols),
        ]
    )


def streams(text: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Batches in which row k goes on where row k of the batch before ended, and what follows each character; (n, 100) each."""
    steps = (len(text) - 1) // (BATCH * LENGTH)
    cut = steps * BATCH * LENGTH
    x, y = (part.reshape(BATCH, steps, LENGTH).transpose(1, 0, 2).reshape(-1, LENGTH) for part in (text[:cut], text[1 : cut + 1]))
    return x, y


class Fresh(keras.callbacks.Callback):
    """Forgets what was read where the text begins anew."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Before the training text."""
        self.model.get_layer("lstm").reset_state()

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Before the text held back."""
        self.model.get_layer("lstm").reset_state()


def write(model: keras.Sequential, letters: str, begin: str, count: int, temperature: float, random: np.random.Generator) -> str:
    """Goes on with a text."""
    model.get_layer("lstm").reset_state()
    written = begin
    given = np.array([[letters.index(letter) for letter in begin]], np.int32)
    for _ in range(count):
        logits = model.predict_on_batch(given)[0, -1].astype(np.float64) / temperature
        chances = np.exp(logits - logits.max())
        chosen = random.choice(len(letters), p=chances / chances.sum())
        written += letters[chosen]
        given = np.array([[chosen]], np.int32)
    return written


def main() -> None:
    """Trains, writes at three temperatures, and draws the loss and how sure each character was."""
    asked = pictures.options(__doc__, epochs=3, units=256, characters=1_115_394, seed=0)
    whole = shakespeare()[: asked.characters]
    letters = "".join(sorted(set(whole)))
    table = np.zeros(128, np.int32)
    table[[ord(letter) for letter in letters]] = np.arange(len(letters))
    text = table[np.frombuffer(whole.encode("ascii"), np.uint8)]
    cut = 9 * len(text) // 10
    keras.utils.set_random_seed(asked.seed)
    model = network(len(letters), asked.units, BATCH)
    model.summary()
    x, y = streams(text[:cut])
    rate = keras.optimizers.schedules.CosineDecay(0.008, asked.epochs * len(x) // BATCH, 0.05)
    model.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    told = model.fit(
        x, y, batch_size=BATCH, epochs=asked.epochs, shuffle=False, validation_data=streams(text[cut:]), callbacks=[Fresh()], verbose=2
    )
    losses = told.history
    print(f"text held back: {losses['val_loss'][-1]:.3f} nats a character (each of {len(letters)} alike: {np.log(len(letters)):.3f})")

    writer = network(len(letters), asked.units, 1)
    writer.set_weights(model.get_weights())
    random = np.random.default_rng(asked.seed)
    texts = {temperature: write(writer, letters, "\nROMEO:\n", 600, temperature, random) for temperature in TEMPERATURES}
    words_there = set("".join(letter if letter.isalpha() else " " for letter in whole).split())
    shares = []
    for temperature, written in texts.items():
        words = "".join(letter if letter.isalpha() else " " for letter in written).split()[:-1]
        shares.append(100 * sum(word in words_there for word in words) / len(words))
        print(f"--- temperature {temperature}: {shares[-1]:.0f}% of its words are Shakespeare's\n{written.strip()}")

    figure, (curve, *pages) = pictures.panels(4, width=4.4, height=4.6)
    for k, (name, label) in enumerate((("loss", "training"), ("val_loss", "held back"))):
        steps = range(1, asked.epochs + 1)
        curve.plot(steps, losses[name], pictures.DASHES[k], marker=pictures.MARKERS[k], color=pictures.COLOURS[k], label=label)
    curve.set(title="Loss", xlabel="epoch", ylabel="nats a character", xticks=range(1, asked.epochs + 1))
    curve.legend(frameon=False)
    for page, (temperature, written), share in zip(pages, texts.items(), shares, strict=True):
        page.axis("off")
        page.set_title(f"temperature {temperature}, {share:.0f}% Shakespeare's words", fontsize=10)
        lines = [part for line in written.strip().split("\n") for part in textwrap.wrap(line, 58) or [""]]
        shown = "\n".join(lines[:28])
        block = page.text(0, 1, shown, va="top", fontsize=7.5, family="monospace", parse_math=False, transform=page.transAxes)
        block.set_in_layout(False)
    said = f"{losses['val_loss'][-1]:.2f} nats a character of a text held back; written at temperatures {TEMPERATURES}"
    pictures.save(figure, asked.out, "shakespeare.png", said)


if __name__ == "__main__":
    main()
