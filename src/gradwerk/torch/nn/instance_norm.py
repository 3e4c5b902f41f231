"""torch.nn.InstanceNorm: each channel of each example normalised by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ops.movement import expand_dims, squeeze
from gradwerk.torch.nn import normalizing
from gradwerk.torch.nn.checks import count
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


class InstanceNorm(Module):
    """(x - mean) / sqrt(variance + eps) over space, then weight and bias of each channel where `affine`.

    Parameters: weight, bias (features,) or None.  Buffers, where `track_running_stats`: running_mean, running_var, num_batches_tracked,
    which take the place of the example's own in eval mode.  Source: Ulyanov et al., arXiv:1607.08022.
    """

    rank = 0

    @as_recorded()
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float = 0.1, affine: bool = False, track_running_stats: bool = False, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        num_features = count(type(self).__name__, "num_features", num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(Tensor.of(np.ones(num_features, np.float32))) if affine else None
        self.bias = Parameter(Tensor.of(np.zeros(num_features, np.float32))) if affine and bias else None
        starts = {"running_mean": np.zeros(num_features, np.float32), "running_var": np.ones(num_features, np.float32),
                  "num_batches_tracked": np.zeros((), np.int64)}  # fmt: skip
        for name, start in starts.items():
            self.register_buffer(name, Tensor.of(start) if track_running_stats else None)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.instance_norm`.  Shape: (N, C, *space) or (C, *space), kept.  Raises: ArgumentError, ShapeError."""
        name = type(self).__name__
        if input.dim() not in (self.rank + 1, self.rank + 2):
            raise ArgumentError(f"expected {self.rank + 1}D or {self.rank + 2}D input (got {input.dim()}D input)")
        found = input.shape[-self.rank - 1]
        if found != self.num_features and self.affine:
            message = f"expected input's size at dim={input.dim() - self.rank - 1} to match num_features ({self.num_features})"
            facts = (f"input   {tuple(input.shape)} {dtypes.name(input.dtype)}",)
            raise ShapeError(f"{message}, but got: {found}", facts=facts, likely=f"nn.{name}({found}, affine=True)")
        if input.dim() == self.rank + 1:
            alone: Tensor = squeeze(self._normalized(expand_dims(input, 0)), 0)
            return alone
        return self._normalized(input)

    def _normalized(self, x: Tensor) -> Tensor:
        held: Any = getattr(self, "running_mean", None), getattr(self, "running_var", None)
        own = self.training or not self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        return normalizing.instance_norm(x, held[0], held[1], self.weight, self.bias, own, momentum, self.eps)

    def extra_repr(self) -> str:
        """torch's text."""
        held = f"affine={self.affine}, bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        return f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, {held}"


class InstanceNorm1d(InstanceNorm):
    """Normalises each channel of each example by itself.  Shape: (N, C, L) or (C, L), kept."""

    rank = 1


class InstanceNorm2d(InstanceNorm):
    """Normalises each channel of each example by itself.  Shape: (N, C, H, W) or (C, H, W), kept."""

    rank = 2


class InstanceNorm3d(InstanceNorm):
    """Normalises each channel of each example by itself.  Shape: (N, C, D, H, W) or (C, D, H, W), kept."""

    rank = 3
