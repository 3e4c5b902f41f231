"""keras.datasets.cifar10: 60,000 small pictures of ten kinds."""

from __future__ import annotations

import numpy as np

from gradwerk.keras.datasets.finding import Parts, batches, pictures

ORIGIN = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
DIGEST = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
PARTS = 5


def load_data() -> Parts:
    """Pictures of ten kinds of things: ((x_train, y_train), (x_test, y_test)), 50,000 and 10,000.

    From ~/.keras/datasets, where Keras unpacked it or its archive lies, else downloaded.
    Shape: x (n, 32, 32, 3) uint8, y (n, 1) uint8.  Raises: FileError where it can be had nowhere, or is damaged.
    Source: Krizhevsky, 2009, "Learning multiple layers of features from tiny images".
    """
    place = batches(("cifar-10-batches-py-target", "cifar-10-batches-py"), "cifar-10-python.tar.gz", ORIGIN, DIGEST)
    parts = [pictures(place / f"data_batch_{number}", "labels") for number in range(1, PARTS + 1)]
    (x_test, y_test), (x, y) = pictures(place / "test_batch", "labels"), zip(*parts, strict=True)
    return (np.concatenate(x), np.concatenate(y).astype(np.uint8)), (np.ascontiguousarray(x_test), y_test.astype(np.uint8))
