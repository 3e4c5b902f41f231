"""One case per layer: how to make it, what goes in, what comes out, how many weights it has.  Tests draw from this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.keras import layers
from gradwerk.tensor.tensor import Tensor

Extents = tuple[int, ...]
Array = np.ndarray[Any, np.dtype[Any]]
FIRST = "channels_first"


@dataclass(frozen=True)
class Case:
    """Shapes without the batch axis."""

    name: str
    make: Callable[[], layers.Layer]
    inside: Extents | list[Extents]
    """A list of them for several inputs."""
    outside: Extents
    weights: tuple[Extents, ...] = ()
    integers: int = 0
    """Inputs are integers below this number."""
    draws: bool = False
    """Training draws: another backend draws other numbers."""
    narrow: bool = False
    """TensorFlow has no kernel of it in float64."""
    former: bool = False
    """Keras 3 no longer has it."""

    @property
    def first(self) -> bool:
        """Whether channels stand first."""
        return self.name.endswith(FIRST.replace("_", " "))

    def each(self, function: Callable[[Extents], Any]) -> Any:
        """A function of the shape of the input, or a list of those of several."""
        return [function(one) for one in self.inside] if isinstance(self.inside, list) else function(self.inside)

    @property
    def input_shape(self) -> Any:
        """As `compute_output_shape` takes it."""
        return self.each(lambda one: (None, *one))

    def inputs(self, batch: int = 3) -> Any:
        """So many examples."""
        random = np.random.default_rng(1)

        def drawn(one: Extents) -> Array:
            shape = (batch, *one)
            return random.integers(0, self.integers, shape).astype(np.int32) if self.integers else random.normal(size=shape).astype("f")

        return self.each(drawn)


def tensors(inputs: Any) -> Any:
    """An array, or a list of them, as Tensors."""
    return [Tensor(x) for x in inputs] if isinstance(inputs, list) else Tensor(inputs)


def scaled(x: Any, factor: float = 2.0) -> Any:
    """What Lambda is tried with, in any Keras."""
    return x * factor


CASES = [
    Case("Dense", lambda: layers.Dense(5, activation="tanh"), (4,), (5,), ((4, 5), (5,))),
    Case("Dense of sequences", lambda: layers.Dense(5, use_bias=False, kernel_initializer="he_normal"), (3, 4), (3, 5), ((4, 5),)),
    Case("Conv2D", lambda: layers.Conv2D(6, 3, activation="relu"), (7, 8, 2), (5, 6, 6), ((3, 3, 2, 6), (6,))),
    Case("Conv2D same", lambda: layers.Conv2D(3, (3, 2), strides=2, padding="same"), (7, 8, 2), (4, 4, 3), ((3, 2, 2, 3), (3,))),
    Case("Conv2D dilated", lambda: layers.Conv2D(3, 2, dilation_rate=3, use_bias=False), (7, 8, 1), (4, 5, 3), ((2, 2, 1, 3),)),
    Case("Conv2D groups", lambda: layers.Conv2D(4, 2, groups=2), (4, 4, 6), (3, 3, 4), ((2, 2, 3, 4), (4,))),
    Case("Conv1D", lambda: layers.Conv1D(4, 3, strides=2, activation="elu"), (9, 2), (4, 4), ((3, 2, 4), (4,))),
    Case("Conv1D causal", lambda: layers.Conv1D(4, 3, padding="causal", dilation_rate=2), (9, 2), (9, 4), ((3, 2, 4), (4,))),
    Case("Conv1D channels first", lambda: layers.Conv1D(4, 3, padding="same", data_format=FIRST, activation="softmax"), (2, 9), (4, 9),
         ((3, 2, 4), (4,))),
    Case("Conv2D channels first", lambda: layers.Conv2D(4, 3, data_format=FIRST, groups=2), (2, 7, 6), (4, 5, 4), ((3, 3, 1, 4), (4,))),
    Case("Conv3D", lambda: layers.Conv3D(3, (2, 3, 1)), (4, 5, 3, 2), (3, 3, 3, 3), ((2, 3, 1, 2, 3), (3,))),
    Case("Conv3D same channels first", lambda: layers.Conv3D(3, 2, strides=2, padding="same", use_bias=False, data_format=FIRST),
         (2, 4, 5, 3),
         (3, 2, 3, 2), ((2, 2, 2, 2, 3),)),
    Case("Conv1DTranspose", lambda: layers.Conv1DTranspose(4, 3, strides=2), (5, 2), (11, 4), ((3, 4, 2), (4,))),
    Case("Conv1DTranspose same", lambda: layers.Conv1DTranspose(4, 4, strides=3, padding="same", output_padding=1), (5, 2), (13, 4),
         ((4, 4, 2), (4,))),
    Case("Conv2DTranspose", lambda: layers.Conv2DTranspose(3, 2, strides=3, activation="relu"),
         (3, 4, 2), (9, 12, 3), ((2, 2, 3, 2), (3,))),
    Case("Conv2DTranspose same", lambda: layers.Conv2DTranspose(3, (3, 4), strides=2, padding="same"), (3, 4, 2), (6, 8, 3),
         ((3, 4, 3, 2), (3,))),
    Case("Conv2DTranspose padded", lambda: layers.Conv2DTranspose(3, 3, strides=2, output_padding=(1, 0)), (3, 4, 2), (8, 9, 3),
         ((3, 3, 3, 2), (3,))),
    Case("Conv2DTranspose channels first", lambda: layers.Conv2DTranspose(3, 3, dilation_rate=2, data_format=FIRST, use_bias=False),
         (2, 3, 4),
         (3, 7, 8), ((3, 3, 3, 2),)),
    Case("Conv3DTranspose", lambda: layers.Conv3DTranspose(2, 3, strides=2, padding="same"), (2, 3, 2, 2), (4, 6, 4, 2),
         ((3, 3, 3, 2, 2), (2,))),
    Case("DepthwiseConv1D", lambda: layers.DepthwiseConv1D(3, depth_multiplier=2), (7, 3), (5, 6), ((3, 3, 2), (6,))),
    Case("DepthwiseConv2D", lambda: layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu"), (7, 6, 3), (4, 3, 3),
         ((3, 3, 3, 1), (3,))),
    Case("DepthwiseConv2D channels first", lambda: layers.DepthwiseConv2D((3, 2), depth_multiplier=2, data_format=FIRST, use_bias=False),
         (3, 7, 6), (6, 5, 5), ((3, 2, 3, 2),)),
    Case("SeparableConv1D", lambda: layers.SeparableConv1D(5, 3, padding="same", depth_multiplier=2), (7, 3), (7, 5),
         ((3, 3, 2), (1, 6, 5), (5,))),
    Case("SeparableConv2D", lambda: layers.SeparableConv2D(5, 3, strides=2, activation="tanh"), (7, 6, 3), (3, 2, 5),
         ((3, 3, 3, 1), (1, 1, 3, 5), (5,))),
    Case("SeparableConv2D channels first", lambda: layers.SeparableConv2D(4, 2, data_format=FIRST, dilation_rate=2), (3, 7, 6), (4, 5, 4),
         ((2, 2, 3, 1), (1, 1, 3, 4), (4,))),
    Case("LocallyConnected1D", lambda: layers.LocallyConnected1D(4, 3, strides=2), (9, 2), (4, 4), ((4, 6, 4), (4, 4)), former=True),
    Case("LocallyConnected2D channels first", lambda: layers.LocallyConnected2D(4, (3, 2), data_format=FIRST),
         (2, 5, 4), (4, 3, 3), ((9, 12, 4), (3, 3, 4)),
         former=True),
    Case("MaxPooling1D", lambda: layers.MaxPooling1D(3, strides=2), (8, 2), (3, 2)),
    Case("MaxPooling1D channels first", lambda: layers.MaxPooling1D(3, padding="same", data_format=FIRST), (2, 8), (2, 3)),
    Case("MaxPooling3D", lambda: layers.MaxPooling3D((2, 1, 2), strides=2), (4, 5, 3, 2), (2, 3, 1, 2), narrow=True),
    Case("AveragePooling1D", lambda: layers.AveragePooling1D(3, padding="same"), (8, 2), (3, 2)),
    Case("AveragePooling2D channels first", lambda: layers.AveragePooling2D(2, strides=1, data_format=FIRST), (2, 4, 5), (2, 3, 4)),
    Case("AveragePooling3D", lambda: layers.AveragePooling3D(2), (4, 5, 3, 2), (2, 2, 1, 2), narrow=True),
    Case("GlobalAveragePooling1D channels first", lambda: layers.GlobalAveragePooling1D(data_format=FIRST), (2, 8), (2,)),
    Case("GlobalAveragePooling2D", lambda: layers.GlobalAveragePooling2D(keepdims=True), (3, 4, 2), (1, 1, 2)),
    Case("GlobalAveragePooling3D", lambda: layers.GlobalAveragePooling3D(), (3, 4, 2, 2), (2,)),
    Case("GlobalMaxPooling1D", lambda: layers.GlobalMaxPooling1D(), (8, 2), (2,)),
    Case("GlobalMaxPooling2D channels first", lambda: layers.GlobalMaxPooling2D(data_format=FIRST, keepdims=True), (2, 3, 4), (2, 1, 1)),
    Case("GlobalMaxPooling3D", lambda: layers.GlobalMaxPooling3D(), (3, 4, 2, 2), (2,)),
    Case("AdaptiveAveragePooling1D", lambda: layers.AdaptiveAveragePooling1D(3), (8, 2), (3, 2)),
    Case("AdaptiveAveragePooling2D channels first", lambda: layers.AdaptiveAveragePooling2D((3, 2), data_format=FIRST),
         (2, 6, 5), (2, 3, 2)),
    Case("AdaptiveAveragePooling3D", lambda: layers.AdaptiveAveragePooling3D(2), (4, 5, 2, 2), (2, 2, 2, 2), narrow=True),
    Case("AdaptiveMaxPooling1D", lambda: layers.AdaptiveMaxPooling1D(3), (8, 2), (3, 2)),
    Case("AdaptiveMaxPooling2D", lambda: layers.AdaptiveMaxPooling2D((3, 2)), (6, 5, 2), (3, 2, 2)),
    Case("AdaptiveMaxPooling3D", lambda: layers.AdaptiveMaxPooling3D(2), (4, 5, 2, 2), (2, 2, 2, 2), narrow=True),
    Case("MaxPooling2D", lambda: layers.MaxPooling2D(), (6, 7, 3), (3, 3, 3)),
    Case("MaxPooling2D same", lambda: layers.MaxPooling2D(3, strides=2, padding="same"), (6, 7, 3), (3, 4, 3)),
    Case("AveragePooling2D", lambda: layers.AveragePooling2D((2, 3)), (6, 7, 3), (3, 2, 3)),
    Case("AveragePooling2D same", lambda: layers.AveragePooling2D(2, strides=1, padding="same"), (4, 5, 1), (4, 5, 1)),
    Case("Flatten", lambda: layers.Flatten(), (3, 4, 2), (24,)),
    Case("Flatten of a vector", lambda: layers.Flatten(), (3,), (3,)),
    Case("Flatten channels first", lambda: layers.Flatten(data_format=FIRST), (3, 4, 2), (24,)),
    Case("Reshape", lambda: layers.Reshape((2, -1)), (3, 4), (2, 6)),
    Case("Permute", lambda: layers.Permute((3, 1, 2)), (3, 4, 2), (2, 3, 4)),
    Case("RepeatVector", lambda: layers.RepeatVector(4), (3,), (4, 3)),
    Case("Cropping1D", lambda: layers.Cropping1D((1, 2)), (6, 2), (3, 2)),
    Case("Cropping2D channels first", lambda: layers.Cropping2D(((1, 0), (2, 1)), data_format=FIRST), (2, 5, 6), (2, 4, 3)),
    Case("Cropping3D", lambda: layers.Cropping3D((1, 0, 1)), (4, 2, 3, 2), (2, 2, 1, 2)),
    Case("ZeroPadding1D channels first", lambda: layers.ZeroPadding1D(2, data_format=FIRST), (3, 4), (3, 8)),
    Case("ZeroPadding2D", lambda: layers.ZeroPadding2D((1, 2)), (3, 4, 2), (5, 8, 2)),
    Case("ZeroPadding3D channels first", lambda: layers.ZeroPadding3D(((1, 0), (0, 2), (1, 1)), data_format=FIRST),
         (2, 2, 3, 1), (2, 3, 5, 3)),
    Case("UpSampling1D", lambda: layers.UpSampling1D(3), (3, 2), (9, 2)),
    Case("UpSampling2D channels first", lambda: layers.UpSampling2D((2, 3), data_format=FIRST), (2, 3, 2), (2, 6, 6)),
    Case("UpSampling2D bilinear", lambda: layers.UpSampling2D(3, interpolation="bilinear"), (3, 2, 2), (9, 6, 2)),
    Case("UpSampling3D", lambda: layers.UpSampling3D(2), (2, 1, 3, 2), (4, 2, 6, 2)),
    Case("Add", lambda: layers.Add(), [(3, 4), (4,), (3, 1)], (3, 4)),
    Case("Subtract", lambda: layers.Subtract(), [(3, 4), (3, 4)], (3, 4)),
    Case("Multiply", lambda: layers.Multiply(), [(4,), (4,), (1,)], (4,)),
    Case("Average", lambda: layers.Average(), [(4,), (4,), (4,)], (4,)),
    Case("Maximum", lambda: layers.Maximum(), [(3, 4), (3, 4)], (3, 4)),
    Case("Minimum", lambda: layers.Minimum(), [(3, 4), (4,)], (3, 4)),
    Case("Concatenate", lambda: layers.Concatenate(), [(3, 4), (3, 1), (3, 2)], (3, 7)),
    Case("Concatenate of steps", lambda: layers.Concatenate(axis=1), [(3, 4), (2, 4)], (5, 4)),
    Case("Dot", lambda: layers.Dot(1), [(4,), (4,)], (1,)),
    Case("Dot of matrices", lambda: layers.Dot((1, 2)), [(4, 3), (2, 4)], (3, 2)),
    Case("Dot, cosine", lambda: layers.Dot(-1, normalize=True), [(2, 4), (3, 4)], (2, 3)),
    Case("Identity", lambda: layers.Identity(), (3, 2), (3, 2)),
    Case("Lambda", lambda: layers.Lambda(scaled, arguments={"factor": 3.0}), (3, 2), (3, 2)),
    Case("ELU", lambda: layers.ELU(0.5), (5,), (5,)),
    Case("LeakyReLU", lambda: layers.LeakyReLU(), (5,), (5,)),
    Case("PReLU", lambda: layers.PReLU("glorot_uniform"), (3, 4), (3, 4), ((3, 4),)),
    Case("PReLU shared", lambda: layers.PReLU(shared_axes=[1, 2]), (3, 4, 2), (3, 4, 2), ((1, 1, 2),)),
    Case("ReLU with options", lambda: layers.ReLU(max_value=0.8, negative_slope=0.2, threshold=0.3), (9,), (9,)),
    Case("ReLU with a slope", lambda: layers.ReLU(negative_slope=0.2), (9,), (9,)),
    Case("Softmax over axes", lambda: layers.Softmax(axis=[1, 2]), (5, 2), (5, 2)),
    Case("Activation", lambda: layers.Activation("softmax"), (5,), (5,)),
    Case("ReLU", lambda: layers.ReLU(), (5,), (5,)),
    Case("Softmax", lambda: layers.Softmax(axis=1), (5, 2), (5, 2)),
    Case("Dropout", lambda: layers.Dropout(0.5, seed=3), (50,), (50,), draws=True),
    Case("BatchNormalization", lambda: layers.BatchNormalization(), (5,), (5,), ((5,),) * 4),
    Case("BatchNormalization of images", lambda: layers.BatchNormalization(center=False), (3, 4, 2), (3, 4, 2), ((2,),) * 3),
    Case("BatchNormalization axis 1", lambda: layers.BatchNormalization(axis=1, scale=False), (3, 4), (3, 4), ((3,),) * 3),
    Case("Embedding", lambda: layers.Embedding(9, 3), (4,), (4, 3), ((9, 3),), integers=9),
    Case("LSTM", lambda: layers.LSTM(5), (6, 3), (5,), ((3, 20), (5, 20), (20,))),
    Case("LSTM sequences", lambda: layers.LSTM(4, return_sequences=True, use_bias=False), (6, 3), (6, 4), ((3, 16), (4, 16))),
    Case("LSTM backwards", lambda: layers.LSTM(4, return_sequences=True, go_backwards=True, unit_forget_bias=False), (6, 3), (6, 4),
         ((3, 16), (4, 16), (16,))),
]  # fmt: skip
