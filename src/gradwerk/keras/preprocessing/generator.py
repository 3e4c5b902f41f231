"""ImageDataGenerator: what changes images at random while batches are made."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.options import choice, is_number
from gradwerk.keras.preprocessing.iterators import NumpyArrayIterator
from gradwerk.keras.preprocessing.sources import DataFrameIterator, DirectoryIterator
from gradwerk.keras.preprocessing.transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    two_numbers,
)

Array = np.ndarray[Any, np.dtype[Any]]
_TINY = 1e-6
_FORMER = ("has_ext", "sort", "drop_duplicates")


class ImageDataGenerator:
    """Images turned, shifted, sheared, zoomed, mirrored, in other light, and standardised, batch after batch.

        generator = ImageDataGenerator(rotation_range=10, horizontal_flip=True, rescale=1 / 255)
        model.fit(generator.flow(x, y, batch_size=32), epochs=5)

    What is drawn comes from NumPy's global generator, in Keras' order: for a seed it is the same as there.

    Args:
        featurewise_center: whether the mean that `fit` found is taken from each.
        samplewise_center: whether its own mean is.
        featurewise_std_normalization: whether each is divided by the deviation that `fit` found.
        samplewise_std_normalization: whether by its own.
        zca_whitening: whether pixels are made uncorrelated, as `fit` found.
        zca_epsilon: what is added to singular values in that.
        rotation_range: degrees.
        width_shift_range: a share of the width, pixels from 1 on, or a list of which one is drawn.
        height_shift_range: of the height.
        brightness_range: from, to; 1 is as it is.
        shear_range: degrees.
        zoom_range: 0.1 draws from 0.9 to 1.1; or from, to.
        channel_shift_range: the most that is added or taken.
        fill_mode: what stands outside: "nearest", "reflect", "wrap" or "constant".
        cval: what that is for "constant".
        horizontal_flip: whether half are mirrored left to right.
        vertical_flip: whether half are upside down.
        rescale: a factor, after the function.
        preprocessing_function: a function of each image, after it was changed.
        data_format: where the channels stand.
        validation_split: the share for subset="validation".
        interpolation_order: 0 for the nearest pixel, 1 for linear between four.
        dtype: that of the images.

    Raises: ArgumentError for an option outside of what is allowed.
    """

    def __init__(
        self, featurewise_center: bool = False, samplewise_center: bool = False, featurewise_std_normalization: bool = False,  # noqa: FBT001, FBT002
        samplewise_std_normalization: bool = False, zca_whitening: bool = False, zca_epsilon: float = 1e-6, rotation_range: float = 0,  # noqa: FBT001, FBT002
        width_shift_range: Any = 0.0, height_shift_range: Any = 0.0, brightness_range: Any = None, shear_range: float = 0.0,  # noqa: ANN401
        zoom_range: Any = 0.0, channel_shift_range: float = 0.0, fill_mode: str = "nearest", cval: float = 0.0,  # noqa: ANN401
        horizontal_flip: bool = False, vertical_flip: bool = False, rescale: float | None = None,  # noqa: FBT001, FBT002
        preprocessing_function: Callable[[Array], Array] | None = None, data_format: str | None = None, validation_split: float = 0.0,
        interpolation_order: int = 1, dtype: Any = None,  # noqa: ANN401
    ) -> None:  # fmt: skip
        known = ("channels_last", "channels_first")
        self.data_format = choice("ImageDataGenerator", "data_format", data_format or SETTINGS.image_data_format, known)
        self.channel_axis, self.row_axis, self.col_axis = (3, 1, 2) if self.data_format == "channels_last" else (1, 2, 3)
        if not is_number(validation_split) or not 0 <= validation_split < 1:
            raise ArgumentError(f"ImageDataGenerator: validation_split is a share below 1, this is {validation_split!r}")
        self._validation_split, self.dtype = validation_split, np.dtype(dtype or SETTINGS.floatx)
        self.featurewise_center = featurewise_center or featurewise_std_normalization or zca_whitening
        self.featurewise_std_normalization = featurewise_std_normalization and not zca_whitening
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.samplewise_std_normalization = samplewise_std_normalization
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        for overridden in _overrides(self, featurewise_center, samplewise_center, featurewise_std_normalization):
            warnings.warn(f"ImageDataGenerator: {overridden}", stacklevel=2)
        self.rotation_range, self.shear_range, self.channel_shift_range = rotation_range, shear_range, channel_shift_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.fill_mode, self.cval, self.interpolation_order = fill_mode, cval, interpolation_order
        self.horizontal_flip, self.vertical_flip, self.rescale = horizontal_flip, vertical_flip, rescale
        self.preprocessing_function = preprocessing_function
        wide = [1 - zoom_range, 1 + zoom_range] if is_number(zoom_range) else list(two_numbers("zoom_range", zoom_range))
        self.zoom_range, self.brightness_range = wide, brightness_range
        if brightness_range is not None:
            two_numbers("brightness_range", brightness_range)
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None

    def flow(
        self, x: Any, y: Any = None, batch_size: int = 32, shuffle: bool = True, sample_weight: Any = None, seed: int | None = None,  # noqa: ANN401, FBT001, FBT002
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", ignore_class_split: bool = False,  # noqa: ANN401, FBT001, FBT002
        subset: str | None = None,
    ) -> NumpyArrayIterator:  # fmt: skip
        """Batches of arrays.  Arguments, and what it raises: as NumpyArrayIterator's."""
        return NumpyArrayIterator(
            x, y, self, batch_size, shuffle, sample_weight, seed, self.data_format, save_to_dir, save_prefix, save_format, subset,
            ignore_class_split, self.dtype,
        )  # fmt: skip

    def flow_from_directory(
        self, directory: Any, target_size: Sequence[int] = (256, 256), color_mode: str = "rgb", classes: Sequence[str] | None = None,  # noqa: ANN401
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,  # noqa: FBT001, FBT002
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", follow_links: bool = False, subset: str | None = None,  # noqa: ANN401, FBT001, FBT002
        interpolation: str = "nearest", keep_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
    ) -> DirectoryIterator:  # fmt: skip
        """Batches of a folder of pictures.  Arguments, and what it raises: as DirectoryIterator's."""
        return DirectoryIterator(
            directory, self, target_size, color_mode, classes, class_mode, batch_size, shuffle, seed, self.data_format, save_to_dir,
            save_prefix, save_format, follow_links, subset, interpolation, keep_aspect_ratio, self.dtype,
        )  # fmt: skip

    def flow_from_dataframe(
        self, dataframe: Any, directory: Any = None, x_col: str = "filename", y_col: Any = "class", weight_col: str | None = None,  # noqa: ANN401
        target_size: Sequence[int] = (256, 256), color_mode: str = "rgb", classes: Sequence[str] | None = None,
        class_mode: str | None = "categorical", batch_size: int = 32, shuffle: bool = True, seed: int | None = None,  # noqa: FBT001, FBT002
        save_to_dir: Any = None, save_prefix: str = "", save_format: str = "png", subset: str | None = None,  # noqa: ANN401
        interpolation: str = "nearest", validate_filenames: bool = True, **kwargs: Any,  # noqa: ANN401, FBT001, FBT002
    ) -> DataFrameIterator:  # fmt: skip
        """Batches of the picture files of a table.  Arguments, and what it raises: as DataFrameIterator's.

        Raises: ArgumentTypeError for another option.
        """
        for name in kwargs:
            if name not in _FORMER:
                raise ArgumentTypeError(f"flow_from_dataframe has no option {name!r}")
            warnings.warn(f"flow_from_dataframe: {name} does nothing any more", DeprecationWarning, stacklevel=2)
        mode = "raw" if class_mode == "other" else class_mode
        return DataFrameIterator(
            dataframe, directory, self, x_col, y_col, weight_col, target_size, color_mode, classes, mode, batch_size, shuffle, seed,
            self.data_format, save_to_dir, save_prefix, save_format, subset, interpolation, False, self.dtype,  # noqa: FBT003
            validate_filenames,
        )  # fmt: skip

    def changed(self, x: Array) -> Array:
        """An image as it is in a batch: changed at random, then standardised.  Shape: that of x."""
        return self.standardize(self.apply_transform(x, self.get_random_transform(x.shape)))

    def standardize(self, x: Array) -> Array:
        """An image, or a batch of them, standardised.  Shape: that of x; it is written to where its dtype is floating, as Keras does."""
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if self.rescale:
            x = x * self.rescale
        if self.samplewise_center:
            x = x - np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x = x / (np.std(x, keepdims=True) + _TINY)
        for asked, found, name in (
            (self.featurewise_center, self.mean, "featurewise_center"), (self.featurewise_std_normalization, self.std, "its deviation"),
            (self.zca_whitening, self.zca_whitening_matrix, "zca_whitening"),
        ):  # fmt: skip
            if asked and found is None:
                warnings.warn(f"ImageDataGenerator: {name} needs numbers of the whole data, which `fit(images)` finds", stacklevel=2)
        if self.featurewise_center and self.mean is not None:
            x = x - self.mean
        if self.featurewise_std_normalization and self.std is not None:
            x = x / (self.std + _TINY)
        if self.zca_whitening and self.zca_whitening_matrix is not None:
            x = np.reshape(x.reshape(-1, len(self.zca_whitening_matrix)) @ self.zca_whitening_matrix, x.shape)
        return np.asarray(x)

    def get_random_transform(self, img_shape: Sequence[int], seed: int | None = None) -> dict[str, Any]:
        """What is done to an image, drawn: theta, tx, ty, shear, zx, zy, flips, channel shift, brightness."""
        if seed is not None:
            np.random.seed(seed)  # noqa: TID251  Keras' draws come from it, and users' functions draw from it
        theta = np.random.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        tx = _shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = np.random.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        zx, zy = (1, 1) if self.zoom_range == [1, 1] else np.random.uniform(self.zoom_range[0], self.zoom_range[1], 2)
        sideways = (np.random.random() < 0.5) * self.horizontal_flip
        upside_down = (np.random.random() < 0.5) * self.vertical_flip
        reach, light = self.channel_shift_range, self.brightness_range
        return {
            "theta": theta, "tx": tx, "ty": ty, "shear": shear, "zx": zx, "zy": zy, "flip_horizontal": sideways,
            "flip_vertical": upside_down,
            "channel_shift_intensity": np.random.uniform(-reach, reach) if reach != 0 else None,
            "brightness": None if light is None else np.random.uniform(light[0], light[1]),
        }  # fmt: skip

    def apply_transform(self, x: Array, transform_parameters: dict[str, Any]) -> Array:
        """An image changed as `get_random_transform` says it.  Shape: that of x."""
        row, column, channel = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        said = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1} | transform_parameters
        x = apply_affine_transform(
            x, said["theta"], said["tx"], said["ty"], said["shear"], said["zx"], said["zy"], row, column, channel, self.fill_mode,
            self.cval, self.interpolation_order,
        )  # fmt: skip
        if said.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, said["channel_shift_intensity"], channel)
        x = np.flip(x, column) if said.get("flip_horizontal") else x
        x = np.flip(x, row) if said.get("flip_vertical") else x
        return x if said.get("brightness") is None else apply_brightness_shift(x, said["brightness"], False)  # noqa: FBT003

    def random_transform(self, x: Array, seed: int | None = None) -> Array:
        """An image changed at random.  Shape: that of x."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:  # noqa: ANN401, FBT001, FBT002
        """Finds what featurewise_center, featurewise_std_normalization and zca_whitening need.

        Args:
            x: images.
            augment: whether they are changed at random first.
            rounds: how often, then.
            seed: what is drawn follows from it.

        Raises: ShapeError for what has not four axes.
        """
        held = np.array(x, self.dtype)
        if held.ndim != 4:
            raise ShapeError(f"images have 4 axes, these are {held.shape}", likely="x[..., None]" if held.ndim == 3 else "")
        if seed is not None:
            np.random.seed(seed)  # noqa: TID251  Keras' draws come from it
        if self.rescale:
            held = held * self.dtype.type(self.rescale)
        if augment:
            held = np.stack([self.random_transform(image) for _ in range(rounds) for image in held]).astype(self.dtype)
        axes, kept = (0, self.row_axis, self.col_axis), [1, 1, 1]
        kept[self.channel_axis - 1] = held.shape[self.channel_axis]
        if self.featurewise_center:
            self.mean = np.mean(held, axes).reshape(kept)
            held = held - self.mean
        if self.featurewise_std_normalization:
            self.std = np.std(held, axes).reshape(kept)
            held = held / (self.std + _TINY)
        if self.zca_whitening:
            flat = held.reshape(len(held), -1)
            u, s, _ = np.linalg.svd(flat.T, full_matrices=False)
            self.zca_whitening_matrix = (u * (np.sqrt(len(held)) / (s + self.zca_epsilon))) @ u.T


def _overrides(made: ImageDataGenerator, center: bool, own: bool, deviation: bool) -> list[str]:  # noqa: FBT001
    """What one option says of another."""
    said = []
    if made.zca_whitening and not center:
        said.append("zca_whitening sets featurewise_center")
    if made.zca_whitening and deviation:
        said.append("zca_whitening takes featurewise_std_normalization away")
    if made.featurewise_std_normalization and not center:
        said.append("featurewise_std_normalization sets featurewise_center")
    if made.samplewise_std_normalization and not own:
        said.append("samplewise_std_normalization sets samplewise_center")
    return said


def _shift(reach: Any, extent: int) -> float:  # noqa: ANN401  a share, pixels, or a list of either
    """How far, in pixels; drawn as Keras draws it."""
    if np.ndim(reach) == 0 and not reach:
        return 0.0
    if np.ndim(reach) or (isinstance(reach, (int, np.integer)) and reach > 0):
        drawn = float(np.random.choice(reach)) * float(np.random.choice([-1, 1]))
    else:
        drawn = float(np.random.uniform(-reach, reach))
    return drawn * extent if np.max(reach) < 1 else drawn
