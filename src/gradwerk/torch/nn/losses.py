"""torch.nn losses as modules over `functional`."""

from __future__ import annotations

from gradwerk.torch.nn import functional
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.reduction import reduction_of
from gradwerk.torch.nn.unserved import check_options
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002  torch's names


class CrossEntropyLoss(Module):
    """Softmax cross-entropy from logits.  Shape: input (N, C, ...), target (N, ...) integer or as input."""

    weight: Tensor | None

    @as_recorded()
    def __init__(
        self, weight: Tensor | None = None, *, size_average: bool | None = None, ignore_index: int = -100, reduce: bool | None = None,
        reduction: str = "mean", label_smoothing: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = reduction_of("CrossEntropyLoss", size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.cross_entropy`."""
        return functional.cross_entropy(
            input, target, self.weight,
            ignore_index=self.ignore_index, reduction=self.reduction, label_smoothing=self.label_smoothing,
        )  # fmt: skip


class _ElementLoss(Module):
    """What losses of elements hold: how these are reduced."""

    @as_recorded()
    def __init__(self, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction_of(type(self).__name__, size_average, reduce, reduction)


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

    __gradwerk_unserved__ = ("weight", "pos_weight")
    weight = pos_weight = None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.binary_cross_entropy_with_logits`."""
        check_options(self)
        return functional.binary_cross_entropy_with_logits(input, target, reduction=self.reduction)


class BCELoss(_ElementLoss):
    """Binary cross-entropy from probabilities."""

    __gradwerk_unserved__ = ("weight",)
    weight = None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.binary_cross_entropy`."""
        check_options(self)
        return functional.binary_cross_entropy(input, target, reduction=self.reduction)
