"""Activations that are layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras import activations, initializers
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.core import known_extent
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.options import LayerOptions, checked, checked_except, is_number, whole
from gradwerk.nn.activation import softmax_over
from gradwerk.ops.compare import greater
from gradwerk.ops.pieces import parametric

Operand = Any
"""A Tensor."""


class ReLU(Layer):
    """y = max(x, 0), at most `max_value`; up to `threshold` negative_slope * (x - threshold).

    Shape: any, kept.  Raises: ArgumentError for a negative number.
    """

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked
    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        for name, value in (("max_value", max_value), ("negative_slope", negative_slope), ("threshold", threshold)):
            if value is not None and value < 0:
                raise ArgumentError(f"ReLU: {name} is not negative, this is {value}")
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs: Operand) -> Operand:
        """See `relu`."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(Layer):
    """x above 0, else negative_slope * x.  Shape: any, kept.  Raises: ArgumentError for a negative slope."""

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked_except("negative_slope")
    def __init__(self, negative_slope: float = 0.3, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not is_number(negative_slope) or negative_slope < 0:
            raise ArgumentError(f"LeakyReLU: negative_slope is a number of at least 0, this is {negative_slope!r}")
        self.negative_slope = negative_slope

    def call(self, inputs: Operand) -> Operand:
        """See `leaky_relu`."""
        return activations.leaky_relu(inputs, self.negative_slope)


class ELU(Layer):
    """x above 0, else alpha * (exp(x) - 1).  Shape: any, kept."""

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked
    def __init__(self, alpha: float = 1.0, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.alpha = alpha

    def call(self, inputs: Operand) -> Operand:
        """See `elu`."""
        return activations.elu(inputs, self.alpha)


class PReLU(Layer):
    """x above 0, else alpha * x with a trained alpha for each element, or one for all places along `shared_axes` (counted from 1).

    Shape: any, kept.  Weight: alpha, of the shape of one example, 1 along shared axes.  Raises: ArgumentError for what is no axis.
    """

    weight_options = ("alpha",)
    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked_except("shared_axes")
    def __init__(
        self, alpha_initializer: InitializerLike = "Zeros", *, shared_axes: int | Sequence[int] | None = None,
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.alpha_initializer = initializers.get(alpha_initializer)
        axes = shared_axes if isinstance(shared_axes, (list, tuple)) or shared_axes is None else [shared_axes]
        self.shared_axes = None if axes is None else [whole("PReLU", "shared_axes", axis, 1) for axis in axes]

    def build(self, input_shape: Shape) -> None:
        """Makes alpha."""
        shared = self.shared_axes or []
        if max(shared, default=0) >= len(input_shape):
            raise ArgumentError(f"PReLU: shared_axes={shared} are not all axes of the input", facts=(f"input   {input_shape}",))
        shape = tuple(1 if axis in shared else known_extent(self, input_shape, axis) for axis in range(1, len(input_shape)))
        self.alpha = self.add_weight(shape, self.alpha_initializer, name="alpha")

    def call(self, inputs: Operand) -> Operand:
        """See `parametric`."""
        return parametric(inputs, self.alpha)


class Softmax(Layer):
    """exp(x) / sum of exp(x) along `axis`, or over several; a mask says of which elements, the others give 0.

    Shape: any, kept.  Raises: ArgumentError for what is no axis.
    """

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked_except("axis")
    def __init__(self, axis: int | Sequence[int] = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        each = [whole("Softmax", "axis", one, -32) for one in (axis if isinstance(axis, (list, tuple)) else [axis])]
        if not each:
            raise ArgumentError("Softmax: axis is an integer or several, this is none")
        self.axis = each if isinstance(axis, (list, tuple)) else each[0]

    def call(self, inputs: Operand, mask: Operand | None = None) -> Operand:
        """See `softmax`, and `softmax_over`."""
        if mask is None and isinstance(self.axis, int):
            return activations.softmax(inputs, self.axis)
        shown = mask if mask is None or mask.dtype == np.bool_ else greater(mask, 0.5)
        return softmax_over(floating(inputs), self.axis, shown)
