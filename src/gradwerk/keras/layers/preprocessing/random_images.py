"""Images changed by chance while training: mirrored, turned, moved, in another size, in other light.  Each image is drawn for by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.layers.preprocessing.images import SPACE, ImageLayer, factors, window
from gradwerk.keras.options import LayerOptions, checked_except, choice, is_number, positive_integer
from gradwerk.nn.affine import FILLS, INTERPOLATIONS, Map, mapped, shifted, turned, zoomed
from gradwerk.nn.resizing import cropped_to_ratio, resize
from gradwerk.ops.compare import less_equal
from gradwerk.ops.elementwise import add, cast, floor, mul, sub, where
from gradwerk.ops.functions import clip, mean
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import flip, transpose
from gradwerk.ops.source import arange

Operand = Any
"""A Tensor."""
Factor = float | Sequence[float]
"""A number, or two of them: the bounds of what is drawn."""
MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(ImageLayer):
    """Images mirrored left to right, upside down, or both, one of two of them by chance.

    Shape: images (batch, height, width, channels), or one image; kept.  Raises: ArgumentError for a mode that nobody knows.
    """

    random = True

    @checked_except("mode", "seed", "data_format")
    def __init__(
        self, mode: str = MODES[2], seed: int | None = None, data_format: str | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.mode = choice("RandomFlip", "mode", mode, MODES)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """Which images are mirrored."""
        return less_equal(self.between((0.0, 1.0), x.shape[0], 4), 0.5)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """Those drawn, mirrored."""
        for axis, ways in ((2, (MODES[0], MODES[2])), (1, MODES[1:])):
            x = where(drawn, flip(x, axis), x) if self.mode in ways else x
        return x

    def change_masks(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """As images."""
        return self.change(x, drawn)


def begin_moving(layer: Any, fill_mode: str, interpolation: str, fill_value: float) -> None:  # noqa: ANN401  a layer
    """Keeps how images are read elsewhere.  Raises: ArgumentError for what nobody knows."""
    owner = type(layer).__name__
    layer.fill_mode = choice(owner, "fill_mode", fill_mode, FILLS)
    layer.interpolation = choice(owner, "interpolation", interpolation, INTERPOLATIONS)
    layer.fill_value = fill_value


def moved(layer: Any, x: Operand, map_: Map, interpolation: str) -> Operand:  # noqa: ANN401  a layer
    """See `mapped`."""
    return mapped(x, map_, interpolation=interpolation, fill=layer.fill_mode, value=layer.fill_value)


class RandomRotation(ImageLayer):
    """Images turned about their middle by parts of a full turn.

    Shape: images (batch, height, width, channels), or one image; kept.  Raises: ArgumentError for a factor outside -1 to 1.

    Args:
        factor: two bounds, or one for both ways: 0.1 turns by up to 36 degrees.
        fill_mode: reflect, wrap, constant, nearest: what comes in from outside.
        interpolation: bilinear or nearest.
        seed: of what is drawn.
        fill_value: what comes in with constant.
        data_format: channels_last, or channels_first.
    """

    random = True

    @checked_except("factor", "fill_mode", "interpolation", "seed", "data_format")
    def __init__(
        self, factor: Factor, fill_mode: str = "reflect", interpolation: str = "bilinear", seed: int | None = None,
        fill_value: float = 0.0, data_format: str | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        begin_moving(self, fill_mode, interpolation, fill_value)
        self.factor = factors("RandomRotation", "factor", factor, -1, 1)

    def draw(self, x: Operand) -> Map:
        """A turn for each image."""
        low, high = self.factor
        return turned(self.between((360 * low, 360 * high), x.shape[0]), x.shape[1], x.shape[2])

    def change(self, x: Operand, drawn: Map) -> Operand:
        """See `mapped`."""
        return moved(self, x, drawn, self.interpolation)

    def change_masks(self, x: Operand, drawn: Map) -> Operand:
        """By the nearest pixel."""
        return moved(self, x, drawn, "nearest")


class RandomZoom(ImageLayer):
    """Images in another size, in the same frame: above 0 smaller, below 0 larger.

    Shape: images (batch, height, width, channels), or one image; kept.  Raises: ArgumentError for a factor outside -1 to 1.

    Args:
        height_factor: two bounds, or one for both ways.
        width_factor: likewise; without it the ratio stays.
        fill_mode: reflect, wrap, constant, nearest: what comes in from outside.
        interpolation: bilinear or nearest.
        seed: of what is drawn.
        fill_value: what comes in with constant.
        data_format: channels_last, or channels_first.
    """

    random = True

    @checked_except("height_factor", "width_factor", "fill_mode", "interpolation", "seed", "data_format")
    def __init__(
        self, height_factor: Factor, width_factor: Factor | None = None, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, data_format: str | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        begin_moving(self, fill_mode, interpolation, fill_value)
        self.height_factor, self.width_factor = height_factor, width_factor
        for name, factor in (("height_factor", height_factor), ("width_factor", width_factor)):
            if factor is not None or name == "height_factor":
                factors("RandomZoom", name, factor, -1, 1, open_below=True)

    def draw(self, x: Operand) -> Map:
        """A size for each image."""
        rows, columns = (None if one is None else factors("RandomZoom", "factor", one, -1, 1) for one in (
            self.height_factor, self.width_factor))  # fmt: skip
        by_rows = self.between((1 + rows[0], 1 + rows[1]), x.shape[0]) if rows else 1.0
        by_columns = self.between((1 + columns[0], 1 + columns[1]), x.shape[0]) if columns else by_rows
        return zoomed(by_rows, by_columns, x.shape[1], x.shape[2])

    def change(self, x: Operand, drawn: Map) -> Operand:
        """See `mapped`."""
        return moved(self, x, drawn, self.interpolation)

    def change_masks(self, x: Operand, drawn: Map) -> Operand:
        """By the nearest pixel."""
        return moved(self, x, drawn, "nearest")


class RandomTranslation(ImageLayer):
    """Images shifted by parts of their height and width: above 0 down and to the right.

    Shape: images (batch, height, width, channels), or one image; kept.  Raises: ArgumentError for a factor outside -1 to 1.

    Args:
        height_factor: two bounds, or one for both ways.
        width_factor: likewise.
        fill_mode: reflect, wrap, constant, nearest: what comes in from outside.
        interpolation: bilinear or nearest.
        seed: of what is drawn.
        fill_value: what comes in with constant.
        data_format: channels_last, or channels_first.
    """

    random = True

    @checked_except("height_factor", "width_factor", "fill_mode", "interpolation", "seed", "data_format")
    def __init__(
        self, height_factor: Factor, width_factor: Factor, fill_mode: str = "reflect", interpolation: str = "bilinear",
        seed: int | None = None, fill_value: float = 0.0, data_format: str | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        begin_moving(self, fill_mode, interpolation, fill_value)
        self.height_factor, self.width_factor = height_factor, width_factor
        for name, factor in (("height_factor", height_factor), ("width_factor", width_factor)):
            factors("RandomTranslation", name, factor, -1, 1)

    def draw(self, x: Operand) -> Map:
        """A shift for each image."""
        rows, columns = (
            mul(self.between(factors("RandomTranslation", "factor", factor, -1, 1), x.shape[0]), x.shape[axis])
            for axis, factor in zip(SPACE, (self.height_factor, self.width_factor), strict=True)
        )
        return shifted(rows, columns)

    def change(self, x: Operand, drawn: Map) -> Operand:
        """See `mapped`."""
        return moved(self, x, drawn, self.interpolation)

    def change_masks(self, x: Operand, drawn: Map) -> Operand:
        """By the nearest pixel."""
        return moved(self, x, drawn, "nearest")


class RandomCrop(ImageLayer):
    """A window of the images of a batch, anywhere in them while training; of smaller ones the largest of that ratio, in another size.

    In inference the images stay as they are.  Shape: (batch, height, width, channels), or one image -> `height` and `width`.
    Raises: ArgumentError for sizes of another kind.
    """

    random = True

    @checked_except("height", "width", "seed", "data_format")
    def __init__(
        self, height: int, width: int, seed: int | None = None, data_format: str | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.height, self.width = positive_integer("RandomCrop", "height", height), positive_integer("RandomCrop", "width", width)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """Where the window begins, the same for all images of a batch; nothing where there is no choice."""
        room = [x.shape[axis] - wanted for axis, wanted in zip(SPACE, (self.height, self.width), strict=True)]
        if min(room) <= 0:
            return ()
        return tuple(cast(floor(self.between((0.0, extent + 1.0), 1)), dtypes.int64) for extent in room)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """The window."""
        size = (self.height, self.width)
        if not drawn:
            extents = cropped_to_ratio(x, size, SPACE).shape[1:3]
            x = window(x, [int((x.shape[axis] - extent) / 2) for axis, extent in zip(SPACE, extents, strict=True)], size)
            return resize(x, size, SPACE)
        for axis, first, wanted in zip(SPACE, drawn, size, strict=True):
            order = (axis, *(k for k in range(4) if k != axis))
            rows = gather(transpose(x, order), add(arange(wanted, dtypes.int64, like=x), first))
            x = transpose(rows, tuple(order.index(k) for k in range(4)))
        return x

    def change_masks(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """As images."""
        return self.change(x, drawn)

    def sizes(self, height: int | None, width: int | None) -> tuple[int | None, int | None]:
        """Those wanted."""
        return self.height, self.width


def value_range_of(owner: str, value: object) -> tuple[float, float]:
    """The darkest and the lightest number of a pixel.  Raises: ArgumentError."""
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(map(is_number, value)):
        raise ArgumentError(f"{owner}: value_range is two numbers, this is {value!r}")
    return min(value), max(value)


class RandomContrast(ImageLayer):
    """y = factor (x - mean) + mean, with the mean of each image and channel, held in a range.

    Shape: images (batch, height, width, channels), or one image; kept.
    Raises: ArgumentError for a factor outside 0 to 1, or a range of another kind.

    Args:
        factor: what is drawn lies between 1 - factor[0] and 1 + factor[1]; of one number, between 1 and 1 + factor.
        value_range: of the pixels.
        seed: of what is drawn.
    """

    random = True

    @checked_except("factor", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor, value_range: Sequence[float] = (0, 255), seed: int | None = None, *, data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomContrast", "factor", factor, 0, 1)
        self.value_range = value_range_of("RandomContrast", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """A factor for each image."""
        return self.between((1 - self.factor[0], 1 + self.factor[1]), x.shape[0], 4)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """The formula above."""
        middle = mean(x, SPACE, keepdims=True)
        return clip(add(mul(sub(x, middle), drawn), middle), *map(float, self.value_range))


class RandomBrightness(ImageLayer):
    """y = x + share (high - low), held in the range from low to high.

    Shape: images (batch, height, width, channels), or one image; kept.
    Raises: ArgumentError for a factor outside -1 to 1, or a range of another kind.

    Args:
        factor: two bounds of the share that is drawn, or one for both ways.
        value_range: of the pixels.
        seed: of what is drawn.
    """

    random = True

    @checked_except("factor", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor, value_range: Sequence[float] = (0, 255), seed: int | None = None, *, data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomBrightness", "factor", factor, -1, 1)
        self.value_range = value_range_of("RandomBrightness", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """A share for each image."""
        return self.between(self.factor, x.shape[0], 4)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """The formula above."""
        low, high = map(float, self.value_range)
        return clip(add(x, mul(drawn, high - low)), low, high)


