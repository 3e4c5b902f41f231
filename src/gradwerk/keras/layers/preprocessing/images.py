"""What layers of images share; Resizing and CenterCrop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Unpack

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.layers.channels import FIRST, data_format_of
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.options import LayerOptions, checked_except, choice, is_number, positive_integer, whole
from gradwerk.nn.resizing import INTERPOLATIONS, as_floats, cropped_to_ratio, padded_to_ratio, resize
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.elementwise import cast, maximum, minimum
from gradwerk.ops.movement import expand_dims, slice_axis, squeeze
from gradwerk.ops.precision import in_accumulator
from gradwerk.ops.rounding import round_to
from gradwerk.tensor.random import Generator, fresh_seed

Operand = Any
"""A Tensor."""
SPACE = (1, 2)
"""The axes of rows and columns of a batch."""


class ImageLayer(Layer):
    """A layer that takes images (batch, height, width, channels), or one image, or a dict with the key `images`.

    Of a dict `labels` are handed on, and `segmentation_masks` changed as the images are, by the nearest pixel.
    """

    random: ClassVar[bool] = False
    """Whether there is anything to do in training alone."""
    data_format = "channels_last"
    seed: int | None = None
    generator: Generator
    interpolation: str

    def begin_drawing(self, seed: int | None, data_format: str | None) -> None:
        """Begins a generator of one's own, and keeps the layout.  Raises: ArgumentError for what is no seed, or no layout."""
        owner = type(self).__name__
        self.seed, self.data_format = seed, data_format_of(owner, data_format)
        self.generator = Generator(fresh_seed() if seed is None else whole(owner, "seed", seed))

    def between(self, bounds: tuple[float, float], count: int, rank: int = 1) -> Operand:
        """Uniform numbers, one for each image.  Shape: (count, 1, ...) of that rank."""
        return self.generator.uniform((count, *(1,) * (rank - 1)), *bounds)

    def call(self, data: Operand, training: bool = True) -> Operand:  # noqa: FBT001, FBT002  Keras' signature
        """The images, changed."""
        if not isinstance(data, dict):
            return self._each(data, lambda x: self._changed(x, training=training))
        if "images" not in data:
            raise ArgumentError(f"{type(self).__name__} takes a dict with images, this has {', '.join(map(str, data)) or 'nothing'}")
        if "bounding_boxes" in data:
            raise ArgumentError(f"{type(self).__name__}: bounding boxes are not here yet", likely="change the images alone")
        drawn: list[Any] = []

        def image(x: Operand) -> Operand:
            drawn.append(self.draw(x) if training or not self.random else None)
            return self._changed(x, training=training, drawn=drawn[0])

        found = {**data, "images": self._each(data["images"], image)}
        if "segmentation_masks" in data and drawn[0] is not None:
            found["segmentation_masks"] = self._each(data["segmentation_masks"], lambda x: self.change_masks(as_floats(x), drawn[0]))
        if "labels" in data and drawn[0] is not None:
            found["labels"] = self.change_labels(data["labels"], drawn[0])
        return found

    def _each(self, images: Operand, function: Callable[[Operand], Operand]) -> Operand:
        """`function` of images in a batch, channels last, whatever they are given as.  Raises: ShapeError."""
        if images.ndim not in (3, 4):
            raise ShapeError(
                f"{type(self).__name__} takes images of 4 axes, or one of 3", facts=(f"input   {tuple(images.shape)}",),
                likely="grey images lack the channels axis: x[..., None]" if images.ndim == 2 else "",
            )  # fmt: skip
        one, first = images.ndim == 3, self.data_format == FIRST
        x = expand_dims(images, 0) if one else images
        x = move_axes(x, (1,), (-1,)) if first else x
        y = function(in_accumulator(x))
        y = cast(y, x.dtype) if dtypes.is_narrow(x.dtype) else y
        y = move_axes(y, (-1,), (1,)) if first else y
        return squeeze(y, 0) if one else y

    def _changed(self, x: Operand, *, training: bool, drawn: Any = None) -> Operand:  # noqa: ANN401  as `draw` gives it
        if self.random and not training:
            return as_floats(x)
        return self.change(x if not self.random else as_floats(x), self.draw(x) if drawn is None else drawn)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """What is drawn for these images: masks are changed by the same."""
        return ()

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """Images (batch, height, width, channels), changed.  A layer says how."""
        return x

    def change_masks(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """Masks of segments, changed likewise: colours are not."""
        return x

    def change_labels(self, labels: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """Labels: those of the images, whatever these look like."""
        return labels

    def sizes(self, height: int | None, width: int | None) -> tuple[int | None, int | None]:
        """The extents of the result: those of the input."""
        return height, width

    def compute_output_shape(self, input_shape: Any) -> Any:  # noqa: ANN401  a shape, or a dict of them
        """That of the input, but for height and width where the layer changes them."""
        if isinstance(input_shape, dict):
            return {**input_shape, **{
                name: self.compute_output_shape(input_shape[name]) for name in ("images", "segmentation_masks") if name in input_shape
            }}  # fmt: skip
        shape: Shape = tuple(input_shape)
        if len(shape) not in (3, 4):
            raise ShapeError(f"{type(self).__name__} takes images of 4 axes, or one of 3", facts=(f"input   {shape}",))
        rows = len(shape) - 2 if self.data_format == FIRST else len(shape) - 3
        return (*shape[:rows], *self.sizes(shape[rows], shape[rows + 1]), *shape[rows + 2 :])


class Resizing(ImageLayer):
    """Images in another size.

    Shape: (batch, height, width, channels) of any extents, or one image -> `height` and `width`.  Dtype: kept; whole numbers are rounded.
    See `resize`.  Raises: ArgumentError for sizes and options of another kind.

    Args:
        height: of the result.
        width: of the result.
        interpolation: bilinear, nearest, bicubic, lanczos3 or lanczos5.
        crop_to_aspect_ratio: whether the largest window of the wanted ratio is taken, instead of stretching the image.
        pad_to_aspect_ratio: whether a border makes up for another ratio.
        fill_mode: of that border, constant.
        fill_value: of that border.
        antialias: whether all pixels count where an image shrinks.
        data_format: channels_last, or channels_first.
    """

    @checked_except("height", "width", "interpolation", "data_format", "fill_mode")
    def __init__(
        self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,  # noqa: FBT001, FBT002
        pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0, antialias: bool = False,  # noqa: FBT001, FBT002
        data_format: str | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.height, self.width = positive_integer("Resizing", "height", height), positive_integer("Resizing", "width", width)
        self.interpolation = choice("Resizing", "interpolation", interpolation, INTERPOLATIONS)
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ArgumentError("Resizing: an image is cropped to a ratio or padded to it, not both")
        self.fill_mode = choice("Resizing", "fill_mode", fill_mode, ("constant",))
        self.fill_value, self.antialias, self.data_format = fill_value, bool(antialias), data_format_of("Resizing", data_format)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """See `resize`."""
        return self._resized(x, self.interpolation)

    def change_masks(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """By the nearest pixel."""
        return self._resized(x, "nearest")

    def _resized(self, x: Operand, interpolation: str) -> Operand:
        size = (self.height, self.width)
        y = as_floats(x)
        if self.crop_to_aspect_ratio:
            y = cropped_to_ratio(y, size, SPACE)
        if self.pad_to_aspect_ratio:
            y = padded_to_ratio(y, size, SPACE, self.fill_value)
        y = resize(y, size, SPACE, interpolation, antialias=self.antialias)
        if dtypes.is_float(x.dtype):
            return y
        low, high = dtypes.extremes(x.dtype)
        return cast(maximum(minimum(round_to(y, 0), high), low), x.dtype)

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """That of the images."""
        return str(symbols["images"].dtype if isinstance(symbols, dict) else symbols.dtype)

    def sizes(self, height: int | None, width: int | None) -> tuple[int | None, int | None]:
        """Those wanted."""
        return self.height, self.width


class CenterCrop(ImageLayer):
    """The middle of images; of smaller ones the largest window of the wanted ratio, in another size.

    Shape: (batch, height, width, channels), or one image -> `height` and `width`.  Raises: ArgumentError for sizes of another kind.
    """

    @checked_except("height", "width", "data_format")
    def __init__(self, height: int, width: int, data_format: str | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.height, self.width = positive_integer("CenterCrop", "height", height), positive_integer("CenterCrop", "width", width)
        self.data_format = data_format_of("CenterCrop", data_format)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """A window, or `resize`."""
        x, size = as_floats(x), (self.height, self.width)
        if all(x.shape[axis] >= wanted for axis, wanted in zip(SPACE, size, strict=True)):
            return window(x, [(x.shape[axis] - wanted) // 2 for axis, wanted in zip(SPACE, size, strict=True)], size)
        return resize(cropped_to_ratio(x, size, SPACE), size, SPACE)

    def change_masks(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """As images."""
        return self.change(x, drawn)

    def sizes(self, height: int | None, width: int | None) -> tuple[int | None, int | None]:
        """Those wanted."""
        return self.height, self.width


def window(x: Operand, start: list[int], size: tuple[int, int]) -> Operand:
    """A window of each image, as far as it goes.  Shape: x (n, height, width, channels)."""
    for axis, first, wanted in zip(SPACE, start, size, strict=True):
        x = slice_axis(x, axis, first, min(first + wanted, x.shape[axis]))
    return x


def factors(owner: str, name: str, value: object, least: float, most: float, *, open_below: bool = False) -> tuple[float, float]:
    """Two bounds, from two numbers in any order, or from one: minus and plus it.  Raises: ArgumentError."""
    pair: list[Any] = list(value) if isinstance(value, (tuple, list)) else [value]
    inside = all(is_number(one) and (least < one if open_below else least <= one) and one <= most for one in pair)
    if not inside or len(pair) != (2 if isinstance(value, (tuple, list)) else 1):
        raise ArgumentError(f"{owner}: {name} is a number from {least} to {most}, or two of them, this is {value!r}")
    low, high = (min(pair), max(pair)) if len(pair) == 2 else (max(-abs(pair[0]), least), abs(pair[0]))
    return low, high
