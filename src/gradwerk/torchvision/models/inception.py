"""Inception v3.

Source: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, 2016, "Rethinking the Inception architecture for computer vision", arXiv:1512.00567,
table 1 and figures 5 to 7.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from gradwerk import torch
from gradwerk.torch import nn
from gradwerk.torch.nn import functional
from gradwerk.torchvision.models.blocks import BasicConv2d, as_half, begin
from gradwerk.torchvision.models.networks import network
from gradwerk.torchvision.models.weights import WeightsEnum, imagenet

# ruff: noqa: FBT001, FBT002, N801  torchvision's signatures
WIDE, TALL = {"kernel_size": (1, 7), "padding": (0, 3)}, {"kernel_size": (7, 1), "padding": (3, 0)}


class InceptionOutputs(NamedTuple):
    """What the network gives in training: the logits, and those of a classifier before the last stage."""

    logits: torch.Tensor
    aux_logits: torch.Tensor | None


class InceptionA(nn.Module):
    """Figure 5: 5 x 5 beside two 3 x 3."""

    def __init__(self, in_channels: int, pool_features: int) -> None:
        super().__init__()
        self.branch1x1 = BasicConv2d(in_channels, 64, kernel_size=1)
        self.branch5x5_1 = BasicConv2d(in_channels, 48, kernel_size=1)
        self.branch5x5_2 = BasicConv2d(48, 64, kernel_size=5, padding=2)
        self.branch3x3dbl_1 = BasicConv2d(in_channels, 64, kernel_size=1)
        self.branch3x3dbl_2 = BasicConv2d(64, 96, kernel_size=3, padding=1)
        self.branch3x3dbl_3 = BasicConv2d(96, 96, kernel_size=3, padding=1)
        self.branch_pool = BasicConv2d(in_channels, pool_features, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Height and width stay."""
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch1x1(x), five, three, self.branch_pool(_averaged(x))], 1)


class InceptionB(nn.Module):
    """From 35 x 35 to 17 x 17."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch3x3 = BasicConv2d(in_channels, 384, kernel_size=3, stride=2)
        self.branch3x3dbl_1 = BasicConv2d(in_channels, 64, kernel_size=1)
        self.branch3x3dbl_2 = BasicConv2d(64, 96, kernel_size=3, padding=1)
        self.branch3x3dbl_3 = BasicConv2d(96, 96, kernel_size=3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Height and width are halved."""
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), three, functional.max_pool2d(x, kernel_size=3, stride=2)], 1)


