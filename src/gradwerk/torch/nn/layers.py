"""torch.nn layers: parameters in torch's shapes and defaults, the work done by `functional`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.tensor.random import default_generator
from gradwerk.torch import arguments
from gradwerk.torch.nn import functional
from gradwerk.torch.nn.checks import count, each, normalized, probability
from gradwerk.torch.nn.layout import weight
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Extents = int | Sequence[int]
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def new_kernel(shape: tuple[int, ...]) -> Parameter:
    """A weight (out, in, *window), uniform on +-1 / sqrt(fan in)."""
    return weight(init.torch_kernel(shape, default_generator()))


def new_bias(units: int, fan_in: int) -> Parameter:
    """A vector, uniform on +-1 / sqrt(fan in)."""
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    return Parameter(Tensor.of(init.Uniform(-bound, bound)((units,), default_generator())))


class Linear(Module):
    """y = x W^T + b.  Parameters: weight (out, in), bias (out,), uniform on +-1 / sqrt(in)."""

    @as_recorded()
    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = count("Linear", "in_features", in_features), count("Linear", "out_features", out_features)
        self.weight = new_kernel((out_features, in_features))
        self.bias = new_bias(out_features, in_features) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.linear`."""
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class _Convolution(Module):
    """What convolutions of any rank hold.  Parameters: weight (out, in / groups, *window), bias (out,)."""

    rank = 0
    @as_recorded()
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Extents, stride: Extents = 1, padding: Extents | str = 0,
        dilation: Extents = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
    ) -> None:  # fmt: skip
        super().__init__()
        name = type(self).__name__
        in_channels, out_channels = count(name, "in_channels", in_channels), count(name, "out_channels", out_channels)
        if count(name, "groups", groups) < 1:
            raise ArgumentError("groups must be a positive integer", facts=(f"groups {groups}",))
        if in_channels % groups or out_channels % groups:
            raise ArgumentError(f"in_channels {in_channels} and out_channels {out_channels} must be divisible by groups {groups}")
        if padding_mode not in PADDING_MODES:
            message = f"padding_mode must be one of {set(PADDING_MODES)}, but got padding_mode={padding_mode!r}"
            raise ArgumentError(message)
        window = each(kernel_size, self.rank, "kernel_size")
        self.in_channels, self.out_channels, self.kernel_size, self.groups = in_channels, out_channels, window, groups
        self.stride, self.dilation = each(stride, self.rank, "stride"), each(dilation, self.rank, "dilation")
        self.padding = padding if isinstance(padding, str) else each(padding, self.rank, "padding")
        self.padding_mode = padding_mode
        if isinstance(padding, str) and padding not in ("same", "valid"):
            raise ArgumentError(f"Invalid padding string {padding!r}, should be one of 'valid', 'same'")
        if padding == "same" and any(step != 1 for step in self.stride):
            raise ArgumentError("padding='same' is not supported for strided convolutions")
        self.weight = new_kernel((out_channels, in_channels // groups, *window))
        self.bias = new_bias(out_channels, math.prod(self.weight.shape[1:])) if bias else None

    def extra_repr(self) -> str:
        """torch's text."""
        plain = (0,) * self.rank, (1,) * self.rank
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        parts += [f"padding={self.padding}"] if self.padding != plain[0] else []
        parts += [f"dilation={self.dilation}"] if self.dilation != plain[1] else []
        parts += [f"groups={self.groups}"] if self.groups != 1 else []
        parts += [] if self.bias is not None else ["bias=False"]
        return ", ".join([*parts, *([f"padding_mode={self.padding_mode}"] if self.padding_mode != "zeros" else [])])

    def _bordered(self, x: Tensor) -> tuple[Tensor, tuple[int, ...] | str]:
        """The input with borders of its own elements, where the mode asks for such, and the padding that is left to do."""
        if self.padding_mode == "zeros":
            return x, self.padding
        if isinstance(self.padding, str):
            totals = [d * (k - 1) * (self.padding == "same") for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            widths = [(total // 2, total - total // 2) for total in totals]
        else:
            widths = [(width, width) for width in self.padding]
        flat = [width for pair in reversed(widths) for width in pair]
        return functional.pad(x, flat, self.padding_mode), (0,) * self.rank


class Conv1d(_Convolution):
    """Convolution along 1 axis.  Shape: (N, C, L) -> (N, K, L')."""

    rank = 1

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.conv1d`."""
        x, padding = self._bordered(input)
        return functional.conv1d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_Convolution):
    """Convolution along 2 axes.  Shape: (N, C, H, W) -> (N, K, H', W')."""

    rank = 2

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.conv2d`."""
        x, padding = self._bordered(input)
        return functional.conv2d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_Convolution):
    """Convolution along 3 axes.  Shape: (N, C, D, H, W) -> (N, K, D', H', W')."""

    rank = 3

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.conv3d`."""
        x, padding = self._bordered(input)
        return functional.conv3d(x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)


class Flatten(Module):
    """Axes start_dim..end_dim as one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """See `Tensor.flatten`."""
        arguments.tensor("flatten", input)
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One axis as several.  Shape: (..., n, ...) gives (..., *unflattened_size, ...)."""

    @as_recorded()
    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """See `Tensor.unflatten`."""
        arguments.tensor("unflatten", input)
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class ReLU(Module):
    """max(x, 0)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.relu`."""
        return functional.relu(input, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    """Hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.tanh`."""
        return functional.tanh(input)


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.sigmoid`."""
        return functional.sigmoid(input)


class Softmax(Module):
    """exp(x) / sum(exp(x)) along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.softmax`."""
        return functional.softmax(input, self.dim)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """log(softmax(x)) along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.log_softmax`."""
        return functional.log_softmax(input, self.dim)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"dim={self.dim}"


class Identity(Module):
    """y = x, whatever it is made with."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:  # noqa: ANN401
        """The input."""
        return input


class Dropout(Module):
    """Zeroes elements with probability p while training."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        probability("Dropout", p)
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.dropout`."""
        return functional.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"p={self.p}, inplace={self.inplace}"


class _BatchNorm(Module):
    """Normalises axis 1 by the batch, or by running statistics in eval mode; with `momentum=None` these are the means over all batches.

    Parameters: weight, bias (features,).  Buffers: running_mean, running_var (unbiased), num_batches_tracked.
    """

    ranks: tuple[int, ...] = ()
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    @as_recorded()
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        num_features = count(type(self).__name__, "num_features", num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(Tensor.of(np.ones(num_features, np.float32))) if affine else None
        self.bias = Parameter(Tensor.of(np.zeros(num_features, np.float32))) if affine and bias else None
        self.register_buffer("running_mean", Tensor.of(np.zeros(num_features, np.float32)) if track_running_stats else None)
        self.register_buffer("running_var", Tensor.of(np.ones(num_features, np.float32)) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", Tensor.of(np.zeros((), np.int64)) if track_running_stats else None)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.batch_norm`."""
        if input.dim() not in self.ranks:
            raise ArgumentError(f"expected {' or '.join(f'{n}D' for n in self.ranks)} input (got {input.dim()}D input)")
        by_batch = self.training or (self.running_mean is None and self.running_var is None)
        if input.shape[1] != self.num_features:
            message = f"{type(self).__name__}: expected {self.num_features} features on axis 1, got {input.shape[1]}"
            likely = f"nn.{type(self).__name__}({input.shape[1]})"
            raise ShapeError(message, facts=(f"input   {tuple(input.shape)} {dtypes.name(input.dtype)}",), likely=likely)
        normalized(input, self.running_mean, by_batch=by_batch)
        kept = (self.running_mean, self.running_var) if self.track_running_stats or not self.training else (None, None)
        momentum: Any = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1.0 / self.num_batches_tracked.double()
        return functional.batch_norm(input, *kept, self.weight, self.bias, by_batch, momentum, self.eps)

    def reset_running_stats(self) -> None:
        """The running statistics begin again."""
        if self.track_running_stats and self.running_mean is not None:
            for held, start in ((self.running_mean, 0.0), (self.running_var, 1.0), (self.num_batches_tracked, 0)):
                if held is not None:
                    held.fill_(start)

    def extra_repr(self) -> str:
        """torch's text."""
        held = f"affine={self.weight is not None}, bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, {held}"


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of each channel.  Shape: (N, C) or (N, C, L), kept."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of each channel.  Shape: (N, C, H, W), kept."""

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of each channel.  Shape: (N, C, D, H, W), kept."""

    ranks = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation over all processes: there is one.  Shape: (N, C) or (N, C, *space), kept."""

    ranks = (2, 3, 4, 5)

    @as_recorded(ignored=("process_group",))
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True, track_running_stats: bool = True, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias=bias)

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:  # noqa: ANN401  torch's signature
        """The module as it is: its normalisations already see the whole batch."""
        return module
