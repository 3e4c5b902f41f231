"""Arrays in the shape that a model's input has: what is done to them, and what is said where that cannot be."""

from __future__ import annotations

import math

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.keras.layers.layer import Array, Shape


def fitted(x: Array, expected: Shape, what: str = "x", *, counted: bool = False) -> Array:
    """x in the shape that an input expects: (n,) meets (n, 1).  `what` names it in errors.

    `counted` says that there is a target for each x[k], so that x is no single example.  Raises: ShapeError naming the axis.
    """
    if x.ndim == 1 and expected in {(None, 1), (len(x), 1)}:
        return x[:, None]
    bad = [k for k in range(1, min(len(expected), x.ndim)) if expected[k] not in {None, x.shape[k]}]
    if len(expected) == x.ndim and not bad:
        return x
    raise ShapeError(
        f"{what} has {x.ndim} axes, the model expects {len(expected)}" if len(expected) != x.ndim
        else f"axis {bad[0]} of {what} is {x.shape[bad[0]]}, the model expects {expected[bad[0]]}",
        facts=(f"{what} {x.shape} {dtypes.name(x.dtype)}", f"the model's input {expected}"),
        likely=reshaped(x.shape, expected, counted=counted),
    )  # fmt: skip


def reshaped(shape: tuple[int, ...], expected: Shape, *, counted: bool = False) -> str:
    """What makes an array of this shape one that is expected; '' where that is not clear.

    An array that is `counted` has as many examples as targets, so that it is no single one.
    """

    def fits(other: tuple[int, ...]) -> bool:
        return len(other) == len(expected) and all(n in {None, m} for n, m in zip(expected[1:], other[1:], strict=True))

    single, grey = (1, *shape), (*shape, 1)
    if len(shape) > 1 and fits(single) and fits(grey):
        return ""
    if fits(grey):
        what = "grey images lack the channels axis" if len(expected) == 4 else "numbers lack the features axis"
        return f"{what}: x[..., None]" if len(expected) > 2 else "x[:, None]"
    if fits(single):
        whole = f"the shape of an Input is that of one example, without their number: keras.Input({shape[1:]})"
        return whole if counted else "a single example lacks the batch axis: x[None]"
    if fits((1, *grey)) and not counted:
        return "a single grey image lacks the batch and the channels axis: x[None, ..., None]"
    if len(shape) == len(expected) == 4 and fits((shape[0], shape[2], shape[3], shape[1])):
        return "the channels stand first; they belong last: x.transpose(0, 2, 3, 1)"
    known = [n for n in expected[1:] if n is not None]
    if len(known) == len(expected) - 1 and math.prod(shape[1:]) == math.prod(known):
        return f"x.reshape({', '.join(map(str, (-1, *known)))})"
    if shape and shape[-1:] == (1,) and fits(shape[:-1]):
        return "x[..., 0]"
    return ""
