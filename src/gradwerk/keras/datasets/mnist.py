"""keras.datasets.mnist: 70,000 handwritten digits."""

from __future__ import annotations

from gradwerk.keras.datasets.finding import Parts, folder, idx_files, idx_parts, npz

DIGEST = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def load_data(path: str = "mnist.npz") -> Parts:
    """Handwritten digits: ((x_train, y_train), (x_test, y_test)), 60,000 and 10,000.

    From `mnist.npz` in ~/.keras/datasets (or where `KERAS_HOME` says), from the four files in MNIST's own format there (or in its folder
    `mnist`), else downloaded.
    Shape: x (n, 28, 28) uint8, y (n,) uint8.  Raises: FileError where it can be had nowhere, or is damaged.
    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    """
    own = None if folder(path).is_file() else idx_files(folder(), folder("mnist"))
    if own is not None:
        return idx_parts(own)
    arrays = npz(path, "mnist.npz", DIGEST, ("x_train", "y_train", "x_test", "y_test"))
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
