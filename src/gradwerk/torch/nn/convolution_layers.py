"""torch.nn's convolution layers beyond conv1d and conv2d, and windows as columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.torch.nn import convolutions
from gradwerk.torch.nn.checks import count, each
from gradwerk.torch.nn.layers import new_bias, new_kernel
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Extents = int | Sequence[int]


class _ConvTranspose(Module):
    """What transposed convolutions of any rank hold.  Parameters: weight (in, out / groups, *window), bias (out,)."""

    rank = 0

    @as_recorded()
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Extents, stride: Extents = 1, padding: Extents = 0,
        output_padding: Extents = 0, groups: int = 1, bias: bool = True, dilation: Extents = 1, padding_mode: str = "zeros",
    ) -> None:  # fmt: skip
        super().__init__()
        name = type(self).__name__
        in_channels, out_channels = count(name, "in_channels", in_channels), count(name, "out_channels", out_channels)
        if padding_mode != "zeros":
            raise ArgumentError(f'Only "zeros" padding mode is supported for {name}')
        if count(name, "groups", groups) < 1 or in_channels % groups or out_channels % groups:
            raise ArgumentError(f"in_channels {in_channels} and out_channels {out_channels} must be divisible by groups {groups}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = each(kernel_size, self.rank, "kernel_size"), each(stride, self.rank, "stride")
        self.padding, self.output_padding = each(padding, self.rank, "padding"), each(output_padding, self.rank, "output_padding")
        self.dilation, self.padding_mode = each(dilation, self.rank, "dilation"), padding_mode
        self.weight = new_kernel((in_channels, out_channels // groups, *self.kernel_size))
        self.bias = new_bias(out_channels, math.prod(self.weight.shape[1:])) if bias else None

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Any:  # noqa: ANN401
        """See `functional.conv_transpose1d`, `conv_transpose2d`, `conv_transpose3d`; an `output_size` says the output padding.

        Raises: ArgumentError for a size that no output padding gives.
        """
        if self.padding_mode != "zeros":
            raise ArgumentError(f"Only `zeros` padding mode is supported for {type(self).__name__}")
        more = self.output_padding if output_size is None else self._beyond(input, output_size)
        convolve = getattr(convolutions, f"conv_transpose{self.rank}d")
        return convolve(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)

    def _beyond(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        wanted = tuple(output_size)[-self.rank :]
        windows = zip(input.shape[-self.rank :], self.stride, self.padding, self.kernel_size, self.dilation, strict=True)
        least = [(n - 1) * s - 2 * p + d * (w - 1) + 1 for n, s, p, w, d in windows]
        if len(wanted) != self.rank or any(not low <= n < low + step for low, n, step in zip(least, wanted, self.stride, strict=True)):
            message = f"requested an output size of {list(wanted)}, but valid sizes range from {least}"
            raise ArgumentError(f"{message} to {[low + step - 1 for low, step in zip(least, self.stride, strict=True)]}")
        return tuple(n - low for low, n in zip(least, wanted, strict=True))

    def extra_repr(self) -> str:
        """torch's text."""
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        plain = (0,) * self.rank, (1,) * self.rank
        parts += [f"padding={self.padding}"] if self.padding != plain[0] else []
        parts += [f"dilation={self.dilation}"] if self.dilation != plain[1] else []
        parts += [f"output_padding={self.output_padding}"] if self.output_padding != plain[0] else []
        parts += [f"groups={self.groups}"] if self.groups != 1 else []
        return ", ".join([*parts, *([] if self.bias is not None else ["bias=False"])])


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution along 1 axis.  Shape: (N, C, L) -> (N, K, L')."""

    rank = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution along 2 axes.  Shape: (N, C, H, W) -> (N, K, H', W')."""

    rank = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution along 3 axes.  Shape: (N, C, D, H, W) -> (N, K, D', H', W')."""

    rank = 3


class Unfold(Module):
    """The windows of pictures as columns.  Shape: (N, C, H, W) -> (N, C R S, windows)."""

    def __init__(self, kernel_size: Extents, dilation: Extents = 1, padding: Extents = 0, stride: Extents = 1) -> None:
        super().__init__()
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.unfold`."""
        return convolutions.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """The sum of windows that are columns.  Shape: (N, C R S, windows) -> (N, C, *output_size)."""

    def __init__(
        self, output_size: Extents, kernel_size: Extents, dilation: Extents = 1, padding: Extents = 0, stride: Extents = 1
    ) -> None:
        super().__init__()
        self.output_size, self.kernel_size, self.dilation, self.padding, self.stride = output_size, kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.fold`."""
        return convolutions.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """torch's text."""
        sizes = f"output_size={self.output_size}, kernel_size={self.kernel_size}"
        return f"{sizes}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
