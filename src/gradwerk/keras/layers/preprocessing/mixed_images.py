"""RandomShear and MixUp: images slanted, and images mixed with others of their batch."""

from __future__ import annotations

from typing import Any, Unpack

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.layers.preprocessing.images import ImageLayer, factors
from gradwerk.keras.layers.preprocessing.random_images import Factor, begin_moving, moved
from gradwerk.keras.options import LayerOptions, checked_except, is_number
from gradwerk.nn.affine import Map
from gradwerk.nn.resizing import as_floats
from gradwerk.ops.compare import greater
from gradwerk.ops.elementwise import add, mul, sub, where
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import reshape
from gradwerk.tensor.draws import beta, permutation

Operand = Any
"""A Tensor."""


def slants(name: str, factor: Factor) -> tuple[float, float]:
    """The bounds of a slant: two from 0 on, or one for both ways.  Raises: ArgumentError."""
    low, high = factors("RandomShear", name, factor, 0, 1)
    return (low, high) if isinstance(factor, (tuple, list)) else (-high, high)


class RandomShear(ImageLayer):
    """Images slanted: pixel (x, y) is read at (x + a y, y + b x).

    Shape: images (batch, height, width, channels), or one image; kept.  Raises: ArgumentError for a factor outside 0 to 1.

    Args:
        x_factor: two bounds of a, or one for both ways.
        y_factor: likewise of b.
        interpolation: bilinear or nearest.
        fill_mode: reflect, wrap, constant, nearest: what comes in from outside.
        fill_value: what comes in with constant.
        data_format: channels_last, or channels_first.
        seed: of what is drawn.
    """

    random = True

    @checked_except("x_factor", "y_factor", "interpolation", "fill_mode", "data_format", "seed")
    def __init__(
        self, x_factor: Factor = 0.0, y_factor: Factor = 0.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
        fill_value: float = 0.0, data_format: str | None = None, seed: int | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        begin_moving(self, fill_mode, interpolation, fill_value)
        slants("x_factor", x_factor), slants("y_factor", y_factor)
        self.x_factor, self.y_factor = x_factor, y_factor

    def draw(self, x: Operand) -> Map:
        """A slant for each image, one way or the other."""
        count = x.shape[0]
        way = where(greater(self.between((0.0, 1.0), count), 0.5), -1.0, 1.0)
        bounds = slants("x_factor", self.x_factor), slants("y_factor", self.y_factor)
        across, down = (mul(self.between(pair, count), way) for pair in bounds)
        return 1.0, across, 0.0, down, 1.0, 0.0, 0.0, 0.0

    def change(self, x: Operand, drawn: Map) -> Operand:
        """See `mapped`."""
        return moved(self, x, drawn, self.interpolation)

    def change_masks(self, x: Operand, drawn: Map) -> Operand:
        """By the nearest pixel."""
        return moved(self, x, drawn, "nearest")


class MixUp(ImageLayer):
    """Each image mixed with another one of its batch, and its label likewise, by a share of a beta distribution of (alpha, alpha).

    Shape: images (batch, height, width, channels); kept.  A dict has `images`, and `labels` (batch, classes).
    Raises: ArgumentError for an alpha that is not above 0.  Source: Zhang, Cisse, Dauphin and Lopez-Paz, 2018.
    """

    random = True

    @checked_except("alpha", "data_format", "seed")
    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.begin_drawing(seed, data_format)
        if not is_number(alpha) or not alpha > 0:
            raise ArgumentError(f"MixUp: alpha is above 0, this is {alpha!r}")
        self.alpha = float(alpha)

    def draw(self, x: Operand) -> Any:  # noqa: ANN401
        """With which image, and how much of the image's own."""
        return permutation(self.generator, x.shape[0]), beta(self.generator, self.alpha, self.alpha, (x.shape[0],))

    def change(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """share x + (1 - share) other."""
        order, share = drawn
        own = reshape(share, (-1, *(1,) * (x.ndim - 1)))
        return add(mul(x, own), mul(gather(x, order), sub(1, own)))

    def change_masks(self, x: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """As images."""
        return self.change(x, drawn)

    def change_labels(self, labels: Operand, drawn: Any) -> Operand:  # noqa: ANN401
        """As images."""
        return self.change(as_floats(labels), drawn)
