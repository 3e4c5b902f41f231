"""Layers that draw while training: Dropout, of whole channels, of SELU, and normal noise; and ActivityRegularization."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import regularizers
from gradwerk.keras.layers.channels import FIRST, LAST, check_rank, data_format_of
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.options import LayerOptions, checked_except, is_number, positive_integer, whole
from gradwerk.nn.dropout import alpha_dropout, dropout, gaussian_dropout, gaussian_noise, shared_dropout
from gradwerk.tensor.random import Generator, fresh_seed

Operand = Any
"""A Tensor."""


class Drawing(Layer):
    """What these layers share: nothing is done in inference, and each draws from a generator of its own.

    That begins from `seed`, or from the default generator when the layer is made.
    """

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    def call(self, inputs: Operand, training: bool = False) -> Operand:  # noqa: FBT001, FBT002  Keras' signature
        """What is drawn, while training."""
        self.check(inputs)
        return self.drawn(inputs) if training else inputs

    def check(self, inputs: Operand) -> None:
        """Looks at the axes, where there must be certain ones."""

    def drawn(self, inputs: Operand) -> Operand:
        """The inputs, changed at random."""
        return inputs

    def begin(self, seed: object) -> None:
        """Makes the generator.  Raises: ArgumentError for what is no seed."""
        self.seed = None if seed is None else whole(type(self).__name__, "seed", seed)
        self.generator = Generator(fresh_seed() if self.seed is None else self.seed)


class Dropout(Drawing):
    """While training, each element becomes 0 with probability `rate`, the others are scaled by 1 / (1 - rate).

    `noise_shape` says along which axes elements share their fate: those where it has 1; None is the input's own extent.
    Each layer draws from a generator of its own, begun from `seed` or from the default generator when the layer is made.

    Shape: any, kept.  Raises: ArgumentError for a rate outside 0..1, and for what is no shape.
    """

    @checked_except("rate", "noise_shape", "seed")
    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.rate, self.noise_shape = rate_of(type(self).__name__, rate), _noise_of(type(self).__name__, noise_shape)
        self.begin(seed)

    def drawn(self, inputs: Operand) -> Operand:
        """See `dropout`, and `shared_dropout`."""
        if self.noise_shape is None:
            return dropout(inputs, self.rate, self.generator)
        return shared_dropout(inputs, self.rate, self.generator, filled(self, inputs))


class OfChannels:
    """What is drawn for whole channels, in so many dimensions of space as `rank` says."""

    rank: ClassVar[int] = 1
    data_format = LAST
    rate: float
    generator: Generator

    def check(self, inputs: Operand) -> None:
        """Refuses inputs of other axes.  Raises: ShapeError."""
        check_rank(self, tuple(inputs.shape), self.rank)

    def drawn(self, inputs: Operand) -> Operand:
        """See `shared_dropout`."""
        ones, (batch, *_) = (1,) * self.rank, inputs.shape
        shape = (batch, inputs.shape[1], *ones) if self.data_format == FIRST else (batch, *ones, inputs.shape[-1])
        return shared_dropout(inputs, self.rate, self.generator, shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments; Keras' of these layers do not take `trainable`."""
        config: dict[str, Any] = super().get_config()  # type: ignore[misc]  # of the layer that it is mixed with
        return {name: value for name, value in config.items() if name != "trainable"}


class SpatialDropout1D(OfChannels, Drawing):
    """While training, each channel of each example becomes 0 with probability `rate`.  Source: Tompson et al., arXiv:1411.4280.

    Shape: (batch, steps, channels), kept.  Raises: ArgumentError for a rate outside 0..1.
    """

    @checked_except("rate", "seed")
    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.rate = rate_of("SpatialDropout1D", rate)
        self.begin(seed)


class SpatialDropout2D(OfChannels, Drawing):
    """While training, each channel of each example becomes 0 with probability `rate`.  Source: Tompson et al., arXiv:1411.4280.

    Shape: (batch, height, width, channels), or with channels first, kept.  Raises: ArgumentError for a rate outside 0..1.
    """

    rank = 2

    @checked_except("rate", "seed")
    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.rate, self.data_format = rate_of(type(self).__name__, rate), data_format_of(type(self).__name__, data_format)
        self.begin(seed)


class SpatialDropout3D(OfChannels, Drawing):
    """While training, each channel of each example becomes 0 with probability `rate`.  Source: Tompson et al., arXiv:1411.4280.

    Shape: (batch, depth, height, width, channels), or with channels first, kept.  Raises: ArgumentError for a rate outside 0..1.
    """

    rank = 3

    @checked_except("rate", "seed")
    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.rate, self.data_format = rate_of(type(self).__name__, rate), data_format_of(type(self).__name__, data_format)
        self.begin(seed)


