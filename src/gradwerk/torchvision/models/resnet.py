"""Residual networks, those of grouped convolutions (ResNeXt), and wide ones.

Source: He, Zhang, Ren and Sun, 2016, "Deep residual learning for image recognition", arXiv:1512.03385, table 1, with the stride on the
3 x 3 convolution; Xie and others, 2017, "Aggregated residual transformations for deep neural networks", arXiv:1611.05431; Zagoruyko and
Komodakis, 2016, "Wide residual networks", arXiv:1605.07146.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from gradwerk import torch
from gradwerk.base.errors import ArgumentError
from gradwerk.torch import nn
from gradwerk.torchvision.models.networks import network
from gradwerk.torchvision.models.resnet_weights import (
    ResNet18_Weights,
    ResNet34_Weights,
    ResNet50_Weights,
    ResNet101_Weights,
    ResNet152_Weights,
    ResNeXt50_32X4D_Weights,
    ResNeXt101_32X8D_Weights,
    ResNeXt101_64X4D_Weights,
    Wide_ResNet50_2_Weights,
    Wide_ResNet101_2_Weights,
)

# ruff: noqa: FBT001, FBT002  torchvision's signatures

Norm = Callable[..., nn.Module]


def conv3x3(in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> nn.Conv2d:
    """A 3 x 3 convolution that keeps height and width but for the stride, without bias."""
    return nn.Conv2d(
        in_planes, out_planes, kernel_size=3, stride=stride, padding=dilation, groups=groups, bias=False, dilation=dilation
    )


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    """A 1 x 1 convolution without bias."""
    return nn.Conv2d(in_planes, out_planes, kernel_size=1, stride=stride, bias=False)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions beside the way around them."""

    expansion: ClassVar[int] = 1

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None, groups: int = 1, base_width: int = 64,
        dilation: int = 1, norm_layer: Norm | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        if groups != 1 or base_width != 64 or dilation > 1:
            raise ArgumentError("a BasicBlock has groups=1, base_width=64 and dilation=1", likely="a network of Bottlenecks, as resnet50")
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (batch, inplanes, height, width) to (batch, planes, height / stride, width / stride)."""
        around = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        found: torch.Tensor = self.relu(self.bn2(self.conv2(x)) + around)
        return found


class Bottleneck(nn.Module):
    """1 x 1 to few channels, 3 x 3, 1 x 1 to many, beside the way around them."""

    expansion: ClassVar[int] = 4

    def __init__(
        self, inplanes: int, planes: int, stride: int = 1, downsample: nn.Module | None = None, groups: int = 1, base_width: int = 64,
        dilation: int = 1, norm_layer: Norm | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm(planes * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape: (batch, inplanes, height, width) to (batch, 4 planes, height / stride, width / stride)."""
        around = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        found: torch.Tensor = self.relu(self.bn3(self.conv3(x)) + around)
        return found


