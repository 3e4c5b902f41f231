"""Densely connected networks: each layer reads all that came before it.

Source: Huang, Liu, van der Maaten and Weinberger, 2017, "Densely connected convolutional networks", arXiv:1608.06993, table 1.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any

from gradwerk import torch
from gradwerk.torch import nn
from gradwerk.torch.nn import functional
from gradwerk.torchvision.models.networks import network
from gradwerk.torchvision.models.weights import WeightsEnum, imagenet

# ruff: noqa: FBT001, FBT002, N801  torchvision's signatures


class _DenseLayer(nn.Module):
    """1 x 1, then 3 x 3."""

    def __init__(self, given: int, growth_rate: int, bn_size: int, drop_rate: float) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(given)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(given, bn_size * growth_rate, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(bn_size * growth_rate)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(bn_size * growth_rate, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)

    def forward(self, x: torch.Tensor | list[torch.Tensor]) -> torch.Tensor:
        """The new channels."""
        all_before = x if isinstance(x, torch.Tensor) else torch.cat(x, 1)
        few = self.conv1(self.relu1(self.norm1(all_before)))
        new: torch.Tensor = self.conv2(self.relu2(self.norm2(few)))
        return functional.dropout(new, p=self.drop_rate, training=self.training) if self.drop_rate > 0 else new


class _DenseBlock(nn.ModuleDict):
    def __init__(self, depth: int, given: int, bn_size: int, growth_rate: int, drop_rate: float) -> None:
        super().__init__()
        for at in range(depth):
            self.add_module(f"denselayer{at + 1}", _DenseLayer(given + at * growth_rate, growth_rate, bn_size, drop_rate))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What came, and what each layer added."""
        found = [x]
        for layer in self.values():
            found.append(layer(found))
        return torch.cat(found, 1)


class _Transition(nn.Sequential):
    """Half the height and width."""

    def __init__(self, given: int, kept: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(given)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(given, kept, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Four dense blocks.  Shape: (batch, 3, height, width), 29 at least, to (batch, num_classes).

    Args:
        growth_rate: the channels that each layer adds.
        block_config: how many layers each block has.
        num_init_features: the channels of the first convolution.
        bn_size: how many times growth_rate stand between the two convolutions of a layer.
        drop_rate: of what each layer adds.
        num_classes: of the last layer.
        memory_efficient: accepted; numbers are the same.
    """

    def __init__(
        self, growth_rate: int = 32, block_config: Sequence[int] = (6, 12, 24, 16), num_init_features: int = 64, bn_size: int = 4,
        drop_rate: float = 0, num_classes: int = 1000, memory_efficient: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        del memory_efficient
        self.features = nn.Sequential(OrderedDict([
            ("conv0", nn.Conv2d(3, num_init_features, kernel_size=7, stride=2, padding=3, bias=False)),
            ("norm0", nn.BatchNorm2d(num_init_features)),
            ("relu0", nn.ReLU(inplace=True)),
            ("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1)),
        ]))  # fmt: skip
        channels = num_init_features
        for at, depth in enumerate(block_config, 1):
            self.features.add_module(f"denseblock{at}", _DenseBlock(depth, channels, bn_size, growth_rate, drop_rate))
            channels += depth * growth_rate
            if at != len(block_config):
                self.features.add_module(f"transition{at}", _Transition(channels, channels // 2))
                channels //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(channels))
        self.classifier = nn.Linear(channels, num_classes)
        self.apply(_begin)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        x = functional.relu(self.features(x))
        found: torch.Tensor = self.classifier(torch.flatten(functional.adaptive_avg_pool2d(x, (1, 1)), 1))
        return found


def _begin(module: nn.Module) -> None:
    """He and others' normal numbers for convolutions."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
    elif isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.constant_(module.bias, 0)


def _renamed(state: dict[str, Any]) -> dict[str, Any]:
    """The files' `norm.1`, from when names could hold dots, as `norm1`."""
    return {re.sub(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)", r"\1\2", name): value for name, value in state.items()}


class DenseNet121_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("densenet121-a639ec97", 7978856, 74.434, 91.972, least=29)
    DEFAULT = IMAGENET1K_V1


class DenseNet161_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("densenet161-8d451a50", 28681000, 77.138, 93.560, least=29)
    DEFAULT = IMAGENET1K_V1


class DenseNet169_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("densenet169-b2777c0a", 14149480, 75.600, 92.806, least=29)
    DEFAULT = IMAGENET1K_V1


class DenseNet201_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("densenet201-c1103571", 20013928, 76.896, 93.370, least=29)
    DEFAULT = IMAGENET1K_V1


_DOC = "A densely connected network of {} layers (Huang and others, 2017, arXiv:1608.06993)."

densenet121 = network(
    "densenet121", partial(DenseNet, 32, (6, 12, 24, 16), 64), DenseNet121_Weights, _DOC.format(121), read=_renamed
)
densenet161 = network(
    "densenet161", partial(DenseNet, 48, (6, 12, 36, 24), 96), DenseNet161_Weights, _DOC.format(161), read=_renamed
)
densenet169 = network(
    "densenet169", partial(DenseNet, 32, (6, 12, 32, 32), 64), DenseNet169_Weights, _DOC.format(169), read=_renamed
)
densenet201 = network(
    "densenet201", partial(DenseNet, 32, (6, 12, 48, 32), 64), DenseNet201_Weights, _DOC.format(201), read=_renamed
)
