"""torch.nn's activations as layers: without parameters, the work done by `functional`."""

from __future__ import annotations

from gradwerk.torch.nn import activations
from gradwerk.torch.nn.module import Module
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


class ELU(Module):
    """x above 0, else alpha (e**x - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.elu`."""
        return activations.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """torch's text."""
        return f"alpha={self.alpha}" + ", inplace=True" * self.inplace
