"""Masking."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.symbolic import applied, is_symbol
from gradwerk.keras.options import LayerOptions, checked
from gradwerk.ops.compare import not_equal
from gradwerk.ops.elementwise import where
from gradwerk.ops.movement import reshape
from gradwerk.ops.truths import reduce_any

Operand = Any
"""A Tensor."""


class Masking(Layer):
    """Steps all of whose features are `mask_value` are left out by the layers behind: zeros come out, with a mask.

    Shape: (batch, time, ..., features), kept; the mask is that without the features.
    """

    computes_in = np.float32
    keeps_shape = True

    @checked
    def __init__(self, mask_value: float = 0.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.mask_value = mask_value

    def call(self, inputs: Operand) -> Operand:
        """Zeros where the mask is False."""
        mask = self.compute_mask(inputs)
        return where(reshape(mask, (*mask.shape, 1)), inputs, 0)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:  # noqa: ANN401
        """True at steps with another number than `mask_value`.  Shape: that of the inputs without the last axis."""
        if is_symbol(inputs):
            other = applied(operator.ne, "not_equal", inputs, self.mask_value)
            return applied(functools.partial(any_over, axis=-1, keepdims=False), "any", other)
        value = int(self.mask_value) if dtypes.is_integer(inputs.dtype) and self.mask_value == int(self.mask_value) else self.mask_value
        return any_over(not_equal(inputs, value), axis=-1)


def any_over(x: Operand, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Operand:  # noqa: FBT001, FBT002  Keras' signature
    """Whether an element is true, along an axis or several; None is all of them.  Shape: that of x, without those axes or with 1 there."""
    every = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(sorted(one % x.ndim for one in every))
    found = reduce_any(x, axes)
    return reshape(found, tuple(1 if k in axes else n for k, n in enumerate(x.shape))) if keepdims else found
