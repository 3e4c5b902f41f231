"""torch.nn losses as modules over `functional`."""

from __future__ import annotations

from collections.abc import Sequence

from gradwerk.torch.nn import functional
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.reduction import reduction_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders


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


class ElementLoss(Module):
    """What losses of elements hold: how these are reduced."""

    @as_recorded()
    def __init__(self, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction_of(type(self).__name__, size_average, reduce, reduction)


class MSELoss(ElementLoss):
    """(x - y)^2."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.mse_loss`."""
        return functional.mse_loss(input, target, reduction=self.reduction)


class L1Loss(ElementLoss):
    """|x - y|."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.l1_loss`."""
        return functional.l1_loss(input, target, reduction=self.reduction)


class BCEWithLogitsLoss(Module):
    """Binary cross-entropy from logits.  Both weights broadcast."""

    weight: Tensor | None
    pos_weight: Tensor | None

    @as_recorded()
    def __init__(
        self, weight: Tensor | None = None, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.reduction = reduction_of("BCEWithLogitsLoss", size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.binary_cross_entropy_with_logits`."""
        return functional.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )  # fmt: skip


class WeightedLoss(Module):
    """What losses with one weight, for classes or elements, hold."""

    weight: Tensor | None

    @as_recorded()
    def __init__(
        self, weight: Tensor | None = None, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction = reduction_of(type(self).__name__, size_average, reduce, reduction)


class BCELoss(WeightedLoss):
    """Binary cross-entropy from probabilities."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.binary_cross_entropy`."""
        return functional.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class NLLLoss(Module):
    """Negative log-likelihood of log-probabilities.  Shape: input (N, C, ...), target (N, ...) integer."""

    weight: Tensor | None

    @as_recorded()
    def __init__(
        self, weight: Tensor | None = None, *, size_average: bool | None = None, ignore_index: int = -100, reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__()
        self.register_buffer("weight", weight)
        self.reduction, self.ignore_index = reduction_of("NLLLoss", size_average, reduce, reduction), ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.nll_loss`."""
        return functional.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class SmoothL1Loss(Module):
    """|x - y|, but square below beta."""

    @as_recorded()
    def __init__(
        self, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:  # fmt: skip
        super().__init__()
        self.reduction, self.beta = reduction_of("SmoothL1Loss", size_average, reduce, reduction), beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.smooth_l1_loss`."""
        return functional.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Module):
    """Square below delta, linear beyond."""

    @as_recorded()
    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__()
        self.reduction, self.delta = reduction, delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.huber_loss`."""
        return functional.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(Module):
    """Kullback-Leibler divergence of log-probabilities."""

    @as_recorded()
    def __init__(
        self, *, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean", log_target: bool = False
    ) -> None:  # fmt: skip
        super().__init__()
        self.reduction, self.log_target = reduction_of("KLDivLoss", size_average, reduce, reduction), log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """See `functional.kl_div`."""
        return functional.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Module):
    """Negative log-likelihood of counts."""

    @as_recorded()
    def __init__(
        self, log_input: bool = True, full: bool = False, *, size_average: bool | None = None, eps: float = 1e-8,
        reduce: bool | None = None, reduction: str = "mean",
    ) -> None:  # fmt: skip
        super().__init__()
        self.log_input, self.full, self.eps = log_input, full, eps
        self.reduction = reduction_of("PoissonNLLLoss", size_average, reduce, reduction)

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """See `functional.poisson_nll_loss`."""
        return functional.poisson_nll_loss(log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction)


class GaussianNLLLoss(Module):
    """Negative log-likelihood of normal numbers."""

    @as_recorded()
    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__()
        self.full, self.eps, self.reduction = full, eps, reduction

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """See `functional.gaussian_nll_loss`."""
        return functional.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class CTCLoss(Module):
    """Connectionist temporal classification."""

    @as_recorded()
    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__()
        self.blank, self.reduction, self.zero_infinity = blank, reduction, zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Tensor | Sequence[int], target_lengths: Tensor | Sequence[int]
    ) -> Tensor:
        """See `functional.ctc_loss`."""
        return functional.ctc_loss(log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity)
