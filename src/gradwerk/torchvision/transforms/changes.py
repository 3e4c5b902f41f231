"""Transforms that turn, shift, blur or colour each picture by other numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.torch.creation import randperm
from gradwerk.torch.nn.module import Module
from gradwerk.torchvision.transforms import colours, places
from gradwerk.torchvision.transforms.kinds import (
    InterpolationMode,
    Picture,
    below,
    get_dimensions,
    happens,
    interval,
    share,
    two,
    uniform,
    way_of,
)

# ruff: noqa: FBT001, FBT002  torchvision's signatures
NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR


class RandomRotation(Module):
    """A picture turned by degrees from -d to d, or from the one to the other.  Raises: ArgumentError, ArgumentTypeError."""

    def __init__(
        self, degrees: Any, interpolation: Any = NEAREST, expand: bool = False, center: Sequence[int] | None = None, fill: Any = 0,  # noqa: ANN401
    ) -> None:  # fmt: skip
        super().__init__()
        self.degrees = list(interval("RandomRotation", "degrees", degrees))
        self.interpolation, self.expand, self.center, self.fill = way_of(interpolation), expand, center, 0 if fill is None else fill

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """An angle."""
        return uniform((degrees[0], degrees[1]))[0]

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        return places.rotate(img, self.get_params(self.degrees), self.interpolation, self.expand, self.center, self.fill)

    def __repr__(self) -> str:
        parts = f"degrees={self.degrees}, interpolation={self.interpolation.value}, expand={self.expand}"
        centre = "" if self.center is None else f", center={self.center}"
        return f"{type(self).__name__}({parts}{centre}, fill={self.fill})"


class RandomAffine(Module):
    """A picture turned by degrees, shifted by shares of its size, scaled and sheared by degrees.

    Args:
        degrees: from -d to d, or from the one to the other; 0 for none.
        translate: the largest shares of width and height by which it is shifted.
        scale: the least and largest scale.
        shear: degrees sideways from -d to d; from one to another; or from and to sideways, then upright.
        interpolation: how it is resampled.
        fill: the colour outside of it.
        center: (x, y) that stays; the middle where none is given.

    Raises: ArgumentError, ArgumentTypeError.
    """

    def __init__(
        self, degrees: Any, translate: Sequence[float] | None = None, scale: Sequence[float] | None = None, shear: Any = None,  # noqa: ANN401
        interpolation: Any = NEAREST, fill: Any = 0, center: Sequence[int] | None = None,  # noqa: ANN401
    ) -> None:  # fmt: skip
        super().__init__()
        self.degrees = list(interval("RandomAffine", "degrees", degrees))
        if translate is not None and not all(0 <= one <= 1 for one in two("RandomAffine", "translate", translate)):
            raise ArgumentError("translation values should be between 0 and 1", facts=(f"translate {translate!r}",))
        if scale is not None and not min(two("RandomAffine", "scale", scale)) > 0:
            raise ArgumentError("scale values should be positive", facts=(f"scale {scale!r}",))
        four = isinstance(shear, Sequence) and len(shear) == 4
        self.shear = None if shear is None else list(shear) if four else list(interval("RandomAffine", "shear", shear))
        self.translate, self.scale, self.center = translate, scale, center
        self.interpolation, self.fill = way_of(interpolation), 0 if fill is None else fill

    @staticmethod
    def get_params(
        degrees: Sequence[float], translate: Sequence[float] | None, scale_ranges: Sequence[float] | None, shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:  # fmt: skip
        """(angle, (right, down), scale, (shear sideways, upright)); img_size is (width, height)."""
        far = [0.0, 0.0] if translate is None else [float(share_ * extent) for share_, extent in zip(translate, img_size, strict=True)]
        low, high = (1.0, 1.0) if scale_ranges is None else (scale_ranges[0], scale_ranges[1])
        given = [0.0, 0.0, 0.0, 0.0] if shears is None else [*shears, 0.0, 0.0][:4]
        shifts = (-far[0], far[0]), (-far[1], far[1])
        drawn = uniform((degrees[0], degrees[1]), *shifts, (low, high), (given[0], given[1]), (given[2], given[3]))
        angle, right, down, scale, sideways, upright = drawn
        return angle, (round(right), round(down)), scale, (sideways, upright)

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        _, height, width = get_dimensions(img)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, (width, height))
        return places.affine(img, *drawn, interpolation=self.interpolation, fill=self.fill, center=self.center)

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}"]
        parts += [f"{name}={value}" for name, value in (("translate", self.translate), ("scale", self.scale), ("shear", self.shear))
                  if value is not None]  # fmt: skip
        parts += [f"interpolation={self.interpolation.value}"] if self.interpolation is not NEAREST else []
        parts += [f"fill={self.fill}"] if self.fill != 0 else []
        parts += [f"center={self.center}"] if self.center is not None else []
        return f"{type(self).__name__}({', '.join(parts)})"


class RandomPerspective(Module):
    """A picture seen from the side, with a probability: each corner moves inwards by up to half of `distortion_scale`.

    Raises: ArgumentError, ArgumentTypeError.
    """

    def __init__(self, distortion_scale: float = 0.5, p: float = 0.5, interpolation: Any = BILINEAR, fill: Any = 0) -> None:  # noqa: ANN401
        super().__init__()
        self.p, self.distortion_scale = share("RandomPerspective", "p", p), distortion_scale
        self.interpolation, self.fill = way_of(interpolation), 0 if fill is None else fill

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """The corners, and where they go: (x, y) from the top left clockwise."""
        right, down = int(distortion_scale * (width // 2)) + 1, int(distortion_scale * (height // 2)) + 1
        a, b, c, d, e, f, g, h = below(right, down, right, down, right, down, right, down)
        ends = [[a, b], [width - 1 - c, d], [width - 1 - e, height - 1 - f], [g, height - 1 - h]]
        return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], ends

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        _, height, width = get_dimensions(img)
        if not happens(self.p):
            return img
        starts, ends = self.get_params(width, height, self.distortion_scale)
        return places.perspective(img, starts, ends, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class GaussianBlur(Module):
    """A picture blurred by a kernel of (width, height), of a drawn deviation.  Raises: ArgumentError, ArgumentTypeError."""

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0)) -> None:  # noqa: ANN401
        super().__init__()
        sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size) * (3 - len(kernel_size))
        if len(sizes) != 2 or any(not isinstance(one, int) or one <= 0 or one % 2 == 0 for one in sizes):
            raise ArgumentError("Kernel size value should be an odd and positive number.", facts=(f"kernel_size {kernel_size!r}",))
        self.kernel_size = tuple(sizes)
        self.sigma = (float(sigma), float(sigma)) if isinstance(sigma, int | float) else two("GaussianBlur", "sigma", sigma)
        if not 0 < self.sigma[0] <= self.sigma[1]:
            raise ArgumentError(f"sigma values should be positive and of the form (min, max). Got {sigma}")

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A deviation."""
        return uniform((sigma_min, sigma_max))[0]

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        drawn = self.get_params(*self.sigma)
        return colours.gaussian_blur(img, self.kernel_size, [drawn, drawn])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"


