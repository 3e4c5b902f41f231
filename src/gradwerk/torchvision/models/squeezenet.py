"""SqueezeNet: few 1 x 1 windows before many of 1 x 1 and 3 x 3.

Source: Iandola and others, 2016, "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and < 0.5 MB model size", arXiv:1602.07360,
table 1.
"""

from __future__ import annotations

from functools import partial

from gradwerk import torch
from gradwerk.base.errors import ArgumentError
from gradwerk.torch import nn
from gradwerk.torchvision.models.networks import network
from gradwerk.torchvision.models.weights import WeightsEnum, imagenet

# ruff: noqa: N801  torchvision's names


class Fire(nn.Module):
    """A 1 x 1 convolution to few channels, then 1 x 1 and 3 x 3 side by side."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Height and width stay."""
        x = self.squeeze_activation(self.squeeze(x))
        return torch.cat([self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1)


FIRES = ((64, 16, 64), (128, 16, 64), (128, 32, 128), (256, 32, 128), (256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256))
"""What comes, what is squeezed to, and what each of two windows adds: fire2 to fire9."""
POOLED = {"1_0": (0, 3, 7), "1_1": (0, 2, 4)}
"""Before which of them there is a pooling."""
FIRST = {"1_0": (96, 7), "1_1": (64, 3)}
"""Channels and window of the first convolution."""


class SqueezeNet(nn.Module):
    """Eight Fire blocks.  Shape: (batch, 3, height, width), 21 at least, to (batch, num_classes).

    Args:
        version: "1_0", the paper's, or "1_1", which needs fewer multiplications.
        num_classes: of the last convolution.
        dropout: the rate before it.

    Raises: ArgumentError.
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        if version not in FIRST:
            raise ArgumentError(f"version is '1_0' or '1_1', not {version!r}")
        channels, window = FIRST[version]
        self.num_classes = num_classes
        layers: list[nn.Module] = [nn.Conv2d(3, channels, kernel_size=window, stride=2), nn.ReLU(inplace=True)]
        for at, (given, few, added) in enumerate(FIRES):
            if at in POOLED[version]:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            layers.append(Fire(channels if at == 0 else given, few, added, added))
        self.features = nn.Sequential(*layers)
        last = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1)))
        self.apply(_begin)
        nn.init.normal_(last.weight, mean=0.0, std=0.01)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        found: torch.Tensor = torch.flatten(self.classifier(self.features(x)), 1)
        return found


def _begin(module: nn.Module) -> None:
    """He and others' uniform numbers."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_uniform_(module.weight)
        if module.bias is not None:
            nn.init.constant_(module.bias, 0)


class SqueezeNet1_0_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("squeezenet1_0-b66bff10", 1248424, 58.092, 80.420, least=21)
    DEFAULT = IMAGENET1K_V1


class SqueezeNet1_1_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("squeezenet1_1-b8a52dc0", 1235496, 58.178, 80.624, least=17)
    DEFAULT = IMAGENET1K_V1


_DOC = "SqueezeNet {} (Iandola and others, 2016, arXiv:1602.07360)."
squeezenet1_0 = network("squeezenet1_0", partial(SqueezeNet, "1_0"), SqueezeNet1_0_Weights, _DOC.format(1.0))
squeezenet1_1 = network("squeezenet1_1", partial(SqueezeNet, "1_1"), SqueezeNet1_1_Weights, _DOC.format(1.1))
