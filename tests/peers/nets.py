"""Small image networks of the kinds that PyTorch scripts train, in either namespace: NETS[name](torch) takes pictures of 3 x 16 x 16.

Each is a few blocks of one idea: plain convolutions, stacked ones with batch norm, residual sums before and after the activation,
channel gates, depthwise products, shuffled channels, concatenated features.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CLASSES = 5
Build = Callable[[Any], Any]


def lenet(t: Any) -> Any:
    """Two convolutions with pooling, two dense layers.  Source: LeCun et al., 1998."""

    class LeNet(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = t.nn.Conv2d(3, 4, 5), t.nn.Conv2d(4, 6, 3)
            self.fc1, self.fc2 = t.nn.Linear(6 * 2 * 2, 12), t.nn.Linear(12, CLASSES)

        def forward(self, x: Any) -> Any:
            f = t.nn.functional
            x = f.max_pool2d(f.relu(self.conv1(x)), 2)
            x = f.max_pool2d(f.relu(self.conv2(x)), 2)
            return self.fc2(f.relu(self.fc1(x.view(x.size(0), -1))))

    return LeNet()


def vgg(t: Any) -> Any:
    """Convolutions of 3 x 3 with batch norm, halved by pooling.  Source: Simonyan, Zisserman, 2014."""
    layers: list[Any] = []
    before = 3
    for width in (6, "pool", 8, 8, "pool"):
        if width == "pool":
            layers.append(t.nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers += [t.nn.Conv2d(before, width, kernel_size=3, padding=1), t.nn.BatchNorm2d(width), t.nn.ReLU(inplace=True)]
        before = width
    layers += [t.nn.AvgPool2d(kernel_size=1, stride=1), t.nn.Flatten()]
    return t.nn.Sequential(*layers, t.nn.Linear(8 * 4 * 4, CLASSES))


def resnet(t: Any) -> Any:
    """Sums of a block and its input, the activation behind them.  Source: He et al., 2015."""

    class Block(t.nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = t.nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
            self.bn1 = t.nn.BatchNorm2d(width)
            self.conv2 = t.nn.Conv2d(width, width, 3, padding=1, bias=False)
            self.bn2 = t.nn.BatchNorm2d(width)
            self.shortcut = t.nn.Sequential()
            if stride != 1 or before != width:
                self.shortcut = t.nn.Sequential(t.nn.Conv2d(before, width, 1, stride=stride, bias=False), t.nn.BatchNorm2d(width))

        def forward(self, x: Any) -> Any:
            f = t.nn.functional
            y = self.bn2(self.conv2(f.relu(self.bn1(self.conv1(x)))))
            y += self.shortcut(x)
            return f.relu(y)

    return _staged(t, lambda before, width, stride: Block(before, width, stride), stem=True)


def preact_resnet(t: Any) -> Any:
    """Sums of a block and its input, the activation before the convolutions.  Source: He et al., 2016."""

    class Block(t.nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.bn1, self.bn2 = t.nn.BatchNorm2d(before), t.nn.BatchNorm2d(width)
            self.conv1 = t.nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
            self.conv2 = t.nn.Conv2d(width, width, 3, padding=1, bias=False)
            if stride != 1 or before != width:
                self.shortcut = t.nn.Sequential(t.nn.Conv2d(before, width, 1, stride=stride, bias=False))

        def forward(self, x: Any) -> Any:
            f = t.nn.functional
            y = f.relu(self.bn1(x))
            shortcut = self.shortcut(y) if hasattr(self, "shortcut") else x
            y = self.conv2(f.relu(self.bn2(self.conv1(y))))
            y += shortcut
            return y

    return _staged(t, lambda before, width, stride: Block(before, width, stride), stem=False)


def senet(t: Any) -> Any:
    """Residual blocks whose channels are weighed by a gate.  Source: Hu et al., 2017."""

    class Block(t.nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv = t.nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
            self.bn = t.nn.BatchNorm2d(width)
            self.fc1, self.fc2 = t.nn.Conv2d(width, width // 2, 1), t.nn.Conv2d(width // 2, width, 1)
            self.shortcut = t.nn.Conv2d(before, width, 1, stride=stride, bias=False)

        def forward(self, x: Any) -> Any:
            f = t.nn.functional
            y = self.bn(self.conv(x))
            gate = f.avg_pool2d(y, y.size(2))
            y = y * self.fc2(f.relu(self.fc1(gate))).sigmoid()
            y += self.shortcut(x)
            return f.relu(y)

    return _staged(t, lambda before, width, stride: Block(before, width, stride), stem=True)


def mobilenet(t: Any) -> Any:
    """Depthwise convolutions and products over channels.  Source: Howard et al., 2017."""

    class Block(t.nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.conv1 = t.nn.Conv2d(before, before, kernel_size=3, stride=stride, padding=1, groups=before, bias=False)
            self.bn1 = t.nn.BatchNorm2d(before)
            self.conv2 = t.nn.Conv2d(before, width, kernel_size=1, stride=1, padding=0, bias=False)
            self.bn2 = t.nn.BatchNorm2d(width)

        def forward(self, x: Any) -> Any:
            f = t.nn.functional
            return f.relu(self.bn2(self.conv2(f.relu(self.bn1(self.conv1(x))))))

    return _staged(t, lambda before, width, stride: Block(before, width, stride), stem=True)


def shufflenetv2(t: Any) -> Any:
    """Half of the channels pass by, then channels are dealt anew.  Source: Ma et al., 2018."""

    def shuffled(x: Any) -> Any:
        n, c, h, w = x.size()
        return x.view(n, 2, c // 2, h, w).permute(0, 2, 1, 3, 4).reshape(n, c, h, w)

    class Block(t.nn.Module):
        def __init__(self, before: int, width: int, stride: int) -> None:
            super().__init__()
            self.whole = stride > 1 or before != width
            half = width // 2
            inner = before if self.whole else half
            self.left = None
            if self.whole:
                self.left = t.nn.Sequential(
                    t.nn.Conv2d(before, before, 3, stride=stride, padding=1, groups=before, bias=False), t.nn.BatchNorm2d(before),
                    t.nn.Conv2d(before, half, 1, bias=False), t.nn.BatchNorm2d(half), t.nn.ReLU(),
                )  # fmt: skip
            self.right = t.nn.Sequential(
                t.nn.Conv2d(inner, half, 1, bias=False), t.nn.BatchNorm2d(half), t.nn.ReLU(),
                t.nn.Conv2d(half, half, 3, stride=stride, padding=1, groups=half, bias=False), t.nn.BatchNorm2d(half),
                t.nn.Conv2d(half, half, 1, bias=False), t.nn.BatchNorm2d(half), t.nn.ReLU(),
            )  # fmt: skip

        def forward(self, x: Any) -> Any:
            if self.left is not None:
                return shuffled(t.cat([self.left(x), self.right(x)], 1))
            c = x.size(1) // 2
            return shuffled(t.cat([x[:, :c, :, :], self.right(x[:, c:, :, :])], 1))

    return _staged(t, lambda before, width, stride: Block(before, width, stride), stem=True)


def densenet(t: Any) -> Any:
    """Each layer sees all features before it.  Source: Huang et al., 2016."""

    class Layer(t.nn.Module):
        def __init__(self, before: int, growth: int) -> None:
            super().__init__()
            self.bn1, self.conv1 = t.nn.BatchNorm2d(before), t.nn.Conv2d(before, 2 * growth, kernel_size=1, bias=False)
            self.bn2, self.conv2 = t.nn.BatchNorm2d(2 * growth), t.nn.Conv2d(2 * growth, growth, kernel_size=3, padding=1, bias=False)

        def forward(self, x: Any) -> Any:
            f = t.nn.functional
            y = self.conv2(f.relu(self.bn2(self.conv1(f.relu(self.bn1(x))))))
            return t.cat([y, x], 1)

    class DenseNet(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = t.nn.Conv2d(3, 6, 3, padding=1, bias=False)
            self.dense1 = t.nn.Sequential(Layer(6, 3), Layer(9, 3))
            self.bn, self.narrow = t.nn.BatchNorm2d(12), t.nn.Conv2d(12, 6, 1, bias=False)
            self.dense2 = t.nn.Sequential(Layer(6, 3), Layer(9, 3))
            self.last, self.linear = t.nn.BatchNorm2d(12), t.nn.Linear(12 * 4, CLASSES)

        def forward(self, x: Any) -> Any:
            f = t.nn.functional
            x = self.dense1(self.conv1(x))
            x = self.dense2(f.avg_pool2d(self.narrow(f.relu(self.bn(x))), 2))
            x = f.avg_pool2d(f.relu(self.last(x)), 4)
            return self.linear(x.view(x.size(0), -1))

    return DenseNet()


def _staged(t: Any, block: Callable[[int, int, int], Any], *, stem: bool) -> Any:
    """A convolution, three blocks, a mean over places, a dense layer."""

    class Staged(t.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = t.nn.Conv2d(3, 6, kernel_size=3, stride=1, padding=1, bias=False)
            self.bn1 = t.nn.BatchNorm2d(6) if stem else t.nn.Sequential()
            self.layer1, self.layer2, self.layer3 = block(6, 6, 1), block(6, 8, 2), block(8, 8, 1)
            self.linear = t.nn.Linear(8 * 4, CLASSES)

        def forward(self, x: Any) -> Any:
            f = t.nn.functional
            x = f.relu(self.bn1(self.conv1(x)))
            x = f.avg_pool2d(self.layer3(self.layer2(self.layer1(x))), 4)
            return self.linear(x.view(x.size(0), -1))

    return Staged()


NETS: dict[str, Build] = {
    function.__name__: function for function in (lenet, vgg, resnet, preact_resnet, senet, mobilenet, shufflenetv2, densenet)
}
