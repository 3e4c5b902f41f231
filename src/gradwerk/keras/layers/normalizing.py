"""Normalisations of each example by itself: LayerNormalization, GroupNormalization, RMSNormalization, UnitNormalization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import initializers
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.core import known_extent
from gradwerk.keras.layers.fixed import fixed, weight_for
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.options import LayerOptions, checked_except, is_number, whole
from gradwerk.nn.normalization import group_norm, layer_norm_over, rms_norm_over, unit_norm
from gradwerk.ops.axes import normal_axes

Operand = Any
"""A Tensor."""


@fixed("axis", once_built=("scale", "center"))
class LayerNormalization(Layer):
    """Each example by itself: (x - mean) / sqrt(variance + epsilon) over `axis`, or several axes, then times gamma and plus beta.

    Shape: any, kept.  Weights: gamma, beta; each of the extents of these axes.  Source: Ba et al., arXiv:1607.06450.
    Raises: ArgumentError for what are no axes, and for an epsilon below 0; ShapeError for axes that the input does not have.
    """

    weight_options = ("gamma", "beta")
    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked_except("axis", "epsilon")
    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,  # noqa: FBT001, FBT002
        beta_initializer: InitializerLike = "zeros", gamma_initializer: InitializerLike = "ones", **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.axis, self.epsilon = _axes_of("LayerNormalization", axis), _epsilon_of("LayerNormalization", epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = initializers.get(beta_initializer), initializers.get(gamma_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes scale and offset."""
        shape = tuple(known_extent(self, input_shape, axis) for axis in _own_axes(self, input_shape))
        self.gamma = self.add_weight(shape, self.gamma_initializer, autocast=False, name="gamma") if self.scale else None
        self.beta = self.add_weight(shape, self.beta_initializer, autocast=False, name="beta") if self.center else None

    def call(self, inputs: Operand) -> Operand:
        """See `layer_norm_over`."""
        gamma, beta = weight_for(self, "gamma", "scale"), weight_for(self, "beta", "center")
        return layer_norm_over(floating(inputs), _own_axes(self, inputs.shape), gamma, beta, epsilon=self.epsilon)


@fixed("axis", "groups", once_built=("scale", "center"))
class GroupNormalization(Layer):
    """Each example by itself: (x - mean) / sqrt(variance + epsilon) over a group of channels and all of space, then times gamma and plus
    beta.  With groups=-1 each channel is a group.

    Shape: (batch, ...) with the channels along `axis`, kept.  Weights: gamma, beta; each (channels,).
    Raises: ArgumentError for what is no number of groups or axis, and for an epsilon below 0; ShapeError where groups would not be equal.
    Source: Wu, He, arXiv:1803.08494.
    """

    weight_options = ("gamma", "beta")
    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked_except("groups", "axis", "epsilon")
    def __init__(
        self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,  # noqa: FBT001, FBT002
        beta_initializer: InitializerLike = "zeros", gamma_initializer: InitializerLike = "ones", **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.groups = whole("GroupNormalization", "groups", groups, -1)
        if self.groups == 0:
            raise ArgumentError("GroupNormalization: groups is above 0, or -1 for one of each channel; this is 0")
        self.axis, self.epsilon = whole("GroupNormalization", "axis", axis, -32), _epsilon_of("GroupNormalization", epsilon)
        self.center, self.scale = center, scale
        self.beta_initializer, self.gamma_initializer = initializers.get(beta_initializer), initializers.get(gamma_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes scale and offset."""
        (axis,) = normal_axes(self.label, self.axis, len(input_shape))
        channels = known_extent(self, input_shape, axis)
        groups = channels if self.groups == -1 else self.groups
        if axis == 0 or channels % groups:
            facts = (f"input   {tuple(input_shape)}      groups {groups}",)
            raise ShapeError(f"GroupNormalization: {channels} channels are no {groups} equal groups", facts=facts)
        self.gamma = self.add_weight((channels,), self.gamma_initializer, autocast=False, name="gamma") if self.scale else None
        self.beta = self.add_weight((channels,), self.beta_initializer, autocast=False, name="beta") if self.center else None

    def call(self, inputs: Operand) -> Operand:
        """See `group_norm`."""
        x, groups = floating(inputs), inputs.shape[self.axis] if self.groups == -1 else self.groups
        gamma, beta = weight_for(self, "gamma", "scale"), weight_for(self, "beta", "center")
        return group_norm(x, groups, gamma, beta, epsilon=self.epsilon, axis=self.axis)


@fixed("axis")
class RMSNormalization(Layer):
    """Each example by itself: x / sqrt(mean of squares + epsilon) over `axis`, or several axes, times scale.

    Shape: any, kept.  Weight: scale, of the extents of these axes.  Source: Zhang, Sennrich, arXiv:1910.07467.
    Raises: ArgumentError for what are no axes, and for an epsilon below 0; ShapeError for axes that the input does not have.
    """

    computes_in = np.float32
    keeps_shape = True

    @checked_except("axis", "epsilon")
    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.axis, self.epsilon = _axes_of("RMSNormalization", axis), _epsilon_of("RMSNormalization", epsilon)

    def build(self, input_shape: Shape) -> None:
        """Makes the scale."""
        shape = tuple(known_extent(self, input_shape, axis) for axis in _own_axes(self, input_shape))
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, x: Operand) -> Operand:
        """See `rms_norm_over`."""
        return rms_norm_over(floating(x), _own_axes(self, x.shape), self.scale, epsilon=self.epsilon)


class UnitNormalization(Layer):
    """Each vector along `axis`, or several axes, divided by its length.

    Shape: any, kept.  Raises: ArgumentError for what are no axes; ShapeError for axes that the input does not have.
    """

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked_except("axis")
    def __init__(self, axis: int | Sequence[int] = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.axis = _axes_of("UnitNormalization", axis)

    def call(self, inputs: Operand) -> Operand:
        """See `unit_norm`."""
        return unit_norm(floating(inputs), _own_axes(self, inputs.shape))


def _axes_of(owner: str, axis: Any) -> int | list[int]:  # noqa: ANN401
    """An axis, or a list of them.  Raises: ArgumentError."""
    if isinstance(axis, (list, tuple)) and axis:
        return [whole(owner, "axis", one, -32) for one in axis]
    return whole(owner, "axis", axis, -32)


def _own_axes(layer: Any, shape: Shape) -> tuple[int, ...]:  # noqa: ANN401  a layer
    """The axes of a layer, counted from the front.  Raises: ShapeError for one that the input does not have, or that is named twice."""
    return normal_axes(layer.label, layer.axis, len(shape))


def _epsilon_of(owner: str, epsilon: object) -> float:
    """Raises: ArgumentError for what is no number from 0 on."""
    if not is_number(epsilon) or not epsilon >= 0:
        raise ArgumentError(f"{owner}: epsilon is a number from 0 on, this is {epsilon!r}")
    return epsilon
