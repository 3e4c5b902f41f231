"""keras.datasets.cifar100: 60,000 small pictures of a hundred kinds."""

from __future__ import annotations

import numpy as np

from gradwerk.keras.datasets.finding import Parts, batches, pictures
from gradwerk.keras.options import choice

ORIGIN = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
DIGEST = "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7"


def load_data(label_mode: str = "fine") -> Parts:
    """Pictures of a hundred kinds of things ("fine"), or of the twenty groups of these ("coarse"), 50,000 and 10,000.

    From ~/.keras/datasets, where Keras unpacked it or its archive lies, else downloaded.
    Shape: x (n, 32, 32, 3) uint8, y (n, 1) int64.
    Raises: ArgumentError for another label_mode; FileError where it can be had nowhere, or is damaged.
    Source: Krizhevsky, 2009, "Learning multiple layers of features from tiny images".
    """
    choice("cifar100.load_data", "label_mode", label_mode, ("fine", "coarse"))
    place = batches(("cifar-100-python-target", "cifar-100-python"), "cifar-100-python.tar.gz", ORIGIN, DIGEST)
    (x_train, y_train), (x_test, y_test) = (pictures(place / part, f"{label_mode}_labels") for part in ("train", "test"))
    return (np.ascontiguousarray(x_train), y_train), (np.ascontiguousarray(x_test), y_test)
