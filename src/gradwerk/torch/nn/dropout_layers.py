"""torch.nn's dropouts of whole channels and around the mean of SELU: the work is done by `functional`."""

from __future__ import annotations

from gradwerk.torch.nn import dropouts
from gradwerk.torch.nn.checks import probability
from gradwerk.torch.nn.module import Module
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


class _Dropout(Module):
    """With probability p while training."""

    function = ""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        probability(type(self).__name__, p)
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """See the function of `functional`."""
        dropped: Tensor = getattr(dropouts, self.function)(input, self.p, self.training, self.inplace)
        return dropped

    def extra_repr(self) -> str:
        """torch's text."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(_Dropout):
    """Zeroes whole channels.  Shape: (N, C, L), kept."""

    function = "dropout1d"


class Dropout2d(_Dropout):
    """Zeroes whole channels.  Shape: (N, C, H, W), kept."""

    function = "dropout2d"


class Dropout3d(_Dropout):
    """Zeroes whole channels.  Shape: (N, C, D, H, W), kept."""

    function = "dropout3d"


class AlphaDropout(_Dropout):
    """Mean 0 and variance 1 stay."""

    function = "alpha_dropout"


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels."""

    function = "feature_alpha_dropout"
