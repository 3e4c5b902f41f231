"""MNIST as TensorFlow 1's tutorials read it: from the four files in MNIST's own format in a folder, else as keras.datasets.mnist does."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.datasets import mnist
from gradwerk.keras.datasets.finding import idx_files, idx_parts

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = ["DataSet", "Datasets", "read_data_sets"]
Array = np.ndarray[Any, Any]
Datasets = namedtuple("Datasets", ("train", "validation", "test"))
"""The three parts."""


class DataSet:
    """Images and labels, given in batches: `next_batch`.

    Args:
        images: (n, 28, 28, 1) of uint8.
        labels: (n,) or (n, 10).
        dtype: "uint8", or "float32" for numbers from 0 to 1.
        reshape: whether images are rows of 784.
        seed: of the order; NumPy's own generator where None.

    Raises: ArgumentError where there are not as many labels as images.
    """

    def __init__(
        self, images: Array, labels: Array, fake_data: bool = False, one_hot: bool = False, dtype: Any = np.float32, reshape: bool = True,
        seed: Any = None,
    ) -> None:  # fmt: skip
        if len(images) != len(labels):
            raise ArgumentError(f"images.shape: {images.shape} labels.shape: {labels.shape}")
        self.num_examples = len(images)
        if reshape:
            images = images.reshape(len(images), -1)
        if np.dtype(getattr(dtype, "as_numpy_dtype", dtype)) == np.float32:
            images = images.astype(np.float32) * np.float32(1.0 / 255.0)
        self.images, self.labels, self.epochs_completed, self._at = images, labels, 0, 0
        self._draws: Any = np.random if seed is None else np.random.RandomState(seed)

    def _order(self) -> None:
        order = np.arange(self.num_examples)
        self._draws.shuffle(order)
        self.images, self.labels = self.images[order], self.labels[order]

    def next_batch(self, batch_size: int, fake_data: bool = False, shuffle: bool = True) -> tuple[Array, Array]:
        """The next images and labels; behind the last ones they begin again, in another order where shuffle."""
        start = self._at
        if self.epochs_completed == 0 and start == 0 and shuffle:
            self._order()
        if start + batch_size <= self.num_examples:
            self._at = start + batch_size
            return self.images[start : self._at], self.labels[start : self._at]
        self.epochs_completed += 1
        rest = self.images[start:], self.labels[start:]
        if shuffle:
            self._order()
        self._at = batch_size - len(rest[0])
        return np.concatenate([rest[0], self.images[: self._at]]), np.concatenate([rest[1], self.labels[: self._at]])


def read_data_sets(
    train_dir: Any, fake_data: bool = False, one_hot: bool = False, dtype: Any = np.float32, reshape: bool = True,
    validation_size: int = 5000, seed: Any = None, source_url: Any = None,
) -> Any:  # fmt: skip
    """Datasets(train, validation, test), 55,000, 5,000 and 10,000.

    Args:
        train_dir: a folder with the four files, plain or gzip; where they are not there, they are found as keras.datasets.mnist finds them.
        one_hot: whether labels are vectors with one 1.
        dtype, reshape, seed: see DataSet.
        validation_size: how many of the first images are for validation.
        fake_data, source_url: taken, without effect.

    Raises: FileError where the images can be had nowhere, ArgumentError for a validation_size that is none.
    """
    own = idx_files(Path(train_dir))
    (x, y), (x_test, y_test) = idx_parts(own) if own is not None else mnist.load_data()
    if not 0 <= validation_size <= len(x):
        raise ArgumentError(f"Validation size should be between 0 and {len(x)}. Received: {validation_size}.")
    x, x_test = x[..., None], x_test[..., None]
    if one_hot:
        y, y_test = (np.eye(10)[labels] for labels in (y, y_test))
    options = {"dtype": dtype, "reshape": reshape, "seed": seed}
    cut = validation_size
    return Datasets(DataSet(x[cut:], y[cut:], **options), DataSet(x[:cut], y[:cut], **options), DataSet(x_test, y_test, **options))
