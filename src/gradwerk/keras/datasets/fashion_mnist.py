"""keras.datasets.fashion_mnist: 70,000 pictures of clothes."""

from __future__ import annotations

from gradwerk.keras.datasets.finding import IDX, ORIGIN, Parts, folder, idx_files, idx_parts, located


def load_data() -> Parts:
    """Pictures of ten kinds of clothes: ((x_train, y_train), (x_test, y_test)), 60,000 and 10,000.

    From the four files in MNIST's own format in ~/.keras/datasets/fashion-mnist, else downloaded.
    Shape: x (n, 28, 28) uint8, y (n,) uint8.  Raises: FileError where it can be had nowhere, or is damaged.
    Source: Xiao, Rasul and Vollgraf, 2017, "Fashion-MNIST".
    """
    place = folder("fashion-mnist")
    paths = idx_files(place) or [located(f"{name}.gz", f"{ORIGIN}{name}.gz", None, at=place) for name in IDX]
    return idx_parts(paths)
