"""torch.nn's normalisations of single examples, distances, and other sizes of pictures: the work is done by `functional`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.torch import arguments
from gradwerk.torch.nn import margin_functions, normalizing, vision
from gradwerk.torch.nn.checks import count
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Extents = int | Sequence[int]
Scales = float | Sequence[float]


def _full(shape: tuple[int, ...], value: float, *, wanted: bool) -> Parameter | None:
    return Parameter(Tensor.of(np.full(shape, value, np.float32))) if wanted else None


class LayerNorm(Module):
    """Normalises the last axes.  Parameters: weight, bias of the shape of these axes."""

    @as_recorded()
    def __init__(self, normalized_shape: Extents, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True) -> None:
        super().__init__()
        self.normalized_shape, self.eps = arguments.sizes("LayerNorm", (normalized_shape,)), eps
        self.elementwise_affine = elementwise_affine
        self.weight = _full(self.normalized_shape, 1, wanted=elementwise_affine)
        self.bias = _full(self.normalized_shape, 0, wanted=elementwise_affine and bias)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.layer_norm`."""
        return normalizing.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """torch's text."""
        said = f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {said}"


class RMSNorm(Module):
    """Divides the last axes by the root of their mean square.  Parameter: weight of the shape of these axes."""

    @as_recorded()
    def __init__(self, normalized_shape: Extents, eps: float | None = None, elementwise_affine: bool = True) -> None:
        super().__init__()
        self.normalized_shape, self.eps = arguments.sizes("RMSNorm", (normalized_shape,)), eps
        self.elementwise_affine = elementwise_affine
        self.weight = _full(self.normalized_shape, 1, wanted=elementwise_affine)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.rms_norm`."""
        return normalizing.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Normalises groups of channels.  Parameters: weight, bias (channels,).

    Raises: ArgumentError where the groups do not divide the channels.
    """

    @as_recorded()
    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, *, bias: bool = True) -> None:
        super().__init__()
        self.num_groups, self.num_channels = count("GroupNorm", "num_groups", num_groups), count("GroupNorm", "num_channels", num_channels)
        if num_groups < 1 or num_channels % num_groups:
            raise ArgumentError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.eps, self.affine = eps, affine
        self.weight = _full((num_channels,), 1, wanted=affine)
        self.bias = _full((num_channels,), 0, wanted=affine and bias)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.group_norm`."""
        return normalizing.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"


class LocalResponseNorm(Module):
    """Divides by what neighbouring channels are."""

    def __init__(self, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.local_response_norm`."""
        return normalizing.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CosineSimilarity(Module):
    """The cosine of the angle between two inputs along an axis."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """See `functional.cosine_similarity`."""
        return margin_functions.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The norm of the difference of two inputs along the last axis."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """See `functional.pairwise_distance`."""
        return margin_functions.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class Upsample(Module):
    """Pictures at another size."""

    def __init__(
        self, size: Extents | None = None, scale_factor: Scales | None = None, mode: str = "nearest", align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.size, self.mode, self.align_corners, self.recompute_scale_factor = size, mode, align_corners, recompute_scale_factor
        given: Any = scale_factor
        self.scale_factor = tuple(map(float, given)) if isinstance(given, (tuple, list)) else float(given) if given else None

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.interpolate`."""
        how = self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        return vision.interpolate(input, *how)

    def extra_repr(self) -> str:
        """torch's text."""
        size = f"size={self.size}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{size}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Pictures at another size by the nearest element."""

    def __init__(self, size: Extents | None = None, scale_factor: Scales | None = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Pictures at another size by distances, corners aligned."""

    def __init__(self, size: Extents | None = None, scale_factor: Scales | None = None) -> None:
        super().__init__(size, scale_factor, "bilinear", align_corners=True)


class PixelShuffle(Module):
    """Channels as pixels."""

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.pixel_shuffle`."""
        return vision.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Pixels as channels."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.pixel_unshuffle`."""
        return vision.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Channels of all groups in turn."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.channel_shuffle`."""
        return vision.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"groups={self.groups}"
