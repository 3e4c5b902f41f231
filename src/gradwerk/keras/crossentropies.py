"""keras.losses: cross-entropies."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.loss import Loss
from gradwerk.keras.loss_operands import aligned, check_labels_shape, classes_last, labels_of, logits_behind, with_shapes
from gradwerk.keras.options import checked, checked_except
from gradwerk.nn import ctc_loss, divergence_loss
from gradwerk.nn import loss as known
from gradwerk.nn.ranges import positive, share
from gradwerk.ops.compare import not_equal
from gradwerk.ops.elementwise import add, cast, div, maximum, mul
from gradwerk.ops.functions import log_softmax, mean
from gradwerk.ops.movement import transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import full

Operand = Any
"""A Tensor or an array."""


@checked
def sparse_categorical_crossentropy(
    y_true: Operand, y_pred: Operand, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1  # noqa: FBT001, FBT002
) -> Operand:
    """-log p[label] of each example, 0 where the label is `ignore_class`.

    Shape: y_true (batch, ...) integers or (batch, ..., 1), y_pred (batch, ..., classes); or classes, and the 1, along another axis.
    """
    y_true, y_pred = with_shapes(y_true, y_pred)
    if axis not in (-1, len(y_pred.shape) - 1):
        y_true, y_pred = (classes_last(x, axis) if len(x.shape) == len(y_pred.shape) else x for x in (y_true, y_pred))
    labels, y_pred = labels_of(y_true, y_pred), floating(y_pred)
    y_pred, from_logits = logits_behind("sparse_categorical_crossentropy", y_pred, "softmax", from_logits=from_logits)
    check_labels_shape(labels, y_pred)
    if from_logits:
        return known.softmax_cross_entropy(y_pred, labels, ignored=known.NO_LABEL if ignore_class is None else ignore_class)
    return known.sparse_cross_entropy_of_probabilities(y_pred, labels, ignored=ignore_class)


@checked
def categorical_crossentropy(
    y_true: Operand, y_pred: Operand, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1  # noqa: FBT001, FBT002
) -> Operand:
    """-sum(y_true log p) of each example.  Shape: both (batch, ..., classes), or classes along another axis.

    Smoothing is towards 1 / classes along any axis; Keras divides by the extent of the last one.
    """
    targets, y_pred = _rows(y_true, y_pred, label_smoothing, axis)
    y_pred, from_logits = logits_behind("categorical_crossentropy", y_pred, "softmax", from_logits=from_logits)
    if from_logits:
        return known.categorical_cross_entropy(y_pred, targets)
    return known.cross_entropy_of_probabilities(y_pred, targets)


@checked
def binary_crossentropy(
    y_true: Operand, y_pred: Operand, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1  # noqa: FBT001, FBT002
) -> Operand:
    """-(y log p + (1 - y) log(1 - p)), the mean along an axis."""
    y_true, y_pred = _bits(y_true, y_pred, label_smoothing)
    y_pred, from_logits = logits_behind("binary_crossentropy", y_pred, "sigmoid", from_logits=from_logits)
    rule = known.binary_cross_entropy if from_logits else known.binary_cross_entropy_of_probabilities
    return mean(rule(y_pred, y_true), (axis,))


@checked
def binary_focal_crossentropy(
    y_true: Operand, y_pred: Operand, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,  # noqa: FBT001, FBT002
    from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,  # noqa: FBT001, FBT002
) -> Operand:  # fmt: skip
    """(1 - p_t)^gamma times the binary cross-entropy, weighted by alpha where classes are balanced; the mean along an axis."""
    y_true, y_pred = _bits(y_true, y_pred, label_smoothing)
    y_pred, from_logits = logits_behind("binary_focal_crossentropy", y_pred, "sigmoid", from_logits=from_logits)
    rule = divergence_loss.binary_focal if from_logits else divergence_loss.binary_focal_of_probabilities
    return mean(rule(y_pred, y_true, gamma=gamma, alpha=alpha if apply_class_balancing else None), (axis,))


@checked
def categorical_focal_crossentropy(
    y_true: Operand, y_pred: Operand, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,  # noqa: FBT001, FBT002
) -> Operand:  # fmt: skip
    """-sum(alpha (1 - p)^gamma y_true log p) of each example.  Shape: both (batch, ..., classes), or classes along another axis."""
    targets, y_pred = _rows(y_true, y_pred, label_smoothing, axis)
    y_pred, from_logits = logits_behind("categorical_focal_crossentropy", y_pred, "softmax", from_logits=from_logits)
    rule = divergence_loss.categorical_focal if from_logits else divergence_loss.categorical_focal_of_probabilities
    return rule(y_pred, targets, gamma=gamma, alpha=alpha)


@checked
def categorical_generalized_cross_entropy(y_true: Operand, y_pred: Operand, q: float) -> Operand:
    """(1 - p[label]^q) / q of each example.  Shape: y_true (batch, ...) integers or (batch, ..., 1), y_pred (batch, ..., classes)."""
    y_true, y_pred = with_shapes(y_true, y_pred)
    return known.generalized_cross_entropy(floating(y_pred), labels_of(y_true, y_pred), exponent=q)


def ctc(y_true: Operand, y_pred: Operand) -> Operand:
    """Connectionist temporal classification of logits, each example; class 0 is the blank, and what pads y_true.

    Shape: y_true (batch, most) integer, y_pred (batch, time, classes); result (batch,).
    Raises: ShapeError for other axes than (batch, most) and (batch, time, classes).
    """
    y_true, y_pred = with_shapes(y_true, y_pred)
    if len(y_true.shape) != 2 or len(y_pred.shape) != 3:
        facts = (f"y_true {tuple(y_true.shape)}      y_pred {tuple(y_pred.shape)}",)
        raise ShapeError("ctc: y_true is (batch, most) and y_pred (batch, time, classes)", facts=facts)
    labels, scores = cast(y_true, dtypes.int64), log_softmax(floating(y_pred))
    label_lengths = reduce_sum(cast(not_equal(labels, 0), dtypes.int64), -1)
    input_lengths = full(label_lengths.shape, y_pred.shape[1], dtypes.int64, like=(scores,))
    return ctc_loss.ctc(transpose(scores, (1, 0, 2)), labels, input_lengths, label_lengths)


def _rows(y_true: Operand, y_pred: Operand, smoothing: float, axis: int) -> tuple[Operand, Operand]:
    """One-hot targets, smoothed towards 1 / classes, and predictions; classes along the last axis."""
    y_true, y_pred = with_shapes(y_true, y_pred)
    if axis not in (-1, len(y_pred.shape) - 1):
        y_true, y_pred = classes_last(y_true, axis), classes_last(y_pred, axis)
    targets, y_pred = floating(cast(y_true, y_pred.dtype)), floating(y_pred)
    if share("a categorical cross-entropy", "label_smoothing", smoothing):
        targets = add(mul(targets, 1.0 - smoothing), smoothing / targets.shape[-1])
    return targets, y_pred


def _bits(y_true: Operand, y_pred: Operand, smoothing: float) -> tuple[Operand, Operand]:
    """Targets of 0 and 1, smoothed towards a half, and predictions."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    if share("a binary cross-entropy", "label_smoothing", smoothing):
        y_true = add(mul(y_true, 1.0 - smoothing), 0.5 * smoothing)
    return y_true, y_pred


