"""A convolutional network reads digits: at least 98 % of those held back.  Course: 11.3 One to one.

    python examples/keras/cnn.py

Two convolutions with their poolings, dropout and two dense layers, in `Sequential`.  The callbacks are those of most projects: the rate
falls when the validation loss stays, the best weights are kept.  The picture shows the way there, and every digit that is read wrongly.
"""

from __future__ import annotations

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import digits
from gradwerk.keras import layers


def network() -> keras.Sequential:
    """Images (28, 28, 1) to the probabilities of ten digits."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(96, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    """Trains, tells what is read rightly, and draws what is not."""
    asked = pictures.options(__doc__, epochs=14, images=8500, seed=1)
    data = digits()
    keras.utils.set_random_seed(asked.seed)
    model = network()
    model.summary()
    model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
    callbacks = [
        keras.callbacks.ReduceLROnPlateau(factor=0.3, patience=2),
        keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True),
    ]
    x, y = data.train.x[: asked.images, ..., None], data.train.y[: asked.images]
    history = model.fit(x, y, batch_size=64, epochs=asked.epochs, validation_split=0.1, callbacks=callbacks, verbose=2).history
    _, accuracy = model.evaluate(data.test.x[..., None], data.test.y, verbose=0)
    answers = model.predict(data.test.x[..., None], verbose=0).argmax(1)
    wrong = np.flatnonzero(answers != data.test.y)
    print(f"held back: {accuracy:.2%} right, {len(wrong)} of {len(answers)} wrong")

    figure, axes = pictures.panels(8, 5, width=1.1, height=1.25)
    for panel in axes[:16]:
        panel.remove()
    curve = figure.add_subplot(axes[0].get_gridspec()[:2, :])
    for k, (name, label) in enumerate((("accuracy", "training"), ("val_accuracy", "validation"))):
        row = 100 * np.array(history[name])
        curve.plot(range(1, len(row) + 1), row, pictures.DASHES[k], marker=pictures.MARKERS[k], color=pictures.COLOURS[k], label=label)
    curve.set(xlabel="epoch", ylabel="% right")
    curve.legend(frameon=False)
    for place, panel in enumerate(axes[16:]):
        panel.axis("off")
        if place < len(wrong):
            k = wrong[place]
            panel.imshow(data.test.x[k], cmap="Greys")
            panel.set_title(f"{data.test.y[k]}, read as {answers[k]}", fontsize=7)
    words = f"{accuracy:.2%} of {len(answers)} digits held back are read rightly; below, digits that are not"
    pictures.save(figure, asked.out, "cnn.png", words)


if __name__ == "__main__":
    main()
