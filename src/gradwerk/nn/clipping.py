"""Clipping of gradients, by the norm of all of them together and by value: functions of ops, which an update rule comes behind."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError
from gradwerk.ops.compare import not_equal
from gradwerk.ops.elementwise import abs_, add, cast, div, maximum, minimum, mul, sqrt, sub
from gradwerk.ops.functions import power
from gradwerk.ops.precision import in_accumulator
from gradwerk.ops.reduction import reduce_max, reduce_min, reduce_sum

Operand = Any
"""An array, a Value or a Tensor."""


def total_norm(gradients: Sequence[Operand], order: float = 2.0) -> Operand:
    """The norm of all gradients, as one vector: (sum |g|^order)^(1/order); for an infinite order the largest or smallest |g|.

    Order 0 counts the gradients that are not 0 everywhere (PyTorch's norm is one of norms).
    Shape: 0-d.  Dtype: the widest of the gradients'.  Raises: ArgumentError for no gradient, and for an empty one where the order has no
    norm of nothing.  Source: `torch.nn.utils.get_total_norm`.
    """
    if not gradients:
        raise ArgumentError("no gradient to clip", likely="call backward() first")
    if (order < 0 or order == math.inf) and any(math.prod(g.shape) == 0 for g in gradients):
        raise ArgumentError(f"cannot compute the {order:g} norm on an empty tensor: the operation has no identity")
    dtype = reduce(dtypes.promoted, [g.dtype for g in gradients])
    return cast(_norm([in_accumulator(g) for g in gradients], order, dtypes.accumulator(dtype)), dtype)


def _norm(gradients: Sequence[Operand], order: float, dtype: DType) -> Operand:
    parts = [cast(_part(g, order), dtype) for g in gradients]
    if order == 0:
        return reduce(add, [cast(not_equal(part, 0), dtype) for part in parts])
    if math.isinf(order):
        return reduce(maximum if order > 0 else minimum, parts)
    total = reduce(add, parts)
    return sqrt(total) if order == 2 else total if order == 1 else power(total, dtypes.converted(np.asarray(1 / order), dtype))


def _part(g: Operand, order: float) -> Operand:
    """What one gradient gives to the norm: its sum of powers, its largest or smallest element, its count."""
    if order == 2:
        return reduce_sum(mul(g, g))
    if order == 0:
        return reduce_sum(cast(not_equal(g, 0), g.dtype))
    size = abs_(g)
    if math.isinf(order):
        return reduce_max(size) if order > 0 else reduce_min(size)
    return reduce_sum(size if order == 1 else power(size, dtypes.of_value(order, g.dtype)))


def scale_to_norm(norm: Operand, limit: Operand, offset: float = 1e-6) -> Operand:
    """The factor that takes gradients of this norm to at most `limit`: min(1, limit / (norm + offset)).

    Of an infinite norm it is 0 and of NaN it is NaN, as in PyTorch: then infinite gradients become NaN.
    Source: Pascanu et al., 2012, "On the difficulty of training recurrent neural networks".
    """
    return minimum(div(limit, add(norm, offset)), 1.0)


def clip_by_value(g: Operand, limit: float) -> Operand:
    """The gradient, each element between -limit and limit; NaN stays."""
    return minimum(maximum(g, -limit), limit)


@dataclass(frozen=True)
class Clip(ABC):
    """What is done to the gradients of a step before the rule sees them.  `limit` is above 0."""

    limit: float

    @abstractmethod
    def of(self, gradients: Sequence[Operand | None]) -> list[Operand | None]:
        """The gradients, clipped; None stands for a parameter without one."""


class ByValue(Clip):
    """Each element between -limit and limit."""

    def of(self, gradients: Sequence[Operand | None]) -> list[Operand | None]:
        """See `clip_by_value`."""
        return [None if g is None else clip_by_value(g, self.limit) for g in gradients]


class ByNorm(Clip):
    """Each gradient by itself: g <- g * limit / max(|g|, limit)."""

    def of(self, gradients: Sequence[Operand | None]) -> list[Operand | None]:
        """Of norm `limit` at most."""
        return [None if g is None else div(mul(g, self.limit), maximum(total_norm([g]), self.limit)) for g in gradients]


class ByGlobalNorm(Clip):
    """All gradients as one vector: g <- g * limit * min(1 / |g|, 1 / limit); all NaN where the norm is not finite, as in Keras."""

    def of(self, gradients: Sequence[Operand | None]) -> list[Operand | None]:
        """Of norm `limit` at most together."""
        given = [g for g in gradients if g is not None]
        if not given:
            return list(gradients)
        norm = total_norm(given)
        scale = add(mul(minimum(div(1.0, norm), 1.0 / self.limit), self.limit), sub(norm, norm))
        return [None if g is None else mul(g, cast(scale, g.dtype) if scale.dtype != g.dtype else scale) for g in gradients]