class ResNet(nn.Module):
    """Four stages of blocks.  Shape: (batch, 3, height, width) to (batch, num_classes).

    Args:
        block: BasicBlock or Bottleneck.
        layers: how many blocks each stage has.
        num_classes: of the last layer.
        zero_init_residual: whether each block begins as the way around it.
        groups, width_per_group: of the 3 x 3 convolutions of Bottlenecks.
        replace_stride_with_dilation: for each of the last three stages, whether it keeps height and width and spreads its windows instead.
        norm_layer: the class of normalizations; BatchNorm2d.

    Raises: ArgumentError.
    """

    def __init__(
        self, block: type[BasicBlock | Bottleneck], layers: Sequence[int], num_classes: int = 1000, zero_init_residual: bool = False,
        groups: int = 1, width_per_group: int = 64, replace_stride_with_dilation: Sequence[bool] | None = None,
        norm_layer: Norm | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        dilated = (False, False, False) if replace_stride_with_dilation is None else tuple(replace_stride_with_dilation)
        if len(dilated) != 3:
            raise ArgumentError(f"replace_stride_with_dilation says yes or no for three stages, not {replace_stride_with_dilation!r}")
        self._norm_layer = norm_layer or nn.BatchNorm2d
        self.inplanes, self.dilation, self.groups, self.base_width = 64, 1, groups, width_per_group
        self.conv1 = nn.Conv2d(3, self.inplanes, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = self._norm_layer(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], stride=2, dilate=dilated[0])
        self.layer3 = self._make_layer(block, 256, layers[2], stride=2, dilate=dilated[1])
        self.layer4 = self._make_layer(block, 512, layers[3], stride=2, dilate=dilated[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        self.apply(_begin)
        if zero_init_residual:
            for module in self.modules():
                last: Any = module.bn3 if isinstance(module, Bottleneck) else module.bn2 if isinstance(module, BasicBlock) else None
                if last is not None and last.weight is not None:
                    nn.init.constant_(last.weight, 0)

    def _make_layer(self, block: Any, planes: int, blocks: int, stride: int = 1, dilate: bool = False) -> nn.Sequential:  # noqa: ANN401
        """A stage; what the next one begins with stands in `inplanes` and `dilation`."""
        dilation = self.dilation
        if dilate:
            self.dilation *= stride
            stride = 1
        width = planes * block.expansion
        around = None
        if stride != 1 or self.inplanes != width:
            around = nn.Sequential(conv1x1(self.inplanes, width, stride), self._norm_layer(width))
        shape, norm = (self.groups, self.base_width), self._norm_layer
        first = block(self.inplanes, planes, stride, around, *shape, dilation, norm)
        self.inplanes = width
        return nn.Sequential(first, *(block(width, planes, 1, None, *shape, self.dilation, norm) for _ in range(1, blocks)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        found: torch.Tensor = self.fc(torch.flatten(self.avgpool(x), 1))
        return found


def _begin(module: nn.Module) -> None:
    """He and others' normal numbers for convolutions."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


_PLAIN = "(He and others, 2016, arXiv:1512.03385)."
_GROUPED = "(Xie and others, 2017, arXiv:1611.05431)."
_WIDE = "(Zagoruyko and Komodakis, 2016, arXiv:1605.07146)."

resnet18 = network(
    "resnet18", partial(ResNet, BasicBlock, (2, 2, 2, 2)),
    ResNet18_Weights, "ResNet18 " + _PLAIN
)
resnet34 = network(
    "resnet34", partial(ResNet, BasicBlock, (3, 4, 6, 3)),
    ResNet34_Weights, "ResNet34 " + _PLAIN
)
resnet50 = network(
    "resnet50", partial(ResNet, Bottleneck, (3, 4, 6, 3)),
    ResNet50_Weights, "ResNet50 " + _PLAIN
)
resnet101 = network(
    "resnet101", partial(ResNet, Bottleneck, (3, 4, 23, 3)),
    ResNet101_Weights, "ResNet101 " + _PLAIN
)
resnet152 = network(
    "resnet152", partial(ResNet, Bottleneck, (3, 8, 36, 3)),
    ResNet152_Weights, "ResNet152 " + _PLAIN
)
resnext50_32x4d = network(
    "resnext50_32x4d", partial(ResNet, Bottleneck, (3, 4, 6, 3), groups=32, width_per_group=4),
    ResNeXt50_32X4D_Weights, "ResNeXt50 32X4D " + _GROUPED
)
resnext101_32x8d = network(
    "resnext101_32x8d", partial(ResNet, Bottleneck, (3, 4, 23, 3), groups=32, width_per_group=8),
    ResNeXt101_32X8D_Weights, "ResNeXt101 32X8D " + _GROUPED
)
resnext101_64x4d = network(
    "resnext101_64x4d", partial(ResNet, Bottleneck, (3, 4, 23, 3), groups=64, width_per_group=4),
    ResNeXt101_64X4D_Weights, "ResNeXt101 64X4D " + _GROUPED
)
wide_resnet50_2 = network(
    "wide_resnet50_2", partial(ResNet, Bottleneck, (3, 4, 6, 3), width_per_group=128),
    Wide_ResNet50_2_Weights, "Wide ResNet50 2 " + _WIDE
)
wide_resnet101_2 = network(
    "wide_resnet101_2", partial(ResNet, Bottleneck, (3, 4, 23, 3), width_per_group=128),
    Wide_ResNet101_2_Weights, "Wide ResNet101 2 " + _WIDE
)
