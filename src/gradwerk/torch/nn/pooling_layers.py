"""torch.nn's pooling layers: the work is done by `functional`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.torch.nn import pooling
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Extents = int | Sequence[int]


class _MaxPool(Module):
    """The largest of each window, with `return_indices` also where in space it lies."""

    rank = 0

    @as_recorded()
    def __init__(
        self, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, dilation: Extents = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.dilation, self.return_indices, self.ceil_mode = dilation, return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:  # noqa: ANN401
        """See `functional.max_pool1d`, `max_pool2d`, `max_pool3d`."""
        pool = getattr(pooling, f"max_pool{self.rank}d")
        return pool(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)

    def extra_repr(self) -> str:
        """torch's text."""
        steps = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return f"{steps}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"


class _AvgPool(Module):
    """The mean of each window."""

    rank = 0
    divisor_override: int | None = None

    @as_recorded()
    def __init__(
        self, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, kernel_size if stride is None else stride, padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Any:  # noqa: ANN401
        """See `functional.avg_pool1d`, `avg_pool2d`, `avg_pool3d`."""
        pool, last = getattr(pooling, f"avg_pool{self.rank}d"), () if self.rank == 1 else (self.divisor_override,)
        return pool(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad, *last)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool1d(_MaxPool):
    """The largest of each window.  Shape: (N, C, L) -> (N, C, L')."""

    rank = 1


class MaxPool2d(_MaxPool):
    """The largest of each window.  Shape: (N, C, H, W) -> (N, C, H', W')."""

    rank = 2


class MaxPool3d(_MaxPool):
    """The largest of each window.  Shape: (N, C, D, H, W) -> (N, C, D', H', W')."""

    rank = 3


class AvgPool1d(_AvgPool):
    """The mean of each window.  Shape: (N, C, L) -> (N, C, L')."""

    rank = 1

    @as_recorded()
    def __init__(
        self, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.kernel_size, self.stride, self.padding = (
            tuple(n) if isinstance(n, (tuple, list)) else (n,) for n in (self.kernel_size, self.stride, self.padding)
        )


class AvgPool2d(_AvgPool):
    """The mean of each window, or its sum by a divisor.  Shape: (N, C, H, W) -> (N, C, H', W')."""

    rank = 2

    @as_recorded()
    def __init__(
        self, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override


class AvgPool3d(_AvgPool):
    """The mean of each window, or its sum by a divisor.  Shape: (N, C, D, H, W) -> (N, C, D', H', W')."""

    rank = 3

    @as_recorded()
    def __init__(
        self, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override


class _LPPool(Module):
    """(sum of x**p)**(1 / p) of each window."""

    rank = 0

    @as_recorded()
    def __init__(self, norm_type: float, kernel_size: Extents, stride: Extents | None = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Any:  # noqa: ANN401
        """See `functional.lp_pool1d`, `lp_pool2d`, `lp_pool3d`."""
        return getattr(pooling, f"lp_pool{self.rank}d")(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class LPPool1d(_LPPool):
    """(sum of x**p)**(1 / p) of each window.  Shape: (N, C, L) -> (N, C, L')."""

    rank = 1


class LPPool2d(_LPPool):
    """(sum of x**p)**(1 / p) of each window.  Shape: (N, C, H, W) -> (N, C, H', W')."""

    rank = 2


class LPPool3d(_LPPool):
    """(sum of x**p)**(1 / p) of each window.  Shape: (N, C, D, H, W) -> (N, C, D', H', W')."""

    rank = 3


class _AdaptivePool(Module):
    """Windows that make so many."""

    pool = ""

    @as_recorded()
    def __init__(self, output_size: Any) -> None:  # noqa: ANN401
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Any:  # noqa: ANN401
        """See the function of `functional`."""
        return getattr(pooling, self.pool)(input, self.output_size)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptivePool):
    """The mean of windows that make so many.  Shape: (N, C, L) -> (N, C, *output_size)."""

    pool = "adaptive_avg_pool1d"


class AdaptiveAvgPool2d(_AdaptivePool):
    """The mean of windows that make so many.  Shape: (N, C, H, W) -> (N, C, *output_size)."""

    pool = "adaptive_avg_pool2d"


class AdaptiveAvgPool3d(_AdaptivePool):
    """The mean of windows that make so many.  Shape: (N, C, D, H, W) -> (N, C, *output_size)."""

    pool = "adaptive_avg_pool3d"


class AdaptiveMaxPool1d(_AdaptivePool):
    """The largest of windows that make so many.  Shape: (N, C, L) -> (N, C, *output_size)."""

    pool = "adaptive_max_pool1d"

    @as_recorded()
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:  # noqa: ANN401
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:  # noqa: ANN401
        """See `functional.adaptive_max_pool1d`."""
        return pooling.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptivePool):
    """The largest of windows that make so many.  Shape: (N, C, H, W) -> (N, C, *output_size)."""

    pool = "adaptive_max_pool2d"

    @as_recorded()
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:  # noqa: ANN401
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:  # noqa: ANN401
        """See `functional.adaptive_max_pool2d`."""
        return pooling.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptivePool):
    """The largest of windows that make so many.  Shape: (N, C, D, H, W) -> (N, C, *output_size)."""

    pool = "adaptive_max_pool3d"

    @as_recorded()
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:  # noqa: ANN401
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:  # noqa: ANN401
        """See `functional.adaptive_max_pool3d`."""
        return pooling.adaptive_max_pool3d(input, self.output_size, self.return_indices)
