"""What Inception networks are made of."""

from __future__ import annotations

from typing import Any

from gradwerk import torch
from gradwerk.torch import nn
from gradwerk.torch.nn import functional


class BasicConv2d(nn.Module):
    """A convolution without bias, normalized and rectified; options are Conv2d's."""

    def __init__(self, in_channels: int, out_channels: int, **options: Any) -> None:  # noqa: ANN401  as torchvision has it
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **options)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: as of Conv2d."""
        return functional.relu(self.bn(self.conv(x)))


def as_half(x: torch.Tensor) -> torch.Tensor:
    """Pictures normalized by ImageNet's means and deviations, as if by means and deviations of 0.5."""
    means, deviations = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    channels = [
        torch.unsqueeze(x[:, at], 1) * (deviation / 0.5) + (mean - 0.5) / 0.5
        for at, (mean, deviation) in enumerate(zip(means, deviations, strict=True))
    ]
    return torch.cat(channels, 1)


def begin(module: nn.Module, deviation: float) -> None:
    """Normal numbers, cut at 2, for convolutions and full layers."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, mean=0.0, std=deviation, a=-2, b=2)
