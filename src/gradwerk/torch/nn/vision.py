"""torch.nn.functional's functions of pictures: other sizes, reading at places, channels as pixels; layout (N, C, *space)."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.nn.adaptive import adaptive_average_pool
from gradwerk.ops import interpolation, movement
from gradwerk.tensor.grad import copied
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.nn.layout import channels_first, channels_last
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001  torch's names and orders of arguments
Extents = int | Sequence[int]
Scales = float | Sequence[float]
RANKS = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
"""Modes and how many axes of space they are for; the others take any number."""
ANY = ("nearest", "nearest-exact", "area")


@as_recorded()
def interpolate(
    input: Tensor, size: Extents | None = None, scale_factor: Scales | None = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
) -> Tensor:  # fmt: skip
    """Pictures at another size: by the nearest element, by neighbours and their distances, by the cubic kernel, by means of areas.

    Shape: input (N, C, *space), result (N, C, *size), or floor(scale * extent).  Dtype: floating, kept; of `nearest` any.
    Raises: ArgumentError, ShapeError.
    """
    arguments.tensor("interpolate", input)
    rank = input.ndim - 2
    if mode not in (*ANY, *RANKS):
        raise ArgumentError(f"interpolate: unknown mode {mode!r}", facts=(f"known: {', '.join((*ANY, *RANKS))}",))
    if not 1 <= rank <= 3 or RANKS.get(mode, rank) != rank:
        message = "Input Error: Only 3D, 4D and 5D input Tensors supported (got"
        raise ShapeError(f"{message} {input.ndim}D) for the modes: nearest | linear | bilinear | bicubic | trilinear | area (got {mode})")
    if mode in ANY and align_corners is not None:
        raise ArgumentError("align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear")
    counts, scales = _counts(tuple(input.shape[2:]), size, scale_factor)
    steps = [None if scale is None or recompute_scale_factor else 1 / scale for scale in scales]
    if min(counts) < 1 or 0 in input.shape[1:]:
        raise ShapeError(f"Input and output sizes should be greater than 0, but got input {list(input.shape)} and output {counts}")
    if mode == "area":
        checks.floating("interpolate", input.dtype)
        return channels_first(adaptive_average_pool(channels_last(input), counts))
    axes = range(2, input.ndim)
    sizes = list(zip(input.shape[2:], counts, steps, strict=True))
    if mode.startswith("nearest"):
        taps = [interpolation.nearest_taps(*extents, centred=mode == "nearest-exact") for extents in sizes]
    else:
        checks.floating("interpolate", input.dtype)
        make = interpolation.cubic_taps if mode == "bicubic" else interpolation.linear_taps
        taps = [make(*extents, align_corners=bool(align_corners)) for extents in sizes]
    return copied(interpolation.resized(input, axes, taps))


def _counts(space: tuple[int, ...], size: Any, scale_factor: Any) -> tuple[tuple[int, ...], list[float | None]]:  # noqa: ANN401
    """The extents of the result, and the scales that were given.  Raises: ArgumentError, ArgumentTypeError."""
    if (size is None) == (scale_factor is None):
        raise ArgumentError(("either" if size is None else "only one of") + " size or scale_factor should be defined")
    if size is not None:
        return checks.each(size, len(space), "size"), [None] * len(space)
    given = list(scale_factor) if isinstance(scale_factor, (tuple, list)) else [scale_factor] * len(space)
    if len(given) != len(space):
        message = "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial dimensions of"
        raise ArgumentError(f"{message} {list(space)} and scale_factor of shape {given}")
    scales = [float(arguments.number("interpolate", "scale_factor", one)) for one in given]
    if not all(math.isfinite(scale) and scale > 0 for scale in scales):
        raise ArgumentError(f"interpolate: scale factors are above 0, got {scales}")
    return tuple(math.floor(n * scale) for n, scale in zip(space, scales, strict=True)), [*scales]


@as_recorded()
def upsample(
    input: Tensor, size: Extents | None = None, scale_factor: Scales | None = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`interpolate`, by its former name."""
    warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor, mode, align_corners)


