"""torch.nn losses with a margin as modules over `functional`."""

from __future__ import annotations

from collections.abc import Callable

from gradwerk.base.errors import ArgumentError
from gradwerk.torch.nn import functional
from gradwerk.torch.nn.losses import ElementLoss, WeightedLoss
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.reduction import reduction_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders


class SoftMarginLoss(ElementLoss):
    """log(1 + exp(-y x))."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.soft_margin_loss`."""
        return functional.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelMarginLoss(ElementLoss):
    """Each label against each class that is none."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.multilabel_margin_loss`."""
        return functional.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """The mean over classes of binary cross-entropies."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.multilabel_soft_margin_loss`."""
        return functional.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class MultiMarginLoss(Module):
    """Each other class against the label's.  Raises: ArgumentError for another p than 1 and 2."""

    weight: Tensor | None

    @as_recorded()
    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Tensor | None = None, *, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__()
        if p not in (1, 2):
            raise ArgumentError("only p == 1 and p == 2 supported", facts=(f"p {p}",))
        self.register_buffer("weight", weight)
        self.p, self.margin, self.reduction = p, margin, reduction_of("MultiMarginLoss", size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.multi_margin_loss`."""
        return functional.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class _MarginLoss(Module):
    """What losses hold that say no more than their margin."""

    @as_recorded()
    def __init__(
        self, margin: float = 0.0, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:  # fmt: skip
        super().__init__()
        self.margin, self.reduction = margin, reduction_of(type(self).__name__, size_average, reduce, reduction)


class HingeEmbeddingLoss(Module):
    """A distance, or what it lacks to the margin."""

    @as_recorded()
    def __init__(
        self, margin: float = 1.0, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:  # fmt: skip
        super().__init__()
        self.margin, self.reduction = margin, reduction_of("HingeEmbeddingLoss", size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.hinge_embedding_loss`."""
        return functional.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class MarginRankingLoss(_MarginLoss):
    """One is to be larger than the other."""

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """See `functional.margin_ranking_loss`."""
        return functional.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_MarginLoss):
    """Two vectors are to show the same way, or not."""

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """See `functional.cosine_embedding_loss`."""
        return functional.cosine_embedding_loss(input1, input2, target, self.margin, reduction=self.reduction)


class TripletMarginLoss(Module):
    """The positive is to be nearer to the anchor than the negative.  Raises: ArgumentError for a margin that is not above 0."""

    @as_recorded()
    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, *, size_average: bool | None = None,
        reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__()
        if not margin > 0:
            raise ArgumentError(f"TripletMarginLoss: expected margin to be greater than 0, found {margin} instead")
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap
        self.reduction = reduction_of("TripletMarginLoss", size_average, reduce, reduction)

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """See `functional.triplet_margin_loss`."""
        return functional.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )  # fmt: skip


class TripletMarginWithDistanceLoss(Module):
    """The same with a distance of one's own.  Raises: ArgumentError for a margin that is not above 0."""

    @as_recorded()
    def __init__(
        self, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0, swap: bool = False,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__()
        if not margin > 0:
            raise ArgumentError(f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, found {margin} instead")
        self.distance_function = functional.pairwise_distance if distance_function is None else distance_function
        self.margin, self.swap, self.reduction = margin, swap, reduction

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """See `functional.triplet_margin_with_distance_loss`."""
        return functional.triplet_margin_with_distance_loss(
            anchor, positive, negative,
            distance_function=self.distance_function, margin=self.margin, swap=self.swap, reduction=self.reduction,
        )  # fmt: skip
