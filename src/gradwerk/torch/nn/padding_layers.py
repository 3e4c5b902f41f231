"""torch.nn's padding layers: the work is done by `functional.pad`."""

from __future__ import annotations

from collections.abc import Sequence

from gradwerk.torch.nn import functional
from gradwerk.torch.nn.checks import each
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names
Extents = int | Sequence[int]


class _Pad(Module):
    """Borders: (low, high) of the last axis, then of the one before it, ...; one number for all."""

    rank, mode = 0, ""

    @as_recorded()
    def __init__(self, padding: Extents) -> None:
        super().__init__()
        self.padding = each(padding, 2 * self.rank, "padding")

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.pad`."""
        return functional.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"{self.padding}"


class _ConstantPad(Module):
    """Borders of one value."""

    rank = 0

    @as_recorded()
    def __init__(self, padding: Extents, value: float) -> None:
        super().__init__()
        self.padding, self.value = each(padding, 2 * self.rank, "padding"), value

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.pad`."""
        return functional.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"padding={self.padding}, value={self.value}"


class ReflectionPad1d(_Pad):
    """Borders of x mirrored at its outermost elements.  Shape: (N, C, L), wider."""

    rank, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """Borders of x mirrored at its outermost elements.  Shape: (N, C, H, W), wider."""

    rank, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """Borders of x mirrored at its outermost elements.  Shape: (N, C, D, H, W), wider."""

    rank, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """Borders of the outermost elements.  Shape: (N, C, L), wider."""

    rank, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """Borders of the outermost elements.  Shape: (N, C, H, W), wider."""

    rank, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """Borders of the outermost elements.  Shape: (N, C, D, H, W), wider."""

    rank, mode = 3, "replicate"


class CircularPad1d(_Pad):
    """Borders of x again.  Shape: (N, C, L), wider."""

    rank, mode = 1, "circular"


class CircularPad2d(_Pad):
    """Borders of x again.  Shape: (N, C, H, W), wider."""

    rank, mode = 2, "circular"


class CircularPad3d(_Pad):
    """Borders of x again.  Shape: (N, C, D, H, W), wider."""

    rank, mode = 3, "circular"


class ConstantPad1d(_ConstantPad):
    """Borders of one value.  Shape: (N, C, L), wider."""

    rank = 1


class ConstantPad2d(_ConstantPad):
    """Borders of one value.  Shape: (N, C, H, W), wider."""

    rank = 2


class ConstantPad3d(_ConstantPad):
    """Borders of one value.  Shape: (N, C, D, H, W), wider."""

    rank = 3


class ZeroPad1d(_Pad):
    """Borders of zeros.  Shape: (N, C, L), wider."""

    rank, mode = 1, "constant"


class ZeroPad2d(_Pad):
    """Borders of zeros.  Shape: (N, C, H, W), wider."""

    rank, mode = 2, "constant"


class ZeroPad3d(_Pad):
    """Borders of zeros.  Shape: (N, C, D, H, W), wider."""

    rank, mode = 3, "constant"
