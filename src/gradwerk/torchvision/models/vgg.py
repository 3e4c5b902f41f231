"""The VGG networks: 3 x 3 convolutions alone, in five blocks between poolings.

Source: Simonyan and Zisserman, 2015, "Very deep convolutional networks for large-scale image recognition", arXiv:1409.1556, table 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from gradwerk import torch
from gradwerk.torch import nn
from gradwerk.torchvision.models.networks import network
from gradwerk.torchvision.models.weights import WeightsEnum, imagenet

# ruff: noqa: N801  torchvision's names

cfgs: dict[str, tuple[int, ...]] = {"A": (1, 1, 2, 2, 2), "B": (2, 2, 2, 2, 2), "D": (2, 2, 3, 3, 3), "E": (2, 2, 4, 4, 4)}
"""How many convolutions each block has, by the columns of the table."""
FILTERS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Convolutions and three full layers.  Shape: (batch, 3, height, width), 32 at least, to (batch, num_classes)."""

    def __init__(
        self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096), nn.ReLU(inplace=True), nn.Dropout(p=dropout),
            nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )  # fmt: skip
        if init_weights:
            self.apply(_begin)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        found: torch.Tensor = self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))
        return found


def _begin(module: nn.Module) -> None:
    """He and others' normal numbers for convolutions, small ones for full layers."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01)
    if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
        nn.init.constant_(module.bias, 0)


def make_layers(cfg: Sequence[int], *, batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of as many blocks as there are numbers."""
    layers: list[nn.Module] = []
    channels = 3
    for depth, filters in zip(cfg, FILTERS, strict=True):
        for _ in range(depth):
            layers.append(nn.Conv2d(channels, filters, kernel_size=3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(filters))
            layers.append(nn.ReLU(inplace=True))
            channels = filters
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers)


def _vgg(column: str, *, batch_norm: bool, **options: Any) -> VGG:  # noqa: ANN401  VGG's
    return VGG(make_layers(cfgs[column], batch_norm=batch_norm), **options)


class VGG11_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("vgg11-8a719046", 132863336, 69.020, 88.628, least=32)
    DEFAULT = IMAGENET1K_V1


class VGG11_BN_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("vgg11_bn-6002323d", 132868840, 70.370, 89.810, least=32)
    DEFAULT = IMAGENET1K_V1


class VGG13_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("vgg13-19584684", 133047848, 69.928, 89.246, least=32)
    DEFAULT = IMAGENET1K_V1


class VGG13_BN_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("vgg13_bn-abd245e5", 133053736, 71.586, 90.374, least=32)
    DEFAULT = IMAGENET1K_V1


class VGG16_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("vgg16-397923af", 138357544, 71.592, 90.382, least=32)
    DEFAULT = IMAGENET1K_V1


class VGG16_BN_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("vgg16_bn-6c64b313", 138365992, 73.360, 91.516, least=32)
    DEFAULT = IMAGENET1K_V1


class VGG19_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("vgg19-dcbb9e9d", 143667240, 72.376, 90.876, least=32)
    DEFAULT = IMAGENET1K_V1


class VGG19_BN_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("vgg19_bn-c79401a0", 143678248, 74.218, 91.842, least=32)
    DEFAULT = IMAGENET1K_V1


_DOC = "VGG-{}{} (Simonyan and Zisserman, 2015, arXiv:1409.1556)."
_TRAINED = {"init_weights": False}

vgg11 = network(
    "vgg11", partial(_vgg, "A", batch_norm=False), VGG11_Weights, _DOC.format(11, ""), trained=_TRAINED
)
vgg11_bn = network(
    "vgg11_bn", partial(_vgg, "A", batch_norm=True), VGG11_BN_Weights, _DOC.format(11, " with batch normalization"), trained=_TRAINED
)
vgg13 = network(
    "vgg13", partial(_vgg, "B", batch_norm=False), VGG13_Weights, _DOC.format(13, ""), trained=_TRAINED
)
vgg13_bn = network(
    "vgg13_bn", partial(_vgg, "B", batch_norm=True), VGG13_BN_Weights, _DOC.format(13, " with batch normalization"), trained=_TRAINED
)
vgg16 = network(
    "vgg16", partial(_vgg, "D", batch_norm=False), VGG16_Weights, _DOC.format(16, ""), trained=_TRAINED
)
vgg16_bn = network(
    "vgg16_bn", partial(_vgg, "D", batch_norm=True), VGG16_BN_Weights, _DOC.format(16, " with batch normalization"), trained=_TRAINED
)
vgg19 = network(
    "vgg19", partial(_vgg, "E", batch_norm=False), VGG19_Weights, _DOC.format(19, ""), trained=_TRAINED
)
vgg19_bn = network(
    "vgg19_bn", partial(_vgg, "E", batch_norm=True), VGG19_BN_Weights, _DOC.format(19, " with batch normalization"), trained=_TRAINED
)