class SparseCategoricalCrossentropy(Loss):
    """Integer labels against probabilities, or logits with `from_logits=True`; examples labelled `ignore_class` do not count."""

    _gradwerk_sparse = True

    @checked_except("reduction")
    def __init__(
        self, from_logits: bool = False, ignore_class: int | None = None,  # noqa: FBT001, FBT002
        reduction: str | None = "sum_over_batch_size", axis: int = -1, name: str | None = "sparse_categorical_crossentropy",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `sparse_categorical_crossentropy`."""
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)

    def mean(self, values: Operand, y_true: Operand, y_pred: Operand) -> Operand:
        """The mean over all labels that are not ignored.

        They are counted, though their number may be known: so it is the program of gradwerk.torch.
        """
        counted = self.present(y_true, y_pred)
        if counted is not None:
            return div(reduce_sum(values), maximum(reduce_sum(counted), 1))
        if not self.from_logits:
            return super().mean(values, y_true, y_pred)
        return known.ratio_of_sums(values, known.label_weights(self._labels(y_true, y_pred), y_pred, known.NO_LABEL))

    def present(self, y_true: Operand, y_pred: Operand) -> Operand | None:
        """Those whose label is not ignored."""
        return None if self.ignore_class is None else known.label_weights(self._labels(y_true, y_pred), y_pred, self.ignore_class)

    def _labels(self, y_true: Operand, y_pred: Operand) -> Operand:
        """The class numbers, without an axis of 1 for them."""
        return labels_of(classes_last(y_true, self.axis) if len(y_true.shape) == len(y_pred.shape) else y_true, y_pred)


class CategoricalCrossentropy(Loss):
    """One-hot targets against probabilities, or logits with `from_logits=True`."""

    @checked_except("reduction")
    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,  # noqa: FBT001, FBT002
        reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_crossentropy",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.from_logits, self.label_smoothing = from_logits, share(type(self).__name__, "label_smoothing", label_smoothing)
        self.axis = axis

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `categorical_crossentropy`."""
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)


