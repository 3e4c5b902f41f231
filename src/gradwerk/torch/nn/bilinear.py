"""torch.nn.functional.bilinear, and its layer."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.ops.einsum import einsum
from gradwerk.tensor.random import default_generator
from gradwerk.torch import arguments
from gradwerk.torch.nn.checks import count
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: FBT001, FBT002  torch's signature


@as_recorded()
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_k = x1 A_k x2 + b_k.

    Shape: (..., n), (..., m), weight (k, n, m), bias (k) give (..., k).  Raises: ShapeError.
    """
    for name, x in (("input1", input1), ("input2", input2), ("weight", weight)):
        arguments.tensor("bilinear", x, name)
    if input1.shape[:-1] != input2.shape[:-1]:
        raise ShapeError("bilinear(): input batch dimensions do not match", facts=(f"{tuple(input1.shape)} and {tuple(input2.shape)}",))
    if tuple(weight.shape[1:]) != (input1.shape[-1], input2.shape[-1]):
        facts = (f"{tuple(input1.shape)}, {tuple(input2.shape)}, weight {tuple(weight.shape)}",)
        raise ShapeError("bilinear(): input sizes do not match weight sizes", facts=facts)
    made = einsum("...n,knm,...m->...k", input1, weight, input2)
    return made if bias is None else made + bias


class Bilinear(Module):
    """y = x1 A x2 + b.  Parameters: weight (out, in1, in2), bias (out,), uniform on +-1 / sqrt(in1).  Raises: ArgumentError."""

    @as_recorded()
    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__()
        given = {"in1_features": in1_features, "in2_features": in2_features, "out_features": out_features}
        sizes = [count("Bilinear", name, value) for name, value in given.items()]
        if not sizes[0]:
            raise ArgumentError("in1_features must be > 0, but got 0")
        self.in1_features, self.in2_features, self.out_features = sizes
        bound = 1 / math.sqrt(sizes[0])
        uniform = init.Uniform(-bound, bound)
        self.weight = Parameter(Tensor.of(uniform((sizes[2], sizes[0], sizes[1]), default_generator())))
        self.bias = Parameter(Tensor.of(uniform((sizes[2],), default_generator()))) if bias else None

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """See `functional.bilinear`."""
        return bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """torch's text."""
        sizes = f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"
