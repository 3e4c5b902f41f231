"""Layers that make one of several inputs, and the functions that make such a layer and call it."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.masked import mask_of
from gradwerk.keras.options import LayerOptions, checked, checked_except, whole
from gradwerk.nn.merging import batch_dot
from gradwerk.nn.normalization import unit_norm
from gradwerk.ops import arithmetic
from gradwerk.ops.movement import concatenate as joined
from gradwerk.ops.movement import expand_dims

Operand = Any
"""A Tensor."""
Inputs = Sequence[Operand]


class Merging(Layer):
    """What merging layers share: a list of inputs of one batch.

    Those with fewer axes get new ones behind the batch; then shapes broadcast.
    """

    pairwise: ClassVar[staticmethod[[Operand, Operand], Operand]] = staticmethod(operator.add)
    """What is done to what is merged and the next input."""
    takes_masks: ClassVar[bool] = True
    """Whether inputs may have masks; what is left out of all inputs is left out of the result, where all have one."""
    supports_masking = True

    def call(self, inputs: Inputs) -> Operand:
        """Input by input."""
        return functools.reduce(type(self).pairwise, of_equal_rank(several(self, inputs)))


    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:  # noqa: ANN401  lists of Tensors
        """True where one of the masks is; None where an input has none."""
        masks = previous_mask if isinstance(previous_mask, (list, tuple)) else [None]
        return None if any(mask is None for mask in masks) else functools.reduce(operator.or_, masks)


class Add(Merging):
    """The sum of the inputs.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError, ArgumentError for one input."""


class Multiply(Merging):
    """The product of the inputs, element by element.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError."""

    pairwise = staticmethod(operator.mul)
    takes_masks = False


class Maximum(Merging):
    """The largest of the inputs, element by element.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError."""

    pairwise = staticmethod(arithmetic.maximum)
    takes_masks = False


class Minimum(Merging):
    """The smallest of the inputs, element by element.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError."""

    pairwise = staticmethod(arithmetic.minimum)
    takes_masks = False


class Average(Merging):
    """The mean of the inputs, element by element.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError."""

    def call(self, inputs: Inputs) -> Operand:
        """The sum by the number."""
        return super().call(inputs) / len(inputs)


class Subtract(Merging):
    """The first of two inputs without the second.  Shape: two (batch, ...), which broadcast.  Raises: ArgumentError for another number."""

    pairwise = staticmethod(operator.sub)

    def call(self, inputs: Inputs) -> Operand:
        """The difference."""
        return super().call(two(self, inputs))


class Concatenate(Layer):
    """The inputs one behind the other along an axis.

    Shape: a list of (batch, ...), equal but for the axis; the result has the sum of its extents.  Raises: ShapeError.
    """

    @checked
    def __init__(self, axis: int = -1, **options: Unpack[LayerOptions]) -> None:
        super().__init__(**options)
        self.axis = int(axis)

    takes_masks = False

    def call(self, inputs: Inputs) -> Operand:
        """See `concatenate`."""
        return joined(several(self, inputs), whole("Concatenate", "axis", self.axis, -32))


class Dot(Layer):
    """The sum of products of two inputs over one axis of each, example by example; of `normalize` the cosine of the angle.

    Shape: (batch, ...) twice; the result has their axes without the batch of the second and the two that are summed, at least two.
    Raises: ArgumentError for what are no axes, ShapeError where their extents differ.
    """

    supports_masking = True

    @checked_except("axes")
    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **options: Unpack[LayerOptions]) -> None:  # noqa: FBT001, FBT002
        super().__init__(**options)
        both = [axes, axes] if isinstance(axes, int) else axes
        if not isinstance(both, (list, tuple)) or len(both) != 2:
            raise ArgumentError(f"Dot: axes is an axis of both inputs, or one of each, this is {axes!r}")
        [whole("Dot", "axes", axis, -32) for axis in both]
        self.axes, self.normalize = axes, normalize

    def call(self, inputs: Inputs) -> Operand:
        """See `batch_dot`."""
        a, b = two(self, inputs)
        first, second = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        if self.normalize:
            a, b = unit_norm(a, (first,), epsilon=SHORTEST), unit_norm(b, (second,), epsilon=SHORTEST)
        return batch_dot(a, b, (first, second))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:  # noqa: ANN401
        """The result has none."""


SHORTEST = 1e-7
"""A vector that is shorter is divided by this, not by its length."""


def several(layer: Layer, inputs: Any) -> list[Operand]:  # noqa: ANN401  whatever a layer can be called with
    """The inputs of a merging layer.

    Raises: ArgumentError for one input, and for masks where Keras looks at them input by input; ShapeError for different batches.
    """
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ArgumentError(
            f"{type(layer).__name__} takes a list of inputs, this is a {type(inputs).__name__}", likely=f"{layer.label}([a, b])"
        )
    if not getattr(layer, "takes_masks", True) and any(mask_of(x) is not None for x in inputs):
        raise ArgumentError(f"{type(layer).__name__}: inputs with masks are not supported here yet")
    batches = {tuple(x.shape[:1]) for x in inputs}
    if len(batches) > 1:
        raise ShapeError(
            f"{type(layer).__name__}: the inputs are of different batches", facts=tuple(f"input {tuple(x.shape)}" for x in inputs)
        )
    return list(inputs)


def two(layer: Layer, inputs: Any) -> list[Operand]:  # noqa: ANN401  as above
    """Two of them.  Raises: ArgumentError for another number."""
    found = several(layer, inputs)
    if len(found) != 2:
        raise ArgumentError(f"{type(layer).__name__} takes two inputs, these are {len(found)}")
    return found


def of_equal_rank(inputs: Inputs) -> list[Operand]:
    """The inputs with as many axes as the one that has most: new ones stand behind the batch."""
    most = max(x.ndim for x in inputs)
    return [functools.reduce(lambda y, _: expand_dims(y, 1), range(most - x.ndim), x) for x in inputs]


def add(inputs: Inputs, **options: Unpack[LayerOptions]) -> Operand:
    """`Add` of the inputs.  Shape: a list of (batch, ...), which broadcast."""
    return Add(**options)(inputs)


def subtract(inputs: Inputs, **options: Unpack[LayerOptions]) -> Operand:
    """`Subtract` of two inputs.  Shape: two (batch, ...), which broadcast."""
    return Subtract(**options)(inputs)


def multiply(inputs: Inputs, **options: Unpack[LayerOptions]) -> Operand:
    """`Multiply` of the inputs.  Shape: a list of (batch, ...), which broadcast."""
    return Multiply(**options)(inputs)


def average(inputs: Inputs, **options: Unpack[LayerOptions]) -> Operand:
    """`Average` of the inputs.  Shape: a list of (batch, ...), which broadcast."""
    return Average(**options)(inputs)


def maximum(inputs: Inputs, **options: Unpack[LayerOptions]) -> Operand:
    """`Maximum` of the inputs.  Shape: a list of (batch, ...), which broadcast."""
    return Maximum(**options)(inputs)


def minimum(inputs: Inputs, **options: Unpack[LayerOptions]) -> Operand:
    """`Minimum` of the inputs.  Shape: a list of (batch, ...), which broadcast."""
    return Minimum(**options)(inputs)


def concatenate(inputs: Inputs, axis: int = -1, **options: Unpack[LayerOptions]) -> Operand:
    """`Concatenate` of the inputs.  Shape: a list of (batch, ...), equal but for the axis."""
    return Concatenate(axis, **options)(inputs)


def dot(inputs: Inputs, axes: int | Sequence[int] = -1, **options: Unpack[LayerOptions]) -> Operand:
    """`Dot` of two inputs.  Shape: (batch, ...) twice."""
    return Dot(axes, **options)(inputs)
