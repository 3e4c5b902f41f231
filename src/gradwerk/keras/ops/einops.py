"""keras.ops.rearrange: axes named in a pattern."""

from __future__ import annotations

import math
import re
from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand
from gradwerk.keras.ops.operands import tensor as as_tensor
from gradwerk.ops import movement

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers
op = Family("einops")


def _groups(side: str) -> list[list[str]]:
    """The names of each axis: `a (b c)` is [[a], [b, c]].  Raises: ArgumentError."""
    if not re.fullmatch(r"\s*((\(\s*[\w ]*\)|\w+)\s*)*", side):
        raise ArgumentError(f"ops.rearrange: {side.strip()!r} is no side of a pattern", likely='such as "b h w c -> b (h w) c"')
    return [part.strip("()").split() if part[0] == "(" else [part] for part in re.findall(r"\([^)]*\)|\w+", side)]


@op(2)
def rearrange(tensor: Operand, pattern: str, **axes_lengths: int) -> Any:
    """The axes as a pattern says, "b (h w) c -> b c h w": taken apart, in another order, joined; lengths are those of names.

    Shape: as the right side says.  Dtype: kept.
    Raises: ArgumentError for a pattern that names other axes, ShapeError where they do not fit.
    """
    x = as_tensor(tensor)
    if not isinstance(pattern, str) or pattern.count("->") != 1:
        raise ArgumentError(f"ops.rearrange: {pattern!r} is no pattern", likely='such as "b h w c -> b (h w) c"')
    left, right = (_groups(side) for side in pattern.split("->"))
    names, order = [name for group in left for name in group], [name for group in right for name in group]
    if sorted(names) != sorted(order) or len(set(names)) != len(names):
        raise ArgumentError(f"ops.rearrange: both sides of {pattern!r} name the same axes, once each")
    if len(left) != x.ndim:
        raise ShapeError(f"ops.rearrange: {pattern!r} has {len(left)} axes, the tensor {x.ndim}", facts=(f"tensor {tuple(x.shape)}",))
    extents: dict[str, int] = {}
    for group, n in zip(left, x.shape, strict=True):
        unknown = [name for name in group if name not in axes_lengths]
        known = math.prod([axes_lengths[name] for name in group if name in axes_lengths])
        if len(unknown) > 1 or (known and n % known) or (not unknown and known != n):
            facts = (f"tensor {tuple(x.shape)}", f"lengths {axes_lengths}")
            raise ShapeError(f"ops.rearrange: an axis of {n} does not come apart as ({' '.join(group)})", facts=facts)
        extents |= {name: n // max(known, 1) if name in unknown else axes_lengths[name] for name in group}
    apart = movement.reshape(x, [extents[name] for name in names])
    moved = movement.transpose(apart, [names.index(name) for name in order])
    return movement.reshape(moved, [math.prod([extents[name] for name in group]) for group in right])