@as_recorded()
def upsample_nearest(input: Tensor, size: Extents | None = None, scale_factor: Scales | None = None) -> Tensor:
    """`interpolate` by the nearest element."""
    warn("`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor)


@as_recorded()
def upsample_bilinear(input: Tensor, size: Extents | None = None, scale_factor: Scales | None = None) -> Tensor:
    """`interpolate` by distances, corners aligned."""
    warn("`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


@as_recorded()
def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """Pictures read at the places of a grid, of which -1 and 1 are the ends of each axis.

    Shape: input (N, C, H, W) or (N, C, D, H, W), grid (N, *wanted, 2 or 3), result (N, C, *wanted).  Raises: ArgumentError, ShapeError.
    """
    arguments.tensor("grid_sample", input)
    arguments.tensor("grid_sample", grid, "grid")
    for name, given, known in (("mode", mode, interpolation.MODES), ("padding_mode", padding_mode, interpolation.BORDERS)):
        if given not in known:
            raise ArgumentError(f"nn.functional.grid_sample(): expected {name} to be one of {known}, but got: {given!r}")
    if input.ndim not in (4, 5) or grid.ndim != input.ndim:
        message = "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got input with sizes"
        raise ShapeError(f"{message} {list(input.shape)} and grid with sizes {list(grid.shape)}")
    checks.floating("grid_sample", input.dtype)
    checks.same_dtype("grid_sample", grid, input)
    if align_corners is None:
        warn("Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0: say align_corners")
    return copied(interpolation.grid_sample(input, grid, mode, padding_mode, align_corners=bool(align_corners)))


@as_recorded()
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid of `grid_sample` that a map of each example makes.  Shape: theta (N, 2, 3) or (N, 3, 4), result (N, *space, 2 or 3).

    Raises: ShapeError for a theta that does not fit the size.
    """
    arguments.tensor("affine_grid", theta)
    checks.floating("affine_grid", theta.dtype)
    extents = arguments.extents("affine_grid", (size,))
    if len(extents) not in (4, 5) or theta.ndim != 3 or theta.shape[0] != extents[0] or min(extents) < 1:
        raise ShapeError("affine_grid: expected theta (N, 2, 3) and size (N, C, H, W), or theta (N, 3, 4) and size (N, C, D, H, W)",
                         facts=(f"theta {tuple(theta.shape)}  size {extents}",))  # fmt: skip
    if align_corners is None:
        warn("Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0: say align_corners")
    return interpolation.affine_grid(theta, extents[2:], align_corners=bool(align_corners))


@as_recorded()
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels as pixels.  Shape: (..., C r r, H, W) to (..., C, H r, W r).  Raises: ShapeError, ArgumentError."""
    r = _factor("pixel_shuffle", "upscale_factor", input, upscale_factor)
    *lead, channels, rows, columns = input.shape
    if channels % (r * r):
        message = "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor"
        raise ShapeError(f"{message}, but input.size(-3)={channels} is not divisible by {r * r}")
    apart, front = movement.reshape(input, (*lead, channels // (r * r), r, r, rows, columns)), range(len(lead) + 1)
    n = len(lead)
    moved = movement.transpose(apart, (*front, n + 3, n + 1, n + 4, n + 2))
    return copied(movement.reshape(moved, (*lead, channels // (r * r), rows * r, columns * r)))


@as_recorded()
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels as channels: the inverse of `pixel_shuffle`.  Shape: (..., C, H r, W r) to (..., C r r, H, W).

    Raises: ShapeError for sides that the factor does not divide.
    """
    r = _factor("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    *lead, channels, rows, columns = input.shape
    if rows % r or columns % r:
        message = "pixel_unshuffle expects height and width to be divisible by downscale_factor"
        raise ShapeError(f"{message}, but {rows} and {columns} are not divisible by {r}")
    apart, front = movement.reshape(input, (*lead, channels, rows // r, r, columns // r, r)), range(len(lead) + 1)
    n = len(lead)
    moved = movement.transpose(apart, (*front, n + 2, n + 4, n + 1, n + 3))
    return copied(movement.reshape(moved, (*lead, channels * r * r, rows // r, columns // r)))


def _factor(name: str, argument: str, input: Any, given: Any) -> int:  # noqa: ANN401
    arguments.tensor(name, input)
    factor = arguments.whole(name, argument, given)
    if factor < 1:
        raise ArgumentError(f"{name} expects a positive {argument}, but got {factor}")
    if input.ndim < 3:
        raise ShapeError(f"{name} expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)")
    return factor


@as_recorded()
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels of all groups in turn: (group, number) becomes (number, group).  Raises: ShapeError, ArgumentError."""
    arguments.tensor("channel_shuffle", input)
    count = arguments.whole("channel_shuffle", "groups", groups)
    if input.ndim < 3 or count < 1 or input.shape[1] % count:
        facts = (f"input {tuple(input.shape)}  groups {groups}",)
        raise ShapeError("channel_shuffle: expected at least 3 dimensions, and channels that are divisible by groups", facts=facts)
    batch, channels, *space = input.shape
    apart = movement.reshape(input, (batch, count, channels // count, *space))
    return copied(movement.reshape(movement.transpose(apart, (0, 2, 1, *range(3, apart.ndim))), tuple(input.shape)))
