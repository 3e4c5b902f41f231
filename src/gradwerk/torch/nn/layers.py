"""torch.nn layers: parameters in torch's shapes and defaults, the work done by `functional`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.tensor.random import default_generator
from gradwerk.torch.nn import functional
from gradwerk.torch.nn.layout import weight
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import accepts
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Extents = int | Sequence[int]


def _kernel(shape: tuple[int, ...]) -> Parameter:
    return weight(init.torch_kernel(shape, default_generator()))


def _bias(units: int, fan_in: int) -> Parameter:
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    return Parameter(Tensor(init.Uniform(-bound, bound)((units,), default_generator())))


class Linear(Module):
    """y = x W^T + b.  Parameters: weight (out, in), bias (out,), uniform on +-1 / sqrt(in)."""

    @accepts("device", "dtype")
    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = _kernel((out_features, in_features))
        self.bias = _bias(out_features, in_features) if bias else None

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.linear`."""
        return functional.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class _Convolution(Module):
    """What convolutions of any rank hold.  Parameters: weight (out, in / groups, *window), bias (out,)."""

    rank = 0

    @accepts("device", "dtype")
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Extents, stride: Extents = 1, padding: Extents | str = 0,
        dilation: Extents = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
    ) -> None:  # fmt: skip
        super().__init__()
        if in_channels % groups or out_channels % groups:
            raise ArgumentError(f"in_channels {in_channels} and out_channels {out_channels} must be divisible by groups {groups}")
        if padding_mode != "zeros":
            raise ArgumentError(f"padding_mode {padding_mode!r} is not supported", likely="pad the input first")
        window = functional.each(kernel_size, self.rank)
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, window
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.weight = _kernel((out_channels, in_channels // groups, *window))
        self.bias = _bias(out_channels, math.prod(self.weight.shape[1:])) if bias else None

    def extra_repr(self) -> str:
        """torch's text."""
        return f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={functional.each(self.stride, self.rank)}"


class Conv1d(_Convolution):
    """Shape: (N, C, L) -> (N, K, L')."""

    rank = 1

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.conv1d`."""
        return functional.conv1d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Conv2d(_Convolution):
    """Shape: (N, C, H, W) -> (N, K, H', W')."""

    rank = 2

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.conv2d`."""
        return functional.conv2d(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class MaxPool2d(Module):
    """The largest of each window.  Shape: (N, C, H, W) -> (N, C, H', W')."""

    @accepts("dilation", "return_indices", "ceil_mode")
    def __init__(self, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride or kernel_size, padding

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.max_pool2d`."""
        return functional.max_pool2d(input, self.kernel_size, self.stride, self.padding)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """The mean of each window.  Shape: (N, C, H, W) -> (N, C, H', W')."""

    @accepts("ceil_mode", "divisor_override")
    def __init__(
        self, kernel_size: Extents, stride: Extents | None = None, padding: Extents = 0, *, count_include_pad: bool = True
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride or kernel_size, padding
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.avg_pool2d`."""
        return functional.avg_pool2d(input, self.kernel_size, self.stride, self.padding, count_include_pad=self.count_include_pad)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class Flatten(Module):
    """Axes start_dim..end_dim as one."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """See `Tensor.flatten`."""
        return input.flatten(self.start_dim, self.end_dim)


class ReLU(Module):
    """max(x, 0)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.relu`."""
        return functional.relu(input, self.inplace)


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


class LogSoftmax(Module):
    """log(softmax(x)) along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.log_softmax`."""
        return functional.log_softmax(input, self.dim)


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
        if not 0 <= p <= 1:
            raise ArgumentError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.dropout`."""
        return functional.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"p={self.p}, inplace={self.inplace}"


class _BatchNorm(Module):
    """Normalises axis 1 by the batch, or by running statistics in eval mode.

    Parameters: weight, bias (features,).  Buffers: running_mean, running_var (unbiased), num_batches_tracked.
    """

    ranks: tuple[int, ...] = ()
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    @accepts("device", "dtype")
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True, track_running_stats: bool = True, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if momentum is None:
            raise ArgumentError(f"{type(self).__name__}: momentum=None, a plain average, is not supported here yet")
        self.num_features, self.eps, self.momentum, self.track_running_stats = num_features, eps, momentum, track_running_stats
        self.weight = Parameter(Tensor(np.ones(num_features, np.float32))) if affine else None
        self.bias = Parameter(Tensor(np.zeros(num_features, np.float32))) if affine and bias else None
        self.register_buffer("running_mean", Tensor(np.zeros(num_features, np.float32)) if track_running_stats else None)
        self.register_buffer("running_var", Tensor(np.ones(num_features, np.float32)) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", Tensor(np.zeros((), np.int64)) if track_running_stats else None)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.batch_norm`."""
        if input.dim() not in self.ranks:
            raise ArgumentError(f"expected {' or '.join(f'{n}D' for n in self.ranks)} input (got {input.dim()}D input)")
        if input.shape[1] != self.num_features:
            raise ShapeError(
                f"axis 1 of the input has {input.shape[1]} features, {self.num_features} are expected",
                facts=(f"input   {tuple(input.shape)} {input.dtype}",), likely=f"nn.{type(self).__name__}({input.shape[1]})",
            )  # fmt: skip
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
        by_batch = self.training or not self.track_running_stats
        return functional.batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, by_batch, self.momentum, self.eps)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"


class BatchNorm1d(_BatchNorm):
    """Shape: (N, C) or (N, C, L), kept."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Shape: (N, C, H, W), kept."""

    ranks = (4,)


class Embedding(Module):
    """Rows of a table.  Parameter: weight (num_embeddings, embedding_dim), standard normal."""

    @accepts("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse", "device", "dtype")
    def __init__(self, num_embeddings: int, embedding_dim: int) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.weight = Parameter(Tensor(init.Normal(0.0, 1.0)((num_embeddings, embedding_dim), default_generator())))

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.embedding`."""
        return functional.embedding(input, self.weight)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"{self.num_embeddings}, {self.embedding_dim}"
