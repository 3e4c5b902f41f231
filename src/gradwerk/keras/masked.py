"""Values that carry a mask: which steps of each sequence count.

    y = Embedding(9, 4, mask_zero=True)(ids)      y has a mask, (batch, time): True where the step is one
    LSTM(3)(y)                                    steps left out change no state
    loss, metrics                                 do not count them

A layer hands the mask of its input on where it `supports_masking`: what `compute_mask` says is put on its result.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from gradwerk.base.errors import ShapeError
from gradwerk.base.origin import warn
from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.ops.compare import not_equal
from gradwerk.ops.elementwise import cast, mul
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.tensor.handle import Handle, make
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor."""


class Masked(Tensor):
    """A Tensor with a mask along its first axes, or None.  What is computed from it is a plain Tensor."""

    __slots__ = ("mask",)
    mask: Operand | None
    result_class: ClassVar[type[Handle]] = Tensor
    noted: ClassVar[tuple[str, ...]] = ()
    """What else a subclass knows of its value."""

    @property
    def _keras_mask(self) -> Operand | None:
        """The mask, as Keras' own guide to masks reads it."""
        return self.mask


def remembering(y: Tensor, kind: type[Tensor], **facts: Any) -> Any:  # noqa: ANN401  a `kind`
    """The same value, with what is known of it."""
    if y._requires_grad and y._node is None:  # a leaf, whose gradient would be another's
        y = mul(y, 1.0)
    kept = make(kind, y._storage, y._held, y._type, y._view)
    kept._node, kept._index = y._node, y._index
    for name, fact in facts.items():
        setattr(kept, name, fact)
    return kept


def with_mask(y: Any, mask: Any) -> Any:  # noqa: ANN401  a Tensor
    """The value with a mask."""
    kind = type(y) if isinstance(y, Masked) else Masked
    return remembering(y, kind, mask=mask, **{name: getattr(y, name) for name in kind.noted})


def without_mask(y: Any) -> Any:  # noqa: ANN401  a Tensor
    """The same value, which carries no mask."""
    return remembering(y, Tensor) if isinstance(y, Masked) else y


def mask_of(y: Any) -> Any:  # noqa: ANN401
    """The mask of a value, or None."""
    return getattr(y, "mask", None) if isinstance(y, Masked) else None


def masks_of(x: Any) -> Any:  # noqa: ANN401  a Tensor, or a tree of them
    """The mask, or a tree of masks; None where there is none at all."""
    if type(x) is Tensor:
        return None
    if isinstance(x, Tensor):
        return mask_of(x)
    found = map_tree(mask_of, x)
    return found if any(one is not None for one in flatten(found)) else None


def as_mask(mask: Any) -> Any:  # noqa: ANN401
    """A mask that was given as an array, as a Tensor; a list of them likewise."""
    return map_tree(lambda one: Tensor(one) if isinstance(one, (np.ndarray, np.generic)) else one, mask)


def mask_for(layer: Any, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """The masks that a call begins with: what it is given, else those of its input, of which `call` is told where it asks."""
    place = layer.mask_place
    if place is not None and 1 <= place <= len(args) and args[place - 1] is not None:
        return args[place - 1]
    if place is not None and kwargs.get("mask") is not None:
        kwargs["mask"] = as_mask(kwargs["mask"])
        return kwargs["mask"]
    found = masks_of(x)
    if found is not None and place is not None and len(args) < place:
        kwargs["mask"] = found
    return found


def handed_on(layer: Any, x: Any, result: Any, before: Any) -> Any:  # noqa: ANN401
    """A layer's result with the masks that follow from those before; one that has its masks already keeps them."""
    results = flatten(result)
    if all(mask_of(one) is not None for one in results):
        return result
    if not layer.supports_masking:
        if before is not None:
            warn(
                f"{layer.label} was given a value with a mask, does not support masking, and gives one without: "
                f"what stands behind it counts every step.  If that is not meant, set self.supports_masking = True in its __init__."
            )
        return result
    masks = flatten(layer.compute_mask(x, before))
    masks += [None] * (len(results) - len(masks))
    made = [
        with_mask(one, mask) if mask is not None and isinstance(one, Tensor) and mask_of(one) is None else one
        for one, mask in zip(results, masks, strict=False)
    ]
    return made[0] if isinstance(result, Tensor) else unflatten(result, made)


def weights_of_mask(mask: Any, values: Operand) -> Operand:  # noqa: ANN401
    """1 for each value that counts, else 0, in the shape and dtype of the values; the mask has some of their first axes.

    Raises: ShapeError.
    """
    taken = mask if mask.dtype == np.bool_ else not_equal(mask, 0)
    if len(taken.shape) == len(values.shape) + 1 and taken.shape[-1] == 1:
        taken = reshape(taken, tuple(taken.shape[:-1]))
    if tuple(values.shape[: len(taken.shape)]) != tuple(taken.shape):
        raise ShapeError(
            "the mask of the predictions does not fit the losses",
            facts=(f"mask {tuple(taken.shape)}      losses {tuple(values.shape)}",),
            likely="targets have an axis of features, as the predictions have: y[..., None]",
        )
    along = reshape(taken, (*taken.shape, *[1] * (len(values.shape) - len(taken.shape))))
    return broadcast_to(cast(along, values.dtype), tuple(values.shape))
