"""Images in other colours: contrast stretched, hue, saturation, grey, inverted, few levels.  Each image is drawn for by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.layers.channels import data_format_of
from gradwerk.keras.layers.preprocessing.images import SPACE, ImageLayer, factors
from gradwerk.keras.layers.preprocessing.random_images import Factor, value_range_of
from gradwerk.keras.options import LayerOptions, checked_except, counts, not_negative
from gradwerk.nn.colours import blurred, channels_of, from_hsv, grey_of, ranged, smoothed, to_hsv
from gradwerk.nn.resizing import as_floats
from gradwerk.ops.compare import greater, less
from gradwerk.ops.elementwise import add, cast, div, floor, mul, sub, where
from gradwerk.ops.functions import clip
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import concatenate
from gradwerk.ops.reduction import reduce_max, reduce_min

Operand = Any
"""A Tensor."""
LEVELS = (0, 255)
_LEAST = 1e-7


class AutoContrast(ImageLayer):
    """Each channel of each image stretched over the whole range; one of a single level stays.

    Shape: images (batch, height, width, channels), or one image; kept.  Raises: ArgumentError for a range of another kind.
    """

    @checked_except("value_range", "data_format")
    def __init__(
        self, value_range: Sequence[float] = LEVELS, *, data_format: str | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.value_range, self.data_format = value_range_of("AutoContrast", value_range), data_format_of("AutoContrast", data_format)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """(x - least) / (most - least), over the range."""
        given = as_floats(x)
        x = ranged(given, self.value_range, LEVELS)
        low, high = reduce_min(x, SPACE, keepdims=True), reduce_max(x, SPACE, keepdims=True)
        flat = less(sub(high, low), 1e-30)
        scale = div(255.0, where(flat, 1.0, sub(high, low)))
        return where(flat, given, ranged(clip(mul(sub(x, low), scale), 0, 255), LEVELS, self.value_range))


class Solarization(ImageLayer):
    """Levels above a threshold inverted, after something was added.

    Shape: images (batch, height, width, channels), or one image; kept.
    Raises: ArgumentError for factors outside 0 to 1, or a range of another kind.

    Args:
        addition_factor: the most that is added, as a share of the range, or two bounds.
        threshold_factor: the highest threshold, likewise.
        value_range: of the pixels.
        seed: of what is drawn.
    """

    random = True

    @checked_except("addition_factor", "threshold_factor", "value_range", "seed", "data_format")
    def __init__(
        self, addition_factor: Factor = 0.0, threshold_factor: Factor = 0.0, value_range: Sequence[float] = LEVELS,
        seed: int | None = None, *, data_format: str | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.addition_factor = factors("Solarization", "addition_factor", addition_factor, 0, 1)
        self.threshold_factor = factors("Solarization", "threshold_factor", threshold_factor, 0, 1)
        self.value_range = value_range_of("Solarization", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """What is added to each image, and its threshold: the lower bounds are not stretched, as in Keras."""
        return tuple(self.between((low, 255 * high), x.shape[0], 4) for low, high in (self.addition_factor, self.threshold_factor))

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """x + addition, or 255 minus that."""
        more, threshold = drawn
        lighter = clip(add(ranged(x, self.value_range, LEVELS), more), 0, 255)
        return ranged(where(less(lighter, threshold), lighter, sub(255.0, lighter)), LEVELS, self.value_range)


class RandomInvert(ImageLayer):
    """Images as negatives: the lightest level minus x, with a probability.

    Shape: images (batch, height, width, channels), or one image; kept.
    Raises: ArgumentError for a factor outside 0 to 1, or a range of another kind.

    Args:
        factor: two bounds of the probability, or its upper one.
        value_range: of the pixels.
        seed: of what is drawn.
        data_format: channels_last, or channels_first.
    """

    random = True

    @checked_except("factor", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor = 1.0, value_range: Sequence[float] = LEVELS, seed: int | None = None, data_format: str | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomInvert", "factor", factor, 0, 1)
        self.value_range = value_range_of("RandomInvert", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """Which images are inverted."""
        return less(self.between((0.0, 1.0), x.shape[0], 4), self.between(self.factor, x.shape[0], 4))

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """Those drawn, inverted."""
        return where(drawn, sub(float(self.value_range[1]), x), x)


class RandomPosterization(ImageLayer):
    """Images of few levels: of eight bits so many are kept.

    Shape: images (batch, height, width, channels), or one image; kept.
    Raises: ArgumentError for a factor outside 1 to 8, or a range of another kind.

    Args:
        factor: how many bits are kept: two bounds, of which the upper one is not reached, or that one.
        value_range: of the pixels.
        data_format: channels_last, or channels_first.
        seed: of what is drawn.
    """

    random = True

    @checked_except("factor", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor, value_range: Sequence[float] = LEVELS, data_format: str | None = None, seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomPosterization", "factor", factor, 1, 8)
        self.value_range = value_range_of("RandomPosterization", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """How many levels are one, for each image."""
        kept = cast(floor(self.between(self.factor, x.shape[0], 4)), dtypes.int64)
        return gather(2.0 ** (8 - np.arange(9, dtype=np.float32)), kept)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """The lowest of the levels that are one."""
        return ranged(mul(floor(div(floor(ranged(x, self.value_range, LEVELS)), drawn)), drawn), LEVELS, self.value_range)


class RandomGrayscale(ImageLayer):
    """Images without colours, with a probability: all channels are as light as the pixel looks.

    Shape: images (batch, height, width, 3), or one image; kept.  Raises: ArgumentError for a probability outside 0 to 1.
    """

    random = True

    @checked_except("factor", "seed", "data_format")
    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomGrayscale", "factor", not_negative("RandomGrayscale", "factor", factor), 0, 1)[1]

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """Which images lose their colours."""
        return less(self.between((0.0, 1.0), x.shape[0], 4), self.factor)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """Those drawn, grey."""
        return where(drawn, grey_of(x), x) if x.shape[-1] != 1 else x


class RandomHue(ImageLayer):
    """Images with their colours turned, by up to half of the circle in either way.

    Shape: images (batch, height, width, 3), or one image; kept.
    Raises: ArgumentError for a factor outside 0 to 1, or a range of another kind.

    Args:
        factor: two bounds of the share of the half circle, or the upper one.
        value_range: of the pixels.
        data_format: channels_last, or channels_first.
        seed: of what is drawn.
    """

    random = True

    @checked_except("factor", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor, value_range: Sequence[float] = LEVELS, data_format: str | None = None, seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomHue", "factor", factor, 0, 1)
        self.value_range = value_range_of("RandomHue", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """A turn for each image."""
        way = where(greater(self.between((0.0, 1.0), x.shape[0], 4), 0.5), -0.5, 0.5)
        return mul(way, self.between(self.factor, x.shape[0], 4))

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """The hue moved."""
        hue, *others = channels_of(to_hsv(ranged(x, self.value_range, (0, 1))))
        found = from_hsv(concatenate([add(hue, drawn), *others], -1))
        return ranged(clip(found, 0, 1), (0, 1), self.value_range)


class RandomSaturation(ImageLayer):
    """Images of more or less colour: at 0.5 as they are, below it greyer.

    Shape: images (batch, height, width, 3), or one image; kept.
    Raises: ArgumentError for a factor outside 0 to 1, or a range of another kind.

    Args:
        factor: two bounds, or the upper one; f multiplies the saturation by f / (1 - f).
        value_range: what the saturation is held in, as in Keras.
        data_format: channels_last, or channels_first.
        seed: of what is drawn.
    """

    random = True

    @checked_except("factor", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor, value_range: Sequence[float] = LEVELS, data_format: str | None = None, seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomSaturation", "factor", factor, 0, 1)
        self.value_range = value_range_of("RandomSaturation", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """A factor for each image."""
        share = self.between(self.factor, x.shape[0], 4)
        return div(share, add(sub(1, share), _LEAST))

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """The saturation multiplied."""
        hue, saturation, value = channels_of(to_hsv(x))
        return from_hsv(concatenate([hue, clip(mul(saturation, drawn), *map(float, self.value_range)), value], -1))


class RandomColorDegeneration(ImageLayer):
    """y = x + factor (grey - x), held in a range.

    Shape: images (batch, height, width, 3), or one image; kept.
    Raises: ArgumentError for a factor outside -1 to 1, or a range of another kind.

    Args:
        factor: two bounds, or one for both ways.
        value_range: of the pixels.
        data_format: channels_last, or channels_first.
        seed: of what is drawn.
    """

    random = True

    @checked_except("factor", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor, value_range: Sequence[float] = LEVELS, data_format: str | None = None, seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomColorDegeneration", "factor", factor, -1, 1)
        self.value_range = value_range_of("RandomColorDegeneration", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """A share for each image."""
        return self.between(self.factor, x.shape[0], 4)

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """The formula above."""
        return clip(add(x, mul(drawn, sub(grey_of(x), x))), *map(float, self.value_range))


class RandomSharpness(ImageLayer):
    """y = x + (1 - 2 factor) (smoothed - x), held in a range: at 0.5 as it is, below it smoother.

    Shape: images (batch, height, width, channels), or one image; kept.
    Raises: ArgumentError for a factor outside 0 to 1, or a range of another kind.

    Args:
        factor: two bounds, or the upper one.
        value_range: of the pixels.
        data_format: channels_last, or channels_first.
        seed: of what is drawn.
    """

    random = True

    @checked_except("factor", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor, value_range: Sequence[float] = LEVELS, data_format: str | None = None, seed: int | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomSharpness", "factor", factor, 0, 1)
        self.value_range = value_range_of("RandomSharpness", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """A share for each image."""
        return sub(1, mul(self.between(self.factor, x.shape[0], 4), 2))

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """See `smoothed`."""
        return clip(add(x, mul(drawn, sub(smoothed(x), x))), *map(float, self.value_range))


def window_of(owner: str, value: Any) -> tuple[int, int]:  # noqa: ANN401
    """Two odd numbers, from one or two.  Raises: ArgumentError."""
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    sizes = counts(owner, "kernel_size", pair, 2)
    if any(size % 2 == 0 for size in sizes):
        raise ArgumentError(f"{owner}: kernel_size is odd, this is {value!r}")
    return sizes[0], sizes[1]


class RandomGaussianBlur(ImageLayer):
    """Images seen without glasses, with a probability: see `blurred`.

    Shape: images (batch, height, width, channels), or one image; kept.
    Raises: ArgumentError for factors outside 0 to 1, sizes that are even, or a range of another kind.

    Args:
        factor: two bounds of the probability, or its upper one.
        kernel_size: of the window: an odd number, or two, of columns and of rows.
        sigma: two bounds of the deviation, or its upper one: the same for all images of a batch.
        value_range: of the pixels.
        data_format: channels_last, or channels_first.
        seed: of what is drawn.
    """

    random = True

    @checked_except("factor", "kernel_size", "sigma", "value_range", "seed", "data_format")
    def __init__(
        self, factor: Factor = 1.0, kernel_size: int | Sequence[int] = 3, sigma: Factor = 1.0, value_range: Sequence[float] = LEVELS,
        data_format: str | None = None, seed: int | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        self.factor = factors("RandomGaussianBlur", "factor", factor, 0, 1)
        self.kernel_size, self.sigma = window_of("RandomGaussianBlur", kernel_size), factors("RandomGaussianBlur", "sigma", sigma, 0, 1)
        self.value_range = value_range_of("RandomGaussianBlur", value_range)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """Which images are blurred, and how far: columns and rows."""
        which = less(self.between((0.0, 1.0), x.shape[0], 4), self.between(self.factor, x.shape[0], 4))
        return which, [add(self.between(self.sigma, 1), 1e-6) for _ in range(2)]

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """Those drawn, blurred."""
        which, deviations = drawn
        return clip(where(which, blurred(x, self.kernel_size, deviations), x), *map(float, self.value_range))
