"""SpectralNormalization: a layer whose kernel is kept at a largest singular value of 1."""

from __future__ import annotations

from typing import Any, Unpack

from gradwerk.base.errors import ArgumentError
from gradwerk.keras import initializers
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.wrappers import Wrapper
from gradwerk.keras.options import LayerOptions, checked_except, whole
from gradwerk.nn.normalization import spectral_step
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.grad import no_grad

Operand = Any
"""A Tensor."""
SMALL = 1e-7
"""The least length that a vector is divided by.  Source: keras.backend.epsilon."""


class SpectralNormalization(Wrapper):
    """A layer whose kernel, or table of embeddings, is divided by its largest singular value at each call in training.

    Shape: as the layer says.  Weights: those of the layer; not trained: vector_u (1, columns).
    Raises: ArgumentError for what is no layer, or has neither kernel nor embeddings; and for a number of iterations below 1.
    Source: Miyato et al., arXiv:1802.05957.
    """

    @checked_except("layer", "power_iterations")
    def __init__(self, layer: Layer, power_iterations: int = 1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(layer, **options)
        self.power_iterations = whole("SpectralNormalization", "power_iterations", power_iterations, 1)

    def build(self, input_shape: Shape) -> None:
        """Builds the layer, and makes the vector that is kept from step to step.  Raises: ArgumentError where there is no kernel."""
        super().build(input_shape)
        kernel = next((held for name in ("kernel", "embeddings") if (held := getattr(self.layer, name, None)) is not None), None)
        if kernel is None:
            raise ArgumentError(f"SpectralNormalization: {self.layer.label} has neither kernel nor embeddings")
        self.kernel = kernel
        start = initializers.TruncatedNormal(stddev=0.02)
        self.vector_u = self.add_weight((1, kernel.shape[-1]), start, kernel.dtype, trainable=False, name="vector_u")

    def call(self, inputs: Operand, training: bool = False) -> Operand:  # noqa: FBT001, FBT002  Keras' signature
        """See `spectral_step`."""
        if training:
            with no_grad():
                kernel, vector = spectral_step(self.kernel, self.vector_u, self.power_iterations, epsilon=SMALL)
                self.kernel.assign(kernel)
                self.vector_u.assign(vector)
        y = self.layer(inputs)
        return cast(y, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """That of the layer."""
        return self.layer.compute_output_shape(input_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments, the layer as its class and config."""
        return super().get_config() | {"power_iterations": self.power_iterations}
