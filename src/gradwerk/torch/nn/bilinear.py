"""torch.nn.functional.bilinear."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from gradwerk.base.errors import ShapeError
from gradwerk.ops.einsum import einsum
from gradwerk.torch import arguments
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor


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
