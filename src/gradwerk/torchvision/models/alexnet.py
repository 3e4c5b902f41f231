"""AlexNet, as on one card.

Source: Krizhevsky, 2014, "One weird trick for parallelizing convolutional neural networks", arXiv:1404.5997; without the local response
normalization of Krizhevsky, Sutskever and Hinton, 2012, "ImageNet classification with deep convolutional neural networks".
"""

from __future__ import annotations

from gradwerk import torch
from gradwerk.torch import nn
from gradwerk.torchvision.models.networks import network
from gradwerk.torchvision.models.weights import WeightsEnum, imagenet

# ruff: noqa: N801  torchvision's names


class AlexNet(nn.Module):
    """Five convolutions, three full layers.  Shape: (batch, 3, height, width), 63 at least, to (batch, num_classes)."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=3, stride=2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(inplace=True),
            nn.Dropout(p=dropout), nn.Linear(4096, 4096), nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        found: torch.Tensor = self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))
        return found


class AlexNet_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("alexnet-owt-7be5be79", 61100840, 56.522, 79.066, least=63)
    DEFAULT = IMAGENET1K_V1


alexnet = network("alexnet", AlexNet, AlexNet_Weights, "AlexNet (Krizhevsky, 2014, arXiv:1404.5997).")