class InceptionC(nn.Module):
    """Figure 6: 7 x 7 as 1 x 7 and 7 x 1."""

    def __init__(self, in_channels: int, channels_7x7: int) -> None:
        super().__init__()
        few = channels_7x7
        self.branch1x1 = BasicConv2d(in_channels, 192, kernel_size=1)
        self.branch7x7_1 = BasicConv2d(in_channels, few, kernel_size=1)
        self.branch7x7_2 = BasicConv2d(few, few, **WIDE)
        self.branch7x7_3 = BasicConv2d(few, 192, **TALL)
        self.branch7x7dbl_1 = BasicConv2d(in_channels, few, kernel_size=1)
        self.branch7x7dbl_2 = BasicConv2d(few, few, **TALL)
        self.branch7x7dbl_3 = BasicConv2d(few, few, **WIDE)
        self.branch7x7dbl_4 = BasicConv2d(few, few, **TALL)
        self.branch7x7dbl_5 = BasicConv2d(few, 192, **WIDE)
        self.branch_pool = BasicConv2d(in_channels, 192, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Height and width stay."""
        once = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        twice = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        twice = self.branch7x7dbl_5(self.branch7x7dbl_4(twice))
        return torch.cat([self.branch1x1(x), once, twice, self.branch_pool(_averaged(x))], 1)


class InceptionD(nn.Module):
    """From 17 x 17 to 8 x 8."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = BasicConv2d(in_channels, 192, kernel_size=1)
        self.branch3x3_2 = BasicConv2d(192, 320, kernel_size=3, stride=2)
        self.branch7x7x3_1 = BasicConv2d(in_channels, 192, kernel_size=1)
        self.branch7x7x3_2 = BasicConv2d(192, 192, **WIDE)
        self.branch7x7x3_3 = BasicConv2d(192, 192, **TALL)
        self.branch7x7x3_4 = BasicConv2d(192, 192, kernel_size=3, stride=2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Height and width are halved."""
        seven = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), seven, functional.max_pool2d(x, kernel_size=3, stride=2)], 1)


class InceptionE(nn.Module):
    """Figure 7: 3 x 3 as 1 x 3 beside 3 x 1."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch1x1 = BasicConv2d(in_channels, 320, kernel_size=1)
        self.branch3x3_1 = BasicConv2d(in_channels, 384, kernel_size=1)
        self.branch3x3_2a = BasicConv2d(384, 384, kernel_size=(1, 3), padding=(0, 1))
        self.branch3x3_2b = BasicConv2d(384, 384, kernel_size=(3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = BasicConv2d(in_channels, 448, kernel_size=1)
        self.branch3x3dbl_2 = BasicConv2d(448, 384, kernel_size=3, padding=1)
        self.branch3x3dbl_3a = BasicConv2d(384, 384, kernel_size=(1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = BasicConv2d(384, 384, kernel_size=(3, 1), padding=(1, 0))
        self.branch_pool = BasicConv2d(in_channels, 192, kernel_size=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Height and width stay."""
        three = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        return torch.cat([
            self.branch1x1(x), self.branch3x3_2a(three), self.branch3x3_2b(three), self.branch3x3dbl_3a(twice), self.branch3x3dbl_3b(twice),
            self.branch_pool(_averaged(x)),
        ], 1)  # fmt: skip


class InceptionAux(nn.Module):
    """A classifier before the last stage."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv0 = BasicConv2d(in_channels, 128, kernel_size=1)
        self.conv1 = BasicConv2d(128, 768, kernel_size=5)
        self.fc = nn.Linear(768, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (batch, in_channels, 17, 17) to (batch, num_classes)."""
        x = self.conv1(self.conv0(functional.avg_pool2d(x, kernel_size=5, stride=3)))
        found: torch.Tensor = self.fc(torch.flatten(functional.adaptive_avg_pool2d(x, (1, 1)), 1))
        return found


class Inception3(nn.Module):
    """Eleven Inception blocks.  Shape: (batch, 3, height, width), 75 at least, to (batch, num_classes); in training InceptionOutputs.

    Args:
        num_classes: of the last layer.
        aux_logits: whether the classifier before the last stage is there.
        transform_input: whether pictures normalized by ImageNet's numbers are turned into those that the trained weights expect.
        init_weights: whether numbers are drawn anew; None is True.
        dropout: the rate before the last layer.
    """

    def __init__(
        self, num_classes: int = 1000, aux_logits: bool = True, transform_input: bool = False, init_weights: bool | None = None,
        dropout: float = 0.5,
    ) -> None:  # fmt: skip
        super().__init__()
        self.aux_logits, self.transform_input = aux_logits, transform_input
        self.Conv2d_1a_3x3 = BasicConv2d(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, kernel_size=3, padding=1)
        self.maxpool1 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, kernel_size=3)
        self.maxpool2 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = InceptionA(192, 32), InceptionA(256, 64), InceptionA(288, 64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = (InceptionC(768, few) for few in (128, 160, 160, 192))
        self.AuxLogits = InceptionAux(768, num_classes) if aux_logits else None
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b, self.Mixed_7c = InceptionE(1280), InceptionE(2048)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(2048, num_classes)
        if init_weights is None or init_weights:
            self.apply(lambda module: begin(module, 0.1))
            if self.AuxLogits is not None:
                begin(self.AuxLogits.conv1.conv, 0.01)
                begin(self.AuxLogits.fc, 0.001)

    def forward(self, x: torch.Tensor) -> Any:  # noqa: ANN401  logits, or InceptionOutputs
        """The logits; in training those of both classifiers."""
        x = as_half(x) if self.transform_input else x
        x = self.maxpool1(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = self.maxpool2(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        x = self.Mixed_6a(self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(x))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(x))))
        aux = self.AuxLogits(x) if self.AuxLogits is not None and self.training else None
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        x = self.fc(torch.flatten(self.dropout(self.avgpool(x)), 1))
        return InceptionOutputs(x, aux) if self.training and self.aux_logits else x


def _averaged(x: torch.Tensor) -> torch.Tensor:
    return functional.avg_pool2d(x, kernel_size=3, stride=1, padding=1)


class Inception_V3_Weights(WeightsEnum):
    """Of ImageNet."""

    IMAGENET1K_V1 = imagenet("inception_v3_google-0cc3c7bd", 27161264, 77.294, 93.450, crop=299, resize=342, least=75)
    DEFAULT = IMAGENET1K_V1


def _without_aux(model: Any, wanted: dict[str, Any]) -> None:  # noqa: ANN401
    """Takes the classifier before the last stage, which the file has, away again where nobody asked for it."""
    if not wanted["aux_logits"]:
        model.aux_logits, model.AuxLogits = False, None


inception_v3 = network(
    "inception_v3", Inception3, Inception_V3_Weights, "Inception v3 (Szegedy and others, 2016, arXiv:1512.00567).",
    trained={"aux_logits": True, "transform_input": True, "init_weights": False}, prepare=_without_aux,
)  # fmt: skip
