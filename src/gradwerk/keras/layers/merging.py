"""Layers that make one of several inputs, and the functions that make such a layer and call it."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any, ClassVar, Unpack

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.masked import mask_of, with_mask
from gradwerk.keras.options import LayerOptions, checked, checked_except, whole
from gradwerk.nn.merging import batch_dot
from gradwerk.nn.normalization import unit_norm
from gradwerk.ops import arithmetic
from gradwerk.ops.elementwise import where
from gradwerk.ops.logic import any_of, truth
from gradwerk.ops.movement import broadcast_to, expand_dims
from gradwerk.ops.movement import concatenate as joined
from gradwerk.ops.source import full
from gradwerk.ops.truths import reduce_any

Operand = Any
"""A Tensor."""
Inputs = Sequence[Operand]


class Merging(Layer):
    """What merging layers share: a list of inputs of one batch.

    Those with fewer axes get new ones behind the batch; then shapes broadcast.
    """

    pairwise: ClassVar[staticmethod[[Operand, Operand], Operand]] = staticmethod(operator.add)
    """What is done to what is merged and the next input."""
    supports_masking = True

    def call(self, inputs: Inputs) -> Operand:
        """Input by input."""
        return functools.reduce(type(self).pairwise, of_equal_rank(several(self, inputs)))


    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # noqa: ANN401  lists of Tensors
        """True where one of the masks is; None where an input has none.  Raises: ArgumentError for other than a list of one each."""
        masks = masks_of_inputs(inputs, mask)
        return None if any(one is None for one in masks) else functools.reduce(any_of, masks)


class Add(Merging):
    """The sum of the inputs.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError, ArgumentError for one input."""


class Multiply(Merging):
    """The product of the inputs, element by element.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError.

    What a mask leaves out of an input is 1 there; what all leave out is 0.
    """

    pairwise = staticmethod(operator.mul)

    def call(self, inputs: Inputs) -> Operand:
        """See the class."""
        masks = [along_features(x) for x in several(self, inputs)]
        if all(mask is None for mask in masks):
            return super().call(inputs)
        shown = [x if mask is None else where(mask, x, 1) for x, mask in zip(inputs, masks, strict=True)]
        product = super().call(shown)
        if any(mask is None for mask in masks):
            return product
        of_one: Any = functools.reduce(any_of, masks)
        return with_mask(where(of_one, product, 0), reduce_any(of_one, (of_one.ndim - 1,)))


class Maximum(Merging):
    """The largest of the inputs, element by element.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError."""

    pairwise = staticmethod(arithmetic.maximum)

    def call(self, inputs: Inputs) -> Operand:
        """Of what masks show."""
        return of_shown(type(self).pairwise, inputs) if any(mask_of(x) is not None for x in several(self, inputs)) else super().call(inputs)


class Minimum(Merging):
    """The smallest of the inputs, element by element.  Shape: a list of (batch, ...), which broadcast.  Raises: ShapeError."""

    pairwise = staticmethod(arithmetic.minimum)

    def call(self, inputs: Inputs) -> Operand:
        """Of what masks show."""
        return of_shown(type(self).pairwise, inputs) if any(mask_of(x) is not None for x in several(self, inputs)) else super().call(inputs)


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

    supports_masking = True

    def call(self, inputs: Inputs) -> Operand:
        """See `concatenate`."""
        return joined(several(self, inputs), whole("Concatenate", "axis", self.axis, -32))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # noqa: ANN401  lists of Tensors
        """True where a feature is shown; None where no input has a mask.  Raises: ArgumentError for other than a list of one each."""
        masks = masks_of_inputs(inputs, mask)
        if all(one is None for one in masks):
            return None
        every = [_spread(one, x) for one, x in zip(masks, inputs, strict=True)]
        whole_mask = joined(every, self.axis)
        return reduce_any(whole_mask, (whole_mask.ndim - 1,))


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


def masks_of_inputs(inputs: Any, mask: Any) -> list[Any]:  # noqa: ANN401  as `compute_mask` gets them
    """A mask, or None, for each input.  Raises: ArgumentError for what is no list of as many."""
    if mask is None:
        return [None]
    for what, given in (("mask", mask), ("inputs", inputs)):
        if not isinstance(given, (list, tuple)):
            raise ArgumentError(f"compute_mask: `{what}` should be a list, this is a {type(given).__name__}")
    if len(mask) != len(inputs):
        raise ArgumentError("compute_mask: `inputs` and `mask` should have the same length", facts=(f"{len(inputs)} and {len(mask)}",))
    return list(mask)


def along_features(x: Operand) -> Operand | None:
    """The mask of a value, for each of its features; None where it has none."""
    mask = mask_of(x)
    return None if mask is None else _spread(mask, x)


def _spread(mask: Operand | None, x: Operand) -> Operand:
    """A mask in the shape of a value; None is one that shows all."""
    if mask is None:
        return full(tuple(x.shape), 1, dtypes.bool_, like=(x,))
    wide = truth(mask)
    return broadcast_to(expand_dims(wide, wide.ndim), tuple(x.shape)) if wide.ndim < x.ndim else wide


def of_shown(pairwise: Any, inputs: Inputs) -> Operand:  # noqa: ANN401  a function of two
    """Input by input, each of two in the place of the other where a mask leaves that out; with a mask where all have one."""
    found, shown = inputs[0], along_features(inputs[0])
    for one in inputs[1:]:
        x, mask = one, along_features(one)
        x = x if mask is None else where(mask, x, found)
        found = found if shown is None else where(shown, found, x)
        shown = None if mask is None or shown is None else any_of(shown, mask)
        found = pairwise(found, x)
    return found if shown is None else with_mask(found, reduce_any(shown, (shown.ndim - 1,)))


def several(layer: Layer, inputs: Any) -> list[Operand]:  # noqa: ANN401  whatever a layer can be called with
    """The inputs of a merging layer.

    Raises: ArgumentError for one input; ShapeError for different batches.
    """
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ArgumentError(
            f"{type(layer).__name__} takes a list of inputs, this is a {type(inputs).__name__}", likely=f"{layer.label}([a, b])"
        )
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
