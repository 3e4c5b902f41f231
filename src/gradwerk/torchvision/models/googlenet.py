"""GoogLeNet, the first Inception network, with batch normalization.

Source: Szegedy and others, 2015, "Going deeper with convolutions", arXiv:1409.4842, table 1 and figure 2 (b).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gradwerk import torch
from gradwerk.torch import nn
from gradwerk.torch.nn import functional
from gradwerk.torchvision.models.blocks import BasicConv2d, as_half, begin
from gradwerk.torchvision.models.networks import network
from gradwerk.torchvision.models.weights import WeightsEnum, imagenet

# ruff: noqa: FBT001, FBT002, N801  torchvision's signatures


class GoogLeNetOutputs(NamedTuple):
    """What the network gives in training: the logits, and those of two classifiers at half the depth."""

    logits: torch.Tensor
    aux_logits2: torch.Tensor | None
    aux_logits1: torch.Tensor | None


class Inception(nn.Module):
    """Four branches side by side: 1 x 1; 3 x 3; what the paper has as 5 x 5, and torchvision as 3 x 3; a pooling.

    Args:
        in_channels: of what is given.
        ch1x1, ch3x3, ch5x5, pool_proj: the channels that each branch adds.
        ch3x3red, ch5x5red: the channels before the larger windows.
    """

    def __init__(
        self, in_channels: int, ch1x1: int, ch3x3red: int, ch3x3: int, ch5x5red: int, ch5x5: int, pool_proj: int
    ) -> None:
        super().__init__()
        self.branch1 = BasicConv2d(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            BasicConv2d(in_channels, ch3x3red, kernel_size=1), BasicConv2d(ch3x3red, ch3x3, kernel_size=3, padding=1)
        )
        self.branch3 = nn.Sequential(
            BasicConv2d(in_channels, ch5x5red, kernel_size=1), BasicConv2d(ch5x5red, ch5x5, kernel_size=3, padding=1)
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True), BasicConv2d(in_channels, pool_proj, kernel_size=1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Height and width stay."""
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class InceptionAux(nn.Module):
    """A classifier at half the depth."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float = 0.7) -> None:
        super().__init__()
        self.conv = BasicConv2d(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (batch, in_channels, height, width) to (batch, num_classes)."""
        x = torch.flatten(self.conv(functional.adaptive_avg_pool2d(x, (4, 4))), 1)
        found: torch.Tensor = self.fc2(self.dropout(functional.relu(self.fc1(x))))
        return found


BLOCKS: Mapping[str, tuple[int, ...]] = {
    "3a": (192, 64, 96, 128, 16, 32, 32), "3b": (256, 128, 128, 192, 32, 96, 64), "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64), "4c": (512, 128, 128, 256, 24, 64, 64), "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128), "5a": (832, 256, 160, 320, 32, 128, 128), "5b": (832, 384, 192, 384, 48, 128, 128),
}  # fmt: skip
"""The table's blocks: the channels that come, then Inception's numbers."""


class GoogLeNet(nn.Module):
    """Nine Inception blocks.  Shape: (batch, 3, height, width), 15 at least, to (batch, num_classes); in training GoogLeNetOutputs.

    Args:
        num_classes: of the last layer.
        aux_logits: whether the two classifiers at half the depth are there.
        transform_input: whether pictures normalized by ImageNet's numbers are turned into those that the trained weights expect.
        init_weights: whether numbers are drawn anew; None is True.
        dropout, dropout_aux: rates before the last layers.
    """

    def __init__(
        self, num_classes: int = 1000, aux_logits: bool = True, transform_input: bool = False, init_weights: bool | None = None,
        dropout: float = 0.2, dropout_aux: float = 0.7,
    ) -> None:  # fmt: skip
        super().__init__()
        self.aux_logits, self.transform_input = aux_logits, transform_input
        self.conv1 = BasicConv2d(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = BasicConv2d(64, 64, kernel_size=1)
        self.conv3 = BasicConv2d(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a, self.inception3b = Inception(*BLOCKS["3a"]), Inception(*BLOCKS["3b"])
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a, self.inception4b, self.inception4c, self.inception4d, self.inception4e = (
            Inception(*BLOCKS[f"4{letter}"]) for letter in "abcde"
        )
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a, self.inception5b = Inception(*BLOCKS["5a"]), Inception(*BLOCKS["5b"])
        self.aux1 = InceptionAux(512, num_classes, dropout=dropout_aux) if aux_logits else None
        self.aux2 = InceptionAux(528, num_classes, dropout=dropout_aux) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights is None or init_weights:
            self.apply(lambda module: begin(module, 0.01))

    def forward(self, x: torch.Tensor) -> Any:  # noqa: ANN401  logits, or GoogLeNetOutputs
        """The logits; in training those of all three classifiers."""
        x = as_half(x) if self.transform_input else x
        x = self.maxpool2(self.conv3(self.conv2(self.maxpool1(self.conv1(x)))))
        x = self.inception4a(self.maxpool3(self.inception3b(self.inception3a(x))))
        first = self.aux1(x) if self.aux1 is not None and self.training else None
        x = self.inception4d(self.inception4c(self.inception4b(x)))
        second = self.aux2(x) if self.aux2 is not None and self.training else None
        x = self.inception5b(self.inception5a(self.maxpool4(self.inception4e(x))))
        x = self.fc(self.dropout(torch.flatten(self.avgpool(x), 1)))
        return GoogLeNetOutputs(x, second, first) if self.training and self.aux_logits else x


class GoogLeNet_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("googlenet-1378be20", 6624904, 69.778, 89.530, least=15)
    DEFAULT = IMAGENET1K_V1


def _without_aux(model: Any, wanted: dict[str, Any]) -> None:  # noqa: ANN401
    """Takes the classifiers at half the depth, which the file has, away again where nobody asked for them."""
    if not wanted["aux_logits"]:
        model.aux_logits, model.aux1, model.aux2 = False, None, None


googlenet = network(
    "googlenet", GoogLeNet, GoogLeNet_Weights, "GoogLeNet (Szegedy and others, 2015, arXiv:1409.4842).",
    trained={"aux_logits": True, "transform_input": True, "init_weights": False}, prepare=_without_aux,
)  # fmt: skip
