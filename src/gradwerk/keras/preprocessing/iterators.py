"""Batches of images that are changed at random, from arrays, folders and tables: Keras 2's iterators."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator as Goes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, OutOfRangeError, ShapeError
from gradwerk.base.screen import Screen
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.options import choice, positive_integer
from gradwerk.keras.pydataset import PyDataset
from gradwerk.keras.utils.images import array_to_img, img_to_array, load_img

Array = np.ndarray[Any, np.dtype[Any]]
ENDINGS = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")
CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}
SUBSETS = ("training", "validation")


@dataclass(frozen=True)
class Saved:
    """Where changed images are written for people to look at."""

    folder: Any
    prefix: str
    kind: str

    def write(self, batch: Array, numbers: Array, data_format: str, most: int) -> None:
        """Each as a file of its own."""
        if not self.folder:
            return
        for image, number in zip(batch, numbers, strict=True):
            name = f"{self.prefix}_{number}_{np.random.randint(most)}.{self.kind}"
            array_to_img(image, data_format, scale=True).save(Path(self.folder) / name)


class Iterator(PyDataset):
    """Batches without an end, by `next`, or by number: what the others share.

    Args:
        n: how many examples there are.
        batch_size: how many a batch has; the last of a round may be smaller.
        shuffle: whether in another order in each round.
        seed: what is drawn follows from it and from how many batches there were.
        **kwargs: PyDataset's.
    """

    white_list_formats = ENDINGS

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **kwargs: Any) -> None:  # noqa: ANN401, FBT001
        super().__init__(**kwargs)
        self.n, self.batch_size, self.seed, self.shuffle = n, positive_integer(type(self).__name__, "batch_size", batch_size), seed, shuffle
        self.batch_index = self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array: Array | None = None
        self.index_generator = self._rounds()

    def _order(self) -> Array:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)
        return self.index_array

    def _seeded(self) -> None:
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)  # noqa: TID251  Keras' draws come from it, and users' functions draw from it

    def __getitem__(self, idx: int) -> Any:  # noqa: ANN401  a batch
        if not 0 <= idx < len(self):
            raise OutOfRangeError(f"{type(self).__name__} has {len(self)} batches, asked for number {idx}")
        self._seeded()
        self.total_batches_seen += 1
        order = self._order() if self.index_array is None else self.index_array
        return self._get_batches_of_transformed_samples(order[self.batch_size * idx : self.batch_size * (idx + 1)])

    def __len__(self) -> int:
        return -(-self.n // self.batch_size)

    def on_epoch_end(self) -> None:
        """Another order."""
        self._order()

    def reset(self) -> None:
        """`next` begins a round."""
        self.batch_index = 0

    def _rounds(self) -> Goes[Array]:
        self.reset()
        order = np.arange(0)
        while True:
            self._seeded()
            if self.batch_index == 0:
                order = self._order()
            first = self.batch_index * self.batch_size % self.n if self.n else 0
            self.batch_index = self.batch_index + 1 if self.n > first + self.batch_size else 0
            self.total_batches_seen += 1
            yield order[first : first + self.batch_size]

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:  # noqa: ANN401  a batch
        with self.lock:
            numbers = next(self.index_generator)
        return self._get_batches_of_transformed_samples(numbers)

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:  # noqa: ANN401
        """The batch of some examples: a subclass says it."""
        raise ArgumentTypeError(f"{type(self).__name__} does not say what its examples are")


class NumpyArrayIterator(Iterator):
    """Batches of arrays: `ImageDataGenerator.flow`.

    Args:
        x: images, or (images, what belongs to them): an array, or a list of such.
        y: labels; None for none.
        image_data_generator: what changes them.
        batch_size: how many a batch has.
        shuffle: whether in another order in each round.
        sample_weight: the weight of each.
        seed: what is drawn follows from it.
        data_format: where the channels stand.
        save_to_dir: a folder for the changed images.
        save_prefix: how their names begin.
        save_format: their kind.
        subset: "training" or "validation", cut as the generator's validation_split says.
        ignore_class_split: whether the parts may have other classes.
        dtype: that of the images.

    Raises: ArgumentError for other lengths, another subset, and parts of other classes; ShapeError for what are no images.
    """

    def __init__(
        self, x: Any, y: Any, image_data_generator: Any, batch_size: int = 32, shuffle: bool = False, sample_weight: Any = None,  # noqa: ANN401, FBT001, FBT002
        seed: int | None = None, data_format: str | None = None, save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png",  # noqa: ANN401
        subset: str | None = None, ignore_class_split: bool = False, dtype: Any = None,  # noqa: ANN401, FBT001, FBT002
    ) -> None:  # fmt: skip
        self.dtype, self.data_format = np.dtype(dtype or SETTINGS.floatx), data_format or SETTINGS.image_data_format
        pair = isinstance(x, (tuple, list))
        beside = ([] if not pair else x[1] if isinstance(x[1], list) else [x[1]])
        images, self.x_misc = (x[0] if pair else x), [np.asarray(one) for one in beside]
        targets = None if y is None else np.asarray(y)
        for name, one in (("y", targets), ("sample_weight", sample_weight), *((f"x[1][{k}]", one) for k, one in enumerate(self.x_misc))):
            if one is not None and len(one) != len(images):
                raise ArgumentError(f"images and {name} have different lengths", facts=(f"images {len(images)}", f"{name} {len(one)}"))
        rows = self._part(len(images), subset, image_data_generator, None if ignore_class_split else targets)
        self.x = np.asarray(images[rows], self.dtype)
        self.x_misc = [one[rows] for one in self.x_misc]
        self.y = None if targets is None else targets[rows]
        self.sample_weight = None if sample_weight is None else np.asarray(sample_weight)
        if self.x.ndim != 4:
            raise ShapeError(f"images have 4 axes, these are {self.x.shape}")
        axis = 3 if self.data_format == "channels_last" else 1
        if self.x.shape[axis] not in (1, 3, 4):
            warnings.warn(f"images have 1, 3 or 4 channels, on axis {axis} there are {self.x.shape[axis]}", stacklevel=3)
        self.image_data_generator, self.saved = image_data_generator, Saved(save_to_dir, save_prefix, save_format)
        super().__init__(len(self.x), batch_size, shuffle, seed)

    @staticmethod
    def _part(count: int, subset: str | None, generator: Any, targets: Array | None) -> slice:  # noqa: ANN401
        """Which of the images.  Raises: ArgumentError."""
        if subset is None:
            return slice(None)
        choice("flow", "subset", subset, SUBSETS)
        at = int(count * generator._validation_split)
        if targets is not None and not np.array_equal(np.unique(targets[:at]), np.unique(targets[at:])):
            raise ArgumentError("the two parts have different classes: images that are sorted by class are to be shuffled first")
        return slice(0, at) if subset == "validation" else slice(at, None)

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:  # noqa: ANN401
        batch = np.zeros((len(index_array), *self.x.shape[1:]), self.dtype)
        for place, number in enumerate(index_array):
            batch[place] = self.image_data_generator.changed(self.x[number].astype(self.dtype))
        self.saved.write(batch, index_array, self.data_format, 10**4)
        first = batch if not self.x_misc else [batch, *(one[index_array] for one in self.x_misc)]
        several = tuple(one[index_array] for one in (self.y, self.sample_weight) if one is not None)
        return first if self.y is None else (first, *several)


class FileIterator(Iterator):
    """Batches of picture files, with what belongs to each.

    Args:
        files: their paths.
        options: how they are read.
        batch_size: how many a batch has.
        shuffle: whether in another order in each round.
        seed: what is drawn follows from it.
    """

    class_mode: str | None = None
    classes: Any = None
    class_indices: dict[str, int]

    def __init__(self, files: Sequence[str], options: Reading, batch_size: int, shuffle: bool, seed: int | None) -> None:  # noqa: FBT001
        self.options, self._filepaths = options, list(files)
        self.filenames = [os.path.relpath(one, options.directory) if options.directory else one for one in files]
        self.samples = len(self._filepaths)
        super().__init__(self.samples, batch_size, shuffle, seed)

    @property
    def filepaths(self) -> list[str]:
        """The paths of all."""
        return self._filepaths

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Of one image."""
        return self.options.image_shape

    @property
    def labels(self) -> Any:  # noqa: ANN401
        """What belongs to each."""
        return self.classes

    @property
    def sample_weight(self) -> Array | None:
        """The weight of each; none."""
        return None

    def _get_batches_of_transformed_samples(self, index_array: Array) -> Any:  # noqa: ANN401
        batch = np.zeros((len(index_array), *self.image_shape), self.options.dtype)
        for place, number in enumerate(index_array):
            batch[place] = self.options.read(self._filepaths[number])
        self.options.saved.write(batch, index_array, self.options.data_format, 10**7)
        if self.class_mode is None:
            return batch
        y = self._targets(batch, index_array)
        return (batch, y) if self.sample_weight is None else (batch, y, self.sample_weight[index_array])

    def _targets(self, batch: Array, numbers: Array) -> Any:  # noqa: ANN401
        if self.class_mode == "input":
            return batch.copy()
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.classes[number] for number in numbers], self.options.dtype)
        if self.class_mode == "categorical":
            rows = np.zeros((len(numbers), len(self.class_indices)), self.options.dtype)
            for row, number in zip(rows, numbers, strict=True):
                row[self.classes[number]] = 1
            return rows
        return [one[numbers] for one in self.labels] if self.class_mode == "multi_output" else self.labels[numbers]


