"""BatchNormalization."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import initializers
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.core import known_extent
from gradwerk.keras.layers.fixed import weight_for
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.options import LayerOptions, checked_except, is_number
from gradwerk.nn.norm import batch_statistics, check_features, normalize, running
from gradwerk.ops.elementwise import cast
from gradwerk.ops.precision import in_accumulator
from gradwerk.tensor.grad import no_grad

Operand = Any
"""A Tensor."""


class BatchNormalization(Layer):
    """Normalises each feature by the batch while training, by moving statistics otherwise or when frozen.

    `synchronized` is accepted: there is one machine.
    Shape: kept.  Weights: gamma, beta; not trained: moving_mean, moving_variance; each (features,).
    Raises: ShapeError for a mask of other axes; ArgumentError for a momentum outside 0..1, or an epsilon that is not above 0.
    """

    weight_options = ("gamma", "beta")
    computes_in = np.float32
    keeps_shape = True
    supports_masking = True
    moving_mean: Operand
    moving_variance: Operand

    @checked_except("momentum", "epsilon")
    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,  # noqa: FBT001, FBT002
        beta_initializer: InitializerLike = "zeros", gamma_initializer: InitializerLike = "ones",
        moving_mean_initializer: InitializerLike = "zeros", moving_variance_initializer: InitializerLike = "ones", *,
        synchronized: bool = False, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        if not all(map(is_number, (momentum, epsilon))) or not 0 <= momentum <= 1 or not epsilon > 0:
            raise ArgumentError(f"BatchNormalization: momentum lies in 0..1 and epsilon above 0, these are {momentum!r} and {epsilon!r}")
        self.axis, self.momentum, self.epsilon, self.center, self.scale = int(axis), momentum, epsilon, center, scale
        self.beta_initializer, self.gamma_initializer = initializers.get(beta_initializer), initializers.get(gamma_initializer)
        self.synchronized = synchronized
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        """Makes scale, offset and statistics."""
        shape = (known_extent(self, input_shape, self.axis),)
        self.gamma = self.add_weight(shape, self.gamma_initializer, autocast=False, name="gamma") if self.scale else None
        self.beta = self.add_weight(shape, self.beta_initializer, autocast=False, name="beta") if self.center else None
        for name, filler in (("moving_mean", self.moving_mean_initializer), ("moving_variance", self.moving_variance_initializer)):
            setattr(self, name, self.add_weight(shape, filler, trainable=False, autocast=False, name=name))

    def call(self, inputs: Operand, training: bool | None = None, mask: Any = None) -> Operand:  # noqa: ANN401, FBT001  Keras' signature
        """See `batch_statistics`, `running`, `normalize`; of steps that a mask leaves out there are no statistics."""
        inputs = floating(inputs)
        check_features(inputs, self.axis, self.moving_mean)
        if mask is not None and tuple(mask.shape) != tuple(inputs.shape[:-1]):
            facts = (f"mask {tuple(mask.shape)}      inputs {tuple(inputs.shape)}",)
            raise ShapeError("BatchNormalization: the mask must have the shape of the inputs without the last axis", facts=facts)
        mean, variance = self.moving_mean, self.moving_variance
        if training and self.trainable:
            mean, variance = batch_statistics(inputs, axis=self.axis, mask=mask)
            with no_grad():
                for held, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
                    held.assign(cast(running(in_accumulator(held), new, self.momentum), held.dtype))
        gamma, beta = weight_for(self, "gamma", "scale"), weight_for(self, "beta", "center")
        return normalize(inputs, mean, variance, gamma, beta, epsilon=self.epsilon, axis=self.axis)

