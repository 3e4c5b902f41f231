"""Attention.  Source: Vaswani et al., 2017, "Attention is all you need"."""

from __future__ import annotations

import math
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn.dropout import dropout
from gradwerk.ops.arithmetic import add, cast, mul, where
from gradwerk.ops.compare import equal, less_equal
from gradwerk.ops.functions import matmul, softmax
from gradwerk.ops.movement import expand_dims, transpose
from gradwerk.ops.precision import in_accumulator
from gradwerk.ops.reduction import reduce_max
from gradwerk.ops.source import arange
from gradwerk.tensor.random import Generator

Operand = Any
"""An array, a Value or a Tensor."""


def attention(
    query: Operand, key: Operand, value: Operand, mask: Operand | None = None, *, causal: bool = False, scale: float | None = None,
    rate: float = 0.0, generator: Generator | None = None,
) -> Operand:  # fmt: skip
    """softmax(query key^T scale + mask) value.

    The softmax takes the largest score away first, so that it does not overflow; a query that sees no key gets zeros.  A narrow dtype is
    computed in its accumulator and rounded once.
    Shape: query (..., queries, features), key (..., keys, features), value (..., keys, width), mask broadcast to (..., queries, keys);
    result (..., queries, width).  Dtype: floating, equal, kept.  Raises: ShapeError.

    Args:
        query, key, value: as above; leading axes broadcast.
        mask: bools that say which keys a query sees, or numbers that are added to the scores.
        causal: query i sees keys 0..i alone.
        scale: of the scores, 1 / sqrt(features) unless given.
        rate: the share of weights that dropout zeroes.
        generator: what draws for it.
    """
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        facts = tuple(f"{name} {tuple(x.shape)}" for name, x in (("query", query), ("key", key), ("value", value)))
        raise ShapeError("attention: query and key have other features, or key and value other counts", facts=facts)
    dtype, (q, k, v) = query.dtype, map(in_accumulator, (query, key, value))
    factor = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    swapped = (*range(k.ndim - 2), k.ndim - 1, k.ndim - 2)
    scores = matmul(mul(q, factor), transpose(k, swapped))
    if causal:
        rows, columns = (arange(n, dtypes.int64, like=q) for n in scores.shape[-2:])
        scores = where(less_equal(columns, expand_dims(rows, 1)), scores, -math.inf)
    if mask is not None:
        seen = dtypes.is_bool(mask.dtype)
        scores = where(mask, scores, -math.inf) if seen else add(scores, cast(mask, scores.dtype))
    hidden = None
    if mask is not None:
        hidden = equal(reduce_max(scores, -1, keepdims=True), -math.inf)
        scores = where(hidden, 0, scores)
    weights = softmax(scores)
    weights = weights if hidden is None else where(hidden, 0, weights)
    if rate and generator is not None:
        weights = dropout(weights, rate, generator)
    return cast(matmul(weights, v), dtype)
