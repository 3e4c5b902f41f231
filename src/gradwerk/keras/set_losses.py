"""keras.losses of whole sets: overlaps of masks, circles of embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.loss import Loss
from gradwerk.keras.loss_operands import with_shapes
from gradwerk.keras.options import checked, checked_except, whole
from gradwerk.nn import overlap_loss
from gradwerk.nn.ranges import positive, share
from gradwerk.ops.compare import greater
from gradwerk.ops.elementwise import cast
from gradwerk.ops.movement import reshape

Operand = Any
"""A Tensor or an array."""
Axis = int | Sequence[int] | None


@checked
def dice(y_true: Operand, y_pred: Operand, axis: Axis = None) -> Operand:
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred)) over an axis, or over all: 0-d then."""
    y_true, y_pred = _alike(y_true, y_pred)
    return overlap_loss.dice(y_pred, y_true, axes=_axes(axis))


@checked
def tversky(y_true: Operand, y_pred: Operand, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Operand:
    """1 - t / (t + alpha m + beta w) over an axis, or over all: t is in both, m in y_true alone, w in y_pred alone.

    Keras' words call m false positives; its numbers are these.
    """
    y_true, y_pred = _alike(y_true, y_pred)
    return overlap_loss.tversky(y_pred, y_true, missed=alpha, wrong=beta, axes=_axes(axis))


@checked
def circle(
    y_true: Operand, y_pred: Operand, ref_labels: Operand = None, ref_embeddings: Operand = None,
    remove_diagonal: bool = True, gamma: float = 80, margin: float = 0.4,  # noqa: FBT001, FBT002  Keras' signature
) -> Operand:  # fmt: skip
    """What each embedding, of length 1, lacks of being near those of its label and far from the others.

    Shape: y_true (examples,) or (examples, 1) labels, y_pred (examples, features); result (examples,).
    """
    y_true, y_pred = with_shapes(y_true, y_pred)
    others = None if ref_embeddings is None else floating(with_shapes(ref_embeddings)[0])
    names = None if ref_labels is None else _labels(with_shapes(ref_labels)[0])
    return overlap_loss.circle(
        floating(y_pred), _labels(y_true), others, names, scale=gamma, margin=margin, skips_self=bool(remove_diagonal)
    )


def _axes(axis: Axis) -> int | tuple[int, ...] | None:
    """One axis, some, or all.  Raises: ArgumentError for what is none."""
    if isinstance(axis, list | tuple):
        return tuple(whole("a loss of sets", "axis", one, -99) for one in axis)
    return None if axis is None else whole("a loss of sets", "axis", axis, -99)


def _labels(y: Operand) -> Operand:
    """Class numbers in a row."""
    return reshape(cast(y, dtypes.int32), (-1,))


def _alike(y_true: Operand, y_pred: Operand) -> tuple[Operand, Operand]:
    """Both as floats of one dtype."""
    y_true, y_pred = with_shapes(y_true, y_pred)
    y_pred = floating(y_pred)
    return cast(y_true, y_pred.dtype), y_pred


class Dice(Loss):
    """1 - 2 |both| / (|one| + |other|) of masks."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "dice", axis: Axis = None) -> None:
        super().__init__(name, reduction)
        self.axis = axis

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `dice`."""
        return dice(y_true, y_pred, self.axis)


class Tversky(Loss):
    """1 - |both| / (|both| + alpha |missed| + beta |wrong|) of masks."""

    @checked_except("reduction")
    def __init__(
        self, alpha: float = 0.5, beta: float = 0.5, reduction: str | None = "sum_over_batch_size", name: str | None = "tversky",
        axis: Axis = None,
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.alpha, self.beta, self.axis = alpha, beta, axis

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `tversky`."""
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)


class Circle(Loss):
    """Embeddings of one label near each other, of different ones apart.  What has no partner of one kind does not count."""

    @checked_except("reduction")
    def __init__(
        self, gamma: float = 80.0, margin: float = 0.4, remove_diagonal: bool = True,  # noqa: FBT001, FBT002  Keras' signature
        reduction: str | None = "sum_over_batch_size", name: str | None = "circle",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.gamma, self.margin = positive("Circle", "gamma", gamma), share("Circle", "margin", margin)
        self.remove_diagonal = remove_diagonal

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `circle`."""
        return circle(y_true, y_pred, remove_diagonal=self.remove_diagonal, gamma=self.gamma, margin=self.margin)

    def mean(self, values: Operand, y_true: Operand, y_pred: Operand) -> Operand:
        """The mean over what has partners of both kinds."""
        return overlap_loss.mean_of_positive(values, self.call(y_true, y_pred))

    def present(self, y_true: Operand, y_pred: Operand) -> Operand:
        """What has partners of both kinds."""
        return cast(greater(self.call(y_true, y_pred), 0), dtypes.float32)
