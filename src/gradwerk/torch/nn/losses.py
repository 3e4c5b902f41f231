"""torch.nn losses as modules over `functional`."""

from __future__ import annotations

from gradwerk.torch.nn import functional
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import accepts
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names


class CrossEntropyLoss(Module):
    """Softmax cross-entropy from logits.  Shape: input (N, C, ...), target (N, ...) integer or as input."""

    weight: Tensor | None

    @accepts("size_average", "reduce", order="weight size_average ignore_index reduce reduction label_smoothing")
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


class MSELoss(Module):
    """(x - y)^2."""

    @accepts("size_average", "reduce", order="size_average reduce reduction")
    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.mse_loss`."""
        return functional.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Module):
    """|x - y|."""

    @accepts("size_average", "reduce", order="size_average reduce reduction")
    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.l1_loss`."""
        return functional.l1_loss(input, target, reduction=self.reduction)


class BCEWithLogitsLoss(Module):
    """Binary cross-entropy from logits."""

    @accepts("weight", "size_average", "reduce", "pos_weight", order="weight size_average reduce reduction pos_weight")
    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.binary_cross_entropy_with_logits`."""
        return functional.binary_cross_entropy_with_logits(input, target, reduction=self.reduction)


class BCELoss(Module):
    """Binary cross-entropy from probabilities."""

    @accepts("weight", "size_average", "reduce", order="weight size_average reduce reduction")
    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.binary_cross_entropy`."""
        return functional.binary_cross_entropy(input, target, reduction=self.reduction)
