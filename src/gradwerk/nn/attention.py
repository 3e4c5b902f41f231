"""Attention.  Source: Vaswani et al., 2017, "Attention is all you need"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn.activation import softmax_over
from gradwerk.nn.dropout import dropout
from gradwerk.ops.compare import equal, less, less_equal
from gradwerk.ops.elementwise import abs_, add, cast, mul, sub, tanh, where
from gradwerk.ops.functions import matmul, softmax
from gradwerk.ops.movement import broadcast_to, expand_dims, reshape, transpose
from gradwerk.ops.precision import in_accumulator
from gradwerk.ops.reduction import reduce_max, reduce_sum
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


def attend(
    scores: Operand, value: Operand, seen: Operand | None = None, *, rate: float = 0.0, generator: Generator | None = None,
    spread: bool = False, averaged: bool = False,
) -> tuple[Operand, Operand]:  # fmt: skip
    """weights value, and the weights: the softmax of scores over the keys that are seen.

    A query that sees no key has weights of 0, or with `spread` sees all keys alike.  A narrow dtype is computed in its accumulator.
    Shape: scores (..., queries, keys), value (..., keys, width), seen broadcast to the scores; results (..., queries, width) and
    (..., queries, keys).  Dtype: floating, equal, kept.

    Args:
        scores: how well each key fits each query.
        value: what is averaged.
        seen: bools.
        rate: the share of weights that dropout zeroes, in what is averaged.
        generator: what draws for it.
        spread: see above.
        averaged: whether the weights that are given back are those after dropout, by which the values were averaged.
    """
    dtype, wide = value.dtype, in_accumulator(scores)
    if spread and seen is not None:
        weights = softmax(where(seen, wide, -0.7 * float(dtypes.limits(wide.dtype).max)))
    else:
        weights = softmax_over(wide, -1, seen)
    kept = dropout(weights, rate, generator) if rate and generator is not None else weights
    return cast(matmul(kept, in_accumulator(value)), dtype), cast(kept if averaged else weights, dtype)


def lowered(scores: Operand, seen: Operand) -> Operand:
    """Scores from which a large number is taken away where a key is not seen: a query that sees none has them in their order still.

    Shape: scores (..., queries, keys), beside which seen broadcasts; kept.  Dtype: floating, kept.
    """
    return where(seen, scores, sub(scores, 65504.0 if scores.dtype == np.float16 else 1e9))


def dot_scores(query: Operand, key: Operand, scale: Operand | float) -> Operand:
    """query key^T scale.  Dtype: the accumulator of theirs.

    Shape: (..., queries, features), (..., keys, features) -> (..., queries, keys).
    """
    swapped = (*range(key.ndim - 2), key.ndim - 1, key.ndim - 2)
    return matmul(mul(in_accumulator(query), in_accumulator(scale)), transpose(in_accumulator(key), swapped))


def additive_scores(query: Operand, key: Operand, inside: Operand | float = 1.0, outside: Operand | float = 1.0) -> Operand:
    """sum over features of outside tanh(inside (query + key)).  Source: Bahdanau et al., arXiv:1409.0473.

    Shape: (..., queries, features), (..., keys, features) -> (..., queries, keys).  Dtype: floating, kept.
    """
    both = add(expand_dims(query, query.ndim - 1), expand_dims(key, key.ndim - 2))
    both = both if isinstance(inside, float) else mul(both, inside)
    return reduce_sum(mul(tanh(both), outside), -1)


def multi_head(
    query: Operand, key: Operand, value: Operand, seen: Operand | None = None, *, axes: Sequence[int], rate: float = 0.0,
    generator: Generator | None = None, spread: bool = False,
) -> tuple[Operand, Operand]:  # fmt: skip
    """Scaled dot-product attention of each head by itself, over one axis or several, and the weights.

    Shape: query (batch, ..., heads, width), key and value alike but for the extents of `axes`, seen (batch, queries, keys) with as many
    axes of each as there are `axes`; results (batch, ..., heads, width of value) and (batch, ..., heads, queries, keys).
    Dtype: floating, equal, kept.  Source: Vaswani et al., 2017.  Raises: ShapeError for a mask of fewer axes.

    Args:
        query, key, value: as above.
        seen: bools; axes that are missing stand before the heads.
        axes: those of queries and keys.
        rate, generator, spread: see `attend`.
    """
    others = [k for k in range(query.ndim - 1) if k not in axes]  # the batch, what attention goes over by itself, the heads
    q, k, v = (_rows(x, others, axes) for x in (query, key, value))
    lead, queries, keys = q.shape[: len(others)], tuple(query.shape[a] for a in axes), tuple(key.shape[a] for a in axes)
    if seen is not None:
        if seen.ndim <= 2 * len(axes):
            problem = f"attention: a mask has the batch, {len(axes)} axes of queries and as many of keys; this has {seen.ndim} axes"
            raise ShapeError(problem, facts=(f"mask {tuple(seen.shape)}      query {tuple(query.shape)}",))
        while seen.ndim < len(others) + 2 * len(axes):
            seen = expand_dims(seen, seen.ndim - 2 * len(axes))
        whole = (*seen.shape[: len(others)], *queries, *keys)
        seen = reshape(broadcast_to(seen, whole), (*whole[: len(others)], math.prod(queries), math.prod(keys)))
    scores = dot_scores(q, k, 1 / math.sqrt(q.shape[-1]))
    y, weights = attend(scores, v, seen, rate=rate, generator=generator, spread=spread)
    order = [*others, *axes, query.ndim - 1]
    y = transpose(reshape(y, (*lead, *queries, v.shape[-1])), [order.index(k) for k in range(query.ndim)])
    return y, reshape(weights, (*lead, *queries, *keys))


def _rows(x: Operand, others: Sequence[int], axes: Sequence[int]) -> Operand:
    """(batch, ..., heads, width) as (others..., the places of all axes, width)."""
    moved = transpose(x, (*others, *axes, x.ndim - 1))
    return reshape(moved, (*moved.shape[: len(others)], math.prod(x.shape[a] for a in axes), x.shape[-1]))


def earlier(query: Operand, key: Operand) -> Operand:
    """Which keys a query sees that sees none behind its own place.

    Shape: (batch, queries, ...), (batch, keys, ...) -> (1, queries, keys).
    """
    rows, columns = _places(query, key)
    return less_equal(columns, rows)


def near(query: Operand, key: Operand, reach: int) -> Operand:
    """Which keys a query sees that sees those less than `reach` places away.  Shape: as of `earlier`."""
    rows, columns = _places(query, key)
    return less(abs_(sub(rows, columns)), reach)


def _places(query: Operand, key: Operand) -> tuple[Operand, Operand]:
    """The numbers of queries (1, queries, 1) and of keys (1, 1, keys)."""
    rows, columns = (arange(x.shape[1], dtypes.int64, like=query) for x in (query, key))
    return reshape(rows, (1, query.shape[1], 1)), reshape(columns, (1, 1, key.shape[1]))
