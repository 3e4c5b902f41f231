"""Pictures turned, shifted, sheared and seen from the side: each element of the result is read at a place of the picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.torch.nn.vision import grid_sample
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.transforms.kinds import IN_PILLOW, InterpolationMode, Picture, check, get_dimensions, is_picture, way_of
from gradwerk.torchvision.transforms.sizes import filling, in_floats

# ruff: noqa: FBT001, FBT002  torchvision's signatures
NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR
Numbers = Sequence[float]


def inverse_matrix(center: Numbers, angle: float, translate: Numbers, scale: float, shear: Numbers) -> list[float]:
    """The six numbers that say where an element of the result comes from: the inverse of T C R S Sh C^-1.

    T shifts, C brings the centre to 0, R turns by `angle` degrees, S scales, Sh shears along both axes.
    """
    turn, along, across = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    a = math.cos(turn - across) / math.cos(across)
    b = -math.cos(turn - across) * math.tan(along) / math.cos(across) - math.sin(turn)
    c = math.sin(turn - across) / math.cos(across)
    d = -math.sin(turn - across) * math.tan(along) / math.cos(across) + math.cos(turn)
    m = [d / scale, -b / scale, 0.0, -c / scale, a / scale, 0.0]
    m[2] = m[0] * (-center[0] - translate[0]) + m[1] * (-center[1] - translate[1]) + center[0]
    m[5] = m[3] * (-center[0] - translate[0]) + m[4] * (-center[1] - translate[1]) + center[1]
    return m


def _read_at(img: Tensor, places: Any, way: InterpolationMode, fill: Any) -> Tensor:  # noqa: ANN401  (height, width, 2) from -1 to 1
    """The picture at these places, and `fill` outside of it.  Raises: ArgumentError."""
    if way not in (NEAREST, BILINEAR):
        raise ArgumentError(f"Interpolation mode {way.value!r} is unsupported with Tensor input", likely="InterpolationMode.BILINEAR")
    channels = get_dimensions(img)[0]
    colour = None if fill is None else np.atleast_1d(np.asarray(fill, np.float64))
    if colour is not None and colour.size not in (1, channels):
        raise ArgumentError("The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
                            f"({colour.size} != {channels})")  # fmt: skip

    def read(x: Tensor) -> Tensor:
        grid = from_numpy(np.ascontiguousarray(places, x.dtype))[None].expand(x.shape[0], *places.shape)
        y = grid_sample(x, grid, mode=way.value, align_corners=False)
        if colour is None:
            return y
        inside = grid_sample(x.detach().mul(0).add(1), grid, mode=way.value, align_corners=False)
        outside = from_numpy(dtypes.converted(colour, x.dtype).reshape(-1, 1, 1))
        inside = inside if way is BILINEAR else inside.ge(0.5).to(x.dtype)
        return y.mul(inside).add(inside.neg().add(1).mul(outside))

    return in_floats(img, read)


def _affine_places(matrix: Numbers, old: tuple[int, int], new: tuple[int, int]) -> Any:  # noqa: ANN401
    """Where each element comes from, of a map about the middle; sizes (height, width)."""
    y, x = (np.arange(extent) + 0.5 - extent / 2 for extent in new)
    grid = np.stack(np.broadcast_arrays(x[None, :], y[:, None], np.ones((1, 1))), -1)
    return grid @ (np.reshape(matrix, (2, 3)).T / np.array([old[1] / 2, old[0] / 2]))


def _whole_of(matrix: Numbers, height: int, width: int) -> tuple[int, int]:
    """(height, width) that hold the whole of a turned picture."""
    points = np.array([[x * width / 2, y * height / 2, 1.0] for x in (-1, 1) for y in (-1, 1)]) @ np.reshape(matrix, (2, 3)).T
    middle = np.array([width / 2, height / 2])
    low, high = (np.trunc((found + middle).astype(np.float32) * 1e4) * 1e-4 for found in (points.min(0), points.max(0)))  # of 1e-16 nothing
    columns, rows = np.ceil(high) - np.floor(low)
    return int(rows), int(columns)


def _centre(center: Any) -> list[float] | None:  # noqa: ANN401
    if center is None:
        return None
    if not isinstance(center, list | tuple):
        raise ArgumentTypeError("Argument center should be a sequence", facts=(f"center {center!r}",))
    return [float(one) for one in center]


def rotate(
    img: Picture, angle: float, interpolation: Any = NEAREST, expand: bool = False, center: Sequence[int] | None = None,  # noqa: ANN401
    fill: Any = None,  # noqa: ANN401
) -> Any:  # fmt: skip  # noqa: ANN401
    """A picture turned by degrees, counter-clockwise, about its middle or `center` (x, y); with `expand` as large as it needs to be.

    Raises: ArgumentError, ArgumentTypeError.
    """
    way, middle = way_of(interpolation), _centre(center)
    if isinstance(angle, bool) or not isinstance(angle, int | float):
        raise ArgumentTypeError("Argument angle should be int or float", facts=(f"angle {angle!r}",))
    check(img)
    if is_picture(img):
        about = None if middle is None else (middle[0], middle[1])
        return img.rotate(angle, IN_PILLOW[way], bool(expand), about, fillcolor=filling(img, fill))
    _, height, width = get_dimensions(img)
    about_middle = [0.0, 0.0] if middle is None else [middle[0] - width * 0.5, middle[1] - height * 0.5]
    matrix = inverse_matrix(about_middle, -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    size = _whole_of(matrix, height, width) if expand else (height, width)
    return _read_at(img, _affine_places(matrix, (height, width), size), way, fill)


def affine(
    img: Picture, angle: float, translate: Sequence[float], scale: float, shear: Any, interpolation: Any = NEAREST, fill: Any = None,  # noqa: ANN401
    center: Sequence[int] | None = None,
) -> Any:  # fmt: skip  # noqa: ANN401
    """A picture turned by degrees (clockwise), scaled, sheared by degrees and shifted by (x, y), about its middle or `center`.

    Raises: ArgumentError, ArgumentTypeError.
    """
    way, middle = way_of(interpolation), _centre(center)
    if not isinstance(angle, int | float):
        raise ArgumentTypeError("Argument angle should be int or float", facts=(f"angle {angle!r}",))
    if not isinstance(translate, list | tuple):
        raise ArgumentTypeError("Argument translate should be a sequence", facts=(f"translate {translate!r}",))
    if len(translate) != 2:
        raise ArgumentError("Argument translate should be a sequence of length 2", facts=(f"translate {translate!r}",))
    if not scale > 0:
        raise ArgumentError("Argument scale should be positive", facts=(f"scale {scale!r}",))
    if not isinstance(shear, int | float | list | tuple):
        raise ArgumentTypeError("Shear should be either a single value or a sequence of two values", facts=(f"shear {shear!r}",))
    given = [float(shear), 0.0] if isinstance(shear, int | float) else [float(one) for one in shear]
    given = given * 2 if len(given) == 1 else given
    if len(given) != 2:
        raise ArgumentError(f"Shear should be a sequence containing two values. Got {shear}")
    check(img)
    _, height, width = get_dimensions(img)
    if is_picture(img):
        about = [width * 0.5, height * 0.5] if middle is None else middle
        matrix = inverse_matrix(about, angle, translate, scale, given)
        return img.transform(img.size, Image.Transform.AFFINE, matrix, IN_PILLOW[way], fillcolor=filling(img, fill))
    about = [0.0, 0.0] if middle is None else [middle[0] - width * 0.5, middle[1] - height * 0.5]
    matrix = inverse_matrix(about, angle, [float(one) for one in translate], scale, given)
    return _read_at(img, _affine_places(matrix, (height, width), (height, width)), way, fill)


def perspective_numbers(startpoints: Sequence[Numbers], endpoints: Sequence[Numbers]) -> list[float]:
    """The eight numbers of the map that brings each corner of the result to its corner of the picture.  Raises: ArgumentError."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ArgumentError(f"Please provide exactly four corners, got {len(startpoints)} startpoints and {len(endpoints)} endpoints.")
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    wanted = np.asarray(startpoints, np.float64).reshape(8)
    return [float(one) for one in np.linalg.lstsq(np.asarray(rows, np.float64), wanted, rcond=None)[0]]


def perspective(
    img: Picture, startpoints: Sequence[Numbers], endpoints: Sequence[Numbers], interpolation: Any = BILINEAR, fill: Any = None,  # noqa: ANN401
) -> Any:  # fmt: skip  # noqa: ANN401
    """A picture whose four corners (x, y), from the top left clockwise, go elsewhere.  Raises: ArgumentError, ArgumentTypeError."""
    way, numbers = way_of(interpolation), perspective_numbers(startpoints, endpoints)
    check(img)
    if is_picture(img):
        return img.transform(img.size, Image.Transform.PERSPECTIVE, numbers, IN_PILLOW[way], fillcolor=filling(img, fill))
    _, height, width = get_dimensions(img)
    x, y = np.arange(width)[None, :] + 0.5, np.arange(height)[:, None] + 0.5
    a, b, c, d, e, f, g, h = numbers
    below = g * x + h * y + 1
    places = np.stack([(a * x + b * y + c) / below / (width / 2) - 1, (d * x + e * y + f) / below / (height / 2) - 1], -1)
    return _read_at(img, places, way, fill)
