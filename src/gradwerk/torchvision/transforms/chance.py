"""Transforms that are drawn anew for each picture: from torch's generator (`torch.manual_seed`); which of several, from Python's."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.torch.creation import randn
from gradwerk.torch.nn.containers import ModuleList
from gradwerk.torch.nn.module import Module
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.transforms import colours, sizes
from gradwerk.torchvision.transforms.kinds import (
    InterpolationMode,
    Picture,
    below,
    get_dimensions,
    happens,
    is_picture,
    pair,
    share,
    two,
    uniform,
    way_of,
)

# ruff: noqa: FBT001, FBT002  torchvision's signatures
BILINEAR = InterpolationMode.BILINEAR
TRIES = 10
Change = Callable[[Any], Any]


class RandomTransforms:
    """The base of those that choose among others.  Raises: ArgumentTypeError for what is no list."""

    def __init__(self, transforms: Sequence[Change]) -> None:
        if not isinstance(transforms, Sequence) or isinstance(transforms, str):
            raise ArgumentTypeError("Argument transforms should be a sequence", facts=(f"a {type(transforms).__name__}",))
        self.transforms = transforms

    def __repr__(self) -> str:
        return "\n".join([f"{type(self).__name__}(", *(f"    {one}" for one in self.transforms), ")"])


class RandomChoice(RandomTransforms):
    """One of several transforms, with these weights."""

    def __init__(self, transforms: Sequence[Change], p: Sequence[float] | None = None) -> None:
        super().__init__(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise ArgumentTypeError("Argument p should be a sequence", facts=(f"p {p!r}",))
        self.p = p

    def __call__(self, img: Any) -> Any:  # noqa: ANN401
        (chosen,) = random.choices(self.transforms, weights=self.p)
        return chosen(img)

    def __repr__(self) -> str:
        return f"{super().__repr__()}(p={self.p})"


class RandomOrder(RandomTransforms):
    """All of several transforms, in any order."""

    def __call__(self, img: Any) -> Any:  # noqa: ANN401
        for number in random.sample(range(len(self.transforms)), len(self.transforms)):
            img = self.transforms[number](img)
        return img


class RandomApply(Module):
    """Several transforms, all or none.  Raises: ArgumentError for a p that is no probability, ArgumentTypeError for what is no list."""

    def __init__(self, transforms: Sequence[Change] | ModuleList, p: float = 0.5) -> None:
        super().__init__()
        if not isinstance(transforms, Sequence | ModuleList):
            raise ArgumentTypeError("Argument transforms should be a sequence", facts=(f"a {type(transforms).__name__}",))
        self.transforms, self.p = transforms, share("RandomApply", "p", p)

    def forward(self, img: Any) -> Any:  # noqa: ANN401
        if happens(self.p):
            for transform in self.transforms:
                img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n".join([f"{type(self).__name__}(", f"    p={self.p}", *(f"    {one}" for one in self.transforms), ")"])


class RandomHorizontalFlip(Module):
    """Left and right exchanged, with a probability.  Raises: ArgumentError for a p that is none."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = share(type(self).__name__, "p", p)

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        return sizes.hflip(img) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(Module):
    """Top and bottom exchanged, with a probability.  Raises: ArgumentError for a p that is none."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = share(type(self).__name__, "p", p)

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        return sizes.vflip(img) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomGrayscale(Module):
    """Grey in as many channels as before, with a probability.  Raises: ArgumentError for a p that is none."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = share(type(self).__name__, "p", p)

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        channels = get_dimensions(img)[0]
        return colours.rgb_to_grayscale(img, channels) if happens(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomCrop(Module):
    """A part of a picture from anywhere, after borders were added.

    Args:
        size: (height, width), or one number for both.
        padding: borders: one number, (sideways, upright) or (left, top, right, bottom).
        pad_if_needed: whether a picture that is too small gets borders.
        fill: the colour of the borders.
        padding_mode: "constant", "edge", "reflect" or "symmetric".

    Raises: ArgumentError for a picture that is too small; ArgumentTypeError.
    """

    def __init__(self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0, padding_mode: str = "constant") -> None:  # noqa: ANN401
        super().__init__()
        self.size = pair("RandomCrop", size, "Please provide only two dimensions (h, w) for size.")
        self.padding, self.pad_if_needed, self.fill, self.padding_mode = padding, pad_if_needed, fill, padding_mode

    @staticmethod
    def get_params(img: Picture, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a part.  Raises: ArgumentError for a picture that is too small."""
        _, rows, columns = get_dimensions(img)
        height, width = output_size
        if rows < height or columns < width:
            raise ArgumentError(f"Required crop size {(height, width)} is larger than input image size {(rows, columns)}",
                                likely="RandomCrop(..., pad_if_needed=True)")  # fmt: skip
        if (rows, columns) == (height, width):
            return 0, 0, rows, columns
        top, left = below(rows - height + 1, columns - width + 1)
        return top, left, height, width

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        if self.padding is not None:
            img = sizes.pad(img, self.padding, self.fill, self.padding_mode)
        _, rows, columns = get_dimensions(img)
        if self.pad_if_needed and columns < self.size[1]:
            img = sizes.pad(img, [self.size[1] - columns, 0], self.fill, self.padding_mode)
        if self.pad_if_needed and rows < self.size[0]:
            img = sizes.pad(img, [0, self.size[0] - rows], self.fill, self.padding_mode)
        return sizes.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class RandomResizedCrop(Module):
    """A part of a picture, of a share `scale` of its area and of proportions `ratio` (width to height), brought to a size.

    Raises: ArgumentError, ArgumentTypeError.
    """

    def __init__(
        self, size: Any, scale: Sequence[float] = (0.08, 1.0), ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),  # noqa: ANN401
        interpolation: Any = BILINEAR, antialias: bool | None = True,  # noqa: ANN401
    ) -> None:  # fmt: skip
        super().__init__()
        self.size = pair("RandomResizedCrop", size, "Please provide only two dimensions (h, w) for size.")
        two("RandomResizedCrop", "scale", scale)
        two("RandomResizedCrop", "ratio", ratio)
        self.scale, self.ratio, self.interpolation, self.antialias = scale, ratio, way_of(interpolation), antialias

    @staticmethod
    def get_params(img: Picture, scale: Sequence[float], ratio: Sequence[float]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a part; after ten tries that do not fit, of the largest in the middle."""
        _, rows, columns = get_dimensions(img)
        low, high = math.log(ratio[0]), math.log(ratio[1])
        for _ in range(TRIES):
            part, shape, down, right = uniform((scale[0], scale[1]), (low, high), (0.0, 1.0), (0.0, 1.0))
            area, proportion = rows * columns * part, math.exp(shape)
            width, height = round(math.sqrt(area * proportion)), round(math.sqrt(area / proportion))
            if 0 < width <= columns and 0 < height <= rows:
                return int(down * (rows - height + 1)), int(right * (columns - width + 1)), height, width
        proportion = columns / rows
        width, height = columns, rows
        if proportion < min(ratio):
            height = round(columns / min(ratio))
        elif proportion > max(ratio):
            width = round(rows * max(ratio))
        return (rows - height) // 2, (columns - width) // 2, height, width

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        part = self.get_params(img, self.scale, self.ratio)
        return sizes.resized_crop(img, *part, self.size, self.interpolation, antialias=self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(one, 4) for one in given) for given in (self.scale, self.ratio))
        how = f"interpolation={self.interpolation.value}, antialias={self.antialias}"
        return f"{type(self).__name__}(size={self.size}, scale={scale}, ratio={ratio}, {how})"


class RandomErasing(Module):
    """A rectangle of a Tensor, of a share `scale` of its area and of proportions `ratio`, is filled, with a probability.

    Args:
        p: the probability.
        scale: the least and largest share of the area.
        ratio: the least and largest height to width.
        value: what it is filled with: a number, one a channel, or "random" for normal numbers.
        inplace: whether the Tensor itself is written.

    Raises: ArgumentError, ArgumentTypeError.
    """

    def __init__(
        self, p: float = 0.5, scale: Sequence[float] = (0.02, 0.33), ratio: Sequence[float] = (0.3, 3.3), value: Any = 0,  # noqa: ANN401
        inplace: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        if not isinstance(value, int | float | str | tuple | list):
            raise ArgumentTypeError("Argument value should be either a number or str or a sequence", facts=(f"value {value!r}",))
        if isinstance(value, str) and value != "random":
            raise ArgumentError("If value is str, it should be 'random'", facts=(f"value {value!r}",))
        low, high = two("RandomErasing", "scale", scale)
        if low < 0 or high > 1:
            raise ArgumentError("Scale should be between 0 and 1", facts=(f"scale {scale!r}",))
        two("RandomErasing", "ratio", ratio)
        self.p, self.scale, self.ratio, self.value, self.inplace = share("RandomErasing", "p", p), scale, ratio, value, inplace

    @staticmethod
    def get_params(
        img: Tensor, scale: Sequence[float], ratio: Sequence[float], value: list[float] | None = None
    ) -> tuple[int, int, int, int, Any]:
        """(top, left, height, width, what is put there); the whole Tensor where ten tries do not fit."""
        channels, rows, columns = get_dimensions(img)
        low, high = math.log(ratio[0]), math.log(ratio[1])
        for _ in range(TRIES):
            part, shape, down, right = uniform((scale[0], scale[1]), (low, high), (0.0, 1.0), (0.0, 1.0))
            area, proportion = rows * columns * part, math.exp(shape)
            height, width = round(math.sqrt(area * proportion)), round(math.sqrt(area / proportion))
            if height < rows and width < columns:
                filled = randn(channels, height, width) if value is None else Tensor.of(np.asarray(value, np.float32).reshape(-1, 1, 1))
                return int(down * (rows - height + 1)), int(right * (columns - width + 1)), height, width, filled
        return 0, 0, rows, columns, img

    def forward(self, img: Any) -> Any:  # noqa: ANN401
        if not happens(self.p):
            return img
        if not isinstance(img, Tensor):
            kind = "a PIL image" if is_picture(img) else type(img).__name__
            raise ArgumentTypeError(f"RandomErasing takes a Tensor, this is {kind}", likely="put transforms.ToTensor() before it")
        value = None if isinstance(self.value, str) else [float(self.value)] if isinstance(self.value, int | float) else list(self.value)
        channels = get_dimensions(img)[0]
        if value is not None and len(value) not in (1, channels):
            raise ArgumentError(f"If value is a sequence, it should have either a single value or {channels} (number of input channels)")
        top, left, height, width, filled = self.get_params(img, self.scale, self.ratio, value)
        return colours.erase(img, top, left, height, width, filled, self.inplace)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, value={self.value}, inplace={self.inplace})"
