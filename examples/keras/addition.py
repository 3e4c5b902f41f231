"""A network learns to add by reading and writing characters: "535+61" -> "596".  Course: 11.3 Many to many.

    python examples/keras/addition.py

Sequence to sequence (Sutskever, Vinyals and Le, 2014; the task: Zaremba and Sutskever, 2014): an LSTM reads the question, reversed, into
its last output; that is repeated for each character of the answer, and a second LSTM writes them.  Questions of validation were never
trained on.
"""

from __future__ import annotations

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.keras import layers

SYMBOLS = "0123456789+ "


def questions(digits: int, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Different sums of numbers up to so many digits, none of them both ways round; all of them where there are not many more."""
    if 10 ** (2 * digits) <= 4 * count:
        pairs = np.stack(np.triu_indices(10**digits), 1)
        one, other = random.permuted(random.permutation(pairs), axis=1).T
        return one, other
    found: set[tuple[int, int]] = set()
    while len(found) < count:  # short numbers as often as long ones, as people would write them
        one, other = (int(random.integers(10 ** random.integers(1, digits + 1))) for _ in range(2))
        if (other, one) not in found:
            found.add((one, other))
    one, other = random.permutation(sorted(found)).T
    return one, other


def one_hot(texts: list[str]) -> np.ndarray:
    """Texts of equal length, (n, length, symbols) float32."""
    places = np.array([[SYMBOLS.index(letter) for letter in text] for text in texts])
    return keras.utils.to_categorical(places, len(SYMBOLS))


def network(digits: int, units: int) -> keras.Sequential:
    """Characters read, their sum written."""
    return keras.Sequential(
        [
            keras.Input((2 * digits + 1, len(SYMBOLS))),
            layers.LSTM(units),
            layers.RepeatVector(digits + 1),
            layers.LSTM(units, return_sequences=True),
            layers.Dense(len(SYMBOLS), activation="softmax"),
        ]
    )


class Sums(keras.callbacks.Callback):
    """Tells some answers after each fifth epoch, and keeps how many sums are wholly right after every one."""

    def __init__(self, asked: list[str], x: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.asked, self.x, self.y = asked, x, y.argmax(2)
        self.right: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Reads what the network writes."""
        written = self.model.predict(self.x, verbose=0).argmax(2)
        self.right.append(float((written == self.y).all(1).mean()))
        if epoch % 5 == 4:
            for question, answer, truth in zip(self.asked[:3], written, self.y, strict=False):
                said, wanted = ("".join(SYMBOLS[k] for k in row) for row in (answer, truth))
                print(f"    {question} = {said} {'right' if said == wanted else f'wrong: {wanted}'}")


def main() -> None:
    """Trains on nine tenths of the questions, and draws how the other tenth is answered."""
    asked = pictures.options(__doc__, digits=3, samples=50000, units=128, epochs=15, batch=128, seed=0)
    keras.utils.set_random_seed(asked.seed)
    one, other = questions(asked.digits, asked.samples, np.random.default_rng(asked.seed))
    texts = [f"{a}+{b}".ljust(2 * asked.digits + 1) for a, b in zip(one, other, strict=True)]
    x = one_hot([text[::-1] for text in texts])
    y = one_hot([str(s).ljust(asked.digits + 1) for s in one + other])
    held = len(x) // 10
    model = network(asked.digits, asked.units)
    model.summary()
    rate = keras.optimizers.schedules.CosineDecay(0.004, asked.epochs * -(-(len(x) - held) // asked.batch))
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0), "categorical_crossentropy", metrics=["accuracy"])
    sums = Sums(texts[:held], x[:held], y[:held])
    told = model.fit(
        x[held:], y[held:], batch_size=asked.batch, epochs=asked.epochs, validation_data=(x[:held], y[:held]), callbacks=[sums], verbose=2
    )
    history = told.history
    right, whole = history["val_accuracy"][-1], sums.right[-1]
    print(f"validation: {right:.2%} of the characters right, {whole:.2%} of the sums")

    figure, (curve,) = pictures.panels(1, width=6.5)
    rows = {"characters, training": history["accuracy"], "characters, validation": history["val_accuracy"], "sums, validation": sums.right}
    for k, (label, row) in enumerate(rows.items()):
        curve.plot(range(1, len(row) + 1), 100 * np.array(row), pictures.DASHES[k], color=pictures.COLOURS[k], label=label)
    curve.set(title=f"Sums of numbers up to {asked.digits} digits", xlabel="epoch", ylabel="% right", ylim=(0, 101))
    curve.legend(frameon=False)
    pictures.save(figure, asked.out, "addition.png", f"{right:.1%} of the characters and {whole:.1%} of {held} sums never seen are right")


if __name__ == "__main__":
    main()
