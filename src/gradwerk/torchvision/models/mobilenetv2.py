"""MobileNet v2: blocks that widen, convolve by depth, and narrow again.

Source: Sandler, Howard, Zhu, Zhmoginov and Chen, 2018, "MobileNetV2: inverted residuals and linear bottlenecks", arXiv:1801.04381, table 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradwerk import torch
from gradwerk.base.errors import ArgumentError
from gradwerk.torch import nn
from gradwerk.torch.nn import functional
from gradwerk.torchvision.models.networks import network
from gradwerk.torchvision.models.weights import WeightsEnum, imagenet

# ruff: noqa: N801  torchvision's names

Norm = Callable[..., nn.Module]
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, number of blocks and stride of the first: the table's t, c, n, s."""


def _rounded(width: float, step: int) -> int:
    """The multiple of `step` that is nearest, and not below 0.9 of the width."""
    near = max(step, int(width + step / 2) // step * step)
    return near + step if near < 0.9 * width else near


class Conv2dNormActivation(nn.Sequential):
    """A convolution without bias that keeps height and width but for the stride, normalized, and ReLU6."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1, groups: int = 1, norm_layer: Norm = nn.BatchNorm2d
    ) -> None:
        padding = (kernel_size - 1) // 2
        super().__init__(
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False), norm_layer(out_channels),
            nn.ReLU6(inplace=True),
        )  # fmt: skip
        self.out_channels = out_channels


class InvertedResidual(nn.Module):
    """1 x 1 to many channels, 3 x 3 by depth, 1 x 1 to few without activation; around it where the shape stays."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int, norm_layer: Norm | None = None) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ArgumentError(f"stride is 1 or 2, not {stride}")
        norm, hidden = norm_layer or nn.BatchNorm2d, round(inp * expand_ratio)
        self.stride, self.use_res_connect = stride, stride == 1 and inp == oup
        wider = [Conv2dNormActivation(inp, hidden, kernel_size=1, norm_layer=norm)] if expand_ratio != 1 else []
        self.conv = nn.Sequential(
            *wider, Conv2dNormActivation(hidden, hidden, stride=stride, groups=hidden, norm_layer=norm),
            nn.Conv2d(hidden, oup, 1, 1, 0, bias=False), norm(oup),
        )  # fmt: skip
        self.out_channels, self._is_cn = oup, stride > 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (batch, inp, height, width) to (batch, oup, height / stride, width / stride)."""
        found: torch.Tensor = x + self.conv(x) if self.use_res_connect else self.conv(x)
        return found


class MobileNetV2(nn.Module):
    """Seventeen blocks.  Shape: (batch, 3, height, width) to (batch, num_classes).

    Args:
        num_classes: of the last layer.
        width_mult: how much wider each layer is than in the paper.
        inverted_residual_setting: the stages: expansion, channels, number of blocks, stride of the first.
        round_nearest: channels are multiples of it.
        block: the class of blocks.
        norm_layer: the class of normalizations; BatchNorm2d.
        dropout: the rate before the last layer.

    Raises: ArgumentError.
    """

    def __init__(
        self, num_classes: int = 1000, width_mult: float = 1.0, inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8, block: Norm | None = None, norm_layer: Norm | None = None, dropout: float = 0.2,
    ) -> None:  # fmt: skip
        super().__init__()
        norm, stages = norm_layer or nn.BatchNorm2d, STAGES if inverted_residual_setting is None else inverted_residual_setting
        if not stages or any(len(stage) != 4 for stage in stages):
            raise ArgumentError(f"each stage is four numbers: expansion, channels, blocks, stride; given {stages!r:.80}")
        channels = _rounded(32 * width_mult, round_nearest)
        self.last_channel = _rounded(1280 * max(1.0, width_mult), round_nearest)
        features: list[nn.Module] = [Conv2dNormActivation(3, channels, stride=2, norm_layer=norm)]
        for expansion, width, count, stride in stages:
            for at in range(count):
                kept = _rounded(width * width_mult, round_nearest)
                step = stride if at == 0 else 1
                features.append((block or InvertedResidual)(channels, kept, step, expand_ratio=expansion, norm_layer=norm))
                channels = kept
        features.append(Conv2dNormActivation(channels, self.last_channel, kernel_size=1, norm_layer=norm))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes))
        self.apply(_begin)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        found: torch.Tensor = self.classifier(torch.flatten(functional.adaptive_avg_pool2d(self.features(x), (1, 1)), 1))
        return found


def _begin(module: nn.Module) -> None:
    """He and others' normal numbers for convolutions, small ones for the last layer."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01)
    if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


class MobileNet_V2_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("mobilenet_v2-b0353104", 3504872, 71.878, 90.286)
    IMAGENET1K_V2 = imagenet("mobilenet_v2-7ebf99e0", 3504872, 72.154, 90.822, resize=232)
    DEFAULT = IMAGENET1K_V2


mobilenet_v2 = network(
    "mobilenet_v2", MobileNetV2, MobileNet_V2_Weights, "MobileNet v2 (Sandler and others, 2018, arXiv:1801.04381)."
)