Range = tuple[float, float] | None


def _around(name: str, value: Any, centre: float, limits: tuple[float, float], *, clipped: bool = True) -> Range:  # noqa: ANN401
    """From centre - value to centre + value, or from the one to the other; None for what changes nothing.  Raises: ArgumentError."""
    if isinstance(value, int | float):
        if value < 0:
            raise ArgumentError(f"If {name} is a single number, it must be non negative.", facts=(f"{name} {value!r}",))
        low, high = centre - value, centre + value
        low = max(low, 0.0) if clipped else low
    elif isinstance(value, list | tuple) and len(value) == 2:
        low, high = float(value[0]), float(value[1])
    else:
        raise ArgumentTypeError(f"{name} should be a single number or a list/tuple with length 2.", facts=(f"{name} {value!r}",))
    if not limits[0] <= low <= high <= limits[1]:
        raise ArgumentError(f"{name} values should be between {limits}, but got {[low, high]}.")
    return None if low == high == centre else (low, high)


class ColorJitter(Module):
    """Brightness, contrast, saturation and hue changed by drawn factors, in any order.

    A number b is a factor from max(0, 1 - b) to 1 + b, two are from the one to the other; hue is a share of the circle, up to 1/2.
    Raises: ArgumentError, ArgumentTypeError.
    """

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:  # noqa: ANN401
        super().__init__()
        endless = (0.0, float("inf"))
        self.brightness = _around("brightness", brightness, 1.0, endless)
        self.contrast = _around("contrast", contrast, 1.0, endless)
        self.saturation = _around("saturation", saturation, 1.0, endless)
        self.hue = _around("hue", hue, 0.0, (-0.5, 0.5), clipped=False)

    @staticmethod
    def get_params(
        brightness: Range, contrast: Range, saturation: Range, hue: Range
    ) -> tuple[Any, float | None, float | None, float | None, float | None]:
        """(the order of the four, and the factor of each or None)."""
        given = (brightness, contrast, saturation, hue)
        drawn = uniform(*(one or (0.0, 0.0) for one in given))
        factors = [number if one is not None else None for one, number in zip(given, drawn, strict=True)]
        return (randperm(4), *factors)  # type: ignore[return-value]  # there are four of them

    def forward(self, img: Picture) -> Any:  # noqa: ANN401
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        changes = (colours.adjust_brightness, colours.adjust_contrast, colours.adjust_saturation, colours.adjust_hue)
        for number in order.tolist():
            if factors[number] is not None:
                img = changes[number](img, factors[number])
        return img

    def __repr__(self) -> str:
        parts = f"brightness={self.brightness}, contrast={self.contrast}, saturation={self.saturation}, hue={self.hue}"
        return f"{type(self).__name__}({parts})"
