"""torch.nn.functional.embedding and embedding_bag: rows of a table, alone or put together."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.nn import embedding as core_embedding
from gradwerk.ops.arithmetic import add, cast, div, maximum, mul, sub, where
from gradwerk.ops.compare import equal, greater, logical_and, not_equal
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.movement import expand_dims, reshape
from gradwerk.ops.norms import norm
from gradwerk.ops.quantiles import searchsorted
from gradwerk.ops.scatter_extremes import scatter_max
from gradwerk.ops.source import arange, full
from gradwerk.tensor.grad import no_grad
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
MODES = ("sum", "mean", "max")


@as_recorded(ignored=("sparse",))
def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
) -> Tensor:  # fmt: skip
    """Rows of the table.  Shape: input (...) integer, weight (symbols, units); result (..., units).

    Gradients are dense; `sparse` is taken and changes nothing.
    Raises: ShapeError for a table that is no matrix, ArgumentError for a padding_idx outside of it.

    Args:
        input, weight: as above.
        padding_idx: the row that gets no gradient.
        max_norm: rows that are chosen and longer are made so long, in place.
        norm_type: by which norm.
        scale_grad_by_freq: whether the gradient of a row is divided by how often it was chosen.
    """
    checks.ids("embedding", input)
    _table("embedding", weight)
    scaled = arguments.switch("embedding", "scale_grad_by_freq", scale_grad_by_freq)
    if max_norm is not None:
        most, order = (arguments.number("embedding", name, value) for name, value in (("max_norm", max_norm), ("norm_type", norm_type)))
        _shorten(input, weight, most, order)
    rows = core_embedding.embedding(input, weight)
    row = _row("embedding", padding_idx, weight)
    if row is not None:
        rows = where(expand_dims(equal(input, row), -1), rows.detach(), rows)
    if scaled and rows.requires_grad:
        counts = _counts(input, weight)
        rows.register_hook(lambda gradient: div(gradient, expand_dims(cast(gather(counts, input), gradient.dtype), -1)))
    return rows


@as_recorded(ignored=("sparse",))
def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, mode: str = "mean", per_sample_weights: Tensor | None = None, include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """The sum, mean or maximum of the rows of each bag.

    Shape: input (bags, rows), or (rows of all bags,) with offsets (bags,), where each begins; result (bags, units).
    Raises: ShapeError, ArgumentError, ArgumentTypeError.

    Args:
        input, weight, offsets: as above; `include_last_offset`: offsets end with the number of rows.
        max_norm, norm_type, scale_grad_by_freq, padding_idx: as `embedding`; rows of padding_idx are not in their bags.
        mode: "sum", "mean" or "max"; an empty bag is zeros.
        per_sample_weights: of the input's shape, factors of the rows; of sums alone.
    """
    checks.ids("embedding_bag", input)
    _table("embedding_bag", weight)
    if mode not in MODES:
        raise ArgumentError("mode has to be one of sum, mean or max", facts=(f"given: {mode!r}",))
    if per_sample_weights is not None and (mode != "sum" or tuple(per_sample_weights.shape) != tuple(input.shape)):
        raise ArgumentError("embedding_bag: per_sample_weights go with mode='sum', and have the shape of the input")
    ids, bags, bag_of = _bags(input, offsets, include_last_offset=include_last_offset)
    rows = embedding(ids, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
    row = _row("embedding_bag", padding_idx, weight)
    taken = full(tuple(ids.shape), 1.0, rows.dtype, like=(rows,)) if row is None else cast(not_equal(ids, row), rows.dtype)
    if mode == "max":
        return _largest(rows, taken, bag_of, bags)
    factors = taken if per_sample_weights is None else mul(taken, reshape(per_sample_weights, (-1,)))
    sums = scatter_add(mul(rows, expand_dims(factors, -1)), bag_of, bags)
    if mode == "sum":
        return sums
    return div(sums, expand_dims(maximum(scatter_add(taken, bag_of, bags), 1.0), -1))


def _bags(input: Tensor, offsets: Tensor | None, *, include_last_offset: bool) -> tuple[Tensor, int, Tensor]:
    """All ids in a row, how many bags there are, and in which each id is.  Raises: ShapeError, ArgumentError, ArgumentTypeError."""
    if input.ndim == 2:
        if offsets is not None:
            raise ArgumentError("if input is 2D, then offsets has to be None: each of its rows is a bag")
        bags, size = input.shape
        places = arange(bags * size, dtypes.int64, like=input)
        return reshape(input, (-1,)), bags, places // max(size, 1)
    if input.ndim != 1:
        raise ShapeError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if not isinstance(offsets, Tensor) or offsets.ndim != 1:
        raise ArgumentTypeError("offsets has to be a 1D Tensor where the input is one")
    bags = offsets.shape[0] - int(include_last_offset)
    starts = cast(offsets[:bags] if include_last_offset else offsets, dtypes.int64)
    places = arange(input.shape[0], dtypes.int64, like=input)
    return input, bags, sub(cast(searchsorted(starts, places, right=True), dtypes.int64), 1)


def _largest(rows: Tensor, taken: Tensor, bag_of: Tensor, bags: int) -> Tensor:
    kept = where(expand_dims(greater(taken, 0.0), -1), rows, -math.inf)
    found = scatter_max(kept, bag_of, bags)
    counts = scatter_add(taken, bag_of, bags)
    return where(expand_dims(equal(counts, 0.0), -1), 0.0, found)


def _table(name: str, weight: Any) -> None:  # noqa: ANN401
    arguments.tensor(name, weight, "weight")
    if len(weight.shape) != 2:
        raise ShapeError(f"{name}: 'weight' must be 2-D", facts=(f"weight {tuple(weight.shape)}",))


def _row(name: str, padding_idx: int | None, weight: Tensor) -> int | None:
    if padding_idx is None:
        return None
    row = arguments.whole(name, "padding_idx", padding_idx)
    if not -weight.shape[0] <= row < weight.shape[0]:
        raise ArgumentError("Padding_idx must be within num_embeddings", facts=(f"{row}, {weight.shape[0]}",))
    return row % weight.shape[0]


def _counts(input: Tensor, weight: Tensor) -> Tensor:
    """How often each row is chosen.  Shape: (symbols,)."""
    ids = reshape(input, (-1,))
    return scatter_add(full(tuple(ids.shape), 1.0, weight.dtype, like=(weight,)), ids, weight.shape[0])


def _shorten(input: Tensor, weight: Tensor, most: float, order: float) -> None:
    """Rows that are chosen and longer than `most` are scaled, in place."""
    with no_grad():
        lengths = norm(weight, -1, order=float(order), keepdims=True)
        long = logical_and(greater(lengths, float(most)), expand_dims(greater(_counts(input, weight), 0.0), -1))
        weight.assign(where(long, mul(weight, div(float(most), add(lengths, 1e-7))), weight))
