"""What an LSTM keeps and forgets: its gates and its cells drawn over a text.  Course: 11.2 Neuron (LSTM), 11.3 Many to many.

    python examples/keras/gates.py

An LSTM learns to foretell the next character of Shakespeare.  Its gates and cell state, which no layer returns, are computed from its
weights (Hochreiter and Schmidhuber, 1997; the forget gate: Gers et al., 2000), and compared with what the layer gives.  Of all cells those
are drawn that follow best how far the line and the word have come, and whether a speaker is named (Karpathy, Johnson and Fei-Fei, 2015,
looked for such cells).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import shakespeare
from gradwerk.keras import layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LENGTH, BATCH = 64, 64
GATES = ("input", "forget", "output", "cell")


def network(symbols: int, units: int) -> keras.Sequential:
    """Characters (n, time) to the logits of those that follow (n, time, symbols)."""
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(symbols, 32, name="embedding"),
            layers.LSTM(units, return_sequences=True, name="lstm"),
            layers.Dense(symbols),
        ]
    )


def opened(model: keras.Sequential, text: np.ndarray) -> dict[str, np.ndarray]:
    """The gates, the cell state and the output of the LSTM at each character, (time, units) each.

    i, f, o = sigmoid(x W + h U + b)    c' = f c + i tanh(x W + h U + b)    h' = o tanh(c')
    """
    kernel, recurrent, bias = model.get_layer("lstm").get_weights()
    inputs = model.get_layer("embedding").get_weights()[0][text] @ kernel + bias
    h = c = np.zeros(len(recurrent), np.float32)
    rows: dict[str, list[np.ndarray]] = {name: [] for name in (*GATES, "state")}
    for x in inputs:
        i, f, g, o = np.split(x + h @ recurrent, 4)
        i, f, o = (1 / (1 + np.exp(-z)) for z in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
        for name, value in zip(rows, (i, f, o, np.tanh(c), h), strict=True):
            rows[name].append(value)
    return {name: np.array(row) for name, row in rows.items()}


def since(text: str, ends: str) -> np.ndarray:
    """How many characters ago one of `ends` was, by character."""
    counts, count = [], 0
    for letter in text:
        counts.append(count)
        count = 0 if letter in ends else count + 1
    return np.array(counts, np.float64)


def followers(text: str, cells: np.ndarray) -> dict[str, int]:
    """The cell that follows best how far the line has come, how far the word, and whether a speaker is named."""
    named = np.zeros(len(text))
    for name in re.finditer(r"(?<=\n\n)[^\n:]+:", text):
        named[name.start() : name.end()] = 1
    places = {
        "how far the line has come": since(text, "\n"),
        "how far the word has come": np.minimum(since(text, " \n"), 8),
        "whether a speaker is named": named,
    }
    chosen: dict[str, int] = {}
    for name, place in places.items():
        likeness = np.abs([np.corrcoef(place, cell)[0, 1] for cell in cells.T])
        likeness[list(chosen.values())] = 0
        chosen[name] = int(likeness.argmax())
        print(f"{name}: cell {chosen[name]} follows it with a correlation of {likeness.max():.2f}")
    return chosen


def drawn(text: str, inside: dict[str, np.ndarray], chosen: dict[str, int]) -> Figure:
    """Each chosen cell's gates and state, column by column over the characters."""
    begin = text.index("\n\n", 400) + 2
    shown = slice(begin, begin + 130)
    figure, axes = pictures.panels(1, 3, width=16, height=1.9)
    for panel, (name, cell) in zip(axes, chosen.items(), strict=True):
        for row, gate in enumerate(GATES):
            low = -1 if gate == "cell" else 0
            colours = "PuOr" if gate == "cell" else "Greys"
            panel.imshow(inside[gate][shown, cell][None], cmap=colours, vmin=low, vmax=1, aspect="auto", extent=(0, 130, row + 1, row))
        panel.set(xlim=(0, 130), ylim=(4, 0), yticks=[0.5, 1.5, 2.5, 3.5], xticks=np.arange(130) + 0.5)
        panel.set_yticklabels(GATES)
        panel.set_xticklabels(text[shown].replace("\n", "\u21b5").replace(" ", "\u00b7"), fontsize=8, family="monospace")
        panel.tick_params(length=0)
        panel.set_title(f"cell {cell}: {name}", loc="left")
    return figure


def main() -> None:
    """Trains, opens the LSTM, and draws three of its cells over a passage."""
    asked = pictures.options(__doc__, steps=1500, units=128, seed=0)
    whole = shakespeare()
    letters = sorted(set(whole))
    table = np.zeros(128, np.int32)
    table[[ord(letter) for letter in letters]] = np.arange(len(letters))
    text = table[np.frombuffer(whole.encode("ascii"), np.uint8)]
    held = len(text) // 10
    keras.utils.set_random_seed(asked.seed)
    model = network(len(letters), asked.units)
    model.summary()
    model.compile(keras.optimizers.Adam(0.004, clipnorm=1.0), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    begins = np.random.default_rng(asked.seed).integers(0, len(text) - held - LENGTH, asked.steps * BATCH)
    cut = begins[:, None] + np.arange(LENGTH + 1)
    x = text[cut]
    model.fit(x[:, :-1], x[:, 1:], batch_size=BATCH, verbose=2)
    kept = text[-held:]
    windows = kept[: len(kept) // LENGTH // 4 * LENGTH + 1]
    loss = model.evaluate(windows[:-1].reshape(-1, LENGTH), windows[1:].reshape(-1, LENGTH), batch_size=BATCH, verbose=0)
    print(f"text held back: {loss:.3f} nats a character (each of {len(letters)} alike: {np.log(len(letters)):.3f})")

    passage = whole[-held:][:6000]
    inside = opened(model, kept[:6000])
    given = keras.Model(model.inputs, model.get_layer("lstm").output).predict(kept[None, :6000], verbose=0)[0]
    print(f"computed from the weights and given by the layer: apart by {np.abs(given - inside['state']).max():.1e} at most")
    chosen = followers(passage, inside["cell"])

    figure = drawn(passage, inside, chosen)
    words = f"gates (white 0, black 1) and state (brown -1, violet 1) of three of {asked.units} cells over a text held back; "
    pictures.save(figure, asked.out, "gates.png", f"{words}{loss:.2f} nats a character")


if __name__ == "__main__":
    main()
