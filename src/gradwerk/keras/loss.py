"""keras.losses.Loss: one value for each example, and how these become one number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from gradwerk.base.errors import StateError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.loss_operands import as_operand, checked_values, weights_like
from gradwerk.keras.masked import mask_of, weights_of_mask
from gradwerk.keras.naming import unique_name
from gradwerk.keras.options import arguments_of, checked_except, choice
from gradwerk.nn import loss as known
from gradwerk.nn.configured import Configured
from gradwerk.ops.elementwise import cast, mul
from gradwerk.ops.precision import in_accumulator
from gradwerk.ops.reduction import reduce_sum

Operand = Any
"""A Tensor or an array."""
REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none")


@ORIGINAL.completes("keras.losses.Loss")
class Loss(Configured):
    """One value for each example, and how these become one number.  A subclass writes `call`.

    Attributes may change between steps: the next step computes with what they are then.
    """

    _gradwerk_sparse = False
    """Whether the targets are class numbers."""

    @checked_except("reduction")
    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size") -> None:
        self.name = name or unique_name(type(self).__name__)
        self.reduction = choice(type(self).__name__, "reduction", "none" if reduction is None else reduction, REDUCTIONS)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """One value per example."""
        raise StateError(f"{type(self).__name__} defines no call", likely="write `def call(self, y_true, y_pred): ...`")

    def __call__(self, y_true: Operand, y_pred: Operand, sample_weight: Operand | None = None) -> Operand:
        """The reduced loss, a Tensor; weights multiply the values of their examples (of one value for all: their mean does).

        Whole numbers are float32 when `call` gets them, narrow predictions too; labels of a sparse loss stay what they are.
        """
        if "reduction" not in vars(self):
            raise StateError(f"{type(self).__name__}.__init__ does not call that of its base", likely="begin it with super().__init__()")
        y_true, given = as_operand(y_true), floating(as_operand(y_pred))
        mask, y_pred = mask_of(given), in_accumulator(given)
        values = checked_values(self.name, self.call(y_true if self._gradwerk_sparse else floating(y_true), y_pred))
        weights = None if sample_weight is None else as_operand(sample_weight)
        if weights is not None:
            weights = weights_like(weights, values) if values.shape else cast(weights, values.dtype)
            values = mul(values, weights)
        if mask is not None and values.shape:
            return self._masked(values, weights_of_mask(mask, values), weights, self.present(y_true, y_pred))
        if self.reduction == "none" or not values.shape:
            return values
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            present = self.present(y_true, y_pred)
            return known.mean_by_weight(values, weights if present is None else mul(weights, present))
        return reduce_sum(values) if self.reduction == "sum" else self.mean(values, y_true, y_pred)

    def _masked(self, values: Operand, counted: Operand, weights: Operand | None, present: Operand | None) -> Operand:
        """The reduced loss where a mask leaves some values out: the mean is that of the others, 0 where there are none."""
        values = mul(values, counted)
        if self.reduction in {"none", "sum"}:
            return values if self.reduction == "none" else reduce_sum(values)
        counted = counted if present is None else mul(counted, present)
        if self.reduction == "mean_with_sample_weight" and weights is not None:
            counted = mul(counted, weights)
        return known.mean_by_weight(values, counted)

    def present(self, y_true: Operand, y_pred: Operand) -> Operand | None:
        """1 for each value that counts in a mean by weight, else 0; None where all do."""
        return None

    @property
    def dtype(self) -> str:
        """In what it computes."""
        return "float32"

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss: `type(loss).from_config(config)`."""
        return {"name": self.name, "reduction": self.reduction, **arguments_of(self, "name", "reduction")}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A loss from `get_config`'s answer."""
        return cls(**config)

    def mean(self, values: Operand, y_true: Operand, y_pred: Operand) -> Operand:
        """The mean over all values, weighted or not."""
        return known.mean_loss(values)
