"""One to many: the network looks at a digit and writes its name, letter by letter.  Course: 11.3 One to many.

    python examples/keras/names.py

A convolutional encoder makes one vector of the image; `RepeatVector` gives it to an LSTM at each step, which writes "six" and then blanks.
Nothing tells it which digit an image is but the letters.
"""

from __future__ import annotations

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import digits
from gradwerk.keras import layers

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LETTERS = " " + "".join(sorted(set("".join(NAMES))))
LONGEST = max(map(len, NAMES))
SPELLED = np.array([[LETTERS.index(letter) for letter in name.ljust(LONGEST)] for name in NAMES])


def network() -> keras.Sequential:
    """Images (28, 28, 1) to the probabilities of letters (5, letters)."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(64, activation="relu"),
            layers.RepeatVector(LONGEST),
            layers.LSTM(64, return_sequences=True),
            layers.TimeDistributed(layers.Dense(len(LETTERS), activation="softmax")),
        ]
    )


def read(letters: np.ndarray) -> list[str]:
    """The words that rows of places in the alphabet spell."""
    return ["".join(LETTERS[k] for k in row).strip() for row in letters]


def main() -> None:
    """Trains, counts the words written without a fault, and draws what is written of some digits."""
    asked = pictures.options(__doc__, epochs=15, images=8500, seed=0)
    data = digits()
    keras.utils.set_random_seed(asked.seed)
    model = network()
    model.summary()
    model.compile(keras.optimizers.Adam(0.003, clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = data.train.x[: asked.images, ..., None], SPELLED[data.train.y[: asked.images]]
    model.fit(x, y, batch_size=64, epochs=asked.epochs, validation_split=0.1, verbose=2)

    chances = model.predict(data.test.x[..., None], verbose=0)
    words = read(chances.argmax(2))
    right = np.array([word == NAMES[label] for word, label in zip(words, data.test.y, strict=True)])
    print(f"held back: {right.mean():.2%} of the names written without a fault")
    strange = sorted({word for word in words if word not in NAMES})
    print(f"{len(strange)} words that are no digit's name: {', '.join(strange[:12]) or 'none'}")

    figure, axes = pictures.panels(8, 2, width=1.5, height=2.6)
    wrong = np.flatnonzero(~right)[:8]
    shown = [*(np.flatnonzero(right)[: 16 - len(wrong)]), *wrong]
    for panel, k in zip(axes, shown, strict=True):
        by_step = np.kron(chances[k].T, np.ones((2, 6)))[:, 1:29]
        panel.imshow(np.vstack([data.test.x[k] / 255, np.ones((1, 28)), by_step]), cmap="Greys")
        panel.set(xticks=[], yticks=[29.5 + 2 * row for row in range(len(LETTERS))])
        panel.set_yticklabels(list(LETTERS.replace(" ", "_")), fontsize=5)
        panel.set_title(words[k] or "(blank)", fontsize=10, color="black" if right[k] else pictures.COLOURS[1])
    said = f"{right.mean():.1%} of the names are written without a fault; below each digit the letters' chances by step; wrong ones in red"
    pictures.save(figure, asked.out, "names.png", said)


if __name__ == "__main__":
    main()
