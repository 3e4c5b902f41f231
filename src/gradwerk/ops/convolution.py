"""Transposed convolution, as an instance of the one contraction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from gradwerk.ir.op import Operand
from gradwerk.ops.contraction import Contract, Index, axes
from gradwerk.ops.movement import reshape


def conv_transpose(
    x: Operand, kernel: Operand, space: Sequence[int], strides: Sequence[int], low: Sequence[int], dilation: Sequence[int], groups: int = 1
) -> Operand:
    """The gradient for its input of a convolution with this kernel whose input has these extents of space.

    Element y of the result reads x at (y + low - dilation r) / stride, where that is whole and inside.
    Shape: x (n, places..., c), kernel (window..., k / groups, c), result (n, space..., k).  Dtype: equal, kept.
    """
    op = _transposed(tuple(x.shape), tuple(kernel.shape), tuple(space), tuple(strides), tuple(low), tuple(dilation), groups)
    if groups > 1:
        x = reshape(x, (*x.shape[:-1], groups, x.shape[-1] // groups))
        kernel = reshape(kernel, (*kernel.shape[:-1], groups, kernel.shape[-1] // groups))
    y = op(x, kernel)
    return reshape(y, (*y.shape[: len(space) + 1], math.prod(y.shape[len(space) + 1 :]))) if groups > 1 else y


@lru_cache(maxsize=1024)
def _transposed(
    x: tuple[int, ...], kernel: tuple[int, ...], space: tuple[int, ...], strides: tuple[int, ...], low: tuple[int, ...],
    dilation: tuple[int, ...], groups: int,
) -> Contract:  # fmt: skip
    """The contraction; with groups, of operands whose channels are split into (groups, rest)."""
    rank = len(space)
    places, taps = [f"y{k}" for k in range(rank)], [f"r{k}" for k in range(rank)]
    group = ["g"] if groups > 1 else []
    extent = {"n": x[0]} | dict(zip(places, space, strict=True)) | dict(zip(taps, kernel[:rank], strict=True))
    extent |= dict.fromkeys(group, groups) | {"k": kernel[-2], "c": kernel[-1] // groups}
    steps = zip(places, taps, strides, low, dilation, strict=True)
    read = [Index(((y, 1), (r, -d)), p, s).normal() for y, r, s, p, d in steps]
    lhs = (*axes("n"), *read, *axes([*group, "c"]))
    return Contract(lhs, axes([*taps, "k", *group, "c"]), ("n", *places, *group, "k"), tuple(extent.items()))
