"""The affine map y = x W + b."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn import init
from gradwerk.nn.module import Module
from gradwerk.ops.elementwise import add
from gradwerk.ops.functions import matmul
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.tensor.tensor import Parameter

Operand = Any
"""An array, a Value or a Tensor."""


def linear(x: Operand, kernel: Operand, bias: Operand | None = None) -> Operand:
    """y[..., k] = sum over f of x[..., f] kernel[f, k] + bias[k].

    Shape: x (..., features), kernel (features, units), bias (units,); result (..., units).
    Raises: ShapeError where the features differ.
    """
    shape = x.shape
    if not shape or shape[-1] != kernel.shape[0]:
        raise ShapeError(
            f"the last axis of the input is {shape[-1] if shape else 'missing'}, the kernel expects {kernel.shape[0]}",
            facts=(f"input   {tuple(shape)} {dtypes.name(x.dtype)}      kernel {tuple(kernel.shape)}",),
            likely=f"the layer was built for inputs of {kernel.shape[0]} features; flatten or reshape the input, or rebuild the layer",
        )
    y = matmul(x, kernel)
    return y if bias is None else add(y, bias)


class Linear(Module):
    """y = x W + b.

    Shape: x (..., features) -> (..., units).  Parameters: kernel (features, units), bias (units,).

    Args:
        use_bias: whether there is b.
        kernel_init, bias_init: how the parameters are filled.
        generator: where the numbers are drawn from, the default one unless given.
    """

    def __init__(
        self, features: int, units: int, *, use_bias: bool = True, kernel_init: init.Initializer = init.glorot_uniform,
        bias_init: init.Initializer = init.zeros, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        source = generator or default_generator()
        self.kernel = Parameter(kernel_init((features, units), source))
        self.bias = Parameter(bias_init((units,), source)) if use_bias else None

    def forward(self, x: Operand) -> Operand:
        """See `linear`."""
        return linear(x, self.kernel, self.bias)

    def describe(self) -> str:
        """`784, 128`."""
        return ", ".join(map(str, self.kernel.shape))
