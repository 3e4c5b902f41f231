"""LeNet-5.

Source: LeCun, Bottou, Bengio and Haffner, 1998, "Gradient-based learning applied to document recognition", section II.

    C1   6 maps, 5x5          28 x 28 x 6       (the paper's 32 x 32 input is 28 x 28 with a border of 2)
    S2   2x2                  14 x 14 x 6
    C3   16 maps, 5x5         10 x 10 x 16      (every map sees all six: the paper's table of connections saved memory)
    S4   2x2                  5 x 5 x 16
    C5   120 units            1 x 1 x 120       (a 5x5 convolution over all of S4: a full connection)
    F6   84 units
    out  10 logits                              (softmax instead of the paper's radial basis functions)
"""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn import init
from gradwerk.nn.activation import Activation
from gradwerk.nn.conv import Convolution
from gradwerk.nn.linear import Linear
from gradwerk.nn.module import Module
from gradwerk.nn.pool import AveragePool, MaxPool
from gradwerk.ops.elementwise import tanh
from gradwerk.ops.functions import relu
from gradwerk.ops.movement import reshape
from gradwerk.tensor.random import Generator

Operand = Any
"""An array, a Value or a Tensor."""


class LeNet5(Module):
    """LeNet-5 with tanh and average pooling, as in the paper; `modern` takes ReLU and max pooling.

    Shape: images (batch, 28, 28, 1) -> logits (batch, classes).
    """

    def __init__(self, classes: int = 10, *, modern: bool = False, generator: Generator | None = None) -> None:
        start = init.he_uniform if modern else init.glorot_uniform
        self.c1 = Convolution(1, 6, (5, 5), padding="same", kernel_init=start, generator=generator)
        self.s2 = MaxPool((2, 2)) if modern else AveragePool((2, 2))
        self.c3 = Convolution(6, 16, (5, 5), kernel_init=start, generator=generator)
        self.s4 = MaxPool((2, 2)) if modern else AveragePool((2, 2))
        self.c5 = Linear(5 * 5 * 16, 120, kernel_init=start, generator=generator)
        self.f6 = Linear(120, 84, kernel_init=start, generator=generator)
        self.output = Linear(84, classes, generator=generator)
        self.activate = Activation(relu if modern else tanh)

    def forward(self, images: Operand) -> Operand:
        """The logits."""
        if tuple(images.shape[1:]) != (28, 28, 1):
            raise ShapeError(
                "LeNet-5 reads images of 28 x 28 x 1", facts=(f"input   {tuple(images.shape)} {dtypes.name(images.dtype)}",),
                likely="resize the images and add the channel axis: images.reshape(-1, 28, 28, 1)",
            )  # fmt: skip
        x = self.s2(self.activate(self.c1(images)))
        x = self.s4(self.activate(self.c3(x)))
        x = reshape(x, (x.shape[0], -1))
        x = self.activate(self.c5(x))
        x = self.activate(self.f6(x))
        return self.output(x)
