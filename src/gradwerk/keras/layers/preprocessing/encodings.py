"""Discretization and CategoryEncoding: numbers as those of bins, and numbers of classes as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.data.encoding import MODES
from gradwerk.data.summaries import compressed, merged, summary_of
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.preprocessing.host import batches_of, mode_of, refuse_sparse
from gradwerk.keras.options import LayerOptions, checked_except, is_number, numbers, positive_integer, whole
from gradwerk.nn.encoding import bin_of, encode
from gradwerk.train.checks import as_data

Operand = Any
"""A Tensor."""


class Discretization(Layer):
    """The number of the bin that each number falls into: how many boundaries are at or below it.

    Shape: int: any, kept, int32; one_hot, multi_hot, count: rows of as many numbers as there are bins, float32 (see `encode`).
    Raises: ArgumentError for both or none of boundaries and a number of bins.

    Args:
        bin_boundaries: where one bin ends and the next begins.
        num_bins: how many bins of about as many numbers each `adapt` makes.
        epsilon: how precisely it does, as a share of all numbers.
        output_mode: int, one_hot, multi_hot or count.
        sparse: refused.
    """

    computes_in = np.float32

    @checked_except("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse")
    def __init__(
        self, bin_boundaries: Sequence[float] | None = None, num_bins: int | None = None, epsilon: float = 0.01, output_mode: str = "int",
        sparse: bool = False, **options: Unpack[LayerOptions],  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(**options)
        if (bin_boundaries is None) == (num_bins is None):
            raise ArgumentError("Discretization: bin_boundaries or num_bins, one of them", likely="num_bins=10, then adapt(data)")
        refuse_sparse("Discretization", sparse=sparse)
        if not is_number(epsilon) or not 0 < epsilon < 1:
            raise ArgumentError(f"Discretization: epsilon is a share between 0 and 1, this is {epsilon!r}")
        self.bin_boundaries = None if bin_boundaries is None else numbers("Discretization", "bin_boundaries", bin_boundaries)
        self.num_bins = None if num_bins is None else whole("Discretization", "num_bins", num_bins, 1)
        self.epsilon, self.output_mode, self.sparse = float(epsilon), mode_of("Discretization", output_mode, ("int", *MODES)), False
        self.summary = np.zeros((2, 0), np.float32)

    def adapt(self, data: Any, steps: int | None = None) -> None:  # noqa: ANN401  an array, or what gives batches
        """Finds boundaries between bins of about as many numbers of the data each.  Raises: StateError where they were given."""
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data: Any) -> None:  # noqa: ANN401
        """Looks at more data.  Raises: StateError for boundaries that were given; DTypeError for what is no number."""
        if self.num_bins is None:
            raise StateError(f"{self.label} was given its boundaries: there is nothing to learn", likely="num_bins=... instead")
        values = as_data(data, "Discretization.adapt: data").astype(np.float32)
        self.summary = merged(summary_of(values, self.epsilon), self.summary, self.epsilon)

    def finalize_state(self) -> None:
        """Boundaries of what was seen."""
        if self.num_bins is not None and self.summary.size:
            self.bin_boundaries = compressed(self.summary, 1.0 / self.num_bins)[0, :-1].tolist()

    def reset_state(self) -> None:
        """Forgets what was seen."""
        self.summary = np.zeros((2, 0), np.float32)

    def call(self, inputs: Operand) -> Operand:
        """See `bin_of`, `encode`."""
        if self.bin_boundaries is None:
            raise StateError(f"{self.label} has no boundaries yet", likely="adapt(data), or bin_boundaries=[...]")
        found = bin_of(floating(inputs), np.asarray(self.bin_boundaries, np.float32))
        return found if self.output_mode == "int" else encode(found, self.output_mode, len(self.bin_boundaries) + 1)

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """int32 for numbers of bins."""
        return "int32" if self.output_mode == "int" else "float32"

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `encode`."""
        depth = self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        return tuple(input_shape) if self.output_mode == "int" else row_shape(tuple(input_shape), self.output_mode, depth)

    def get_config(self) -> dict[str, Any]:
        """The arguments, and the boundaries that were found."""
        return super().get_config() | {"bin_boundaries": self.bin_boundaries, "num_bins": self.num_bins}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer from `get_config`'s answer, boundaries that were found included."""
        given = {name: value for name, value in config.items() if name != "dtype"}
        found = given.pop("bin_boundaries", None) if given.get("num_bins") is not None else None
        layer = cls(**given)
        if found is not None:
            layer.bin_boundaries = numbers("Discretization", "bin_boundaries", found)
        return layer


class CategoryEncoding(Layer):
    """Numbers of classes as rows of so many numbers.

    Shape: one_hot (..., n) -> (..., n, num_tokens), (..., 1) -> (..., num_tokens); multi_hot and count (batch, n) -> (batch, num_tokens).
    Dtype: float32.  Raises: ArgumentError for what is no number of classes.

    Args:
        num_tokens: how many classes there are; other numbers count for nothing.
        output_mode: multi_hot, one_hot, or count.
        sparse: refused.
    """

    @checked_except("num_tokens", "output_mode", "sparse")
    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **options: Unpack[LayerOptions]  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(**options)
        refuse_sparse("CategoryEncoding", sparse=sparse)
        self.num_tokens = positive_integer("CategoryEncoding", "num_tokens", num_tokens)
        self.output_mode, self.sparse = mode_of("CategoryEncoding", output_mode, MODES), False

    def call(self, inputs: Operand, count_weights: Operand = None) -> Operand:
        """See `encode`."""
        if count_weights is not None and self.output_mode != "count":
            raise ArgumentError(f"CategoryEncoding: count_weights are not used with output_mode={self.output_mode!r}")
        weights = count_weights
        if weights is not None and not (hasattr(weights, "dtype") and dtypes.is_float(weights.dtype)):
            weights = as_data(weights, "count_weights").astype(np.float32)
        return encode(inputs, self.output_mode, self.num_tokens, weights)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """See `encode`."""
        return row_shape(tuple(input_shape), self.output_mode, self.num_tokens)


def row_shape(shape: Shape, mode: str, depth: int | None) -> Shape:
    """The shape of `encode`'s result."""
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (shape[0], *shape[2:], depth) if len(shape) > 1 else (depth,)