class AlphaDropout(Drawing):
    """Dropout for SELU: elements become its least value, and all are moved so that mean 0 and variance 1 stay.

    Shape: any, kept.  Source: Klambauer et al., arXiv:1706.02515.
    Raises: ArgumentError for a rate outside 0..1, and for what is no shape.
    """

    @checked_except("rate", "noise_shape", "seed")
    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **options: Unpack[LayerOptions]
    ) -> None:  # fmt: skip
        super().__init__(**options)
        self.rate, self.noise_shape = rate_of("AlphaDropout", rate), _noise_of("AlphaDropout", noise_shape)
        self.begin(seed)

    def drawn(self, inputs: Operand) -> Operand:
        """See `alpha_dropout`."""
        return alpha_dropout(inputs, self.rate, self.generator, shape=None if self.noise_shape is None else filled(self, inputs))


class GaussianNoise(Drawing):
    """While training, normal numbers of mean 0 and deviation `stddev` are added.

    Shape: any, kept.  Raises: ArgumentError for a deviation outside 0..1.
    """

    @checked_except("stddev", "seed")
    def __init__(self, stddev: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        if not is_number(stddev) or not 0 <= stddev <= 1:
            raise ArgumentError(f"GaussianNoise: stddev lies between 0 and 1, this is {stddev!r}")
        self.stddev = stddev
        self.begin(seed)

    def drawn(self, inputs: Operand) -> Operand:
        """See `gaussian_noise`."""
        return gaussian_noise(inputs, self.stddev, self.generator) if self.stddev else inputs


class GaussianDropout(Drawing):
    """While training, elements are multiplied with normal numbers of mean 1 and variance rate / (1 - rate).

    Shape: any, kept.  Raises: ArgumentError for a rate outside 0..1, and for 1, of which there is no such variance.
    """

    @checked_except("rate", "seed")
    def __init__(self, rate: float, seed: int | None = None, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.rate = rate_of("GaussianDropout", rate)
        if self.rate == 1:
            raise ArgumentError("GaussianDropout: the variance is rate / (1 - rate), the rate must be below 1")
        self.begin(seed)

    def drawn(self, inputs: Operand) -> Operand:
        """See `gaussian_dropout`."""
        return gaussian_dropout(inputs, self.rate, self.generator) if self.rate else inputs


class ActivityRegularization(Layer):
    """The input, which adds l1 sum |x| + l2 sum x^2, an example on average, to the loss.

    Shape: any, kept.  Raises: ArgumentError for factors below 0.
    """

    computes_in = np.float32
    keeps_shape = True
    supports_masking = True

    @checked_except("l1", "l2")
    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Unpack[LayerOptions]) -> None:
        options["activity_regularizer"] = regularizers.L1L2(l1, l2)
        super().__init__(**options)
        self.l1, self.l2 = l1, l2

    def call(self, inputs: Operand) -> Operand:
        """The inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {name: value for name, value in super().get_config().items() if name != "activity_regularizer"}


def rate_of(owner: str, rate: object) -> float:
    """Raises: ArgumentError for what is no rate."""
    if not is_number(rate) or not 0 <= rate <= 1:
        raise ArgumentError(f"{owner}: the rate lies between 0 and 1, this is {rate!r}")
    return rate


def _noise_of(owner: str, shape: Any) -> tuple[int | None, ...] | None:  # noqa: ANN401
    """A shape with None for what the input has.  Raises: ArgumentError."""
    if shape is None:
        return None
    if not isinstance(shape, (list, tuple)):
        raise ArgumentError(f"{owner}: noise_shape is a tuple of counts, this is {shape!r}")
    return tuple(None if extent is None else positive_integer(owner, "noise_shape", extent) for extent in shape)


def filled(layer: Any, inputs: Operand) -> tuple[int, ...]:  # noqa: ANN401  a layer with a noise_shape
    """Its shape beside these inputs.  Raises: ShapeError where it does not broadcast."""
    wanted, shape = layer.noise_shape, tuple(inputs.shape)
    found = tuple(n if one is None else one for one, n in zip(wanted, shape, strict=False))
    if len(wanted) != len(shape) or any(one not in {1, n} for one, n in zip(found, shape, strict=True)):
        facts = (f"noise_shape {tuple(wanted)}      input {shape}",)
        raise ShapeError(f"{layer.label}: noise_shape does not broadcast to the input", facts=facts)
    return found