@dataclass(frozen=True)
class Reading:
    """How picture files become images."""

    directory: Any
    generator: Any
    target_size: tuple[int, int]
    color_mode: str
    data_format: str
    interpolation: str
    keep_aspect_ratio: bool
    dtype: np.dtype[Any]
    saved: Saved

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Of one image.  Raises: ArgumentError for colours that nobody knows."""
        channels = CHANNELS[choice("flow", "color_mode", self.color_mode, tuple(CHANNELS))]
        return (*self.target_size, channels) if self.data_format == "channels_last" else (channels, *self.target_size)

    def read(self, path: str) -> Array:
        """An image, changed."""
        picture = load_img(path, self.color_mode, self.target_size, self.interpolation, keep_aspect_ratio=self.keep_aspect_ratio)
        image = img_to_array(picture, self.data_format)
        return np.asarray(image if self.generator is None else self.generator.changed(image))


def split_of(generator: Any, subset: str | None) -> tuple[float, float]:  # noqa: ANN401
    """From which share of the files to which.  Raises: ArgumentError for another subset."""
    if subset is None:
        return 0.0, 1.0
    choice("flow", "subset", subset, SUBSETS)
    share = generator._validation_split
    return (0.0, share) if subset == "validation" else (share, 1.0)


def say(text: str) -> None:
    """A line for whoever reads along."""
    Screen(sys.stdout).write(text + "\n")
