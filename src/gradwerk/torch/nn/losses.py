"""torch.nn losses as modules over `functional`."""

from __future__ import annotations

from gradwerk.torch.nn import functional
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names


class CrossEntropyLoss(Module):
    """Softmax cross-entropy from logits.  Shape: input (N, C, ...), target (N, ...) integer or as input."""

    weight: Tensor | None

    @as_recorded()
    def __init__(
        self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean", label_smoothing: float = 0.0
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.cross_entropy`."""
        return functional.cross_entropy(
            input, target, self.weight,
            ignore_index=self.ignore_index, reduction=self.reduction, label_smoothing=self.label_smoothing,
        )  # fmt: skip


class _ElementLoss(Module):
    """What losses of elements hold: how these are reduced."""

    @as_recorded()
    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction


class MSELoss(_ElementLoss):
    """(x - y)^2."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.mse_loss`."""
        return functional.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_ElementLoss):
    """|x - y|."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.l1_loss`."""
        return functional.l1_loss(input, target, reduction=self.reduction)


class BCEWithLogitsLoss(_ElementLoss):
    """Binary cross-entropy from logits."""

    unserved = ("weight", "pos_weight")
    weight = pos_weight = None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.binary_cross_entropy_with_logits`."""
        return functional.binary_cross_entropy_with_logits(input, target, reduction=self.reduction)


class BCELoss(_ElementLoss):
    """Binary cross-entropy from probabilities."""

    unserved = ("weight",)
    weight = None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.binary_cross_entropy`."""
        return functional.binary_cross_entropy(input, target, reduction=self.reduction)