class BinaryCrossentropy(Loss):
    """Targets 0 and 1 against probabilities, or logits with `from_logits=True`."""

    @checked_except("reduction")
    def __init__(
        self, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,  # noqa: FBT001, FBT002
        reduction: str | None = "sum_over_batch_size", name: str | None = "binary_crossentropy",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.from_logits, self.label_smoothing = from_logits, share(type(self).__name__, "label_smoothing", label_smoothing)
        self.axis = axis

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `binary_crossentropy`."""
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)


class BinaryFocalCrossentropy(Loss):
    """Binary cross-entropy of what is not right already."""

    @checked_except("reduction")
    def __init__(
        self, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False,  # noqa: FBT001, FBT002
        label_smoothing: float = 0.0, axis: int = -1, reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.apply_class_balancing, self.from_logits, self.axis = apply_class_balancing, from_logits, axis
        owner = "BinaryFocalCrossentropy"
        self.alpha, self.gamma = share(owner, "alpha", alpha), positive(owner, "gamma", gamma, zero=True)
        self.label_smoothing = share(owner, "label_smoothing", label_smoothing)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `binary_focal_crossentropy`."""
        options = self.apply_class_balancing, self.alpha, self.gamma, self.from_logits, self.label_smoothing, self.axis
        return binary_focal_crossentropy(y_true, y_pred, *options)


class CategoricalFocalCrossentropy(Loss):
    """Categorical cross-entropy of what is not right already."""

    @checked_except("reduction")
    def __init__(
        self, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, label_smoothing: float = 0.0,  # noqa: FBT001, FBT002
        axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_focal_crossentropy",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        owner = "CategoricalFocalCrossentropy"
        self.alpha, self.gamma, self.from_logits = share(owner, "alpha", alpha), positive(owner, "gamma", gamma, zero=True), from_logits
        self.label_smoothing, self.axis = share(owner, "label_smoothing", label_smoothing), axis

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `categorical_focal_crossentropy`."""
        options = self.alpha, self.gamma, self.from_logits, self.label_smoothing, self.axis
        return categorical_focal_crossentropy(y_true, y_pred, *options)


class CategoricalGeneralizedCrossEntropy(Loss):
    """Integer labels, some of which may be wrong, against probabilities.

    Raises: ArgumentError for a q that is not between 0 and 1.
    """

    _gradwerk_sparse = True

    @checked_except("reduction")
    def __init__(
        self, q: float = 0.5, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_generalized_cross_entropy"
    ) -> None:
        super().__init__(name, reduction)
        if not 0 < q < 1:
            raise ArgumentError(f"CategoricalGeneralizedCrossEntropy: q is between 0 and 1, this is {q}")
        self.q = q

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `categorical_generalized_cross_entropy`."""
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)


class CTC(Loss):
    """Connectionist temporal classification of logits."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `ctc`."""
        return ctc(y_true, y_pred)
